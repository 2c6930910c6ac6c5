import {
  connectTls,
  connectWebSocket,
  type Host,
  type WebSocketConnection,
  type WebSocketHandlers,
} from '../../src/network/index.js';

/** Subprotocol of SIP over WebSocket (RFC 7118 4.1). */
const SUBPROTOCOL = 'sip';

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
  handlers: WebSocketHandlers,
): WebSocketConnection | undefined {
  const ip = host.network.resolve(url.hostname, realm);
  if (ip === undefined) return undefined;
  const secure = url.protocol === 'wss:';
  const tcp = host.connect(realm, { ip, port: portOf(url) });
  const stream = secure ? connectTls(tcp, { serverName: url.hostname }) : tcp;
  const path = `${url.pathname}${url.search}`;
  return connectWebSocket(
    host,
    { stream, hostHeader: url.host, path, protocols: [SUBPROTOCOL], origin },
    handlers,
  );
}
