import type { Timer } from '../../src/kernel/index.js';
import {
  acceptTls,
  acceptWebSocket,
  type ByteStream,
  type Host,
  type TcpConnection,
  type WebSocketConnection,
  type WebSocketDecision,
  type WebSocketHandlers,
  type WebSocketOffer,
} from '../../src/network/index.js';

/** Who comes in, and who is told. */
export interface WebSocketDoorOptions {
  readonly realm: string;
  readonly port: number;
  /** Name in the certificate. */
  readonly certificateName: string;
  /** Web origins from which a WIC may come (24371-5.5-04). */
  readonly allowedOrigins: readonly string[];
  /** How long TLS and the opening handshake may take together. */
  readonly handshakeMs: number;
  readonly onOpen: (connection: WebSocketConnection) => void;
  /** A connection that was open has ended. */
  readonly onClose: () => void;
  /** An opening handshake has been refused. */
  readonly onRefused: () => void;
}

/** Subprotocol of SIP over WebSocket (RFC 7118 4.1). */
const SUBPROTOCOL = 'sip';

/** The WebSocket server of an eP-CSCF on W2 (24371-5.5-03, -04; RFC 6455 4.2): who may come in, and how long that may take. */
export class WebSocketDoor {
  readonly #host: Host;
  readonly #options: WebSocketDoorOptions;
  readonly #allowedOrigins: ReadonlySet<string>;
  readonly #listener: { close(): void };
  /** Connections whose handshake has not come to an end, with what ends them. */
  readonly #arriving = new Map<ByteStream, Timer>();
  readonly #connections = new Set<WebSocketConnection>();

  constructor(host: Host, options: WebSocketDoorOptions) {
    this.#host = host;
    this.#options = options;
    this.#allowedOrigins = new Set(options.allowedOrigins);
    this.#listener = host.listen(options.realm, options.port, (tcp) => this.#accept(tcp));
  }

  /** Takes no more connections, and ends those there are. */
  close(): void {
    this.#listener.close();
    for (const [stream, timer] of this.#arriving) {
      this.#host.cancel(timer);
      stream.abort();
    }
    this.#arriving.clear();
    for (const connection of this.#connections) connection.stream.abort();
    this.#connections.clear();
  }

  #accept(tcp: TcpConnection): void {
    const stream = acceptTls(tcp, { certificateNames: [this.#options.certificateName] });
    const timer = this.#host.schedule(this.#options.handshakeMs * 1000, () => {
      this.#arriving.delete(stream);
      if (stream.state === 'closed') return;
      this.#host.record({ kind: 'note', text: 'a connection without a WebSocket is ended' });
      stream.abort();
    });
    this.#arriving.set(stream, timer);
    acceptWebSocket(stream, (offer) => this.#decide(offer));
  }

  #arrived(stream: ByteStream): void {
    const timer = this.#arriving.get(stream);
    if (timer !== undefined) this.#host.cancel(timer);
    this.#arriving.delete(stream);
  }

  /** Whether a WebSocket may be opened (24371-5.5-03, -04; RFC 6455 4.2.2, 10.2). */
  #decide(offer: WebSocketOffer): WebSocketDecision {
    if (offer.origin === undefined || !this.#allowedOrigins.has(offer.origin)) {
      this.#options.onRefused();
      return { status: 403, reason: 'Origin Not Allowed' };
    }
    if (!offer.protocols.includes(SUBPROTOCOL)) {
      this.#options.onRefused();
      return { status: 400, reason: 'Subprotocol sip Required' };
    }
    return { protocol: SUBPROTOCOL, handlers: new Guest(this) };
  }

  /** A connection is open. */
  opened(connection: WebSocketConnection): void {
    this.#arrived(connection.stream);
    this.#connections.add(connection);
    this.#options.onOpen(connection);
  }

  /** One that was open has ended. */
  closed(connection: WebSocketConnection | undefined): void {
    if (connection !== undefined) this.#connections.delete(connection);
    this.#options.onClose();
  }
}

/** What a connection tells the door. */
class Guest implements WebSocketHandlers {
  readonly #door: WebSocketDoor;
  #connection: WebSocketConnection | undefined;

  constructor(door: WebSocketDoor) {
    this.#door = door;
  }

  onOpen(connection: WebSocketConnection): void {
    this.#connection = connection;
    this.#door.opened(connection);
  }

  onClose(): void {
    this.#door.closed(this.#connection);
  }
}
