import type { Endpoint } from '../trace/index.js';
import type { NetworkInterface } from './network-interface.js';
import type { Packet } from './packet.js';

/** A UDP socket (RFC 768). */
export class UdpSocket {
  readonly local: Endpoint;
  readonly #interface: NetworkInterface;
  readonly #onDatagram: (data: Uint8Array, from: Endpoint) => void;
  #open = true;

  constructor(
    networkInterface: NetworkInterface,
    local: Endpoint,
    onDatagram: (data: Uint8Array, from: Endpoint) => void,
  ) {
    this.local = local;
    this.#interface = networkInterface;
    this.#onDatagram = onDatagram;
  }

  /** Sends a datagram; `data` must not change afterwards. Nothing is sent after `close`. */
  send(data: Uint8Array, to: Endpoint): void {
    if (!this.#open) return;
    const link = this.#interface.linkTo(to.ip);
    if (link === undefined) this.#interface.unroutable(this.local, to, undefined, data);
    else link.transmit(this.local, to, undefined, data, false);
  }

  receive(packet: Packet): void {
    this.#onDatagram(packet.data, packet.src);
  }

  close(): void {
    if (!this.#open) return;
    this.#open = false;
    this.#interface.releaseUdp(this);
  }
}
