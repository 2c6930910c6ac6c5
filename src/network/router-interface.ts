import { NetworkInterface } from './network-interface.js';
import type { Packet } from './packet.js';

/** An interface that hands every packet to a router instead of to sockets. */
export class RouterInterface extends NetworkInterface {
  route: (packet: Packet) => void = () => {};
  /** Of the addresses behind it. */
  readonly #numbers = new Map<string, number>();

  override receive(packet: Packet): void {
    this.route(packet);
  }

  override numberOf(ip: string): number {
    if (ip === this.ip) return this.number;
    let number = this.#numbers.get(ip);
    if (number === undefined) this.#numbers.set(ip, (number = this.host.network.takeNumbers(1)));
    return number;
  }
}
