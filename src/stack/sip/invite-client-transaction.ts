import { type AnyActorRef, assign, cancel, enqueueActions, raise, setup } from 'xstate';
import { portOf } from '../../kernel/index.js';
import type { SipResponse } from '../../wire/sip/index.js';
import { type RetransmissionContext, sixtyFourT1, type TransactionInput, timerD } from './timers.js';

/** What happens to an INVITE client transaction. */
export type InviteClientEvent =
  | { readonly type: '1xx' | '2xx' | '300-699'; readonly response: SipResponse }
  | { readonly type: 'transportError'; readonly reason: string }
  /** The user wants to cancel; to be sent in `proceeding` only (RFC 3261 9.1). */
  | { readonly type: 'cancel' }
  | { readonly type: 'timerA' | 'cancelTimer' };

/** What an INVITE client transaction does to the world. */
export interface InviteClientPort {
  /** Sends the INVITE, or sends it again. */
  sendRequest(): void;
  /** Sends the ACK for a response of 300 to 699 (RFC 3261 17.1.1.3). */
  sendAck(response: SipResponse): void;
  sendCancel(): void;
  passUp(response: SipResponse): void;
  informTimeout(): void;
  informTransportError(reason: string): void;
}

interface Step {
  readonly self: AnyActorRef;
  readonly event: InviteClientEvent;
}

const port = (self: AnyActorRef): InviteClientPort => portOf(self);

/** INVITE client transaction (RFC 3261 17.1.1, figure 5 as replaced by RFC 6026 8.4). */
export const inviteClientTransaction = setup({
  types: {
    context: {} as RetransmissionContext,
    events: {} as InviteClientEvent,
    input: {} as TransactionInput,
  },
  delays: {
    timerA: ({ context }) => context.intervalMs,
    timerB: sixtyFourT1,
    timerD,
    timerM: sixtyFourT1,
    cancelTimer: sixtyFourT1,
  },
  guards: {
    reliable: ({ context }) => context.reliable,
  },
  actions: {
    sendRequest: ({ self }) => port(self).sendRequest(),
    // Timer A is no `after`: repeating must not start timer B of the same state again.
    startTimerA: enqueueActions(({ context, enqueue }) => {
      if (!context.reliable) enqueue.raise({ type: 'timerA' }, { id: 'timerA', delay: 'timerA' });
    }),
    stopTimerA: cancel('timerA'),
    doubleTimerA: assign({ intervalMs: ({ context }) => 2 * context.intervalMs }),
    sendAck: ({ self, event }: Step) => {
      if ('response' in event) port(self).sendAck(event.response);
    },
    sendCancel: ({ self }) => port(self).sendCancel(),
    // RFC 3261 9.1: without a final response 64*T1 after CANCEL the transaction is given up.
    startCancelTimer: raise({ type: 'cancelTimer' }, { id: 'cancelTimer', delay: 'cancelTimer' }),
    stopCancelTimer: cancel('cancelTimer'),
    passUp: ({ self, event }: Step) => {
      if ('response' in event) port(self).passUp(event.response);
    },
    informTimeout: ({ self }) => port(self).informTimeout(),
    informTransportError: ({ self, event }: Step) => {
      if (event.type === 'transportError') port(self).informTransportError(event.reason);
    },
  },
}).createMachine({
  id: 'inviteClientTransaction',
  context: ({ input }) => ({ ...input, intervalMs: input.t1Ms }),
  initial: 'calling',
  states: {
    calling: {
      entry: ['sendRequest', 'startTimerA'],
      exit: 'stopTimerA',
      after: { timerB: { target: 'terminated', actions: 'informTimeout' } },
      on: {
        timerA: { actions: ['sendRequest', 'doubleTimerA', 'startTimerA'] },
        '1xx': { target: 'proceeding', actions: 'passUp' },
        '2xx': { target: 'accepted', actions: 'passUp' },
        '300-699': [
          { guard: 'reliable', target: 'terminated', actions: ['sendAck', 'passUp'] },
          { target: 'completed', actions: ['sendAck', 'passUp'] },
        ],
        transportError: { target: 'terminated', actions: 'informTransportError' },
      },
    },
    proceeding: {
      exit: 'stopCancelTimer',
      on: {
        '1xx': { actions: 'passUp' },
        cancel: { actions: ['sendCancel', 'startCancelTimer'] },
        cancelTimer: { target: 'terminated', actions: 'informTimeout' },
        '2xx': { target: 'accepted', actions: 'passUp' },
        // On a reliable transport timer D is zero, so that `completed` is left as soon as it is entered.
        '300-699': [
          { guard: 'reliable', target: 'terminated', actions: ['sendAck', 'passUp'] },
          { target: 'completed', actions: ['sendAck', 'passUp'] },
        ],
        // Not in the figure: the flow by which the response would have come is gone (RFC 3261 18.4, RFC 7118 5).
        transportError: { target: 'terminated', actions: 'informTransportError' },
      },
    },
    completed: {
      after: { timerD: 'terminated' },
      on: {
        '300-699': { actions: 'sendAck' },
        transportError: { target: 'terminated', actions: 'informTransportError' },
        // Overtaken by the final response.
        '1xx': {},
      },
    },
    accepted: {
      after: { timerM: 'terminated' },
      on: {
        '2xx': { actions: 'passUp' },
        '1xx': {},
        // The ACK and what follows it are the user's; it hears of the flow from the transport layer.
        transportError: {},
      },
    },
    terminated: { type: 'final' },
  },
});
