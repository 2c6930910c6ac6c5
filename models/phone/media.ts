import { type AnyActorRef, assign, setup } from 'xstate';
import { portOf } from '../../src/kernel/index.js';

/** What a stream does; the object beside its machine. */
export interface MediaPort {
  /** There is a way for media: joins the RTP session. */
  join(): void;
  startSending(): void;
  stopSending(): void;
  /** There is no way to the far end, or no key. */
  tellFailure(reason: string): void;
  /** Gives the sockets back. */
  release(): void;
}

/** Events of the media machine. */
export type MediaEvent =
  | {
      readonly type: 'described';
      /** Whether ICE and DTLS have to be run first. */
      readonly secures: boolean;
    }
  /** ICE and DTLS are through, and the far end's certificate is the right one. */
  | { readonly type: 'secured' }
  /** There is no consent to send, or no association any more. */
  | { readonly type: 'interrupted' }
  /** An ICE restart has brought consent again. */
  | { readonly type: 'resumed' }
  | { readonly type: 'failed'; readonly reason: string }
  | { readonly type: 'gate.opened' }
  | { readonly type: 'gate.shut' }
  | { readonly type: 'closed' };

interface Context {
  /** Whether the call allows this side to send. */
  readonly open: boolean;
}

const port = (self: AnyActorRef): MediaPort => portOf(self);

/** One media stream of a call: from the far end's description over ICE and DTLS to flowing media (24371-7.2.2-07). */
export const mediaMachine = setup({
  types: {} as { context: Context; events: MediaEvent },
  actions: {
    join: ({ self }) => port(self).join(),
    'start sending': ({ self }) => port(self).startSending(),
    'stop sending': ({ self }) => port(self).stopSending(),
    'tell of the failure': ({ self, event }) => port(self).tellFailure((event as { reason: string }).reason),
    release: ({ self }) => port(self).release(),
    'open the gate': assign({ open: true }),
    'shut the gate': assign({ open: false }),
  },
  guards: {
    'has to be secured': ({ event }) => event.type === 'described' && event.secures,
    'is open': ({ context }) => context.open,
  },
}).createMachine({
  id: 'phone media',
  context: { open: false },
  initial: 'waiting',
  on: {
    closed: '.closed',
    failed: '.failed',
    described: {},
    'gate.opened': { actions: 'open the gate' },
    'gate.shut': { actions: 'shut the gate' },
  },
  states: {
    waiting: {
      on: { described: [{ guard: 'has to be secured', target: 'securing' }, { target: 'ready' }] },
    },
    securing: {
      meta: { requirements: ['24371-7.1-03'] },
      on: {
        secured: {
          target: 'ready',
          // ICE with consent, and SRTP with the keys of DTLS
          meta: {
            requirements: [
              '24371-5A.2-01',
              '24371-5B.2-01',
              '24371-5B.2-02',
              '24371-7.1-02',
              '24371-7.2.1-01',
            ],
          },
        },
        interrupted: {},
      },
    },
    ready: {
      entry: 'join',
      always: { guard: 'is open', target: 'flowing' },
      on: { interrupted: 'interrupted' },
    },
    flowing: {
      entry: 'start sending',
      exit: 'stop sending',
      on: {
        'gate.opened': {},
        'gate.shut': { target: 'ready', actions: 'shut the gate' },
        interrupted: 'interrupted',
      },
    },
    interrupted: { on: { resumed: 'ready', interrupted: {} } },
    failed: { entry: 'tell of the failure', on: { failed: {}, interrupted: {} } },
    closed: { type: 'final', entry: 'release' },
  },
});
