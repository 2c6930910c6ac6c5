import { assign, setup } from 'xstate';
import type { Standing } from './decision.js';

/** What the procedures of Cx do to the registration state of a subscription. */
export type SubscriptionEvent =
  | { readonly type: 'authentication requested'; readonly serverName: string }
  | { readonly type: 'authentication failed' }
  | { readonly type: 'registered'; readonly serverName: string }
  | { readonly type: 'served unregistered'; readonly serverName: string }
  | { readonly type: 'deregistered' }
  | { readonly type: 'deregistered, server name kept' }
  | { readonly type: 'reassignment asked' };

/** What the HSS stores besides the state. */
export interface SubscriptionContext {
  /** What was stored when the machine began. */
  readonly stored: Standing;
  /** SIP URI of the S-CSCF; absent: none is assigned. */
  readonly serverName: string | undefined;
  /** The I-CSCF has asked for capabilities in order to assign another S-CSCF (TS 29.228 6.1.1.1). */
  readonly reassignmentPending: boolean;
}

const authenticating = { target: '.authenticationPending', actions: 'store name' } as const;
const registered = { target: 'registered', actions: ['store name', 'end reassignment'] } as const;
const deregistered = { target: 'notRegistered', actions: 'forget' } as const;
const unregistered = { target: 'unregistered', actions: ['store name', 'end reassignment'] } as const;

/**
 * The registration state of one subscription in the HSS (TS 29.228 6, TS 29.228 annex A): `authenticationPending` is the flag
 * that MAR sets for the private identity.
 *
 * Nothing happens here by itself, so the machine exists only while an event is handled: it begins in what has been stored,
 * and what it ends in is stored again. A registered user does not cost an actor.
 */
export const subscriptionMachine = setup({
  types: {} as { context: SubscriptionContext; input: Standing; events: SubscriptionEvent },
  actions: {
    'store name': assign(({ context, event }) =>
      'serverName' in event ? { serverName: event.serverName } : context,
    ),
    'end reassignment': assign({ reassignmentPending: false }),
    'forget name': assign(({ context }) => ({ ...context, serverName: undefined })),
    forget: assign({ serverName: undefined, reassignmentPending: false }),
  },
  guards: {
    'was registered': ({ context }) => context.stored.state === 'registered',
    'was unregistered': ({ context }) => context.stored.state === 'unregistered',
    'was unregistered and authenticating': ({ context: { stored } }) =>
      stored.state === 'unregistered' && stored.authenticationPending,
    'was authenticating': ({ context }) => context.stored.authenticationPending,
  },
}).createMachine({
  id: 'hss subscription',
  context: ({ input }) => ({
    stored: input,
    serverName: input.serverName,
    reassignmentPending: input.reassignmentPending,
  }),
  initial: 'stored',
  on: { 'reassignment asked': { actions: assign({ reassignmentPending: true }) } },
  states: {
    stored: {
      always: [
        { guard: 'was registered', target: 'registered' },
        { guard: 'was unregistered and authenticating', target: 'unregistered.authenticationPending' },
        { guard: 'was unregistered', target: 'unregistered' },
        { guard: 'was authenticating', target: 'notRegistered.authenticationPending' },
        { target: 'notRegistered' },
      ],
    },
    notRegistered: {
      initial: 'idle',
      states: {
        idle: { on: { 'authentication failed': {} } },
        // TS 29.228 6.1.2.1: the name goes with the flag only in this state
        authenticationPending: {
          on: { 'authentication failed': { target: 'idle', actions: 'forget name' } },
        },
      },
      on: {
        'authentication requested': authenticating,
        registered,
        'served unregistered': unregistered,
        deregistered,
        'deregistered, server name kept': 'unregistered',
      },
    },
    registered: {
      on: {
        'authentication requested': { actions: 'store name' },
        'authentication failed': {},
        registered: { actions: ['store name', 'end reassignment'] },
        'served unregistered': {},
        deregistered,
        'deregistered, server name kept': 'unregistered',
      },
    },
    unregistered: {
      initial: 'idle',
      states: {
        idle: { on: { 'authentication failed': {} } },
        authenticationPending: { on: { 'authentication failed': 'idle' } },
      },
      on: {
        'authentication requested': authenticating,
        registered,
        'served unregistered': { actions: 'store name' },
        deregistered,
        'deregistered, server name kept': {},
      },
    },
  },
});
