import { describe, expect, it } from 'vitest';
import { AudioSource, MediaObserver, MediaSender } from '../../src/media/index.js';
import { parseRtcp, type SenderReport, serializeRtcp } from '../../src/wire/rtcp/index.js';
import { parseRtp, serializeRtp } from '../../src/wire/rtp/index.js';
import { type RtpMap, serializeRtpMap } from '../../src/wire/sdp/index.js';
import {
  AGW_CORE,
  accessLocal,
  codeOf,
  command,
  coreLocal,
  coreRemote,
  GatewayBed,
  localOf,
  WebPeer,
} from './testbed.js';

const OPUS: RtpMap = { payloadType: 111, encoding: 'opus', clockRate: 48_000, channels: 2 };
const AMR_WB: RtpMap = { payloadType: 97, encoding: 'AMR-WB', clockRate: 16_000 };
const AMR: RtpMap = { payloadType: 98, encoding: 'AMR', clockRate: 8000 };
const PCMU: RtpMap = { payloadType: 0, encoding: 'PCMU', clockRate: 8000 };
const PCMA: RtpMap = { payloadType: 8, encoding: 'PCMA', clockRate: 8000 };
const EVENTS_48: RtpMap = { payloadType: 110, encoding: 'telephone-event', clockRate: 48_000 };
const EVENTS_8: RtpMap = { payloadType: 101, encoding: 'telephone-event', clockRate: 8000 };
const OPUS_OTHER: RtpMap = { ...OPUS, payloadType: 96 };

const lines = (maps: readonly RtpMap[]): string[] => maps.map((map) => `a=rtpmap:${serializeRtpMap(map)}`);
const formats = (maps: readonly RtpMap[]): string => maps.map(({ payloadType }) => payloadType).join(' ');

/** A call in which the browser talks in some formats and the core in others. */
function call(web: readonly RtpMap[], core: readonly RtpMap[]) {
  const bed = new GatewayBed();
  const atUe = new MediaObserver(core);
  const atWeb = new MediaObserver(web);
  const packetsAtUe: Uint8Array[] = [];
  const rtcpAtUe: Uint8Array[] = [];
  const ue = bed.ue.udp('core', 41_000, (data) => {
    packetsAtUe.push(data);
    const read = parseRtp(data);
    if (read.ok) atUe.receive(read.value, bed.kernel.now);
  });
  const ueRtcp = bed.ue.udp('core', 41_001, (data) => rtcpAtUe.push(data));
  const peer = new WebPeer(bed.wic, {
    formats: formats(web),
    lines: lines(web),
    onRtp: (packet) => {
      const read = parseRtp(packet);
      if (read.ok) atWeb.receive(read.value, bed.kernel.now);
    },
  });
  const reply = bed.ask(
    '$',
    command('Add', 'ip/access/$', {
      local: accessLocal({ formats: formats(web), lines: lines(web) }),
      remote: peer.describe(),
      mode: 'SendReceive',
    }),
    command('Add', 'ip/core/$', {
      local: coreLocal(formats(core), lines(core)),
      remote: coreRemote(formats(core), lines(core)),
      mode: 'SendReceive',
    }),
  );
  expect(codeOf(reply)).toBeUndefined();
  peer.meet(localOf(reply, 0));
  bed.pause(1000);
  expect(peer.ready).toBe(true);
  const toCore = { ip: AGW_CORE, port: localOf(reply, 1).media.port };
  return { bed, peer, ue, ueRtcp, atUe, atWeb, packetsAtUe, rtcpAtUe, toCore };
}

/** A voice that talks in a format, frame by frame. */
function voice(maps: readonly RtpMap[], stream: number, ssrc: number) {
  const source = new AudioSource({ stream, pitchHz: 440 });
  const sender = new MediaSender({ formats: maps, ssrc, sequenceNumber: 65_500, timestamp: 0xffff_0000 });
  return {
    source,
    sender,
    next: (): Uint8Array[] => sender.send(source.next()).map((packet) => serializeRtp(packet)),
  };
}

type Call = ReturnType<typeof call>;

/** Both talk for a while, and what is on the way arrives. */
function talk(
  { bed, peer, ue, toCore }: Call,
  up: ReturnType<typeof voice>,
  down: ReturnType<typeof voice>,
  frames: number,
): void {
  for (let i = 0; i < frames; i++) {
    bed.kernel.schedule(i * 20_000, 'wic', () => {
      for (const packet of up.next()) peer.transport.sendRtp(packet);
      for (const packet of down.next()) ue.send(packet, toCore);
    });
  }
  bed.pause(frames * 20 + 200);
}

describe('a codec change in the gateway keeps every frame and its identity, in order, both ways', () => {
  it.each([
    ['Opus and AMR-WB', OPUS, AMR_WB],
    ['Opus and G.711', OPUS, PCMA],
    ['Opus and AMR', OPUS, AMR],
    ['one law of G.711 and the other', PCMU, PCMA],
  ])('%s', (_name, web, core) => {
    const made = call([web], [core]);
    talk(made, voice([web], 7, 0x7777), voice([core], 9, 0x9999), 100);
    for (const [observer, stream, map] of [
      [made.atUe, 7, core],
      [made.atWeb, 9, web],
    ] as const) {
      const heard = observer.report();
      expect(heard).toMatchObject({ lost: 0, late: 0, foreign: 0, malformed: 0, unrecognised: 0 });
      expect(heard.encodings).toEqual({ [map.encoding]: 100 });
      expect(heard.sources[0]).toMatchObject({ stream, frames: 100, missing: 0, outOfOrder: 0 });
      expect(heard.sources[0]?.runs).toEqual([expect.objectContaining({ from: 0, to: 99 })]);
    }
    const ssrc = made.packetsAtUe.map((bytes) => new DataView(bytes.buffer, bytes.byteOffset).getUint32(8));
    expect(new Set(ssrc), 'the source stays').toEqual(new Set([0x7777]));
    const { realised } = made.bed;
    expect(realised.has('24371-5.6-08')).toBe(true);
    expect(realised.has('24371-5.6-10')).toBe(web.encoding === 'opus');
  });
});

describe('beside speech', () => {
  it('digits go over with their times in the other clock (RFC 4733)', () => {
    const made = call([OPUS, EVENTS_48], [AMR_WB, EVENTS_8]);
    const up = voice([OPUS, EVENTS_48], 7, 1);
    const down = voice([AMR_WB, EVENTS_8], 9, 2);
    up.source.press('42');
    down.source.press('7');
    talk(made, up, down, 60);
    const atUe = made.atUe.report();
    expect(atUe.digits).toBe('42');
    expect(made.atWeb.report().digits).toBe('7');
    expect(atUe.events.every(({ ended, durationMs }) => ended && durationMs >= 100)).toBe(true);
  });

  it('sender reports tell the time of the stream as it goes out, and jitter its units', () => {
    const made = call([OPUS], [PCMA]);
    const up = voice([OPUS], 7, 0x7777);
    talk(made, up, voice([PCMA], 9, 0x9999), 50);
    const block = {
      ssrc: 0x9999,
      fractionLost: 0,
      cumulativeLost: 0,
      highestSequence: 65_549,
      jitter: 480,
      lastSr: 0,
      delaySinceLastSr: 0,
    };
    made.peer.transport.sendRtcp(
      serializeRtcp([
        {
          type: 'SR',
          ssrc: 0x7777,
          ntpSeconds: 1,
          ntpFraction: 0,
          rtpTimestamp: up.sender.timestampOf(1000),
          packetCount: up.sender.packets,
          octetCount: up.sender.octets,
          reports: [block],
        },
      ]),
    );
    made.bed.pause(100);
    const read = parseRtcp(made.rtcpAtUe[0] as Uint8Array);
    const report = (read.ok ? read.value[0] : undefined) as SenderReport;
    const last = parseRtp(made.packetsAtUe.at(-1) as Uint8Array);
    if (!last.ok) throw new Error('no RTP');
    // the last of 50 packets of 20 ms began at 980 ms
    expect((report.rtpTimestamp - last.value.timestamp) >>> 0).toBe(160);
    expect(report).toMatchObject({ packetCount: 50, octetCount: 50 * 160 });
    // 10 ms at 48 kHz were said of a stream whose sender counts in 8 kHz
    expect(report.reports[0]?.jitter).toBe(80);
  });
});

describe('without a codec change', () => {
  it('the same codec under other payload types is relabelled, and nothing else of it', () => {
    const made = call([OPUS], [OPUS_OTHER]);
    talk(made, voice([OPUS], 7, 1), voice([OPUS_OTHER], 9, 2), 20);
    expect(made.atUe.report()).toMatchObject({ frames: 20, foreign: 0 });
    expect(made.atWeb.report()).toMatchObject({ frames: 20, foreign: 0 });
    expect(made.bed.realised.has('24371-5.6-08')).toBe(false);
  });

  it('bytes stay as they are', () => {
    const made = call([PCMU, EVENTS_8], [PCMU, EVENTS_8]);
    const up = voice([PCMU], 7, 1);
    const sent = Array.from({ length: 10 }, () => up.next()).flat();
    for (const packet of sent) made.peer.transport.sendRtp(packet);
    made.bed.pause(100);
    expect(made.packetsAtUe).toEqual(sent);
  });
});

describe('what cannot be translated', () => {
  it('is dropped and counted, and the stream goes on', () => {
    const made = call([OPUS], [AMR_WB]);
    const up = voice([OPUS], 7, 1);
    const first = up.next()[0] as Uint8Array;
    made.peer.transport.sendRtp(first);
    const foreign = (up.next()[0] as Uint8Array).slice();
    foreign[1] = 77;
    made.peer.transport.sendRtp(foreign);
    const truncated = (up.next()[0] as Uint8Array).slice(0, 12);
    made.peer.transport.sendRtp(truncated);
    made.peer.transport.sendRtp(up.next()[0] as Uint8Array);
    made.bed.pause(100);
    expect(made.atUe.report()).toMatchObject({ frames: 2, malformed: 0 });
  });
});
