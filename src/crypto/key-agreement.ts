import { x25519 } from '@noble/curves/ed25519.js';
import { p256 } from '@noble/curves/nist.js';
import { Memo, memoKey } from './memo.js';
import { p256KeyPair } from './p256-key-pair.js';

/** A curve for a key agreement by its name in RFC 8422 5.1.1. */
export type NamedCurve = 'x25519' | 'secp256r1';

/** A key pair for Diffie-Hellman. */
export interface AgreementKeyPair {
  readonly curve: NamedCurve;
  /** 32 bytes. */
  readonly secretKey: Uint8Array;
  /** X25519: 32 bytes (RFC 7748 6.1). P-256: 65 bytes, 4, x, y (RFC 8422 5.4.1). */
  readonly publicKey: Uint8Array;
}

const SEED_BYTES = 32;
const P256_POINT_BYTES = 65;
const UNCOMPRESSED = 4;
/** Runs draw their keys from small pools; a fuzzed peer must not make the memos grow without bound. */
const MEMO_ENTRIES = 1024;

const x25519Pairs = new Memo<AgreementKeyPair>(MEMO_ENTRIES);
const secrets = new Memo<Uint8Array | 'none'>(MEMO_ENTRIES);

/**
 * The key pair a seed stands for. Results are kept.
 * @param seed - 32 bytes.
 * @throws RangeError when the seed has another length.
 */
export function agreementKeyPair(curve: NamedCurve, seed: Uint8Array): AgreementKeyPair {
  if (curve === 'secp256r1') return { curve, ...p256KeyPair(seed) };
  if (seed.length !== SEED_BYTES) throw new RangeError(`an X25519 seed has 32 bytes, not ${seed.length}`);
  const secretKey = seed.slice();
  return x25519Pairs.get(memoKey(secretKey), () => ({
    curve,
    secretKey,
    publicKey: x25519.getPublicKey(secretKey),
  }));
}

/**
 * The secret two ends share: X25519 (RFC 7748 6.1) or the x coordinate of ECDH on P-256 (RFC 8422 5.10), 32 bytes. It is
 * the same whichever end computes it, so it is kept under both public keys and computed once for both. Do not change
 * the returned bytes.
 * @returns `undefined` when the peer's key is no point of the curve, or leads to no secret (RFC 7748 6.1: all zeros).
 */
export function agreeOnSecret(own: AgreementKeyPair, peerPublicKey: Uint8Array): Uint8Array | undefined {
  const { curve, secretKey, publicKey } = own;
  const ends = [memoKey(publicKey), memoKey(peerPublicKey)].sort();
  const secret = secrets.get(`${curve} ${ends.join()}`, () => {
    try {
      if (curve === 'x25519') return x25519.getSharedSecret(secretKey, peerPublicKey);
      // other forms than the uncompressed are not to be taken (RFC 8422 5.4.1)
      if (peerPublicKey.length !== P256_POINT_BYTES || peerPublicKey[0] !== UNCOMPRESSED) return 'none';
      return p256.getSharedSecret(secretKey, peerPublicKey, true).slice(1);
    } catch {
      return 'none';
    }
  });
  return secret === 'none' ? undefined : secret;
}
