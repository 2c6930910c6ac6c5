import type { CloseReason, Host } from '../../network/index.js';
import type { Endpoint } from '../../trace/index.js';
import { receiveFromStream, sendOnStream } from './stun-listener.js';
import type { SharedSocket } from './types.js';

/** What a client hears from its transport. */
export interface ClientTransportHandler {
  onMessage(bytes: Uint8Array): void;
  /** TCP could not connect, or its connection has ended. */
  onBroken(reason: string): void;
}

/** Between a client and its server: a 5-tuple (RFC 8656 2). */
export interface ClientTransport {
  readonly reliable: boolean;
  readonly local: Endpoint;
  /** Sends one message; over TCP it waits for the connection. */
  send(bytes: Uint8Array): void;
  close(): void;
}

/** Opens a UDP socket or a TCP connection towards the server, or shares a socket that is there. */
export function openTransport(
  host: Host,
  realm: string,
  transport: 'udp' | 'tcp' | SharedSocket,
  server: Endpoint,
  handler: ClientTransportHandler,
): ClientTransport {
  if (typeof transport !== 'string') return share(transport, server, handler);
  return transport === 'udp' ? openUdp(host, realm, server, handler) : openTcp(host, realm, server, handler);
}

function share(socket: SharedSocket, server: Endpoint, handler: ClientTransportHandler): ClientTransport {
  socket.divert(server, (bytes) => handler.onMessage(bytes));
  return {
    reliable: false,
    local: socket.address,
    send: (bytes) => socket.send(bytes, server),
    close: () => socket.undivert(server),
  };
}

function openUdp(
  host: Host,
  realm: string,
  server: Endpoint,
  handler: ClientTransportHandler,
): ClientTransport {
  const socket = host.udp(realm, undefined, (bytes, from) => {
    if (from.ip === server.ip && from.port === server.port) handler.onMessage(bytes);
  });
  return {
    reliable: false,
    local: socket.local,
    send: (bytes) => socket.send(bytes, server),
    close: () => socket.close(),
  };
}

function openTcp(
  host: Host,
  realm: string,
  server: Endpoint,
  handler: ClientTransportHandler,
): ClientTransport {
  const connection = host.connect(realm, server);
  let closing = false;
  receiveFromStream(connection, (frame) => handler.onMessage(frame));
  connection.onClose = (reason: CloseReason) => {
    if (!closing) handler.onBroken(`connection ${reason}`);
  };
  return {
    reliable: true,
    local: connection.local,
    send: (bytes) => sendOnStream(connection, bytes),
    close: () => {
      closing = true;
      connection.close();
    },
  };
}
