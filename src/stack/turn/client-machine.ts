import { type AnyActorRef, assign, cancel, raise, setup } from 'xstate';
import { portOf } from '../../kernel/index.js';

/** What happens to an allocation at its client. */
export type ClientEvent =
  | { readonly type: 'granted'; readonly lifetimeMs: number }
  | { readonly type: 'refused'; readonly reason: string }
  /** The server does not answer any more, or has forgotten the allocation. */
  | { readonly type: 'lost'; readonly reason: string }
  | { readonly type: 'close' }
  | { readonly type: 'deleted' }
  | { readonly type: 'renew' };

/** What it does to the world. */
export interface ClientPort {
  requestAllocation(): void;
  requestRefresh(): void;
  requestDeletion(): void;
  renewPeers(): void;
  /** There is a relayed address. */
  announce(): void;
  /** There is none. */
  giveUp(reason: string): void;
  /** There is none any more. */
  lose(reason: string): void;
  /** Nothing is left to be done; called once. */
  release(): void;
}

/** How long before the end an allocation is refreshed (RFC 8656 8). */
const MARGIN_MS = 60_000;

/** Permissions last five minutes (RFC 8656 9); a minute is left for requests that are lost. */
const RENEWAL_MS = 240_000;

interface Step {
  readonly self: AnyActorRef;
  readonly event: ClientEvent;
}

const port = (self: AnyActorRef): ClientPort => portOf(self);
const reasonOf = (event: ClientEvent): string => ('reason' in event ? event.reason : '');

/** An allocation at its client, from the first request until it is given back (RFC 8656 7, 8). */
export const clientMachine = setup({
  types: {
    context: {} as { readonly lifetimeMs: number },
    events: {} as ClientEvent,
  },
  delays: {
    // an allocation so short that no minute is left is refreshed half way
    timeToRefresh: ({ context: { lifetimeMs } }) => Math.max(lifetimeMs - MARGIN_MS, lifetimeMs / 2),
  },
  actions: {
    requestAllocation: ({ self }) => port(self).requestAllocation(),
    requestRefresh: ({ self }) => port(self).requestRefresh(),
    requestDeletion: ({ self }) => port(self).requestDeletion(),
    renewPeers: ({ self }) => port(self).renewPeers(),
    announce: ({ self }) => port(self).announce(),
    giveUp: ({ self, event }: Step) => port(self).giveUp(reasonOf(event)),
    lose: ({ self, event }: Step) => port(self).lose(reasonOf(event)),
    release: ({ self }) => port(self).release(),
    setLifetime: assign({
      lifetimeMs: ({ context, event }) => (event.type === 'granted' ? event.lifetimeMs : context.lifetimeMs),
    }),
    startRenewal: raise({ type: 'renew' }, { id: 'renew', delay: RENEWAL_MS }),
    stopRenewal: cancel('renew'),
  },
}).createMachine({
  id: 'turnClient',
  context: { lifetimeMs: 0 },
  initial: 'allocating',
  states: {
    allocating: {
      entry: 'requestAllocation',
      on: {
        granted: { target: 'allocated', actions: ['setLifetime', 'startRenewal', 'announce'] },
        refused: { target: 'closed', actions: 'giveUp' },
        lost: { target: 'closed', actions: 'giveUp' },
        close: 'abandoning',
      },
    },
    // the server may be about to allocate, and would keep the address for its lifetime
    abandoning: {
      on: {
        granted: 'deleting',
        refused: 'closed',
        lost: 'closed',
      },
    },
    allocated: {
      after: { timeToRefresh: 'refreshing' },
      on: {
        renew: { actions: ['renewPeers', 'startRenewal'] },
        lost: { target: 'closed', actions: 'lose' },
        close: 'deleting',
      },
    },
    refreshing: {
      entry: 'requestRefresh',
      on: {
        granted: { target: 'allocated', actions: 'setLifetime' },
        refused: { target: 'closed', actions: 'lose' },
        renew: { actions: ['renewPeers', 'startRenewal'] },
        lost: { target: 'closed', actions: 'lose' },
        close: 'deleting',
      },
    },
    deleting: {
      entry: ['stopRenewal', 'requestDeletion'],
      on: {
        deleted: 'closed',
        lost: 'closed',
      },
    },
    closed: { type: 'final', entry: 'release' },
  },
});
