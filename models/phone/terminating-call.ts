import { setup } from 'xstate';
import { portOf } from '../../src/kernel/index.js';
import type { CallEvent, CallPort } from './originating-call.js';

/** What a call does at the called side. */
export interface TerminatingPort extends CallPort {
  /** Sends the answer in a reliable 183 (RFC 3262 3). */
  describe(): void;
  /** Sends 180. */
  ring(): void;
  /** Sends 200, with the answer unless it has been given. */
  accept(): void;
  /** Refuses the INVITE. */
  refuse(status: number): void;
}

/** Events of a call at the called side. */
export type TerminatingEvent =
  | CallEvent
  | { readonly type: 'not acceptable'; readonly status: number }
  /** The answer in the 183 has been acknowledged. */
  | { readonly type: 'pracked' }
  | { readonly type: 'answered' }
  | { readonly type: 'declined'; readonly status: number }
  | { readonly type: 'cancelled' }
  /** The ACK for the 200. */
  | { readonly type: 'acknowledged' };

/** Input and context. */
export interface TerminatingContext {
  /** Whether the answer goes into a 183 of its own. */
  readonly describesFirst: boolean;
  readonly answersItself: boolean;
  readonly alertMs: number;
}

/** Status of a call that is given up before it is answered: the user is not available (RFC 3261 21.4.18). */
const UNAVAILABLE = 480;

/** A call at the called side (RFC 3261 13.3; TS 24.229 5.1.4; 24371-7.2.3). */
export const terminatingCallMachine = setup({
  types: {} as { context: TerminatingContext; input: TerminatingContext; events: TerminatingEvent },
  actions: {
    describe: ({ self }) => portOf<TerminatingPort>(self).describe(),
    ring: ({ self }) => portOf<TerminatingPort>(self).ring(),
    accept: ({ self }) => portOf<TerminatingPort>(self).accept(),
    refuse: ({ self, event }) => portOf<TerminatingPort>(self).refuse((event as { status: number }).status),
    'refuse as unavailable': ({ self }) => portOf<TerminatingPort>(self).refuse(UNAVAILABLE),
    talk: ({ self }) => portOf<TerminatingPort>(self).talk(),
    'end the session': ({ self }) => portOf<TerminatingPort>(self).endSession(),
    release: ({ self }) => portOf<TerminatingPort>(self).release(),
  },
  guards: {
    'describes first': ({ context }) => context.describesFirst,
    'answers by itself': ({ context }) => context.answersItself,
  },
  delays: { alert: ({ context }) => context.alertMs },
}).createMachine({
  id: 'terminating call',
  context: ({ input }) => input,
  initial: 'preparing',
  on: { closed: '.ended' },
  states: {
    preparing: {
      on: {
        prepared: [{ guard: 'describes first', target: 'alerting.describing' }, { target: 'alerting' }],
        'not acceptable': { target: 'ended', actions: 'refuse' },
        'hung up': { target: 'ended', actions: 'refuse as unavailable' },
        'media.failed': { target: 'ended', actions: 'refuse as unavailable' },
        cancelled: 'ended',
        ended: 'ended',
      },
    },
    alerting: {
      initial: 'ringing',
      states: {
        // the user hears of the call once the caller has the answer (TS 24.229 5.1.4.1)
        describing: { entry: 'describe', on: { pracked: 'ringing' } },
        ringing: {
          entry: 'ring',
          after: { alert: { guard: 'answers by itself', target: '#terminating call.answering' } },
          on: { pracked: {} },
        },
      },
      on: {
        answered: 'answering',
        declined: { target: 'ended', actions: 'refuse' },
        'hung up': { target: 'ended', actions: 'refuse as unavailable' },
        'media.failed': { target: 'ended', actions: 'refuse as unavailable' },
        cancelled: 'ended',
        ended: 'ended',
      },
    },
    answering: {
      entry: 'accept',
      on: {
        acknowledged: 'up',
        pracked: {},
        answered: {},
        'hung up': 'ending',
        'media.failed': 'ending',
        cancelled: 'ended',
        ended: 'ended',
      },
    },
    up: {
      entry: 'talk',
      on: { answered: {}, 'hung up': 'ending', 'media.failed': 'ending', ended: 'ended' },
    },
    ending: {
      entry: 'end the session',
      on: {
        acknowledged: {},
        pracked: {},
        answered: {},
        'hung up': {},
        'media.failed': {},
        cancelled: 'ended',
        ended: 'ended',
      },
    },
    ended: { type: 'final', entry: 'release' },
  },
});
