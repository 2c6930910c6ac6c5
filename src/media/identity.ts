import type { FrameIdentity } from './frame.js';

/**
 * Bytes of an identity: stream 16 bits, pitch 8 (in 20 Hz), number 24, and a CRC-16 over these six bytes. With the checksum
 * one frame of others in 65,536 is taken for one of ours.
 */
export const IDENTITY_BYTES = 8;

/** What one unit of the pitch field stands for. */
export const PITCH_STEP_HZ = 20;

/** CRC-16 of ITU-T X.25's polynomial x^16 + x^12 + x^5 + 1, most significant bit first; begun with ones, so that zeros do not pass. */
const CRC_TABLE = Uint16Array.from({ length: 256 }, (_, byte) => {
  let crc = byte << 8;
  for (let bit = 0; bit < 8; bit++) crc = crc & 0x8000 ? (crc << 1) ^ 0x1021 : crc << 1;
  return crc;
});

function crcOf(bytes: Uint8Array): number {
  let crc = 0xffff;
  for (let i = 0; i < 6; i++) {
    crc = ((crc << 8) & 0xffff) ^ (CRC_TABLE[(crc >> 8) ^ (bytes[i] as number)] as number);
  }
  return crc;
}

/** An identity on its way into or out of other bytes; nothing is left in it between calls. */
const scratch = new Uint8Array(IDENTITY_BYTES);

/**
 * Writes the 64 bits of an identity over what is there.
 *
 * @param at offset of the first of them in bits
 */
export function writeIdentity(bytes: Uint8Array, at: number, identity: FrameIdentity): void {
  const { stream, number, pitchHz } = identity;
  scratch[0] = stream >> 8;
  scratch[1] = stream;
  scratch[2] = pitchHz / PITCH_STEP_HZ;
  scratch[3] = number >> 16;
  scratch[4] = number >> 8;
  scratch[5] = number;
  const crc = crcOf(scratch);
  scratch[6] = crc >> 8;
  scratch[7] = crc;
  const start = at >> 3;
  const shift = at & 7;
  if (shift === 0) {
    for (let i = 0; i < IDENTITY_BYTES; i++) bytes[start + i] = scratch[i] as number;
    return;
  }
  const kept = 0xff >> shift;
  bytes[start] = ((bytes[start] as number) & ~kept) | ((scratch[0] as number) >> shift);
  for (let i = 1; i < IDENTITY_BYTES; i++) {
    const pair = ((scratch[i - 1] as number) << 8) | (scratch[i] as number);
    bytes[start + i] = pair >> shift;
  }
  const end = start + IDENTITY_BYTES;
  bytes[end] = ((scratch[7] as number) << (8 - shift)) | ((bytes[end] as number) & kept);
}

/**
 * The identity at that offset, `undefined` where the bytes end too early or the checksum is wrong.
 *
 * @param at in bits
 */
export function readIdentity(bytes: Uint8Array, at: number): FrameIdentity | undefined {
  const start = at >> 3;
  const shift = 8 - (at & 7);
  if (at + 8 * IDENTITY_BYTES > 8 * bytes.length) return undefined;
  for (let i = 0; i < IDENTITY_BYTES; i++) {
    const pair = ((bytes[start + i] as number) << 8) | (bytes[start + i + 1] as number);
    scratch[i] = pair >> shift;
  }
  const crc = ((scratch[6] as number) << 8) | (scratch[7] as number);
  if (crc !== crcOf(scratch)) return undefined;
  return {
    stream: ((scratch[0] as number) << 8) | (scratch[1] as number),
    number: ((scratch[3] as number) << 16) | ((scratch[4] as number) << 8) | (scratch[5] as number),
    pitchHz: (scratch[2] as number) * PITCH_STEP_HZ,
  };
}
