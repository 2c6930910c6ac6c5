import type { Host, TcpConnection, UdpSocket, WebSocketConnection } from '../../network/index.js';
import type { Endpoint } from '../../trace/index.js';
import {
  type SipMessage,
  type SipRequest,
  type SipResponse,
  serializeVia,
  type Via,
} from '../../wire/sip/index.js';
import { type Flow, type FlowOwner, StreamFlow, UdpFlow, WebSocketFlow } from './flow.js';
import type { SipTransport } from './types.js';

/** Port of SIP over UDP and TCP where nothing names one (RFC 3261 18.1.1, 18.2.2). */
export const SIP_PORT = 5060;

/** Requests above this size go by TCP, in bytes (RFC 3261 18.1.1, TS 24.229 4.2A). */
export const LARGEST_UDP_REQUEST = 1300;

/** What the transport layer hands up. */
export interface TransportUser {
  onRequest(request: SipRequest, flow: Flow): void;
  onResponse(response: SipResponse, flow: Flow): void;
  onPong(flow: Flow): void;
  onFlowClosed(flow: Flow, reason: string): void;
}

interface LocalSocket {
  readonly realm: string;
  readonly socket: UdpSocket;
  /** Flows by remote address. */
  readonly flows: Map<string, UdpFlow>;
}

interface Listener {
  readonly realm: string;
  readonly local: Endpoint;
  close(): void;
}

/** Sockets, connections and the flows over them (RFC 3261 18, RFC 7118). */
export class SipTransportLayer implements FlowOwner {
  readonly host: Host;
  readonly tcpIdleMs: number;
  readonly #user: TransportUser;
  readonly #sockets: LocalSocket[] = [];
  readonly #listeners: Listener[] = [];
  readonly #flows = new Map<string, Flow>();
  /** TCP connections by realm and remote address, the latest of each (RFC 3261 18 allows one to be used both ways). */
  readonly #connections = new Map<string, StreamFlow>();

  constructor(host: Host, user: TransportUser, tcpIdleMs: number) {
    this.host = host;
    this.#user = user;
    this.tcpIdleMs = tcpIdleMs;
  }

  listenUdp(realm: string, port: number | undefined): Endpoint {
    return this.#bindUdp(realm, port).socket.local;
  }

  listenTcp(realm: string, port: number): Endpoint {
    const { local, close } = this.#listener(realm, port);
    this.#listeners.push({ realm, local, close });
    return local;
  }

  attachWebSocket(connection: WebSocketConnection, realm: string, secure: boolean): Flow {
    const flow = new WebSocketFlow(this, realm, secure, connection);
    this.#flows.set(flow.id, flow);
    return flow;
  }

  flow(id: string): Flow | undefined {
    return this.#flows.get(id);
  }

  /** The port that others reach this endpoint by in a realm, for its Vias. */
  portOf(realm: string, transport: 'UDP' | 'TCP'): number | undefined {
    if (transport === 'UDP') return this.#sockets.find((one) => one.realm === realm)?.socket.local.port;
    return this.#listeners.find((one) => one.realm === realm)?.local.port;
  }

  /** The flow from the first socket of the realm; one with a dynamic port is opened where there is none. */
  udpFlow(realm: string, to: Endpoint): UdpFlow {
    const local = this.#sockets.find((one) => one.realm === realm) ?? this.#bindUdp(realm, undefined);
    return this.#udpFlow(local, to);
  }

  /** The flow between the local socket of another flow and an address (RFC 3581 4: responses leave where the request came in). */
  udpFlowBeside(flow: Flow, to: Endpoint): Flow {
    const local = this.#sockets.find((one) => one.socket.local === flow.local);
    return local === undefined ? flow : this.#udpFlow(local, to);
  }

  /** An open or opening connection to the address, or a new one. */
  tcpFlow(realm: string, to: Endpoint): StreamFlow {
    const known = this.#connections.get(connectionKey(realm, to));
    if (known?.open) return known;
    return this.#addConnection(realm, this.host.connect(realm, to));
  }

  /** Ends everything; nobody is told. */
  close(): void {
    for (const { close } of this.#listeners) close();
    for (const flow of this.#flows.values()) flow.close(true);
    for (const { socket } of this.#sockets) socket.close();
    this.#listeners.length = 0;
    this.#sockets.length = 0;
    this.#flows.clear();
    this.#connections.clear();
  }

  nextFlowId(transport: SipTransport): string {
    return `${transport.toLowerCase()}-${this.host.nextNumber('SIP flow')}`;
  }

  onMessage(message: SipMessage, flow: Flow): void {
    if (message.kind === 'request') this.#user.onRequest(message, flow);
    else this.#user.onResponse(message, flow);
  }

  onPong(flow: Flow): void {
    this.#user.onPong(flow);
  }

  onFlowClosed(flow: Flow, reason: string): void {
    this.#flows.delete(flow.id);
    const key = connectionKey(flow.realm, flow.remote);
    if (this.#connections.get(key) === flow) this.#connections.delete(key);
    this.#user.onFlowClosed(flow, reason);
  }

  #bindUdp(realm: string, port: number | undefined): LocalSocket {
    const socket = this.host.udp(realm, port, (data, from) => this.#udpFlow(local, from).receive(data));
    const local: LocalSocket = { realm, socket, flows: new Map() };
    this.#sockets.push(local);
    return local;
  }

  #udpFlow(local: LocalSocket, remote: Endpoint): UdpFlow {
    const key = `${remote.ip} ${remote.port}`;
    let flow = local.flows.get(key);
    if (flow?.open) return flow;
    flow = new UdpFlow(this, local.realm, local.socket, remote);
    local.flows.set(key, flow);
    this.#flows.set(flow.id, flow);
    return flow;
  }

  #listener(realm: string, port: number): { readonly local: Endpoint; close(): void } {
    const listener = this.host.listen(realm, port, (connection) => this.#addConnection(realm, connection));
    return { local: listener.local, close: () => listener.close() };
  }

  #addConnection(realm: string, connection: TcpConnection): StreamFlow {
    const flow = new StreamFlow(this, realm, connection);
    this.#flows.set(flow.id, flow);
    this.#connections.set(connectionKey(realm, flow.remote), flow);
    return flow;
  }
}

function connectionKey(realm: string, remote: Endpoint): string {
  return `${realm} ${remote.ip} ${remote.port}`;
}

/**
 * Notes in the top Via of a request where it came from (RFC 3261 18.2.1, RFC 3581 4). Over a WebSocket nothing is
 * added: an answer has no other way than the connection (RFC 7118 5.3).
 */
export function stampVia(request: SipRequest, via: Via, flow: Flow): Via {
  if (flow.transport === 'WS' || flow.transport === 'WSS') return via;
  const { ip, port } = flow.remote;
  let { params } = via;
  const symmetric = params.has('rport');
  if (symmetric) params = params.withRaw('rport', String(port));
  if (symmetric || !sameHost(via.host, ip)) params = params.withRaw('received', ip);
  if (params === via.params) return via;
  const stamped = { ...via, params };
  request.headers.removeFirst('via');
  request.headers.prepend('Via', serializeVia(stamped));
  return stamped;
}

/** The address that a response over UDP goes to, or a new connection for it where the old one is gone (RFC 3261 18.2.2). */
export function responseAddress(via: Via, source: Endpoint): Endpoint {
  const maddr = via.params.get('maddr');
  const port = via.port ?? SIP_PORT;
  if (maddr !== undefined) return { ip: unbracketed(maddr), port };
  // RFC 3581 4: with rport, back to the very port the request came from.
  return { ip: source.ip, port: via.params.has('rport') ? source.port : port };
}

function sameHost(sentBy: string, ip: string): boolean {
  return sentBy === ip || unbracketed(sentBy).toLowerCase() === ip.toLowerCase();
}

function unbracketed(host: string): string {
  return host.startsWith('[') && host.endsWith(']') ? host.slice(1, -1) : host;
}
