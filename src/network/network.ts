import type { Kernel } from '../kernel/index.js';
import { DirectedLink, type LinkControl } from './directed-link.js';
import { Host, type HostSpec } from './host.js';
import { type LinkProfile, linkProfile } from './link-profile.js';
import type { NetworkInterface } from './network-interface.js';

/** How a network is set up. */
export interface NetworkOptions {
  /** Changes to the link profile by realm. The realms `access` (20 ms) and `core` (2 ms) have delays of their own, others 5 ms. */
  readonly realms?: Readonly<Record<string, Partial<LinkProfile>>>;
  /** Changes by link: `a>b` for one direction, `a-b` for both. */
  readonly links?: Readonly<Record<string, Partial<LinkProfile>>>;
  /** Whether every packet asks the kernel for its fate, also where no profile has a fault. Default true. */
  readonly faults?: boolean;
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
  readonly #links = new Map<string, DirectedLink>();
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
    const { name, role, addresses, domain, aliases = [] } = spec;
    const domains = [...(domain === undefined ? [] : [domain]), ...aliases].map((one) => one.toLowerCase());
    if (/[>/#,]/.test(name)) throw new Error(`host name '${name}' must not contain >, /, # or comma`);
    if (this.#byName.has(name)) throw new Error(`there is a host ${name} already`);
    const taken = domains.find((one) => this.#byDomain.has(one));
    if (taken !== undefined) throw new Error(`there is a host with domain ${taken} already`);
    const host = new Host(this, spec, this.#addresses);
    for (const one of host.interfaces) this.#place(one);
    this.#addresses += host.interfaces.length;
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

  /** The address behind a DNS name as seen in a realm, case-insensitively (RFC 4343); `undefined` when it has none there. */
  resolve(domain: string, realm: string): string | undefined {
    return this.#byDomain.get(domain.toLowerCase())?.interfaces.find((one) => one.realm === realm)?.ip;
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
        ? this.#links.values()
        : [...this.#linksBetween(a, b), ...this.#linksBetween(b, a)];
    for (const link of links) {
      link.heal();
      link.release();
    }
  }

  /** The link from an interface to an address of its realm; made when it is first asked for. */
  linkBetween(from: NetworkInterface, ip: string): DirectedLink | undefined {
    const to = this.#realms.get(from.realm)?.get(ip);
    return to === undefined ? undefined : this.#link(from, to);
  }

  #place(one: NetworkInterface): void {
    let realm = this.#realms.get(one.realm);
    if (realm === undefined) {
      realm = new Map();
      this.#realms.set(one.realm, realm);
    }
    const holder = realm.get(one.ip)?.host.name;
    if (holder !== undefined)
      throw new Error(`${holder} has address ${one.ip} in realm ${one.realm} already`);
    realm.set(one.ip, one);
  }

  #linksBetween(from: string, to: string, realm?: string): DirectedLink[] {
    const receivers = this.host(to).interfaces;
    const links: DirectedLink[] = [];
    for (const sender of this.host(from).interfaces) {
      if (realm !== undefined && sender.realm !== realm) continue;
      const receiver = receivers.find((one) => one.realm === sender.realm);
      if (receiver !== undefined) links.push(this.#link(sender, receiver));
    }
    return links;
  }

  #link(from: NetworkInterface, to: NetworkInterface): DirectedLink {
    const pair = `${from.host.name}>${to.host.name}`;
    const shared = from.host.interfaces.filter(({ realm }) =>
      to.host.interfaces.some((one) => one.realm === realm),
    );
    const name = shared.length === 1 ? pair : `${pair}/${from.realm}`;
    const known = this.#links.get(name);
    if (known !== undefined) return known;
    const made = this.#makeLink(name, from, to);
    this.#links.set(name, made);
    return made;
  }

  #makeLink(name: string, from: NetworkInterface, to: NetworkInterface): DirectedLink {
    const { realms, links = {}, faults = true } = this.#options;
    const a = from.host.name;
    const b = to.host.name;
    const ofLink = { ...links[`${a}-${b}`], ...links[`${b}-${a}`], ...links[`${a}>${b}`], ...links[name] };
    const loopback = from.host === to.host;
    const profile = linkProfile(from.realm, loopback, realms?.[from.realm], ofLink);
    return new DirectedLink(from, to, { name, profile, faults: faults && !loopback });
  }
}
