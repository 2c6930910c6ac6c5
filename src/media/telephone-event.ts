import { type Parsed, parsed, unparsed } from '../wire/parsed.js';
import type { DtmfFrame, MediaFrame } from './frame.js';
import type { Depacketized, Depacketizer, MediaPayload, Packetizer, ReceivedPayload } from './packetizer.js';

/** A report on an event (RFC 4733 2.3). */
export interface EventReport {
  readonly event: number;
  readonly end: boolean;
  /** Power in dBm0 without its sign, 0 to 63. */
  readonly volume: number;
  /** In units of the RTP clock, up to 65535. */
  readonly duration: number;
}

const REPORT_BYTES = 4;
const MAX_DURATION = 0xffff;

/** The four bytes of a report (RFC 4733 2.3, figure 1); the R bit is zero. */
export function serializeEvent({ event, end, volume, duration }: EventReport): Uint8Array {
  return Uint8Array.of(event, (end ? 0x80 : 0) | (volume & 0x3f), duration >> 8, duration);
}

/** The reports of a payload: one, or several that follow one another (RFC 4733 2.5.1.5). */
export function parseEvents(payload: Uint8Array): Parsed<EventReport[]> {
  if (payload.length === 0 || payload.length % REPORT_BYTES !== 0) {
    return unparsed(`${payload.length} bytes are not whole event reports`, payload.length, 'a multiple of 4');
  }
  const reports: EventReport[] = [];
  for (let at = 0; at < payload.length; at += REPORT_BYTES) {
    const flags = payload[at + 1] as number;
    reports.push({
      event: payload[at] as number,
      end: (flags & 0x80) !== 0,
      volume: flags & 0x3f,
      duration: ((payload[at + 2] as number) << 8) | (payload[at + 3] as number),
    });
  }
  return parsed(reports);
}

/**
 * Reports events, a packet a frame. The source repeats the last frame of an event, which makes its three packets (RFC 4733 2.5.1.4).
 * An event longer than the duration field goes on in a new segment; the last report of a segment is sent once.
 */
export class EventPacketizer implements Packetizer {
  readonly #clockRate: number;
  #event: number | undefined;
  #startMs = 0;
  /** Where the present segment begins, in units of the clock since the event did. */
  #segment = 0;

  constructor(clockRate: number) {
    this.#clockRate = clockRate;
  }

  packetize(frame: MediaFrame): readonly MediaPayload[] {
    if (frame.kind !== 'dtmf') return [];
    const { event, timeMs, end, volume } = frame;
    const total = Math.round((frame.durationMs * this.#clockRate) / 1000);
    // RFC 4733 2.3.5: zero would be a state without end
    if (total === 0) return [];
    const begins = event !== this.#event || timeMs !== this.#startMs;
    if (begins) {
      this.#event = event;
      this.#startMs = timeMs;
      this.#segment = 0;
    }
    const made: MediaPayload[] = [];
    // RFC 4733 2.5.1.3: neither E nor, in segments that follow, M
    while (total - this.#segment > MAX_DURATION) {
      made.push(
        this.#payload({ event, end: false, volume, duration: MAX_DURATION }, begins && made.length === 0),
      );
      this.#segment += MAX_DURATION;
    }
    const report = { event, end, volume, duration: total - this.#segment };
    made.push(this.#payload(report, begins && made.length === 0));
    return made;
  }

  #payload(report: EventReport, marker: boolean): MediaPayload {
    const timeMs = this.#startMs + (this.#segment * 1000) / this.#clockRate;
    return { payload: serializeEvent(report), marker, timeMs };
  }

  flush(): readonly MediaPayload[] {
    return [];
  }

  requestMode(): void {}
}

/** Reads reports, and puts the segments of a long event together again (RFC 4733 2.5.2.3). */
export class EventDepacketizer implements Depacketizer {
  readonly #clockRate: number;
  #event: number | undefined;
  #startMs = 0;
  #segmentMs = 0;

  constructor(clockRate: number) {
    this.#clockRate = clockRate;
  }

  depacketize({ payload, marker, timeMs }: ReceivedPayload): Parsed<Depacketized> {
    const read = parseEvents(payload);
    if (!read.ok) return read;
    const frames: DtmfFrame[] = [];
    let startMs = timeMs;
    for (const { event, end, volume, duration } of read.value) {
      const segmentMs = startMs;
      this.#place(event, segmentMs, marker);
      const lastedMs = (duration * 1000) / this.#clockRate;
      frames.push({
        kind: 'dtmf',
        event,
        end,
        volume,
        timeMs: this.#startMs,
        durationMs: segmentMs - this.#startMs + lastedMs,
      });
      startMs += lastedMs;
    }
    return parsed({ frames });
  }

  /** Whether a report is on the event before, on a further segment of it, or on a new one. */
  #place(event: number, segmentMs: number, marker: boolean): void {
    const tickMs = 1000 / this.#clockRate;
    if (event === this.#event) {
      if (Math.abs(segmentMs - this.#segmentMs) < tickMs) return;
      const nextMs = this.#segmentMs + MAX_DURATION * tickMs;
      if (!marker && Math.abs(segmentMs - nextMs) < tickMs) {
        this.#segmentMs = segmentMs;
        return;
      }
    }
    this.#event = event;
    this.#startMs = segmentMs;
    this.#segmentMs = segmentMs;
  }
}
