import { type Parsed, parsed, unparsed } from '../parsed.js';
import { digits } from './grammar.js';
import { type Params, parseUriParams } from './params.js';
import { remembered } from './remembered.js';

/** A header of a SIP URI (`?name=value`), escaped as written. */
export interface UriHeader {
  readonly name: string;
  readonly value: string;
}

/** A SIP or SIPS URI (RFC 3261 19.1.1). User and password are as written, escapes included. */
export interface SipUri {
  readonly kind: 'sip';
  readonly scheme: 'sip' | 'sips';
  readonly user?: string;
  readonly password?: string;
  /** Host name, IPv4 address or `[IPv6]`, as written. */
  readonly host: string;
  readonly port?: number;
  readonly params: Params;
  readonly headers: readonly UriHeader[];
}

/** A telephone URI (RFC 3966 3): the number as written, visual separators included. */
export interface TelUri {
  readonly kind: 'tel';
  readonly scheme: 'tel';
  readonly number: string;
  readonly params: Params;
}

/** A URI of any other scheme (`urn:service:sos`, `https:...`, `mailto:...`). */
export interface OtherUri {
  readonly kind: 'other';
  /** In lower case. */
  readonly scheme: string;
  /** Everything after the first colon. */
  readonly opaque: string;
}

export type Uri = SipUri | TelUri | OtherUri;

const schemePattern = /^[A-Za-z][A-Za-z0-9+.-]*$/;

/**
 * Parses a URI. SIP, SIPS and tel URIs are taken apart; nothing is unescaped.
 *
 * @returns the URI; or an error when there is no scheme, no host, or the port is no number of 0 to 65535
 */
export const parseUri: (text: string) => Parsed<Uri> = remembered(readUri);

function readUri(text: string): Parsed<Uri> {
  const colon = text.indexOf(':');
  if (colon < 0) return unparsed('URI without a scheme', 0, 'scheme ":"');
  if (text.startsWith('sip:')) return parseSipUri(text, 'sip', 4);
  const written = text.slice(0, colon);
  if (!schemePattern.test(written)) return unparsed('scheme has a character it cannot have', 0, 'scheme');
  const scheme = written.toLowerCase();
  if (scheme === 'sip' || scheme === 'sips') return parseSipUri(text, scheme, colon + 1);
  if (scheme === 'tel') {
    const semicolon = text.indexOf(';', colon);
    const end = semicolon < 0 ? text.length : semicolon;
    if (end === colon + 1) return unparsed('telephone URI without a number', end, 'digits');
    return parsed({
      kind: 'tel',
      scheme,
      number: text.slice(colon + 1, end),
      params: parseUriParams(text.slice(end)),
    });
  }
  return parsed({ kind: 'other', scheme, opaque: text.slice(colon + 1) });
}

function parseSipUri(text: string, scheme: 'sip' | 'sips', start: number): Parsed<SipUri> {
  // The user part may hold ";", "?" and ":" of its own, but never "@" (RFC 3261 25.1 user, password).
  const at = text.indexOf('@', start);
  const hostAt = at < 0 ? start : at + 1;
  let hostEnd = hostAt;
  if (text.charCodeAt(hostAt) === 91) {
    const bracket = text.indexOf(']', hostAt);
    if (bracket < 0) return unparsed('IPv6 reference without its end', hostAt, '"]"');
    hostEnd = bracket + 1;
  } else {
    while (hostEnd < text.length && !isHostEnd(text.charCodeAt(hostEnd))) hostEnd++;
  }
  if (hostEnd === hostAt) return unparsed('SIP URI without a host', hostAt, 'host');
  let port: number | undefined;
  let next = hostEnd;
  if (text.charCodeAt(next) === 58) {
    let portEnd = next + 1;
    while (portEnd < text.length && !isHostEnd(text.charCodeAt(portEnd))) portEnd++;
    port = digits(text.slice(next + 1, portEnd), 65535);
    if (port === undefined) return unparsed('port is not a number from 0 to 65535', next + 1, 'digits');
    next = portEnd;
  }
  if (next < text.length && text.charCodeAt(next) !== 59 && text.charCodeAt(next) !== 63) {
    return unparsed('text after the host', next, '";" or "?"');
  }
  const question = text.indexOf('?', next);
  const paramsEnd = question < 0 ? text.length : question;
  const params = parseUriParams(text.slice(next, paramsEnd));
  const headers =
    question < 0
      ? noHeaders
      : text
          .slice(question + 1)
          .split('&')
          .map(uriHeader);
  const uri: { -readonly [K in keyof SipUri]: SipUri[K] } = {
    kind: 'sip',
    scheme,
    host: text.slice(hostAt, hostEnd),
    params,
    headers,
  };
  if (at >= 0) {
    const colon = text.indexOf(':', start);
    const userEnd = colon >= 0 && colon < at ? colon : at;
    uri.user = text.slice(start, userEnd);
    if (userEnd < at) uri.password = text.slice(userEnd + 1, at);
  }
  if (port !== undefined) uri.port = port;
  return parsed(uri);
}

const noHeaders: readonly UriHeader[] = [];

function uriHeader(part: string): UriHeader {
  const equals = part.indexOf('=');
  if (equals < 0) return { name: part, value: '' };
  return { name: part.slice(0, equals), value: part.slice(equals + 1) };
}

function isHostEnd(code: number): boolean {
  return code === 58 || code === 59 || code === 63;
}

/** The URI as text: what {@link parseUri} read, the scheme in lower case. */
export function serializeUri(uri: Uri): string {
  if (uri.kind === 'other') return `${uri.scheme}:${uri.opaque}`;
  if (uri.kind === 'tel') return `tel:${uri.number}${uri.params.toString()}`;
  let out = `${uri.scheme}:`;
  if (uri.user !== undefined)
    out += uri.password === undefined ? `${uri.user}@` : `${uri.user}:${uri.password}@`;
  out += uri.port === undefined ? uri.host : `${uri.host}:${uri.port}`;
  out += uri.params.toString();
  if (uri.headers.length > 0) out += `?${uri.headers.map(({ name, value }) => `${name}=${value}`).join('&')}`;
  return out;
}
