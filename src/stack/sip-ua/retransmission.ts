import { type ActorRefFrom, assign, setup } from 'xstate';
import { portOf } from '../../kernel/index.js';

/** How often a response that the other side has to acknowledge end to end is repeated, in units of T1. */
export const GIVE_UP_T1 = 64;

/** What a retransmission does; the port of {@link retransmissionMachine}. */
export interface Retransmission {
  send(): void;
  gaveUp(): void;
}

interface Input {
  readonly t1Ms: number;
  /** Longest interval; absent: it doubles without end. */
  readonly capMs?: number;
}

/**
 * Repeats a response that was sent once already: after T1, then after double the interval each time, until it is
 * acknowledged or 64*T1 have passed. The interval of a 2xx is capped at T2 (RFC 3261 13.3.1.4), that of a reliable
 * provisional response is not (RFC 3262 3).
 */
export const retransmissionMachine = setup({
  types: {
    context: {} as Input & { readonly intervalMs: number },
    events: {} as { type: 'acknowledged' },
    input: {} as Input,
  },
  delays: {
    interval: ({ context }) => context.intervalMs,
    giveUp: ({ context }) => GIVE_UP_T1 * context.t1Ms,
  },
  actions: {
    send: ({ self }) => portOf<Retransmission>(self).send(),
    gaveUp: ({ self }) => portOf<Retransmission>(self).gaveUp(),
    double: assign({
      intervalMs: ({ context }) =>
        Math.min(2 * context.intervalMs, context.capMs ?? Number.POSITIVE_INFINITY),
    }),
  },
}).createMachine({
  id: 'retransmission',
  context: ({ input }) => ({ ...input, intervalMs: input.t1Ms }),
  initial: 'unacknowledged',
  states: {
    unacknowledged: {
      on: { acknowledged: 'acknowledged' },
      after: { giveUp: { target: 'expired', actions: 'gaveUp' } },
      initial: 'waiting',
      states: {
        waiting: { after: { interval: { target: 'waiting', reenter: true, actions: ['send', 'double'] } } },
      },
    },
    acknowledged: { type: 'final' },
    expired: { type: 'final' },
  },
});

export type RetransmissionActor = ActorRefFrom<typeof retransmissionMachine>;
