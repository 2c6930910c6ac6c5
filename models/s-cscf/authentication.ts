import { assign, setup } from 'xstate';
import { portOf } from '../../src/kernel/index.js';

/** What an authentication does; the object beside its machine. */
export interface AuthenticationPort {
  /** Asks the HSS for credentials (MAR). */
  fetch(): void;
  /** Answers the REGISTER at hand with a new challenge. */
  challenge(): void;
  /** Lets the REGISTER at hand go on. */
  accept(): void;
  reject(status: number): void;
  /** Tells the HSS that the user did not authenticate (SAR). */
  report(type: 'AUTHENTICATION_FAILURE' | 'AUTHENTICATION_TIMEOUT'): void;
}

/** Events of the authentication machine. */
export type AuthenticationEvent =
  | { readonly type: 'credentials' }
  | { readonly type: 'refused'; readonly status: number }
  | { readonly type: 'restarted' }
  | { readonly type: 'proved' }
  | { readonly type: 'wrong' }
  | { readonly type: 'stale' };

/** Input and context of the authentication machine. */
export interface AuthenticationContext {
  /** Wrong responses so far. */
  readonly failures: number;
  /** Wrong responses after which there is no other challenge. */
  readonly limit: number;
}

/** Timer reg-await-auth (TS 24.229 5.4.1.2.2, table 7.8.1). */
const REG_AWAIT_AUTH_MS = 240_000;

/** The authentication of a user by SIP Digest (TS 24.229 5.4.1.2.1, 5.4.1.2.3; TS 33.203 annex N). */
export const authenticationMachine = setup({
  types: {} as {
    context: AuthenticationContext;
    input: { readonly limit: number };
    events: AuthenticationEvent;
  },
  actions: {
    fetch: ({ self }) => portOf<AuthenticationPort>(self).fetch(),
    challenge: ({ self }) => portOf<AuthenticationPort>(self).challenge(),
    accept: ({ self }) => portOf<AuthenticationPort>(self).accept(),
    reject: ({ self, event }) => {
      if (event.type === 'refused') portOf<AuthenticationPort>(self).reject(event.status);
    },
    forbid: ({ self }) => portOf<AuthenticationPort>(self).reject(403),
    'report failure': ({ self }) => portOf<AuthenticationPort>(self).report('AUTHENTICATION_FAILURE'),
    'report timeout': ({ self }) => portOf<AuthenticationPort>(self).report('AUTHENTICATION_TIMEOUT'),
    'one more failure': assign({ failures: ({ context }) => context.failures + 1 }),
  },
  guards: {
    'may try again': ({ context }) => context.failures + 1 < context.limit,
  },
  delays: { regAwaitAuth: REG_AWAIT_AUTH_MS },
}).createMachine({
  id: 's-cscf authentication',
  context: ({ input }) => ({ failures: 0, limit: input.limit }),
  initial: 'fetching',
  states: {
    fetching: {
      entry: 'fetch',
      on: { credentials: 'challenged', refused: { target: 'failed', actions: 'reject' } },
    },
    challenged: {
      entry: 'challenge',
      after: { regAwaitAuth: { target: 'failed', actions: 'report timeout' } },
      on: {
        restarted: 'fetching',
        proved: { target: 'accepted', actions: 'accept' },
        wrong: [
          { guard: 'may try again', target: 'challenged', actions: 'one more failure', reenter: true },
          { target: 'failed', actions: ['forbid', 'report failure'] },
        ],
        stale: { target: 'challenged', reenter: true },
      },
    },
    accepted: { type: 'final' },
    failed: { type: 'final' },
  },
});
