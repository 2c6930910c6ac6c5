/**
 * The network in memory: hosts with addresses in realms, directed links between them with faults, and on top UDP, TCP,
 * TLS, WebSocket and HTTP transports. Hosts exchange nothing but packets, and what a packet carries is bytes.
 *
 * `Network` makes hosts, `Host` gives sockets, timers, actors and trace entries to what runs on it. A stream is a
 * `ByteStream`, whether TCP or TLS; `messageKey` pairs the two ends of a message on it in the trace.
 *
 * `Network.addNat` puts a realm behind a `Nat`: an address and port translator with a firewall, of any mapping and filtering
 * behaviour of RFC 4787. A packet through it is one packet on each side, and faults strike on either link.
 *
 * Not simulated: DNS (`Network.resolve` is a static table), routers and firewalls that translate no addresses, port forwarding
 * and PCP, application level gateways, translation between IPv4 and IPv6, ICMP, IP fragmentation. TCP (RFC 9293) has no
 * congestion control (RFC 5681), flow control, window scaling, selective acknowledgements, round-trip measurement,
 * Nagle, urgent data or TIME-WAIT beyond the acknowledgement of late FINs. TLS is the model of
 * `wire/tls-record`: its records are real, its protection is not. WebSocket has no extensions. HTTP is 1.1, without
 * pipelining at the client.
 */
export { type ByteStream, type CloseReason, messageKey, type StreamHandler } from './byte-stream.js';
export type { LinkControl } from './directed-link.js';
export { FAULT_DELAY_US, REORDER_WAIT_US, TCP_FAULTS, UDP_FAULTS } from './fault-link.js';
export { Host, type HostSpec } from './host.js';
export { HttpClient, type HttpClientOptions, type HttpResult, httpRequest } from './http-client.js';
export { type HttpContext, type HttpServerOptions, httpServer } from './http-server.js';
export type { LinkProfile } from './link-profile.js';
export { Nat, type Rebinding } from './nat.js';
export type { FirewallRules, NatBehaviour, NatDependence, NatSpec, PortRule } from './nat-options.js';
export { Network, type NetworkOptions } from './network.js';
export { TcpConnection } from './tcp.js';
export {
  acceptTls,
  certificateMatches,
  connectTls,
  type TlsClientOptions,
  type TlsServerOptions,
  TlsStream,
} from './tls.js';
export { UdpSocket } from './udp.js';
export { MAX_MESSAGE_BYTES, WebSocketConnection, type WebSocketHandlers } from './websocket.js';
export {
  acceptWebSocket,
  connectWebSocket,
  type WebSocketClientOptions,
  type WebSocketDecision,
  type WebSocketOffer,
} from './websocket-upgrade.js';
