import { assign, setup } from 'xstate';
import { portOf } from '../../src/kernel/index.js';

/** What a registration does; the object beside its machine. */
export interface RegistrationPort {
  /** Asks to be told about the registration state (TS 24.229 5.2.3). */
  watch(): void;
  /** Gives the subscription up. */
  unwatch(): void;
  /** Forgets the association of address, identities and routes. */
  forget(): void;
}

/** Events of the registration machine. */
export type RegistrationEvent =
  | { readonly type: 'challenged' }
  | { readonly type: 'registered'; readonly lifetimeMs: number }
  | { readonly type: 'refused' }
  | { readonly type: 'deregistered' }
  | { readonly type: 'terminated by network' };

/** Context of the registration machine. */
export interface RegistrationContext {
  /** What the registrar has granted, and a while for its NOTIFY to come first. */
  readonly lifetimeMs: number;
}

/** As long as the S-CSCF waits for the answer to its challenge (timer reg-await-auth, TS 24.229 table 7.8.1). */
const REG_AWAIT_AUTH_MS = 240_000;

/** The registration of one UE as its P-CSCF sees it (TS 24.229 5.2.2): it begins with a REGISTER on its way to the core. */
export const registrationMachine = setup({
  types: {} as { context: RegistrationContext; events: RegistrationEvent },
  actions: {
    watch: ({ self }) => portOf<RegistrationPort>(self).watch(),
    unwatch: ({ self }) => portOf<RegistrationPort>(self).unwatch(),
    forget: ({ self }) => portOf<RegistrationPort>(self).forget(),
    'set lifetime': assign(({ context, event }) =>
      event.type === 'registered' ? { lifetimeMs: event.lifetimeMs } : context,
    ),
  },
  delays: {
    lifetime: ({ context }) => context.lifetimeMs,
    regAwaitAuth: REG_AWAIT_AUTH_MS,
  },
}).createMachine({
  id: 'p-cscf registration',
  context: { lifetimeMs: 0 },
  initial: 'registering',
  states: {
    registering: {
      after: { regAwaitAuth: 'gone' },
      on: {
        challenged: { target: 'registering', reenter: true },
        registered: { target: 'registered', actions: ['set lifetime', 'watch'] },
        refused: 'gone',
        deregistered: 'gone',
      },
    },
    registered: {
      after: { lifetime: { target: 'gone', actions: 'unwatch' } },
      on: {
        // a re-registration that is challenged or fails leaves what there is
        challenged: {},
        refused: {},
        registered: { target: 'registered', actions: 'set lifetime', reenter: true },
        deregistered: 'gone',
        'terminated by network': 'gone',
      },
    },
    gone: { type: 'final', entry: 'forget' },
  },
});
