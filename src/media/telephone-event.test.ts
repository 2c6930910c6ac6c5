import { describe, expect, it } from 'vitest';
import { createDepacketizer, createPacketizer } from './create-packetizer.js';
import type { DtmfFrame } from './frame.js';
import { AudioSource } from './frame-source.js';
import { parseEvents, serializeEvent } from './telephone-event.js';

const EVENT = { payloadType: 100, encoding: 'telephone-event', clockRate: 8000, fmtp: '0-15' };

const dtmf = (event: number, timeMs: number, durationMs: number, end = false): DtmfFrame => ({
  kind: 'dtmf',
  event,
  timeMs,
  durationMs,
  end,
  volume: 0,
});

describe('telephone events', () => {
  it('are reported as in table 5 of RFC 4733', () => {
    const packetizer = createPacketizer(EVENT);
    const digit = (event: number, startMs: number, durationsMs: readonly number[], finals: number) => [
      ...durationsMs.map((ms) => dtmf(event, startMs, ms)),
      ...Array.from({ length: finals }, () => dtmf(event, startMs, durationsMs.at(-1) as number, true)),
    ];
    const frames = [
      ...digit(9, 0, [50, 100, 150, 200], 2),
      ...digit(1, 880, [50, 100, 150, 200, 250], 2),
      ...digit(1, 1400, [50, 100, 150, 200], 0),
      ...[1, 2, 3].map(() => dtmf(1, 1400, 220, true)),
    ];
    const rows = frames.flatMap((frame) =>
      packetizer.packetize(frame).map(({ payload, marker, timeMs }) => {
        const read = parseEvents(payload);
        const [report] = read.ok ? read.value : [];
        return [marker ? 1 : 0, timeMs * 8, report?.event, report?.duration, report?.end ? 1 : 0].join(' ');
      }),
    );
    // M, timestamp, event, duration, E; rows 8 to 10 and 15 to 17 are the table's "..."
    expect(rows).toEqual([
      '1 0 9 400 0',
      '0 0 9 800 0',
      '0 0 9 1200 0',
      '0 0 9 1600 0',
      '0 0 9 1600 1',
      '0 0 9 1600 1',
      '1 7040 1 400 0',
      '0 7040 1 800 0',
      '0 7040 1 1200 0',
      '0 7040 1 1600 0',
      '0 7040 1 2000 0',
      '0 7040 1 2000 1',
      '0 7040 1 2000 1',
      '1 11200 1 400 0',
      '0 11200 1 800 0',
      '0 11200 1 1200 0',
      '0 11200 1 1600 0',
      '0 11200 1 1760 1',
      '0 11200 1 1760 1',
      '0 11200 1 1760 1',
    ]);
  });

  it('have the bytes of figure 3 of RFC 4733', () => {
    const bytes = serializeEvent({ event: 1, end: true, volume: 20, duration: 1760 });
    expect([...bytes]).toEqual([0x01, 0x94, 0x06, 0xe0]);
    expect(parseEvents(bytes)).toEqual({
      ok: true,
      value: [{ event: 1, end: true, volume: 20, duration: 1760 }],
    });
  });

  it('may follow one another in a packet (RFC 4733 2.5.1.5)', () => {
    const payload = Uint8Array.of(
      ...serializeEvent({ event: 3, end: true, volume: 5, duration: 800 }),
      ...serializeEvent({ event: 4, end: false, volume: 5, duration: 400 }),
    );
    const read = createDepacketizer(EVENT).depacketize({ payload, marker: true, timeMs: 40, sequence: 0 });
    expect(read).toMatchObject({
      value: {
        frames: [
          { event: 3, timeMs: 40, durationMs: 100, end: true },
          { event: 4, timeMs: 140, durationMs: 50, end: false },
        ],
      },
    });
  });

  it('go on in segments where they are longer than their duration field (RFC 4733 2.5.1.3)', () => {
    const packetizer = createPacketizer(EVENT);
    packetizer.packetize(dtmf(5, 0, 8180));
    // 65535 units of 8 kHz are 8191.875 ms
    const made = packetizer.packetize(dtmf(5, 0, 8200));
    expect(made).toMatchObject([
      { timeMs: 0, marker: false, payload: Uint8Array.of(5, 0, 0xff, 0xff) },
      { timeMs: 8191.875, marker: false, payload: Uint8Array.of(5, 0, 0, 65) },
    ]);
    const depacketizer = createDepacketizer(EVENT);
    const read = made.map((one, sequence) => depacketizer.depacketize({ ...one, sequence }));
    expect(read).toMatchObject([
      { value: { frames: [{ timeMs: 0, durationMs: 8191.875 }] } },
      { value: { frames: [{ timeMs: 0, durationMs: 8200 }] } },
    ]);
  });

  it('are never sent with a duration of zero, and not read from other sizes', () => {
    expect(createPacketizer(EVENT).packetize(dtmf(5, 0, 0))).toEqual([]);
    expect(parseEvents(Uint8Array.of(1, 2, 3))).toMatchObject({ ok: false, error: { offset: 3 } });
    expect(parseEvents(new Uint8Array(0)).ok).toBe(false);
  });
});

describe('a voice', () => {
  it('presses keys with three last reports and a pause, while its frames wait', () => {
    const source = new AudioSource({ stream: 1 });
    source.press('1#x', 50, 40);
    const said = Array.from({ length: 14 }, () => {
      const frame = source.next();
      return frame.kind === 'dtmf' ? `${frame.event}:${frame.durationMs}${frame.end ? 'E' : ''}` : frame.kind;
    });
    const digit = (event: number) => [20, 40, '50E', '50E', '50E'].map((ms) => `${event}:${ms}`);
    expect(said).toEqual([...digit(1), 'speech', 'speech', ...digit(11), 'speech', 'speech']);
    expect(source.spoken).toBe(4);
  });

  it('can be hushed, and skips the time of a hold', () => {
    const source = new AudioSource({ stream: 1 });
    source.hush();
    expect(source.next()).toEqual({ kind: 'silence', timeMs: 0, durationMs: 20 });
    source.talk();
    source.skipTo(1000);
    expect(source.next()).toMatchObject({ kind: 'speech', timeMs: 1000, identity: { number: 0 } });
    source.skipTo(5);
    expect(source.timeMs).toBe(1020);
  });
});
