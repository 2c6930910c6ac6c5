import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { RtcpPacketConverter, RtcpRrPacket, RtcpSrPacket } from 'werift';
import { requireProgram } from '../../testing/index.js';
import { udpDatagram } from '../../wire/ip/index.js';
import { LINKTYPE_RAW, serializePcapng } from '../../wire/pcapng/index.js';
import { rtpPacket, Testbed } from './testbed.js';

const tshark = requireProgram('tshark');
const SECOND = 1_000_000;

/** Thirty seconds of one-way speech with 40 losses, and its RTCP, 50 ms each way. */
function call(): Testbed {
  const bed = new Testbed();
  bed.stream(1, 1500, new Set(Array.from({ length: 40 }, (_, i) => 7 + 30 * i)));
  bed.run(30 * SECOND);
  return bed;
}

it('werift reads every report, with the numbers that were meant', () => {
  const bed = call();
  expect(bed.sent.length).toBeGreaterThan(8);
  for (const { bytes, packets } of bed.sent) {
    const read = RtcpPacketConverter.deSerialize(Buffer.from(bytes));
    expect(read.length).toBe(packets.length);
    const [report] = packets;
    if (report?.type !== 'SR' && report?.type !== 'RR') throw new Error('no report');
    expect(read[0]).toBeInstanceOf(report.type === 'SR' ? RtcpSrPacket : RtcpRrPacket);
    const theirs = (read[0] as RtcpRrPacket).reports.map((block) => [
      ...[block.ssrc, block.fractionLost, block.packetsLost, block.highestSequence],
      ...[block.jitter, block.lsr, block.dlsr],
    ]);
    const ours = report.reports.map((block) => [
      ...[block.ssrc, block.fractionLost, block.cumulativeLost, block.highestSequence],
      ...[block.jitter, block.lastSr, block.delaySinceLastSr],
    ]);
    expect(theirs).toEqual(ours);
  }
});

it.skipIf(tshark === undefined)('tshark dissects a call, finds nothing wrong and the same round trip', () => {
  const bed = call();
  const left = { ip: '10.0.0.1', port: 40_000 };
  const right = { ip: '10.0.0.2', port: 40_000 };
  const control = <T extends { port: number }>(end: T): T => ({ ...end, port: end.port + 1 });
  // what passes the left end: its own packets as they leave, the others 50 ms after they were sent
  const media = Array.from({ length: 1500 }, (_, i) => ({
    timestampUs: 20_000 * i,
    data: udpDatagram({ src: left, dst: right, payload: rtpPacket(1, 1 + i) }),
  }));
  const reports = bed.sent.map(({ us, from, bytes }) => {
    const ends = from === 'left' ? { src: left, dst: right } : { src: right, dst: left };
    return {
      timestampUs: from === 'left' ? us : us + 50_000,
      data: udpDatagram({ src: control(ends.src), dst: control(ends.dst), payload: bytes }),
    };
  });
  const packets = [...media, ...reports].sort((a, b) => a.timestampUs - b.timestampUs);
  const folder = mkdtempSync(join(tmpdir(), 'imslab-'));
  try {
    const capture = serializePcapng([
      { type: 'section' },
      { type: 'interface', linkType: LINKTYPE_RAW },
      ...packets.map((packet) => ({ type: 'packet', interfaceId: 0, ...packet }) as const),
    ]);
    writeFileSync(join(folder, 'pcapng'), capture);
    const fields = [
      'rtcp.pt',
      'rtcp.length_check',
      'rtcp.roundtrip-delay',
      '_ws.malformed',
      '_ws.expert.severity',
    ];
    const output = execFileSync(
      tshark as string,
      [
        ...['-r', 'pcapng', '-d', 'udp.port==40001,rtcp', '-d', 'udp.port==40000,rtp', '-Y', 'rtcp'],
        ...['-o', 'rtcp.show_roundtrip_calculation:TRUE', '-T', 'fields'],
        ...fields.flatMap((field) => ['-e', field]),
      ],
      { cwd: folder, encoding: 'utf8', stdio: 'pipe' },
    );
    const rows = output.split('\n').slice(0, -1);
    expect(rows.length).toBe(bed.sent.length);
    const roundTrips: number[] = [];
    for (const row of rows) {
      const [types, check, roundTrip = '', malformed, severity] = row.split('\t');
      expect([types?.endsWith(',202'), check, malformed]).toEqual([true, '1', '']);
      // the round trip itself is reported as a note
      if (roundTrip === '') expect(severity).toBe('');
      else roundTrips.push(Number(roundTrip));
    }
    expect(roundTrips.length).toBeGreaterThan(2);
    for (const roundTrip of roundTrips) expect(Math.abs(roundTrip - 100)).toBeLessThanOrEqual(1);
  } finally {
    rmSync(folder, { recursive: true });
  }
});
