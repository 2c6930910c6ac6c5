import type { FrameIdentity } from './frame.js';
import { IDENTITY_BYTES, readIdentity, writeIdentity } from './identity.js';

/** Bytes of a coded picture that say nothing; none is zero, so that no start code appears (H.264 7.4.1.1). */
const FILLER = Uint8Array.from({ length: 4096 }, (_, i) => 0x80 | ((i * 0x2d + 0x11) & 0x7f));

/** Fills bytes with what says nothing. */
export function fillPicture(bytes: Uint8Array, from: number): void {
  for (let at = from; at < bytes.length; at += FILLER.length) {
    bytes.set(FILLER.subarray(0, bytes.length - at), at);
  }
}

/** Bytes of an identity in half bytes. */
export const HALVED_BYTES = 2 * IDENTITY_BYTES;

/** Writes an identity as half bytes with the highest bit set, which cannot look like a start code either. */
export function writeHalved(bytes: Uint8Array, at: number, identity: FrameIdentity): void {
  const whole = new Uint8Array(IDENTITY_BYTES);
  writeIdentity(whole, 0, identity);
  for (let i = 0; i < IDENTITY_BYTES; i++) {
    bytes[at + 2 * i] = 0x80 | ((whole[i] as number) >> 4);
    bytes[at + 2 * i + 1] = 0x80 | ((whole[i] as number) & 15);
  }
}

/** What {@link writeHalved} wrote; `undefined` for anything else. */
export function readHalved(bytes: Uint8Array, at: number): FrameIdentity | undefined {
  if (at + HALVED_BYTES > bytes.length) return undefined;
  const whole = new Uint8Array(IDENTITY_BYTES);
  for (let i = 0; i < IDENTITY_BYTES; i++) {
    whole[i] = ((bytes[at + 2 * i] as number) << 4) | ((bytes[at + 2 * i + 1] as number) & 15);
  }
  return readIdentity(whole, 0);
}
