import { type Parsed, parsed, unparsed } from '../parsed.js';
import { endOfQuoted, quote, skipSpace, trimSpace, unquote } from './grammar.js';
import { Params, parseParams } from './params.js';
import { remembered } from './remembered.js';

/**
 * An address of From, To, Contact, Route, Path and the like: `["display"] <uri> *(;param)` or `uri *(;param)`
 * (RFC 3261 25.1 `name-addr`, `addr-spec`). `uri` is `*` for the Contact of RFC 3261 10.2.2.
 */
export interface NameAddr {
  /** The display name without quotes and escapes. */
  readonly display?: string;
  readonly uri: string;
  readonly params: Params;
}

/**
 * Parses one address (one element of a list). Without `<>`, everything after the first `;` belongs to the header field,
 * not to the URI (RFC 3261 20).
 */
export const parseNameAddr: (text: string) => Parsed<NameAddr> = remembered(readNameAddr);

function readNameAddr(text: string): Parsed<NameAddr> {
  let i = skipSpace(text, 0);
  let display: string | undefined;
  if (text.charCodeAt(i) === 34) {
    const end = endOfQuoted(text, i);
    if (end < 0) return unparsed('display name without its end', i, '"\\""');
    display = unquote(text.slice(i, end));
    i = skipSpace(text, end);
    if (text.charCodeAt(i) !== 60) return unparsed('display name without an address', i, '"<"');
  }
  const open = text.indexOf('<', i);
  const semicolon = text.indexOf(';', i);
  if (open >= 0 && (semicolon < 0 || open < semicolon)) {
    const close = text.indexOf('>', open);
    if (close < 0) return unparsed('address without its end', open, '">"');
    if (open > i) display = trimSpace(text.slice(i, open));
    const params = parseParams(text, close + 1);
    if (!params.ok) return params;
    const uri = text.slice(open + 1, close);
    if (uri === '') return unparsed('empty address', open + 1, 'URI');
    return parsed(
      display === undefined ? { uri, params: params.value } : { display, uri, params: params.value },
    );
  }
  const end = semicolon < 0 ? text.length : semicolon;
  const uri = trimSpace(text.slice(i, end));
  if (uri === '') return unparsed('empty address', i, 'URI');
  const params = parseParams(text, end);
  return params.ok ? parsed({ uri, params: params.value }) : params;
}

/** The address as text, always with `<>` (which RFC 3261 20.10 asks for whenever the URI has `,`, `;` or `?`). */
export function serializeNameAddr(address: NameAddr): string {
  if (address.uri === '*') return '*';
  const display = address.display === undefined ? '' : `${quote(address.display)} `;
  return `${display}<${address.uri}>${address.params.toString()}`;
}

/** An address of a URI alone, with or without display name and header parameters. */
export function nameAddr(uri: string, params: Params = Params.none, display?: string): NameAddr {
  return display === undefined ? { uri, params } : { display, uri, params };
}
