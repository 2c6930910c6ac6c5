import { setup } from 'xstate';
import { portOf } from '../../src/kernel/index.js';
import type { SipResponse } from '../../src/wire/sip/index.js';

/** What a call does to its two dialogs and to the gateway; the object beside its machine. */
export interface CallPort {
  /** Reserves both sides of the gateway (TS 23.334 8.2). */
  reserve(): void;
  /** Sends the INVITE on with the translated offer. */
  invite(): void;
  /** Tells the gateway about the far end. */
  configure(response: SipResponse): void;
  /** Passes a provisional response on, once its answer is configured. */
  relay(response: SipResponse): void;
  /** Opens the gateway for media in both directions. */
  connect(): void;
  /** Passes the 2xx on. */
  accept(): void;
  /** Keeps a response until the gateway has caught up. */
  hold(response: SipResponse): void;
  /** Takes the next response that was kept. */
  next(): void;
  /** Refuses the call towards its caller. */
  reject(status: number, reason: string): void;
  /** Gives the call up towards the called side. */
  abandon(cause: CallEvent): void;
  /** Ends both dialogs, whichever still stand, because of an event. */
  hangUp(cause: CallEvent): void;
  /** Gives the gateway's resources back. */
  release(): void;
}

/** Events of the call machine. `near` is the side the INVITE came from, `far` the side it went to. */
export type CallEvent =
  | { readonly type: 'gateway.reserved' }
  | { readonly type: 'gateway.configured' }
  | { readonly type: 'gateway.failed'; readonly status: number; readonly text: string }
  | { readonly type: 'gateway.released' }
  | { readonly type: 'gateway.silent' }
  /** The gateway cannot carry the media any more, or never could: no way, no keys, or it has lost the context. */
  | { readonly type: 'media.failed'; readonly status: number; readonly text: string }
  | { readonly type: 'registration.gone' }
  | { readonly type: 'begin' }
  | {
      readonly type: 'far.progress';
      readonly response: SipResponse;
      /** Whether it brings the session description that answers the offer, for the first time. */
      readonly answers: boolean;
    }
  | { readonly type: 'far.accepted'; readonly response: SipResponse }
  | { readonly type: 'far.rejected'; readonly status: number; readonly reason: string }
  | { readonly type: 'far.ended' }
  | { readonly type: 'near.cancelled' }
  | { readonly type: 'near.ended' };

const RESERVE = ['24371-5.5-06', '24371-7.4.1-01', '24371-7.4.1-03'] as const;

/**
 * One call through the eP-CSCF: a back-to-back user agent that owns a context in the eIMS-AGW (24371-7.4.2, 24371-7.4.3;
 * TS 23.334 8). The machine orders the three: nothing is told to one side before the gateway can carry it.
 */
export const callMachine = setup({
  types: {} as { context: Record<string, never>; events: CallEvent },
  actions: {
    reserve: ({ self }) => portOf<CallPort>(self).reserve(),
    invite: ({ self }) => portOf<CallPort>(self).invite(),
    configure: ({ self, event }) =>
      portOf<CallPort>(self).configure((event as { response: SipResponse }).response),
    relay: ({ self, event }) => portOf<CallPort>(self).relay((event as { response: SipResponse }).response),
    hold: ({ self, event }) => portOf<CallPort>(self).hold((event as { response: SipResponse }).response),
    next: ({ self }) => portOf<CallPort>(self).next(),
    connect: ({ self }) => portOf<CallPort>(self).connect(),
    accept: ({ self }) => portOf<CallPort>(self).accept(),
    refuse: ({ self, event }) => {
      const { status, text, reason } = event as { status: number; text?: string; reason?: string };
      portOf<CallPort>(self).reject(status, reason ?? text ?? '');
    },
    'refuse the unregistered': ({ self }) => portOf<CallPort>(self).reject(480, ''),
    abandon: ({ self, event }) => portOf<CallPort>(self).abandon(event),
    'hang up': ({ self, event }) => portOf<CallPort>(self).hangUp(event),
    release: ({ self }) => portOf<CallPort>(self).release(),
  },
  guards: {
    'is an answer': ({ event }) => event.type === 'far.progress' && event.answers,
  },
}).createMachine({
  id: 'ep-cscf call',
  context: {},
  initial: 'received',
  states: {
    // the object beside the machine knows it only once it has been made
    received: { on: { begin: 'reserving' } },
    reserving: {
      entry: 'reserve',
      meta: { requirements: RESERVE },
      on: {
        'gateway.reserved': { target: 'proceeding', actions: 'invite' },
        'gateway.failed': { target: 'released', actions: 'refuse' },
        'near.cancelled': 'withdrawn',
        'near.ended': 'withdrawn',
        'registration.gone': { target: 'withdrawn', actions: 'refuse the unregistered' },
      },
    },
    // the caller has gone while the gateway was still reserving: wait, so that what it reserves can be given back
    withdrawn: {
      on: {
        'gateway.reserved': 'releasing',
        'gateway.failed': 'released',
        'near.ended': {},
        'near.cancelled': {},
        'registration.gone': {},
        'media.failed': {},
      },
    },
    proceeding: {
      entry: 'next',
      on: {
        // media that may flow early need not
        'gateway.silent': {},
        'far.progress': [
          { guard: 'is an answer', target: 'configuring', actions: 'configure' },
          { actions: 'relay' },
        ],
        'far.accepted': { target: 'connecting', actions: ['configure', 'connect'] },
        'far.rejected': { target: 'releasing', actions: 'refuse' },
        'far.ended': { target: 'releasing', actions: 'hang up' },
        'near.cancelled': { target: 'releasing', actions: 'abandon' },
        'near.ended': { target: 'releasing', actions: 'abandon' },
        'gateway.failed': { target: 'releasing', actions: ['abandon', 'refuse'] },
        'media.failed': { target: 'releasing', actions: ['abandon', 'refuse'] },
        'registration.gone': { target: 'releasing', actions: ['abandon', 'refuse the unregistered'] },
      },
    },
    configuring: {
      on: {
        'gateway.silent': {},
        'gateway.configured': 'proceeding',
        'gateway.failed': { target: 'releasing', actions: ['abandon', 'refuse'] },
        'media.failed': { target: 'releasing', actions: ['abandon', 'refuse'] },
        'registration.gone': { target: 'releasing', actions: ['abandon', 'refuse the unregistered'] },
        'far.progress': { actions: 'hold' },
        'far.accepted': { actions: 'hold' },
        'far.rejected': { target: 'releasing', actions: 'refuse' },
        'far.ended': { target: 'releasing', actions: 'hang up' },
        'near.cancelled': { target: 'releasing', actions: 'abandon' },
        'near.ended': { target: 'releasing', actions: 'abandon' },
      },
    },
    connecting: {
      on: {
        'gateway.silent': {},
        'gateway.configured': { target: 'confirmed', actions: 'accept' },
        'gateway.failed': { target: 'releasing', actions: ['refuse', 'hang up'] },
        'media.failed': { target: 'releasing', actions: ['refuse', 'hang up'] },
        'registration.gone': { target: 'releasing', actions: ['refuse the unregistered', 'hang up'] },
        'far.ended': { target: 'releasing', actions: 'hang up' },
        'near.cancelled': { target: 'releasing', actions: 'hang up' },
        'near.ended': { target: 'releasing', actions: 'hang up' },
      },
    },
    confirmed: {
      meta: { requirements: ['24371-5D.4-01'] },
      on: {
        'far.ended': { target: 'releasing', actions: 'hang up' },
        'near.ended': { target: 'releasing', actions: 'hang up' },
        'gateway.silent': { target: 'releasing', actions: 'hang up' },
        'media.failed': { target: 'releasing', actions: 'hang up' },
        'gateway.failed': { target: 'releasing', actions: 'hang up' },
        'registration.gone': { target: 'releasing', actions: 'hang up' },
      },
    },
    releasing: {
      entry: 'release',
      on: {
        'gateway.released': 'released',
        'gateway.failed': 'released',
        'gateway.configured': {},
        'gateway.silent': {},
        'media.failed': {},
        'registration.gone': {},
        'far.progress': {},
        'far.accepted': {},
        'far.rejected': {},
        'far.ended': {},
        'near.cancelled': {},
        'near.ended': {},
      },
    },
    released: { type: 'final' },
  },
});
