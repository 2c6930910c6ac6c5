import { constantTimeEqual, fromBase64Url, fromUtf8, toBase64Url, toUtf8 } from './encoding.js';
import { signEs256, verifyEs256 } from './es256.js';
import { hmacSha256 } from './hash.js';

export type JsonValue =
  | null
  | boolean
  | number
  | string
  | readonly JsonValue[]
  | { readonly [name: string]: JsonValue };

/** A JSON object. */
export interface JsonObject {
  readonly [name: string]: JsonValue;
}

/** What signs: the algorithm belongs to the key, never to the token alone (RFC 8725 3.1). */
export type JwtSigningKey =
  | { readonly alg: 'ES256'; readonly secretKey: Uint8Array; readonly kid?: string }
  | { readonly alg: 'HS256'; readonly secret: Uint8Array; readonly kid?: string };

/** What verifies. */
export type JwtVerificationKey =
  | { readonly alg: 'ES256'; readonly publicKey: Uint8Array }
  | { readonly alg: 'HS256'; readonly secret: Uint8Array };

/** A token taken apart, its signature not checked. */
export interface Jwt {
  /** JOSE header (RFC 7515 4). */
  readonly header: JsonObject;
  /** Claims set (RFC 7519 4). */
  readonly claims: JsonObject;
  /** The bytes that are signed (RFC 7515 2, JWS Signing Input). */
  readonly signingInput: Uint8Array;
  readonly signature: Uint8Array;
}

/** Which part of a token failed, and why. */
export interface JwtError {
  /** `key`: there is none for this token. A registered claim is named itself. */
  readonly part: 'form' | 'header' | 'claims' | 'alg' | 'key' | 'signature' | 'exp' | 'nbf' | 'iss' | 'aud';
  /** In one sentence without a full stop. */
  readonly what: string;
}

export type JwtResult<T> =
  | { readonly ok: true; readonly value: T }
  | { readonly ok: false; readonly error: JwtError };

function failed(part: JwtError['part'], what: string): { readonly ok: false; readonly error: JwtError } {
  return { ok: false, error: { part, what } };
}

/**
 * A signed token in compact form (RFC 7519 7.1, RFC 7515 7.1). The same input gives the same text.
 * @param header - further header parameters; `alg`, `typ` and `kid` are set here.
 *
 * @example
 * signJwt({ alg: 'HS256', secret }, { iss: 'https://waf.example', sub: 'alice', exp: 1_700_003_600 })
 */
export function signJwt(key: JwtSigningKey, claims: JsonObject, header: JsonObject = {}): string {
  const kid: JsonObject = key.kid === undefined ? {} : { kid: key.kid };
  const input = `${encodeJson({ typ: 'JWT', ...header, ...kid, alg: key.alg })}.${encodeJson(claims)}`;
  return `${input}.${toBase64Url(sign(key, toUtf8(input)))}`;
}

function sign(key: JwtSigningKey, input: Uint8Array): Uint8Array {
  return key.alg === 'ES256' ? signEs256(key.secretKey, input) : hmacSha256(key.secret, input);
}

function encodeJson(value: JsonObject): string {
  return toBase64Url(toUtf8(JSON.stringify(value)));
}

/** Takes a compact token apart without any check of its signature or claims. */
export function parseJwt(token: string): JwtResult<Jwt> {
  const parts = token.split('.');
  const [headerText, claimsText, signatureText] = parts;
  if (
    parts.length !== 3 ||
    headerText === undefined ||
    claimsText === undefined ||
    signatureText === undefined
  ) {
    return failed('form', `token has ${parts.length} parts, not 3`);
  }
  const header = decodeJson(headerText);
  if (header === undefined) return failed('header', 'header is not base64url of a JSON object');
  const claims = decodeJson(claimsText);
  if (claims === undefined) return failed('claims', 'claims are not base64url of a JSON object');
  const signature = fromBase64Url(signatureText);
  if (signature === undefined) return failed('signature', 'signature is not base64url');
  const signingInput = toUtf8(`${headerText}.${claimsText}`);
  return { ok: true, value: { header, claims, signingInput, signature } };
}

function decodeJson(text: string): JsonObject | undefined {
  const bytes = fromBase64Url(text);
  const json = bytes && fromUtf8(bytes);
  if (json === undefined) return undefined;
  try {
    const value: unknown = JSON.parse(json);
    const isObject = typeof value === 'object' && value !== null && !Array.isArray(value);
    return isObject ? (value as JsonObject) : undefined;
  } catch {
    return undefined;
  }
}

/** What a verifier asks of a token besides a good signature. */
export interface JwtExpectations {
  /** The key, or a function that finds it by the header (`kid`) before anything is believed. */
  readonly key: JwtVerificationKey | ((header: JsonObject) => JwtVerificationKey | undefined);
  /** Now, in seconds since 1970 (RFC 7519 2, NumericDate). */
  readonly nowSeconds: number;
  /** Tolerated clock difference in seconds (RFC 7519 4.1.4). Default 0. */
  readonly leewaySeconds?: number;
  /** Required `iss`. */
  readonly issuer?: string;
  /** Required member of `aud`. A token with an `aud` is refused when this is absent (RFC 7519 4.1.3). */
  readonly audience?: string;
}

/**
 * Checks a token (RFC 7519 7.2): header, key, signature, then `exp`, `nbf`, `iss`, `aud`. `alg` must be that of the key;
 * `none` is refused whatever the key (RFC 8725 3.2), and so is any critical extension (RFC 7515 4.1.11).
 */
export function verifyJwt(token: string, expected: JwtExpectations): JwtResult<Jwt> {
  const read = parseJwt(token);
  if (!read.ok) return read;
  const { header, claims, signingInput, signature } = read.value;
  const { alg } = header;
  if (alg !== 'ES256' && alg !== 'HS256') {
    return failed('alg', `algorithm ${JSON.stringify(alg)} is refused`);
  }
  if (header.crit !== undefined) return failed('header', 'a critical header extension is not understood');
  const key = typeof expected.key === 'function' ? expected.key(header) : expected.key;
  if (key === undefined) return failed('key', 'no key for this token');
  if (key.alg !== alg) return failed('alg', `algorithm ${alg} is not that of the key, ${key.alg}`);
  const good =
    key.alg === 'ES256'
      ? verifyEs256(key.publicKey, signingInput, signature)
      : constantTimeEqual(hmacSha256(key.secret, signingInput), signature);
  if (!good) return failed('signature', 'signature does not verify');
  return checkClaims(claims, expected) ?? read;
}

function checkClaims(
  claims: JsonObject,
  expected: JwtExpectations,
): { ok: false; error: JwtError } | undefined {
  const leeway = expected.leewaySeconds ?? 0;
  const { exp, nbf, iss, aud } = claims;
  if (exp !== undefined && (typeof exp !== 'number' || expected.nowSeconds >= exp + leeway)) {
    return failed('exp', typeof exp === 'number' ? `token expired at ${exp}` : 'exp is not a number');
  }
  if (nbf !== undefined && (typeof nbf !== 'number' || expected.nowSeconds < nbf - leeway)) {
    return failed(
      'nbf',
      typeof nbf === 'number' ? `token is not valid before ${nbf}` : 'nbf is not a number',
    );
  }
  if (expected.issuer !== undefined && iss !== expected.issuer) {
    return failed('iss', `issuer is ${JSON.stringify(iss)}, not ${JSON.stringify(expected.issuer)}`);
  }
  const audiences: readonly JsonValue[] = Array.isArray(aud)
    ? aud
    : aud === undefined
      ? []
      : [aud as JsonValue];
  const meant =
    expected.audience === undefined ? audiences.length === 0 : audiences.includes(expected.audience);
  if (!meant) {
    return failed('aud', `audience is ${JSON.stringify(aud)}, not ${JSON.stringify(expected.audience)}`);
  }
  return undefined;
}
