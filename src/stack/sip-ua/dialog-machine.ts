import { type ActorRefFrom, setup } from 'xstate';

/** The states of a dialog created by an INVITE (RFC 3261 12; RFC 5407 2 without its substates, which the sessions have). */
export const dialogMachine = setup({
  types: {
    context: {} as { readonly confirmed: boolean },
    events: {} as { type: 'confirm' } | { type: 'terminate' },
    input: {} as { readonly confirmed: boolean },
  },
  guards: { createdBySuccess: ({ context }) => context.confirmed },
}).createMachine({
  id: 'dialog',
  context: ({ input }) => ({ confirmed: input.confirmed }),
  initial: 'early',
  states: {
    early: {
      always: { guard: 'createdBySuccess', target: 'confirmed' },
      on: { confirm: 'confirmed', terminate: 'terminated' },
    },
    confirmed: { on: { confirm: {}, terminate: 'terminated' } },
    terminated: { type: 'final' },
  },
});

export type DialogActor = ActorRefFrom<typeof dialogMachine>;
