import { assign, setup } from 'xstate';

/** What an authorization starts from. */
export interface AuthorizationInput {
  /** How long the login form waits, in ms. */
  readonly loginMs: number;
  /** How long the code is good, in ms. */
  readonly codeMs: number;
  /** How many wrong passwords end it. */
  readonly attempts: number;
}

/** Events of the authorization machine. */
export type AuthorizationEvent =
  | { readonly type: 'credentials.accepted' }
  | { readonly type: 'credentials.refused' }
  | { readonly type: 'denied' }
  | { readonly type: 'code.redeemed' }
  | { readonly type: 'code.refused' };

/**
 * One run of the authorization code grant as the WAF sees it (RFC 6749 4.1), from a good authorization request to the
 * access token. A code serves once: whatever is tried with it for the first time by its own client ends the machine.
 */
export const authorizationMachine = setup({
  types: {} as { context: AuthorizationInput; input: AuthorizationInput; events: AuthorizationEvent },
  guards: {
    'last attempt': ({ context }) => context.attempts <= 1,
  },
  delays: {
    loginLifetime: ({ context }) => context.loginMs,
    /** RFC 6749 4.1.2: a code expires shortly after it is issued, after ten minutes at most. */
    codeLifetime: ({ context }) => context.codeMs,
  },
}).createMachine({
  id: 'waf authorization',
  context: ({ input }) => input,
  initial: 'awaitingLogin',
  states: {
    awaitingLogin: {
      after: { loginLifetime: 'expired' },
      on: {
        'credentials.accepted': {
          target: 'codeIssued',
          meta: { requirements: ['24371-6.3.1-01', '24371-6.3.1-02'] },
        },
        'credentials.refused': [
          { guard: 'last attempt', target: 'refused' },
          { actions: assign({ attempts: ({ context }) => context.attempts - 1 }) },
        ],
        denied: 'refused',
      },
    },
    codeIssued: {
      after: { codeLifetime: 'expired' },
      on: {
        'code.redeemed': {
          target: 'tokenIssued',
          meta: {
            requirements: [
              '24371-5.4-01',
              '24371-6.3.1-03',
              '24371-6.3.1-06',
              '24371-6.3.1-07',
              '24371-6.3.1-08',
            ],
          },
        },
        'code.refused': 'refused',
      },
    },
    tokenIssued: { type: 'final' },
    expired: { type: 'final' },
    refused: { type: 'final' },
  },
});
