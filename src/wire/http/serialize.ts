import { framed, type HttpHeader, type HttpMessage, hasToken } from './message.js';

/**
 * The bytes of a request or response (RFC 9112 2.1). A message whose last transfer coding is `chunked` is written as one
 * chunk and the trailers; any other gets a `Content-Length` when its body would have no end without one.
 *
 * @throws RangeError when a start line or field holds a character that would change the framing (RFC 9110 5.5): a
 * message like that is a defect of its sender, never of the peer.
 */
export function serializeHttp(message: HttpMessage): Uint8Array {
  const whole = framed(message);
  const startLine =
    whole.kind === 'request'
      ? `${whole.method} ${whole.target} HTTP/${whole.version}`
      : `HTTP/${whole.version} ${whole.status} ${whole.reason}`;
  if (/[\r\n\0]/.test(startLine)) throw new RangeError('CR, LF or NUL in an HTTP start line (RFC 9112 2.2)');
  let text = `${startLine}\r\n${fields(whole.headers)}`;
  if (!hasToken(whole.headers, 'transfer-encoding', 'chunked')) return join(latin1(text), whole.body);
  const end = `0\r\n${fields(whole.trailers ?? [])}`;
  if (whole.body.length === 0) return latin1(text + end);
  text += `${whole.body.length.toString(16)}\r\n`;
  return join(latin1(text), whole.body, latin1(`\r\n${end}`));
}

function fields(headers: readonly HttpHeader[]): string {
  let text = '';
  for (const { name, value } of headers) {
    if (/[\r\n\0]/.test(name) || /[\r\n\0]/.test(value)) {
      throw new RangeError(`CR, LF or NUL in HTTP field ${JSON.stringify(name)} (RFC 9110 5.5)`);
    }
    text += `${name}: ${value}\r\n`;
  }
  return `${text}\r\n`;
}

function latin1(text: string): Uint8Array {
  const bytes = new Uint8Array(text.length);
  for (let i = 0; i < text.length; i += 1) {
    const code = text.charCodeAt(i);
    if (code > 0xff) {
      throw new RangeError(
        `U+${code.toString(16)} cannot stand in an HTTP header section; encode it (RFC 9110 5.5)`,
      );
    }
    bytes[i] = code;
  }
  return bytes;
}

function join(...parts: readonly Uint8Array[]): Uint8Array {
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
