import { assign, setup } from 'xstate';

/** Events of the gateway's root machine. */
export type EimsAgwEvent =
  | { readonly type: 'context.added' }
  | { readonly type: 'context.removed' }
  | { readonly type: 'taken out of service' };

/** The eIMS-AGW as a whole: in service, with so many contexts (H.248.1 11). */
export const eimsAgwMachine = setup({
  types: {} as {
    context: { readonly contexts: number; readonly limit: number };
    input: { readonly limit: number };
    events: EimsAgwEvent;
  },
  actions: {
    'one more': assign({ contexts: ({ context }) => context.contexts + 1 }),
    'one less': assign({ contexts: ({ context }) => context.contexts - 1 }),
  },
  guards: {
    'last free': ({ context }) => context.contexts + 1 >= context.limit,
    'all free': ({ context }) => context.contexts === 1,
  },
}).createMachine({
  id: 'eims-agw',
  context: ({ input }) => ({ contexts: 0, limit: input.limit }),
  initial: 'idle',
  on: { 'taken out of service': '.outOfService' },
  states: {
    idle: {
      on: {
        'context.added': [
          { guard: 'last free', target: 'full', actions: 'one more' },
          { target: 'serving', actions: 'one more' },
        ],
      },
    },
    serving: {
      on: {
        'context.added': [
          { guard: 'last free', target: 'full', actions: 'one more' },
          { actions: 'one more' },
        ],
        'context.removed': [
          { guard: 'all free', target: 'idle', actions: 'one less' },
          { actions: 'one less' },
        ],
      },
    },
    full: {
      on: {
        'context.removed': [
          { guard: 'all free', target: 'idle', actions: 'one less' },
          { target: 'serving', actions: 'one less' },
        ],
      },
    },
    outOfService: { type: 'final' },
  },
});
