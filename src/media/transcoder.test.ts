import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parseRtp, type RtpPacket, serializeRtp } from '../wire/rtp/index.js';
import type { RtpMap } from '../wire/sdp/index.js';
import { describeMedia } from './describe-media.js';
import { AudioSource } from './frame-source.js';
import { MediaObserver } from './media-observer.js';
import { MediaSender } from './media-sender.js';
import { Transcoder } from './transcoder.js';

const OPUS: RtpMap = {
  payloadType: 111,
  encoding: 'opus',
  clockRate: 48_000,
  channels: 2,
  fmtp: 'minptime=10;useinbandfec=1',
};
const OPUS_DTX: RtpMap = { ...OPUS, fmtp: 'usedtx=1' };
const AMR_WB: RtpMap = { payloadType: 97, encoding: 'AMR-WB', clockRate: 16_000 };
const AMR_WB_ALIGNED: RtpMap = { ...AMR_WB, fmtp: 'octet-align=1; mode-set=0,1,2' };
const AMR: RtpMap = { payloadType: 98, encoding: 'AMR', clockRate: 8000, fmtp: 'mode-set=0,2,4,7' };
const EVS: RtpMap = { payloadType: 99, encoding: 'EVS', clockRate: 16_000, fmtp: 'br=13.2-24.4;bw=swb' };
const EVS_FULL: RtpMap = { ...EVS, fmtp: 'hf-only=1' };
const EVS_IO: RtpMap = { ...EVS, fmtp: 'evs-mode-switch=1' };
const PCMU: RtpMap = { payloadType: 0, encoding: 'PCMU', clockRate: 8000 };
const PCMA: RtpMap = { payloadType: 8, encoding: 'PCMA', clockRate: 8000 };
const CN: RtpMap = { payloadType: 13, encoding: 'CN', clockRate: 8000 };
const EVENT_48: RtpMap = { payloadType: 110, encoding: 'telephone-event', clockRate: 48_000, fmtp: '0-15' };
const EVENT_16: RtpMap = { payloadType: 100, encoding: 'telephone-event', clockRate: 16_000, fmtp: '0-15' };
const EVENT_8: RtpMap = { payloadType: 101, encoding: 'telephone-event', clockRate: 8000, fmtp: '0-15' };

const FORMATS = { OPUS, OPUS_DTX, AMR_WB, AMR_WB_ALIGNED, AMR, EVS, EVS_FULL, EVS_IO, PCMU, PCMA };

const START = { ssrc: 0x1234_5678, sequenceNumber: 65_530, timestamp: 0xffff_fe00 };

/** Packets of so many frames of a speaker, through bytes as a wire would have them. */
function speak(
  formats: readonly RtpMap[],
  frames: number,
  ptimeMs = 20,
  act?: (source: AudioSource, i: number) => void,
) {
  const source = new AudioSource({ stream: 7, pitchHz: 440 });
  const sender = new MediaSender({ formats, ptimeMs, ...START });
  const packets: RtpPacket[] = [];
  for (let i = 0; i < frames; i++) {
    act?.(source, i);
    packets.push(...sender.send(source.next()));
  }
  packets.push(...sender.flush());
  return packets.map(overTheWire);
}

function overTheWire(packet: RtpPacket): RtpPacket {
  const read = parseRtp(serializeRtp(packet));
  if (!read.ok) throw new Error(read.error.what);
  return read.value;
}

function hear(formats: readonly RtpMap[], packets: readonly RtpPacket[]) {
  const observer = new MediaObserver(formats);
  for (const [i, packet] of packets.entries()) observer.receive(packet, i * 20_000);
  return observer.report();
}

const through = (transcoder: Transcoder, packets: readonly RtpPacket[]): RtpPacket[] =>
  packets.flatMap((packet) => transcoder.transcode(packet)).map(overTheWire);

const clean = { missing: 0, repeated: 0, outOfOrder: 0, stream: 7, pitchHz: 440 };

describe('a transcoder', () => {
  it.each(Object.keys(FORMATS) as (keyof typeof FORMATS)[])(
    'keeps every identity in order from Opus to %s and back, with contiguous sequence numbers and timestamps',
    (name) => {
      const middle = FORMATS[name];
      const sent = speak([OPUS], 200);
      const there = through(new Transcoder({ from: [OPUS], to: [middle] }), sent);
      const back = through(new Transcoder({ from: [middle], to: [OPUS] }), there);
      for (const [formats, packets] of [
        [[middle], there],
        [[OPUS], back],
      ] as const) {
        const report = hear(formats, packets);
        expect(report).toMatchObject({ packets: 200, frames: 200, lost: 0, unrecognised: 0, malformed: 0 });
        expect(report.sources).toMatchObject([{ ...clean, runs: [{ from: 0, to: 199 }] }]);
        const step = (formats[0].clockRate * 20) / 1000;
        for (const [i, packet] of packets.entries()) {
          expect(packet.sequenceNumber).toBe((65_530 + i) & 0xffff);
          expect(packet.timestamp).toBe((0xffff_fe00 + i * step) >>> 0);
          expect(packet.ssrc).toBe(START.ssrc);
          expect(packet.marker).toBe(i === 0);
        }
      }
      if (name === 'PCMU') expect(there[0]?.payload).toHaveLength(160);
    },
  );

  it('leads from every speech codec to every other', () => {
    for (const from of Object.values(FORMATS)) {
      for (const to of Object.values(FORMATS)) {
        const report = hear([to], through(new Transcoder({ from: [from], to: [to] }), speak([from], 20)));
        expect(report.sources).toMatchObject([{ ...clean, frames: 20, runs: [{ from: 0, to: 19 }] }]);
      }
    }
  });

  it('shows a loss at its source as a hole at the sink, in sequence numbers and in frames', () => {
    const sent = speak([OPUS], 50);
    const lossy = sent.filter((_, i) => i !== 10 && i !== 11 && i !== 30);
    const there = through(new Transcoder({ from: [OPUS], to: [AMR_WB] }), lossy);
    const report = hear([AMR_WB], there);
    expect(report).toMatchObject({ packets: 47, lost: 3, frames: 47 });
    expect(report.sources[0]).toMatchObject({ missing: 3 });
    expect(report.sources[0]?.runs).toMatchObject([
      { from: 0, to: 9 },
      { from: 12, to: 29 },
      { from: 31, to: 49 },
    ]);
    expect(describeMedia(report)).toBe(
      'stream 7 at 440 Hz: frames 0 to 9, 12 to 29, 31 to 49 (3 missing); 3 packets lost',
    );
  });

  it('gives a late packet its place, and drops duplicates', () => {
    const sent = speak([OPUS], 10);
    const mixed = [0, 1, 4, 2, 3, 3, 5, 6, 7, 9, 8].map((i) => sent[i] as RtpPacket);
    const transcoder = new Transcoder({ from: [OPUS], to: [PCMA] });
    const there = through(transcoder, mixed);
    expect(transcoder.duplicates).toBe(1);
    expect(there.map(({ sequenceNumber }) => (sequenceNumber - 65_530) & 0xffff)).toEqual([
      0, 1, 4, 2, 3, 5, 6, 7, 9, 8,
    ]);
    const ordered = [...there].sort((a, b) => (a.timestamp - b.timestamp) | 0);
    expect(hear([PCMA], ordered)).toMatchObject({
      lost: 0,
      sources: [{ ...clean, runs: [{ from: 0, to: 9 }] }],
    });
    expect(hear([PCMA], there)).toMatchObject({ lost: 0, late: 3, sources: [{ frames: 10, outOfOrder: 3 }] });
  });

  it('changes the duration of packets both ways, and leaves holes of as much time', () => {
    for (const [inMs, outMs] of [
      [20, 40],
      [20, 60],
      [40, 20],
      [60, 20],
      [40, 60],
    ] as const) {
      const sent = speak([OPUS], 120, inMs);
      expect(sent).toHaveLength(2400 / inMs);
      const there = through(new Transcoder({ from: [OPUS], to: [AMR_WB], ptimeMs: outMs }), sent);
      expect(there).toHaveLength(2400 / outMs);
      const report = hear([AMR_WB], there);
      expect(report).toMatchObject({ lost: 0, sources: [{ ...clean, runs: [{ from: 0, to: 119 }] }] });
      for (const [i, { timestamp }] of there.entries()) {
        expect(timestamp).toBe((0xffff_fe00 + i * outMs * 16) >>> 0);
      }
    }
    // six packets of 20 ms lost are two of 60 ms
    const lossy = speak([OPUS], 120).filter((_, i) => i < 60 || i >= 66);
    const holed = through(new Transcoder({ from: [OPUS], to: [EVS], ptimeMs: 60 }), lossy);
    expect(hear([EVS], holed)).toMatchObject({ lost: 2, sources: [{ missing: 6, frames: 114 }] });
    // and one of 40 ms is two of 20 ms
    const oneLost = speak([OPUS], 120, 40).filter((_, i) => i !== 30);
    const twice = through(new Transcoder({ from: [OPUS], to: [EVS] }), oneLost);
    expect(hear([EVS], twice)).toMatchObject({ lost: 2, sources: [{ missing: 2, frames: 118 }] });
  });

  it.each([
    ['48000 to 8000', [OPUS, EVENT_48], [PCMU, EVENT_8], EVENT_8],
    ['8000 to 48000', [PCMA, EVENT_8], [OPUS, EVENT_48], EVENT_48],
    ['48000 to 16000', [OPUS, EVENT_48], [AMR_WB, EVENT_16], EVENT_16],
    ['8000 beside Opus to 16000', [OPUS, EVENT_8], [EVS, EVENT_16], EVENT_16],
  ] as const)('takes digits from a clock of %s', (_, from, to, event) => {
    const sent = speak(from, 100, 20, (source, i) => i === 10 && source.press('12*#', 100));
    const there = through(new Transcoder({ from, to }), sent);
    const report = hear(to, there);
    expect(report).toMatchObject({ digits: '12*#', lost: 0, silences: [] });
    expect(report.events).toMatchObject(Array(4).fill({ durationMs: 100, ended: true }));
    const events = there.filter(({ payloadType }) => payloadType === event.payloadType);
    // 20, 40, 60 and 80 ms, and the end three times
    expect(events.map(({ marker }) => marker)).toEqual(
      Array(4).fill([true, false, false, false, false, false, false]).flat(),
    );
    const durations = events
      .slice(0, 7)
      .map(({ payload }) => new DataView(payload.buffer, payload.byteOffset).getUint16(2));
    const tick = event.clockRate / 1000;
    expect(durations).toEqual([20, 40, 60, 80, 100, 100, 100].map((ms) => ms * tick));
    expect(new Set(events.slice(0, 7).map(({ timestamp }) => timestamp)).size).toBe(1);
    // frames are not used up by digits
    expect(report.sources).toMatchObject([{ ...clean, runs: [{ from: 0, to: 71 }] }]);
  });

  it('takes digits longer than the duration field of the faster clock', () => {
    const act = (source: AudioSource, i: number) => i === 0 && source.press('5', 3000);
    const sent = speak([OPUS, EVENT_48], 160, 20, act);
    // 65535 units of 48 kHz are 1365 ms
    expect(new Set(sent.filter((p) => p.payloadType === 110).map((p) => p.timestamp)).size).toBe(3);
    expect(sent.filter(({ payloadType, marker }) => payloadType === 110 && marker)).toHaveLength(1);
    const there = through(new Transcoder({ from: [OPUS, EVENT_48], to: [PCMU, EVENT_8] }), sent);
    const events = there.filter(({ payloadType }) => payloadType === 101);
    expect(new Set(events.map(({ timestamp }) => timestamp)).size).toBe(1);
    expect(hear([PCMU, EVENT_8], there)).toMatchObject({
      digits: '5',
      events: [{ durationMs: 3000, ended: true }],
    });
    const back = through(new Transcoder({ from: [PCMU, EVENT_8], to: [OPUS, EVENT_48] }), there);
    expect(hear([OPUS, EVENT_48], back)).toMatchObject({ digits: '5', events: [{ durationMs: 3000 }] });
  });

  it('counts digits for which the other side has no format', () => {
    const transcoder = new Transcoder({ from: [OPUS, EVENT_48], to: [PCMU] });
    through(
      transcoder,
      speak([OPUS, EVENT_48], 30, 20, (source, i) => i === 5 && source.press('1')),
    );
    expect(transcoder.undelivered).toBe(7);
  });

  it.each([
    ['Opus to AMR-WB', [OPUS], [AMR_WB]],
    ['Opus with DTX to AMR', [OPUS_DTX], [AMR]],
    ['AMR to EVS', [AMR], [EVS]],
    ['EVS to AMR-WB', [EVS], [AMR_WB_ALIGNED]],
    ['EVS AMR-WB IO to Opus', [EVS_IO], [OPUS]],
    ['G.711 to AMR', [PCMA], [AMR]],
    ['AMR to G.711 with comfort noise', [AMR], [PCMU, CN]],
    ['G.711 with comfort noise to Opus', [PCMU, CN], [OPUS]],
  ] as const)('keeps silence silent from %s', (_, from, to) => {
    const sent = speak(from, 150, 20, (source, i) => {
      if (i === 50) source.hush();
      if (i === 100) source.talk();
    });
    const there = through(new Transcoder({ from, to }), sent);
    const report = hear(to, there);
    expect(report).toMatchObject({ lost: 0, malformed: 0, unrecognised: 0, frames: 100 });
    // a second, whatever part of it was sent
    expect(report.silences).toMatchObject([{ durationMs: 1000 }]);
    expect(report.sources).toMatchObject([{ ...clean, runs: [{ from: 0, to: 99 }] }]);
  });

  it('passes speech of others on as speech of nobody', () => {
    const sent = speak([OPUS], 5).map((packet) => ({
      ...packet,
      payload: packet.payload.map((b, i) => (i ? b ^ 0x5a : b)),
    }));
    for (const to of Object.values(FORMATS)) {
      const report = hear([to], through(new Transcoder({ from: [OPUS], to: [to] }), sent));
      expect(report).toMatchObject({ packets: 5, frames: 0, unrecognised: 5, silences: [], lost: 0 });
    }
  });

  it('joins frames of 10 ms and splits frames of 60 ms, as others send them', () => {
    const frame = (toc: number, i: number, step: number) => ({
      ...(speak([OPUS], 1)[0] as RtpPacket),
      payload: Uint8Array.from({ length: 30 }, (_, at) => (at === 0 ? toc : at)),
      sequenceNumber: i,
      timestamp: i * step,
    });
    // configurations 14 and 11 (RFC 6716 table 2)
    const short = Array.from({ length: 8 }, (_, i) => frame(14 << 3, i, 480));
    const long = Array.from({ length: 2 }, (_, i) => frame(11 << 3, i, 2880));
    for (const [packets, frames] of [
      [short, 4],
      [long, 6],
    ] as const) {
      const there = through(new Transcoder({ from: [OPUS], to: [AMR_WB] }), packets);
      expect(there.map(({ timestamp }) => timestamp)).toEqual(
        Array.from({ length: frames }, (_, i) => i * 320),
      );
      expect(hear([AMR_WB], there)).toMatchObject({ unrecognised: frames, lost: 0 });
    }
  });

  it('counts what it cannot use, and leaves its place empty', () => {
    const sent = speak([AMR_WB], 4);
    const [a, b, c, d] = sent as [RtpPacket, RtpPacket, RtpPacket, RtpPacket];
    const transcoder = new Transcoder({ from: [AMR_WB], to: [OPUS] });
    const there = through(transcoder, [
      a,
      { ...b, payload: b.payload.subarray(0, 9) },
      { ...c, payloadType: 77 },
      d,
    ]);
    expect(transcoder).toMatchObject({ malformed: 1, foreign: 1 });
    expect(hear([OPUS], there)).toMatchObject({ packets: 2, lost: 2, sources: [{ missing: 2 }] });
  });

  it('obeys mode requests and reports those of the far end', () => {
    const transcoder = new Transcoder({ from: [OPUS], to: [AMR_WB] });
    const [first, second] = speak([OPUS], 2) as [RtpPacket, RtpPacket];
    // 253 bits and 132, with a header of 10
    expect(transcoder.transcode(first)[0]?.payload).toHaveLength(33);
    transcoder.requestMode(0);
    expect(transcoder.transcode(second)[0]?.payload).toHaveLength(18);
    const back = new Transcoder({ from: [AMR_WB], to: [OPUS] });
    const asking = speak([AMR_WB], 1).map((p) => ({
      ...p,
      payload: p.payload.map((b, i) => (i ? b : b & 0x3f)),
    }));
    through(back, asking);
    expect(back.modeRequest).toBe(3);
  });

  it('begins anew with another source, and translates the timestamps of sender reports', () => {
    const transcoder = new Transcoder({ from: [OPUS], to: [PCMU] });
    expect(transcoder.outgoingTimestamp(5)).toBeUndefined();
    through(transcoder, speak([OPUS], 3));
    // 100 ms after the first packet
    expect(transcoder.outgoingTimestamp((START.timestamp + 4800) >>> 0)).toBe((START.timestamp + 800) >>> 0);
    const other = speak([OPUS], 3).map((p) => ({
      ...p,
      ssrc: 9,
      sequenceNumber: p.sequenceNumber & 7,
      timestamp: 50,
    }));
    const there = through(transcoder, other.slice(0, 1));
    expect(there).toMatchObject([{ ssrc: 9, timestamp: 50, marker: true }]);
  });

  it('refuses sides without a speech codec', () => {
    const VP8: RtpMap = { payloadType: 96, encoding: 'VP8', clockRate: 90_000 };
    expect(() => new Transcoder({ from: [EVENT_8], to: [PCMU] })).toThrow(RangeError);
    expect(() => new Transcoder({ from: [PCMU], to: [VP8] })).toThrow(RangeError);
    expect(() => new Transcoder({ from: [PCMU], to: [] })).toThrow(RangeError);
  });

  it('never throws, and never names a source that did not speak, on packets of garbage', () => {
    const maps = [...Object.values(FORMATS), EVENT_8, EVENT_48, CN];
    const packet = fc.record({
      marker: fc.boolean(),
      payloadType: fc.constantFrom(...maps.map(({ payloadType }) => payloadType)),
      sequenceNumber: fc.nat(0xffff),
      timestamp: fc.nat(0xffff_ffff),
      ssrc: fc.nat(2),
      csrcs: fc.constant([]),
      payload: fc.uint8Array({ maxLength: 80 }),
      paddingBytes: fc.constant(0),
    });
    fc.assert(
      fc.property(
        fc.constantFrom(...Object.values(FORMATS)),
        fc.constantFrom(...Object.values(FORMATS)),
        fc.array(packet, { maxLength: 20 }),
        (from, to, packets) => {
          const transcoder = new Transcoder({ from: [from, EVENT_8, CN], to: [to, EVENT_16] });
          const report = hear([to, EVENT_16], through(transcoder, packets));
          expect(report.malformed).toBe(0);
          expect(report.frames).toBe(0);
        },
      ),
    );
  });
});
