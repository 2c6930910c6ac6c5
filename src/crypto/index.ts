/**
 * The cryptography the protocols need, over @noble: synchronous, deterministic, in any JavaScript engine. Others use the
 * exports below. Results that cost milliseconds (key pairs, signatures, key agreements, certificates) are kept and
 * reused, being pure functions of their inputs.
 *
 * Not supported: JWT algorithms other than ES256 and HS256, encrypted tokens, JWK documents; certificates of keys other
 * than P-256, chains of certificates.
 */
export { AesGcm, GCM_TAG_BYTES } from './aes-gcm.js';
export { type Certificate, certificatePublicKey, selfSignedCertificate } from './certificate.js';
export { crc32, crc32c } from './crc.js';
export { signP256Hash, verifyP256Hash } from './ecdsa.js';
export {
  constantTimeEqual,
  fromBase64,
  fromBase64Url,
  fromHex,
  fromUtf8,
  toBase64,
  toBase64Url,
  toHex,
  toUtf8,
} from './encoding.js';
export { signEs256, verifyEs256 } from './es256.js';
export { certificateFingerprint, type FingerprintHash } from './fingerprint.js';
export { hmacSha1, hmacSha256, md5, sha1, sha256 } from './hash.js';
export {
  type JsonObject,
  type JsonValue,
  type Jwt,
  type JwtError,
  type JwtExpectations,
  type JwtResult,
  type JwtSigningKey,
  type JwtVerificationKey,
  parseJwt,
  signJwt,
  verifyJwt,
} from './jwt.js';
export { type AgreementKeyPair, agreementKeyPair, agreeOnSecret, type NamedCurve } from './key-agreement.js';
export { Memo, memoKey } from './memo.js';
export { type P256KeyPair, p256KeyPair } from './p256-key-pair.js';
export { RunningSha256 } from './running-sha256.js';
export { tlsPrf } from './tls-prf.js';
