import { type AnyActorRef, assign, cancel, enqueueActions, raise, setup } from 'xstate';
import { portOf } from '../../kernel/index.js';
import type { SipResponse } from '../../wire/sip/index.js';
import { type RetransmissionContext, sixtyFourT1, type TransactionInput, t4 } from './timers.js';

/** What happens to a non-INVITE client transaction. */
export type NonInviteClientEvent =
  | { readonly type: '1xx' | '200-699'; readonly response: SipResponse }
  | { readonly type: 'transportError'; readonly reason: string }
  | { readonly type: 'timerE' | 'timerF' };

/** What a non-INVITE client transaction does to the world. */
export interface NonInviteClientPort {
  /** Sends the request, or sends it again. */
  sendRequest(): void;
  passUp(response: SipResponse): void;
  informTimeout(): void;
  informTransportError(reason: string): void;
}

interface Step {
  readonly self: AnyActorRef;
  readonly event: NonInviteClientEvent;
}

const port = (self: AnyActorRef): NonInviteClientPort => portOf(self);

/** Non-INVITE client transaction (RFC 3261 17.1.2, figure 6). */
export const nonInviteClientTransaction = setup({
  types: {
    context: {} as RetransmissionContext,
    events: {} as NonInviteClientEvent,
    input: {} as TransactionInput,
  },
  delays: {
    timerE: ({ context }) => context.intervalMs,
    timerF: sixtyFourT1,
    timerK: t4,
  },
  guards: {
    reliable: ({ context }) => context.reliable,
  },
  actions: {
    sendRequest: ({ self }) => port(self).sendRequest(),
    // Timers E and F run on from `trying` to `proceeding`, so neither can be an `after` of one state.
    startTimerE: enqueueActions(({ context, enqueue }) => {
      if (!context.reliable) enqueue.raise({ type: 'timerE' }, { id: 'timerE', delay: 'timerE' });
    }),
    startTimerF: raise({ type: 'timerF' }, { id: 'timerF', delay: 'timerF' }),
    stopTimerE: cancel('timerE'),
    stopTimerF: cancel('timerF'),
    doubleTimerE: assign({ intervalMs: ({ context }) => Math.min(2 * context.intervalMs, context.t2Ms) }),
    setTimerEToT2: assign({ intervalMs: ({ context }) => context.t2Ms }),
    passUp: ({ self, event }: Step) => {
      if ('response' in event) port(self).passUp(event.response);
    },
    informTimeout: ({ self }) => port(self).informTimeout(),
    informTransportError: ({ self, event }: Step) => {
      if (event.type === 'transportError') port(self).informTransportError(event.reason);
    },
  },
}).createMachine({
  id: 'nonInviteClientTransaction',
  context: ({ input }) => ({ ...input, intervalMs: input.t1Ms }),
  initial: 'trying',
  states: {
    trying: {
      entry: ['sendRequest', 'startTimerE', 'startTimerF'],
      on: {
        timerE: { actions: ['sendRequest', 'doubleTimerE', 'startTimerE'] },
        timerF: { target: 'terminated', actions: 'informTimeout' },
        '1xx': { target: 'proceeding', actions: 'passUp' },
        '200-699': [
          { guard: 'reliable', target: 'terminated', actions: 'passUp' },
          { target: 'completed', actions: 'passUp' },
        ],
        transportError: { target: 'terminated', actions: 'informTransportError' },
      },
    },
    proceeding: {
      on: {
        timerE: { actions: ['sendRequest', 'setTimerEToT2', 'startTimerE'] },
        timerF: { target: 'terminated', actions: 'informTimeout' },
        '1xx': { actions: 'passUp' },
        // On a reliable transport timer K is zero, so that `completed` is left as soon as it is entered.
        '200-699': [
          { guard: 'reliable', target: 'terminated', actions: 'passUp' },
          { target: 'completed', actions: 'passUp' },
        ],
        transportError: { target: 'terminated', actions: 'informTransportError' },
      },
    },
    completed: {
      entry: ['stopTimerE', 'stopTimerF'],
      after: { timerK: 'terminated' },
      on: {
        // Answers to repeated requests, and what the final response has overtaken: what the state is there to absorb.
        '200-699': {},
        '1xx': {},
        // The user has its answer.
        transportError: {},
      },
    },
    terminated: { type: 'final' },
  },
});
