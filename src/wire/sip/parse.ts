import { type Parsed, parsed, unparsed } from '../parsed.js';
import { digits, isSpace, skipSpace, trimSpace } from './grammar.js';
import { type SipFinding, type SipMessage, SipRequest, SipResponse } from './message.js';
import { decodeText } from './text.js';

/** How the transport delimits messages. */
export interface ParseOptions {
  /** `datagram`: Content-Length may cut the rest off (RFC 3261 18.3). `websocket`: one message a frame (RFC 7118 5). */
  readonly framing?: 'datagram' | 'websocket';
}

/** The end of a message head: where the body starts, and where the text of the head ends. */
export interface HeadEnd {
  readonly text: number;
  readonly body: number;
}

const CR = 13;
const LF = 10;

/** The first CRLF CRLF at or after `from`, as the offset of its first byte; -1 if there is none. */
export function findHeadEnd(bytes: Uint8Array, from: number): number {
  const last = bytes.length - 4;
  for (let at = bytes.indexOf(CR, from); at >= 0 && at <= last; at = bytes.indexOf(CR, at + 1)) {
    if (bytes[at + 1] === LF && bytes[at + 2] === CR && bytes[at + 3] === LF) return at;
  }
  return -1;
}

/** The first byte that is not part of CRLFs before the start line, which are ignored (RFC 3261 7.5). */
export function skipLeadingCrlf(bytes: Uint8Array): number {
  let at = 0;
  while (bytes[at] === CR && bytes[at + 1] === LF) at += 2;
  return at;
}

/**
 * Parses one whole SIP message from a datagram or a WebSocket message (RFC 3261 7, 18.3, 25.1; RFC 7118 5).
 *
 * Everything that can be represented is; `validateSip` names what is wrong with it. Header field values are kept as
 * written (unfolded), and looked into only when asked.
 *
 * @param bytes - the whole datagram or WebSocket message; the body is a view on it, not a copy
 * @returns the message; or an error when there is no start line of a request or response
 */
export function parseSip(bytes: Uint8Array, options: ParseOptions = {}): Parsed<SipMessage> {
  const start = skipLeadingCrlf(bytes);
  const end = findHeadEnd(bytes, start);
  const head = parseHead(bytes.subarray(start, end < 0 ? bytes.length : end), start);
  if (!head.ok) return head;
  const message = head.value;
  if (end < 0) {
    addDefect(message, 'no empty line after the header fields', 'message', 'RFC 3261 7');
    return head;
  }
  const available = bytes.length - end - 4;
  const length = contentLength(message);
  let size = available;
  if (length.ok && length.value !== undefined) {
    size = Math.min(length.value, available);
    if (length.value > available) {
      const what = `Content-Length is ${length.value}, but ${available} bytes follow`;
      addDefect(message, what, 'Content-Length', 'RFC 3261 18.3');
    } else if (length.value < available && options.framing === 'websocket') {
      const what = `Content-Length is ${length.value}, but ${available} bytes follow in the same WebSocket message`;
      addDefect(message, what, 'Content-Length', 'RFC 7118 5');
    }
  }
  message.body = bytes.subarray(end + 4, end + 4 + size);
  return head;
}

/**
 * The body size that Content-Length gives: undefined when absent, an error when it is no number or given more than once
 * (RFC 3261 20.14).
 */
export function contentLength(message: SipMessage): Parsed<number | undefined> {
  const given = message.headers.list('content-length');
  if (given.length > 1) return unparsed('more than one Content-Length', 0);
  if (given[0] === undefined) return parsed(undefined);
  const value = digits(given[0], Number.MAX_SAFE_INTEGER);
  return value === undefined ? unparsed('Content-Length is not a number', 0, 'digits') : parsed(value);
}

/** Adds what the values of the message will no longer show. */
export function addDefect(
  message: SipMessage,
  what: string,
  where: string,
  rule: string,
  status = 400,
): void {
  const defect: SipFinding = { what, where, rule, status };
  message.defects = [...message.defects, defect];
}

/**
 * Parses start line and header fields.
 *
 * @param bytes - the head without the empty line
 * @param offset - where it stands in the input, for errors
 */
export function parseHead(bytes: Uint8Array, offset: number): Parsed<SipMessage> {
  const text = decodeText(bytes);
  const lineEnd = text.indexOf('\r\n');
  const started = parseStartLine(lineEnd < 0 ? text : text.slice(0, lineEnd), offset);
  if (!started.ok) return started;
  if (lineEnd >= 0) parseFields(text, lineEnd + 2, started.value);
  return started;
}

function parseFields(text: string, from: number, message: SipMessage): void {
  const headers = message.headers;
  let at = from;
  while (at < text.length) {
    const lineStart = at;
    let end = text.indexOf('\r\n', at);
    let folded = false;
    while (end >= 0 && isSpace(text.charCodeAt(end + 2))) {
      folded = true;
      end = text.indexOf('\r\n', end + 2);
    }
    if (end < 0) end = text.length;
    at = end + 2;
    const colon = text.indexOf(':', lineStart);
    if (colon < 0 || colon >= end) {
      addDefect(message, 'header field line without a colon', text.slice(lineStart, end), 'RFC 3261 7.3.1');
      continue;
    }
    const value = folded ? unfold(text.slice(colon + 1, end)) : text.slice(colon + 1, end);
    headers.received(trimSpace(text.slice(lineStart, colon)), trimSpace(value));
  }
}

const fold = /[ \t]*\r\n[ \t]+/g;

/** Line folds and the white space about them as one SP (RFC 3261 7.3.1). */
function unfold(value: string): string {
  return value.replace(fold, ' ');
}

const versionPattern = /^SIP\/\d+\.\d+$/i;

function parseStartLine(line: string, offset: number): Parsed<SipMessage> {
  return /^SIP\//i.test(line) ? parseStatusLine(line, offset) : parseRequestLine(line, offset);
}

/** `SIP-Version SP Status-Code SP Reason-Phrase` (RFC 3261 7.2), with more or less white space than that. */
function parseStatusLine(line: string, offset: number): Parsed<SipMessage> {
  const versionEnd = line.indexOf(' ');
  const version = versionEnd < 0 ? line : line.slice(0, versionEnd);
  if (!versionPattern.test(version))
    return unparsed('status line without a SIP version', offset, '"SIP/2.0"');
  const codeAt = skipSpace(line, version.length);
  let codeEnd = codeAt;
  while (codeEnd < line.length && isDigit(line.charCodeAt(codeEnd))) codeEnd++;
  const status = digits(line.slice(codeAt, codeEnd), Number.MAX_SAFE_INTEGER);
  if (status === undefined || (codeEnd < line.length && line.charCodeAt(codeEnd) !== 32)) {
    return unparsed('status line without a status code', offset + codeAt, 'Status-Code');
  }
  const response = new SipResponse(status, line.slice(codeEnd + 1));
  if (codeEnd === line.length)
    addDefect(response, 'no SP after the status code', 'Status-Line', 'RFC 3261 7.2', 0);
  if (codeAt !== version.length + 1 || codeEnd - codeAt !== 3) {
    addDefect(response, 'not one SP and three digits after the version', 'Status-Line', 'RFC 3261 7.2');
  }
  checkVersion(response, version);
  return parsed(response);
}

/** `Method SP Request-URI SP SIP-Version` (RFC 3261 7.1), with more white space than that. */
function parseRequestLine(line: string, offset: number): Parsed<SipMessage> {
  const methodEnd = line.indexOf(' ');
  let end = line.length;
  while (end > 0 && isSpace(line.charCodeAt(end - 1))) end--;
  const versionStart = line.lastIndexOf(' ', end - 1) + 1;
  if (methodEnd <= 0 || versionStart <= methodEnd) {
    return unparsed(
      'start line is neither that of a request nor that of a response',
      offset,
      'Method SP Request-URI SP',
    );
  }
  const version = line.slice(versionStart, end);
  if (!versionPattern.test(version)) {
    return unparsed('start line does not end in a SIP version', offset + versionStart, '"SIP/2.0"');
  }
  const written = line.slice(methodEnd + 1, Math.max(methodEnd + 1, versionStart - 1));
  const request = new SipRequest(line.slice(0, methodEnd), trimSpace(written));
  if (written !== request.uri) {
    addDefect(request, 'more than one SP about the Request-URI', 'Request-Line', 'RFC 3261 7.1');
  }
  if (end !== line.length)
    addDefect(request, 'white space after the SIP version', 'Request-Line', 'RFC 3261 7.1');
  checkVersion(request, version);
  return parsed(request);
}

function isDigit(code: number): boolean {
  return code >= 48 && code <= 57;
}

function checkVersion(message: SipMessage, version: string): void {
  // RFC 3261 7.1: the version is compared without case; 21.5.6: 505 for another one.
  if (version === 'SIP/2.0' || version.toUpperCase() === 'SIP/2.0') return;
  addDefect(message, `version ${version} is not SIP/2.0`, 'SIP-Version', 'RFC 3261 21.5.6', 505);
}
