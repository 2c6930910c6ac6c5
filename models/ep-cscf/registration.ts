import { assign, setup } from 'xstate';
import { portOf } from '../../src/kernel/index.js';

/** What a registration does to the world; the object beside its machine. */
export interface RegistrationPort {
  /** Asks to be told about the registration state (RFC 3680, TS 24.229 5.2.3). */
  watch(): void;
  /** De-registers the WIC towards the core on its behalf, as a trusted node. */
  deregister(): void;
  /** Forgets the binding of identities, connection and token. */
  forget(): void;
}

/** Events of the registration machine. */
export type RegistrationEvent =
  | { readonly type: 'registered'; readonly lifetimeMs: number }
  /** `leftMs`: how long what was granted before is good yet. */
  | { readonly type: 'refused'; readonly leftMs: number }
  | { readonly type: 'refresh' }
  | { readonly type: 'deregister' }
  | { readonly type: 'deregistered' }
  | { readonly type: 'flow.lost' }
  | { readonly type: 'terminated by network' };

/** Input and context of the registration machine. */
export interface RegistrationContext {
  /** Until when the core, and the token, let the registration last, in ms from when it was granted. */
  readonly lifetimeMs: number;
  /** How long a lost WebSocket may stay away. */
  readonly graceMs: number;
}

/**
 * The registration of one WIC as the eP-CSCF sees it (24371-6.4.2, 24371-6A.3). Whether the token is good has been
 * decided before the machine is made; it begins with the REGISTER on its way to the core.
 */
export const registrationMachine = setup({
  types: {} as { context: RegistrationContext; input: RegistrationContext; events: RegistrationEvent },
  actions: {
    watch: ({ self }) => portOf<RegistrationPort>(self).watch(),
    deregister: ({ self }) => portOf<RegistrationPort>(self).deregister(),
    forget: ({ self }) => portOf<RegistrationPort>(self).forget(),
    'keep what is left': assign(({ event }) =>
      event.type === 'refused' ? { lifetimeMs: event.leftMs } : {},
    ),
  },
  delays: {
    /** The registration must not outlive what was granted nor the authorisation (24371-6.4.2-14). */
    lifetime: ({ context }) => context.lifetimeMs,
    grace: ({ context }) => context.graceMs,
  },
}).createMachine({
  id: 'ep-cscf registration',
  context: ({ input }) => input,
  initial: 'registering',
  states: {
    registering: {
      meta: { requirements: ['24371-6.1-02', '24371-6.4.2-04', '24371-6.4.2-05', '24371-6.4.1.1-04'] },
      on: {
        registered: {
          target: 'registered',
          actions: [assign(({ event }) => ({ lifetimeMs: event.lifetimeMs })), 'watch'],
        },
        refused: 'gone',
        refresh: {},
        deregister: 'deregistering',
        'flow.lost': 'orphaned',
      },
    },
    // the core may accept it yet, and nobody would be there
    orphaned: {
      on: { registered: 'ending', refused: 'gone', refresh: 'registering', deregister: 'deregistering' },
    },
    registered: {
      meta: { requirements: ['24371-6.4.2-11', '24371-6.4.2-14'] },
      after: { lifetime: { target: 'ending', meta: { requirements: ['24371-6A.3-03'] } } },
      on: {
        refresh: 'refreshing',
        deregister: { target: 'deregistering', meta: { requirements: ['24371-6A.3-01'] } },
        'flow.lost': 'unreachable',
        'terminated by network': { target: 'gone', meta: { requirements: ['24371-6A.3-04'] } },
      },
    },
    refreshing: {
      on: {
        registered: {
          target: 'registered',
          actions: assign(({ event }) => ({ lifetimeMs: event.lifetimeMs })),
        },
        refused: { target: 'registered', actions: 'keep what is left' },
        refresh: {},
        deregister: 'deregistering',
        'flow.lost': 'unreachable',
        'terminated by network': 'gone',
      },
    },
    unreachable: {
      after: { grace: { target: 'ending', meta: { requirements: ['24371-6A.3-02'] } } },
      on: {
        refresh: 'refreshing',
        deregister: 'deregistering',
        registered: { actions: assign(({ event }) => ({ lifetimeMs: event.lifetimeMs })) },
        refused: {},
        'terminated by network': 'gone',
      },
    },
    deregistering: {
      on: {
        deregistered: { target: 'gone', meta: { requirements: ['24371-6A.3-04'] } },
        refused: { target: 'registered', actions: 'keep what is left' },
        refresh: 'refreshing',
        deregister: {},
        'flow.lost': 'ending',
        'terminated by network': {},
      },
    },
    ending: {
      entry: 'deregister',
      on: {
        deregistered: 'gone',
        refused: 'gone',
        registered: {},
        'terminated by network': {},
        'flow.lost': {},
      },
    },
    gone: { type: 'final', entry: 'forget' },
  },
});
