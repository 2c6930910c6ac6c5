import { type AnyActorRef, assign, cancel, enqueueActions, raise, setup } from 'xstate';
import { portOf } from '../../kernel/index.js';
import type { SipRequest, SipResponse } from '../../wire/sip/index.js';
import {
  type RetransmissionContext,
  sixtyFourT1,
  TRYING_DELAY_MS,
  type TransactionInput,
  t4,
} from './timers.js';

/** What happens to an INVITE server transaction. Responses are those from its user. */
export type InviteServerEvent =
  | { readonly type: 'INVITE' }
  | { readonly type: 'ACK'; readonly ack: SipRequest }
  | { readonly type: '1xx' | '2xx' | '300-699'; readonly response: SipResponse }
  | { readonly type: 'transportError'; readonly reason: string }
  | { readonly type: 'tryingDue' | 'timerG' };

/** What an INVITE server transaction does to the world. */
export interface InviteServerPort {
  /** Sends a response and keeps it as the last one. */
  sendResponse(response: SipResponse): void;
  /** Sends the last response again; does nothing when there is none. */
  resendResponse(): void;
  /** Sends a 100 of the transaction's own. */
  sendTrying(): void;
  passAck(ack: SipRequest): void;
  /** Timer H fired: the final response was never acknowledged. */
  informNoAck(): void;
  informTransportError(reason: string): void;
}

interface Step {
  readonly self: AnyActorRef;
  readonly event: InviteServerEvent;
}

const port = (self: AnyActorRef): InviteServerPort => portOf(self);

/** INVITE server transaction (RFC 3261 17.2.1, figure 7 as replaced by RFC 6026 8.6). */
export const inviteServerTransaction = setup({
  types: {
    context: {} as RetransmissionContext,
    events: {} as InviteServerEvent,
    input: {} as TransactionInput,
  },
  delays: {
    trying: TRYING_DELAY_MS,
    timerG: ({ context }) => context.intervalMs,
    timerH: sixtyFourT1,
    timerI: t4,
    timerL: sixtyFourT1,
  },
  guards: {
    reliable: ({ context }) => context.reliable,
  },
  actions: {
    startTryingTimer: raise({ type: 'tryingDue' }, { id: 'trying', delay: 'trying' }),
    stopTryingTimer: cancel('trying'),
    sendTrying: ({ self }) => port(self).sendTrying(),
    sendResponse: ({ self, event }: Step) => {
      if ('response' in event) port(self).sendResponse(event.response);
    },
    resendResponse: ({ self }) => port(self).resendResponse(),
    // Timer G is no `after`: repeating must not start timer H of the same state again.
    startTimerG: enqueueActions(({ context, enqueue }) => {
      if (!context.reliable) enqueue.raise({ type: 'timerG' }, { id: 'timerG', delay: 'timerG' });
    }),
    stopTimerG: cancel('timerG'),
    doubleTimerG: assign({ intervalMs: ({ context }) => Math.min(2 * context.intervalMs, context.t2Ms) }),
    passAck: ({ self, event }: Step) => {
      if (event.type === 'ACK') port(self).passAck(event.ack);
    },
    informNoAck: ({ self }) => port(self).informNoAck(),
    informTransportError: ({ self, event }: Step) => {
      if (event.type === 'transportError') port(self).informTransportError(event.reason);
    },
  },
}).createMachine({
  id: 'inviteServerTransaction',
  context: ({ input }) => ({ ...input, intervalMs: input.t1Ms }),
  initial: 'proceeding',
  // RFC 6026 8.8: a response that cannot be sent is reported, and the transaction stays to absorb repeated requests.
  on: { transportError: { actions: 'informTransportError' } },
  states: {
    proceeding: {
      entry: 'startTryingTimer',
      exit: 'stopTryingTimer',
      on: {
        tryingDue: { actions: 'sendTrying' },
        INVITE: { actions: 'resendResponse' },
        '1xx': { actions: ['stopTryingTimer', 'sendResponse'] },
        '2xx': { target: 'accepted', actions: 'sendResponse' },
        '300-699': { target: 'completed', actions: 'sendResponse' },
      },
    },
    completed: {
      entry: 'startTimerG',
      exit: 'stopTimerG',
      after: { timerH: { target: 'terminated', actions: 'informNoAck' } },
      on: {
        timerG: { actions: ['resendResponse', 'doubleTimerG', 'startTimerG'] },
        INVITE: { actions: 'resendResponse' },
        // On a reliable transport timer I is zero, so that `confirmed` is left as soon as it is entered.
        ACK: [{ guard: 'reliable', target: 'terminated' }, { target: 'confirmed' }],
      },
    },
    confirmed: {
      after: { timerI: 'terminated' },
      on: {
        // ACKs for repeated responses, and an INVITE that the ACK has overtaken.
        ACK: {},
        INVITE: {},
      },
    },
    accepted: {
      after: { timerL: 'terminated' },
      on: {
        INVITE: {},
        ACK: { actions: 'passAck' },
        '2xx': { actions: 'sendResponse' },
      },
    },
    terminated: { type: 'final' },
  },
});
