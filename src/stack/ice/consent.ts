import { type ActorRefFrom, type AnyActorRef, raise, setup } from 'xstate';
import { portOf } from '../../kernel/index.js';
import type { Host } from '../../network/index.js';
import { attribute, checkIntegrity, type StunMessage } from '../../wire/stun/index.js';
import type { ConsentLoss } from './types.js';

/** The basic period of consent checks, and how far intervals stray from it (RFC 7675 5.1). */
const PERIOD_MS = 5000;
const LEAST_FACTOR = 0.8;
const FACTOR_SPREAD = 0.4;

/** Consent without an answer ends after that long (RFC 7675 5.1). */
const EXPIRY_MS = 30_000;

/** What a consent does to the world. */
interface ConsentPort {
  check(): void;
  intervalMs(): number;
  lose(why: ConsentLoss): void;
}

type ConsentEvent = { readonly type: 'check' } | { readonly type: 'answer' } | { readonly type: 'forbidden' };

const port = (self: AnyActorRef): ConsentPort => portOf(self);

/** Consent to send on one pair (RFC 7675 5): granted by the check that made the pair valid, kept by further ones. */
export const consentMachine = setup({
  types: {} as { events: ConsentEvent; input: { readonly firstMs: number }; context: { firstMs: number } },
  delays: {
    expiry: EXPIRY_MS,
    first: ({ context }) => context.firstMs,
    interval: ({ self }) => port(self).intervalMs(),
  },
  actions: {
    'schedule the first check': raise({ type: 'check' }, { id: 'check', delay: 'first' }),
    'schedule a check': raise({ type: 'check' }, { id: 'check', delay: 'interval' }),
    check: ({ self }) => port(self).check(),
    expire: ({ self }) => port(self).lose('expired'),
    revoke: ({ self }) => port(self).lose('revoked'),
  },
}).createMachine({
  id: 'consent',
  context: ({ input }) => ({ firstMs: input.firstMs }),
  entry: 'schedule the first check',
  initial: 'granted',
  states: {
    granted: {
      after: { expiry: 'expired' },
      on: {
        check: { actions: ['check', 'schedule a check'] },
        answer: { target: 'granted', reenter: true },
        forbidden: 'revoked',
      },
    },
    expired: { type: 'final', entry: 'expire' },
    revoked: { type: 'final', entry: 'revoke' },
  },
});

/** A consent request that was sent. */
interface Asked {
  readonly key: string;
  readonly at: number;
}

/** How a consent asks, and whom it tells. */
export interface ConsentOptions {
  /** Name of its machine. */
  readonly id: string;
  /** Key under which answers have to verify. */
  readonly key: Uint8Array;
  /** Sends one more request, never one twice, and returns the key under which its answer is awaited. */
  ask(): string;
  /** An answer to that transaction is not awaited any more. */
  forget(key: string): void;
  lose(why: ConsentLoss): void;
}

/** Consent on a pair, as long as it is used (RFC 7675). */
export class Consent implements ConsentPort {
  readonly #host: Host;
  readonly #options: ConsentOptions;
  readonly #actor: ActorRefFrom<typeof consentMachine>;
  /** Requests whose answers still count: an answer may be to one before the last (RFC 7675 5.1). */
  #asked: Asked[] = [];

  constructor(host: Host, options: ConsentOptions) {
    this.#host = host;
    this.#options = options;
    const { id } = options;
    const firstMs = this.intervalMs();
    this.#actor = host.spawn(consentMachine, { id, input: { firstMs }, port: this });
  }

  check(): void {
    const oldest = this.#host.kernel.now - EXPIRY_MS * 1000;
    while (this.#asked[0] !== undefined && this.#asked[0].at < oldest) this.#forgetFirst();
    this.#asked.push({ key: this.#options.ask(), at: this.#host.kernel.now });
  }

  intervalMs(): number {
    const uniform = this.#host.random('ice consent').uniform();
    return PERIOD_MS * (LEAST_FACTOR + FACTOR_SPREAD * uniform);
  }

  /** Takes an answer; only one of good integrity says anything (RFC 7675 5.1, 5.2). */
  receive(bytes: Uint8Array, response: StunMessage): string | undefined {
    if (checkIntegrity(bytes, this.#options.key) !== 'good') return 'the integrity of an answer was bad';
    if (response.class === 'success') this.#actor.send({ type: 'answer' });
    else if (attribute(response, 'ERROR-CODE')?.code === 403) this.#actor.send({ type: 'forbidden' });
    return undefined;
  }

  /** An answer from elsewhere is no consent; others may follow. */
  break(): void {}

  lose(why: ConsentLoss): void {
    this.#forgetAll();
    this.#options.lose(why);
  }

  stop(): void {
    this.#forgetAll();
    this.#actor.stop();
  }

  #forgetFirst(): void {
    const first = this.#asked.shift();
    if (first !== undefined) this.#options.forget(first.key);
  }

  #forgetAll(): void {
    while (this.#asked.length > 0) this.#forgetFirst();
  }
}
