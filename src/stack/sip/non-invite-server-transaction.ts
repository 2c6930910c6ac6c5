import { type AnyActorRef, setup } from 'xstate';
import { portOf } from '../../kernel/index.js';
import type { SipResponse } from '../../wire/sip/index.js';
import { sixtyFourT1, type TransactionInput } from './timers.js';

/** What happens to a non-INVITE server transaction. Responses are those from its user. */
export type NonInviteServerEvent =
  | { readonly type: 'request' }
  | { readonly type: '1xx' | '200-699'; readonly response: SipResponse }
  | { readonly type: 'transportError'; readonly reason: string };

/** What a non-INVITE server transaction does to the world. */
export interface NonInviteServerPort {
  /** Sends a response and keeps it as the last one. */
  sendResponse(response: SipResponse): void;
  /** Sends the last response again. */
  resendResponse(): void;
  informTransportError(reason: string): void;
}

interface Step {
  readonly self: AnyActorRef;
  readonly event: NonInviteServerEvent;
}

const port = (self: AnyActorRef): NonInviteServerPort => portOf(self);

/** Non-INVITE server transaction (RFC 3261 17.2.2, figure 8). */
export const nonInviteServerTransaction = setup({
  types: {
    context: {} as TransactionInput,
    events: {} as NonInviteServerEvent,
    input: {} as TransactionInput,
  },
  delays: {
    timerJ: sixtyFourT1,
  },
  guards: {
    reliable: ({ context }) => context.reliable,
  },
  actions: {
    sendResponse: ({ self, event }: Step) => {
      if ('response' in event) port(self).sendResponse(event.response);
    },
    resendResponse: ({ self }) => port(self).resendResponse(),
    informTransportError: ({ self, event }: Step) => {
      if (event.type === 'transportError') port(self).informTransportError(event.reason);
    },
  },
}).createMachine({
  id: 'nonInviteServerTransaction',
  context: ({ input }) => input,
  initial: 'trying',
  // RFC 6026 8.8 (17.2.4), against figure 8: reported, and the transaction stays to absorb repeated requests.
  on: { transportError: { actions: 'informTransportError' } },
  states: {
    trying: {
      on: {
        request: {},
        '1xx': { target: 'proceeding', actions: 'sendResponse' },
        '200-699': [
          { guard: 'reliable', target: 'terminated', actions: 'sendResponse' },
          { target: 'completed', actions: 'sendResponse' },
        ],
      },
    },
    proceeding: {
      on: {
        request: { actions: 'resendResponse' },
        '1xx': { actions: 'sendResponse' },
        // On a reliable transport timer J is zero, so that `completed` is left as soon as it is entered.
        '200-699': [
          { guard: 'reliable', target: 'terminated', actions: 'sendResponse' },
          { target: 'completed', actions: 'sendResponse' },
        ],
      },
    },
    completed: {
      after: { timerJ: 'terminated' },
      on: {
        request: { actions: 'resendResponse' },
      },
    },
    terminated: { type: 'final' },
  },
});
