import { decodeALaw, decodeMuLaw, encodeALaw, encodeMuLaw } from './g711.js';

/** Samples of a G.711 frame of 20 ms, the default of RFC 3551 4.5. */
const FRAME_SAMPLES = 160;
const SAMPLE_RATE_HZ = 8000;

/** A tone whose frequency is a multiple of 10 Hz repeats after five frames. */
const FRAMES = 5;
const GRID_HZ = SAMPLE_RATE_HZ / (FRAMES * FRAME_SAMPLES);

/** About -9 dBm0 (G.711 table 5 has 0 dBm0 at 22655). */
const AMPLITUDE = 8000;

/** Time between two packets, and what each carries, in ms (RFC 3551 4.5). */
export const FRAME_MS = 20;

/** What a sender puts into its packets, one frame after the other and round again. */
export interface FrameLoop {
  readonly frames: readonly Uint8Array[];
  /** By how much the RTP timestamp grows with a frame. */
  readonly timestampStep: number;
}

/**
 * A frame of Opus without sound: 20 ms of CELT, fullband, that decodes to silence (RFC 6716 3.1). Chosen where nothing
 * here encodes the codec.
 */
const OPUS_SILENCE: FrameLoop = { frames: [Uint8Array.of(0xf8, 0xff, 0xfe)], timestampStep: 960 };
/** Bandwidth-efficient AMR-WB: no mode request, one frame of type NO_DATA (RFC 4867 4.3.1, 4.3.2). */
const AMR_WB_SILENCE: FrameLoop = { frames: [Uint8Array.of(0xf7, 0xc0)], timestampStep: 320 };
/** The same, octet-aligned (RFC 4867 4.4.1, 4.4.2). */
const AMR_WB_SILENCE_ALIGNED: FrameLoop = { frames: [Uint8Array.of(0xf0, 0x7c)], timestampStep: 320 };

/** Tones made so far: a pure function of codec and frequency, whatever the run. */
const tones = new Map<string, FrameLoop>();

/**
 * The frames of a tone in a codec. Only G.711 carries the tone; Opus and AMR-WB carry silence.
 *
 * @param frequencyHz a multiple of 10, below 4000
 * @param fmtp format parameters, of which `octet-align` matters
 * @returns `undefined` for codecs that nothing here can fill
 */
export function toneFrames(encoding: string, frequencyHz: number, fmtp = ''): FrameLoop | undefined {
  const name = encoding.toUpperCase();
  if (name === 'OPUS') return OPUS_SILENCE;
  if (name === 'AMR-WB') return /octet-align=1/.test(fmtp) ? AMR_WB_SILENCE_ALIGNED : AMR_WB_SILENCE;
  const encode = name === 'PCMU' ? encodeMuLaw : name === 'PCMA' ? encodeALaw : undefined;
  if (encode === undefined) return undefined;
  const key = `${name} ${frequencyHz}`;
  let loop = tones.get(key);
  if (loop === undefined) tones.set(key, (loop = makeTone(frequencyHz, encode)));
  return loop;
}

/** Rounded to whole samples, a sine is the same on every machine, though its last bits are not. */
function makeTone(frequencyHz: number, encode: (sample: number) => number): FrameLoop {
  const radians = (2 * Math.PI * frequencyHz) / SAMPLE_RATE_HZ;
  const frames = Array.from({ length: FRAMES }, (_, frame) =>
    Uint8Array.from({ length: FRAME_SAMPLES }, (_, i) =>
      encode(Math.round(AMPLITUDE * Math.sin(radians * (frame * FRAME_SAMPLES + i)))),
    ),
  );
  return { frames, timestampStep: FRAME_SAMPLES };
}

/**
 * The strongest frequency in frames of G.711, to 10 Hz.
 *
 * @param frames consecutive frames of 20 ms, of which the last five count
 * @returns `undefined` for another codec, and where there is nothing but silence
 */
export function dominantFrequency(encoding: string, frames: readonly Uint8Array[]): number | undefined {
  const name = encoding.toUpperCase();
  const decode = name === 'PCMU' ? decodeMuLaw : name === 'PCMA' ? decodeALaw : undefined;
  if (decode === undefined) return undefined;
  const decoded = frames.slice(-FRAMES).flatMap((frame) => Array.from(frame, decode));
  // A-law has no zero: silence is a constant
  const mean = decoded.reduce((sum, sample) => sum + sample, 0) / decoded.length;
  const samples = decoded.map((sample) => sample - mean);
  let strongest = 0;
  let found: number | undefined;
  for (let hz = GRID_HZ; hz < SAMPLE_RATE_HZ / 2; hz += GRID_HZ) {
    const power = powerAt(samples, hz);
    // what rounding leaves is no sound
    if (power <= strongest || power < samples.length) continue;
    strongest = power;
    found = hz;
  }
  return found;
}

/** Signal power at a frequency by Goertzel's recurrence. */
function powerAt(samples: readonly number[], hz: number): number {
  const coefficient = 2 * Math.cos((2 * Math.PI * hz) / SAMPLE_RATE_HZ);
  let last = 0;
  let beforeLast = 0;
  for (const sample of samples) {
    const next = sample + coefficient * last - beforeLast;
    beforeLast = last;
    last = next;
  }
  return last * last + beforeLast * beforeLast - coefficient * last * beforeLast;
}
