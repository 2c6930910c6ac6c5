import { assign, setup } from 'xstate';
import { portOf } from '../../src/kernel/index.js';

/** What the registration of a UE does; the object beside its machine. */
export interface UePort {
  /** REGISTER without credentials to speak of (TS 24.229 5.1.1.2.2). */
  registerInitially(): void;
  /** REGISTER that answers the challenge (TS 24.229 5.1.1.5.4). */
  answerChallenge(): void;
  /** Asks to be told about the own registration (TS 24.229 5.1.1.3). */
  watch(): void;
  /** REGISTER before the last one runs out (TS 24.229 5.1.1.4). */
  refresh(): void;
  /** Ends all calls, then calls `done` (TS 24.229 5.1.1.6, 5.1.1.7). */
  endCalls(done: () => void): void;
  /** REGISTER with an expiry of 0 (TS 24.229 5.1.1.6). */
  deregister(): void;
  /** Forgets what came with the registration. */
  forget(): void;
}

/** Events of the UE. */
export type UeEvent =
  | { readonly type: 'register' }
  | { readonly type: 'deregister' }
  | {
      readonly type: 'challenged';
      /** Whether only the nonce was old (RFC 3261 22.4). */
      readonly stale: boolean;
    }
  | { readonly type: 'accepted'; readonly grantedMs: number }
  | { readonly type: 'refused'; readonly status: number }
  /** The last call is over. */
  | { readonly type: 'calls ended' }
  /** A 423 that names the shortest expiry. */
  | { readonly type: 'too brief' }
  | {
      readonly type: 'terminated by network';
      /** Whether it asks to register again (RFC 3680 5.1, `deactivated`). */
      readonly again: boolean;
    }
  | { readonly type: 'switched off' };

interface Context {
  /** How long the last registration lasts, in ms. */
  readonly grantedMs: number;
  /** Challenges answered in a row. */
  readonly answers: number;
  /** Whether the user has left while an answer was awaited. */
  readonly leaving: boolean;
}

/** TS 24.229 5.1.1.4.1: above this a registration is refreshed a fixed time before its end, else at half. */
const LONG_MS = 1_200_000;
const BEFORE_END_MS = 600_000;

const answerOnce = [
  { guard: 'may answer', target: 'challenged', reenter: true },
  { target: 'failed' },
] as const;

/**
 * An ordinary IMS UE: the registration of its one identity with SIP Digest without TLS (TS 24.229 5.1.1, TS 33.203
 * Annex N). Its calls are machines of their own.
 */
export const ueMachine = setup({
  types: {} as { context: Context; events: UeEvent },
  actions: {
    'register initially': ({ self }) => portOf<UePort>(self).registerInitially(),
    'answer the challenge': ({ self }) => portOf<UePort>(self).answerChallenge(),
    watch: ({ self }) => portOf<UePort>(self).watch(),
    refresh: ({ self }) => portOf<UePort>(self).refresh(),
    deregister: ({ self }) => portOf<UePort>(self).deregister(),
    forget: ({ self }) => portOf<UePort>(self).forget(),
    'end calls': ({ self }) => portOf<UePort>(self).endCalls(() => {}),
    'end calls first': ({ self }) => portOf<UePort>(self).endCalls(() => self.send({ type: 'calls ended' })),
    'count the answer': assign({ answers: ({ context }) => context.answers + 1 }),
    'begin to count': assign({ answers: 0 }),
    'note the time granted': assign({
      grantedMs: ({ event }) => (event as { grantedMs: number }).grantedMs,
      answers: 0,
    }),
    'note that the user leaves': assign({ leaving: true }),
    'note that the user has come': assign({ leaving: false }),
  },
  guards: {
    // one answer, and another one where only the nonce was old; more would go on for ever (RFC 3261 22.2)
    'may answer': ({ context, event }) => {
      const { answers } = context;
      return answers === 0 || (answers === 1 && event.type === 'challenged' && event.stale);
    },
    'user has left': ({ context }) => context.leaving,
    'may come again': ({ event }) => event.type === 'terminated by network' && event.again,
    // TS 24.229 5.1.1.4.1: no answer, or a server that is not well
    'may try anew': ({ event }) => event.type === 'refused' && [408, 500, 503, 504].includes(event.status),
  },
  delays: {
    refresh: ({ context: { grantedMs } }) =>
      grantedMs > LONG_MS ? grantedMs - BEFORE_END_MS : grantedMs / 2,
  },
}).createMachine({
  id: 'ue',
  context: { grantedMs: 0, answers: 0, leaving: false },
  initial: 'idle',
  on: { 'switched off': '.off' },
  states: {
    idle: {
      entry: ['forget', 'note that the user has come'],
      on: { register: 'registering', deregister: {}, 'terminated by network': {} },
    },
    registering: {
      entry: ['begin to count', 'register initially'],
      on: {
        challenged: answerOnce,
        accepted: { target: 'registered', actions: ['note the time granted', 'watch'] },
        'too brief': { target: 'registering', reenter: true },
        refused: 'failed',
        register: { actions: 'note that the user has come' },
        deregister: { actions: 'note that the user leaves' },
        'terminated by network': {},
      },
    },
    challenged: {
      entry: ['count the answer', 'answer the challenge'],
      on: {
        challenged: answerOnce,
        accepted: { target: 'registered', actions: ['note the time granted', 'watch'] },
        'too brief': { target: 'registering' },
        refused: 'failed',
        register: { actions: 'note that the user has come' },
        deregister: { actions: 'note that the user leaves' },
        'terminated by network': {},
      },
    },
    registered: {
      always: { guard: 'user has left', target: 'deregistering' },
      after: { refresh: 'refreshing' },
      on: {
        register: {},
        deregister: 'deregistering',
        'terminated by network': [
          { guard: 'may come again', target: 'registering', actions: 'end calls' },
          { target: 'idle', actions: 'end calls' },
        ],
      },
    },
    refreshing: {
      entry: ['begin to count', 'refresh'],
      on: {
        challenged: [
          { guard: 'may answer', actions: ['count the answer', 'answer the challenge'] },
          { target: 'failed', actions: 'end calls' },
        ],
        accepted: { target: 'registered', actions: 'note the time granted' },
        'too brief': { actions: 'refresh' },
        refused: [
          { guard: 'may try anew', target: 'registering' },
          { target: 'failed', actions: 'end calls' },
        ],
        register: { actions: 'note that the user has come' },
        deregister: { actions: 'note that the user leaves' },
        'terminated by network': {},
      },
    },
    deregistering: {
      initial: 'endingCalls',
      states: {
        endingCalls: { entry: 'end calls first', on: { 'calls ended': 'unregistering' } },
        unregistering: { entry: ['begin to count', 'deregister'] },
      },
      on: {
        challenged: [
          { guard: 'may answer', actions: ['count the answer', 'answer the challenge'] },
          { target: 'idle' },
        ],
        accepted: 'idle',
        // what the network still has runs out by itself
        refused: 'idle',
        'too brief': 'idle',
        register: {},
        deregister: {},
        'terminated by network': {},
      },
    },
    failed: {
      entry: ['forget', 'note that the user has come'],
      on: { register: 'registering', deregister: {}, 'terminated by network': {} },
    },
    off: { type: 'final' },
  },
});
