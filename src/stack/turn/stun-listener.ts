import {
  type ByteStream,
  type Host,
  messageKey,
  type TcpConnection,
  type UdpSocket,
} from '../../network/index.js';
import type { Endpoint } from '../../trace/index.js';
import { describeParseError } from '../../wire/parsed.js';
import { isChannelData, StunStreamParser } from '../../wire/stun/index.js';
import { messageRecord } from './message-record.js';
import type { Path, PathHandler } from './path.js';
import type { StunServerOptions } from './types.js';

/** Port of STUN and TURN, UDP and TCP (RFC 8489 18.6, RFC 8656 5). */
const STUN_PORT = 3478;

/** The sockets of a server: tells STUN from ChannelData, over UDP and TCP (RFC 8656 12, table 3). */
export class StunListener {
  readonly #host: Host;
  readonly #handler: PathHandler;
  readonly #socket: UdpSocket;
  readonly #listener: { close(): void } | undefined;
  readonly #connections = new Map<string, TcpConnection>();

  /** @throws Error when the host has no address in the realm, or the port is in use */
  constructor(host: Host, { realm, port = STUN_PORT, tcp = true }: StunServerOptions, handler: PathHandler) {
    this.#host = host;
    this.#handler = handler;
    this.#socket = host.udp(realm, port, (data, from) => this.#receive(data, this.#udpPath(from)));
    this.#listener = tcp ? host.listen(realm, port, (connection) => this.#accept(connection)) : undefined;
  }

  get local(): Endpoint {
    return this.#socket.local;
  }

  close(): void {
    this.#socket.close();
    this.#listener?.close();
    for (const connection of [...this.#connections.values()]) connection.abort();
  }

  #udpPath(remote: Endpoint): Path {
    const socket = this.#socket;
    const name = `udp ${remote.ip} ${remote.port}`;
    return { name, transport: 'udp', remote, send: (bytes) => socket.send(bytes, remote) };
  }

  #accept(connection: TcpConnection): void {
    const { remote } = connection;
    const path: Path = {
      name: `tcp ${remote.ip} ${remote.port}`,
      transport: 'tcp',
      remote,
      send: (bytes) => sendOnStream(connection, bytes),
    };
    this.#connections.set(path.name, connection);
    receiveFromStream(connection, (frame) => this.#receive(frame, path));
    connection.onClose = () => {
      this.#connections.delete(path.name);
      this.#handler.onClosed(path);
    };
  }

  #receive(bytes: Uint8Array, path: Path): void {
    if (isChannelData(bytes)) this.#handler.onChannelData(bytes, path);
    else if ((bytes[0] as number) <= 3) this.#handler.onStun(bytes, path);
    else this.#host.reject('STUN', 'neither STUN nor ChannelData', 0);
  }
}

/** Writes a message to a stream; the trace shows it, unless it is ChannelData. */
export function sendOnStream(stream: ByteStream, bytes: Uint8Array): void {
  const { host } = stream;
  const record = host.tracing ? messageRecord(bytes, stream.local, stream.remote) : undefined;
  if (record === undefined) stream.write(bytes);
  else {
    const key = messageKey(stream, 'sent', stream.written + bytes.length);
    host.sendMessage({ ...record, key }, () => stream.write(bytes));
  }
}

/** Divides what a stream brings into messages. One that makes no sense ends it (RFC 8489 6.2.2). */
export function receiveFromStream(stream: ByteStream, onFrame: (frame: Uint8Array) => void): void {
  const parser = new StunStreamParser();
  const { host } = stream;
  let end = 0;
  stream.onData = (data) => {
    const { frames, error } = parser.push(data);
    for (const frame of frames) {
      end += frame.length;
      const record = host.tracing ? messageRecord(frame, stream.local, stream.remote) : undefined;
      if (record === undefined) onFrame(frame);
      else {
        const key = messageKey(stream, 'received', end);
        host.receiveMessage({ ...record, key }, () => onFrame(frame));
      }
    }
    if (error === undefined) return;
    host.reject('STUN', describeParseError(error), error.offset);
    stream.abort();
  };
}
