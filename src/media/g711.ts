/** G.711 companding (ITU-T G.711 tables 1 and 2) of 16-bit linear samples: one byte a sample (RFC 3551 4.5.14). */

/** Offset that makes the segments of the mu-law powers of two, for 16-bit samples. */
const MU_LAW_BIAS = 132;
const MU_LAW_CLIP = 32_635;

/** @param sample -32768 to 32767 */
export function encodeMuLaw(sample: number): number {
  const sign = sample < 0 ? 0x80 : 0;
  const magnitude = Math.min(Math.abs(sample), MU_LAW_CLIP) + MU_LAW_BIAS;
  const segment = 24 - Math.clz32(magnitude);
  const mantissa = (magnitude >> (segment + 3)) & 0x0f;
  return ~(sign | (segment << 4) | mantissa) & 0xff;
}

/** @param byte 0 to 255 */
export function decodeMuLaw(byte: number): number {
  const inverted = ~byte & 0xff;
  const segment = (inverted >> 4) & 7;
  const magnitude = ((((inverted & 0x0f) << 3) + MU_LAW_BIAS) << segment) - MU_LAW_BIAS;
  return (inverted & 0x80) === 0 ? magnitude : -magnitude;
}

/** G.711 inverts every other bit of an A-law byte. */
const A_LAW_INVERSION = 0x55;

/** @param sample -32768 to 32767 */
export function encodeALaw(sample: number): number {
  const sign = sample < 0 ? 0 : 0x80;
  const magnitude = sample < 0 ? ~sample : sample;
  if (magnitude < 256) return (sign | (magnitude >> 4)) ^ A_LAW_INVERSION;
  const segment = 24 - Math.clz32(magnitude);
  return (sign | (segment << 4) | ((magnitude >> (segment + 3)) & 0x0f)) ^ A_LAW_INVERSION;
}

/** @param byte 0 to 255 */
export function decodeALaw(byte: number): number {
  const code = byte ^ A_LAW_INVERSION;
  const segment = (code >> 4) & 7;
  const step = (code & 0x0f) << 4;
  const magnitude = segment === 0 ? step + 8 : (step + 264) << (segment - 1);
  return (code & 0x80) === 0 ? -magnitude : magnitude;
}
