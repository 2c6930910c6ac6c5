import { type Parsed, parsed, unparsed } from '../parsed.js';
import { classOf, endOfQuoted, isAll, isSpace, skipSpace, TOKEN, TOKEN68, trimSpace } from './grammar.js';
import { type Param, Params } from './params.js';

/**
 * Authorization, Proxy-Authorization: scheme and either parameters or one token68 (RFC 3261 25.1 `credentials`,
 * RFC 7235 2.1).
 */
export interface Credentials {
  /** As written; compare without case. */
  readonly scheme: string;
  readonly params: Params;
  /** In place of parameters: `Bearer <token68>`. */
  readonly token68?: string;
}

/** WWW-Authenticate, Proxy-Authenticate: the same shape (RFC 3261 25.1 `challenge`). */
export type Challenge = Credentials;

/**
 * Parses one field value of Authorization, Proxy-Authorization, WWW-Authenticate or Proxy-Authenticate. SIP never joins
 * two of them with a comma (RFC 3261 7.3.1).
 */
export function parseCredentials(text: string): Parsed<Credentials> {
  let at = skipSpace(text, 0);
  const start = at;
  while (at < text.length && (classOf(text.charCodeAt(at)) & TOKEN) !== 0) at++;
  if (at === start) return unparsed('no authentication scheme', start, 'token');
  const scheme = text.slice(start, at);
  const rest = trimSpace(text.slice(at));
  if (rest === '') return parsed({ scheme, params: Params.none });
  const from = skipSpace(text, at);
  if (from === at) return unparsed('no white space after the authentication scheme', at, 'white space');
  if (isToken68(rest)) return parsed({ scheme, params: Params.none, token68: rest });
  const params = parseAuthParams(text, from);
  return params.ok ? parsed({ scheme, params: params.value }) : params;
}

/** The same for a challenge. */
export const parseChallenge: (text: string) => Parsed<Challenge> = parseCredentials;

function isToken68(text: string): boolean {
  let end = text.length;
  while (end > 0 && text.charCodeAt(end - 1) === 61) end--;
  return isAll(text.slice(0, end), TOKEN68);
}

/** Comma-separated `name=value` from `at` to the end: credentials, challenges, Authentication-Info. */
export function parseAuthParams(text: string, at = 0): Parsed<Params> {
  const entries: Param[] = [];
  let i = skipSpace(text, at);
  while (i < text.length) {
    const nameAt = i;
    while (i < text.length && (classOf(text.charCodeAt(i)) & TOKEN) !== 0) i++;
    if (i === nameAt) return unparsed('authentication parameter without a name', nameAt, 'token');
    const name = text.slice(nameAt, i);
    i = skipSpace(text, i);
    if (text.charCodeAt(i) !== 61) return unparsed('authentication parameter without a value', i, '"="');
    i = skipSpace(text, i + 1);
    const valueAt = i;
    if (text.charCodeAt(i) === 34) {
      i = endOfQuoted(text, i);
      if (i < 0) return unparsed('quoted string without its end', valueAt, '"\\""');
    } else {
      while (i < text.length && text.charCodeAt(i) !== 44 && !isSpace(text.charCodeAt(i))) i++;
    }
    entries.push({ name, raw: text.slice(valueAt, i) });
    i = skipSpace(text, i);
    if (i >= text.length) break;
    if (text.charCodeAt(i) !== 44) return unparsed('text after an authentication parameter', i, '","');
    i = skipSpace(text, i + 1);
  }
  return parsed(new Params('header', entries));
}

/** Parameters with commas between them, as written. */
export function serializeAuthParams(params: Params): string {
  return params.entries.map(({ name, raw }) => (raw === undefined ? name : `${name}=${raw}`)).join(', ');
}

/** Credentials or a challenge as text. */
export function serializeCredentials(credentials: Credentials): string {
  if (credentials.token68 !== undefined) return `${credentials.scheme} ${credentials.token68}`;
  if (credentials.params.size === 0) return credentials.scheme;
  return `${credentials.scheme} ${serializeAuthParams(credentials.params)}`;
}

/** The same for a challenge. */
export const serializeChallenge: (challenge: Challenge) => string = serializeCredentials;

/**
 * The access token of Bearer credentials in both spellings: `Bearer <token68>` (RFC 6750 2.1, RFC 8898) and
 * `Bearer access_token="..."` (TS 24.371 A.3.2). Undefined for another scheme or without a token.
 */
export function bearerToken(credentials: Credentials): string | undefined {
  if (credentials.scheme.toLowerCase() !== 'bearer') return undefined;
  return credentials.token68 ?? credentials.params.get('access_token');
}

/** The Digest parameters that are written without quotes (RFC 3261 25.1, RFC 7616 3.4). */
const bareDigestParams = new Set(['algorithm', 'stale', 'nc', 'qop']);

/**
 * Digest parameters with the quoting of RFC 3261 25.1: everything quoted but `algorithm`, `stale`, `nc`, and `qop`,
 * whose list is quoted in a challenge and whose one value is not in credentials.
 */
export function digestParams(
  values: Readonly<Record<string, string | undefined>>,
  kind: 'credentials' | 'challenge',
): Params {
  let params = Params.none;
  for (const [name, value] of Object.entries(values)) {
    if (value === undefined) continue;
    const bare = bareDigestParams.has(name) && !(name === 'qop' && kind === 'challenge');
    params = bare ? params.withRaw(name, value) : params.withQuoted(name, value);
  }
  return params;
}
