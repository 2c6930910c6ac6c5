import { sha256 } from './hash.js';
import { signHash, verifyHash } from './p256-sign.js';

/**
 * ES256 (RFC 7518 3.4): ECDSA over P-256 and SHA-256, deterministic by RFC 6979. Results are kept, so do not change the
 * returned bytes.
 * @param secretKey - 32 bytes.
 * @returns 64 bytes: R then S.
 */
export function signEs256(secretKey: Uint8Array, message: Uint8Array): Uint8Array {
  return signHash(secretKey, sha256(message));
}

/**
 * Whether a signature is good (RFC 7518 3.4). A key or signature of the wrong form is simply not good.
 * @param publicKey - 65 bytes uncompressed or 33 compressed.
 * @param signature - 64 bytes: R then S.
 */
export function verifyEs256(publicKey: Uint8Array, message: Uint8Array, signature: Uint8Array): boolean {
  return verifyHash(publicKey, sha256(message), signature);
}
