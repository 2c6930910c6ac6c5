import { setup } from 'xstate';
import { portOf } from '../../src/kernel/index.js';

/** What a query does; the object beside its machine. */
export interface QueryPort {
  /** Asks the HSS: UAR for REGISTER, LIR for anything else. */
  ask(): void;
  /** @param serverName SIP URI of the S-CSCF */
  forward(serverName: string): void;
  reject(status: number): void;
}

/** Events of the query machine. */
export type QueryEvent =
  | { readonly type: 'request' }
  | { readonly type: 'request of trusted node' }
  | { readonly type: 'request of untrusted node' }
  | { readonly type: 'assigned'; readonly serverName: string }
  | { readonly type: 'refused'; readonly status: number }
  | { readonly type: 'answered' }
  | { readonly type: 'cancelled' };

/** One request on its way through the I-CSCF: who serves the user is asked of the HSS (TS 24.229 5.3.1, 5.3.2). */
export const queryMachine = setup({
  types: {} as { context: Record<string, never>; events: QueryEvent },
  actions: {
    ask: ({ self }) => portOf<QueryPort>(self).ask(),
    forward: ({ self, event }) => {
      if (event.type === 'assigned') portOf<QueryPort>(self).forward(event.serverName);
    },
    reject: ({ self, event }) => {
      if (event.type === 'refused') portOf<QueryPort>(self).reject(event.status);
    },
    forbid: ({ self }) => portOf<QueryPort>(self).reject(403),
  },
}).createMachine({
  id: 'i-cscf query',
  context: {},
  initial: 'received',
  states: {
    received: {
      on: {
        request: 'querying',
        'request of trusted node': { target: 'querying', meta: { requirements: ['24371-6.4.2-08'] } },
        // TS 33.203 U.1: only a trusted node may vouch for a user
        'request of untrusted node': {
          target: 'failed',
          actions: 'forbid',
          meta: { requirements: ['24371-6.4.2-08'] },
        },
      },
    },
    querying: {
      entry: 'ask',
      on: {
        assigned: { target: 'forwarding', actions: 'forward' },
        refused: { target: 'failed', actions: 'reject' },
        cancelled: 'failed',
      },
    },
    forwarding: { on: { answered: 'done' } },
    done: { type: 'final' },
    failed: { type: 'final' },
  },
});
