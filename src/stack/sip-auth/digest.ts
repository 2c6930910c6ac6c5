import { md5, sha256, toHex, toUtf8 } from '../../crypto/index.js';

/** Hash functions of Digest; the session variants are not supported (RFC 7616 3.4.2). */
export type DigestAlgorithm = 'MD5' | 'SHA-256';

/** What besides HA1 goes into a response (RFC 7616 3.4.1, RFC 3261 22.4). */
export interface DigestInput {
  readonly method: string;
  /** The `uri` parameter of the credentials, as written. */
  readonly uri: string;
  readonly nonce: string;
  /** Absent: the computation of RFC 2069, without `nc` and `cnonce` (RFC 2617 3.2.2.1). */
  readonly qop?: 'auth';
  /** Nonce count as eight hexadecimal digits. */
  readonly nc?: string;
  readonly cnonce?: string;
}

/**
 * The algorithm an `algorithm` parameter names; absent means MD5 (RFC 7616 3.3, RFC 3261 22.4).
 *
 * @returns `undefined` for one that is not supported here
 */
export function digestAlgorithm(name: string | undefined): DigestAlgorithm | undefined {
  const upper = (name ?? 'MD5').toUpperCase();
  return upper === 'MD5' || upper === 'SHA-256' ? upper : undefined;
}

/**
 * HA1: the hash of user name, realm and password in lower-case hexadecimal (RFC 7616 3.4.2), the form in which an HSS
 * hands a password out (Digest-HA1, TS 29.229 6.3.41).
 *
 * @param password text, or the raw bytes that take its place in AKA (RFC 3310 3.3)
 */
export function digestHa1(
  algorithm: DigestAlgorithm,
  username: string,
  realm: string,
  password: string | Uint8Array,
): string {
  const head = toUtf8(`${username}:${realm}:`);
  const tail = typeof password === 'string' ? toUtf8(password) : password;
  const all = new Uint8Array(head.length + tail.length);
  all.set(head);
  all.set(tail, head.length);
  return hashOf(algorithm, all);
}

/** The `response` of credentials (RFC 7616 3.4.1), in lower-case hexadecimal. */
export function digestResponse(algorithm: DigestAlgorithm, ha1: string, input: DigestInput): string {
  return combine(algorithm, ha1, input, `${input.method}:${input.uri}`);
}

/** The `rspauth` of Authentication-Info: as a response, but without a method (RFC 7616 3.5). */
export function digestRspauth(
  algorithm: DigestAlgorithm,
  ha1: string,
  input: Omit<DigestInput, 'method'>,
): string {
  return combine(algorithm, ha1, input, `:${input.uri}`);
}

function combine(
  algorithm: DigestAlgorithm,
  ha1: string,
  { nonce, qop, nc, cnonce }: Omit<DigestInput, 'method'>,
  a2: string,
): string {
  const ha2 = hashOf(algorithm, toUtf8(a2));
  const middle = qop === undefined ? nonce : `${nonce}:${nc ?? ''}:${cnonce ?? ''}:${qop}`;
  return hashOf(algorithm, toUtf8(`${ha1}:${middle}:${ha2}`));
}

function hashOf(algorithm: DigestAlgorithm, bytes: Uint8Array): string {
  return toHex(algorithm === 'MD5' ? md5(bytes) : sha256(bytes));
}
