import { p256 } from '@noble/curves/nist.js';
import { Memo, memoKey } from './memo.js';

/** A P-256 key pair (FIPS 186-5). */
export interface P256KeyPair {
  /** 32 bytes, big-endian. */
  readonly secretKey: Uint8Array;
  /** 65 bytes: 4, x, y (SEC 1 2.3.3). */
  readonly publicKey: Uint8Array;
}

const SEED_BYTES = 32;
/** A campaign reuses a few keys; a fuzzed one must not grow the memo without bound. */
const MEMO_ENTRIES = 1024;

const keyPairs = new Memo<P256KeyPair>(MEMO_ENTRIES);

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
