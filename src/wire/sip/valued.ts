import { type Parsed, parsed, unparsed } from '../parsed.js';
import { endOfQuoted, isToken, quote, skipSpace, trimSpace, unquote } from './grammar.js';
import { Params, parseParams } from './params.js';

/**
 * The shape of most header fields that are not addresses: one value and parameters (`Event: reg;id=1`,
 * `Session-Expires: 1800;refresher=uac`, `Content-Type: application/sdp`, `Security-Client: tls;q=0.1`).
 */
export interface Valued {
  /** Without quotes where it was a quoted string. */
  readonly value: string;
  readonly params: Params;
}

/** Parses a value, a token or a quoted string, and its parameters (one element of a list). */
export function parseValued(text: string): Parsed<Valued> {
  const start = skipSpace(text, 0);
  let end = start;
  if (text.charCodeAt(start) === 34) {
    end = endOfQuoted(text, start);
    if (end < 0) return unparsed('quoted string without its end', start, '"\\""');
  } else {
    end = text.indexOf(';', start);
    if (end < 0) end = text.length;
  }
  const value = trimSpace(text.slice(start, end));
  if (value === '') return unparsed('no value', start, 'token or quoted string');
  const params = parseParams(text, end);
  return params.ok ? parsed({ value: unquote(value), params: params.value }) : params;
}

/** The value and its parameters as text; the value quoted when it is neither a token nor two of them about a slash. */
export function serializeValued(valued: Valued): string {
  const { value, params } = valued;
  const bare = value.split('/').every(isToken);
  return `${bare ? value : quote(value)}${params.toString()}`;
}

/** A value with parameters given as names and values. */
export function valued(value: string, params: Readonly<Record<string, string | undefined>> = {}): Valued {
  return { value, params: Params.of(params) };
}
