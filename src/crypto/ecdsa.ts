import { signHash, verifyHash } from './p256-sign.js';

const INTEGER_BYTES = 32;
const TAG_INTEGER = 0x02;
const TAG_SEQUENCE = 0x30;

/**
 * ECDSA over P-256 on a SHA-256 hash, deterministic by RFC 6979, in the form TLS and X.509 have it (RFC 8422 5.4).
 * @param secretKey - 32 bytes.
 * @param hash - 32 bytes.
 * @returns DER: a SEQUENCE of R and S.
 */
export function signP256Hash(secretKey: Uint8Array, hash: Uint8Array): Uint8Array {
  return toDer(signHash(secretKey, hash));
}

/**
 * Whether a signature is good. A key or signature of the wrong form is simply not good.
 * @param publicKey - 65 bytes uncompressed.
 * @param hash - 32 bytes.
 * @param signature - DER: a SEQUENCE of R and S.
 */
export function verifyP256Hash(publicKey: Uint8Array, hash: Uint8Array, signature: Uint8Array): boolean {
  const compact = fromDer(signature);
  return compact !== undefined && verifyHash(publicKey, hash, compact);
}

/** R and S, 32 bytes each, as the SEQUENCE of two INTEGERs of RFC 3279 2.2.3. */
function toDer(compact: Uint8Array): Uint8Array {
  const r = derInteger(compact.subarray(0, INTEGER_BYTES));
  const s = derInteger(compact.subarray(INTEGER_BYTES));
  return Uint8Array.from([TAG_SEQUENCE, r.length + s.length, ...r, ...s]);
}

function derInteger(bytes: Uint8Array): number[] {
  let from = 0;
  while (from < bytes.length - 1 && bytes[from] === 0) from += 1;
  const digits = [...bytes.subarray(from)];
  // a first bit of one would make it negative
  if (((digits[0] ?? 0) & 0x80) !== 0) digits.unshift(0);
  return [TAG_INTEGER, digits.length, ...digits];
}

/** R and S, 32 bytes each; `undefined` for anything that is not the DER of two positive numbers of that size. */
function fromDer(der: Uint8Array): Uint8Array | undefined {
  if (der[0] !== TAG_SEQUENCE || der[1] !== der.length - 2) return undefined;
  const compact = new Uint8Array(2 * INTEGER_BYTES);
  let at = 2;
  for (const end of [INTEGER_BYTES, 2 * INTEGER_BYTES]) {
    const length = der[at + 1] ?? 0;
    const digits = der.subarray(at + 2, at + 2 + length);
    if (der[at] !== TAG_INTEGER || length === 0 || digits.length !== length) return undefined;
    const [first = 0, second = 0] = digits;
    if (first >= 0x80 || (first === 0 && length > 1 && second < 0x80)) return undefined;
    const magnitude = first === 0 ? digits.subarray(1) : digits;
    if (magnitude.length > INTEGER_BYTES) return undefined;
    compact.set(magnitude, end - magnitude.length);
    at += 2 + length;
  }
  return at === der.length ? compact : undefined;
}
