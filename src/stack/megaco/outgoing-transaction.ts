import { type AnyActorRef, assign, cancel, raise, setup } from 'xstate';
import { portOf } from '../../kernel/index.js';
import type { Action } from '../../wire/megaco/index.js';

/** An error as a number and text (H.248.8). */
export interface MegacoError {
  /** Code of H.248.8; 0 where this end gave up or was closed. */
  readonly code: number;
  readonly text: string;
}

/** How a request ended: with the actions of its reply, in which single commands may have failed, or with an error. */
export type MegacoResult = { readonly actions: readonly Action[] } | { readonly error: MegacoError };

/** What happens to a transaction at its sender. */
export type OutgoingTransactionEvent =
  | { readonly type: 'reply'; readonly result: MegacoResult }
  | { readonly type: 'pending' }
  | { readonly type: 'retransmit' };

/** What a transaction does to the world. */
export interface OutgoingTransactionPort {
  /** Sends the request, or sends it again. */
  transmit(): void;
  /** Called once, at the end. */
  end(result: MegacoResult): void;
}

interface Step {
  readonly self: AnyActorRef;
  readonly event: OutgoingTransactionEvent;
}

/** First retransmission, then twice the time before (H.248.1 D.1.3). The value is ours: the clause leaves it open. */
const INITIAL_INTERVAL_MS = 500;

/** Greatest time between retransmissions (H.248.1 D.1.3); also the one after Pending, which has to differ (D.1.4). */
const MOST_INTERVAL_MS = 4000;

/** T-MAX: how long a request may stay without any response; below LONG-TIMER (H.248.1 D.1.5). */
const T_MAX_MS = 15_000;

/** How long after Pending the reply may take: LONG-TIMER, the most a transaction may last (H.248.1 D.1.1). */
const LONG_TIMER_MS = 30_000;

const port = (self: AnyActorRef): OutgoingTransactionPort => portOf(self);

/** A transaction at its sender (H.248.1 8.2, D.1.3 to D.1.5). */
export const outgoingTransaction = setup({
  types: {
    context: {} as { readonly intervalMs: number },
    events: {} as OutgoingTransactionEvent,
  },
  delays: {
    interval: ({ context }) => context.intervalMs,
    tMax: T_MAX_MS,
    longTimer: LONG_TIMER_MS,
  },
  actions: {
    transmit: ({ self }) => port(self).transmit(),
    startRetransmission: raise({ type: 'retransmit' }, { id: 'retransmit', delay: 'interval' }),
    stopRetransmission: cancel('retransmit'),
    doubleInterval: assign({
      intervalMs: ({ context }) => Math.min(2 * context.intervalMs, MOST_INTERVAL_MS),
    }),
    setMostInterval: assign({ intervalMs: MOST_INTERVAL_MS }),
    passUp: ({ self, event }: Step) => {
      if (event.type === 'reply') port(self).end(event.result);
    },
    giveUp: ({ self }) => port(self).end({ error: { code: 0, text: 'no answer in time' } }),
  },
}).createMachine({
  id: 'outgoingTransaction',
  context: { intervalMs: INITIAL_INTERVAL_MS },
  initial: 'sent',
  on: {
    reply: { target: '.replied', actions: 'passUp' },
  },
  states: {
    sent: {
      entry: ['transmit', 'startRetransmission'],
      after: { tMax: 'timedOut' },
      on: {
        retransmit: { actions: ['transmit', 'doubleInterval', 'startRetransmission'] },
        pending: 'pending',
      },
    },
    // The repetition goes on, because the reply may be lost.
    pending: {
      entry: ['stopRetransmission', 'setMostInterval', 'startRetransmission'],
      after: { longTimer: 'timedOut' },
      on: {
        retransmit: { actions: ['transmit', 'startRetransmission'] },
        // There may be several (H.248.1 8.2.3).
        pending: {},
      },
    },
    replied: { type: 'final' },
    timedOut: { type: 'final', entry: 'giveUp' },
  },
});
