import { hmac } from '@noble/hashes/hmac.js';
import { md5 as nobleMd5, sha1 as nobleSha1 } from '@noble/hashes/legacy.js';
import { sha256 as nobleSha256 } from '@noble/hashes/sha2.js';

/** MD5, 16 bytes (RFC 1321): digest authentication and STUN long-term keys, nothing else. */
export function md5(bytes: Uint8Array): Uint8Array {
  return nobleMd5(bytes);
}

/** SHA-1, 20 bytes (RFC 3174): WebSocket handshakes and STUN. */
export function sha1(bytes: Uint8Array): Uint8Array {
  return nobleSha1(bytes);
}

/** SHA-256, 32 bytes (RFC 6234). */
export function sha256(bytes: Uint8Array): Uint8Array {
  return nobleSha256(bytes);
}

/** HMAC-SHA1, 20 bytes (RFC 2104). */
export function hmacSha1(key: Uint8Array, message: Uint8Array): Uint8Array {
  return hmac(nobleSha1, key, message);
}

/** HMAC-SHA256, 32 bytes (RFC 2104, RFC 4231). */
export function hmacSha256(key: Uint8Array, message: Uint8Array): Uint8Array {
  return hmac(nobleSha256, key, message);
}
