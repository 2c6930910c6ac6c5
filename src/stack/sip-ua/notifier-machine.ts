import { setup } from 'xstate';
import { portOf } from '../../kernel/index.js';
import type { RestingInput } from './resting-actor.js';

/** What the machine of a notifier does. */
export interface NotifierPort {
  readonly t1Ms: number;
  sendLast(): void;
  tellEnded(): void;
}

export type NotifierEvent =
  | { type: 'grant' }
  /** Expired, unsubscribed or by local policy: a last NOTIFY says so. */
  | { type: 'terminate' }
  /** A NOTIFY has failed so that the subscription is to be removed. */
  | { type: 'notifyFailed' }
  /** The last NOTIFY has been answered. */
  | { type: 'lastAnswered' };

const removed = { target: 'terminated', actions: 'tellEnded' } as const;

/** The notifier's side (RFC 6665 4.2.2, figure), with `terminating` for as long as the last NOTIFY has no answer. */
export const notifierMachine = setup({
  types: { context: {} as RestingInput, events: {} as NotifierEvent, input: {} as RestingInput },
  actions: {
    sendLast: ({ self }) => portOf<NotifierPort>(self).sendLast(),
    tellEnded: ({ self }) => portOf<NotifierPort>(self).tellEnded(),
  },
  guards: { fromPending: ({ context }) => context.from === 'pending' },
}).createMachine({
  id: 'notifier',
  context: ({ input }) => input,
  initial: 'respWait',
  states: {
    respWait: { always: [{ guard: 'fromPending', target: 'pending' }, { target: 'active' }] },
    pending: { on: { grant: 'active', terminate: 'terminating', notifyFailed: removed } },
    active: { on: { grant: {}, terminate: 'terminating', notifyFailed: removed } },
    terminating: {
      entry: 'sendLast',
      on: { grant: {}, terminate: {}, notifyFailed: removed, lastAnswered: removed },
    },
    terminated: { type: 'final' },
  },
});
