import { type ActorRefFrom, type AnyActorRef, enqueueActions, setup } from 'xstate';
import { portOf } from '../../kernel/index.js';
import type { Host } from '../../network/index.js';
import type { Endpoint } from '../../trace/index.js';
import { serializeStun } from '../../wire/stun/index.js';
import { BindingTransaction } from '../stun/index.js';
import type { LocalBase } from './candidate-pair.js';
import { type LocalCandidates, sameAddress } from './local-candidates.js';
import { reserveSlot } from './pacer.js';
import type { PendingRequests } from './pending-requests.js';
import { RelayBase } from './relay-base.js';
import type { IceCandidate, RelayAllocation, RelayGatherer } from './types.js';

/** How often the bindings of server-reflexive candidates are refreshed until ICE has ended (RFC 8445 5.1.1.4, 11). */
const REFRESH_MS = 15_000;

type GatheringEvent =
  | { readonly type: 'Ta' }
  /** Every server has answered or been given up. */
  | { readonly type: 'complete' }
  | { readonly type: 'stop' };

/** What gathering does to the world. */
interface GatheringPort {
  /** Milliseconds to the next transaction; `undefined` when all have begun. */
  untilNextMs(): number | undefined;
  begin(): void;
  complete(): void;
  refresh(): void;
}

const port = (self: AnyActorRef): GatheringPort => portOf(self);

/** Gathering of reflexive and relayed candidates (RFC 8445 5.1.1.2), then the keeping of their bindings (5.1.1.4). */
export const gatheringMachine = setup({
  types: {} as { events: GatheringEvent; input: { readonly mostMs: number }; context: { mostMs: number } },
  delays: { most: ({ context }) => context.mostMs, refresh: REFRESH_MS },
  actions: {
    'begin a transaction': ({ self }) => port(self).begin(),
    pace: enqueueActions(({ enqueue, self }) => {
      const delay = port(self).untilNextMs();
      if (delay !== undefined) enqueue.raise({ type: 'Ta' }, { id: 'Ta', delay });
    }),
    complete: ({ self }) => port(self).complete(),
    refresh: ({ self }) => port(self).refresh(),
  },
}).createMachine({
  id: 'ice gathering',
  context: ({ input }) => ({ mostMs: input.mostMs }),
  initial: 'gathering',
  states: {
    gathering: {
      after: { most: 'keeping' },
      on: {
        Ta: { actions: ['begin a transaction', 'pace'] },
        complete: 'keeping',
      },
      exit: 'complete',
    },
    keeping: {
      after: { refresh: { target: 'keeping', reenter: true, actions: 'refresh' } },
      on: { complete: {}, Ta: {} },
    },
    stopped: { type: 'final' },
  },
  on: { stop: '.stopped' },
});

/** Gives up a gathering that has no other end: longer than any transaction. */
const DAY_MS = 86_400_000;

/** A relay to be asked. */
export interface RelayToAsk {
  readonly component: number;
  readonly gatherer: RelayGatherer;
}

/** What is gathered, and who is told. */
export interface GatheringOptions {
  readonly id: string;
  readonly locals: LocalCandidates;
  readonly stunServers: readonly Endpoint[];
  readonly relays: readonly RelayToAsk[];
  readonly pacingMs: number;
  readonly leastRtoMs: number;
  readonly mostMs: number | undefined;
  readonly pending: PendingRequests;
  onCandidate(candidate: IceCandidate): void;
  /** A relay has given an address, which has a place among the candidates now. */
  onRelayed(relay: RelayToAsk, place: LocalBase): void;
  /** A relay has taken it back. */
  onRelayLost(place: LocalBase, reason: string): void;
  onComplete(): void;
}

/** The asking of STUN servers and relays, one transaction every Ta (RFC 8445 5.1.1.2). */
export class Gathering implements GatheringPort {
  readonly #host: Host;
  readonly #options: GatheringOptions;
  readonly #actor: ActorRefFrom<typeof gatheringMachine>;
  readonly #questions: (() => void)[] = [];
  /** Base and server of the reflexive candidates that were found. */
  readonly #bindings: { readonly base: LocalBase; readonly server: Endpoint }[] = [];
  #open = 0;
  #checks = 0;
  #nextUs: number;
  #reserved = false;
  #stopped = false;
  #isOver = false;

  constructor(host: Host, options: GatheringOptions) {
    this.#host = host;
    this.#options = options;
    this.#nextUs = host.kernel.now;
    options.stunServers.forEach((server, number) => {
      for (const base of options.locals.bases) {
        const { type, transport, address } = base.base;
        const sameFamily = address.ip.includes(':') === server.ip.includes(':');
        if (type !== 'host' || transport !== 'udp' || !sameFamily) continue;
        this.#questions.push(() => this.#askServer(base, server, number));
      }
    });
    for (const relay of options.relays) this.#questions.push(() => this.#askRelay(relay));
    this.#open = this.#questions.length;
    const input = { mostMs: options.mostMs ?? DAY_MS };
    this.#actor = host.spawn(gatheringMachine, { id: `${options.id} gathering`, input, port: this });
    this.#actor.send({ type: 'Ta' });
  }

  /** Ends it: no more questions, no more refreshing. What was found stays. */
  stop(): void {
    if (this.#stopped) return;
    this.#stopped = true;
    this.#actor.send({ type: 'stop' });
    this.#options.pending.stop(this);
  }

  untilNextMs(): number | undefined {
    if (this.#questions.length === 0) return undefined;
    return Math.max(0, this.#nextUs - this.#host.kernel.now) / 1000;
  }

  begin(): void {
    const { now } = this.#host.kernel;
    const at = this.#reserved ? now : reserveSlot(this.#host);
    this.#reserved = at > now;
    this.#nextUs = this.#reserved ? at : now + this.#options.pacingMs * 1000;
    if (!this.#reserved) this.#questions.shift()?.();
  }

  complete(): void {
    if (this.#isOver || this.#stopped) return;
    this.#isOver = true;
    this.#questions.length = 0;
    if (this.#bindings.length === 0) this.#actor.send({ type: 'stop' });
    this.#options.onComplete();
  }

  refresh(): void {
    for (const { base, server } of this.#bindings) this.#ask(base, server, () => {});
  }

  #ended(): void {
    this.#open--;
    if (this.#open === 0) this.#actor.send({ type: 'complete' });
  }

  #askServer(base: LocalBase, server: Endpoint, number: number): void {
    this.#ask(base, server, (mapped) => {
      if (mapped !== undefined && this.#addReflexive(base, mapped, number, server.ip)) {
        this.#bindings.push({ base, server });
      }
      this.#ended();
    });
  }

  /** Without credentials, since a STUN server has none for it (RFC 8445 5.1.1.2). */
  #ask(base: LocalBase, server: Endpoint, done: (mapped: Endpoint | undefined) => void): void {
    const { id, pending, pacingMs, leastRtoMs, locals, stunServers, relays } = this.#options;
    const transactionId = this.#host.random('stun transaction').bytes(12);
    const request = serializeStun(
      { class: 'request', method: 0x001, transactionId, attributes: [] },
      { fingerprint: true },
    );
    // RTO = MAX(500 ms, Ta * number of reflexive and relayed candidates) (RFC 8445 14.3)
    const rtoMs = Math.max(leastRtoMs, pacingMs * (locals.bases.length * stunServers.length + relays.length));
    const transaction: BindingTransaction = new BindingTransaction(
      this.#host,
      `${id} gathering/${++this.#checks}`,
      {
        request,
        transactionId,
        rtoMs,
        transmit: (bytes) => base.base.send(bytes, server),
        end: (result) => {
          pending.delete(transaction.key);
          done(result.kind === 'success' ? result.mapped : undefined);
        },
      },
    );
    pending.add(transaction.key, { transaction, owner: this, local: base, to: server });
  }

  #askRelay(relay: RelayToAsk): void {
    let done = false;
    relay.gatherer.allocate((result) => {
      if (done) return;
      done = true;
      if (this.#stopped) {
        if (typeof result !== 'string') result.close();
        return;
      }
      if (typeof result === 'string') this.#host.reject('TURN', result);
      else this.#addRelayed(relay, result);
      this.#ended();
    });
  }

  /** Whether the candidate is none that there was before. */
  #addReflexive(base: LocalBase, mapped: Endpoint, number: number, ip: string): boolean {
    const candidate = this.#options.locals.addServerReflexive(base, mapped, { number, ip });
    if (candidate === undefined) return false;
    this.#options.onCandidate(candidate);
    return true;
  }

  /** An allocation gives a relayed candidate, and a server-reflexive one if a base was its client (RFC 8445 5.1.1.2). */
  #addRelayed(relay: RelayToAsk, allocation: RelayAllocation): void {
    const { locals, stunServers, relays } = this.#options;
    const { relayed, mapped, local } = allocation;
    if (locals.bases.some(({ base }) => base.transport === 'udp' && sameAddress(base.address, relayed))) {
      // identical to a host candidate: to be discarded (5.1.1.2)
      allocation.close();
      return;
    }
    const { server } = relay.gatherer;
    const client = locals.bases.find(
      ({ base }) => base.type === 'host' && local !== undefined && sameAddress(base.address, local),
    );
    const base: RelayBase = new RelayBase(relay.component, allocation, (reason) =>
      this.#options.onRelayLost(place, reason),
    );
    const place = locals.addBase(base, { mapped, server });
    this.#options.onRelayed(relay, place);
    if (client !== undefined) {
      this.#addReflexive(client, mapped, stunServers.length + relays.indexOf(relay), server);
    }
    this.#options.onCandidate(place.candidate);
  }
}
