import { type AnyActorRef, assign, cancel, raise, setup } from 'xstate';
import { portOf } from '../../kernel/index.js';

/** What happens to an association. */
export type DtlsEvent =
  | { readonly type: 'start' }
  /** The peer's flight is complete, and one of this end is due. */
  | { readonly type: 'next flight' }
  /** The peer's last flight is complete: it was the last of the handshake. */
  | { readonly type: 'last flight' }
  /** The peer has sent its last complete flight again. */
  | { readonly type: 'repeated flight' }
  /** The peer's certificate matches the fingerprint of its session description. */
  | { readonly type: 'confirmed' }
  | { readonly type: 'close' }
  | { readonly type: 'fail' }
  | { readonly type: 'buffered' | 'sent' | 'timeout' };

/** What an association does to the world. */
export interface DtlsPort {
  /** Puts the next flight together. */
  prepareFlight(): void;
  /** Sends the flight, for the first time or again. */
  sendFlight(again: boolean): void;
  /** The handshake is over. */
  finish(): void;
  /** Keys may be used. */
  connect(): void;
  giveUp(): void;
}

interface Context {
  readonly role: 'client' | 'server';
  /** Flights prepared so far. */
  readonly flights: number;
  readonly timeoutMs: number;
  readonly initialTimeoutMs: number;
  /** Times the flight in hand was sent again because nothing came. */
  readonly retransmissions: number;
  readonly maxRetransmissions: number;
  /** Times the flight in hand was sent again because the peer repeated its own. */
  readonly answers: number;
  /** Whether the flight in hand is being sent again. */
  readonly again: boolean;
}

/** Most time between two transmissions (RFC 6347 4.2.4.1). */
const MOST_TIMEOUT_MS = 60_000;

/** Repetitions of the peer that are answered with the same flight; two ends that misunderstand each other must come to rest. */
const MOST_ANSWERS = 32;

/** A server's flights 4 and 6; its flight 2 leaves no state behind (RFC 6347 4.2.1, 4.2.4). */
const SERVER_FLIGHTS = 2;

const port = (self: AnyActorRef): DtlsPort => portOf(self);

/**
 * Flights of an association: the timeout and retransmission machine of RFC 6347 4.2.4, figure 3, with its states and what comes
 * before and behind them. A server starts waiting, with no timer. There is no way back from `finished`, since
 * renegotiation is not supported.
 */
export const dtlsMachine = setup({
  types: {
    context: {} as Context,
    events: {} as DtlsEvent,
    input: {} as Pick<Context, 'role' | 'initialTimeoutMs' | 'maxRetransmissions'>,
  },
  delays: { timeout: ({ context }) => context.timeoutMs },
  guards: {
    'is the client': ({ context }) => context.role === 'client',
    'was the last flight': ({ context }) => context.role === 'server' && context.flights === SERVER_FLIGHTS,
    'may answer': ({ context }) => context.flights > 0 && context.answers < MOST_ANSWERS,
    'may retransmit': ({ context }) => context.retransmissions < context.maxRetransmissions,
  },
  actions: {
    bufferNextFlight: ({ self }) => port(self).prepareFlight(),
    countFlight: assign({ flights: ({ context }) => context.flights + 1, answers: 0, again: false }),
    goOn: raise({ type: 'buffered' }),
    sendFlight: ({ self, context }) => port(self).sendFlight(context.again),
    sendLastFlightAgain: ({ self }) => port(self).sendFlight(true),
    sendOn: raise({ type: 'sent' }),
    markRepetition: assign({ again: true }),
    countAnswer: assign({ answers: ({ context }) => context.answers + 1 }),
    startTimer: raise({ type: 'timeout' }, { id: 'timeout', delay: 'timeout' }),
    stopTimer: cancel('timeout'),
    doubleTimer: assign({
      timeoutMs: ({ context }) => Math.min(2 * context.timeoutMs, MOST_TIMEOUT_MS),
      retransmissions: ({ context }) => context.retransmissions + 1,
    }),
    // kept as it is until a flight gets through at once (RFC 6347 4.2.4.1)
    settleTimer: assign({
      timeoutMs: ({ context }) =>
        context.retransmissions === 0 ? context.initialTimeoutMs : context.timeoutMs,
      retransmissions: 0,
    }),
    finish: ({ self }) => port(self).finish(),
    connect: ({ self }) => port(self).connect(),
    giveUp: ({ self }) => port(self).giveUp(),
  },
}).createMachine({
  id: 'dtls',
  context: ({ input }) => ({
    ...input,
    flights: 0,
    timeoutMs: input.initialTimeoutMs,
    retransmissions: 0,
    answers: 0,
    again: false,
  }),
  initial: 'new',
  on: {
    close: '.closed',
    fail: '.failed',
  },
  states: {
    new: {
      on: { start: [{ guard: 'is the client', target: 'preparing' }, { target: 'waiting' }] },
    },
    preparing: {
      entry: ['countFlight', 'bufferNextFlight', 'goOn'],
      on: { buffered: 'sending' },
    },
    sending: {
      entry: ['sendFlight', 'sendOn'],
      on: {
        sent: [
          { guard: 'was the last flight', target: 'finished' },
          { target: 'waiting', actions: 'startTimer' },
        ],
      },
    },
    waiting: {
      exit: 'stopTimer',
      on: {
        timeout: [
          { guard: 'may retransmit', target: 'sending', actions: ['doubleTimer', 'markRepetition'] },
          { target: 'failed', actions: 'giveUp' },
        ],
        'repeated flight': {
          guard: 'may answer',
          target: 'sending',
          actions: ['countAnswer', 'markRepetition'],
        },
        'next flight': { target: 'preparing', actions: 'settleTimer' },
        'last flight': 'finished',
      },
    },
    // the end that sent the last flight answers a repetition of the one before with it (RFC 6347 4.2.4)
    finished: {
      entry: 'finish',
      on: {
        'repeated flight': { guard: 'may answer', actions: ['countAnswer', 'sendLastFlightAgain'] },
        confirmed: 'connected',
      },
    },
    connected: {
      entry: 'connect',
      on: {
        'repeated flight': { guard: 'may answer', actions: ['countAnswer', 'sendLastFlightAgain'] },
      },
    },
    closed: { type: 'final' },
    failed: { type: 'final' },
  },
});
