import type { Kernel } from '../kernel/index.js';
import type { Endpoint } from '../trace/index.js';
import { DirectedLink, type LinkControl } from './directed-link.js';
import { Host, type HostSpec } from './host.js';
import { type LinkProfile, linkProfile } from './link-profile.js';
import { Nat } from './nat.js';
import type { NatSpec } from './nat-options.js';
import type { NetworkInterface } from './network-interface.js';
import { RouterInterface } from './router-interface.js';

/** How a network is set up. */
export interface NetworkOptions {
  /** Changes to the link profile by realm. The realms `access` (20 ms) and `core` (2 ms) have delays of their own, others 5 ms. */
  readonly realms?: Readonly<Record<string, Partial<LinkProfile>>>;
  /** Changes by link: `a>b` for one direction, `a-b` for both. */
  readonly links?: Readonly<Record<string, Partial<LinkProfile>>>;
  /** Whether every packet asks the kernel for its fate, also where no profile has a fault. Default true. */
  readonly faults?: boolean;
}

/** The two places of a translator. */
interface NatPlace {
  readonly inside: NetworkInterface;
  readonly outside: NetworkInterface;
}

/** The hosts of a run, their addresses and the links between them. */
export class Network {
  readonly kernel: Kernel;
  readonly hosts: Host[] = [];
  readonly #options: NetworkOptions;
  readonly #byName = new Map<string, Host>();
  /** By DNS name and alias, in lower case. */
  readonly #byDomain = new Map<string, Host>();
  /** Interfaces by realm and address. */
  readonly #realms = new Map<string, Map<string, NetworkInterface>>();
  /** In the order in which they were made. */
  readonly #links: DirectedLink[] = [];
  /** Profiles of realms, for links that have no settings of their own. */
  readonly #profiles = new Map<string, LinkProfile>();
  /** Translators by the realm behind them and by each of their outside addresses. */
  readonly #natsBefore = new Map<string, NatPlace>();
  readonly #natsAt = new Map<string, Nat>();
  #addresses = 1;

  constructor(kernel: Kernel, options: NetworkOptions = {}) {
    this.kernel = kernel;
    this.#options = options;
    kernel.onLiveness(() => this.heal());
  }

  /**
   * Adds a host.
   *
   * @throws Error when its name, its DNS name or an address of it in a realm is taken
   */
  addHost(spec: HostSpec): Host {
    return this.#add(spec);
  }

  /**
   * Adds a translator between two realms. Hosts of the realm behind it, alone or with others, reach everything before it
   * through it; what runs on them may name the realm before it as theirs.
   *
   * @throws Error when its name or an address of it is taken, or the realm behind it has a translator
   */
  addNat(spec: NatSpec): Nat {
    const { name, inside, outside } = spec;
    if (this.#natsBefore.has(inside.realm)) throw new Error(`realm ${inside.realm} has a translator already`);
    if (inside.realm === outside.realm) throw new Error(`${name} has ${inside.realm} on both sides`);
    const addresses = { [inside.realm]: inside.ip, [outside.realm]: outside.ip };
    const host = this.#add({ name, role: 'NAT', addresses }, RouterInterface);
    const [behind, before] = host.interfaces as readonly RouterInterface[];
    if (behind?.realm !== inside.realm || before === undefined) throw new Error(`${name} lacks an interface`);
    for (const ip of outside.pool ?? []) this.#place(before, ip);
    const nat = new Nat(spec, host, behind, before);
    this.#natsBefore.set(inside.realm, { inside: behind, outside: before });
    for (const ip of [outside.ip, ...(outside.pool ?? [])]) this.#natsAt.set(`${outside.realm} ${ip}`, nat);
    return nat;
  }

  #add(spec: HostSpec, Interface?: typeof NetworkInterface): Host {
    const { name, role, addresses, domain, aliases = [] } = spec;
    const domains = [...(domain === undefined ? [] : [domain]), ...aliases].map((one) => one.toLowerCase());
    if (/[>/#,]/.test(name)) throw new Error(`host name '${name}' must not contain >, /, # or comma`);
    if (this.#byName.has(name)) throw new Error(`there is a host ${name} already`);
    const taken = domains.find((one) => this.#byDomain.has(one));
    if (taken !== undefined) throw new Error(`there is a host with domain ${taken} already`);
    const host = new Host(this, spec, this.takeNumbers(Object.keys(addresses).length), Interface);
    for (const one of host.interfaces) this.#place(one);
    this.hosts.push(host);
    this.#byName.set(name, host);
    for (const one of domains) this.#byDomain.set(one, host);
    const record = { name, role, addresses };
    this.kernel.trace?.hosts.push(domain === undefined ? record : { ...record, domain });
    return host;
  }

  /**
   * The host of that name.
   *
   * @throws Error when there is none
   */
  host(name: string): Host {
    const host = this.#byName.get(name);
    if (host === undefined) throw new Error(`there is no host ${name}`);
    return host;
  }

  /**
   * The address behind a DNS name as seen in a realm, or in one that translators lead to from there, case-insensitively
   * (RFC 4343); `undefined` when it has none.
   */
  resolve(domain: string, realm: string): string | undefined {
    const interfaces = this.#byDomain.get(domain.toLowerCase())?.interfaces;
    const found = interfaces?.find((one) => one.realm === realm)?.ip;
    if (found !== undefined || interfaces === undefined) return found;
    const before = this.#natsBefore.get(realm)?.outside.realm;
    return before === undefined ? undefined : this.resolve(domain, before);
  }

  /** Takes that many numbers for addresses, and returns the first. */
  takeNumbers(count: number): number {
    const first = this.#addresses;
    this.#addresses += count;
    return first;
  }

  /** Whether there is a translator. */
  get translates(): boolean {
    return this.#natsAt.size > 0;
  }

  /** Whether translators lead from a realm to another. */
  leadsTo(from: string, to: string): boolean {
    const before = this.#natsBefore.get(from)?.outside.realm;
    return before !== undefined && (before === to || this.leadsTo(before, to));
  }

  /**
   * An end of a TCP connection as text that is the same from wherever it is looked at: behind translators, the innermost
   * realm and address.
   *
   * @param realm from which it is looked at
   */
  endName(realm: string, end: Endpoint): string {
    if (!this.translates) return `${end.ip}:${end.port}`;
    const inner = this.#natsAt.get(`${realm} ${end.ip}`)?.origin('tcp', end);
    if (inner !== undefined) return this.endName(inner.realm, inner.end);
    const before = this.#natsBefore.get(realm)?.outside.realm;
    if (before === undefined) return `${end.ip}:${end.port}`;
    if (this.#realms.get(realm)?.has(end.ip) !== true) return this.endName(before, end);
    return `${realm}/${end.ip}:${end.port}`;
  }

  /** The first host that has the address in any realm. */
  reverse(ip: string): Host | undefined {
    return this.hosts.find((host) => host.interfaces.some((one) => one.ip === ip));
  }

  /**
   * One direction between two hosts.
   *
   * @param realm which one, where they share several; default the first of the sender's
   * @throws Error when they share no realm
   */
  link(from: string, to: string, realm?: string): LinkControl {
    const [first] = this.#linksBetween(from, to, realm);
    if (first === undefined) throw new Error(`${from} and ${to} share no realm${realm ? ` ${realm}` : ''}`);
    return first;
  }

  /** Cuts two hosts off from each other, both ways and in every realm. */
  partition(a: string, b: string): void {
    for (const link of [...this.#linksBetween(a, b), ...this.#linksBetween(b, a)]) link.partition();
  }

  /** Undoes {@link partition} and releases what is held, between two hosts or everywhere. */
  heal(a?: string, b?: string): void {
    const links =
      a === undefined || b === undefined
        ? this.#links
        : [...this.#linksBetween(a, b), ...this.#linksBetween(b, a)];
    for (const link of links) {
      link.heal();
      link.release();
    }
  }

  /** Makes the link from an interface to an address of its realm, if some host has that. */
  makeLink(from: NetworkInterface, ip: string): DirectedLink | undefined {
    const to = this.#realms.get(from.realm)?.get(ip) ?? this.#natsBefore.get(from.realm)?.inside;
    if (to === undefined) return undefined;
    // a translator, on the way or by a further address of its own, is reached by one link
    if (to.ip !== ip) return to === from ? undefined : from.linkTo(to.ip);
    const link = this.#newLink(from, to);
    this.#links.push(link);
    return link;
  }

  #place(one: NetworkInterface, ip = one.ip): void {
    let realm = this.#realms.get(one.realm);
    if (realm === undefined) {
      realm = new Map();
      this.#realms.set(one.realm, realm);
    }
    const holder = realm.get(ip)?.host.name;
    if (holder !== undefined) throw new Error(`${holder} has address ${ip} in realm ${one.realm} already`);
    realm.set(ip, one);
  }

  #linksBetween(from: string, to: string, realm?: string): DirectedLink[] {
    const receivers = this.host(to).interfaces;
    const links: DirectedLink[] = [];
    for (const sender of this.host(from).interfaces) {
      if (realm !== undefined && sender.realm !== realm) continue;
      const receiver = receivers.find((one) => one.realm === sender.realm);
      const link = receiver === undefined ? undefined : sender.linkTo(receiver.ip);
      if (link !== undefined) links.push(link);
    }
    return links;
  }

  #newLink(from: NetworkInterface, to: NetworkInterface): DirectedLink {
    const { links = {}, faults = true } = this.#options;
    const a = from.host.name;
    const b = to.host.name;
    const pair = `${a}>${b}`;
    const shared = from.host.interfaces.filter(({ realm }) =>
      to.host.interfaces.some((one) => one.realm === realm),
    );
    const name = shared.length === 1 ? pair : `${pair}/${from.realm}`;
    const loopback = from.host === to.host;
    const settings = [links[`${a}-${b}`], links[`${b}-${a}`], links[pair], links[name]];
    const own = settings.some((one) => one !== undefined);
    const profile = own
      ? this.#profile(from.realm, loopback, Object.assign({}, ...settings))
      : this.#usualProfile(from.realm, loopback);
    return new DirectedLink(from, to, { name, profile, faults: faults && !loopback });
  }

  #usualProfile(realm: string, loopback: boolean): LinkProfile {
    const key = loopback ? '' : realm;
    let profile = this.#profiles.get(key);
    if (profile === undefined) this.#profiles.set(key, (profile = this.#profile(realm, loopback)));
    return profile;
  }

  #profile(realm: string, loopback: boolean, ofLink?: Partial<LinkProfile>): LinkProfile {
    return linkProfile(realm, loopback, this.#options.realms?.[realm], ofLink);
  }
}
