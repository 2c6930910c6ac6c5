import type { ActorRefFrom } from 'xstate';
import { toHex } from '../../crypto/index.js';
import type { Host } from '../../network/index.js';
import type { Endpoint } from '../../trace/index.js';
import { demux } from '../../wire/rtp/index.js';
import {
  checkFingerprint,
  parseStun,
  STUN_METHOD,
  type StunMessage,
  shortTermKey,
} from '../../wire/stun/index.js';
import { acceptCheck, judgeCheck, refuseCheck } from '../stun/index.js';
import { type AgentEvent, type AgentPort, iceAgentMachine } from './agent-machine.js';
import type { LocalBase } from './candidate-pair.js';
import { DataPath, type PathOwner } from './data-path.js';
import { Gathering, type RelayToAsk } from './gathering.js';
import { IceSession } from './ice-session.js';
import { LocalCandidates } from './local-candidates.js';
import { reserveSlot } from './pacer.js';
import { PendingRequests } from './pending-requests.js';
import type { RoleHolder, SessionOwner } from './session-types.js';
import { type IceSettings, settingsOf } from './settings.js';
import type {
  IceAgentOptions,
  IceCandidate,
  IceCredentials,
  IceRole,
  RemoteDescription,
  SelectedPair,
} from './types.js';

/** Characters of 36 that give 24 bits for a fragment and 128 for a password at least (RFC 8445 5.3). */
const UFRAG_LENGTH = 8;
const PWD_LENGTH = 26;

/** A session with the credentials that the peer's checks come under. */
interface Generation {
  readonly credentials: IceCredentials;
  readonly key: Uint8Array;
  readonly session: IceSession;
}

/** Why packets that came in went no further, with how many. */
export interface IceDrops {
  /** STUN that could not be read, was refused, or answered nothing. */
  stun: number;
  /** Data from an address that no check of good integrity came from. */
  source: number;
  /** Data of no protocol that shares a port with STUN (RFC 7983 7). */
  foreign: number;
}

/**
 * An ICE agent for one data stream (RFC 8445): full or lite, with one component or two, over UDP, relays and TCP. Made, it has
 * its host candidates and answers checks; `gather`, `addRemote` and `start` do the rest.
 */
export class IceAgent {
  readonly drops: IceDrops = { stun: 0, source: 0, foreign: 0 };
  readonly #host: Host;
  readonly #options: IceAgentOptions;
  readonly #settings: IceSettings;
  readonly #locals = new LocalCandidates();
  readonly #pending = new PendingRequests();
  readonly #roles: RoleHolder;
  readonly #owner: SessionOwner & PathOwner;
  readonly #actor: ActorRefFrom<typeof iceAgentMachine>;
  /** By component, from 1. */
  readonly #paths: (DataPath | undefined)[] = [undefined];
  /** Addresses that checks of good integrity came from, by base. */
  readonly #sources = new Map<LocalBase, Set<string>>();
  /** Relays that have given an address, with its place. */
  readonly #relayed = new Map<RelayToAsk, LocalBase>();
  #generation: Generation;
  /** The session before a restart, whose pairs are used until the new one has its own (RFC 8445 9). */
  #former: Generation | undefined;
  #gathering: Gathering | undefined;
  #gathered = false;
  #taRuns = false;
  #nextCheckUs = 0;
  #hasSlot = false;
  #forbids = false;

  constructor(host: Host, options: IceAgentOptions) {
    this.#host = host;
    this.#options = options;
    this.#settings = settingsOf(options);
    // a lite agent is controlled (RFC 8445 6.1.1); towards another lite one the role changes nothing that it does
    const role = this.#settings.full ? (options.role ?? 'controlled') : 'controlled';
    this.#roles = { role, tieBreaker: newTieBreaker(host) };
    this.#owner = this.#makeOwner();
    this.#generation = this.#makeGeneration(options.credentials);
    for (const base of options.bases) this.#adopt(this.#locals.addBase(base));
    for (let one = 1; one <= this.#settings.components; one++) {
      this.#paths[one] = new DataPath(this.#owner, one);
    }
    this.#actor = host.spawn(iceAgentMachine, { id: options.id, port: this.#makePort() });
  }

  /** The state of ICE (RFC 8445 6.1.3); `Gathering` until `start`, and again after `restart`. */
  get state(): 'Gathering' | 'Running' | 'Completed' | 'Failed' | 'Closed' {
    return this.#actor.getSnapshot().value;
  }

  get role(): IceRole {
    return this.#roles.role;
  }

  get credentials(): IceCredentials {
    return this.#generation.credentials;
  }

  /** The words for `a=ice-options` (RFC 8445 10). */
  get iceOptions(): readonly string[] {
    return this.#settings.specification === 'rfc8445' ? ['ice2'] : [];
  }

  /** Host candidates at once, the others as they are found; see `toSdpCandidate`. */
  get localCandidates(): readonly IceCandidate[] {
    return this.#locals.list.map(({ candidate }) => candidate);
  }

  /** The pair that data of a component runs over; `undefined` before ICE has completed, or without consent. */
  selected(component: number): SelectedPair | undefined {
    return this.#paths[component]?.selected;
  }

  /** Asks STUN servers and relays for candidates (RFC 8445 5.1.1.2); `onGathered` follows, at once if there is nobody to ask. */
  gather(): void {
    if (this.state === 'Closed' || this.#gathering !== undefined || this.#gathered) return;
    const { id, stunServers = [], relays = [], onGathered, onCandidate } = this.#options;
    const { full, pacingMs, specification, gatheringMs } = this.#settings;
    const missing = relays.filter((relay) => !this.#relayed.has(relay));
    const complete = (): void => {
      this.#gathered = true;
      onGathered?.();
      this.#generation.session.update();
    };
    // a lite agent has host candidates only (5.2)
    if (!full || stunServers.length + missing.length === 0) {
      complete();
      return;
    }
    this.#gathering = new Gathering(this.#host, {
      id,
      locals: this.#locals,
      stunServers,
      relays: missing,
      pacingMs,
      leastRtoMs: specification === 'rfc5245' ? 100 : 500,
      mostMs: gatheringMs,
      pending: this.#pending,
      onCandidate: (candidate) => {
        onCandidate?.(candidate);
        this.#generation.session.extend();
      },
      onRelayed: (relay, place) => {
        this.#relayed.set(relay, place);
        this.#adopt(place);
      },
      onRelayLost: (place, reason) => {
        this.#host.reject('TURN', reason);
        this.#giveUp(place);
      },
      onComplete: complete,
    });
  }

  /**
   * Takes the peer's description; again for more candidates of the same credentials (RFC 8838).
   *
   * @throws Error when the credentials change without a `restart`
   */
  addRemote(description: RemoteDescription): void {
    if (this.state !== 'Closed') this.#generation.session.describe(description);
  }

  /**
   * Begins the checks, once both sides know of each other; a lite agent begins to take nominations. Later calls change nothing.
   *
   * @throws Error when a full agent does not know its peer
   */
  start(): void {
    if (this.state !== 'Gathering') return;
    if (this.#settings.full && this.#generation.session.peer === undefined) {
      throw new Error(`${this.#options.id}: checks need the credentials of the peer`);
    }
    this.gather();
    this.#actor.send({ type: 'start' });
  }

  /**
   * Sends data on the selected pair, or on any valid one before there is one (RFC 8445 12.1).
   *
   * @returns false if there is no pair, or no consent to send on it any more; the packet is lost
   */
  send(component: number, bytes: Uint8Array): boolean {
    return this.#paths[component]?.send(bytes) === true;
  }

  /**
   * Begins anew with other credentials (RFC 8445 9): `gather`, `addRemote` with the peer's new description and `start` follow. Until
   * there are new selected pairs data runs over the old ones.
   */
  restart(credentials?: IceCredentials): void {
    if (this.state === 'Closed') return;
    const isCompleted = this.state === 'Completed';
    const { session } = this.#generation;
    if (isCompleted) this.#former = this.#generation;
    else session.stop();
    this.#generation = this.#makeGeneration(credentials);
    this.#gathering?.stop();
    this.#gathering = undefined;
    this.#gathered = false;
    this.#locals.removeReflexive();
    this.#actor.send({ type: 'restart' });
  }

  /** Takes back the consent that the peer may send: its checks get 403 from now on (RFC 7675 5.2). */
  refuseConsent(): void {
    this.#forbids = true;
  }

  /** Ends it: sockets, connections and allocations close, and nothing is left. */
  close(): void {
    this.#actor.send({ type: 'close' });
  }

  #makeGeneration(credentials: IceCredentials | undefined): Generation {
    const random = this.#host.random('ice');
    const chosen = credentials ?? { ufrag: random.token(UFRAG_LENGTH), pwd: random.token(PWD_LENGTH) };
    const session = new IceSession(this.#owner, chosen.ufrag);
    return { credentials: chosen, key: shortTermKey(chosen.pwd), session };
  }

  #makeOwner(): SessionOwner & PathOwner {
    const agent = this;
    const numbers = { pair: 0, check: 0 };
    return {
      id: this.#options.id,
      host: this.#host,
      settings: this.#settings,
      roles: this.#roles,
      locals: this.#locals,
      pending: this.#pending,
      get gathered() {
        return agent.#gathered;
      },
      number: (of) => ++numbers[of],
      newTieBreaker: () => newTieBreaker(this.#host),
      tell: (event) => this.#tell(event),
      pathsChanged: () => this.#usePaths(),
      consentLost: (component, why) => this.#options.onConsentLost?.(component, why),
    };
  }

  #makePort(): AgentPort {
    const { pacMs, patienceMs } = this.#settings;
    return {
      pacMs,
      patienceMs,
      begin: () => this.#generation.session.begin(),
      startsTa: () => {
        if (this.#taRuns || !this.#generation.session.hasWork) return false;
        this.#taRuns = true;
        return true;
      },
      untilTaMs: () => Math.max(0, this.#nextCheckUs - this.#host.kernel.now) / 1000,
      stopTa: () => {
        this.#taRuns = false;
      },
      perform: () => this.#perform(),
      endPatientWait: () => this.#generation.session.endPatientWait(),
      losePatience: () => this.#generation.session.losePatience(),
      select: () => this.#select(),
      free: () => this.#free(),
      fail: (reason) => {
        for (const path of this.#paths) path?.close();
        this.#options.onFailed?.(reason);
      },
      release: () => this.#release(),
    };
  }

  /** Passes on what is news to the machine. */
  #tell(event: AgentEvent): void {
    if (event.type === 'work' && this.#taRuns) return;
    if (event.type === 'concluded' && this.state === 'Completed' && !this.#hasBetter()) return;
    this.#actor.send(event);
  }

  #hasBetter(): boolean {
    const { session } = this.#generation;
    return this.#paths.some((path, one) => {
      const best = session.valid.best(one, true);
      return best !== undefined && path?.valid !== best;
    });
  }

  #perform(): void {
    this.#taRuns = false;
    const { now } = this.#host.kernel;
    const at = this.#hasSlot ? now : reserveSlot(this.#host);
    this.#hasSlot = at > now;
    const { session } = this.#generation;
    this.#nextCheckUs = this.#hasSlot ? at : now + session.pacingMs * 1000;
    if (!this.#hasSlot) session.perform();
  }

  /** Valid pairs serve until there are selected ones; a lite agent has none before (RFC 8445 12.1, 12.1.1). */
  #usePaths(): void {
    if (!this.#settings.full) return;
    const { session } = this.#generation;
    for (const path of this.#paths) path?.use(session.valid.best(path.component, false));
  }

  #select(): void {
    const { session } = this.#generation;
    this.#gathering?.stop();
    this.#former?.session.stop();
    for (const path of this.#paths) {
      if (path === undefined) continue;
      const best =
        path.component <= session.components ? session.valid.best(path.component, true) : undefined;
      if (best === undefined) path.close();
      else if (path.valid !== best || !path.isSelected) {
        path.select(best, session);
        const { selected, component } = path;
        if (selected !== undefined) this.#options.onSelected?.(component, selected);
      }
    }
  }

  /** What was not chosen goes: TCP connections (RFC 6544 8), addresses at relays (RFC 8445 8.3.1), and the old credentials. */
  #free(): void {
    this.#former = undefined;
    for (const local of [...this.#locals.bases]) {
      const ends = this.#paths.flatMap((path) =>
        path?.valid?.pair.local === local ? [path.valid.remote.candidate.address] : [],
      );
      if (local.base.type === 'relay' && ends.length === 0) this.#giveUp(local);
      else local.base.keep?.(ends);
    }
  }

  #adopt(local: LocalBase): void {
    this.#sources.set(local, new Set());
    local.base.handler = {
      onPacket: (bytes, from) => this.#receive(local, bytes, from),
      onUnreachable: (to, reason) => this.#generation.session.unreachable(local, to, reason),
    };
  }

  #giveUp(local: LocalBase): void {
    local.base.close();
    this.#locals.removeBase(local);
    this.#sources.delete(local);
    for (const [relay, place] of this.#relayed) if (place === local) this.#relayed.delete(relay);
  }

  #release(): void {
    this.#gathering?.stop();
    this.#generation.session.stop();
    this.#former?.session.stop();
    for (const path of this.#paths) path?.close();
    const { bases } = this.#locals;
    // a relay's address may have to be given back over the socket of a host candidate
    for (const { base } of bases) if (base.type === 'relay') base.close();
    for (const { gatherer } of this.#options.relays ?? []) gatherer.close();
    for (const { base } of bases) if (base.type === 'host') base.close();
  }

  #receive(local: LocalBase, bytes: Uint8Array, from: Endpoint): void {
    switch (demux(bytes[0])) {
      case 'stun':
        this.#receiveStun(local, bytes, from);
        break;
      case 'rtp':
      case 'dtls':
      case 'zrtp':
        if (this.#isKnown(local, from)) {
          this.#options.onData?.(local.base.component, bytes, from);
        } else this.drops.source++;
        break;
      default:
        this.drops.foreign++;
    }
  }

  /** Whether whoever sends from there has shown to know a password (RFC 8445 12.2). */
  #isKnown(local: LocalBase, from: Endpoint): boolean {
    if (this.#paths[local.base.component]?.isFrom(local, from) === true) return true;
    if (this.#sources.get(local)?.has(`${from.ip} ${from.port}`) === true) return true;
    return this.#generation.session.valid.has(local, from);
  }

  #receiveStun(local: LocalBase, bytes: Uint8Array, from: Endpoint): void {
    const read = parseStun(bytes);
    if (!read.ok) {
      this.#reject(read.error.what, read.error.offset);
      return;
    }
    const message = read.value;
    if (message.method !== STUN_METHOD.binding) this.#reject('no Binding message');
    else if (checkFingerprint(bytes) === 'bad') this.#reject('bad FINGERPRINT');
    else if (message.class === 'request') this.#answer(local, bytes, message, from);
    // an indication keeps bindings and says nothing (RFC 8445 11)
    else if (message.class !== 'indication') {
      const problem = this.#pending.answer(toHex(message.transactionId), bytes, message, local, from);
      if (problem !== undefined) this.#reject(problem);
    }
  }

  #answer(local: LocalBase, bytes: Uint8Array, message: StunMessage, from: Endpoint): void {
    const generations = this.#former === undefined ? [this.#generation] : [this.#generation, this.#former];
    const judged = judgeCheck(
      bytes,
      message,
      generations.map(({ credentials }) => credentials),
      generations.map(({ key }) => key),
    );
    const { base } = local;
    if (judged.verdict === 'refused') {
      base.send(judged.response, from);
      this.#reject(judged.problem);
      return;
    }
    const { request, key, remoteUfrag } = judged;
    if (this.#forbids) {
      base.send(refuseCheck(request, 403, 'Forbidden', key), from);
      return;
    }
    const { session } = this.#generation;
    const isCurrent = judged.index === 0;
    if (isCurrent && session.isConflict(request)) {
      base.send(refuseCheck(request, 487, 'Role Conflict', key), from);
      return;
    }
    base.send(acceptCheck(request, from, key), from);
    this.#sources.get(local)?.add(`${from.ip} ${from.port}`);
    if (isCurrent) session.takeCheck(local, from, request, remoteUfrag);
  }

  #reject(reason: string, offset?: number): void {
    this.drops.stun++;
    this.#host.reject('STUN', reason, offset);
  }
}

/** 64 bits (RFC 8445 7.1.3). */
function newTieBreaker(host: Host): string {
  return toHex(host.random('ice').bytes(8));
}
