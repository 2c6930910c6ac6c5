import { type ActorRefFrom, setup } from 'xstate';
import { portOf } from '../../kernel/index.js';
import type { Host } from '../../network/index.js';
import type { BindingTransaction } from '../stun/index.js';
import { comparePriority, type PairPriority, pairPriority } from './pair-priority.js';
import type { IceBase, IceCandidate, IceRole } from './types.js';

/** What a pair does to the world. */
interface PairPort {
  startCheck(): void;
  cancelCheck(): void;
}

type PairEvent =
  | { readonly type: 'unfreeze' }
  | { readonly type: 'trigger' }
  | { readonly type: 'perform' }
  | { readonly type: 'success' }
  | { readonly type: 'failure' }
  | { readonly type: 'role conflict' }
  | { readonly type: 'remove' };

/** The states of a candidate pair (RFC 8445 6.1.2.6, figure 6), with what triggered checks add to them (7.3.1.4). */
export const candidatePairMachine = setup({
  types: {} as { events: PairEvent },
  actions: {
    'start the check': ({ self }) => portOf<PairPort>(self).startCheck(),
    'cancel the check': ({ self }) => portOf<PairPort>(self).cancelCheck(),
  },
}).createMachine({
  id: 'candidate pair',
  initial: 'Frozen',
  states: {
    Frozen: { on: { unfreeze: 'Waiting', trigger: 'Waiting', success: 'Succeeded' } },
    Waiting: {
      // a check that was cancelled may still be answered (7.3.1.4)
      on: { perform: 'In-Progress', success: 'Succeeded', trigger: {} },
    },
    'In-Progress': {
      entry: 'start the check',
      on: {
        success: 'Succeeded',
        failure: 'Failed',
        trigger: { target: 'Waiting', actions: 'cancel the check' },
        'role conflict': 'Waiting',
      },
    },
    // the check is repeated in order to nominate (8.1.1)
    Succeeded: { on: { perform: 'In-Progress', success: {} } },
    Failed: { on: { trigger: 'Waiting', success: 'Succeeded' } },
    Removed: { type: 'final' },
  },
  on: { remove: { target: '.Removed', actions: 'cancel the check' } },
});

/** A remote candidate; what is known of a peer-reflexive one grows when the peer tells of it (RFC 8445 7.3.1.3). */
export interface RemoteCandidate {
  candidate: IceCandidate;
}

/** A local candidate that checks are sent from: its own base. */
export interface LocalBase {
  readonly base: IceBase;
  readonly candidate: IceCandidate;
}

/** A pair whose check has succeeded (RFC 8445 7.2.5.3.2). */
export interface ValidPair {
  /** What the peer sees: a reflexive candidate behind a NAT. */
  readonly local: IceCandidate;
  readonly remote: RemoteCandidate;
  /** The pair whose check made it. */
  pair: CandidatePair;
  priority: PairPriority;
  nominated: boolean;
  /** Virtual time of the last good answer, in microseconds. */
  at: number;
}

/** What a pair needs of its session. */
export interface PairOwner {
  readonly id: string;
  readonly host: Host;
  /** Sends the check; returns its transaction. */
  check(pair: CandidatePair): BindingTransaction;
}

/** A candidate pair of the checklist (RFC 8445 6.1.2.2). */
export class CandidatePair implements PairPort {
  readonly local: LocalBase;
  readonly remote: RemoteCandidate;
  readonly component: number;
  priority: PairPriority;
  /** Both foundations together (RFC 8445 6.1.2.6). */
  foundation = '';
  /** Whether the controlling agent's next check nominates (RFC 8445 8.1.1). */
  nominating = false;
  /** Whether the controlling peer has nominated, while the own check is not answered yet (RFC 8445 7.3.1.5). */
  nominatedByPeer = false;
  /** The valid pair that its check made. */
  valid: ValidPair | undefined;
  transaction: BindingTransaction | undefined;
  readonly #owner: PairOwner;
  readonly #actor: ActorRefFrom<typeof candidatePairMachine>;

  /** @param number in the name of its machine */
  constructor(owner: PairOwner, number: number, local: LocalBase, remote: RemoteCandidate, role: IceRole) {
    this.#owner = owner;
    this.local = local;
    this.remote = remote;
    this.component = local.candidate.component;
    this.priority = this.prioritize(role);
    this.#actor = owner.host.spawn(candidatePairMachine, { id: `${owner.id} pair/${number}`, port: this });
  }

  get state(): 'Frozen' | 'Waiting' | 'In-Progress' | 'Succeeded' | 'Failed' | 'Removed' {
    return this.#actor.getSnapshot().value;
  }

  /** Computes priority and foundation anew, as a change of roles or of what is known of the candidates demands (RFC 8445 7.2.5.1). */
  prioritize(role: IceRole): PairPriority {
    const { local, remote, valid } = this;
    this.foundation = `${local.candidate.foundation} ${remote.candidate.foundation}`;
    this.priority = priorityOf(local.candidate, remote.candidate, role);
    if (valid !== undefined) valid.priority = priorityOf(valid.local, valid.remote.candidate, role);
    return this.priority;
  }

  send(type: PairEvent['type']): void {
    this.#actor.send({ type });
  }

  startCheck(): void {
    this.transaction = this.#owner.check(this);
  }

  cancelCheck(): void {
    this.transaction?.cancel();
    this.transaction = undefined;
  }

  /** Ends its machine without a word. */
  stop(): void {
    this.#actor.stop();
  }
}

/** The priority of a pair of candidates as an agent of that role computes it (RFC 8445 6.1.2.3). */
export function priorityOf(local: IceCandidate, remote: IceCandidate, role: IceRole): PairPriority {
  return role === 'controlling'
    ? pairPriority(local.priority, remote.priority)
    : pairPriority(remote.priority, local.priority);
}

/** Negative where `a` comes first in a checklist: the higher priority, then the lower component (RFC 8445 6.1.4.2). */
export function comparePairs(a: CandidatePair, b: CandidatePair): number {
  return comparePriority(a.priority, b.priority) || a.component - b.component;
}
