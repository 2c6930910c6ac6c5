import { hmac } from '@noble/hashes/hmac.js';
import { sha256 } from '@noble/hashes/sha2.js';
import { toUtf8 } from './encoding.js';
import { Memo, memoKey } from './memo.js';

/** Both ends of a connection ask for the same, one soon after the other. */
const MEMO_ENTRIES = 64;

const outputs = new Memo<Uint8Array>(MEMO_ENTRIES);

/**
 * The pseudorandom function of TLS 1.2 with SHA-256 (RFC 5246 5). Results are kept for a while, so do not change the
 * returned bytes.
 * @param label - ASCII.
 * @param length - bytes wanted, 0 or more.
 */
export function tlsPrf(secret: Uint8Array, label: string, seed: Uint8Array, length: number): Uint8Array {
  return outputs.get(`${label} ${length} ${memoKey(secret, seed)}`, () =>
    expand(secret, label, seed, length),
  );
}

function expand(secret: Uint8Array, label: string, seed: Uint8Array, length: number): Uint8Array {
  const labelBytes = toUtf8(label);
  const labelledSeed = new Uint8Array(labelBytes.length + seed.length);
  labelledSeed.set(labelBytes);
  labelledSeed.set(seed, labelBytes.length);
  // the two blocks that depend on the secret alone are hashed once
  const keyed = hmac.create(sha256, secret);
  const output = new Uint8Array(length);
  let a = keyed.clone().update(labelledSeed).digest();
  for (let at = 0; at < length; ) {
    const block = keyed.clone().update(a).update(labelledSeed).digest();
    output.set(at + block.length <= length ? block : block.subarray(0, length - at), at);
    at += block.length;
    if (at < length) a = keyed.clone().update(a).digest();
  }
  return output;
}
