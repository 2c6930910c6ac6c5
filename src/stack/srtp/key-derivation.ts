import { Aes, wordAt } from '../../crypto/aes.js';
import type { SrtpMasterKey } from './profile.js';

/** Labels of the keys for RTP; those for RTCP are three higher (RFC 3711 4.3.1, 4.3.2). */
export const LABEL = { encryption: 0, authentication: 1, salt: 2 } as const;
/** What the labels of SRTCP are higher by. */
export const RTCP_LABELS = 3;

/** Key of HMAC-SHA1 (RFC 3711 5.2). */
export const AUTHENTICATION_KEY_BYTES = 20;

/** Byte of the 112-bit salt that the label falls on, with an index of 48 bits behind it (RFC 3711 4.3.1). */
const LABEL_AT = 7;

/**
 * A session key by the AES-CM PRF (RFC 3711 4.3.3) at key derivation rate 0. A salt of 96 bits is extended to 112 with zeros
 * at its end, which RFC 7714 leaves open and all implementations do.
 *
 * @param bytes - length of the key
 */
export function deriveSessionKey({ key, salt }: SrtpMasterKey, label: number, bytes: number): Uint8Array {
  const x = new Uint8Array(16);
  x.set(salt);
  x[LABEL_AT] = (x[LABEL_AT] as number) ^ label;
  const derived = new Uint8Array(bytes);
  new Aes(key).counterMode(wordAt(x, 0), wordAt(x, 4), wordAt(x, 8), wordAt(x, 12), derived, 0, bytes);
  return derived;
}
