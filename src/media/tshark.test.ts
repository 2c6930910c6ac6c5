import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { requireProgram } from '../testing/programs.js';
import { udpDatagram } from '../wire/ip/index.js';
import { LINKTYPE_RAW, serializePcapng } from '../wire/pcapng/index.js';
import { type RtpPacket, serializeRtp } from '../wire/rtp/index.js';
import type { RtpMap } from '../wire/sdp/index.js';
import { AudioSource, type FrameSource, VideoSource } from './frame-source.js';
import { MediaSender } from './media-sender.js';

const tshark = requireProgram('tshark');
const PORT = 5004;

const map = (encoding: string, clockRate: number, fmtp = ''): RtpMap => ({
  payloadType: 96,
  encoding,
  clockRate,
  fmtp,
});

/** So many frames of a source as packets. */
function packetsOf(format: RtpMap, source: FrameSource, frames: number, ptimeMs = 20): RtpPacket[] {
  const sender = new MediaSender({ formats: [format], ssrc: 1, sequenceNumber: 1, timestamp: 0, ptimeMs });
  return [...Array.from({ length: frames }, () => sender.send(source.next())).flat(), ...sender.flush()];
}

const voice = () => new AudioSource({ stream: 7, pitchHz: 440 });

describe.skipIf(tshark === undefined)('tshark agrees', () => {
  let directory = '';
  beforeAll(() => {
    directory = mkdtempSync(join(tmpdir(), 'imslab-media-'));
  });
  afterAll(() => rmSync(directory, { recursive: true }));

  /** One row a packet, one column a field, which the dissector may give several times. */
  function dissect(packets: readonly RtpPacket[], as: string, names: readonly string[], ...more: string[]) {
    const file = join(directory, 'media.pcapng');
    const end = { ip: '192.0.2.1', port: PORT };
    const data = packets.map((packet) => udpDatagram({ src: end, dst: end, payload: serializeRtp(packet) }));
    const blocks = data.map(
      (one, i) => ({ type: 'packet', interfaceId: 0, timestampUs: 20_000 * i, data: one }) as const,
    );
    writeFileSync(
      file,
      serializePcapng([{ type: 'section' }, { type: 'interface', linkType: LINKTYPE_RAW }, ...blocks]),
    );
    const wanted = [...names, '_ws.malformed', '_ws.expert.message'].flatMap((name) => ['-e', name]);
    const decode = ['-d', `udp.port==${PORT},rtp`, '-d', `rtp.pt==96,${as}`, ...more];
    const out = execFileSync(
      tshark as string,
      ['-r', file, ...decode, '-T', 'fields', '-E', 'separator=|', ...wanted],
      { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] },
    );
    return out.split('\n').slice(0, -1);
  }

  it.each([
    ['amr', 'nb', 8, map('AMR', 8000, 'mode-set=4'), 'RFC 3267 BW-efficient'],
    ['amr', 'nb', 8, map('AMR', 8000, 'mode-set=4;octet-align=1'), 'RFC 3267 octet aligned'],
    ['amr_wb', 'wb', 9, map('AMR-WB', 16_000, 'mode-set=4'), 'RFC 3267 BW-efficient'],
    ['amr_wb', 'wb', 9, map('AMR-WB', 16_000, 'mode-set=4;octet-align=1'), 'RFC 3267 octet aligned'],
  ] as const)('with %s, %s: requests, ToC entries and padding', (as, band, sid, format, version) => {
    const silent = voice();
    silent.hush();
    const packets = [
      ...packetsOf(format, voice(), 1),
      ...packetsOf(format, voice(), 3, 60),
      ...packetsOf(format, silent, 1),
    ];
    const names = [`amr.${band}.cmr`, 'amr.toc.f', `amr.${band}.toc.ft`, 'amr.toc.q'];
    const mode = band === 'nb' ? 'Narrowband AMR' : 'Wideband AMR';
    const options = ['-o', `amr.encoding.version:${version}`, '-o', `amr.mode:${mode}`];
    expect(dissect(packets, as, names, ...options)).toEqual([
      '15|0|4|1||',
      '15|1,1,0|4,4,4|1,1,1||',
      `15|0|${sid}|1||`,
    ]);
  });

  it('with EVS: sizes of the compact format, ToC of the header-full one', () => {
    const evs = (fmtp: string, frames = 1) =>
      packetsOf(map('EVS', 16_000, fmtp), voice(), frames, 20 * frames);
    const packets = [...evs('br=13.2'), ...evs('br=24.4'), ...evs('evs-mode-switch=1'), ...evs('br=24.4', 3)];
    const names = ['evs.packet_length', 'evs.bw', 'evs.h_bit', 'evs.f_bit', 'evs.bit_rate_mode_0'];
    expect(dissect(packets, 'evs', names)).toEqual([
      '264||||||',
      '488|1|||||',
      '256||||||',
      '||0,0,0|1,1,0|6,6,6||',
    ]);
    const full = [...evs('hf-only=1'), ...evs('hf-only=1;evs-mode-switch=1')];
    const modes = ['evs.h_bit', 'evs.bit_rate_mode_0', 'evs.amr_wb_q_bit', 'evs.bit_rate_mode_1'];
    expect(dissect(full, 'evs', modes, '-o', 'evs.hf_only:TRUE')).toEqual(['0|4||||', '0||1|2||']);
  });

  it('with Opus: one, two and three frames in a packet', () => {
    const opus = map('opus', 48_000);
    const packets = [1, 2, 3].flatMap((frames) => packetsOf(opus, voice(), frames, 20 * frames));
    const names = ['opus.TOC.config', 'opus.TOC.s', 'opus.TOC.c', 'opus.FC.m'];
    expect(dissect(packets, 'opus', names)).toEqual(['15|0|0|||', '15|0|1|||', '15|0|3|3||']);
  });

  it('with VP8: descriptors, frame tags and dimensions', () => {
    const packets = packetsOf(map('VP8', 90_000), new VideoSource({ stream: 1 }), 2);
    const names = [
      'vp8.pld.s',
      'vp8.pld.pictureid',
      'vp8.hdr.frametype',
      'vp8.keyframe.width',
      'vp8.keyframe.height',
    ];
    // it says of every packet that it does not decode the picture
    const rows = dissect(packets, 'vp8', names).map((row) => row.replace(/,?Payload not fully decoded$/, ''));
    expect(rows).toEqual([
      '1|0|0|320|240||First partition is split with 1186 bytes in this packet and 609 bytes in subsequent frames',
      '0|0|||||Continuation of partition fragment (1196 bytes)',
      '0|0|||||Continuation of partition fragment (1196 bytes)',
      '0|0|||||Continuation of partition fragment (12 bytes)',
      '1|1|1||||This frame contains all of first partition (448 bytes) and also 897 bytes from other partitions',
    ]);
  });

  it('with H.264: parameter sets to their last bit, slices and their fragments', () => {
    const names = [
      ...['h264.nal_unit_hdr', 'h264.start.bit', 'h264.end.bit', 'h264.profile_idc'],
      ...['h264.pic_width_in_mbs_minus1', 'h264.pic_height_in_map_units_minus1'],
      ...['h264.slice_type', 'h264.first_mb_in_slice'],
    ];
    // of what follows the slice header it says that it does not decode it
    const rows = (fmtp: string) =>
      dissect(packetsOf(map('H264', 90_000, fmtp), new VideoSource({ stream: 1 }), 2), 'h264', names).map(
        (row) => row.replace(/\|(\[Not decoded yet\])?$/, ''),
      );
    expect(rows('packetization-mode=1;profile-level-id=42e01f')).toEqual([
      '24,7,8|||66|19|14|||',
      '28|1|0||||7|0|',
      '28|0|0||||||',
      '28|0|0||||||',
      '28|0|1||||||',
      '1||||||5|0|',
    ]);
    expect(rows('profile-level-id=64001f')).toEqual([
      '7|||100|19|14|||',
      '8||||||||',
      '5||||||7|0|',
      '5||||||7|100|',
      '5||||||7|200|',
      '1||||||5|0|',
    ]);
  });
});
