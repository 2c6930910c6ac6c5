import type { Endpoint } from '../../trace/index.js';
import { type CandidatePair, type LocalBase, priorityOf, type ValidPair } from './candidate-pair.js';
import { type LocalCandidates, sameAddress } from './local-candidates.js';
import { comparePriority, type PairPriority } from './pair-priority.js';
import type { IceCandidate, IceRole } from './types.js';

/** The pairs whose checks have succeeded, with those that are nominated (RFC 8445 7.2.5.3.2). */
export class ValidList {
  readonly pairs: ValidPair[] = [];
  readonly #locals: LocalCandidates;

  constructor(locals: LocalCandidates) {
    this.#locals = locals;
  }

  /** The best of a component; of the nominated ones if only those count. */
  best(component: number, nominated: boolean): ValidPair | undefined {
    let best: ValidPair | undefined;
    for (const one of this.pairs) {
      if (one.pair.component !== component || (nominated && !one.nominated)) continue;
      if (best === undefined || comparePriority(one.priority, best.priority) < 0) best = one;
    }
    return best;
  }

  isNominated(component: number): boolean {
    return this.pairs.some(({ nominated, pair }) => nominated && pair.component === component);
  }

  /** The lowest priority among the nominated pairs of a component (RFC 5245 8.1.2). */
  lowestNominated(component: number): PairPriority | undefined {
    return this.pairs
      .filter(({ nominated, pair }) => nominated && pair.component === component)
      .map(({ priority }) => priority)
      .sort(comparePriority)
      .at(-1);
  }

  /** Whether the list has a pair of that base with the peer at that address. */
  has(local: LocalBase, remote: Endpoint): boolean {
    return this.pairs.some(
      (one) => one.pair.local === local && sameAddress(one.remote.candidate.address, remote),
    );
  }

  /**
   * The valid pair that a check makes which has succeeded (RFC 8445 7.2.5.3.1, 7.2.5.3.2).
   *
   * @param mapped where the peer saw the check come from
   * @param priority what the check said of itself, PRIORITY
   * @param now virtual time in microseconds
   */
  take(pair: CandidatePair, mapped: Endpoint, priority: number, role: IceRole, now: number): ValidPair {
    const { local, remote } = pair;
    const known = this.pairs.find(
      (one) => one.remote === remote && one.pair.local === local && sameAddress(one.local.address, mapped),
    );
    const valid = known ?? this.#make(pair, mapped, priority, role);
    if (known === undefined) this.pairs.push(valid);
    valid.pair = pair;
    valid.at = now;
    pair.valid = valid;
    return valid;
  }

  /** Puts a pair in that was nominated without a check of this agent (RFC 8445 7.3.2, 8.2). */
  addNominated(pair: CandidatePair, now: number): void {
    const { local, remote, priority } = pair;
    pair.valid = { local: local.candidate, remote, pair, priority, nominated: true, at: now };
    this.pairs.push(pair.valid);
  }

  /** Takes out what the checks of a pair had made. */
  remove(pair: CandidatePair): void {
    const { valid } = pair;
    pair.valid = undefined;
    if (valid !== undefined) this.pairs.splice(this.pairs.indexOf(valid), 1);
  }

  #make(pair: CandidatePair, mapped: Endpoint, priority: number, role: IceRole): ValidPair {
    const { local, remote } = pair;
    const { component, transport } = local.candidate;
    const known = this.#locals.find(local, mapped) ?? this.#locals.findAny(component, transport, mapped);
    const candidate = known?.candidate ?? this.#peerReflexive(local, mapped, priority);
    const pairPriority = priorityOf(candidate, remote.candidate, role);
    return { local: candidate, remote, pair, priority: pairPriority, nominated: false, at: 0 };
  }

  /** RFC 8445 7.2.5.3.1. */
  #peerReflexive(local: LocalBase, mapped: Endpoint, priority: number): IceCandidate {
    const { component, transport, tcpType, address } = local.candidate;
    return {
      foundation: this.#locals.foundation('prflx', address.ip, '', transport),
      component,
      transport,
      ...(tcpType === undefined ? {} : { tcpType }),
      priority,
      address: mapped,
      type: 'prflx',
      related: address,
    };
  }
}
