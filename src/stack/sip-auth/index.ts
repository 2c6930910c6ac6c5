/**
 * HTTP Digest as SIP uses it (RFC 2617, RFC 7616, RFC 3261 22.4): responses of clients, their verification, and the proof
 * of the server in Authentication-Info. Algorithms MD5 and SHA-256, `qop` `auth` or none.
 *
 * Not supported: the `-sess` algorithms, SHA-512-256, `qop` `auth-int`, `userhash`, `username*`; vectors and passwords of
 * AKA (RFC 3310, RFC 4169), which this computes with once it is given the password.
 */
export * from './credentials.js';
export {
  type DigestAlgorithm,
  type DigestInput,
  digestAlgorithm,
  digestHa1,
  digestResponse,
  digestRspauth,
} from './digest.js';
