import { assign, setup } from 'xstate';
import { portOf } from '../../src/kernel/index.js';
import type { AssignmentType } from '../hss/index.js';

/** What a registration does; the object beside its machine. */
export interface RegistrationPort {
  /** Tells the HSS who serves the user, and asks for the profile (SAR). */
  assign(type: 'REGISTRATION' | 'RE_REGISTRATION'): void;
  /** Tells the HSS that the user is not served any more (SAR). */
  deassign(type: AssignmentType): void;
  /** Answers the REGISTER at hand with what it was granted. */
  accept(): void;
  reject(status: number): void;
  /** Takes away the contacts whose time is over, and says what is left. */
  expire(): void;
  /** Takes the next REGISTER that has waited. */
  next(): void;
  /** Answers who asked for the end, tells who watches, and forgets the user. */
  forget(): void;
}

/** Events of the registration machine. */
export type RegistrationEvent =
  | { readonly type: 'authenticated' }
  | { readonly type: 'authenticated by trusted node' }
  | { readonly type: 'assigned'; readonly expiryMs: number }
  | { readonly type: 'assigned, entity allowed'; readonly expiryMs: number }
  | { readonly type: 'entity not allowed' }
  | { readonly type: 'refused'; readonly status: number }
  | { readonly type: 'some left'; readonly expiryMs: number }
  | { readonly type: 'none left' }
  | { readonly type: 'refresh' }
  | { readonly type: 'deregister' }
  | { readonly type: 'withdraw' }
  | { readonly type: 'deassigned' };

/** Context of the registration machine. */
export interface RegistrationContext {
  /** Until the first contact ends, from when it was granted. */
  readonly expiryMs: number;
  readonly assignment: AssignmentType;
}

const accepted = { target: 'registered', actions: ['set expiry', 'accept'] } as const;
const allowed = { ...accepted, meta: { requirements: ['24371-6.4.2-10'] } } as const;

/**
 * The registration of a set of public identities at the S-CSCF (TS 24.229 5.4.1). It begins with a REGISTER whose sender is
 * authenticated, and lasts as long as there is a contact.
 */
export const registrationMachine = setup({
  types: {} as { context: RegistrationContext; events: RegistrationEvent },
  actions: {
    assign: ({ self }) => portOf<RegistrationPort>(self).assign('REGISTRATION'),
    reassign: ({ self }) => portOf<RegistrationPort>(self).assign('RE_REGISTRATION'),
    deassign: ({ self, context }) => portOf<RegistrationPort>(self).deassign(context.assignment),
    accept: ({ self }) => portOf<RegistrationPort>(self).accept(),
    reject: ({ self, event }) => {
      if (event.type === 'refused') portOf<RegistrationPort>(self).reject(event.status);
    },
    forbid: ({ self }) => portOf<RegistrationPort>(self).reject(403),
    expire: ({ self }) => portOf<RegistrationPort>(self).expire(),
    next: ({ self }) => portOf<RegistrationPort>(self).next(),
    forget: ({ self }) => portOf<RegistrationPort>(self).forget(),
    'set expiry': assign(({ context, event }) =>
      'expiryMs' in event ? { ...context, expiryMs: event.expiryMs } : context,
    ),
    'by user': assign({ assignment: 'USER_DEREGISTRATION' }),
    'by time': assign({ assignment: 'TIMEOUT_DEREGISTRATION' }),
    'by operator': assign({ assignment: 'ADMINISTRATIVE_DEREGISTRATION' }),
  },
  delays: {
    /** The expiry of the contact that ends first (RFC 3261 10.2.1.1). */
    expiry: ({ context }) => context.expiryMs,
  },
}).createMachine({
  id: 's-cscf registration',
  context: { expiryMs: 0, assignment: 'REGISTRATION' },
  initial: 'authenticated',
  states: {
    authenticated: {
      on: {
        authenticated: 'assigning',
        // TS 33.203 U.1: no challenge
        'authenticated by trusted node': { target: 'assigning', meta: { requirements: ['24371-6.4.2-09'] } },
      },
    },
    assigning: {
      entry: 'assign',
      on: {
        assigned: accepted,
        'assigned, entity allowed': allowed,
        'entity not allowed': {
          target: 'deregistering',
          actions: ['forbid', 'by operator'],
          meta: { requirements: ['24371-6.4.2-10'] },
        },
        refused: { target: 'ended', actions: 'reject' },
        withdraw: { target: 'deregistering', actions: ['forbid', 'by operator'] },
      },
    },
    registered: {
      entry: 'next',
      after: { expiry: 'expiring' },
      on: {
        refresh: 'refreshing',
        deregister: { target: 'deregistering', actions: 'by user' },
        withdraw: { target: 'deregistering', actions: 'by operator' },
      },
    },
    expiring: {
      entry: 'expire',
      on: {
        'some left': { target: 'registered', actions: 'set expiry' },
        'none left': { target: 'deregistering', actions: 'by time' },
      },
    },
    refreshing: {
      entry: 'reassign',
      on: {
        assigned: accepted,
        'assigned, entity allowed': allowed,
        'entity not allowed': {
          target: 'deregistering',
          actions: ['forbid', 'by operator'],
          meta: { requirements: ['24371-6.4.2-10'] },
        },
        refused: { target: 'registered', actions: 'reject' },
        withdraw: { target: 'deregistering', actions: ['forbid', 'by operator'] },
      },
    },
    deregistering: {
      entry: 'deassign',
      on: {
        deassigned: 'ended',
        assigned: {},
        'assigned, entity allowed': {},
        'entity not allowed': {},
        refused: {},
        withdraw: {},
      },
    },
    ended: { type: 'final', entry: 'forget' },
  },
});
