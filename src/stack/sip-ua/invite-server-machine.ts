import { type ActorRefFrom, setup } from 'xstate';
import { portOf } from '../../kernel/index.js';

/** What the machine of a UAS session does; the session is its port. */
export interface InviteServerPort {
  readonly extensionMs: number;
  extend(): void;
  sendSuccess(): void;
  sendRejection(): void;
  sendTerminated(): void;
  sendPrackTimeout(): void;
  sendUnavailable(): void;
  sendBye(): void;
  tellCancelled(): void;
  tellEnded(): void;
  tellFailed(): void;
  release(): void;
}

type Event =
  | { type: 'progress' }
  | { type: 'accept'; held: boolean }
  | { type: 'reject' }
  | { type: 'cancelled' }
  | { type: 'pracked'; held: boolean }
  | { type: 'prackTimeout' }
  | { type: 'ack' }
  | { type: 'ackTimeout' }
  | { type: 'hangup' }
  | { type: 'bye' }
  | { type: 'byeAnswered' }
  | { type: 'lost' }
  | { type: 'transportError' }
  | { type: 'transactionTerminated' };

/** What ends a call that has no final response yet. */
const unanswered = {
  reject: { target: 'completed', actions: 'sendRejection' },
  hangup: { target: 'completed', actions: 'sendRejection' },
  cancelled: { target: 'completed', actions: ['sendTerminated', 'tellCancelled'] },
  bye: { target: 'completed', actions: ['sendTerminated', 'tellEnded'] },
  prackTimeout: { target: 'completed', actions: ['sendPrackTimeout', 'tellFailed'] },
  lost: { target: 'completed', actions: ['sendRejection', 'tellFailed'] },
  transportError: { target: 'completed', actions: ['sendUnavailable', 'tellFailed'] },
} as const;

/**
 * The UAS of an INVITE (RFC 3261 13.3, 15; RFC 6026 7.1; RFC 5407 2, figure 2). `accepted` repeats the 2xx until its ACK
 * comes; `accepting` holds it back for a PRACK (RFC 3262 3); `hangingUp` is `accepted` with a BYE to follow, which may not
 * be sent before the ACK (RFC 3261 15); `completed` has rejected the INVITE; `terminating` waits for the answer to a BYE.
 */
export const inviteServerMachine = setup({
  types: { events: {} as Event },
  delays: { extension: ({ self }) => portOf<InviteServerPort>(self).extensionMs },
  actions: {
    extend: ({ self }) => portOf<InviteServerPort>(self).extend(),
    sendSuccess: ({ self }) => portOf<InviteServerPort>(self).sendSuccess(),
    sendRejection: ({ self }) => portOf<InviteServerPort>(self).sendRejection(),
    sendTerminated: ({ self }) => portOf<InviteServerPort>(self).sendTerminated(),
    sendPrackTimeout: ({ self }) => portOf<InviteServerPort>(self).sendPrackTimeout(),
    sendUnavailable: ({ self }) => portOf<InviteServerPort>(self).sendUnavailable(),
    sendBye: ({ self }) => portOf<InviteServerPort>(self).sendBye(),
    tellCancelled: ({ self }) => portOf<InviteServerPort>(self).tellCancelled(),
    tellEnded: ({ self }) => portOf<InviteServerPort>(self).tellEnded(),
    tellFailed: ({ self }) => portOf<InviteServerPort>(self).tellFailed(),
    release: ({ self }) => portOf<InviteServerPort>(self).release(),
  },
  // RFC 3262 3: a session description in a provisional response waits for its PRACK.
  guards: { held: ({ event }) => 'held' in event && event.held },
}).createMachine({
  id: 'inviteServer',
  initial: 'proceeding',
  states: {
    proceeding: {
      on: { ...unanswered, progress: 'early', accept: 'accepted', transactionTerminated: {} },
    },
    early: {
      // RFC 3261 13.3.1.1, RFC 3262 3: a proxy on the way would cancel a call that shows no sign of life.
      after: { extension: { target: 'early', reenter: true, actions: 'extend' } },
      on: {
        ...unanswered,
        progress: { target: 'early', reenter: true },
        pracked: {},
        accept: [{ guard: 'held', target: 'accepting' }, { target: 'accepted' }],
      },
    },
    accepting: {
      on: {
        ...unanswered,
        accept: {},
        pracked: [{ guard: 'held' }, { target: 'accepted' }],
      },
    },
    accepted: {
      entry: 'sendSuccess',
      on: {
        cancelled: {},
        pracked: {},
        ack: 'confirmed',
        ackTimeout: { target: 'terminating', actions: 'tellFailed' },
        transportError: { target: 'terminating', actions: 'tellFailed' },
        lost: {},
        hangup: 'hangingUp',
        bye: { target: 'terminated', actions: 'tellEnded' },
        transactionTerminated: {},
      },
    },
    hangingUp: {
      on: {
        cancelled: {},
        pracked: {},
        ack: 'terminating',
        lost: {},
        ackTimeout: 'terminating',
        transportError: 'terminating',
        hangup: {},
        bye: { target: 'terminated', actions: 'tellEnded' },
        transactionTerminated: {},
      },
    },
    confirmed: {
      on: {
        cancelled: {},
        pracked: {},
        ack: {},
        transportError: {},
        transactionTerminated: {},
        lost: 'terminating',
        hangup: 'terminating',
        bye: { target: 'terminated', actions: 'tellEnded' },
      },
    },
    completed: {
      on: {
        pracked: {},
        cancelled: {},
        bye: {},
        lost: {},
        hangup: {},
        reject: {},
        transportError: {},
        transactionTerminated: 'terminated',
      },
    },
    terminating: {
      entry: 'sendBye',
      on: {
        ack: {},
        bye: {},
        lost: {},
        hangup: {},
        transportError: {},
        transactionTerminated: {},
        byeAnswered: { target: 'terminated', actions: 'tellEnded' },
      },
    },
    terminated: { type: 'final', entry: 'release' },
  },
});

export type InviteServerActor = ActorRefFrom<typeof inviteServerMachine>;
