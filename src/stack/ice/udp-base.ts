import type { Host, UdpSocket } from '../../network/index.js';
import type { Endpoint } from '../../trace/index.js';
import type { IceBase, IceBaseHandler } from './types.js';

/** Where a UDP base is. */
export interface UdpBaseOptions {
  readonly realm: string;
  /** Default: a dynamic one. */
  readonly port?: number;
  /** Default 1. */
  readonly component?: number;
}

/** A UDP socket as a base: a host candidate (RFC 8445 5.1.1.1). Before an agent uses it, what arrives is lost. */
export class UdpBase implements IceBase {
  readonly component: number;
  readonly type = 'host';
  readonly transport = 'udp';
  readonly address: Endpoint;
  handler: IceBaseHandler | undefined;
  readonly #socket: UdpSocket;
  #diverted: Map<string, (bytes: Uint8Array) => void> | undefined;

  /** @throws Error when the host has no address in the realm, or the port is in use */
  constructor(host: Host, { realm, port, component = 1 }: UdpBaseOptions) {
    this.component = component;
    this.#socket = host.udp(realm, port, (bytes, from) => this.#receive(bytes, from));
    this.address = this.#socket.local;
  }

  send(bytes: Uint8Array, to: Endpoint): void {
    this.#socket.send(bytes, to);
  }

  /** Hands everything that comes from a server to whoever talks with it over this socket, such as a TURN client. */
  divert(server: Endpoint, take: (bytes: Uint8Array) => void): void {
    this.#diverted ??= new Map();
    this.#diverted.set(`${server.ip} ${server.port}`, take);
  }

  /** Undoes {@link divert}. */
  undivert(server: Endpoint): void {
    this.#diverted?.delete(`${server.ip} ${server.port}`);
    if (this.#diverted?.size === 0) this.#diverted = undefined;
  }

  close(): void {
    this.#socket.close();
    this.handler = undefined;
    this.#diverted = undefined;
  }

  #receive(bytes: Uint8Array, from: Endpoint): void {
    const taker = this.#diverted?.get(`${from.ip} ${from.port}`);
    if (taker === undefined) this.handler?.onPacket(bytes, from);
    else taker(bytes);
  }
}

/** Opens a UDP socket as a base; see {@link UdpBase}. */
export function udpBase(host: Host, options: UdpBaseOptions): UdpBase {
  return new UdpBase(host, options);
}
