import { type AnyActorRef, raise, setup } from 'xstate';
import { portOf } from '../../kernel/index.js';

/** What happens to a participant (RFC 3550 6.3, RFC 4585 3.5). */
export type RtcpEvent =
  | { readonly type: 'join' }
  /** The group became smaller, so that tn is now earlier. */
  | { readonly type: 'reconsider' }
  /** tn has come and T, drawn anew, has passed since tp; or it has not (RFC 3550 6.3.6). */
  | { readonly type: 'due' | 'notDue' }
  /** There is feedback to give; `early` if it may go before tn (RFC 4585 3.5.2). */
  | { readonly type: 'feedback'; readonly early: boolean }
  /** Leave with a BYE. */
  | { readonly type: 'leave'; readonly members: number }
  /** End in silence. */
  | { readonly type: 'stop' };

/** What a participant knows and does. */
export interface RtcpPort {
  /** Time to tn, in milliseconds. */
  msToNext(): number;
  /** Whether T, drawn anew, has passed since tp. */
  isDue(): boolean;
  /** Sends a report and sets tp and tn. */
  report(): void;
  /** Sets tn to tp + T. */
  putOff(): void;
  /** Sends feedback and sets tp and tn. */
  giveFeedback(): void;
  /** Sets all variables as if joining (RFC 3550 6.3.7). */
  startOver(): void;
  sayGoodbye(): void;
}

interface Step {
  readonly self: AnyActorRef;
}

/** A larger group does not take a BYE at once (RFC 3550 6.3.7). */
const MOST_AT_ONCE = 50;

const port = ({ self }: Step): RtcpPort => portOf(self);

/** The times at which a participant sends RTCP (RFC 3550 6.3.6, 6.3.7; RFC 4585 3.5). */
export const rtcpMachine = setup({
  types: {
    context: {} as Record<string, never>,
    events: {} as RtcpEvent,
  },
  delays: { tn: (step: Step) => port(step).msToNext() },
  guards: {
    early: ({ event }) => event.type === 'feedback' && event.early,
    'more than 50 members': ({ event }) => event.type === 'leave' && event.members > MOST_AT_ONCE,
  },
  actions: {
    decide: raise((step: Step) => ({ type: port(step).isDue() ? 'due' : 'notDue' })),
    report: (step: Step) => port(step).report(),
    putOff: (step: Step) => port(step).putOff(),
    giveFeedback: (step: Step) => port(step).giveFeedback(),
    startOver: (step: Step) => port(step).startOver(),
    sayGoodbye: (step: Step) => port(step).sayGoodbye(),
  },
}).createMachine({
  id: 'rtcp',
  context: {},
  initial: 'new',
  on: { stop: '.left' },
  states: {
    new: {
      on: { join: 'joined' },
    },
    joined: {
      after: { tn: { actions: 'decide' } },
      on: {
        due: { target: 'joined', reenter: true, actions: 'report' },
        notDue: { target: 'joined', reenter: true, actions: 'putOff' },
        reconsider: { target: 'joined', reenter: true },
        feedback: [
          { guard: 'early', target: 'joined', reenter: true, actions: 'giveFeedback' },
          // without leave to be early it waits for the packet at tn (RFC 4585 3.5.2 step 4a)
          { actions: [] },
        ],
        leave: [
          { guard: 'more than 50 members', target: 'leaving', actions: 'startOver' },
          { target: 'left', actions: 'sayGoodbye' },
        ],
      },
    },
    leaving: {
      after: { tn: { actions: 'decide' } },
      on: {
        due: { target: 'left', actions: 'sayGoodbye' },
        notDue: { target: 'leaving', reenter: true, actions: 'putOff' },
      },
    },
    left: { type: 'final' },
  },
});
