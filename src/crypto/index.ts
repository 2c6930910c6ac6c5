/**
 * The cryptography the protocols need, over @noble: synchronous, deterministic, in any JavaScript engine. Others use the
 * exports below. Results that cost milliseconds (key pairs, ES256) are kept and reused, being pure functions of
 * their inputs.
 *
 * Not supported: JWT algorithms other than ES256 and HS256, encrypted tokens, JWK documents.
 */
export { crc32, crc32c } from './crc.js';
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
export { type P256KeyPair, p256KeyPair, signEs256, verifyEs256 } from './es256.js';
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
