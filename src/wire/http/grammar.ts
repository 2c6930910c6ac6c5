import type { ParseError } from '../parsed.js';
import { type HttpHeader, isHeader } from './message.js';

/** Why the stream cannot be read on. `status` is what a server owes its client for it. */
export interface HttpStreamError extends ParseError {
  readonly status: number;
}

/** RFC 9110 5.6.2 `tchar`, indexed by byte. */
const TOKEN_CHARS = new Uint8Array(256);
for (const char of "!#$%&'*+-.^_`|~0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz") {
  TOKEN_CHARS[char.charCodeAt(0)] = 1;
}

/** Whether the text is a `token` of RFC 9110 5.6.2. */
export function isToken(text: string): boolean {
  if (text.length === 0) return false;
  for (let i = 0; i < text.length; i += 1) {
    const code = text.charCodeAt(i);
    if (code > 0xff || TOKEN_CHARS[code] !== 1) return false;
  }
  return true;
}

/** Ends the current parse; caught at the parser's edge and turned into an error value. */
export class Refusal {
  readonly error: HttpStreamError;
  constructor(status: number, what: string, offset: number, expected?: string) {
    this.error = expected === undefined ? { status, what, offset } : { status, what, offset, expected };
  }
}

export function httpVersion(text: string, offset: number): string {
  const match = /^HTTP\/([0-9]\.[0-9])$/.exec(text);
  if (match === null) throw new Refusal(400, 'not an HTTP version', offset, '"HTTP/" DIGIT "." DIGIT');
  return match[1] as string;
}

/** The coding this folder knows; others cannot be decoded (RFC 9112 6.1: 501). */
export function requireOnlyChunked(codings: readonly string[], offset: number): void {
  if (codings[codings.length - 1]?.toLowerCase() !== 'chunked') {
    throw new Refusal(400, 'the last transfer coding of a request is not chunked', offset, 'chunked');
  }
  if (codings.length > 1)
    throw new Refusal(501, `transfer coding ${codings[0]} is not supported`, offset, 'chunked');
}

/** RFC 9112 6.3 item 5: equal repeated values count once, everything else is an unrecoverable error. */
export function contentLength(headers: readonly HttpHeader[], offset: number): number | undefined {
  let length: number | undefined;
  for (const field of headers) {
    if (!isHeader(field.name, 'content-length')) continue;
    for (const element of field.value.split(',')) {
      const digits = element.trim();
      if (!/^[0-9]{1,15}$/.test(digits)) {
        throw new Refusal(400, 'Content-Length is not a number', offset, '1*DIGIT');
      }
      const value = Number(digits);
      if (length !== undefined && value !== length) {
        throw new Refusal(400, 'Content-Length values differ', offset, String(length));
      }
      length = value;
    }
  }
  return length;
}

export function trimOws(text: string): string {
  let from = 0;
  let to = text.length;
  while (from < to && isOws(text.charCodeAt(from))) from += 1;
  while (to > from && isOws(text.charCodeAt(to - 1))) to -= 1;
  return text.slice(from, to);
}

function isOws(code: number): boolean {
  return code === 0x20 || code === 0x09;
}

export function joined(parts: readonly Uint8Array[]): Uint8Array {
  if (parts.length === 0) return new Uint8Array(0);
  if (parts.length === 1) return parts[0] as Uint8Array;
  let length = 0;
  for (const part of parts) length += part.length;
  const whole = new Uint8Array(length);
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}
