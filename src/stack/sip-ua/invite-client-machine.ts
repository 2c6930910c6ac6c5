import { type ActorRefFrom, cancel, enqueueActions, setup } from 'xstate';
import { portOf } from '../../kernel/index.js';

/** What the machine of a UAC session does; the session is its port. */
export interface InviteClientPort {
  sendCancel(): void;
  tellAccepted(): void;
  tellRejected(): void;
  tellEnded(): void;
  sendBye(): void;
  release(): void;
}

interface Input {
  /** From the INVITE's Expires, if it has one. */
  readonly expiresMs?: number;
}

type Event =
  | { type: 'provisional'; tagged: boolean }
  | { type: 'success' }
  | { type: 'failure' }
  | { type: 'cancel' }
  | { type: 'hangup' }
  | { type: 'expired' }
  | { type: 'bye' }
  | { type: 'byeAnswered' };

/** What a call that has no final response yet takes from the user and from the network alike. */
const inviting = {
  success: 'confirmed',
  failure: { target: 'terminated', actions: 'tellRejected' },
  cancel: 'cancelling',
  hangup: 'cancelling',
  expired: 'cancelling',
} as const;

/**
 * The UAC of an INVITE (RFC 3261 13.2, 15; RFC 5407 2, figure 1). `calling`, `proceeding`, `early` and `confirmed` are the
 * states of the call as its user sees it; `cancelling` waits for the final response after a CANCEL, `terminating` for
 * that of a BYE.
 */
export const inviteClientMachine = setup({
  types: { context: {} as Input, events: {} as Event, input: {} as Input },
  actions: {
    sendCancel: ({ self }) => portOf<InviteClientPort>(self).sendCancel(),
    tellAccepted: ({ self }) => portOf<InviteClientPort>(self).tellAccepted(),
    tellRejected: ({ self }) => portOf<InviteClientPort>(self).tellRejected(),
    tellEnded: ({ self }) => portOf<InviteClientPort>(self).tellEnded(),
    sendBye: ({ self }) => portOf<InviteClientPort>(self).sendBye(),
    release: ({ self }) => portOf<InviteClientPort>(self).release(),
  },
  guards: {
    tagged: ({ event }) => event.type === 'provisional' && event.tagged,
  },
}).createMachine({
  id: 'inviteClient',
  context: ({ input }) => input,
  // RFC 3261 13.2.1: the invitation is good for as long as its Expires says.
  entry: enqueueActions(({ context, enqueue }) => {
    if (context.expiresMs === undefined) return;
    enqueue.raise({ type: 'expired' }, { delay: context.expiresMs, id: 'expires' });
  }),
  initial: 'calling',
  states: {
    calling: {
      on: { ...inviting, provisional: [{ guard: 'tagged', target: 'early' }, { target: 'proceeding' }] },
    },
    proceeding: {
      on: { ...inviting, provisional: [{ guard: 'tagged', target: 'early' }, {}] },
    },
    early: {
      on: {
        ...inviting,
        provisional: {},
        // The peer may have answered and given up on an ACK while every 2xx was lost.
        bye: { target: 'cancelling', actions: 'tellEnded' },
      },
    },
    cancelling: {
      entry: [cancel('expires'), 'sendCancel'],
      on: {
        provisional: {},
        success: 'terminating',
        failure: { target: 'terminated', actions: 'tellRejected' },
        cancel: {},
        hangup: {},
        bye: { actions: 'tellEnded' },
      },
    },
    confirmed: {
      entry: [cancel('expires'), 'tellAccepted'],
      on: {
        cancel: {},
        hangup: 'terminating',
        bye: { target: 'terminated', actions: 'tellEnded' },
      },
    },
    terminating: {
      entry: 'sendBye',
      on: {
        cancel: {},
        hangup: {},
        bye: {},
        byeAnswered: { target: 'terminated', actions: 'tellEnded' },
      },
    },
    terminated: { type: 'final', entry: [cancel('expires'), 'release'] },
  },
});

export type InviteClientActor = ActorRefFrom<typeof inviteClientMachine>;
