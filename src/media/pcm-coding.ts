import { parsed, unparsed } from '../wire/parsed.js';
import { FRAME_MS, type FrameIdentity } from './frame.js';
import { encodeALaw, encodeMuLaw } from './g711.js';
import { IDENTITY_BYTES, readIdentity, writeIdentity } from './identity.js';
import { type SpeechCoding, silenceFrame } from './speech-coding.js';
import { FRAME_SAMPLES, type Law, TONE_FRAMES, toneOf } from './tone.js';

const SAMPLES_PER_MS = 8;

/** Samples at the start of a frame that are a burst in place of the tone: a bit of the identity each. */
const BURST_SAMPLES = 8 * IDENTITY_BYTES;

/**
 * Level of the burst, 18 dB below the tone, so that a listener still finds the tone. A bit is the sign of a sample: companding
 * keeps signs, in whatever law, and so does any transcoder that keeps to the samples.
 */
const BURST_LEVEL = 1000;

/** In both laws the first bit of a byte is one for positive samples (G.711 tables 1 and 2). */
const POSITIVE = 0x80;

/** G.711 (RFC 3551 4.5.14): a tone at the pitch of the identity, with the identity itself as the signs of a burst. */
export class PcmCoding implements SpeechCoding {
  readonly #law: Law;
  readonly #one: number;
  readonly #zero: number;
  readonly #silence: number;
  readonly #scratch = new Uint8Array(IDENTITY_BYTES);

  constructor(law: Law) {
    this.#law = law;
    const encode = law === 'PCMU' ? encodeMuLaw : encodeALaw;
    this.#one = encode(BURST_LEVEL);
    this.#zero = encode(-BURST_LEVEL);
    this.#silence = encode(0);
  }

  encodeSpeech(identities: readonly (FrameIdentity | undefined)[]): Uint8Array {
    const bytes = new Uint8Array(identities.length * FRAME_SAMPLES);
    for (let i = 0; i < identities.length; i++) this.#writeFrame(bytes, i * FRAME_SAMPLES, identities[i]);
    return bytes;
  }

  #writeFrame(bytes: Uint8Array, at: number, identity: FrameIdentity | undefined): void {
    const tone = toneOf(this.#law, identity?.pitchHz ?? UNKNOWN_HZ);
    bytes.set(tone[(identity?.number ?? 0) % TONE_FRAMES] as Uint8Array, at);
    if (identity === undefined) return;
    const scratch = this.#scratch;
    writeIdentity(scratch, 0, identity);
    for (let i = 0; i < BURST_SAMPLES; i++) {
      const bit = ((scratch[i >> 3] as number) >> (7 - (i & 7))) & 1;
      bytes[at + i] = bit === 1 ? this.#one : this.#zero;
    }
  }

  encodeSilence(): Uint8Array {
    return new Uint8Array(FRAME_SAMPLES).fill(this.#silence);
  }

  /** G.711 has no silence of its own, so that every frame is sent; CN goes in its place where it was agreed. */
  nextSilence(index: number): number {
    return index + 1;
  }

  decode(payload: Uint8Array, timeMs: number): ReturnType<SpeechCoding['decode']> {
    if (payload.length === 0) return unparsed('no samples', 0);
    const frames = [];
    for (let at = 0; at < payload.length; at += FRAME_SAMPLES) {
      const frame = payload.subarray(at, at + FRAME_SAMPLES);
      const start = timeMs + at / SAMPLES_PER_MS;
      const durationMs = frame.length === FRAME_SAMPLES ? FRAME_MS : frame.length / SAMPLES_PER_MS;
      const identity = this.#readBurst(frame);
      frames.push(
        identity === undefined && this.#isSilent(frame)
          ? silenceFrame(start, durationMs)
          : ({ kind: 'speech', timeMs: start, durationMs, identity } as const),
      );
    }
    return parsed({ frames });
  }

  #readBurst(frame: Uint8Array): FrameIdentity | undefined {
    if (frame.length < BURST_SAMPLES) return undefined;
    const scratch = this.#scratch;
    for (let i = 0; i < IDENTITY_BYTES; i++) {
      let byte = 0;
      for (let bit = 0; bit < 8; bit++) byte = (byte << 1) | ((frame[8 * i + bit] as number) >> 7);
      scratch[i] = byte;
    }
    return readIdentity(scratch, 0);
  }

  /** Whether all samples are in the lowest of the eight segments, 40 dB and more below full scale. */
  #isSilent(frame: Uint8Array): boolean {
    // the segment of silence itself, whatever its sign, is the lowest
    const lowest = this.#silence | POSITIVE;
    for (const byte of frame) if (((byte | POSITIVE) ^ lowest) & 0xf0) return false;
    return true;
  }
}

/** Speech of others that a transcoder cannot name sounds as a tone that no source here has. */
const UNKNOWN_HZ = 1010;
