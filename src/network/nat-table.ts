import type { RandomStream } from '../kernel/index.js';
import type { Endpoint } from '../trace/index.js';
import { NatMapping, type NatProtocol } from './nat-mapping.js';
import type { NatBehaviour } from './nat-options.js';

/** Ports below this one stay below it, those above stay above (RFC 4787 REQ-3a). */
const FIRST_REGISTERED_PORT = 1024;
const LAST_PORT = 65_535;

/** The mappings of a translator, found from either side. */
export class NatTable {
  readonly #behaviour: NatBehaviour;
  readonly #random: RandomStream;
  readonly #fromInside = new Map<string, NatMapping>();
  readonly #fromOutside = new Map<number, NatMapping>();
  /** Outside ports that must not be given again, because they were taken away. */
  readonly #retired = new Set<number>();

  /** @param random what ports are drawn from */
  constructor(behaviour: NatBehaviour, random: RandomStream) {
    this.#behaviour = behaviour;
    this.#random = random;
  }

  /** Mappings in force. */
  alive(nowUs: number): NatMapping[] {
    return [...this.#fromOutside.values()].filter((mapping) => mapping.isAlive(nowUs));
  }

  /** The mapping for packets from an inside end to an outside one, if there is one. */
  find(protocol: NatProtocol, from: Endpoint, to: Endpoint, nowUs: number): NatMapping | undefined {
    const mapping = this.#fromInside.get(this.#key(protocol, from, to));
    if (mapping === undefined || mapping.isAlive(nowUs)) return mapping;
    this.#remove(mapping);
    return undefined;
  }

  /**
   * Makes that mapping.
   *
   * @returns `undefined` when no port is free
   */
  add(
    protocol: NatProtocol,
    from: Endpoint,
    to: Endpoint,
    outsideIp: string,
    nowUs: number,
  ): NatMapping | undefined {
    const port = this.#choosePort(protocol, from.port, nowUs);
    if (port === undefined) return undefined;
    const outside = { ip: outsideIp, port };
    const mapping = new NatMapping(protocol, from, outside, this.#key(protocol, from, to), this.#behaviour);
    this.#fromInside.set(mapping.key, mapping);
    this.#fromOutside.set(outsideKey(protocol, port), mapping);
    return mapping;
  }

  /** The mapping behind an outside port. */
  behind(protocol: NatProtocol, port: number, nowUs: number): NatMapping | undefined {
    const mapping = this.#fromOutside.get(outsideKey(protocol, port));
    if (mapping === undefined || mapping.isAlive(nowUs)) return mapping;
    this.#remove(mapping);
    return undefined;
  }

  /** Forgets the mappings of a protocol. Their ports are not given again before others are used up. */
  clear(protocol: NatProtocol): void {
    for (const mapping of [...this.#fromOutside.values()]) {
      if (mapping.protocol !== protocol) continue;
      this.#remove(mapping);
      this.#retired.add(outsideKey(protocol, mapping.outside.port));
    }
  }

  #remove(mapping: NatMapping): void {
    this.#fromInside.delete(mapping.key);
    this.#fromOutside.delete(outsideKey(mapping.protocol, mapping.outside.port));
  }

  /** What packets that share a mapping have in common (RFC 4787 4.1). */
  #key(protocol: NatProtocol, from: Endpoint, to: Endpoint): string {
    const base = `${protocol} ${from.ip} ${from.port}`;
    switch (this.#behaviour.mapping) {
      case 'endpoint-independent':
        return base;
      case 'address-dependent':
        return `${base} ${to.ip}`;
      case 'address-and-port-dependent':
        return `${base} ${to.ip} ${to.port}`;
    }
  }

  /** The inside port, if it is to be kept and free; otherwise a random one (RFC 7857 9), and the next free one from there. */
  #choosePort(protocol: NatProtocol, inside: number, nowUs: number): number | undefined {
    const isFree = (port: number): boolean =>
      this.behind(protocol, port, nowUs) === undefined && !this.#retired.has(outsideKey(protocol, port));
    if (this.#behaviour.portPreservation && isFree(inside)) return inside;
    const low = inside < FIRST_REGISTERED_PORT;
    const first = low ? 1 : FIRST_REGISTERED_PORT;
    const count = (low ? FIRST_REGISTERED_PORT : LAST_PORT + 1) - first;
    const start = this.#random.below(count);
    for (let tries = 0; tries < count; tries++) {
      const port = first + ((start + tries) % count);
      const suits = !this.#behaviour.portParity || port % 2 === inside % 2;
      if (suits && isFree(port)) return port;
    }
    // every port is taken or retired: those that were taken away may be used again
    if (this.#retired.size === 0) return undefined;
    this.#retired.clear();
    return this.#choosePort(protocol, inside, nowUs);
  }
}

function outsideKey(protocol: NatProtocol, port: number): number {
  return protocol === 'udp' ? port : port + 0x1_0000;
}
