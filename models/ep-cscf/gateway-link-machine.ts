import { setup } from 'xstate';
import { portOf } from '../../src/kernel/index.js';

/** What the association with a gateway does; the object beside its machine. */
export interface GatewayLinkPort {
  readonly probeMs: number;
  /** Asks the gateway whether it is there (AuditValue of ROOT). */
  probe(): void;
  /** Asks which contexts it has, and subtracts those that belong to no call. */
  audit(): void;
  /** The contexts of all calls are gone. */
  loseContexts(): void;
}

/** Events of the association. */
export type GatewayLinkEvent =
  | { readonly type: 'answered' }
  | { readonly type: 'no answer' }
  /** ServiceChange Restart: the gateway has come up, without contexts. */
  | { readonly type: 'restarted' }
  /** ServiceChange Graceful: no new contexts. */
  | { readonly type: 'leaving' }
  /** ServiceChange Forced: out of service, without contexts. */
  | { readonly type: 'left' }
  /** It has spoken of a context that belongs to no call. */
  | { readonly type: 'orphan' }
  | { readonly type: 'audited' }
  /** Reservations are under way, so that an audit would tell of contexts that calls are about to learn of. */
  | { readonly type: 'busy' };

const later = { answered: {}, audited: {}, busy: {}, orphan: {} } as const;

/**
 * The association of an eP-CSCF with its gateway (H.248.1 11; TS 23.334 8: restoration, audit): whether the gateway may be given
 * calls, and whether what it holds is what calls hold. States tagged `available` take calls.
 */
export const gatewayLinkMachine = setup({
  types: {} as { context: Record<string, never>; events: GatewayLinkEvent; tags: 'available' },
  actions: {
    probe: ({ self }) => portOf<GatewayLinkPort>(self).probe(),
    audit: ({ self }) => portOf<GatewayLinkPort>(self).audit(),
    'lose contexts': ({ self }) => portOf<GatewayLinkPort>(self).loseContexts(),
  },
  delays: { probe: ({ self }) => portOf<GatewayLinkPort>(self).probeMs },
}).createMachine({
  id: 'iq association',
  context: {},
  // a gateway that was there before its controller has no reason to speak first
  initial: 'inService',
  on: {
    restarted: { target: '.inService', actions: 'lose contexts' },
    leaving: '.leaving',
    left: { target: '.outOfService', actions: 'lose contexts' },
  },
  states: {
    inService: {
      tags: 'available',
      on: { ...later, 'no answer': 'lost', orphan: 'auditing' },
    },
    lost: { after: { probe: 'probing' }, on: { ...later, 'no answer': {} } },
    probing: { entry: 'probe', on: { ...later, answered: 'auditing', 'no answer': 'lost' } },
    auditing: {
      tags: 'available',
      entry: 'audit',
      on: { ...later, audited: 'inService', busy: 'waiting', 'no answer': 'lost' },
    },
    waiting: {
      tags: 'available',
      after: { probe: 'auditing' },
      on: { ...later, 'no answer': 'lost' },
    },
    leaving: { on: { ...later, 'no answer': {} } },
    outOfService: { on: { ...later, 'no answer': {} } },
  },
});
