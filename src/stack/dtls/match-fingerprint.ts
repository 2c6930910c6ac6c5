import { certificateFingerprint, type FingerprintHash } from '../../crypto/index.js';
import type { Fingerprint } from './types.js';

/** Hash functions taken in fingerprints, the most preferred first (RFC 8122 5). */
export const DEFAULT_HASHES: readonly FingerprintHash[] = ['sha-512', 'sha-384', 'sha-256'];

/**
 * Why a certificate does not match: of the fingerprints, those with the most preferred hash function count, and one
 * of them has to match (RFC 8122 5.1).
 *
 * @param certificate DER
 * @returns `undefined` when it matches
 */
export function fingerprintMismatch(
  certificate: Uint8Array,
  fingerprints: readonly Fingerprint[],
  hashes: readonly FingerprintHash[],
): string | undefined {
  const named = (hash: FingerprintHash): readonly Fingerprint[] =>
    fingerprints.filter(({ algorithm }) => algorithm.toLowerCase() === hash);
  const hash = hashes.find((one) => named(one).length > 0);
  if (hash === undefined) return 'no fingerprint with an accepted hash function is known of the peer';
  const actual = certificateFingerprint(certificate, hash);
  return named(hash).some(({ value }) => value.toUpperCase() === actual)
    ? undefined
    : `the certificate of the peer has not the ${hash} fingerprint of its session description`;
}
