import { type AnyActorRef, setup } from 'xstate';
import { portOf } from '../../kernel/index.js';
import type { TransportFailure } from './types.js';

/** What befalls a transport. */
export type TransportEvent =
  /** The peer's ICE credentials are known. */
  | { readonly type: 'described' }
  /** ICE has a pair for every component. */
  | { readonly type: 'way found' }
  /** Every DTLS association is up, with the right certificate at its other end. */
  | { readonly type: 'secured' }
  | { readonly type: 'consent lost' }
  | { readonly type: 'ended by peer' }
  | { readonly type: 'failed'; readonly by: TransportFailure; readonly reason: string }
  | { readonly type: 'closed' };

/** What a transport does; the object beside its machine. */
export interface TransportPort {
  /** Begins to use keys. */
  open(): void;
  /** Sends nothing more for the time being. */
  interrupt(): void;
  resume(): void;
  /** Stops, and tells why. */
  fail(by: TransportFailure, reason: string): void;
  /** The association is no more. */
  end(): void;
  release(): void;
}

const port = (self: AnyActorRef): TransportPort => portOf(self);

/** The life of a transport: a way by ICE, keys by DTLS, then packets, which pass the machine by. */
export const transportMachine = setup({
  types: {} as { events: TransportEvent },
  actions: {
    open: ({ self }) => port(self).open(),
    interrupt: ({ self }) => port(self).interrupt(),
    resume: ({ self }) => port(self).resume(),
    fail: ({ self, event }) => {
      const { by, reason } = event as { by: TransportFailure; reason: string };
      port(self).fail(by, reason);
    },
    end: ({ self }) => port(self).end(),
    release: ({ self }) => port(self).release(),
  },
}).createMachine({
  id: 'secure transport',
  initial: 'new',
  states: {
    new: {
      // a lite agent may be found before it is told by whom
      on: { described: 'checking', 'way found': 'securing' },
    },
    checking: {
      on: {
        'way found': 'securing',
        'ended by peer': { target: 'ended', actions: 'end' },
        'consent lost': {},
        described: {},
      },
    },
    securing: {
      on: {
        secured: { target: 'open', actions: 'open' },
        // the handshake waits for the way that a restart finds
        'consent lost': 'checking',
        'way found': {},
        described: {},
        'ended by peer': { target: 'ended', actions: 'end' },
      },
    },
    open: {
      on: {
        'consent lost': { target: 'interrupted', actions: 'interrupt' },
        'ended by peer': { target: 'ended', actions: 'end' },
        'way found': {},
        described: {},
      },
    },
    interrupted: {
      on: {
        'way found': { target: 'open', actions: 'resume' },
        'ended by peer': { target: 'ended', actions: 'end' },
        'consent lost': {},
        described: {},
      },
    },
    ended: {
      on: { failed: {}, 'ended by peer': {}, 'consent lost': {}, 'way found': {}, described: {} },
    },
    failed: {
      entry: 'fail',
      on: {
        failed: {},
        'ended by peer': {},
        'consent lost': {},
        'way found': {},
        described: {},
      },
    },
    closed: { type: 'final', entry: 'release' },
  },
  on: { failed: '.failed', closed: '.closed' },
});
