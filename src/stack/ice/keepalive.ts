import { type ActorRefFrom, assign, setup } from 'xstate';
import { portOf } from '../../kernel/index.js';
import type { Host } from '../../network/index.js';

/** What keepalives do to the world. */
interface KeepalivePort {
  /** Sends one if the pair has been silent for Tr. */
  keepAlive(): void;
  /** Milliseconds until it may have been silent for Tr, above 0. */
  untilSilentMs(): number;
}

/** Keeps the NAT bindings of one pair (RFC 8445 11): after Tr without a packet one is sent. */
export const keepaliveMachine = setup({
  types: {} as { input: { readonly trMs: number }; context: { readonly waitMs: number } },
  delays: { Tr: ({ context }) => context.waitMs },
  actions: {
    'keep alive': ({ self }) => portOf<KeepalivePort>(self).keepAlive(),
    'wait anew': assign({ waitMs: ({ self }) => portOf<KeepalivePort>(self).untilSilentMs() }),
  },
}).createMachine({
  id: 'keepalive',
  context: ({ input }) => ({ waitMs: input.trMs }),
  initial: 'idle',
  states: {
    idle: { after: { Tr: { target: 'idle', reenter: true, actions: ['keep alive', 'wait anew'] } } },
  },
});

/** Starts keepalives; see {@link keepaliveMachine}. */
export function startKeepalive(
  host: Host,
  id: string,
  trMs: number,
  port: KeepalivePort,
): ActorRefFrom<typeof keepaliveMachine> {
  return host.spawn(keepaliveMachine, { id, input: { trMs }, port });
}
