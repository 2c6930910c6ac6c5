import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { RtpPacket } from '../wire/rtp/index.js';
import type { RtpMap } from '../wire/sdp/index.js';
import { describeMedia } from './describe-media.js';
import { AudioSource } from './frame-source.js';
import { MediaObserver } from './media-observer.js';
import { MediaSender } from './media-sender.js';
import { SequenceTracker } from './sequence-tracker.js';

const OPUS: RtpMap = { payloadType: 111, encoding: 'opus', clockRate: 48_000, channels: 2 };
const AMR_WB: RtpMap = { payloadType: 97, encoding: 'AMR-WB', clockRate: 16_000 };
const EVENT: RtpMap = { payloadType: 110, encoding: 'telephone-event', clockRate: 48_000 };

function packetsOf(stream: number, count: number, ssrc = stream): RtpPacket[] {
  const source = new AudioSource({ stream, pitchHz: 440 });
  const sender = new MediaSender({ formats: [OPUS, EVENT], ssrc, sequenceNumber: 65_500, timestamp: 77 });
  return Array.from({ length: count }, () => sender.send(source.next())).flat();
}

function observe(packets: readonly RtpPacket[], formats: readonly RtpMap[] = [OPUS, EVENT]) {
  const observer = new MediaObserver(formats);
  for (const [i, packet] of packets.entries()) observer.receive(packet, 1_000_000 + i * 20_000);
  return observer.report();
}

describe('an observer', () => {
  it('hears every frame in order on a clean path, and when', () => {
    const sent = packetsOf(7, 100);
    expect(sent.map(({ sequenceNumber }) => sequenceNumber)).toEqual(
      sent.map((_, i) => (65_500 + i) & 0xffff),
    );
    const report = observe(sent);
    expect(report).toEqual({
      packets: 100,
      encodings: { opus: 100 },
      lost: 0,
      duplicates: 0,
      late: 0,
      foreign: 0,
      malformed: 0,
      frames: 100,
      unrecognised: 0,
      sources: [
        {
          stream: 7,
          pitchHz: 440,
          frames: 100,
          missing: 0,
          repeated: 0,
          outOfOrder: 0,
          runs: [{ from: 0, to: 99, atUs: 1_000_000 }],
          firstUs: 1_000_000,
          lastUs: 2_980_000,
        },
      ],
      digits: '',
      events: [],
      silences: [],
      firstUs: 1_000_000,
      lastUs: 2_980_000,
    });
    expect(describeMedia(report)).toBe('stream 7 at 440 Hz: frames 0 to 99');
  });

  it('tells one-way media from media of others', () => {
    const nothing = observe([]);
    expect(nothing).toMatchObject({ packets: 0, frames: 0, firstUs: undefined });
    expect(describeMedia(nothing)).toBe('nothing heard');
    const foreign = observe(packetsOf(7, 3), [AMR_WB]);
    expect(foreign).toMatchObject({ packets: 0, foreign: 3, frames: 0 });
    expect(describeMedia(foreign)).toBe('nothing heard; 3 packets of formats not agreed');
  });

  it('counts duplicates, late and lost packets, and what that does to the frames', () => {
    const sent = packetsOf(7, 10);
    const report = observe([0, 1, 1, 3, 2, 4, 7, 9].map((i) => sent[i] as RtpPacket));
    expect(report).toMatchObject({ packets: 8, lost: 3, duplicates: 1, late: 1, frames: 7 });
    expect(report.sources).toMatchObject([
      {
        missing: 3,
        repeated: 0,
        outOfOrder: 1,
        runs: [
          { from: 0, to: 1 },
          { from: 3, to: 3 },
          { from: 2, to: 2 },
          { from: 4, to: 4 },
          { from: 7, to: 7 },
          { from: 9, to: 9 },
        ],
      },
    ]);
  });

  it('knows frames that come again in other packets', () => {
    const [first, ...rest] = packetsOf(7, 3) as [RtpPacket, RtpPacket, RtpPacket];
    const again = { ...first, sequenceNumber: 65_503 };
    expect(observe([first, ...rest, again]).sources).toMatchObject([{ frames: 3, repeated: 1 }]);
  });

  it('keeps what a source before lost, and names both', () => {
    const before = packetsOf(7, 10).filter((_, i) => i !== 4);
    const report = observe([...before, ...packetsOf(8, 5)]);
    expect(report).toMatchObject({ packets: 14, lost: 1, frames: 14 });
    expect(report.sources.map(({ stream, frames }) => [stream, frames])).toEqual([
      [7, 9],
      [8, 5],
    ]);
  });

  it('finds a digit once, though its packets are lost, late or repeated', () => {
    const source = new AudioSource({ stream: 1 });
    const sender = new MediaSender({ formats: [OPUS, EVENT], ssrc: 1, sequenceNumber: 0, timestamp: 0 });
    source.press('77', 100, 40);
    const sent = Array.from({ length: 20 }, () => sender.send(source.next())).flat();
    expect(sent.map(({ payloadType }) => payloadType === 110)).toEqual([
      ...Array(7).fill(true),
      false,
      false,
      ...Array(7).fill(true),
      ...Array(4).fill(false),
    ]);
    // the first two reports on the first digit are lost and one is late; of the second only the last one is left
    const left = [3, 2, 4, 4, 7, 8, 15, 16].map((i) => sent[i] as RtpPacket);
    expect(observe(left)).toMatchObject({
      digits: '77',
      events: [
        { event: 7, durationMs: 100, ended: true },
        { event: 7, durationMs: 100, ended: true },
      ],
    });
  });

  it('hears silence that was sent, and silence that was not', () => {
    const source = new AudioSource({ stream: 1 });
    const sender = new MediaSender({ formats: [AMR_WB], ssrc: 1, sequenceNumber: 0, timestamp: 0 });
    const sent: RtpPacket[] = [];
    for (let i = 0; i < 100; i++) {
      if (i === 20) source.hush();
      if (i === 60) source.talk();
      if (i === 80) source.skipTo(source.timeMs + 300);
      sent.push(...sender.send(source.next()));
    }
    const report = observe(sent, [AMR_WB]);
    expect(report.silences.map(({ durationMs }) => durationMs)).toEqual([800, 300]);
    // what is lost is not silence
    const lossy = observe(
      sent.filter((_, i) => i < 5 || i > 8),
      [AMR_WB],
    );
    expect(lossy.silences).toHaveLength(2);
    expect(describeMedia(report)).toBe('stream 1: frames 0 to 59; silent for 1100 ms');
  });

  it('hears comfort noise in the place of silence, and a marker where speech begins again (RFC 3551 4.1)', () => {
    const PCMU: RtpMap = { payloadType: 0, encoding: 'PCMU', clockRate: 8000 };
    const CN: RtpMap = { payloadType: 13, encoding: 'CN', clockRate: 8000 };
    const source = new AudioSource({ stream: 1 });
    const sender = new MediaSender({ formats: [PCMU, CN], ssrc: 1, sequenceNumber: 0, timestamp: 0 });
    const sent = Array.from({ length: 40 }, (_, i) => {
      if (i === 5) source.hush();
      if (i === 35) source.talk();
      return sender.send(source.next());
    }).flat();
    // 30 frames of silence are three descriptions, 200 ms apart
    expect(sent.map(({ payloadType }) => payloadType)).toEqual([
      ...Array(5).fill(0),
      13,
      13,
      13,
      ...Array(5).fill(0),
    ]);
    expect(sent.flatMap(({ marker }, i) => (marker ? [i] : []))).toEqual([0, 8]);
    expect(observe(sent, [PCMU, CN])).toMatchObject({
      encodings: { PCMU: 10, CN: 3 },
      lost: 0,
      silences: [{ durationMs: 600 }],
    });
  });

  it('reports the mode that the far end asks for', () => {
    const observer = new MediaObserver([AMR_WB]);
    const sender = new MediaSender({ formats: [AMR_WB], ssrc: 1, sequenceNumber: 0, timestamp: 0 });
    const [packet] = sender.send(new AudioSource({ stream: 1 }).next()) as [RtpPacket];
    observer.receive(packet, 0);
    expect(observer.modeRequest).toBeUndefined();
    observer.receive({ ...packet, payload: packet.payload.map((b, i) => (i ? b : b & 0x0f)) }, 0);
    expect(observer.modeRequest).toBeUndefined();
    const next = { ...packet, sequenceNumber: 1, payload: packet.payload.map((b, i) => (i ? b : b & 0x0f)) };
    observer.receive(next, 0);
    expect(observer.modeRequest).toBe(0);
  });

  it('is not filled by ever new sources', () => {
    const packets = Array.from({ length: 100 }, (_, i) => packetsOf(i, 1, 5)).flat();
    const numbered = packets.map((packet, i) => ({ ...packet, sequenceNumber: i, timestamp: 960 * i }));
    const report = observe(numbered);
    expect(report.sources).toHaveLength(64);
    expect(report.unrecognised).toBe(36);
  });
});

describe('the numbers of packets', () => {
  it('are counted as a set of whole numbers would be, over any wrap', () => {
    fc.assert(
      fc.property(
        fc.nat(0xffff),
        fc.array(fc.integer({ min: -40, max: 60 }), { maxLength: 60 }),
        (start, moves) => {
          const tracker = new SequenceTracker(16);
          const seen = new Set<number>();
          let at = start + 0x1_0000;
          let duplicates = 0;
          for (const move of moves) {
            at = Math.max(at + move, 0x1_0000);
            const { order } = tracker.note(at & 0xffff);
            if (seen.has(at)) duplicates++;
            expect(order === 'duplicate').toBe(seen.has(at));
            expect(order === 'new').toBe(at > Math.max(...seen, -1));
            seen.add(at);
          }
          const span = seen.size === 0 ? 0 : Math.max(...seen) - Math.min(...seen) + 1;
          expect(tracker).toMatchObject({ received: seen.size, duplicates, missing: span - seen.size });
        },
      ),
    );
  });
});
