import { setup } from 'xstate';
import { portOf } from '../../src/kernel/index.js';

/** What a change of a session does; the object beside its machine. */
export interface ChangePort {
  /** Offers the change to the other side. */
  ask(): void;
  /** Has the gateway follow. */
  configure(): void;
  /** Answers whoever asked for the change. */
  answer(): void;
  /** Refuses the change; the session stays as it was. */
  refuse(status: number): void;
  /** The two sides have agreed on what the gateway cannot follow. */
  fail(): void;
}

/** Events of the change machine. */
export type ChangeEvent =
  | {
      readonly type: 'begin';
      /** Whether the other side has a say in it. */
      readonly concernsOther: boolean;
    }
  | { readonly type: 'other.accepted' }
  | { readonly type: 'other.refused'; readonly status: number }
  | { readonly type: 'gateway.configured' }
  | { readonly type: 'gateway.failed' };

/** A new offer in a call that is up, from one side to the other (24371-9; RFC 3264 8, RFC 8839 4.4). */
export const changeMachine = setup({
  types: {} as { context: Record<string, never>; events: ChangeEvent },
  actions: {
    ask: ({ self }) => portOf<ChangePort>(self).ask(),
    configure: ({ self }) => portOf<ChangePort>(self).configure(),
    answer: ({ self }) => portOf<ChangePort>(self).answer(),
    refuse: ({ self, event }) => portOf<ChangePort>(self).refuse((event as { status: number }).status),
    fail: ({ self }) => portOf<ChangePort>(self).fail(),
  },
  guards: { 'concerns the other side': ({ event }) => event.type === 'begin' && event.concernsOther },
}).createMachine({
  id: 'ep-cscf change',
  context: {},
  initial: 'received',
  states: {
    received: {
      on: { begin: [{ guard: 'concerns the other side', target: 'asking' }, { target: 'configuring' }] },
    },
    asking: {
      entry: 'ask',
      meta: { requirements: ['24371-9-01', '24371-9-06'] },
      on: { 'other.accepted': 'configuring', 'other.refused': { target: 'over', actions: 'refuse' } },
    },
    configuring: {
      entry: 'configure',
      meta: { requirements: ['24371-9-01'] },
      on: {
        'gateway.configured': { target: 'over', actions: 'answer' },
        'gateway.failed': { target: 'over', actions: 'fail' },
      },
    },
    over: { type: 'final' },
  },
});
