import type { Endpoint, TcpFields } from '../trace/index.js';
import type { DirectedLink } from './directed-link.js';
import type { Host } from './host.js';
import { ipHeaderBytes } from './link-profile.js';
import type { Packet } from './packet.js';
import { TcpConnection } from './tcp.js';
import { ACK, FIN, RST, RST_ACK, SYN } from './tcp-flags.js';
import { UdpSocket } from './udp.js';

/** First port of the dynamic range, which goes up to 65535 (RFC 6335 6). */
const FIRST_DYNAMIC_PORT = 49_152;
const LAST_PORT = 65_535;

/** How many ended connections are remembered to answer their late segments. */
const MOST_ENDED = 256;

const NOTHING = new Uint8Array(0);

/** A port that takes TCP connections. */
export interface TcpListener {
  readonly local: Endpoint;
  readonly accept: (connection: TcpConnection) => void;
}

/** A host's place in one realm: its address, and the sockets there. */
export class NetworkInterface {
  readonly host: Host;
  readonly realm: string;
  readonly ip: string;
  /** Number of the address, unique in the network and below 2^21. */
  readonly number: number;
  readonly ipHeaderBytes: number;
  readonly #links = new Map<string, DirectedLink>();
  /** Absent before the first: an idle browser has neither. */
  #udp: Map<number, UdpSocket> | undefined;
  #listeners: Map<number, TcpListener> | undefined;
  readonly #connections = new Map<number, TcpConnection>();
  /** Connections that ended in order, oldest first, in place of TIME-WAIT (RFC 9293 3.6.1). */
  readonly #ended = new Set<number>();
  #nextPort = FIRST_DYNAMIC_PORT;

  constructor(host: Host, realm: string, ip: string, number: number) {
    this.host = host;
    this.realm = realm;
    this.ip = ip;
    this.number = number;
    this.ipHeaderBytes = ipHeaderBytes(ip);
  }

  /** Number of an address that is reached by links to this one. */
  numberOf(_ip: string): number {
    return this.number;
  }

  get openSockets(): number {
    return (this.#udp?.size ?? 0) + (this.#listeners?.size ?? 0) + this.#connections.size;
  }

  describeSockets(): string[] {
    const text = ({ ip, port }: Endpoint): string => `${ip}:${port}`;
    return [
      ...[...(this.#udp?.values() ?? [])].map(({ local }) => `udp ${text(local)}`),
      ...[...(this.#listeners?.values() ?? [])].map(({ local }) => `tcp ${text(local)} listening`),
      ...[...this.#connections.values()].map(
        ({ local, remote, state }) => `tcp ${text(local)} to ${text(remote)} ${state}`,
      ),
    ];
  }

  /** The link to an address of this realm, if some host has it. */
  linkTo(ip: string): DirectedLink | undefined {
    let link = this.#links.get(ip);
    if (link === undefined) {
      link = this.host.network.makeLink(this, ip);
      if (link !== undefined) this.#links.set(ip, link);
    }
    return link;
  }

  /** Records a packet to an address that no host of this realm has. */
  unroutable(src: Endpoint, dst: Endpoint, tcp: TcpFields | undefined, data: Uint8Array): void {
    const { kernel, name } = this.host;
    if (kernel.trace === undefined) return;
    const link = `${name}>${dst.ip}`;
    const protocol = tcp === undefined ? 'udp' : 'tcp';
    const base = { link, index: 0, realm: this.realm, from: name, to: '', src, dst, protocol, data } as const;
    const packet = tcp === undefined ? base : { ...base, tcp };
    const id = kernel.record(name, { kind: 'packet.sent', packet });
    kernel.causedBy(id, () =>
      kernel.record(name, { kind: 'packet.dropped', packet: id, reason: 'no route' }),
    );
  }

  udp(port: number | undefined, onDatagram: (data: Uint8Array, from: Endpoint) => void): UdpSocket {
    const sockets = (this.#udp ??= new Map());
    const chosen = port ?? this.#freePort((candidate) => !sockets.has(candidate));
    if (sockets.has(chosen)) throw new Error(`${this.host.name}: UDP port ${this.ip}:${chosen} is in use`);
    const socket = new UdpSocket(this, { ip: this.ip, port: chosen }, onDatagram);
    sockets.set(chosen, socket);
    return socket;
  }

  usesUdp(port: number): boolean {
    return this.#udp?.has(port) === true;
  }

  releaseUdp(socket: UdpSocket): void {
    if (this.#udp?.get(socket.local.port) === socket) this.#udp.delete(socket.local.port);
  }

  listen(port: number, accept: (connection: TcpConnection) => void): { local: Endpoint; close(): void } {
    const listeners = (this.#listeners ??= new Map());
    if (listeners.has(port)) throw new Error(`${this.host.name}: TCP port ${this.ip}:${port} is in use`);
    const listener: TcpListener = { local: { ip: this.ip, port }, accept };
    listeners.set(port, listener);
    return {
      local: listener.local,
      close: () => {
        if (listeners.get(port) === listener) listeners.delete(port);
      },
    };
  }

  /** Whether a listener is still there. */
  listens(listener: TcpListener): boolean {
    return this.#listeners?.get(listener.local.port) === listener;
  }

  connect(remote: Endpoint, localPort?: number): TcpConnection {
    const link = this.linkTo(remote.ip);
    const number = link?.to.numberOf(remote.ip) ?? 0;
    const isFree = (candidate: number): boolean =>
      !this.#connections.has(key(number, remote.port, candidate));
    const port =
      localPort ??
      this.#freePort((candidate) => this.#listeners?.has(candidate) !== true && isFree(candidate));
    if (!isFree(port)) throw new Error(`${this.host.name}: TCP port ${this.ip}:${port} is connected there`);
    const connection = new TcpConnection(this, link, { ip: this.ip, port }, remote, undefined);
    if (link !== undefined) this.#connections.set(key(number, remote.port, port), connection);
    connection.start();
    return connection;
  }

  /** Forgets a connection. `inOrder`: both directions ended with FIN. */
  releaseTcp(connection: TcpConnection, inOrder: boolean): void {
    const { link, local, remote } = connection;
    if (link === undefined) return;
    const id = key(link.to.numberOf(remote.ip), remote.port, local.port);
    if (!this.#connections.delete(id) || !inOrder) return;
    this.#ended.add(id);
    if (this.#ended.size > MOST_ENDED) this.#ended.delete(this.#ended.values().next().value as number);
  }

  /** Takes a packet from a link. */
  receive(packet: Packet): void {
    const { kernel } = this.host;
    const socket = packet.tcp === undefined ? this.#udp?.get(packet.dst.port) : undefined;
    if (packet.tcp === undefined && socket === undefined) {
      packet.link.drop(packet, 'port closed', this.host.name);
    } else if (kernel.trace === undefined) {
      this.#take(packet, socket);
    } else {
      const body = { kind: 'packet.delivered', packet: packet.id } as const;
      kernel.causedBy(packet.id, () =>
        kernel.recordAndRun(this.host.name, body, () => this.#take(packet, socket)),
      );
    }
  }

  #take(packet: Packet, socket: UdpSocket | undefined): void {
    if (socket !== undefined) socket.receive(packet);
    else this.#takeSegment(packet, packet.tcp as TcpFields);
  }

  #takeSegment(packet: Packet, tcp: TcpFields): void {
    const { src, dst, link } = packet;
    const id = key(link.from.numberOf(src.ip), src.port, dst.port);
    const connection = this.#connections.get(id);
    if (connection !== undefined) {
      connection.receive(tcp, packet.data);
      return;
    }
    const listener = this.#listeners?.get(dst.port);
    if (listener !== undefined && (tcp.flags & (SYN | ACK | RST)) === SYN) {
      const accepted = new TcpConnection(this, this.linkTo(src.ip), listener.local, src, listener);
      this.#ended.delete(id);
      this.#connections.set(id, accepted);
      accepted.receive(tcp, packet.data);
      return;
    }
    if ((tcp.flags & RST) === 0) this.#answerStray(packet, tcp, this.#ended.has(id));
  }

  /**
   * A segment for no connection: RST (RFC 9293 3.10.7.1), or the acknowledgement of a repeated segment, which
   * TIME-WAIT would send (3.10.7.4).
   */
  #answerStray({ src, dst, data, secure }: Packet, tcp: TcpFields, ended: boolean): void {
    const end = (tcp.seq + data.length + ((tcp.flags & SYN) >> 1) + (tcp.flags & FIN)) >>> 0;
    const acknowledges = (tcp.flags & ACK) !== 0;
    if (ended && (tcp.flags & SYN) === 0) {
      if (end === tcp.seq) return;
      this.#answer(dst, src, { seq: tcp.ack, ack: end, flags: ACK, window: 0xffff }, secure);
    } else if (acknowledges) this.#answer(dst, src, { seq: tcp.ack, ack: 0, flags: RST, window: 0 }, secure);
    else this.#answer(dst, src, { seq: 0, ack: end, flags: RST_ACK, window: 0 }, secure);
  }

  #answer(from: Endpoint, to: Endpoint, tcp: TcpFields, secure: boolean): void {
    this.linkTo(to.ip)?.transmit(from, to, tcp, NOTHING, secure);
  }

  #freePort(isFree: (port: number) => boolean): number {
    for (let tries = FIRST_DYNAMIC_PORT; tries <= LAST_PORT; tries++) {
      const port = this.#nextPort;
      this.#nextPort = port === LAST_PORT ? FIRST_DYNAMIC_PORT : port + 1;
      if (isFree(port)) return port;
    }
    throw new Error(`${this.host.name}: no dynamic port is free on ${this.ip}`);
  }
}

/** One number for the remote address, the remote port and the local port of a connection. */
function key(remote: number, remotePort: number, localPort: number): number {
  return (remote * 0x1_0000 + remotePort) * 0x1_0000 + localPort;
}
