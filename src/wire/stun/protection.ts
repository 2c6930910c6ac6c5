import { hmac } from '@noble/hashes/hmac.js';
import { md5, sha1 } from '@noble/hashes/legacy.js';
import { sha256 } from '@noble/hashes/sha2.js';
import { ATTRIBUTES } from './attribute.js';
import { crc32 } from './crc32.js';
import { STUN_HEADER_BYTES } from './header.js';

/** RFC 8489 14.7. */
const FINGERPRINT_XOR = 0x5354554e;
const INTEGRITY_BYTES = 20;
const INTEGRITY_SHA256_BYTES = 32;
const encoder = new TextEncoder();

/** Short-term key: the password's UTF-8 (RFC 8489 9.1.1). The password is taken as already prepared (RFC 8265). */
export function shortTermKey(password: string): Uint8Array {
  return encoder.encode(password);
}

/** Long-term key: MD5 over `username:realm:password` (RFC 8489 9.2.2, 18.5.1.1). */
export function longTermKey(username: string, realm: string, password: string): Uint8Array {
  return md5(encoder.encode(`${username}:${realm}:${password}`));
}

/** Long-term key for the password algorithm SHA-256 (RFC 8489 18.5.1.2). */
export function longTermKeySha256(username: string, realm: string, password: string): Uint8Array {
  return sha256(encoder.encode(`${username}:${realm}:${password}`));
}

/** USERHASH of a user in a realm (RFC 8489 14.4). */
export function userHash(username: string, realm: string): Uint8Array {
  return sha256(encoder.encode(`${username}:${realm}`));
}

/** The message before `at`, its length field as if the message ended `attributeBytes` behind `at` (RFC 8489 14.5). */
function covered(bytes: Uint8Array, at: number, attributeBytes: number): Uint8Array {
  const text = bytes.slice(0, at);
  const length = at + attributeBytes - STUN_HEADER_BYTES;
  text[2] = length >> 8;
  text[3] = length & 255;
  return text;
}

/** The MESSAGE-INTEGRITY value of a message whose attribute begins at `at`. */
export function integrityOf(bytes: Uint8Array, at: number, key: Uint8Array): Uint8Array {
  return hmac(sha1, key, covered(bytes, at, 4 + INTEGRITY_BYTES));
}

/** The MESSAGE-INTEGRITY-SHA256 value of a message whose attribute begins at `at`, cut to `length` bytes. */
export function integritySha256Of(
  bytes: Uint8Array,
  at: number,
  key: Uint8Array,
  length = INTEGRITY_SHA256_BYTES,
): Uint8Array {
  return hmac(sha256, key, covered(bytes, at, 4 + length)).subarray(0, length);
}

/** The FINGERPRINT value of a message whose attribute begins at `at` and ends it, as an unsigned number. */
export function fingerprintOf(bytes: Uint8Array, at: number): number {
  return (crc32(covered(bytes, at, 8)) ^ FINGERPRINT_XOR) >>> 0;
}

/** `absent`: the message has no such attribute. `bad`: it has, with another value, length or place. */
export type Check = 'good' | 'bad' | 'absent';

/** Checks MESSAGE-INTEGRITY over the bytes as received, padding included (RFC 8489 9.1.3, 14.5). */
export function checkIntegrity(bytes: Uint8Array, key: Uint8Array): Check {
  const found = find(bytes, ATTRIBUTES['MESSAGE-INTEGRITY'][0]);
  if (found === undefined) return 'absent';
  if (found.value.length !== INTEGRITY_BYTES) return 'bad';
  return equal(integrityOf(bytes, found.at, key), found.value) ? 'good' : 'bad';
}

/**
 * Checks MESSAGE-INTEGRITY-SHA256 over the bytes as received (RFC 8489 14.6).
 * @param minimumBytes - shortest truncation accepted, 16 to 32; ICE does not truncate. Default 32.
 */
export function checkIntegritySha256(
  bytes: Uint8Array,
  key: Uint8Array,
  minimumBytes = INTEGRITY_SHA256_BYTES,
): Check {
  const found = find(bytes, ATTRIBUTES['MESSAGE-INTEGRITY-SHA256'][0]);
  if (found === undefined) return 'absent';
  const { length } = found.value;
  if (length < Math.max(16, minimumBytes) || length > INTEGRITY_SHA256_BYTES || length % 4 !== 0)
    return 'bad';
  return equal(integritySha256Of(bytes, found.at, key, length), found.value) ? 'good' : 'bad';
}

/** Checks FINGERPRINT over the bytes as received (RFC 8489 14.7). */
export function checkFingerprint(bytes: Uint8Array): Check {
  const found = find(bytes, ATTRIBUTES.FINGERPRINT[0]);
  if (found === undefined) return 'absent';
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  // The length field is covered as it stands, so it has to be right (RFC 8489 14.7).
  const last = found.at + 8 === bytes.length && view.getUint16(2) === bytes.length - STUN_HEADER_BYTES;
  if (found.value.length !== 4 || !last) return 'bad';
  return view.getUint32(found.at + 4) === fingerprintOf(bytes, found.at) ? 'good' : 'bad';
}

/** The first attribute of a type in the bytes of a message. */
function find(
  bytes: Uint8Array,
  type: number,
): { readonly at: number; readonly value: Uint8Array } | undefined {
  for (let at = STUN_HEADER_BYTES; at + 4 <= bytes.length; ) {
    const length = ((bytes[at + 2] as number) << 8) | (bytes[at + 3] as number);
    if (at + 4 + length > bytes.length) return undefined;
    if ((((bytes[at] as number) << 8) | (bytes[at + 1] as number)) === type) {
      return { at, value: bytes.subarray(at + 4, at + 4 + length) };
    }
    at += 4 + ((length + 3) & ~3);
  }
  return undefined;
}

/** In a time that does not depend on where two values of the same length differ. */
function equal(a: Uint8Array, b: Uint8Array): boolean {
  let difference = a.length ^ b.length;
  for (let i = 0; i < a.length; i += 1) difference |= (a[i] as number) ^ (b[i] ?? 0);
  return difference === 0;
}
