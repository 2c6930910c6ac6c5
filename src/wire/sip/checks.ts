import {
  classOf,
  endOfQuoted,
  HOST,
  isAll,
  isDigits,
  isEscaped,
  isToken,
  PASSWORD,
  trimSpace,
  URI_HEADER,
  URI_PARAM,
  USER,
} from './grammar.js';
import { parseNameAddr } from './name-addr.js';
import type { Param, Params } from './params.js';
import { parseUri } from './uri.js';

/** `[IPv6]`, or a bare IPv6 address as Via's `received` has it (RFC 3261 25.1 `via-received`). */
const ipv6 = /^(?:\[[0-9A-Fa-f:.]+\]|[0-9A-Fa-f:]*:[0-9A-Fa-f:.]*)$/;

/** What is wrong with a `host` (RFC 3261 25.1), if anything. */
export function hostDefect(host: string): string | undefined {
  if (host.charCodeAt(0) === 91)
    return ipv6.test(host) ? undefined : `IPv6 reference "${host}" has a wrong character`;
  const end = host.charCodeAt(host.length - 1) === 46 ? host.length - 1 : host.length;
  let labelAt = 0;
  for (let i = 0; i <= end; i++) {
    const code = i === end ? 46 : host.charCodeAt(i);
    if (code !== 46) {
      if ((classOf(code) & HOST) === 0) return `host "${host}" has a character that a host cannot have`;
    } else if (i === labelAt || host.charCodeAt(labelAt) === 45 || host.charCodeAt(i - 1) === 45) {
      return `host "${host}" has a wrong label`;
    } else if (i < end) labelAt = i + 1;
  }
  const numeric = isDigits(host.slice(labelAt, end));
  return numeric && !isIpv4(host) ? `host "${host}" is neither a name nor an IPv4 address` : undefined;
}

function isIpv4(host: string): boolean {
  const parts = host.split('.');
  return (
    parts.length === 4 && parts.every((part) => isDigits(part) && part.length <= 3 && Number(part) <= 255)
  );
}

/** What is wrong with a URI (RFC 3261 25.1 `SIP-URI`, `absoluteURI`; RFC 3966 3), if anything. */
export function uriDefect(text: string): string | undefined {
  const parsed = parseUri(text);
  if (!parsed.ok) return parsed.error.what;
  const uri = parsed.value;
  if (uri.kind === 'other') {
    return uri.opaque !== '' && isUriText(uri.opaque) ? undefined : 'URI has a character that it cannot have';
  }
  if (uri.kind === 'tel') {
    if (!/^\+?[0-9A-Fa-f*#().-]+$/.test(uri.number))
      return 'telephone number has a character that it cannot have';
    return uriParamsDefect(uri.params);
  }
  if (uri.user !== undefined && (uri.user === '' || !isEscaped(uri.user, USER)))
    return 'user part is malformed';
  if (uri.password !== undefined && !isEscaped(uri.password, PASSWORD)) return 'password is malformed';
  const params = hostDefect(uri.host) ?? uriParamsDefect(uri.params);
  if (params !== undefined) return params;
  for (const { name, value } of uri.headers) {
    if (name === '' || !isEscaped(name, URI_HEADER) || !isEscaped(value, URI_HEADER)) {
      return `header "${name}" in the URI is malformed`;
    }
  }
  return undefined;
}

function uriParamsDefect(params: Params): string | undefined {
  for (const { name, raw } of params) {
    const valueOk = raw === undefined || (raw !== '' && isEscaped(raw, URI_PARAM));
    if (name === '' || !isEscaped(name, URI_PARAM) || !valueOk) return `URI parameter "${name}" is malformed`;
  }
  return twiceDefect(params);
}

/** `uric` of RFC 3986 with `#`: no white space, quotes, brackets, braces or control characters. */
function isUriText(text: string): boolean {
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i);
    if (code <= 32 || code >= 127 || '"<>\\^`{|}'.includes(text[i] as string)) return false;
  }
  return true;
}

/** What is wrong with header field parameters (RFC 3261 25.1 `generic-param`), if anything. */
export function paramsDefect(params: Params): string | undefined {
  for (const { name, raw } of params) {
    if (name === '') return 'empty parameter';
    if (!isToken(name)) return `parameter name "${name}" is not a token`;
    if (raw !== undefined && !isParamValue(raw))
      return `value of parameter "${name}" is neither token, host nor quoted`;
  }
  return twiceDefect(params);
}

/** RFC 3261 7.3.1, 19.1.1: no parameter name appears twice. */
function twiceDefect({ entries }: Params): string | undefined {
  for (let i = 1; i < entries.length; i++) {
    const name = (entries[i] as Param).name.toLowerCase();
    for (let j = 0; j < i; j++) {
      if ((entries[j] as Param).name.toLowerCase() === name) return `parameter "${name}" appears twice`;
    }
  }
  return undefined;
}

function isParamValue(raw: string): boolean {
  if (raw.charCodeAt(0) === 34) return endOfQuoted(raw, 0) === raw.length;
  return isToken(raw) || ipv6.test(raw);
}

/**
 * What is wrong with one address (RFC 3261 25.1 `name-addr`, `addr-spec`; 20.10 on the need for `<>`), if anything.
 *
 * @param nameAddrOnly - the field's grammar has no `addr-spec` (Route, Record-Route, Path, Service-Route)
 */
export function addressDefect(text: string, nameAddrOnly = false): string | undefined {
  const parsed = parseNameAddr(text);
  if (!parsed.ok) return parsed.error.what;
  const { uri, params } = parsed.value;
  const open = text.indexOf('<');
  const semicolon = text.indexOf(';');
  const quoted = text.charCodeAt(0) === 34;
  if (quoted || (open >= 0 && (semicolon < 0 || open < semicolon))) {
    const display = quoted ? '' : trimSpace(text.slice(0, open));
    if (display !== '' && !display.split(/[ \t]+/).every(isToken)) return 'display name has to be quoted';
  } else {
    if (nameAddrOnly) return 'address is not in "<>"';
    if (uri.includes('?') || uri.includes(',')) return 'URI with "?" or "," is not in "<>"';
  }
  return uriDefect(uri) ?? paramsDefect(params);
}

/** Whether a field value has a character that no production has: controls outside quoted pairs (RFC 3261 25.1). */
export function hasControl(value: string): boolean {
  for (let i = 0; i < value.length; i++) {
    const code = value.charCodeAt(i);
    if ((code < 32 && code !== 9) || code === 127) {
      const pair = i > 0 && value.charCodeAt(i - 1) === 92 && code !== 10 && code !== 13;
      if (!pair) return true;
    }
  }
  return false;
}

/** Whether the value is a list of tokens with nothing between two commas. */
export function isTokenList(value: string): boolean {
  return value.split(',').every((element) => isToken(trimSpace(element)));
}

/** Whether the text is `word [ "@" word ]` (RFC 3261 25.1 `callid`). */
export function isCallId(text: string, word: number): boolean {
  const at = text.indexOf('@');
  if (at < 0) return isAll(text, word);
  return isAll(text.slice(0, at), word) && isAll(text.slice(at + 1), word);
}
