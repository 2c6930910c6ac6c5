import { assign, setup } from 'xstate';
import { portOf } from '../../kernel/index.js';

/** What happens to a relayed address. */
export type RelayedAddressEvent =
  | { readonly type: 'refresh'; readonly lifetimeMs: number }
  /** Its owner gives it back, or has gone. */
  | { readonly type: 'delete' };

/** What its end does to the world. */
export interface RelayedAddressPort {
  /** Closes the port; called once. */
  release(): void;
}

/** The time-to-expiry of a relayed address at the server (RFC 8656 6, 8.2). */
export const relayedAddressMachine = setup({
  types: {
    context: {} as { readonly lifetimeMs: number },
    input: {} as { readonly lifetimeMs: number },
    events: {} as RelayedAddressEvent,
  },
  delays: { timeToExpiry: ({ context }) => context.lifetimeMs },
  actions: {
    setLifetime: assign({
      lifetimeMs: ({ context, event }) => (event.type === 'refresh' ? event.lifetimeMs : context.lifetimeMs),
    }),
    release: ({ self }) => portOf<RelayedAddressPort>(self).release(),
  },
}).createMachine({
  id: 'relayedAddress',
  context: ({ input }) => ({ lifetimeMs: input.lifetimeMs }),
  initial: 'allocated',
  states: {
    allocated: {
      after: { timeToExpiry: 'expired' },
      on: {
        refresh: { target: 'allocated', reenter: true, actions: 'setLifetime' },
        delete: 'deleted',
      },
    },
    expired: { type: 'final', entry: 'release' },
    deleted: { type: 'final', entry: 'release' },
  },
});
