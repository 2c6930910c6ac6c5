import { assign, setup } from 'xstate';
import { portOf } from '../../src/kernel/index.js';

/** What the WIC's machine does to the world; the script in its page. */
export interface WicPort {
  /** Opens the page of the WWSF: `page.loaded` or `web.failed` follows. */
  loadPage(): void;
  /** Gets an access token through WWSF and WAF: `token.received` or `web.failed` follows. */
  login(): void;
  /** Opens the WebSocket if it is not open: `connected`, `connection.failed` or `token.expired` follows. */
  connect(): void;
  /** Gives up the connection at once. */
  dropFlow(): void;
  /** Sends a REGISTER for at most so many seconds: `registered`, `refused` or `flow.lost` follows. */
  register(expiresS: number): void;
  /** Subscribes to the registration state, or asks for it again (RFC 3680). */
  watch(): void;
  /** Ends all calls: `calls.ended` follows. */
  endCalls(): void;
  /** Sends a REGISTER with expiry zero: `deregistered` or `flow.lost` follows. */
  deregister(): void;
  /** Closes the WebSocket in order: `flow.lost` follows. */
  disconnect(): void;
  /** Gives up everything there is. */
  forget(): void;
  /** How long to wait after so many failures in a row, in ms (RFC 5626 4.5). */
  backoffMs(failures: number): number;
}

/** Why a REGISTER was refused, as far as it decides what to do next. */
export type RefusalCause =
  /** The token is not good (401, 403). */
  | 'token'
  /** The expiry is too brief (423). */
  | 'interval'
  /** The network cannot serve now (408, 5xx and the like). */
  | 'unavailable'
  /** Anything else. */
  | 'final';

/** Events of the WIC's machine. */
export type WicEvent =
  | { readonly type: 'open' }
  | { readonly type: 'deregister' }
  | { readonly type: 'close page' }
  | { readonly type: 'page.loaded' }
  | { readonly type: 'token.received' }
  /** `leftMs`: how long the registration is good yet. */
  | {
      readonly type: 'web.failed';
      readonly reason: string;
      readonly refused: boolean;
      readonly leftMs: number;
    }
  | { readonly type: 'connected' }
  | { readonly type: 'connection.failed'; readonly reason: string; readonly fatal: boolean }
  | { readonly type: 'token.expired' }
  /** `renewFirst`: the next refresh needs a new token. */
  | { readonly type: 'registered'; readonly refreshMs: number; readonly renewFirst: boolean }
  | {
      readonly type: 'refused';
      readonly cause: RefusalCause;
      readonly reason: string;
      readonly minExpiresS: number;
      readonly retryAfterMs: number;
      readonly leftMs: number;
    }
  | { readonly type: 'flow.lost'; readonly reason: string }
  | { readonly type: 'shortened'; readonly refreshMs: number }
  | { readonly type: 'terminated by network'; readonly reason: string; readonly again: boolean }
  | { readonly type: 'calls.ended' }
  | { readonly type: 'deregistered' };

/** What the machine starts from. */
export interface WicInput {
  /** How long a registration is asked for, in seconds. */
  readonly expiryS: number;
}

/** Context of the WIC's machine. */
export interface WicContext {
  readonly expiryS: number;
  /** Attempts in a row that came to no registration. */
  readonly failures: number;
  readonly retryMs: number;
  readonly refreshMs: number;
  readonly renewFirst: boolean;
  /** A token has been refused, and the one in use is its successor. */
  readonly secondToken: boolean;
  /** The user wants to go. */
  readonly leaving: boolean;
  /** Why the machine gives up; empty while it does not. */
  readonly reason: string;
}

/** 64*T1 with T1 = 2 s (TS 24.229 table 7.7.1): as long as a REGISTER or a BYE may take. */
const TRANSACTION_MS = 128_000;

/** How long TCP, TLS and the opening handshake may take together; no document sets it. */
const CONNECT_MS = 30_000;

/**
 * A WebRTC IMS client (24371-5.2): a web page from the WWSF whose script registers with a token over a secure WebSocket
 * and keeps the registration alive (24371-6.2.2, 24371-6A.2; TS 24.229 5.1.1; RFC 5626 4).
 */
export const wicMachine = setup({
  types: {} as { context: WicContext; input: WicInput; events: WicEvent },
  actions: {
    loadPage: ({ self }) => portOf<WicPort>(self).loadPage(),
    login: ({ self }) => portOf<WicPort>(self).login(),
    connect: ({ self }) => portOf<WicPort>(self).connect(),
    dropFlow: ({ self }) => portOf<WicPort>(self).dropFlow(),
    register: ({ self, context }) => portOf<WicPort>(self).register(context.expiryS),
    watch: ({ self }) => portOf<WicPort>(self).watch(),
    endCalls: ({ self }) => portOf<WicPort>(self).endCalls(),
    deregister: ({ self }) => portOf<WicPort>(self).deregister(),
    disconnect: ({ self }) => portOf<WicPort>(self).disconnect(),
    forget: ({ self }) => portOf<WicPort>(self).forget(),
    leave: assign({ leaving: true }),
    'give up': assign({ reason: ({ event }) => ('reason' in event ? event.reason : '') }),
    'plan refresh': assign(({ event }) =>
      event.type === 'registered'
        ? {
            refreshMs: event.refreshMs,
            renewFirst: event.renewFirst,
            failures: 0,
            secondToken: false,
          }
        : {},
    ),
    'plan another refresh': assign(({ event }) => ('leftMs' in event ? { refreshMs: event.leftMs / 2 } : {})),
    'take the least expiry': assign(({ event }) =>
      event.type === 'refused' ? { expiryS: event.minExpiresS } : {},
    ),
    'plan retry': assign(({ context, event, self }) => {
      const failures = context.failures + 1;
      const retryAfterMs = event.type === 'refused' ? event.retryAfterMs : 0;
      return { failures, retryMs: Math.max(portOf<WicPort>(self).backoffMs(failures), retryAfterMs) };
    }),
  },
  guards: {
    leaving: ({ context }) => context.leaving,
    'renew first': ({ context }) => context.renewFirst,
    'gave up': ({ context }) => context.reason !== '',
    fatal: ({ event }) => event.type === 'connection.failed' && event.fatal,
    refused: ({ event }) => event.type === 'web.failed' && event.refused,
    again: ({ event }) => event.type === 'terminated by network' && event.again,
    'time for another': ({ event }) => 'leftMs' in event && event.leftMs > 2 * TRANSACTION_MS,
    // the same token is not tried twice, nor a third one after a second (24371-6.2.2-07)
    'first token': ({ context, event }) =>
      event.type === 'refused' && event.cause === 'token' && !context.secondToken,
    interval: ({ event }) => event.type === 'refused' && event.cause === 'interval',
    unavailable: ({ event }) => event.type === 'refused' && event.cause === 'unavailable',
    'unavailable with time for another': ({ event }) =>
      event.type === 'refused' && event.cause === 'unavailable' && event.leftMs > 2 * TRANSACTION_MS,
  },
  delays: {
    refresh: ({ context }) => context.refreshMs,
    backoff: ({ context }) => context.retryMs,
  },
}).createMachine({
  id: 'wic',
  context: ({ input }) => ({
    expiryS: input.expiryS,
    failures: 0,
    retryMs: 0,
    refreshMs: 0,
    renewFirst: false,
    secondToken: false,
    leaving: false,
    reason: '',
  }),
  initial: 'offline',
  on: {
    // what a user or the network may do at any time, and that changes nothing in most states
    open: {},
    deregister: {},
    'close page': {},
    shortened: {},
    'terminated by network': {},
  },
  states: {
    offline: {
      entry: 'forget',
      on: { open: 'loadingPage' },
    },
    loadingPage: {
      entry: ['loadPage', assign({ leaving: false, reason: '', failures: 0, secondToken: false })],
      on: {
        'page.loaded': 'authenticating',
        'web.failed': { target: 'failed', actions: 'give up' },
        deregister: 'offline',
        'close page': 'offline',
      },
    },
    authenticating: {
      entry: 'login',
      on: {
        'token.received': {
          target: 'connecting',
          meta: { requirements: ['24371-6.2.2-01', '24371-6.2.1.1-01'] },
        },
        'web.failed': { target: 'failed', actions: 'give up' },
        deregister: 'offline',
        'close page': 'offline',
      },
    },
    connecting: {
      entry: 'connect',
      after: { [CONNECT_MS]: 'retrying' },
      on: {
        connected: 'registering',
        'connection.failed': [
          { guard: 'fatal', target: 'failed', actions: 'give up' },
          { target: 'retrying' },
        ],
        'token.expired': 'renewingToken',
        deregister: 'offline',
        'close page': 'offline',
      },
    },
    registering: {
      entry: 'register',
      meta: {
        requirements: [
          '24371-5.2-02',
          '24371-6.2.1.1-04',
          '24371-6.2.1.1-05',
          '24371-6.2.2-03',
          '24371-6.2.2-04',
          '24371-6.2.2-05',
        ],
      },
      on: {
        registered: {
          target: 'registered',
          actions: ['plan refresh', 'watch'],
          meta: { requirements: ['24371-7.1-01'] },
        },
        refused: [
          { guard: 'leaving', target: 'disconnecting' },
          {
            guard: 'first token',
            target: 'renewingToken',
            actions: assign({ secondToken: true }),
            meta: { requirements: ['24371-6.2.2-07'] },
          },
          { guard: 'interval', target: 'registering', reenter: true, actions: 'take the least expiry' },
          { guard: 'unavailable', target: 'retrying' },
          { target: 'disconnecting', actions: 'give up' },
        ],
        'flow.lost': [{ guard: 'leaving', target: 'offline' }, { target: 'retrying' }],
        deregister: { actions: 'leave' },
        'close page': { actions: 'leave' },
      },
    },
    registered: {
      initial: 'idle',
      on: {
        // RFC 5626 4.5: the lost flow is replaced at once; only a failure to do so makes it wait
        'flow.lost': [{ guard: 'leaving', target: 'offline' }, { target: 'connecting' }],
        deregister: { actions: 'leave' },
        'close page': { actions: 'leave' },
        'terminated by network': [
          { guard: 'again', target: 'registering', meta: { requirements: ['24371-6A.2-04'] } },
          { target: 'disconnecting', actions: 'give up', meta: { requirements: ['24371-6A.2-04'] } },
        ],
      },
      states: {
        idle: {
          always: { guard: 'leaving', target: '#wic.endingCalls' },
          after: {
            refresh: [{ guard: 'renew first', target: 'renewingToken' }, { target: 'refreshing' }],
          },
          on: {
            shortened: {
              target: 'idle',
              reenter: true,
              actions: assign({ refreshMs: ({ event }) => event.refreshMs }),
            },
          },
        },
        renewingToken: {
          entry: 'login',
          always: { guard: 'leaving', target: '#wic.endingCalls' },
          on: {
            'token.received': 'refreshing',
            'web.failed': [
              { guard: 'time for another', target: 'idle', actions: 'plan another refresh' },
              { target: '#wic.endingCalls', actions: 'give up' },
            ],
          },
        },
        refreshing: {
          entry: 'register',
          meta: { requirements: ['24371-6.2.2-06'] },
          on: {
            registered: { target: 'idle', actions: 'plan refresh' },
            // the REGISTER that is under way does what is asked (RFC 3261 10.2: one at a time)
            'terminated by network': { guard: 'again', meta: { requirements: ['24371-6A.2-04'] } },
            refused: [
              { guard: 'leaving', target: '#wic.endingCalls' },
              {
                guard: 'first token',
                target: 'renewingToken',
                actions: assign({ secondToken: true, renewFirst: true }),
                meta: { requirements: ['24371-6.2.2-07'] },
              },
              { guard: 'interval', target: 'refreshing', reenter: true, actions: 'take the least expiry' },
              {
                guard: 'unavailable with time for another',
                target: 'idle',
                actions: 'plan another refresh',
              },
              { guard: 'unavailable', target: '#wic.retrying' },
              { target: '#wic.disconnecting', actions: 'give up' },
            ],
          },
        },
      },
    },
    renewingToken: {
      entry: 'login',
      on: {
        'token.received': 'connecting',
        'web.failed': [
          { guard: 'refused', target: 'disconnecting', actions: 'give up' },
          { target: 'retrying' },
        ],
        'flow.lost': {},
        deregister: 'disconnecting',
        'close page': 'disconnecting',
      },
    },
    retrying: {
      entry: ['dropFlow', 'plan retry'],
      after: { backoff: 'connecting' },
      on: { deregister: 'offline', 'close page': 'offline' },
    },
    endingCalls: {
      entry: 'endCalls',
      // whatever still has not ended by then gets no answer to its BYE (RFC 3261 17.1.2.2, timer F)
      after: { [TRANSACTION_MS]: 'deregistering' },
      on: {
        'calls.ended': 'deregistering',
        'flow.lost': [{ guard: 'gave up', target: 'failed' }, { target: 'offline' }],
        'close page': 'deregistering',
      },
    },
    deregistering: {
      entry: 'deregister',
      meta: { requirements: ['24371-6A.2-01', '24371-6A.2-02', '24371-6.2.2-06'] },
      on: {
        deregistered: 'disconnecting',
        'calls.ended': {},
        'flow.lost': [{ guard: 'gave up', target: 'failed' }, { target: 'offline' }],
        'close page': 'disconnecting',
      },
    },
    disconnecting: {
      entry: 'disconnect',
      on: {
        'calls.ended': {},
        'flow.lost': [{ guard: 'gave up', target: 'failed' }, { target: 'offline' }],
      },
    },
    failed: {
      entry: 'forget',
      on: { open: 'loadingPage', 'close page': 'offline', deregister: 'offline' },
    },
  },
});
