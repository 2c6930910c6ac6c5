import type { Endpoint, TcpFields } from '../trace/index.js';
import type { Host } from './host.js';
import type { NatMapping, NatProtocol } from './nat-mapping.js';
import { type NatBehaviour, type NatSpec, natBehaviour, type PortRule } from './nat-options.js';
import { NatTable } from './nat-table.js';
import type { Packet } from './packet.js';
import type { RouterInterface } from './router-interface.js';
import { ACK, RST, SYN } from './tcp-flags.js';

const NOTHING = new Uint8Array(0);

/** What {@link Nat.rebind} takes away. */
export interface Rebinding {
  /** Default both. */
  readonly protocol?: NatProtocol;
  /** Whether the next address of the pool is used from now on. Default false. */
  readonly address?: boolean;
}

/**
 * A network address and port translator (RFC 4787 for UDP, RFC 5382 for TCP, RFC 7857 for both), with a firewall: a host with one
 * address behind it and one before it. A packet that passes is a packet on each side, on links of their own, and what it drops
 * it drops in silence. It has no timers: what has expired is found so when a packet asks for it.
 */
export class Nat {
  readonly host: Host;
  readonly behaviour: NatBehaviour;
  readonly #inside: RouterInterface;
  readonly #outside: RouterInterface;
  readonly #firewall: NonNullable<NatSpec['firewall']>;
  readonly #table: NatTable;
  /** Outside addresses; the first is in use. */
  #addresses: readonly string[];

  /** Only a network makes translators. */
  constructor(spec: NatSpec, host: Host, inside: RouterInterface, outside: RouterInterface) {
    this.host = host;
    this.behaviour = natBehaviour(spec);
    this.#inside = inside;
    this.#outside = outside;
    this.#firewall = spec.firewall ?? {};
    this.#addresses = [spec.outside.ip, ...(spec.outside.pool ?? [])];
    this.#table = new NatTable(this.behaviour, host.random('NAT ports'));
    inside.route = (packet) => this.#leave(packet);
    outside.route = (packet) => this.#enterFrom(packet.src, packet);
  }

  /** The outside address of new mappings. */
  get ip(): string {
    return this.#addresses[0] as string;
  }

  /** The mappings in force, for the eyes of tests and tools. */
  get mappings(): readonly {
    readonly protocol: NatProtocol;
    readonly inside: Endpoint;
    readonly outside: Endpoint;
  }[] {
    return this.#table
      .alive(this.host.kernel.now)
      .map(({ protocol, inside, outside }) => ({ protocol, inside, outside }));
  }

  /**
   * Forgets mappings, as a translator does that restarts or is replaced: the next packet out gets another port, and another
   * address if that is wanted; what is sent to the old ones is lost.
   *
   * @throws Error when another address is wanted and there is none
   */
  rebind({ protocol, address = false }: Rebinding = {}): void {
    this.host.record({ kind: 'note', text: `forgets its ${protocol ?? 'UDP and TCP'} mappings` });
    if (protocol !== 'tcp') this.#table.clear('udp');
    if (protocol !== 'udp') this.#table.clear('tcp');
    if (!address) return;
    const [first, ...others] = this.#addresses;
    if (others.length === 0) throw new Error(`${this.host.name} has only one outside address`);
    this.#addresses = [...others, first as string];
  }

  /** The inside end that an outside one stands for, and the realm it is in. */
  origin(
    protocol: NatProtocol,
    { ip, port }: Endpoint,
  ): { readonly realm: string; readonly end: Endpoint } | undefined {
    const mapping = ip === this.ip ? this.#table.behind(protocol, port, this.host.kernel.now) : undefined;
    return mapping && { realm: this.#inside.realm, end: mapping.inside };
  }

  /** A packet from inside. */
  #leave(packet: Packet): void {
    const { src, dst, tcp, data, secure } = packet;
    const protocol = tcp === undefined ? 'udp' : 'tcp';
    const now = this.host.kernel.now;
    if (dst.ip === this.#inside.ip) {
      this.#drop(packet, 'port closed');
      return;
    }
    if (!allows(this.#firewall[protocol], dst.port)) {
      this.#drop(packet, 'firewall');
      return;
    }
    const hairpin = this.#addresses.includes(dst.ip);
    if (hairpin && !this.behaviour.hairpinning) {
      this.#drop(packet, 'no hairpinning');
      return;
    }
    let mapping = this.#table.find(protocol, src, dst, now);
    if (tcp !== undefined && (tcp.flags & SYN) === 0 && !mapping?.knows(dst, now)) {
      this.#stray(packet, tcp);
      return;
    }
    mapping ??= this.#table.add(protocol, src, dst, this.ip, now);
    if (mapping === undefined) {
      this.#drop(packet, 'no port left');
      return;
    }
    mapping.passOut(dst, tcp, now);
    const { outside } = mapping;
    if (hairpin) {
      this.#enterFrom(outside, packet);
      return;
    }
    this.#pass(packet, () => {
      const link = this.#outside.linkTo(dst.ip);
      if (link === undefined) this.#outside.unroutable(outside, dst, tcp, data);
      else link.transmit(outside, dst, tcp, data, secure);
    });
  }

  /** A packet for an outside address. What is turned round comes from an outside address as well (RFC 4787 REQ-9a). */
  #enterFrom(src: Endpoint, packet: Packet): void {
    const { dst, tcp, data, secure } = packet;
    const now = this.host.kernel.now;
    const mapping: NatMapping | undefined =
      dst.ip === this.ip ? this.#table.behind(tcp === undefined ? 'udp' : 'tcp', dst.port, now) : undefined;
    if (mapping === undefined) {
      this.#drop(packet, 'no mapping');
      return;
    }
    // a segment of a connection that is not known opens nothing; only a SYN may (RFC 5382 4.3)
    const opens = tcp === undefined || (tcp.flags & (SYN | ACK)) === SYN;
    if (opens ? !mapping.admits(src, now) : !mapping.knows(src, now)) {
      this.#drop(packet, 'filtered');
      return;
    }
    mapping.passIn(src, tcp, now);
    const { inside } = mapping;
    this.#pass(packet, () => {
      const link = this.#inside.linkTo(inside.ip);
      if (link === undefined) this.#inside.unroutable(src, inside, tcp, data);
      else link.transmit(src, inside, tcp, data, secure);
    });
  }

  /** A segment from inside of a connection that is not known, or not any more (RFC 5382 5). */
  #stray(packet: Packet, tcp: TcpFields): void {
    if (this.behaviour.strayTcp === 'drop' || (tcp.flags & RST) !== 0) {
      this.#drop(packet, 'no mapping');
      return;
    }
    this.#pass(packet, () => {
      const { src, dst, secure } = packet;
      const reset = { seq: tcp.ack, ack: 0, flags: RST, window: 0 };
      this.#inside.linkTo(src.ip)?.transmit(dst, src, reset, NOTHING, secure);
    });
  }

  #drop(packet: Packet, reason: string): void {
    packet.link.drop(packet, reason, this.host.name);
  }

  /** Takes a packet from its link, and what comes of it is its consequence. */
  #pass(packet: Packet, run: () => void): void {
    const { kernel, name } = this.host;
    if (kernel.trace === undefined) run();
    else {
      const body = { kind: 'packet.delivered', packet: packet.id } as const;
      kernel.causedBy(packet.id, () => kernel.recordAndRun(name, body, run));
    }
  }
}

function allows(rule: PortRule = 'all', port: number): boolean {
  return rule === 'all' || (rule !== 'none' && rule.includes(port));
}
