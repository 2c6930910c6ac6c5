import { type ActorRefFrom, type AnyActorRef, assign, setup } from 'xstate';
import { toHex } from '../../crypto/index.js';
import { portOf } from '../../kernel/index.js';
import type { Host } from '../../network/index.js';
import type { Endpoint } from '../../trace/index.js';
import { attribute, checkIntegrity, type StunMessage } from '../../wire/stun/index.js';

/** Initial retransmission timeout (RFC 8489 6.2.1); checks of ICE may have more, never less (RFC 8445 14.3). */
const RTO_MS = 500;
/** Requests sent before giving up, Rc, and the wait after the last in units of RTO, Rm (RFC 8489 6.2.1). */
const MOST_REQUESTS = 7;
const LAST_WAIT = 16;
/** Ti: how long a request over TCP waits for its answer (RFC 8489 6.2.2). */
const TI_MS = 39_500;

interface Context {
  readonly sent: number;
  readonly rtoMs: number;
  readonly reliable: boolean;
}

interface Input {
  /** First retransmission timeout. Default 500. */
  readonly rtoMs?: number;
  /** Whether the transport repeats what is lost. */
  readonly reliable?: boolean;
}

/** What a transaction does to the world. */
export interface TransactionPort {
  transmit(): void;
  succeed(): void;
  fail(reason: string): void;
}

type TransactionEvent =
  | { readonly type: 'success' }
  | { readonly type: 'error'; readonly code: number }
  | { readonly type: 'broken'; readonly reason: string }
  | { readonly type: 'cancel' };

const port = (self: AnyActorRef): TransactionPort => portOf(self);

function waitMs({ sent, rtoMs, reliable }: Context): number {
  if (reliable) return TI_MS;
  return sent < MOST_REQUESTS ? rtoMs * 2 ** (sent - 1) : rtoMs * LAST_WAIT;
}

/** What is left of the whole time of a transaction; the time since the last request is not deducted. */
function restMs({ sent, rtoMs, reliable }: Context): number {
  if (reliable) return TI_MS;
  return rtoMs * (2 ** (MOST_REQUESTS - 1) - 2 ** (sent - 1) + LAST_WAIT);
}

/**
 * A STUN client transaction (RFC 8489 6.2): over UDP requests at 0, 500, 1500, ... 31500 ms and failure at 39500 ms, over TCP
 * one request and as long a wait. One that is cancelled stops asking but still takes an answer (RFC 8445 7.3.1.4).
 */
export const checkClientMachine = setup({
  types: {} as { context: Context; events: TransactionEvent; input: Input | undefined },
  actions: {
    transmit: ({ self }) => port(self).transmit(),
    succeed: ({ self }) => port(self).succeed(),
    'fail for lack of an answer': ({ self }) => port(self).fail('no answer'),
    'fail by the answer': ({ self, event }) => port(self).fail(`error ${(event as { code: number }).code}`),
    'fail by the transport': ({ self, event }) => port(self).fail((event as { reason: string }).reason),
    count: assign({ sent: ({ context }) => context.sent + 1 }),
  },
  guards: { 'may try again': ({ context }) => !context.reliable && context.sent < MOST_REQUESTS },
  delays: {
    'retransmission timeout': ({ context }) => waitMs(context),
    'rest of the transaction': ({ context }) => restMs(context),
  },
}).createMachine({
  id: 'stun check',
  context: ({ input }) => ({ sent: 1, rtoMs: input?.rtoMs ?? RTO_MS, reliable: input?.reliable === true }),
  initial: 'waiting',
  states: {
    waiting: {
      entry: 'transmit',
      after: {
        'retransmission timeout': [
          { guard: 'may try again', target: 'waiting', reenter: true, actions: 'count' },
          { target: 'done', actions: 'fail for lack of an answer' },
        ],
      },
      on: {
        success: { target: 'done', actions: 'succeed' },
        error: { target: 'done', actions: 'fail by the answer' },
        broken: { target: 'done', actions: 'fail by the transport' },
        cancel: 'cancelled',
      },
    },
    // nothing is sent again, and no answer is no failure (RFC 8445 7.3.1.4)
    cancelled: {
      after: { 'rest of the transaction': 'done' },
      on: {
        success: { target: 'done', actions: 'succeed' },
        error: { target: 'done', actions: 'fail by the answer' },
        broken: 'done',
        cancel: {},
      },
    },
    done: { type: 'final' },
  },
});

/** How a Binding transaction ended. */
export type BindingResult =
  | { readonly kind: 'success'; readonly mapped: Endpoint; readonly response: StunMessage }
  | { readonly kind: 'error'; readonly code: number }
  /** No answer, or none whose integrity was good, or no transport. */
  | { readonly kind: 'failure'; readonly reason: string };

/** A Binding request to be sent. */
export interface BindingTransactionOptions {
  readonly request: Uint8Array;
  /** 12 bytes. */
  readonly transactionId: Uint8Array;
  /** Key under which answers have to verify; absent: they need not (RFC 8445 5.1.1.2). */
  readonly key?: Uint8Array;
  readonly rtoMs?: number;
  readonly reliable?: boolean;
  transmit(request: Uint8Array): void;
  /** Called at most once: never after `stop`, and after `cancel` only with an answer. */
  end(result: BindingResult): void;
}

/** A Binding request under way (RFC 8489 6.2, 6.3.3, 6.3.4, 9.1.4). */
export class BindingTransaction implements TransactionPort {
  /** The transaction id in hexadecimal digits. */
  readonly key: string;
  readonly #options: BindingTransactionOptions;
  readonly #actor: ActorRefFrom<typeof checkClientMachine>;
  #answer: BindingResult | undefined;
  #forged = false;

  constructor(host: Host, id: string, options: BindingTransactionOptions) {
    const { transactionId, rtoMs = RTO_MS, reliable = false } = options;
    this.#options = options;
    this.key = toHex(transactionId);
    this.#actor = host.spawn(checkClientMachine, { id, input: { rtoMs, reliable }, port: this });
  }

  /**
   * Takes a response with this transaction's id.
   *
   * @returns why it was discarded, if it was: no good integrity (RFC 8489 9.1.4), or no address in it
   */
  receive(bytes: Uint8Array, response: StunMessage): string | undefined {
    const { key, reliable } = this.#options;
    if (key !== undefined && checkIntegrity(bytes, key) !== 'good') {
      this.#forged = true;
      // what TCP delivers does not come again
      if (reliable === true) this.break('the integrity of the answer was bad');
      return 'the integrity of an answer was bad';
    }
    if (response.class === 'error') {
      const code = attribute(response, 'ERROR-CODE')?.code;
      if (code === undefined) return 'error response without ERROR-CODE';
      this.#answer = { kind: 'error', code };
      this.#actor.send({ type: 'error', code });
      return undefined;
    }
    const address = attribute(response, 'XOR-MAPPED-ADDRESS') ?? attribute(response, 'MAPPED-ADDRESS');
    if (address === undefined) return 'success response without XOR-MAPPED-ADDRESS';
    this.#answer = { kind: 'success', mapped: { ip: address.ip, port: address.port }, response };
    this.#actor.send({ type: 'success' });
    return undefined;
  }

  /** Ends it as failed: the transport is gone. */
  break(reason: string): void {
    this.#actor.send({ type: 'broken', reason });
  }

  /** Nothing is sent any more; an answer counts until the time is over (RFC 8445 7.3.1.4). */
  cancel(): void {
    this.#actor.send({ type: 'cancel' });
  }

  /** Ends it without a word. */
  stop(): void {
    this.#actor.stop();
  }

  transmit(): void {
    this.#options.transmit(this.#options.request);
  }

  succeed(): void {
    if (this.#answer !== undefined) this.#options.end(this.#answer);
  }

  fail(reason: string): void {
    // RFC 8489 9.1.4: not a timeout when there were answers that had to be discarded
    const forged = this.#forged && reason === 'no answer' ? 'the integrity of every answer was bad' : reason;
    this.#options.end(this.#answer ?? { kind: 'failure', reason: forged });
  }
}
