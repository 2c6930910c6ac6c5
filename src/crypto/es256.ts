import { p256 } from '@noble/curves/nist.js';
import { sha256 } from './hash.js';
import { Memo, memoKey } from './memo.js';
import { signHash } from './p256-sign.js';

/** A P-256 key pair (FIPS 186-5). */
export interface P256KeyPair {
  /** 32 bytes, big-endian. */
  readonly secretKey: Uint8Array;
  /** 65 bytes: 4, x, y (SEC 1 2.3.3). */
  readonly publicKey: Uint8Array;
}

const SEED_BYTES = 32;
const SIGNATURE_BYTES = 64;
/** A campaign reuses a few keys and tokens; a fuzzed one must not grow the memos without bound. */
const MEMO_ENTRIES = 1024;

const keyPairs = new Memo<P256KeyPair>(MEMO_ENTRIES);
const signatures = new Memo<Uint8Array>(MEMO_ENTRIES);
const verdicts = new Memo<boolean>(MEMO_ENTRIES);

/**
 * The key pair a seed stands for: the seed as a number, brought into the range of secret keys (RFC 6979 2.1).
 * @param seed - 32 bytes.
 * @throws RangeError when the seed has another length.
 */
export function p256KeyPair(seed: Uint8Array): P256KeyPair {
  if (seed.length !== SEED_BYTES) throw new RangeError(`a P-256 seed has 32 bytes, not ${seed.length}`);
  let number = 0n;
  for (const byte of seed) number = (number << 8n) | BigInt(byte);
  // Secret keys are 1 to n - 1; a seed in that range stands for itself.
  let secret = number % p256.Point.Fn.ORDER;
  if (secret === 0n) secret = 1n;
  const secretKey = new Uint8Array(SEED_BYTES);
  for (let i = SEED_BYTES - 1; i >= 0; i -= 1) {
    secretKey[i] = Number(secret & 255n);
    secret >>= 8n;
  }
  return keyPairs.get(memoKey(secretKey), () => ({
    secretKey,
    publicKey: p256.getPublicKey(secretKey, false),
  }));
}

/**
 * ES256 (RFC 7518 3.4): ECDSA over P-256 and SHA-256, deterministic by RFC 6979. Results are kept, so do not change the
 * returned bytes.
 * @param secretKey - 32 bytes.
 * @returns 64 bytes: R then S.
 */
export function signEs256(secretKey: Uint8Array, message: Uint8Array): Uint8Array {
  return signatures.get(memoKey(secretKey, message), () => {
    const signature = signHash(secretKey, sha256(message));
    // what was signed here is good by FIPS 186-5 6.4: to verify it takes three times as long as to sign it
    verdicts.get(memoKey(p256KeyPair(secretKey).publicKey, message, signature), () => true);
    return signature;
  });
}

/**
 * Whether a signature is good (RFC 7518 3.4). A key or signature of the wrong form is simply not good.
 * @param publicKey - 65 bytes uncompressed or 33 compressed.
 * @param signature - 64 bytes: R then S.
 */
export function verifyEs256(publicKey: Uint8Array, message: Uint8Array, signature: Uint8Array): boolean {
  if (signature.length !== SIGNATURE_BYTES) return false;
  return verdicts.get(memoKey(publicKey, message, signature), () => {
    try {
      return p256.verify(signature, message, publicKey, { lowS: false });
    } catch {
      return false;
    }
  });
}
