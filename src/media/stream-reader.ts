import type { ParseError } from '../wire/parsed.js';
import type { RtpPacket } from '../wire/rtp/index.js';
import type { RtpMap } from '../wire/sdp/index.js';
import { codecOf } from './codec.js';
import { createDepacketizer } from './create-packetizer.js';
import type { MediaFrame } from './frame.js';
import type { Depacketizer } from './packetizer.js';
import { type Arrival, SequenceTracker } from './sequence-tracker.js';

/** A packet with what it held. */
export interface ReadPacket {
  readonly arrival: Arrival;
  /** Whether another source began with it (RFC 3550 8.2). */
  readonly restarted: boolean;
  /** The agreed format; absent for payload types that were not agreed. */
  readonly format?: RtpMap;
  readonly frames: readonly MediaFrame[];
  readonly modeRequest?: number;
  /** Why the payload could not be read. */
  readonly error?: ParseError;
}

const NO_FRAMES: readonly MediaFrame[] = [];

/** Timestamps of a clock as times since the stream began. */
class Timeline {
  readonly #ticksPerMs: number;
  readonly #startMs: number;
  #highest: number;
  #ticks = 0;

  constructor(clockRate: number, timestamp: number, startMs: number) {
    this.#ticksPerMs = clockRate / 1000;
    this.#highest = timestamp;
    this.#startMs = startMs;
  }

  /** @param moves whether this may be the latest timestamp so far */
  timeMs(timestamp: number, moves: boolean): number {
    // as a signed number, the difference is right over the wrap
    const ahead = (timestamp - this.#highest) | 0;
    const ticks = this.#ticks + ahead;
    if (moves && ahead > 0) {
      this.#ticks = ticks;
      this.#highest = timestamp;
    }
    return this.#startMs + ticks / this.#ticksPerMs;
  }
}

/** Finds the frames in the RTP packets of a source, whatever of its agreed formats they are of. */
export class StreamReader {
  readonly #formats = new Map<number, { map: RtpMap; depacketizer: Depacketizer }>();
  readonly #maps: readonly RtpMap[];
  #ssrc: number | undefined;
  #tracker = new SequenceTracker(16);
  /** By clock rate: formats of one stream may differ in it (RFC 7160). */
  readonly #timelines = new Map<number, Timeline>();
  /** Where the frames so far end: where a clock begins that was not read before. */
  #untilMs = 0;

  /** @param formats those that {@link codecOf} does not know count as not agreed */
  constructor(formats: readonly RtpMap[]) {
    this.#maps = formats.filter((map) => codecOf(map) !== undefined);
    this.#prepare();
  }

  /** Of the present source. */
  get sequence(): SequenceTracker {
    return this.#tracker;
  }

  #prepare(): void {
    for (const map of this.#maps) {
      this.#formats.set(map.payloadType, { map, depacketizer: createDepacketizer(map) });
    }
  }

  read(packet: RtpPacket): ReadPacket {
    const restarted = packet.ssrc !== this.#ssrc;
    if (restarted) this.#restart(packet.ssrc);
    const arrival = this.#tracker.note(packet.sequenceNumber);
    const format = this.#formats.get(packet.payloadType);
    if (format === undefined) return { arrival, restarted, frames: NO_FRAMES };
    const { map, depacketizer } = format;
    if (arrival.order === 'duplicate') return { arrival, restarted, format: map, frames: NO_FRAMES };
    const timeMs = this.#timeline(map.clockRate, packet.timestamp).timeMs(packet.timestamp, true);
    const { payload, marker } = packet;
    const read = depacketizer.depacketize({ payload, marker, timeMs, sequence: arrival.extended });
    if (!read.ok) return { arrival, restarted, format: map, frames: NO_FRAMES, error: read.error };
    const last = read.value.frames.at(-1);
    if (last !== undefined) this.#untilMs = Math.max(this.#untilMs, last.timeMs + last.durationMs);
    const { frames, modeRequest } = read.value;
    return modeRequest === undefined
      ? { arrival, restarted, format: map, frames }
      : { arrival, restarted, format: map, frames, modeRequest };
  }

  /** The time of a timestamp that another packet names, such as a sender report; `undefined` before the first packet. */
  timeMsOf(clockRate: number, timestamp: number): number | undefined {
    return this.#timelines.get(clockRate)?.timeMs(timestamp, false);
  }

  #timeline(clockRate: number, timestamp: number): Timeline {
    let timeline = this.#timelines.get(clockRate);
    if (timeline === undefined) {
      timeline = new Timeline(clockRate, timestamp, this.#untilMs);
      this.#timelines.set(clockRate, timeline);
    }
    return timeline;
  }

  #restart(ssrc: number): void {
    if (this.#ssrc !== undefined) {
      this.#tracker = new SequenceTracker(16);
      this.#timelines.clear();
      this.#untilMs = 0;
      this.#prepare();
    }
    this.#ssrc = ssrc;
  }
}
