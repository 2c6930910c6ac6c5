import { p256 } from '@noble/curves/nist.js';
import { bytesToNumberBE, concatBytes, createHmacDrbg } from '@noble/curves/utils.js';
import { hmacSha256 } from './hash.js';

const { BASE, Fn } = p256.Point;
const BYTES = 32;

/** Signatures are frequent: a table of 33 times 128 points, made once, saves a quarter of each. */
BASE.precompute(8);

/**
 * An ECDSA signature over P-256 (FIPS 186-5 6.4.1) with the nonce of RFC 6979 3.2, bit for bit that of @noble/curves, whose own
 * signing takes twice as long to hide the key from who measures the time, and draws chance to do so. No key here is a secret.
 *
 * @param secretKey - 32 bytes, 1 to n - 1.
 * @param hash - 32 bytes, of SHA-256.
 * @returns 64 bytes: R then S.
 * @throws Error when the key is out of range.
 */
export function signHash(secretKey: Uint8Array, hash: Uint8Array): Uint8Array {
  const key = Fn.fromBytes(secretKey);
  if (key === 0n) throw new Error('a P-256 secret key is at least 1');
  const digest = Fn.create(bytesToNumberBE(hash));
  const nonces = createHmacDrbg<Uint8Array>(BYTES, BYTES, hmacSha256);
  return nonces(concatBytes(Fn.toBytes(key), Fn.toBytes(digest)), (bytes) => {
    const nonce = bytesToNumberBE(bytes);
    if (nonce === 0n || nonce >= Fn.ORDER) return undefined;
    const r = Fn.create(BASE.multiplyUnsafe(nonce).toAffine().x);
    const s = Fn.mul(Fn.inv(nonce), Fn.create(digest + r * key));
    return r === 0n || s === 0n ? undefined : concatBytes(Fn.toBytes(r), Fn.toBytes(s));
  });
}
