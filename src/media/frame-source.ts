import {
  type AudioFrame,
  DIGITS,
  FRAME_MS,
  type FrameIdentity,
  type MediaFrame,
  type VideoFrame,
} from './frame.js';

/** Gives frames one after the other. */
export interface FrameSource {
  /** Time from one frame to the next, in ms. */
  readonly intervalMs: number;
  next(): MediaFrame;
}

/** Frame numbers are 24 bits. */
const NUMBERS = 2 ** 24;

/** RFC 4733 2.5.1.4: the final packet of an event is sent three times. */
const FINAL_REPORTS = 3;

/** Level of digits in dBm0 without its sign; Q.24 has receivers accept 0 to 25. */
const DIGIT_VOLUME = 10;

/** Q.24 table A-1 has receivers accept tones and pauses from 40 ms on, and more is usual. */
const TONE_MS = 100;
const PAUSE_MS = 60;

interface Press {
  readonly event: number;
  readonly toneMs: number;
  readonly pauseMs: number;
}

/** A voice: speaks from the start, until it is hushed, and presses digits. Its frames last 20 ms. */
export class AudioSource implements FrameSource {
  readonly intervalMs = FRAME_MS;
  readonly #stream: number;
  readonly #pitchHz: number;
  #timeMs = 0;
  #number = 0;
  #talking = true;
  readonly #presses: Press[] = [];
  /** The digit that sounds, from when on, and how often its end was reported. */
  #sounding: { readonly press: Press; readonly startMs: number; finals: number } | undefined;
  /** Until when no other digit begins. */
  #pauseUntilMs = 0;

  /**
   * @param identity `stream`, 0 to 65535, tells sources apart; `pitchHz` is a multiple of 20 up to 3980, default none
   */
  constructor({ stream, pitchHz = 0 }: { readonly stream: number; readonly pitchHz?: number }) {
    this.#stream = stream;
    this.#pitchHz = pitchHz;
  }

  /** When the next frame begins. */
  get timeMs(): number {
    return this.#timeMs;
  }

  /** Frames of speech given so far. */
  get spoken(): number {
    return this.#number;
  }

  talk(): void {
    this.#talking = true;
  }

  hush(): void {
    this.#talking = false;
  }

  /**
   * Presses keys one after the other; what was pressed before comes first.
   *
   * @param digits of {@link DIGITS}; others are left out
   * @param toneMs how long each sounds, 40 at least
   * @param pauseMs what is between the last report on one and the next, besides
   */
  press(digits: string, toneMs: number = TONE_MS, pauseMs: number = PAUSE_MS): void {
    for (const digit of digits.toUpperCase()) {
      const event = DIGITS.indexOf(digit);
      if (event >= 0) this.#presses.push({ event, toneMs, pauseMs });
    }
  }

  /** Leaves out the time up to there, in which nothing was sent: a session on hold. */
  skipTo(timeMs: number): void {
    if (timeMs > this.#timeMs) this.#timeMs = timeMs;
  }

  next(): AudioFrame {
    const timeMs = this.#timeMs;
    this.#timeMs += FRAME_MS;
    if (this.#sounding === undefined && timeMs >= this.#pauseUntilMs) {
      const press = this.#presses.shift();
      if (press !== undefined) this.#sounding = { press, startMs: timeMs, finals: 0 };
    }
    if (this.#sounding !== undefined) return this.#digit(this.#sounding, timeMs);
    if (!this.#talking) return { kind: 'silence', timeMs, durationMs: FRAME_MS };
    const identity: FrameIdentity = { stream: this.#stream, number: this.#number, pitchHz: this.#pitchHz };
    this.#number = (this.#number + 1) % NUMBERS;
    return { kind: 'speech', timeMs, durationMs: FRAME_MS, identity };
  }

  #digit(
    sounding: { readonly press: Press; readonly startMs: number; finals: number },
    timeMs: number,
  ): AudioFrame {
    const { press, startMs } = sounding;
    const durationMs = Math.min(timeMs + FRAME_MS - startMs, press.toneMs);
    const end = durationMs === press.toneMs;
    if (end) sounding.finals++;
    if (sounding.finals === FINAL_REPORTS) {
      this.#sounding = undefined;
      this.#pauseUntilMs = timeMs + FRAME_MS + press.pauseMs;
    }
    return { kind: 'dtmf', event: press.event, end, volume: DIGIT_VOLUME, timeMs: startMs, durationMs };
  }
}

const FRAMES_PER_SECOND = 25;
const KEY_BYTES = 3600;
const OTHER_BYTES = 900;

/** A camera: a key frame first and on demand, others that need it besides. */
export class VideoSource implements FrameSource {
  readonly intervalMs: number;
  readonly #stream: number;
  #number = 0;
  #keyWanted = true;

  /** @param options `framesPerSecond` is 25 unless said otherwise */
  constructor(options: { readonly stream: number; readonly framesPerSecond?: number }) {
    this.#stream = options.stream;
    this.intervalMs = 1000 / (options.framesPerSecond ?? FRAMES_PER_SECOND);
  }

  /** What a picture loss indication or full intra request asks for (RFC 4585 6.3.1, RFC 5104 4.3.1). */
  requestKeyFrame(): void {
    this.#keyWanted = true;
  }

  next(): VideoFrame {
    const number = this.#number;
    const key = this.#keyWanted;
    this.#keyWanted = false;
    this.#number = (number + 1) % NUMBERS;
    return {
      kind: 'video',
      // from the number, so that nothing adds up
      timeMs: number * this.intervalMs,
      durationMs: this.intervalMs,
      key,
      bytes: key ? KEY_BYTES : OTHER_BYTES,
      identity: { stream: this.#stream, number, pitchHz: 0 },
    };
  }
}
