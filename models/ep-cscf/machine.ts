import { assign, setup } from 'xstate';

/** Events of the root machine. */
export type EpCscfEvent =
  | { readonly type: 'started' }
  | { readonly type: 'websocket.accepted' }
  | { readonly type: 'websocket.refused' }
  | { readonly type: 'websocket.closed' }
  | { readonly type: 'token.accepted' }
  | { readonly type: 'token.refused' }
  | { readonly type: 'identity.refused' }
  | { readonly type: 'stopped' };

/**
 * The eP-CSCF as a whole (24371-5.5). What it owes to every WIC alike is here; registrations and calls are machines of
 * their own.
 */
export const epCscfMachine = setup({
  types: {} as { context: { readonly connections: number }; events: EpCscfEvent },
  actions: {
    'one more': assign({ connections: ({ context }) => context.connections + 1 }),
    'one less': assign({ connections: ({ context }) => context.connections - 1 }),
  },
}).createMachine({
  id: 'ep-cscf',
  context: { connections: 0 },
  initial: 'starting',
  states: {
    starting: { on: { started: 'serving' } },
    serving: {
      on: {
        'websocket.accepted': {
          actions: 'one more',
          meta: { requirements: ['24371-5.5-02', '24371-5.5-03', '24371-5.5-04', '24371-6.4.2-15'] },
        },
        'websocket.refused': { meta: { requirements: ['24371-5.5-04'] } },
        'websocket.closed': { actions: 'one less' },
        'token.accepted': {
          meta: { requirements: ['24371-6.4.1.1-01', '24371-6.4.2-01', '24371-6.4.2-02'] },
        },
        'token.refused': { meta: { requirements: ['24371-6.4.1.1-01', '24371-6.4.2-01', '24371-6.4.2-12'] } },
        'identity.refused': { meta: { requirements: ['24371-6.4.2-03'] } },
        stopped: 'stopped',
      },
    },
    stopped: { type: 'final' },
  },
});
