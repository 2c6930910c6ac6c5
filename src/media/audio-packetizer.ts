import { type Parsed, parsed } from '../wire/parsed.js';
import { FRAME_MS, type FrameIdentity, type MediaFrame } from './frame.js';
import type { Depacketized, Depacketizer, MediaPayload, Packetizer, ReceivedPayload } from './packetizer.js';
import type { SpeechCoding } from './speech-coding.js';

const NOTHING: readonly MediaPayload[] = [];

/** Times closer than this are the same: fractions of clocks are not exact in binary. */
const SAME_MS = 0.01;

/** Collects the frames of a packet, and decides which frames of a silence are sent. */
export class AudioPacketizer implements Packetizer {
  readonly #coding: SpeechCoding;
  readonly #framesPerPacket: number;
  #waiting: (FrameIdentity | undefined)[] = [];
  #startMs = 0;
  /** What has come of a frame of 20 ms from a codec with shorter ones. */
  #part: { timeMs: number; ms: number; identity: FrameIdentity | undefined } | undefined;
  #silentSinceMs: number | undefined;
  #nextSilence = 0;
  /** RFC 3551 4.1, RFC 4867 4.1: the marker shows the first packet of a talkspurt, if silence before it was not sent. */
  #marker = true;

  /** @param ptimeMs a multiple of 20 */
  constructor(coding: SpeechCoding, ptimeMs: number) {
    this.#coding = coding;
    this.#framesPerPacket = ptimeMs / FRAME_MS;
  }

  requestMode(mode: number): void {
    this.#coding.requestMode?.(mode);
  }

  packetize(frame: MediaFrame): readonly MediaPayload[] {
    if (frame.kind === 'silence') return this.#silence(frame.timeMs);
    if (frame.kind !== 'speech') return NOTHING;
    this.#silentSinceMs = undefined;
    const { timeMs, durationMs, identity } = frame;
    if (durationMs === FRAME_MS && this.#part === undefined) return this.#speech(timeMs, identity);
    return durationMs >= FRAME_MS ? this.#split(timeMs, durationMs, identity) : this.#join(frame);
  }

  /** A frame longer than 20 ms becomes several, of which the first keeps the identity. */
  #split(timeMs: number, durationMs: number, identity: FrameIdentity | undefined): readonly MediaPayload[] {
    this.#part = undefined;
    const done = [...this.#speech(timeMs, identity)];
    for (let ms = FRAME_MS; ms < durationMs; ms += FRAME_MS)
      done.push(...this.#speech(timeMs + ms, undefined));
    return done;
  }

  /** Frames shorter than 20 ms are joined; the first identity among them is kept. */
  #join(frame: {
    timeMs: number;
    durationMs: number;
    identity: FrameIdentity | undefined;
  }): readonly MediaPayload[] {
    const { timeMs, durationMs, identity } = frame;
    const part = this.#part;
    const follows = part !== undefined && Math.abs(part.timeMs + part.ms - timeMs) < SAME_MS;
    const joined = follows
      ? { timeMs: part.timeMs, ms: part.ms + durationMs, identity: part.identity ?? identity }
      : { timeMs, ms: durationMs, identity };
    this.#part = joined;
    if (joined.ms < FRAME_MS) return NOTHING;
    this.#part = undefined;
    return this.#speech(joined.timeMs, joined.identity);
  }

  #speech(timeMs: number, identity: FrameIdentity | undefined): readonly MediaPayload[] {
    const waiting = this.#waiting;
    if (waiting.length === 0) {
      this.#startMs = timeMs;
      waiting.push(identity);
      return waiting.length < this.#framesPerPacket ? NOTHING : [this.#packet()];
    }
    const follows = Math.abs(this.#startMs + waiting.length * FRAME_MS - timeMs) < SAME_MS;
    const before = follows ? NOTHING : this.flush();
    if (!follows) this.#startMs = timeMs;
    this.#waiting.push(identity);
    if (this.#waiting.length < this.#framesPerPacket) return before;
    return [...before, this.#packet()];
  }

  #silence(timeMs: number): readonly MediaPayload[] {
    this.#part = undefined;
    const done = this.flush();
    this.#silentSinceMs ??= timeMs;
    const index = Math.round((timeMs - this.#silentSinceMs) / FRAME_MS);
    // the first of a silence is always sent
    if (index > 0 && index < this.#nextSilence) return done;
    const next = this.#coding.nextSilence(index);
    this.#nextSilence = next;
    if (next > index + 1) this.#marker = true;
    return [...done, { payload: this.#coding.encodeSilence(index), marker: false, timeMs }];
  }

  flush(): readonly MediaPayload[] {
    return this.#waiting.length === 0 ? NOTHING : [this.#packet()];
  }

  #packet(): MediaPayload {
    const payload = this.#coding.encodeSpeech(this.#waiting);
    const marker = this.#marker;
    this.#waiting.length = 0;
    this.#marker = false;
    return { payload, marker, timeMs: this.#startMs };
  }
}

/** Reads the payloads of a speech codec, one by one. */
export class AudioDepacketizer implements Depacketizer {
  readonly #coding: SpeechCoding;

  constructor(coding: SpeechCoding) {
    this.#coding = coding;
  }

  depacketize({ payload, timeMs }: ReceivedPayload): Parsed<Depacketized> {
    // what its sender does not send is nothing to complain about
    if (payload.length === 0) return parsed({ frames: [] });
    return this.#coding.decode(payload, timeMs);
  }
}
