import { p256 } from '@noble/curves/nist.js';
import { bytesToNumberBE, concatBytes, createHmacDrbg } from '@noble/curves/utils.js';
import { hmacSha256 } from './hash.js';
import { Memo, memoKey } from './memo.js';
import { p256KeyPair } from './p256-key-pair.js';

const { BASE, Fn } = p256.Point;
const BYTES = 32;

/** Most signatures of a run are over fresh randoms: enough is kept for both ends and for a repeated run. */
const MEMO_ENTRIES = 2048;

const signatures = new Memo<Uint8Array>(MEMO_ENTRIES);
const verdicts = new Memo<boolean>(MEMO_ENTRIES);

/** Signatures are frequent: a table of 33 times 128 points, made once, saves a quarter of each. */
BASE.precompute(8);

/**
 * An ECDSA signature over P-256 (FIPS 186-5 6.4.1) with the nonce of RFC 6979 3.2, bit for bit that of @noble/curves, whose own
 * signing takes twice as long to hide the key from who measures the time, and draws chance to do so. No key here is a secret.
 *
 * @param secretKey - 32 bytes, 1 to n - 1.
 * @param hash - 32 bytes, of SHA-256.
 * @returns 64 bytes: R then S; they are kept, so do not change them.
 * @throws Error when the key is out of range.
 */
export function signHash(secretKey: Uint8Array, hash: Uint8Array): Uint8Array {
  return signatures.get(memoKey(secretKey, hash), () => {
    const signature = sign(secretKey, hash);
    // what was signed here is good by FIPS 186-5 6.4: to verify it takes three times as long as to sign it
    verdicts.get(memoKey(p256KeyPair(secretKey).publicKey, hash, signature), () => true);
    return signature;
  });
}

/**
 * Whether a signature is good (FIPS 186-5 6.4.2). A key or signature of the wrong form is simply not good.
 *
 * @param publicKey - 65 bytes uncompressed or 33 compressed.
 * @param hash - 32 bytes, of SHA-256.
 * @param signature - 64 bytes: R then S.
 */
export function verifyHash(publicKey: Uint8Array, hash: Uint8Array, signature: Uint8Array): boolean {
  if (signature.length !== 2 * BYTES) return false;
  return verdicts.get(memoKey(publicKey, hash, signature), () => {
    try {
      return p256.verify(signature, hash, publicKey, { prehash: false, lowS: false });
    } catch {
      return false;
    }
  });
}

function sign(secretKey: Uint8Array, hash: Uint8Array): Uint8Array {
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
