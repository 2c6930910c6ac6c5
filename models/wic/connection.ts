import {
  connectTls,
  connectWebSocket,
  type Host,
  type WebSocketConnection,
  type WebSocketHandlers,
} from '../../src/network/index.js';
import type { HttpResponse } from '../../src/wire/http/index.js';

/** Subprotocol of SIP over WebSocket (RFC 7118 4.1). */
const SUBPROTOCOL = 'sip';

/** Who opens a connection, and is told how that goes. */
export interface ConnectionUser {
  /** The opening handshake is done. */
  connected(connection: WebSocketConnection): void;
  /**
   * The connection has ended, whether it was open or not.
   *
   * @param refused whether the server said that there is no use in trying again
   */
  disconnected(connection: WebSocketConnection | undefined, reason: string, refused: boolean): void;
}

/** What a connection tells its user. */
class Handshake implements WebSocketHandlers {
  connection: WebSocketConnection | undefined;
  readonly #user: ConnectionUser;
  #refused = false;

  constructor(user: ConnectionUser) {
    this.#user = user;
  }

  onOpen(connection: WebSocketConnection): void {
    this.#user.connected(connection);
  }

  onRefused({ status }: HttpResponse): void {
    this.#refused = status < 500;
  }

  onClose(_code: number, reason: string): void {
    this.#user.disconnected(this.connection, reason, this.#refused);
  }
}

/** The port of a URI; where it names none, that of its scheme (RFC 6455 3, RFC 9110 4.2). */
export function portOf({ port, protocol }: URL): number {
  if (port !== '') return Number(port);
  return protocol === 'wss:' || protocol === 'https:' ? 443 : 80;
}

/**
 * Opens a WebSocket to an eP-CSCF, over TLS where the URI says `wss` (24371-6.2.2-02): only the server shows a certificate.
 *
 * @param origin the origin of the page whose script asks for it, which a browser always says (RFC 6455 4.1)
 * @returns `undefined` when the name is not known in the realm
 */
export function openWebSocket(
  host: Host,
  realm: string,
  url: URL,
  origin: string,
  user: ConnectionUser,
): WebSocketConnection | undefined {
  const ip = host.network.resolve(url.hostname, realm);
  if (ip === undefined) return undefined;
  const secure = url.protocol === 'wss:';
  const tcp = host.connect(realm, { ip, port: portOf(url) });
  const stream = secure ? connectTls(tcp, { serverName: url.hostname }) : tcp;
  const path = `${url.pathname}${url.search}`;
  const handshake = new Handshake(user);
  const options = { stream, hostHeader: url.host, path, protocols: [SUBPROTOCOL], origin };
  handshake.connection = connectWebSocket(host, options, handshake);
  return handshake.connection;
}
