import { assign, setup } from 'xstate';
import { portOf } from '../../src/kernel/index.js';

/** What a stream does; the object beside its machine. */
export interface MediaPort {
  /** Starts a connectivity check towards the far end (RFC 8445 7.2.5). */
  check(): void;
  startSending(): void;
  stopSending(): void;
  /** There is no way to the far end. */
  tellUnreachable(): void;
  /** Gives the socket back. */
  release(): void;
}

/** Events of the media machine. */
export type MediaEvent =
  | {
      readonly type: 'described';
      /** Whether the way to the far end has to be checked first. */
      readonly checks: boolean;
    }
  | { readonly type: 'check.succeeded' }
  | { readonly type: 'check.failed' }
  | { readonly type: 'gate.opened' }
  | { readonly type: 'gate.shut' }
  | { readonly type: 'closed' };

interface Context {
  /** Whether the call allows this side to send. */
  readonly open: boolean;
}

/**
 * One media stream of a call: from the far end's description over the connectivity check of ICE to flowing media
 * (24371-7.2.2-07, which also wants DTLS before the media flow).
 */
export const mediaMachine = setup({
  types: {} as { context: Context; events: MediaEvent },
  actions: {
    check: ({ self }) => portOf<MediaPort>(self).check(),
    'start sending': ({ self }) => portOf<MediaPort>(self).startSending(),
    'stop sending': ({ self }) => portOf<MediaPort>(self).stopSending(),
    'tell that nobody is reached': ({ self }) => portOf<MediaPort>(self).tellUnreachable(),
    release: ({ self }) => portOf<MediaPort>(self).release(),
    'open the gate': assign({ open: true }),
    'shut the gate': assign({ open: false }),
  },
  guards: {
    'has to be checked': ({ event }) => event.type === 'described' && event.checks,
    'is open': ({ context }) => context.open,
  },
}).createMachine({
  id: 'phone media',
  context: { open: false },
  initial: 'waiting',
  on: { closed: '.closed' },
  states: {
    waiting: {
      on: {
        described: [{ guard: 'has to be checked', target: 'checking' }, { target: 'reachable' }],
        'gate.opened': { actions: 'open the gate' },
        'gate.shut': { actions: 'shut the gate' },
        'check.succeeded': {},
        'check.failed': {},
      },
    },
    checking: {
      meta: { requirements: ['24371-7.1-03'] },
      entry: 'check',
      on: {
        'check.succeeded': 'reachable',
        'check.failed': { target: 'waiting', actions: 'tell that nobody is reached' },
        described: { guard: 'has to be checked', target: 'checking', reenter: true },
        'gate.opened': { actions: 'open the gate' },
        'gate.shut': { actions: 'shut the gate' },
      },
    },
    reachable: {
      always: { guard: 'is open', target: 'flowing' },
      on: {
        described: [{ guard: 'has to be checked', target: 'checking' }, {}],
        'gate.opened': { actions: 'open the gate' },
        'gate.shut': {},
        'check.succeeded': {},
        'check.failed': {},
      },
    },
    flowing: {
      entry: 'start sending',
      exit: 'stop sending',
      on: {
        described: [{ guard: 'has to be checked', target: 'checking' }, {}],
        'gate.opened': {},
        'gate.shut': { target: 'reachable', actions: 'shut the gate' },
        'check.succeeded': {},
        'check.failed': {},
      },
    },
    closed: { type: 'final', entry: 'release' },
  },
});
