import { parseIp } from '../../wire/ip/index.js';
import {
  type CandidatePair,
  comparePairs,
  type LocalBase,
  priorityOf,
  type RemoteCandidate,
} from './candidate-pair.js';
import { comparePriority } from './pair-priority.js';
import type { IceCandidate, IceRole, IceSpecification, TcpType } from './types.js';

/** A pair before it has a state. */
export interface ProtoPair {
  readonly local: LocalBase;
  readonly remote: RemoteCandidate;
}

/** Which remote TCP candidates a local one reaches; from a passive one nothing is sent first (RFC 6544 6.2). */
const REACHES: Readonly<Record<TcpType, TcpType | undefined>> = {
  active: 'passive',
  so: 'so',
  passive: undefined,
};

/** Whether two candidates can be paired at all (RFC 8445 6.1.2.2, RFC 6544 6.2). */
export function canPair(local: IceCandidate, remote: IceCandidate): boolean {
  if (local.component !== remote.component || local.transport !== remote.transport) return false;
  if (local.tcpType !== undefined && REACHES[local.tcpType] !== remote.tcpType) return false;
  const a = parseIp(local.address.ip);
  const b = parseIp(remote.address.ip);
  if (a === undefined || b === undefined || a.family !== b.family) return false;
  return isLinkLocal(a.bytes) === isLinkLocal(b.bytes);
}

/** fe80::/10 (RFC 4291 2.4): not to be paired with others (RFC 8445 6.1.2.2). IPv4 has no such rule. */
function isLinkLocal(bytes: Uint8Array): boolean {
  return bytes.length === 16 && bytes[0] === 0xfe && ((bytes[1] as number) & 0xc0) === 0x80;
}

/**
 * Pairs candidates, orders them by priority and leaves out those that are redundant (RFC 8445 6.1.2.2 to 6.1.2.4). A reflexive
 * candidate is replaced by its base.
 *
 * @param locals each with the base that it is sent from
 */
export function formPairs(
  locals: readonly { readonly candidate: IceCandidate; readonly from: LocalBase }[],
  remotes: readonly RemoteCandidate[],
  role: IceRole,
): ProtoPair[] {
  const found: (ProtoPair & { readonly priority: ReturnType<typeof priorityOf> })[] = [];
  for (const { candidate, from } of locals) {
    for (const remote of remotes) {
      if (!canPair(candidate, remote.candidate)) continue;
      found.push({ local: from, remote, priority: priorityOf(candidate, remote.candidate, role) });
    }
  }
  found.sort((a, b) => comparePriority(a.priority, b.priority));
  const pairs: ProtoPair[] = [];
  for (const { local, remote } of found) {
    if (!pairs.some((one) => one.local === local && one.remote === remote)) pairs.push({ local, remote });
  }
  return pairs;
}

/** The pairs of a data stream, the triggered-check queue, and which pair is checked next (RFC 8445 6.1.2, 6.1.4). */
export class Checklist {
  /** By priority, the highest first. */
  pairs: CandidatePair[] = [];
  /** First in, first out (RFC 8445 6.1.4.1). */
  readonly triggered: CandidatePair[] = [];
  readonly #specification: IceSpecification;

  constructor(specification: IceSpecification) {
    this.#specification = specification;
  }

  /** Puts a pair in by its priority. */
  insert(pair: CandidatePair): void {
    let at = this.pairs.length;
    while (at > 0 && comparePairs(this.pairs[at - 1] as CandidatePair, pair) > 0) at--;
    this.pairs.splice(at, 0, pair);
  }

  find(local: LocalBase, remote: RemoteCandidate): CandidatePair | undefined {
    return this.pairs.find((pair) => pair.local === local && pair.remote === remote);
  }

  /** Orders the pairs by what their priorities are in that role now. */
  reorder(role: IceRole): void {
    for (const pair of this.pairs) pair.prioritize(role);
    this.pairs.sort(comparePairs);
  }

  /** Of each foundation one pair to Waiting: that of the lowest component, then of the highest priority (RFC 8445 6.1.2.6). */
  unfreezeFirst(): void {
    const firsts = new Map<string, CandidatePair>();
    for (const pair of this.pairs) {
      const first = firsts.get(pair.foundation);
      if (first === undefined || pair.component < first.component) firsts.set(pair.foundation, pair);
    }
    for (const pair of firsts.values()) {
      const { foundation } = pair;
      const known = this.pairs.some((one) => one.foundation === foundation && one.state !== 'Frozen');
      if (!known) pair.send('unfreeze');
    }
  }

  /** All that share the foundation of one that succeeded, to Waiting (RFC 8445 7.2.5.3.3). */
  unfreeze(foundation: string): void {
    for (const pair of this.pairs) {
      if (pair.state === 'Frozen' && pair.foundation === foundation) pair.send('unfreeze');
    }
  }

  /** Puts a pair into the triggered-check queue, unless it is there. */
  enqueue(pair: CandidatePair): void {
    if (!this.triggered.includes(pair)) this.triggered.push(pair);
  }

  dequeue(pair: CandidatePair): void {
    const at = this.triggered.indexOf(pair);
    if (at !== -1) this.triggered.splice(at, 1);
  }

  /** Whether {@link next} would find a pair. */
  get hasWork(): boolean {
    return (
      this.triggered.length > 0 ||
      this.pairs.some(({ state }) => state === 'Waiting') ||
      this.#thawing() !== undefined
    );
  }

  /** The pair to check now (RFC 8445 6.1.4.2), taken out of the queue if it comes from there. */
  next(): CandidatePair | undefined {
    const triggered = this.triggered.shift();
    if (triggered !== undefined) return triggered;
    let waiting = this.pairs.find(({ state }) => state === 'Waiting');
    if (waiting !== undefined) return waiting;
    for (let thaw = this.#thawing(); thaw !== undefined; thaw = this.#thawing()) {
      thaw.send('unfreeze');
      waiting ??= thaw;
      // RFC 5245 5.8 takes the one of highest priority, RFC 8445 one of each foundation that rests
      if (this.#specification === 'rfc5245') break;
    }
    return waiting;
  }

  /** The frozen pair that comes first and whose foundation nobody is checking. */
  #thawing(): CandidatePair | undefined {
    return this.pairs.find((pair) => {
      if (pair.state !== 'Frozen') return false;
      if (this.#specification === 'rfc5245') return true;
      return !this.pairs.some(
        ({ state, foundation }) =>
          foundation === pair.foundation && (state === 'Waiting' || state === 'In-Progress'),
      );
    });
  }

  /** How many checks are waiting or in progress, for RTO (RFC 8445 14.3). */
  get open(): number {
    let open = 0;
    for (const { state } of this.pairs) if (state === 'Waiting' || state === 'In-Progress') open++;
    return open;
  }

  /** Whether every pair has succeeded or failed (RFC 8445 6.1.2.1). */
  get isExhausted(): boolean {
    return (
      this.triggered.length === 0 &&
      this.pairs.every(({ state }) => state === 'Succeeded' || state === 'Failed')
    );
  }

  /** Takes pairs out of the list and the queue; their checks are cancelled. */
  remove(where: (pair: CandidatePair) => boolean): void {
    const leaving = this.pairs.filter(where);
    if (leaving.length === 0) return;
    this.pairs = this.pairs.filter((pair) => !leaving.includes(pair));
    for (const pair of leaving) {
      this.dequeue(pair);
      pair.send('remove');
    }
  }
}
