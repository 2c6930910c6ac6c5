import { assign, cancel, raise, setup } from 'xstate';
import { portOf } from '../../src/kernel/index.js';

/** What a context's machine does; the object beside it. */
export interface ContextPort {
  /** Whether there were media since the last look. */
  heard(): boolean;
  /** Tells the controller that there are no media any more (adid/ipstop). */
  reportSilence(): void;
  /** Tells the controller that the context is still there (hangterm/thb). */
  reportHeartbeat(): void;
  /** Gives back sockets and ports. */
  release(): void;
}

/** Input and context of the context machine. */
export interface ContextData {
  /** Silence after which to report, in ms; 0 for never. */
  readonly silenceMs: number;
  /** Time without a command after which to report, in ms; 0 for never. */
  readonly heartbeatMs: number;
}

/** Events of the context machine. */
export type ContextEvent =
  /** Media may flow in some direction. */
  | { readonly type: 'opened'; readonly silenceMs: number }
  /** No media may flow. */
  | { readonly type: 'gated' }
  /** A command came, and the heartbeat is to be told from now on. */
  | { readonly type: 'touched'; readonly heartbeatMs: number }
  | { readonly type: 'look'; readonly heard: boolean }
  | { readonly type: 'heartbeat' }
  | { readonly type: 'subtracted' };

/** Streams are open, and their silence is to be told of. */
const opened = [
  { guard: 'listens for silence', target: 'listening', reenter: true, actions: 'note the patience' },
  { target: 'through' },
] as const;

/**
 * An H.248 context of the gateway: two terminations and the streams between them (H.248.1 6.1, TS 23.334 8). The commands
 * change the streams; the machine keeps the life of the whole.
 */
export const contextMachine = setup({
  types: {} as { context: ContextData; input: ContextData; events: ContextEvent },
  actions: {
    look: ({ self }) => {
      const heard = portOf<ContextPort>(self).heard();
      self.send({ type: 'look', heard });
    },
    'note the patience': assign(({ event }) =>
      event.type === 'opened' ? { silenceMs: event.silenceMs } : {},
    ),
    'note the heartbeat': assign(({ event }) =>
      event.type === 'touched' ? { heartbeatMs: event.heartbeatMs } : {},
    ),
    'begin the heartbeat anew': raise({ type: 'heartbeat' }, { id: 'heartbeat', delay: 'heartbeat' }),
    'stop the heartbeat': cancel('heartbeat'),
    'report silence': ({ self }) => portOf<ContextPort>(self).reportSilence(),
    'report heartbeat': ({ self }) => portOf<ContextPort>(self).reportHeartbeat(),
    release: ({ self }) => portOf<ContextPort>(self).release(),
  },
  guards: {
    'listens for silence': ({ event }) => event.type === 'opened' && event.silenceMs > 0,
    'listens as before': ({ context, event }) =>
      event.type === 'opened' && event.silenceMs === context.silenceMs,
    'nothing heard': ({ event }) => event.type === 'look' && !event.heard,
  },
  delays: {
    silence: ({ context }) => context.silenceMs,
    heartbeat: ({ context }) => context.heartbeatMs,
  },
}).createMachine({
  id: 'eims-agw context',
  context: ({ input }) => input,
  initial: 'reserved',
  states: {
    reserved: {
      meta: { requirements: ['24371-5.6-01'] },
      on: { opened, gated: {} },
    },
    through: { on: { opened, gated: 'reserved' } },
    listening: {
      after: { silence: { actions: 'look' } },
      on: {
        look: [
          { guard: 'nothing heard', target: 'silent' },
          { target: 'listening', reenter: true },
        ],
        opened: [{ guard: 'listens as before' }, ...opened],
        gated: 'reserved',
      },
    },
    silent: {
      entry: 'report silence',
      on: { opened, gated: 'reserved', look: {} },
    },
    subtracted: { type: 'final', entry: ['stop the heartbeat', 'release'] },
  },
  on: {
    subtracted: '.subtracted',
    touched: { actions: ['stop the heartbeat', 'note the heartbeat', 'begin the heartbeat anew'] },
    heartbeat: { actions: ['report heartbeat', 'begin the heartbeat anew'] },
  },
});
