import { assign, setup } from 'xstate';
import { portOf } from '../../src/kernel/index.js';

/** What the gateway's root machine does; the object beside it. */
export interface EimsAgwPort {
  /** Says to the controller that it is there (H.248.1 11.3). */
  register(): void;
}

/** Events of the gateway's root machine. */
export type EimsAgwEvent =
  /** It has come up, and knows nothing of former contexts. */
  | { readonly type: 'started' }
  /** The same, with no controller to register with. */
  | { readonly type: 'started alone' }
  | { readonly type: 'registered' }
  | { readonly type: 'not registered' }
  | { readonly type: 'context.added' }
  | { readonly type: 'context.removed' }
  /** No new contexts; those that are there stay (ServiceChange Graceful). */
  | { readonly type: 'leaving' }
  /** It is out of service, and its contexts are gone (ServiceChange Forced). */
  | { readonly type: 'left' }
  | { readonly type: 'closed' };

/** How long after a ServiceChange without an answer it is sent again, in ms: the clause leaves it open (H.248.1 11.5). */
const RETRY_MS = 30_000;

const counting = {
  'context.added': { actions: 'one more' },
  'context.removed': { actions: 'one less' },
} as const;

/** The answer to a ServiceChange that something else has overtaken. */
const tooLate = { registered: {}, 'not registered': {} } as const;

/**
 * The eIMS-AGW as a whole (H.248.1 11): it registers with its controller, serves, and may leave service and come back. It obeys before its
 * registration is answered, since a command of the controller shows that it knows of the gateway.
 */
export const eimsAgwMachine = setup({
  types: {} as { context: { readonly contexts: number }; events: EimsAgwEvent; tags: 'serving' },
  actions: {
    'one more': assign({ contexts: ({ context }) => context.contexts + 1 }),
    'one less': assign({ contexts: ({ context }) => context.contexts - 1 }),
    'none left': assign({ contexts: 0 }),
    register: ({ self }) => portOf<EimsAgwPort>(self).register(),
  },
  delays: { retry: RETRY_MS },
}).createMachine({
  id: 'eims-agw',
  context: { contexts: 0 },
  initial: 'starting',
  on: {
    started: { target: '.registering', actions: 'none left' },
    'started alone': { target: '.inService', actions: 'none left' },
    leaving: '.leaving',
    left: { target: '.outOfService', actions: 'none left' },
    closed: '.closed',
  },
  states: {
    starting: {},
    registering: {
      tags: 'serving',
      entry: 'register',
      on: { ...counting, registered: 'inService', 'not registered': 'unregistered' },
    },
    unregistered: { tags: 'serving', after: { retry: 'registering' }, on: { ...counting, ...tooLate } },
    inService: { tags: 'serving', on: { ...counting, ...tooLate } },
    leaving: { on: { ...counting, ...tooLate } },
    outOfService: { on: { ...counting, ...tooLate } },
    closed: { type: 'final' },
  },
});
