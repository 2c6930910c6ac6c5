import { setup } from 'xstate';

/** Events of the WWSF's root machine. */
export type WwsfEvent = { readonly type: 'page.served' } | { readonly type: 'stopped' };

/** The WWSF as a whole (24371-5.3). Each login is a machine of its own. */
export const wwsfMachine = setup({
  types: {} as {
    context: { readonly https: boolean };
    input: { readonly https: boolean };
    events: WwsfEvent;
  },
  guards: {
    'over TLS': ({ context }) => context.https,
  },
}).createMachine({
  id: 'wwsf',
  context: ({ input }) => input,
  initial: 'serving',
  states: {
    serving: {
      on: {
        'page.served': [
          {
            guard: 'over TLS',
            meta: { requirements: ['24371-5.3-01', '24371-6.1-04', '24371-6.1-05'] },
          },
          { meta: { requirements: ['24371-5.3-01', '24371-6.1-04'] } },
        ],
        stopped: 'stopped',
      },
    },
    stopped: { type: 'final' },
  },
});
