import { escapedByte } from './grammar.js';
import type { Param, Params } from './params.js';
import type { SipUri, TelUri, Uri, UriHeader } from './uri.js';

/** Parameters that make two SIP URIs differ when only one of them has them (RFC 3261 19.1.4, its text and examples). */
const decisive = ['user', 'ttl', 'method', 'maddr', 'transport'];

/** The reserved set of RFC 2396 2.2, which is not the same escaped as bare. */
const reserved = ';/?:@&=+$,';

/**
 * Whether two URIs are equivalent: SIP and SIPS URIs by RFC 3261 19.1.4, tel URIs by RFC 3966 4, others when they are the
 * same text but for the case of the scheme. Not transitive (RFC 3261 19.1.4).
 */
export function sameUri(a: Uri, b: Uri): boolean {
  if (a.kind === 'sip') return b.kind === 'sip' && sameSipUri(a, b);
  if (a.kind === 'tel') return b.kind === 'tel' && sameTelUri(a, b);
  return b.kind === 'other' && a.scheme === b.scheme && a.opaque === b.opaque;
}

function sameSipUri(a: SipUri, b: SipUri): boolean {
  return (
    a.scheme === b.scheme &&
    sameText(a.user, b.user) &&
    sameText(a.password, b.password) &&
    a.host.toLowerCase() === b.host.toLowerCase() &&
    a.port === b.port &&
    decisive.every((name) => a.params.has(name) === b.params.has(name)) &&
    sameParams(a.params, b.params, false) &&
    sameHeaders(a.headers, b.headers)
  );
}

function sameTelUri(a: TelUri, b: TelUri): boolean {
  const digits = (uri: TelUri): string => uri.number.replace(/[-.()]/g, '').toLowerCase();
  return digits(a) === digits(b) && sameParams(a.params, b.params, true);
}

/** Every parameter that stands in both must match; with `strict`, every parameter must stand in both. */
function sameParams(a: Params, b: Params, strict: boolean): boolean {
  if (strict && a.size !== b.size) return false;
  for (const { name } of a) {
    const key = normalized(name).toLowerCase();
    const left = first(a, key);
    const right = first(b, key);
    if (left === undefined || right === undefined) {
      if (strict) return false;
    } else if (left.raw === undefined || right.raw === undefined) {
      if (left.raw !== right.raw) return false;
    } else if (normalized(left.raw).toLowerCase() !== normalized(right.raw).toLowerCase()) return false;
  }
  return true;
}

/** The first of that name counts, should there be two. */
function first(params: Params, key: string): Param | undefined {
  return params.entries.find(({ name }) => normalized(name).toLowerCase() === key);
}

/** Each header must stand in both with the same value; the order does not matter. */
function sameHeaders(a: readonly UriHeader[], b: readonly UriHeader[]): boolean {
  if (a.length !== b.length) return false;
  const text = ({ name, value }: UriHeader): string =>
    `${normalized(name).toLowerCase()}=${normalized(value)}`;
  const left = a.map(text).sort();
  const right = b.map(text).sort();
  return left.every((value, i) => value === right[i]);
}

function sameText(a: string | undefined, b: string | undefined): boolean {
  if (a === undefined || b === undefined) return a === b;
  return a === b || normalized(a) === normalized(b);
}

/** Escapes of unreserved characters undone, the hexadecimal digits of the others in upper case. */
function normalized(text: string): string {
  if (!text.includes('%')) return text;
  let out = '';
  for (let i = 0; i < text.length; i++) {
    const byte = escapedByte(text, i);
    if (byte < 0) {
      out += text[i];
      continue;
    }
    const character = String.fromCharCode(byte);
    // "%" itself stays escaped, so that "%2541" and "%41" keep apart.
    const keep = byte >= 128 || character === '%' || reserved.includes(character);
    out += keep ? text.slice(i, i + 3).toUpperCase() : character;
    i += 2;
  }
  return out;
}
