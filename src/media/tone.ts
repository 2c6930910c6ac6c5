import { decodeALaw, decodeMuLaw, encodeALaw, encodeMuLaw } from './g711.js';

/** The two ways of G.711 to compand a sample. */
export type Law = 'PCMU' | 'PCMA';

/** Samples of a G.711 frame of 20 ms, the default of RFC 3551 4.5. */
export const FRAME_SAMPLES = 160;
const SAMPLE_RATE_HZ = 8000;

/** A tone whose frequency is a multiple of 10 Hz repeats after five frames. */
export const TONE_FRAMES = 5;
const GRID_HZ = SAMPLE_RATE_HZ / (TONE_FRAMES * FRAME_SAMPLES);

/** About -9 dBm0 (G.711 table 5 has 0 dBm0 at 22655). */
const AMPLITUDE = 8000;

/** Tones made so far: a pure function of law and frequency. There are at most 400 of a law. */
const tones: Record<Law, (readonly Uint8Array[])[]> = { PCMU: [], PCMA: [] };

/**
 * The five frames after which a tone repeats. Rounded to whole samples, a sine is the same on every machine, though its
 * last bits are not.
 *
 * @param frequencyHz a multiple of 10, below 4000
 */
export function toneOf(law: Law, frequencyHz: number): readonly Uint8Array[] {
  const made = tones[law][frequencyHz];
  if (made !== undefined) return made;
  const encode = law === 'PCMU' ? encodeMuLaw : encodeALaw;
  const radians = (2 * Math.PI * frequencyHz) / SAMPLE_RATE_HZ;
  const frames = Array.from({ length: TONE_FRAMES }, (_, frame) =>
    Uint8Array.from({ length: FRAME_SAMPLES }, (_, i) =>
      encode(Math.round(AMPLITUDE * Math.sin(radians * (frame * FRAME_SAMPLES + i)))),
    ),
  );
  tones[law][frequencyHz] = frames;
  return frames;
}

/**
 * The strongest frequency in frames of G.711, to 10 Hz.
 *
 * @param encoding any encoding name
 * @param frames consecutive frames of 20 ms, of which the last five count
 * @returns `undefined` for another codec, and where there is nothing but silence
 */
export function dominantFrequency(encoding: string, frames: readonly Uint8Array[]): number | undefined {
  const name = encoding.toUpperCase();
  const decode = name === 'PCMU' ? decodeMuLaw : name === 'PCMA' ? decodeALaw : undefined;
  if (decode === undefined) return undefined;
  const decoded = frames.slice(-TONE_FRAMES).flatMap((frame) => Array.from(frame, decode));
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
