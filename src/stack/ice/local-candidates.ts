import type { Endpoint } from '../../trace/index.js';
import { candidatePriority } from './candidate.js';
import type { LocalBase } from './candidate-pair.js';
import type { CandidateType, IceBase, IceCandidate } from './types.js';

/** A candidate and the base that its checks are sent from. */
export interface LocalCandidate {
  readonly candidate: IceCandidate;
  readonly from: LocalBase;
}

export function sameAddress(a: Endpoint, b: Endpoint): boolean {
  return a.port === b.port && a.ip === b.ip;
}

/** The candidates of an agent, with their foundations and priorities (RFC 8445 5.1.1.3, 5.1.2, 5.1.3). */
export class LocalCandidates {
  readonly bases: LocalBase[] = [];
  list: LocalCandidate[] = [];
  readonly #foundations = new Map<string, string>();
  /** How many addresses of a kind there have been, the preferred first. */
  readonly #ranks = new Map<string, number>();

  /** A host candidate, or a relayed one with the address that its server sees and the server's own. */
  addBase(base: IceBase, relay?: { readonly mapped: Endpoint; readonly server: string }): LocalBase {
    const { component, type, transport, tcpType, address } = base;
    const kind = `${type} ${component} ${tcpType ?? transport}`;
    const rank = this.#ranks.get(kind) ?? 0;
    this.#ranks.set(kind, rank + 1);
    const candidate: IceCandidate = {
      foundation: this.foundation(type, address.ip, relay?.server ?? '', transport),
      component,
      transport,
      ...(tcpType === undefined ? {} : { tcpType }),
      priority: candidatePriority({ type, component, tcpType, rank }),
      address,
      type,
      ...(relay === undefined ? {} : { related: relay.mapped }),
    };
    const made: LocalBase = { base, candidate };
    this.bases.push(made);
    this.list.push({ candidate, from: made });
    return made;
  }

  /**
   * The server-reflexive candidate of a base.
   *
   * @param server number of the server among those asked, from 0, and its address
   * @returns `undefined` if it would be redundant (RFC 8445 5.1.3)
   */
  addServerReflexive(
    from: LocalBase,
    mapped: Endpoint,
    server: { readonly number: number; readonly ip: string },
  ): IceCandidate | undefined {
    if (this.find(from, mapped) !== undefined) return undefined;
    const { component, transport, address } = from.candidate;
    // unique among all bases and servers, as 5.1.2.1 demands
    const rank = this.bases.indexOf(from) + this.bases.length * server.number;
    const candidate: IceCandidate = {
      foundation: this.foundation('srflx', address.ip, server.ip, transport),
      component,
      transport,
      priority: candidatePriority({ type: 'srflx', component, rank }),
      address: mapped,
      type: 'srflx',
      related: address,
    };
    this.list.push({ candidate, from });
    return candidate;
  }

  /** The candidate with that address and base. */
  find(from: LocalBase, address: Endpoint): LocalCandidate | undefined {
    return this.list.find((one) => one.from === from && sameAddress(one.candidate.address, address));
  }

  /** A candidate with that address, whatever its base. */
  findAny(component: number, transport: string, address: Endpoint): LocalCandidate | undefined {
    return this.list.find(
      ({ candidate: one }) =>
        one.component === component && one.transport === transport && sameAddress(one.address, address),
    );
  }

  /** Forgets the server-reflexive candidates: the bindings may have changed (RFC 8445 9). */
  removeReflexive(): void {
    this.list = this.list.filter(({ candidate }) => candidate.type !== 'srflx');
  }

  removeBase(from: LocalBase): void {
    const at = this.bases.indexOf(from);
    if (at !== -1) this.bases.splice(at, 1);
    this.list = this.list.filter((one) => one.from !== from);
  }

  /** The same for the same type, base address, server address and transport, and otherwise another (RFC 8445 5.1.1.3). */
  foundation(type: CandidateType, baseIp: string, server: string, transport: string): string {
    const key = `${type} ${baseIp} ${server} ${transport}`;
    let foundation = this.#foundations.get(key);
    if (foundation === undefined) {
      foundation = String(this.#foundations.size + 1);
      this.#foundations.set(key, foundation);
    }
    return foundation;
  }
}
