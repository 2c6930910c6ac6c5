import { describe, expect, it } from 'vitest';
import { decodeALaw, decodeMuLaw, encodeALaw, encodeMuLaw } from './g711.js';
import { dominantFrequency, toneOf } from './tone.js';

/** Peak of a sine of 0 dBm0: 3.17 dB (mu-law) and 3.14 dB (A-law) below full scale (G.711 tables 1, 2; Q.551). */
const MU_LAW_PEAK = 8159 * 4 * 10 ** (-3.17 / 20);
const A_LAW_PEAK = 4096 * 8 * 10 ** (-3.14 / 20);

/** Eight samples of 1 kHz, beginning in the middle of a negative half-wave's rise as G.711 tables 5 and 6 do. */
function milliwatt(peak: number): number[] {
  return Array.from({ length: 8 }, (_, i) => Math.round(-peak * Math.sin((Math.PI * (2 * i + 1)) / 8)));
}

describe('G.711', () => {
  it('encodes 1 kHz at 0 dBm0 as the periodic sequences of its tables 5 and 6', () => {
    const hex = (bytes: number[]) => bytes.map((byte) => byte.toString(16).padStart(2, '0')).join(' ');
    expect(hex(milliwatt(MU_LAW_PEAK).map(encodeMuLaw))).toBe('1e 0b 0b 1e 9e 8b 8b 9e');
    expect(hex(milliwatt(A_LAW_PEAK).map(encodeALaw))).toBe('34 21 21 34 b4 a1 a1 b4');
  });

  it('gives every byte back, but the second zero of mu-law', () => {
    for (let byte = 0; byte < 256; byte++) {
      expect(encodeALaw(decodeALaw(byte))).toBe(byte);
      expect(encodeMuLaw(decodeMuLaw(byte))).toBe(byte === 0x7f ? 0xff : byte);
    }
  });

  it('takes the whole range of samples, and stays within half a step of them', () => {
    for (let sample = -32_768; sample < 32_768; sample += 7) {
      // steps are 1/16 of a segment, whose samples are at least as large
      const allowed = Math.abs(sample) / 32 + 8;
      expect(Math.abs(decodeALaw(encodeALaw(sample)) - sample)).toBeLessThanOrEqual(allowed);
      expect(Math.abs(decodeMuLaw(encodeMuLaw(sample)) - sample)).toBeLessThanOrEqual(Math.max(allowed, 644));
    }
  });
});

describe('a tone', () => {
  it('is found again in its frames, in all of them or in one', () => {
    for (const encoding of ['PCMU', 'PCMA'] as const) {
      for (const hz of [50, 440, 880, 1000, 3900]) {
        const frames = toneOf(encoding, hz);
        expect(frames.map(({ length }) => length)).toEqual([160, 160, 160, 160, 160]);
        expect(dominantFrequency(encoding, frames)).toBe(hz);
      }
    }
    const [one] = toneOf('PCMU', 880);
    expect(one && dominantFrequency('PCMU', [one])).toBe(880);
  });

  it('goes round without a step: the last sample is followed by the first', () => {
    const frames = toneOf('PCMU', 440);
    const samples = frames.flatMap((frame) => Array.from(frame, decodeMuLaw));
    const steps = samples.map((sample, i) =>
      Math.abs(sample - (samples[i - 1] ?? (samples.at(-1) as number))),
    );
    // 440 Hz at 8 kHz moves by at most 2*pi*440/8000 of the amplitude, and quantisation adds to that
    expect(Math.max(...steps)).toBeLessThan(8000 * 0.346 + 600);
  });

  it('is not found in silence', () => {
    expect(dominantFrequency('PCMU', [new Uint8Array(160).fill(0xff)])).toBeUndefined();
    expect(dominantFrequency('PCMA', [new Uint8Array(160).fill(0xd5)])).toBeUndefined();
    expect(dominantFrequency('PCMU', [])).toBeUndefined();
    expect(dominantFrequency('opus', toneOf('PCMU', 440))).toBeUndefined();
  });
});
