import { setup } from 'xstate';
import { portOf } from '../../kernel/index.js';
import type { RestingInput } from './resting-actor.js';
import { GIVE_UP_T1 } from './retransmission.js';

/** What the machine of a subscriber does. */
export interface SubscriberPort {
  readonly t1Ms: number;
  sendRefresh(): void;
  sendUnsubscribe(): void;
  tellTimedOut(): void;
  tellEnded(): void;
}

export type SubscriberEvent =
  | { type: 'notifyPending' }
  | { type: 'notifyActive' }
  | { type: 'notifyTerminated' }
  /** A SUBSCRIBE has failed; `fatal` when that ends the subscription. */
  | { type: 'refused'; fatal: boolean }
  /** The answer says that no NOTIFY follows (RFC 5839 204). */
  | { type: 'unchanged' }
  | { type: 'refreshDue' }
  | { type: 'expired' }
  | { type: 'unsubscribe' };

const ended = { target: 'terminated', actions: 'tellEnded' } as const;
const timerN = { timerN: { target: 'terminated', actions: 'tellTimedOut' } } as const;

/**
 * The subscriber's side (RFC 6665 4.1.2), with `refreshing` and `unsubscribing` beside the states of its figure: there a
 * SUBSCRIBE waits for its NOTIFY under timer N.
 */
export const subscriberMachine = setup({
  types: { context: {} as RestingInput, events: {} as SubscriberEvent, input: {} as RestingInput },
  delays: { timerN: ({ context }) => GIVE_UP_T1 * context.t1Ms },
  actions: {
    sendRefresh: ({ self }) => portOf<SubscriberPort>(self).sendRefresh(),
    sendUnsubscribe: ({ self }) => portOf<SubscriberPort>(self).sendUnsubscribe(),
    tellTimedOut: ({ self }) => portOf<SubscriberPort>(self).tellTimedOut(),
    tellEnded: ({ self }) => portOf<SubscriberPort>(self).tellEnded(),
  },
  guards: {
    fatal: ({ event }) => event.type === 'refused' && event.fatal,
    fromActive: ({ context }) => context.from === 'active',
    fromPending: ({ context }) => context.from === 'pending',
  },
}).createMachine({
  id: 'subscriber',
  context: ({ input }) => input,
  initial: 'init',
  states: {
    init: {
      always: [
        { guard: 'fromActive', target: 'active' },
        { guard: 'fromPending', target: 'pending' },
        { target: 'notifyWait' },
      ],
    },
    notifyWait: {
      after: timerN,
      on: {
        notifyPending: 'pending',
        notifyActive: 'active',
        notifyTerminated: ended,
        refused: ended,
        unchanged: {},
        unsubscribe: {},
        refreshDue: {},
        expired: {},
      },
    },
    pending: {
      on: {
        notifyPending: {},
        notifyActive: 'active',
        notifyTerminated: ended,
        refused: [{ guard: 'fatal', ...ended }, {}],
        unchanged: {},
        refreshDue: 'refreshing',
        unsubscribe: 'unsubscribing',
        expired: { target: 'terminated', actions: 'tellTimedOut' },
      },
    },
    active: {
      on: {
        notifyPending: 'pending',
        notifyActive: {},
        notifyTerminated: ended,
        refused: [{ guard: 'fatal', ...ended }, {}],
        unchanged: {},
        refreshDue: 'refreshing',
        unsubscribe: 'unsubscribing',
        expired: { target: 'terminated', actions: 'tellTimedOut' },
      },
    },
    refreshing: {
      entry: 'sendRefresh',
      after: timerN,
      on: {
        notifyPending: 'pending',
        notifyActive: 'active',
        notifyTerminated: ended,
        refused: [
          { guard: 'fatal', ...ended },
          { guard: 'fromPending', target: 'pending' },
          { target: 'active' },
        ],
        unchanged: [{ guard: 'fromPending', target: 'pending' }, { target: 'active' }],
        unsubscribe: 'unsubscribing',
        refreshDue: {},
        expired: {},
      },
    },
    unsubscribing: {
      entry: 'sendUnsubscribe',
      after: timerN,
      on: {
        notifyPending: {},
        notifyActive: {},
        notifyTerminated: ended,
        refused: ended,
        unchanged: {},
        unsubscribe: {},
        refreshDue: {},
        expired: {},
      },
    },
    terminated: { type: 'final' },
  },
});
