import type { MessageRecord } from '../trace/index.js';
import { type HttpMessage, hasToken, header, serializeHttp } from '../wire/http/index.js';
import { type ByteStream, messageKey } from './byte-stream.js';

/** An HTTP message for the trace. The summary leaves the query out, since it may hold a token. */
export function httpRecord(
  stream: ByteStream,
  direction: 'sent' | 'received',
  end: number,
  message: HttpMessage,
  bytes: Uint8Array = serializeHttp(message),
): MessageRecord {
  return {
    protocol: 'HTTP',
    summary: httpSummary(message),
    transport: stream.secure ? 'tls' : 'tcp',
    local: stream.local,
    remote: stream.remote,
    key: messageKey(stream, direction, end),
    text: new TextDecoder().decode(bytes),
  };
}

function httpSummary(message: HttpMessage): string {
  if (message.kind === 'response')
    return `HTTP/${message.version} ${message.status} ${message.reason}`.trimEnd();
  const path = message.target.split('?', 1)[0];
  const line = `${message.method} ${path} HTTP/${message.version}`;
  if (!hasToken(message.headers, 'upgrade', 'websocket')) return line;
  const protocol = header(message.headers, 'sec-websocket-protocol');
  return `${line} (Upgrade: websocket${protocol === undefined ? '' : `, ${protocol}`})`;
}

/** Sends a message on a stream and records it. */
export function sendHttp(stream: ByteStream, message: HttpMessage): void {
  const bytes = serializeHttp(message);
  const { host } = stream;
  if (!host.tracing) stream.write(bytes);
  else {
    const record = httpRecord(stream, 'sent', stream.written + bytes.length, message, bytes);
    host.sendMessage(record, () => stream.write(bytes));
  }
}

/** Records the receipt of a message and runs `handle` as its consequence. */
export function receiveHttp(stream: ByteStream, message: HttpMessage, end: number, handle: () => void): void {
  if (stream.host.tracing) stream.host.receiveMessage(httpRecord(stream, 'received', end, message), handle);
  else handle();
}
