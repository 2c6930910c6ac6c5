import { sha1 } from '@noble/hashes/legacy.js';
import { sha256, sha384, sha512 } from '@noble/hashes/sha2.js';
import { toHex } from './encoding.js';

/** Hash functions of certificate fingerprints by their names in SDP (RFC 8122 5). */
export type FingerprintHash = 'sha-1' | 'sha-256' | 'sha-384' | 'sha-512';

const HASHES: Readonly<Record<FingerprintHash, (bytes: Uint8Array) => Uint8Array>> = {
  'sha-1': sha1,
  'sha-256': sha256,
  'sha-384': sha384,
  'sha-512': sha512,
};

/**
 * The fingerprint of a certificate as SDP has it: octets in upper-case hexadecimal with colons between (RFC 8122 5).
 * @param certificate - DER.
 */
export function certificateFingerprint(certificate: Uint8Array, hash: FingerprintHash = 'sha-256'): string {
  const digits = toHex(HASHES[hash](certificate)).toUpperCase();
  return (digits.match(/../g) ?? []).join(':');
}
