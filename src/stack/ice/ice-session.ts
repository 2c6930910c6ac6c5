import { toHex } from '../../crypto/index.js';
import type { Host } from '../../network/index.js';
import type { Endpoint } from '../../trace/index.js';
import { attribute, type StunMessage, shortTermKey } from '../../wire/stun/index.js';
import { type BindingResult, BindingTransaction, makeCheck } from '../stun/index.js';
import { reflexivePriority } from './candidate.js';
import {
  CandidatePair,
  type LocalBase,
  type PairOwner,
  priorityOf,
  type RemoteCandidate,
  type ValidPair,
} from './candidate-pair.js';
import { Checklist, canPair, formPairs } from './checklist.js';
import { sameAddress } from './local-candidates.js';
import { comparePriority } from './pair-priority.js';
import { RemoteCandidates } from './remote-candidates.js';
import type { Peer, SessionOwner } from './session-types.js';
import type { IceRole, RemoteDescription } from './types.js';
import { ValidList } from './valid-list.js';

/** Checks that arrived before the peer's description and are kept for it (RFC 8445 7.3). */
const MOST_EARLY = 32;

/** A check that was answered before there was a description to do more with it. */
interface EarlyCheck {
  readonly local: LocalBase;
  readonly from: Endpoint;
  readonly request: StunMessage;
  readonly remoteUfrag: string;
}

/** What was so when a check was sent. */
interface SentCheck {
  readonly role: IceRole;
  readonly nominates: boolean;
  readonly priority: number;
}

/**
 * One ICE session of a data stream: from the exchange of credentials to the nomination of a pair for every component, or to a
 * restart (RFC 8445 6 to 8). The state of the session is that of the agent's machine.
 */
export class IceSession implements PairOwner {
  readonly id: string;
  readonly host: Host;
  readonly checklist: Checklist;
  readonly valid: ValidList;
  readonly remotes = new RemoteCandidates();
  /** Components that both sides have (RFC 8445 6.1.2.2). */
  components: number;
  peer: Peer | undefined;
  readonly #owner: SessionOwner;
  readonly #localUfrag: string;
  readonly #early: EarlyCheck[] = [];
  #began = false;
  #patient = true;
  #waitsForBetter = false;
  #pacOver = false;
  /** Pairs that the peer has nominated: several mean that it is aggressive (RFC 8445 8.1.1). */
  #peerNominations = 0;

  constructor(owner: SessionOwner, localUfrag: string) {
    this.#owner = owner;
    this.#localUfrag = localUfrag;
    this.id = owner.id;
    this.host = owner.host;
    this.components = owner.settings.components;
    this.checklist = new Checklist(owner.settings.specification);
    this.valid = new ValidList(owner.locals);
  }

  /** Takes the peer's description, or more of its candidates. */
  describe(description: RemoteDescription): void {
    const { ufrag, pwd, lite = false, options = [], pacingMs = 0, endOfCandidates = true } = description;
    if (this.peer !== undefined && (this.peer.ufrag !== ufrag || this.peer.pwd !== pwd)) {
      throw new Error(`${this.id}: the peer's credentials change by an ICE restart only (RFC 8445 9)`);
    }
    const { roles, settings } = this.#owner;
    const known = this.peer !== undefined;
    this.peer ??= { ufrag, pwd, key: shortTermKey(pwd), lite, options, pacingMs, endOfCandidates };
    this.peer.endOfCandidates = endOfCandidates;
    // a full agent controls a lite one (6.1.1)
    if (lite && settings.full && roles.role === 'controlled') this.#switchRole('controlling');
    const more = description.candidates.filter((candidate) => this.remotes.add(candidate));
    if (more.length > 0) this.checklist.reorder(roles.role);
    if (this.#began) this.#extend();
    if (!known) {
      const ours = this.#early.splice(0).filter(({ remoteUfrag }) => remoteUfrag === ufrag);
      for (const { local, from, request } of ours) this.#trigger(local, from, request);
    }
    if (this.#began) this.update();
  }

  /** Forms the checklist and lets checks begin (RFC 8445 6.1.2, 6.1.4). */
  begin(): void {
    const last = this.remotes.list.reduce((most, { candidate }) => Math.max(most, candidate.component), 0);
    if (last > 0) this.components = Math.min(this.components, last);
    this.#began = true;
    if (!this.#owner.settings.full) {
      if (this.peer?.lite === true) this.#pairWithLite();
      this.update();
      return;
    }
    this.#extend();
  }

  /** Takes local candidates that were found after the checks had begun. */
  extend(): void {
    if (!this.#began || !this.#owner.settings.full) return;
    this.#extend();
    this.update();
  }

  /** Whether a pair waits for its check. */
  get hasWork(): boolean {
    return this.#began && this.#owner.settings.full && this.checklist.hasWork;
  }

  /** Ta has fired (RFC 8445 6.1.4.2). */
  perform(): void {
    this.checklist.next()?.send('perform');
  }

  /** No better pair is waited for any more. */
  losePatience(): void {
    this.#patient = false;
    this.update();
  }

  /** The PAC timer has fired: the checklist may fail from now on (RFC 8863 4). */
  endPatientWait(): void {
    this.#pacOver = true;
    this.update();
  }

  /** Ends all machines of the session; answers to its checks are nobody's any more. */
  stop(): void {
    for (const pair of this.checklist.pairs) pair.stop();
    this.#owner.pending.stop(this);
  }

  /**
   * Whether a check claims the role that this agent has, and what follows (RFC 8445 7.3.1.1): the agent may switch its own.
   *
   * @returns true if the check has to be answered with 487
   */
  isConflict(request: StunMessage): boolean {
    const { roles, settings } = this.#owner;
    if (!settings.full) return false;
    const { role } = roles;
    const claim = attribute(request, role === 'controlling' ? 'ICE-CONTROLLING' : 'ICE-CONTROLLED');
    if (claim === undefined) return false;
    const wins = roles.tieBreaker >= claim.tieBreaker;
    // the one with the larger value ends up controlling
    if (wins === (role === 'controlling')) return true;
    this.#switchRole(role === 'controlling' ? 'controlled' : 'controlling');
    return false;
  }

  /** Does what a check demands that has been answered with success (RFC 8445 7.3.1.3 to 7.3.1.5, 7.3.2). */
  takeCheck(local: LocalBase, from: Endpoint, request: StunMessage, remoteUfrag: string): void {
    const known = this.peer?.ufrag === remoteUfrag;
    if (!this.#owner.settings.full) {
      if (known || this.peer === undefined) this.#nominateLite(local, from, request);
    } else if (known) {
      this.#trigger(local, from, request);
    } else if (this.#early.length < MOST_EARLY) {
      this.#early.push({ local, from, request, remoteUfrag });
    }
  }

  /** The pairs that could not be reached from a base fail (RFC 6544 7.1, RFC 8445 7.2.5.2). */
  unreachable(local: LocalBase, to: Endpoint, reason: string): void {
    for (const pair of [...this.checklist.pairs]) {
      if (pair.local !== local || !sameAddress(pair.remote.candidate.address, to)) continue;
      pair.transaction?.break(reason);
    }
  }

  /** A request like a check, under a new transaction id, on a pair that is used already (RFC 7675 5.1). */
  makeConsentRequest(valid: ValidPair): { readonly request: Uint8Array; readonly transactionKey: string } {
    const transactionId = this.host.random('stun transaction').bytes(12);
    return { request: this.#make(valid.pair, false, transactionId), transactionKey: toHex(transactionId) };
  }

  check(pair: CandidatePair): BindingTransaction {
    const { roles, pending } = this.#owner;
    const { role } = roles;
    const nominates = role === 'controlling' && (pair.nominating || this.#isAggressive);
    const sent: SentCheck = { role, nominates, priority: reflexivePriority(pair.local.candidate) };
    const transactionId = this.host.random('stun transaction').bytes(12);
    const { base } = pair.local;
    const to = pair.remote.candidate.address;
    const transaction: BindingTransaction = new BindingTransaction(
      this.host,
      `${this.id} check/${this.#owner.number('check')}`,
      {
        request: this.#make(pair, nominates, transactionId),
        transactionId,
        ...(this.peer === undefined ? {} : { key: this.peer.key }),
        rtoMs: this.#rtoMs,
        reliable: base.transport === 'tcp',
        transmit: (request) => base.send(request, to),
        end: (result) => {
          pending.delete(transaction.key);
          this.#ended(pair, transaction, sent, result);
        },
      },
    );
    pending.add(transaction.key, { transaction, owner: this, local: pair.local, to });
    return transaction;
  }

  #make(pair: CandidatePair, nominate: boolean, transactionId: Uint8Array): Uint8Array {
    const { peer } = this;
    if (peer === undefined) throw new Error(`${this.id}: a check before the peer is known`);
    const { role, tieBreaker } = this.#owner.roles;
    const priority = reflexivePriority(pair.local.candidate);
    const remoteUfrag = peer.ufrag;
    const check = { localUfrag: this.#localUfrag, remoteUfrag, priority, role, tieBreaker, nominate };
    return makeCheck(check, transactionId, peer.key);
  }

  /** RTO = MAX(500 ms, Ta * N * (Num-Waiting + Num-In-Progress)) (RFC 8445 14.3; RFC 5245 16.1 has no N, and 100 ms). */
  get #rtoMs(): number {
    const { settings } = this.#owner;
    const { pairs, open } = this.checklist;
    if (settings.specification === 'rfc5245') return Math.max(100, settings.pacingMs * open);
    return Math.max(500, this.pacingMs * pairs.length * open);
  }

  /** Ta: the higher of what both sides propose (RFC 8445 14.2). */
  get pacingMs(): number {
    return Math.max(this.#owner.settings.pacingMs, this.peer?.pacingMs ?? 0);
  }

  /** RFC 5245 8.1.1.2: not towards a peer with options that are unknown there (14), and not with TCP (RFC 6544 8). */
  get #isAggressive(): boolean {
    const { aggressive } = this.#owner.settings;
    if (!aggressive || this.peer?.options.some((option) => option !== 'trickle') === true) return false;
    return !this.checklist.pairs.some(({ local }) => local.candidate.transport === 'tcp');
  }

  #ended(pair: CandidatePair, transaction: BindingTransaction, sent: SentCheck, result: BindingResult): void {
    const current = pair.transaction === transaction;
    if (current) pair.transaction = undefined;
    if (result.kind === 'success') {
      this.#succeeded(pair, current, sent, result.mapped);
    } else if (result.kind === 'error' && result.code === 487) {
      this.#yield(pair, current, sent);
    } else if (current && pair.state === 'In-Progress') {
      pair.send('failure');
      this.#failed(pair, sent);
    }
    this.update();
  }

  /** The peer says that the roles conflict (RFC 8445 7.2.5.1). */
  #yield(pair: CandidatePair, current: boolean, sent: SentCheck): void {
    const { roles, settings } = this.#owner;
    if (roles.role === sent.role) {
      this.#switchRole(sent.role === 'controlling' ? 'controlled' : 'controlling');
      // RFC 5245 7.1.3.1 knows nothing of a new one
      if (settings.specification === 'rfc8445') roles.tieBreaker = this.#owner.newTieBreaker();
    }
    if (!current || pair.state !== 'In-Progress') return;
    pair.send('role conflict');
    this.checklist.enqueue(pair);
  }

  #failed(pair: CandidatePair, sent: SentCheck): void {
    const chosen = pair.nominating && sent.nominates;
    const chosenByPeer = pair.nominatedByPeer && this.#peerNominations === 1;
    if (!chosen && !chosenByPeer) return;
    // a nomination that fails takes the checklist along (7.2.5.3.4, 7.3.1.5)
    this.valid.remove(pair);
    if (!this.valid.isNominated(pair.component)) {
      this.#owner.tell({ type: 'failed', reason: 'the nominated pair does not work' });
    }
  }

  #succeeded(pair: CandidatePair, current: boolean, sent: SentCheck, mapped: Endpoint): void {
    const { roles } = this.#owner;
    const valid = this.valid.take(pair, mapped, sent.priority, roles.role, this.host.kernel.now);
    // an answer to a check that was cancelled does not make a nomination that waits its turn superfluous
    const isOld = !current && pair.nominating && !sent.nominates;
    if (pair.state !== 'Removed' && !isOld) {
      pair.send('success');
      pair.cancelCheck();
      this.checklist.dequeue(pair);
    }
    this.checklist.unfreeze(pair.foundation);
    if (roles.role === 'controlling' ? sent.nominates : pair.nominatedByPeer) this.#nominate(valid);
  }

  #nominate(valid: ValidPair): void {
    if (valid.nominated) return;
    valid.nominated = true;
    valid.pair.nominating = false;
    this.#conclude(valid.pair.component);
  }

  /** What a nominated pair makes of the others of its component (RFC 8445 8.1.2; RFC 5245 8.1.2). */
  #conclude(component: number): void {
    const lowest = this.valid.lowestNominated(component);
    const isOld = this.#owner.settings.specification === 'rfc5245';
    this.checklist.remove((pair) => {
      if (pair.component !== component || pair.state === 'Succeeded') return false;
      if (!isOld || pair.state !== 'In-Progress') return true;
      return lowest !== undefined && comparePriority(pair.priority, lowest) > 0;
    });
  }

  /** Adapts the state of the checklist to that of its pairs (RFC 8445 7.2.5.4, 8.1.2). */
  update(): void {
    if (!this.#began) return;
    this.#owner.pathsChanged();
    const components = Array.from({ length: this.components }, (_, i) => i + 1);
    if (components.every((component) => this.valid.isNominated(component))) {
      this.#owner.tell({ type: 'concluded' });
      if (this.hasWork) this.#owner.tell({ type: 'work' });
      return;
    }
    const { roles, settings, gathered } = this.#owner;
    if (!settings.full) return;
    if (roles.role === 'controlling' && !this.#isAggressive) {
      for (const component of components) this.#choose(component);
    }
    if (this.hasWork) this.#owner.tell({ type: 'work' });
    const complete = gathered && this.peer?.endOfCandidates === true;
    if (!complete || !this.#pacOver || !this.checklist.isExhausted) return;
    if (components.some((component) => this.valid.best(component, false) === undefined)) {
      this.#owner.tell({ type: 'failed', reason: 'no pair works' });
    }
  }

  /** Picks a pair for nomination once nothing better is to be waited for (RFC 8445 8.1.1). */
  #choose(component: number): void {
    if (this.valid.isNominated(component)) return;
    const { pairs } = this.checklist;
    if (pairs.some((pair) => pair.component === component && pair.nominating)) return;
    const best = this.valid.best(component, false);
    if (best === undefined || best.pair.state !== 'Succeeded') return;
    const better = pairs.some(
      (pair) =>
        pair.component === component &&
        pair.state !== 'Succeeded' &&
        pair.state !== 'Failed' &&
        comparePriority(pair.priority, best.pair.priority) < 0,
    );
    if (better && this.#patient) {
      if (!this.#waitsForBetter) this.#owner.tell({ type: 'valid pair' });
      this.#waitsForBetter = true;
      return;
    }
    best.pair.nominating = true;
    this.checklist.enqueue(best.pair);
  }

  /** A pair for a check that came in: learnt, triggered, nominated (RFC 8445 7.3.1.3 to 7.3.1.5). */
  #trigger(local: LocalBase, from: Endpoint, request: StunMessage): void {
    const { component } = local.candidate;
    const { role } = this.#owner.roles;
    const nominated = role === 'controlled' && attribute(request, 'USE-CANDIDATE') !== undefined;
    // once a pair is chosen, checks are answered and change nothing (RFC 8445 11)
    if (component > this.components || (this.valid.isNominated(component) && !nominated)) return;
    const remote = this.#learn(local, from, request);
    const pair = this.checklist.find(local, remote) ?? this.#insert(local, remote);
    if (pair === undefined) return;
    if (nominated && !pair.nominatedByPeer) {
      pair.nominatedByPeer = true;
      this.#peerNominations++;
    }
    if (pair.state === 'Succeeded') {
      if (nominated && pair.valid !== undefined) this.#nominate(pair.valid);
    } else {
      pair.send('trigger');
      this.checklist.enqueue(pair);
    }
    this.update();
  }

  /** A lite agent takes what the peer nominates, of several the one of highest priority (RFC 8445 7.3.2, 8.1.1). */
  #nominateLite(local: LocalBase, from: Endpoint, request: StunMessage): void {
    if (attribute(request, 'USE-CANDIDATE') === undefined) return;
    if (this.valid.has(local, from)) return;
    this.#addValid(local, this.#learn(local, from, request));
    this.update();
  }

  /** Two lite agents check nothing: the best pair of each component is taken (RFC 8445 8.2). */
  #pairWithLite(): void {
    for (const local of this.#owner.locals.bases) {
      for (const remote of this.remotes.list) {
        const isUdp = local.candidate.transport === 'udp';
        if (isUdp && canPair(local.candidate, remote.candidate)) this.#addValid(local, remote);
      }
    }
  }

  #addValid(local: LocalBase, remote: RemoteCandidate): void {
    const { roles } = this.#owner;
    const pair = new CandidatePair(this, this.#owner.number('pair'), local, remote, roles.role);
    pair.send('success');
    this.checklist.insert(pair);
    this.valid.addNominated(pair, this.host.kernel.now);
  }

  #learn(local: LocalBase, from: Endpoint, request: StunMessage): RemoteCandidate {
    const priority = attribute(request, 'PRIORITY')?.value ?? reflexivePriority(local.candidate);
    return this.remotes.learn(local, from, priority);
  }

  /** Adds the pairs that candidates of both sides make and that are not there yet. */
  #extend(): void {
    const { locals, roles } = this.#owner;
    const inUse = ({ candidate }: RemoteCandidate): boolean =>
      candidate.component <= this.components && !this.valid.isNominated(candidate.component);
    // a peer-reflexive remote candidate is paired by its checks alone (7.3.1.3)
    const remotes = this.remotes.list.filter((one) => inUse(one) && one.candidate.type !== 'prflx');
    for (const { local, remote } of formPairs(locals.list.filter(inUse), remotes, roles.role)) {
      if (this.checklist.find(local, remote) === undefined) this.#insert(local, remote);
    }
    this.checklist.unfreezeFirst();
  }

  /** A new pair in the checklist, which holds no more than the limit (RFC 8445 6.1.2.5). */
  #insert(local: LocalBase, remote: RemoteCandidate): CandidatePair | undefined {
    const { settings, roles } = this.#owner;
    const { checklist } = this;
    if (checklist.pairs.length >= settings.mostPairs) {
      const last = checklist.pairs.findLast(({ state }) => state === 'Frozen' || state === 'Failed');
      const priority = priorityOf(local.candidate, remote.candidate, roles.role);
      // no place for its equal either: peers with a new port for every port would learn of each other without end
      if (last === undefined || comparePriority(priority, last.priority) >= 0) return undefined;
      checklist.remove((pair) => pair === last);
    }
    const pair = new CandidatePair(this, this.#owner.number('pair'), local, remote, roles.role);
    checklist.insert(pair);
    return pair;
  }

  #switchRole(role: IceRole): void {
    this.#owner.roles.role = role;
    for (const pair of this.checklist.pairs) {
      pair.nominating = false;
      pair.nominatedByPeer = false;
    }
    this.#peerNominations = 0;
    this.checklist.reorder(role);
  }
}
