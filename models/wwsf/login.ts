import { setup } from 'xstate';
import { portOf } from '../../src/kernel/index.js';

/** What a login does to the world. */
export interface LoginPort {
  /** Asks the WAF for the access token. */
  exchange(): void;
}

/** What a login starts from. */
export interface LoginInput {
  /** How long the user may stay at the WAF, in ms. */
  readonly callbackMs: number;
}

/** Events of the login machine. */
export type LoginEvent =
  | { readonly type: 'code.received' }
  | { readonly type: 'authorization.refused' }
  | { readonly type: 'token.received' }
  | { readonly type: 'exchange.failed' };

/** One login of a user as the WWSF sees it: an OAuth 2.0 client with the authorization code grant (RFC 6749 4.1). */
export const loginMachine = setup({
  types: {} as { context: LoginInput; input: LoginInput; events: LoginEvent },
  actions: {
    exchange: ({ self }) => portOf<LoginPort>(self).exchange(),
  },
  delays: {
    callbackTimeout: ({ context }) => context.callbackMs,
  },
}).createMachine({
  id: 'wwsf login',
  context: ({ input }) => input,
  initial: 'awaitingCallback',
  states: {
    awaitingCallback: {
      after: { callbackTimeout: 'failed' },
      on: { 'code.received': 'exchangingCode', 'authorization.refused': 'failed' },
    },
    exchangingCode: {
      entry: 'exchange',
      on: {
        // a token came, so the WAF has taken the certificate and shown its own
        'token.received': {
          target: 'delivered',
          meta: { requirements: ['24371-6.3.1-04', '24371-6.3.1-05'] },
        },
        'exchange.failed': 'failed',
      },
    },
    delivered: { type: 'final' },
    failed: { type: 'final' },
  },
});
