import { type ActorRefFrom, setup } from 'xstate';
import { portOf } from '../../kernel/index.js';

/** Default of timer C: more than 3 minutes (RFC 3261 16.6 step 11). */
export const TIMER_C_MS = 181_000;

/** What the machine of a forwarded INVITE does. */
export interface ProxyInvitePort {
  sendCancel(): void;
  /** Answers the INVITE with a status of the proxy's own. */
  giveUp(status: number): void;
}

interface Input {
  readonly timerCMs: number;
}

type Event = { type: 'trying' } | { type: 'provisional' } | { type: 'final' } | { type: 'cancel' };

/** The response context of an INVITE with one target: timer C and CANCEL (RFC 3261 16.7, 16.8, 16.10). */
export const proxyInviteMachine = setup({
  types: { context: {} as Input, events: {} as Event, input: {} as Input },
  delays: {
    timerC: ({ context }) => context.timerCMs,
  },
  actions: {
    sendCancel: ({ self }) => portOf<ProxyInvitePort>(self).sendCancel(),
    timedOut: ({ self }) => portOf<ProxyInvitePort>(self).giveUp(408),
  },
}).createMachine({
  id: 'proxyInvite',
  context: ({ input }) => input,
  initial: 'calling',
  states: {
    calling: {
      after: { timerC: { target: 'completed', actions: 'timedOut' } },
      on: { trying: 'proceeding', provisional: 'proceeding', cancel: 'cancelling', final: 'completed' },
    },
    proceeding: {
      after: { timerC: 'cancelling' },
      on: {
        trying: {},
        provisional: { target: 'proceeding', reenter: true },
        cancel: 'cancelling',
        final: 'completed',
      },
    },
    cancelling: {
      entry: 'sendCancel',
      on: { trying: {}, provisional: {}, cancel: {}, final: 'completed' },
    },
    completed: { type: 'final' },
  },
});

export type ProxyInviteActor = ActorRefFrom<typeof proxyInviteMachine>;
