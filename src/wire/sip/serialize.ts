import { headerKey } from './header-names.js';
import type { SipMessage } from './message.js';
import { encodeText } from './text.js';

/**
 * The message as bytes (RFC 3261 7). A Content-Length that is missing or wrong is set to the body's size in bytes; all
 * other fields go out as they are, in order.
 */
export function serializeSip(message: SipMessage): Uint8Array {
  const size = String(message.body.length);
  let head =
    message.kind === 'request'
      ? `${message.method} ${message.uri} SIP/2.0\r\n`
      : `SIP/2.0 ${message.status} ${message.reason}\r\n`;
  let lengthSeen = false;
  for (const { name, value } of message.headers) {
    if (headerKey(name) !== 'content-length') head += `${name}: ${value}\r\n`;
    else if (!lengthSeen) {
      head += `${name}: ${Number(value) === message.body.length ? value : size}\r\n`;
      lengthSeen = true;
    }
  }
  head += lengthSeen ? '\r\n' : `Content-Length: ${size}\r\n\r\n`;
  const bytes = encodeText(head);
  const out = new Uint8Array(bytes.length + message.body.length);
  out.set(bytes, 0);
  out.set(message.body, bytes.length);
  return out;
}
