import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it, test } from 'vitest';
import {
  GenericNack,
  PictureLossIndication,
  ReceiverEstimatedMaxBitrate,
  RtcpPacketConverter,
  RtcpPayloadSpecificFeedback,
  RtcpReceiverInfo,
  RtcpRrPacket,
  RtcpSenderInfo,
  RtcpSourceDescriptionPacket,
  RtcpSrPacket,
  RtcpTransportLayerFeedback,
} from 'werift';
import { requireProgram } from '../../testing/index.js';
import { rtcpPackets } from './fixtures/packets.js';
import { cnameOf, lostPackets, parseRtcp, type RtcpPacket, serializeRtcp } from './index.js';

const tshark = requireProgram('tshark');
const text2pcap = requireProgram('text2pcap');

const known = new Set(['SR', 'RR', 'SDES', 'NACK', 'PLI', 'FIR', 'PSFB']);
const knownToWerift = rtcpPackets.filter(({ type }) => known.has(type));

describe('werift', () => {
  it('reads our packets as they were meant', () => {
    const read = knownToWerift.map((packet) => {
      const [one] = RtcpPacketConverter.deSerialize(Buffer.from(serializeRtcp([packet])));
      return one;
    });
    const [sr, rr, sdes, nack, pli, fir, remb] = read;
    expect((sr as RtcpSrPacket).senderInfo.ntpTimestamp).toBe(0xdd3fb705_20000000n);
    expect((sr as RtcpSrPacket).senderInfo).toMatchObject({
      rtpTimestamp: 4_000_000_000,
      packetCount: 158,
      octetCount: 3_000_000_000,
    });
    expect((sr as RtcpSrPacket).reports[0]).toMatchObject({
      ssrc: 0xbc5e9a40,
      fractionLost: 64,
      highestSequence: 0x12345,
      jitter: 37,
      lsr: 0xb7052000,
      dlsr: 0x54000,
    });
    expect((rr as RtcpRrPacket).reports.map(({ ssrc }) => ssrc)).toEqual([0xbc5e9a40, 7]);
    expect((sdes as RtcpSourceDescriptionPacket).chunks[0]?.items[0]).toMatchObject({
      type: 1,
      text: 'q7Zr+Wu1Oh4vLm2s',
    });
    // it counts on past 65535
    const { lost } = (nack as RtcpTransportLayerFeedback).feedback as GenericNack;
    expect(lost.map((sequence) => sequence & 0xffff)).toEqual([0xfffe, 0xffff, 0]);
    expect((pli as RtcpPayloadSpecificFeedback).feedback).toMatchObject({
      senderSsrc: 0x902f9e2e,
      mediaSsrc: 0xbc5e9a40,
    });
    expect((fir as RtcpPayloadSpecificFeedback).feedback).toMatchObject({
      fir: [{ ssrc: 0xbc5e9a40, sequenceNumber: 200 }],
    });
    expect((remb as RtcpPayloadSpecificFeedback).feedback).toMatchObject({ bitrate: 1_000_000n });
  });

  it('writes packets that we read as they were meant', () => {
    const report = new RtcpReceiverInfo({
      ssrc: 5,
      fractionLost: 3,
      packetsLost: 9,
      highestSequence: 70_000,
      jitter: 11,
      lsr: 12,
      dlsr: 13,
    });
    const senderInfo = new RtcpSenderInfo({
      ntpTimestamp: 0x1_0000_0002n,
      rtpTimestamp: 3,
      packetCount: 4,
      octetCount: 5,
    });
    const sdes = new RtcpSourceDescriptionPacket({ chunks: [] });
    sdes.chunks.push(
      ...RtcpSourceDescriptionPacket.deSerialize(
        Buffer.from(serializeRtcp([rtcpPackets[2] as RtcpPacket]).subarray(4)),
        { count: 1, length: 8 } as never,
      ).chunks,
    );
    const bytes = Buffer.concat([
      new RtcpSrPacket({ ssrc: 1, senderInfo, reports: [report] }).serialize(),
      new RtcpRrPacket({ ssrc: 2, reports: [] }).serialize(),
      sdes.serialize(),
      new RtcpTransportLayerFeedback({
        feedback: new GenericNack({ senderSsrc: 1, mediaSourceSsrc: 5, lost: [65_534, 65_535, 0, 40] }),
      }).serialize(),
      new RtcpPayloadSpecificFeedback({
        feedback: new PictureLossIndication({ senderSsrc: 1, mediaSsrc: 5 }),
      }).serialize(),
      new RtcpPayloadSpecificFeedback({
        feedback: new ReceiverEstimatedMaxBitrate({
          senderSsrc: 1,
          mediaSsrc: 0,
          ssrcNum: 1,
          ssrcFeedbacks: [5],
          brExp: 2,
          brMantissa: 250_000,
        }),
      }).serialize(),
    ]);
    const read = parseRtcp(new Uint8Array(bytes));
    if (!read.ok) throw new Error(`${read.error.what} at ${read.error.offset}`);
    const [sr, rr, , nack, pli, remb] = read.value;
    expect(sr).toEqual({
      type: 'SR',
      ssrc: 1,
      ntpSeconds: 1,
      ntpFraction: 2,
      rtpTimestamp: 3,
      packetCount: 4,
      octetCount: 5,
      reports: [
        {
          ssrc: 5,
          fractionLost: 3,
          cumulativeLost: 9,
          highestSequence: 70_000,
          jitter: 11,
          lastSr: 12,
          delaySinceLastSr: 13,
        },
      ],
    });
    expect(rr).toEqual({ type: 'RR', ssrc: 2, reports: [] });
    expect(cnameOf(read.value, 0x902f9e2e)).toBe('q7Zr+Wu1Oh4vLm2s');
    expect(nack?.type === 'NACK' && lostPackets(nack.pairs)).toEqual([65_534, 65_535, 0, 40]);
    expect(pli).toEqual({ type: 'PLI', senderSsrc: 1, mediaSsrc: 5 });
    const ours = rtcpPackets.find(({ type }) => type === 'PSFB');
    expect(remb?.type === 'PSFB' && remb.fci.slice(0, 8)).toEqual(
      ours?.type === 'PSFB' && ours.fci.slice(0, 8),
    );
  });
});

test.skipIf(tshark === undefined || text2pcap === undefined)(
  'tshark dissects every packet, alone and in a compound, and finds nothing wrong',
  () => {
    const folder = mkdtempSync(join(tmpdir(), 'imslab-'));
    try {
      const datagrams = [...rtcpPackets.map((packet) => [packet]), rtcpPackets];
      const dump = datagrams.map((packets) => {
        const digits = [...serializeRtcp(packets)].map((byte) => byte.toString(16).padStart(2, '0'));
        return `000000 ${digits.join(' ')}\n`;
      });
      writeFileSync(join(folder, 'dump'), dump.join('\n'));
      const options = { cwd: folder, encoding: 'utf8', stdio: 'pipe' } as const;
      execFileSync(text2pcap as string, ['-q', '-u', '40001,40003', 'dump', 'pcap'], options);
      const fields = [
        'rtcp.pt',
        'rtcp.length_check',
        'rtcp.rtpfb.nack_pid',
        'rtcp.psfb.remb.fci.br_mantissa',
      ];
      const all = [...fields, '_ws.expert.message', '_ws.malformed'].flatMap((field) => ['-e', field]);
      const output = execFileSync(
        tshark as string,
        ['-r', 'pcap', '-d', 'udp.port==40001,rtcp', '-T', 'fields', ...all],
        options,
      );
      const rows = output.split('\n').slice(0, -1);
      const types = ['200', '201', '202', '205', '206', '206', '206', '204', '203'];
      expect(rows.map((row) => row.split('\t')[0])).toEqual([...types, types.join()]);
      for (const row of rows) {
        const [, lengthCheck, , , expert, malformed] = row.split('\t');
        expect([lengthCheck, expert, malformed]).toEqual(['1', '', '']);
      }
      // it counts on past 65535
      expect(rows[3]?.split('\t')[2]).toBe('65534,65535,65536');
      expect(rows[6]?.split('\t')[3]).toBe('250000');
    } finally {
      rmSync(folder, { recursive: true });
    }
  },
);
