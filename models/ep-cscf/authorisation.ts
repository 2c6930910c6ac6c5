import { verifyJwt } from '../../src/crypto/index.js';
import {
  bearerToken,
  type Credentials,
  parseCredentials,
  type SipRequest,
} from '../../src/wire/sip/index.js';

/** A WAF that the eP-CSCF trusts, with the public key of its tokens. */
export interface TrustedWaf {
  /** The issuer its tokens name. */
  readonly issuer: string;
  /** P-256 public key (RFC 7518 3.4). */
  readonly publicKey: Uint8Array;
}

/** What a valid access token says. */
export interface Authorisation {
  readonly impi: string;
  readonly impu: string;
  readonly waf: string;
  readonly wwsf: string;
  /** When it ends, in seconds since 1970. */
  readonly expiresS: number;
}

/** Why a request is not authorised: the error code of RFC 6750 3.1 and a sentence. */
export interface Refusal {
  readonly error: 'missing' | 'unsupported' | 'invalid_request' | 'invalid_token' | 'insufficient_scope';
  readonly description: string;
}

/** The scope a token has to grant. */
export const REGISTER_SCOPE = 'ims.register';

/** The first Authorization header field that can be read. */
export function credentialsOf(request: SipRequest): Credentials | undefined {
  const value = request.headers.get('authorization');
  if (value === undefined) return undefined;
  const credentials = parseCredentials(value);
  return credentials.ok ? credentials.value : undefined;
}

/**
 * Judges the access token of a request (24371-6.4.2-01): integrity, issuer, audience, time and scope.
 *
 * @param audience the name tokens for this eP-CSCF carry
 * @param nowS seconds since 1970
 */
export function authorise(
  request: SipRequest,
  trusted: readonly TrustedWaf[],
  audience: string,
  nowS: number,
): Authorisation | Refusal {
  const credentials = credentialsOf(request);
  if (credentials === undefined) return { error: 'missing', description: 'no credentials' };
  if (credentials.scheme.toLowerCase() !== 'bearer') {
    return { error: 'unsupported', description: `scheme ${credentials.scheme} is not served here` };
  }
  const token = bearerToken(credentials);
  if (token === undefined) return { error: 'invalid_request', description: 'no access token' };
  for (const waf of trusted) {
    const verified = verifyJwt(token, {
      key: { alg: 'ES256', publicKey: waf.publicKey },
      nowSeconds: nowS,
      issuer: waf.issuer,
      audience,
    });
    if (verified.ok) return fromClaims(verified.value.claims, waf.issuer);
    if (trusted.length === 1) return { error: 'invalid_token', description: verified.error.what };
  }
  return { error: 'invalid_token', description: 'no trusted WAF issued the token' };
}

function fromClaims(claims: Readonly<Record<string, unknown>>, waf: string): Authorisation | Refusal {
  const { impi, impu, wwsf, exp, scope } = claims;
  if (typeof impi !== 'string' || typeof impu !== 'string' || typeof exp !== 'number') {
    return { error: 'invalid_token', description: 'the token names no IMS identity or no end' };
  }
  const scopes = typeof scope === 'string' ? scope.split(' ') : [];
  if (!scopes.includes(REGISTER_SCOPE)) {
    return { error: 'insufficient_scope', description: `the token does not grant ${REGISTER_SCOPE}` };
  }
  return { impi, impu, waf, wwsf: typeof wwsf === 'string' ? wwsf : '', expiresS: exp };
}
