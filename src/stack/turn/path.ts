import type { Endpoint } from '../../trace/index.js';

/** How a server reaches one client: the 5-tuple (RFC 8656 2). */
export interface Path {
  /** Different for every 5-tuple of a server. */
  readonly name: string;
  readonly transport: 'udp' | 'tcp';
  /** Where the server sees the client. */
  readonly remote: Endpoint;
  /** Sends one message; over TCP, ChannelData has to be padded. */
  send(bytes: Uint8Array): void;
}

/** What takes messages of clients. */
export interface PathHandler {
  onStun(bytes: Uint8Array, path: Path): void;
  onChannelData(bytes: Uint8Array, path: Path): void;
  /** A TCP connection has ended. */
  onClosed(path: Path): void;
}
