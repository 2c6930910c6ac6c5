import type { Parsed } from '../wire/parsed.js';
import type { FrameIdentity, SilenceFrame, SpeechFrame } from './frame.js';
import { IDENTITY_BYTES, readIdentity, writeIdentity } from './identity.js';

/** What a payload of a speech codec held. */
export interface DecodedSpeech {
  readonly frames: readonly (SpeechFrame | SilenceFrame)[];
  readonly modeRequest?: number;
}

/** How a speech codec of a session codes frames of 20 ms. */
export interface SpeechCoding {
  /** The payload of consecutive frames of speech, one to the twelve that fill 240 ms. */
  encodeSpeech(identities: readonly (FrameIdentity | undefined)[]): Uint8Array;
  /** The payload of one frame of silence; `index` counts the frames of the silence from 0. */
  encodeSilence(index: number): Uint8Array;
  /** Which frame of a silence is sent after the one with that index. */
  nextSilence(index: number): number;
  /** @param timeMs when the first frame was sampled */
  decode(payload: Uint8Array, timeMs: number): Parsed<DecodedSpeech>;
  requestMode?(mode: number): void;
}

/** What stands behind the identity in a frame: speech bits that say nothing, the same in all frames. */
const FILLER = Uint8Array.from({ length: 512 }, (_, i) => (i * 0x9d + 0x35) & 0xff);

/**
 * The coded bits of a frame, first bit first: what means something to the codec, zeros in the place of an identity, which do
 * not pass for one, and filler.
 *
 * @param bits 64 at least, besides `lead`; zeros fill the last byte
 */
export function speechBits(bits: number, lead: Uint8Array = NO_LEAD): Uint8Array {
  const length = (bits + 7) >> 3;
  const result = new Uint8Array(length);
  for (let i = lead.length + IDENTITY_BYTES; i < length; i++) result[i] = FILLER[i % FILLER.length] as number;
  result.set(lead);
  if (bits & 7) result[length - 1] = (result[length - 1] as number) & (0xff << (8 - (bits & 7)));
  return result;
}

const NO_LEAD = new Uint8Array(0);

/** A payload in which nobody speaks yet. */
export interface PayloadTemplate {
  readonly bytes: Uint8Array;
  /** Where the identity of each frame goes, in bits. */
  readonly places: readonly number[];
}

/** A payload of those who speak. */
export function fillTemplate(
  { bytes, places }: PayloadTemplate,
  identities: readonly (FrameIdentity | undefined)[],
): Uint8Array {
  const result = bytes.slice();
  for (let i = 0; i < identities.length; i++) {
    const identity = identities[i];
    if (identity !== undefined) writeIdentity(result, places[i] as number, identity);
  }
  return result;
}

/** @param place of its identity in bits */
export function speechFrame(
  payload: Uint8Array,
  place: number,
  timeMs: number,
  durationMs: number,
): SpeechFrame {
  return { kind: 'speech', timeMs, durationMs, identity: readIdentity(payload, place) };
}

export function silenceFrame(timeMs: number, durationMs: number): SilenceFrame {
  return { kind: 'silence', timeMs, durationMs };
}
