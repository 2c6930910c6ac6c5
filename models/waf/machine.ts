import { setup } from 'xstate';

/** Events of the WAF's root machine. */
export type WafEvent =
  | { readonly type: 'client.authenticated' }
  | { readonly type: 'client.refused' }
  | { readonly type: 'stopped' };

/** The WAF as a whole (24371-5.4). Each authorization is a machine of its own. */
export const wafMachine = setup({
  types: {} as { events: WafEvent },
}).createMachine({
  id: 'waf',
  initial: 'serving',
  states: {
    serving: {
      on: {
        // the other direction, the WAF's certificate, has been checked by then: TLS comes first
        'client.authenticated': { meta: { requirements: ['24371-5.4-02', '24371-6.3.1-05'] } },
        'client.refused': { meta: { requirements: ['24371-6.3.1-05'] } },
        stopped: 'stopped',
      },
    },
    stopped: { type: 'final' },
  },
});
