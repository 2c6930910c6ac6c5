import type { HttpResult } from '../../src/network/index.js';
import { header } from '../../src/wire/http/index.js';

/** What the WAF grants (RFC 6749 5.1), with the IMS identities of the user. */
export interface GrantedToken {
  readonly accessToken: string;
  readonly tokenType: string;
  /** Seconds. */
  readonly expiresIn: number;
  readonly impi: string;
  readonly impu: string;
}

/** Why there is no token. */
export interface ExchangeFailure {
  /** 403 when the WAF does not grant it to this user, 502 when it gives no good answer. */
  readonly status: 403 | 502;
  readonly what: string;
}

/** Reads the WAF's answer to a token request (RFC 6749 5.1, 5.2). */
export function readTokenAnswer(result: HttpResult): GrantedToken | ExchangeFailure {
  if ('error' in result) return { status: 502, what: `The WAF does not answer: ${result.error}.` };
  const answer = jsonObject(result.body, header(result.headers, 'content-type'));
  if (result.status !== 200) {
    // of the errors of RFC 6749 5.2 only this one is about the user's code, the others are about this WWSF
    if (answer?.error === 'invalid_grant') return { status: 403, what: 'The login is not good any more.' };
    const error = typeof answer?.error === 'string' ? `, ${answer.error}` : '';
    return { status: 502, what: `The WAF answers ${result.status}${error}.` };
  }
  const {
    access_token: accessToken,
    token_type: tokenType,
    expires_in: expiresIn,
    impi,
    impu,
  } = answer ?? {};
  const complete =
    typeof accessToken === 'string' &&
    typeof tokenType === 'string' &&
    tokenType.toLowerCase() === 'bearer' &&
    typeof expiresIn === 'number' &&
    typeof impi === 'string' &&
    typeof impu === 'string';
  if (!complete) return { status: 502, what: 'The WAF gives no Bearer token.' };
  return { accessToken, tokenType, expiresIn, impi, impu };
}

function jsonObject(
  body: Uint8Array,
  type: string | undefined,
): Readonly<Record<string, unknown>> | undefined {
  if (type?.split(';', 1)[0]?.trim().toLowerCase() !== 'application/json') return undefined;
  try {
    const value: unknown = JSON.parse(new TextDecoder().decode(body));
    return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : undefined;
  } catch {
    return undefined;
  }
}
