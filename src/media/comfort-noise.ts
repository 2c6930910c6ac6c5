import { type Parsed, parsed, unparsed } from '../wire/parsed.js';
import { FRAME_MS, type FrameIdentity } from './frame.js';
import { type DecodedSpeech, type SpeechCoding, silenceFrame } from './speech-coding.js';

/** Noise of -60 dBov without spectral information: a zeroth-order model (RFC 3389 3.1, 3.3). */
const LEVEL = 60;

/** A description in 200 ms; the rate is left open (RFC 3389 5). */
const FRAMES = 10;

/** Comfort noise, which takes the place of the frames of a codec without silence of its own (RFC 3389). */
export class ComfortNoiseCoding implements SpeechCoding {
  /** Nothing that is said fits into noise. */
  encodeSpeech(_identities: readonly (FrameIdentity | undefined)[]): Uint8Array {
    return Uint8Array.of(LEVEL);
  }

  encodeSilence(): Uint8Array {
    return Uint8Array.of(LEVEL);
  }

  nextSilence(index: number): number {
    return index + FRAMES;
  }

  /** The noise lasts until the next packet; what is known is the frame at whose place it came. */
  decode(payload: Uint8Array, timeMs: number): Parsed<DecodedSpeech> {
    if (payload.length === 0) return unparsed('comfort noise without a level', 0);
    return parsed({ frames: [silenceFrame(timeMs, FRAME_MS)] });
  }
}
