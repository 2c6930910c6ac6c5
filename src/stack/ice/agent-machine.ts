import { type AnyActorRef, cancel, enqueueActions, raise, setup } from 'xstate';
import { portOf } from '../../kernel/index.js';

/** Checks on candidates that were not chosen are answered for that long yet (RFC 8445 8.3.1). */
const FREEING_MS = 3000;

/** What happens to an agent. */
export type AgentEvent =
  | { readonly type: 'start' }
  /** A pair waits for its check. */
  | { readonly type: 'work' }
  | { readonly type: 'Ta' }
  /** The first valid pair is there, while better ones are still being checked. */
  | { readonly type: 'valid pair' }
  | { readonly type: 'patience is over' }
  /** Every component has a nominated pair, or a better one than before. */
  | { readonly type: 'concluded' }
  | { readonly type: 'failed'; readonly reason: string }
  | { readonly type: 'restart' }
  | { readonly type: 'close' };

/** What an agent does to the world. */
export interface AgentPort {
  readonly pacMs: number;
  readonly patienceMs: number;
  begin(): void;
  /** Whether Ta has to run now: there is work, and it does not run yet. */
  startsTa(): boolean;
  /** Milliseconds to the next check. */
  untilTaMs(): number;
  /** Ta does not run any more. */
  stopTa(): void;
  perform(): void;
  endPatientWait(): void;
  losePatience(): void;
  select(): void;
  free(): void;
  fail(reason: string): void;
  release(): void;
}

const port = (self: AnyActorRef): AgentPort => portOf(self);

/**
 * The state of ICE for one data stream (RFC 8445 6.1.3): Running, Completed or Failed, which is also that of its one checklist
 * (6.1.2.1). In Gathering candidates are found and exchanged (5).
 */
export const iceAgentMachine = setup({
  types: {} as { events: AgentEvent },
  delays: {
    // RFC 8863 4
    'PAC timer': ({ self }) => port(self).pacMs,
    patience: ({ self }) => port(self).patienceMs,
    'until Ta': ({ self }) => port(self).untilTaMs(),
    freeing: FREEING_MS,
  },
  actions: {
    begin: ({ self }) => port(self).begin(),
    // RFC 8445 6.1.4.2: the timer runs while there is something to check
    pace: enqueueActions(({ enqueue, self }) => {
      if (port(self).startsTa()) enqueue.raise({ type: 'Ta' }, { id: 'Ta', delay: 'until Ta' });
    }),
    'stop Ta': ({ self }) => port(self).stopTa(),
    'cancel Ta': cancel('Ta'),
    'perform a check': ({ self }) => port(self).perform(),
    'wait for better pairs': raise({ type: 'patience is over' }, { id: 'patience', delay: 'patience' }),
    'cancel patience': cancel('patience'),
    'lose patience': ({ self }) => port(self).losePatience(),
    'end patient wait': ({ self }) => port(self).endPatientWait(),
    select: ({ self }) => port(self).select(),
    free: ({ self }) => port(self).free(),
    fail: ({ self, event }) => port(self).fail((event as { reason: string }).reason),
    release: ({ self }) => port(self).release(),
  },
}).createMachine({
  id: 'ice agent',
  initial: 'Gathering',
  states: {
    Gathering: {
      on: { start: { target: 'Running', actions: 'begin' }, restart: {}, work: {} },
    },
    Running: {
      entry: 'pace',
      exit: ['stop Ta', 'cancel Ta', 'cancel patience'],
      after: { 'PAC timer': { actions: 'end patient wait' } },
      on: {
        work: { actions: 'pace' },
        Ta: { actions: ['perform a check', 'pace'] },
        'valid pair': { actions: 'wait for better pairs' },
        'patience is over': { actions: 'lose patience' },
        concluded: 'Completed',
        failed: { target: 'Failed', actions: 'fail' },
        restart: 'Gathering',
      },
    },
    Completed: {
      entry: ['select', 'pace'],
      exit: ['stop Ta', 'cancel Ta'],
      after: { freeing: { actions: 'free' } },
      on: {
        // an aggressive peer may choose better pairs yet (8.1.1)
        work: { actions: 'pace' },
        Ta: { actions: ['perform a check', 'pace'] },
        concluded: { actions: 'select' },
        'valid pair': {},
        failed: {},
        restart: 'Gathering',
      },
    },
    Failed: {
      on: {
        // a triggered check takes the checklist back to Running (7.3.1.4)
        work: 'Running',
        concluded: 'Completed',
        'valid pair': {},
        failed: {},
        restart: 'Gathering',
      },
    },
    Closed: { type: 'final' },
  },
  on: { close: { target: '.Closed', actions: 'release' } },
});
