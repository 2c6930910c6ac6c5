import { assign, setup } from 'xstate';
import { portOf } from '../../src/kernel/index.js';

/** What a context's machine does; the object beside it. */
export interface ContextPort {
  /** Whether media came in since the last look. */
  heard(): boolean;
  /** Tells the controller that nothing is heard any more (adid/ipstop). */
  reportSilence(): void;
  /** Gives back sockets and ports. */
  release(): void;
}

/** Input and context of the context machine. */
export interface ContextData {
  /** Silence after which to report, in ms; 0 for never. */
  readonly silenceMs: number;
}

/** Events of the context machine. */
export type ContextEvent =
  | {
      readonly type: 'opened';
      /** Silence after which to report, in ms; 0 for never. */
      readonly silenceMs: number;
    }
  | { readonly type: 'gated' }
  | { readonly type: 'look'; readonly heard: boolean }
  | { readonly type: 'subtracted' };

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
    'note the patience': assign(({ event }) => ({ silenceMs: (event as { silenceMs: number }).silenceMs })),
    'report silence': ({ self }) => portOf<ContextPort>(self).reportSilence(),
    release: ({ self }) => portOf<ContextPort>(self).release(),
  },
  guards: {
    'listens for silence': ({ event }) => event.type === 'opened' && event.silenceMs > 0,
    'nothing heard': ({ event }) => event.type === 'look' && !event.heard,
  },
  delays: { silence: ({ context }) => context.silenceMs },
}).createMachine({
  id: 'eims-agw context',
  context: ({ input }) => input,
  initial: 'reserved',
  states: {
    reserved: {
      meta: { requirements: ['24371-5.6-01'] },
      on: {
        opened: [
          { guard: 'listens for silence', target: 'listening', actions: 'note the patience' },
          { target: 'through' },
        ],
        gated: {},
      },
    },
    through: { on: { opened: {}, gated: 'reserved' } },
    listening: {
      after: { silence: { actions: 'look' } },
      on: {
        look: [
          { guard: 'nothing heard', target: 'silent' },
          { target: 'listening', reenter: true },
        ],
        opened: {},
        gated: 'reserved',
      },
    },
    silent: { entry: 'report silence', on: { opened: {}, gated: 'reserved', look: {} } },
    subtracted: { type: 'final', entry: 'release' },
  },
  on: { subtracted: '.subtracted' },
});
