import { type AnyActorRef, setup } from 'xstate';
import { portOf } from '../../kernel/index.js';
import type { DiameterMessage } from '../../wire/diameter/index.js';

/** The states of a connection, by the names of RFC 6733 5.6; `waitCer` is the logic of 5.6.1. */
export type PeerState =
  | 'closed'
  | 'waitConnAck'
  | 'waitCer'
  | 'waitICea'
  | 'waitReturns'
  | 'open'
  | 'closing'
  | 'terminated';

/** What happens to a connection (RFC 6733 5.6.2, RFC 3539 3.4.1). */
export type PeerEvent =
  /** A connection request has been sent, or has come in. */
  | { readonly type: 'start' | 'incoming' }
  /** The connection is established. */
  | { readonly type: 'connAck' }
  /** The CER is good, and the connection stays; or has to wait for the outcome of an election (5.6.4). */
  | { readonly type: 'accept' | 'elect' }
  /** The CEA is good. */
  | { readonly type: 'cea' }
  | { readonly type: 'dpr'; readonly request: DiameterMessage }
  | { readonly type: 'dpa' }
  /** A message came after the watchdog's request. */
  | { readonly type: 'alive' }
  /** Timer Tw fired. */
  | { readonly type: 'tw' }
  /** This node is being closed. */
  | { readonly type: 'stop' }
  /** The connection is not wanted: end it in order, or at once because the peer broke a rule. */
  | { readonly type: 'disconnect' | 'fail'; readonly reason: string }
  /** The peer has ended its direction. */
  | { readonly type: 'peerDisc' }
  /** The transport is gone. */
  | { readonly type: 'lost'; readonly reason: string };

/** What a connection does to the world (RFC 6733 5.6.3). */
export interface PeerPort {
  entered(state: PeerState): void;
  sendCer(): void;
  sendCea(): void;
  sendDwr(): void;
  sendDpr(): void;
  sendDpa(request: DiameterMessage): void;
  /** Failover: no new requests on this connection (RFC 3539 3.4.1 [3]). */
  suspend(): void;
  /** Failback. */
  resume(): void;
  /** Ends the transport, and tells the reason to whoever waits for something on it. */
  end(how: 'close' | 'abort', reason: string): void;
}

interface Step {
  readonly self: AnyActorRef;
  readonly event: PeerEvent;
}

const port = (self: AnyActorRef): PeerPort => portOf(self);

/**
 * The Timeout event (RFC 6733 5.6.2 leaves the time to the application): long enough for three losses of one segment in a
 * row (1 s, 2 s, 4 s).
 */
const TIMEOUT_MS = 10_000;

const timedOut = (what: string) => ({
  target: '#peer.terminated',
  actions: { type: 'abort', params: { reason: `no ${what} in ${TIMEOUT_MS} ms` } } as const,
});

/**
 * One transport connection to a peer (RFC 6733 5.6) with its watchdog (RFC 3539 3.4.1). I-Open and R-Open are one state, as
 * are Wait-Conn-Ack/Elect and Wait-Returns: what they differ in is the other connection, which `Peer` knows.
 */
export const peerMachine = setup({
  types: {
    context: {} as Record<string, never>,
    events: {} as PeerEvent,
  },
  delays: { timeout: TIMEOUT_MS },
  actions: {
    enter: ({ self }, params: { readonly state: PeerState }) => port(self).entered(params.state),
    sendCer: ({ self }) => port(self).sendCer(),
    sendCea: ({ self }) => port(self).sendCea(),
    sendDwr: ({ self }) => port(self).sendDwr(),
    sendDpr: ({ self }) => port(self).sendDpr(),
    sendDpa: ({ self, event }: Step) => {
      if (event.type === 'dpr') port(self).sendDpa(event.request);
    },
    suspend: ({ self }) => port(self).suspend(),
    resume: ({ self }) => port(self).resume(),
    close: ({ self, event }: Step, params: { readonly reason: string } | undefined) =>
      port(self).end('close', 'reason' in event ? event.reason : (params?.reason ?? event.type)),
    abort: ({ self, event }: Step, params: { readonly reason: string } | undefined) =>
      port(self).end('abort', 'reason' in event ? event.reason : (params?.reason ?? event.type)),
  },
}).createMachine({
  id: 'peer',
  context: {},
  initial: 'closed',
  on: {
    disconnect: { target: '.terminated', actions: 'close' },
    fail: { target: '.terminated', actions: 'abort' },
    peerDisc: {
      target: '.terminated',
      actions: { type: 'close', params: { reason: 'the peer disconnected' } },
    },
    lost: { target: '.terminated', actions: 'abort' },
    stop: { target: '.terminated', actions: { type: 'close', params: { reason: 'the node is closed' } } },
  },
  states: {
    closed: {
      on: { start: 'waitConnAck', incoming: 'waitCer' },
    },
    waitConnAck: {
      entry: { type: 'enter', params: { state: 'waitConnAck' } },
      after: { timeout: timedOut('connection') },
      on: { connAck: 'waitICea' },
    },
    waitCer: {
      entry: { type: 'enter', params: { state: 'waitCer' } },
      after: { timeout: timedOut('CER') },
      on: { accept: { target: 'open', actions: 'sendCea' }, elect: 'waitReturns' },
    },
    waitICea: {
      entry: ['sendCer', { type: 'enter', params: { state: 'waitICea' } }],
      after: { timeout: timedOut('CEA') },
      on: { cea: 'open' },
    },
    waitReturns: {
      entry: { type: 'enter', params: { state: 'waitReturns' } },
      after: { timeout: timedOut('end of the election') },
      on: { accept: { target: 'open', actions: 'sendCea' } },
    },
    open: {
      entry: { type: 'enter', params: { state: 'open' } },
      initial: 'okay',
      on: {
        stop: { target: 'closing', actions: 'sendDpr' },
        dpr: { target: 'closing', actions: 'sendDpa' },
      },
      states: {
        okay: {
          on: { tw: { target: 'pending', actions: 'sendDwr' } },
        },
        // OKAY with the flag Pending: a watchdog request is under way.
        pending: {
          on: { alive: 'okay', tw: { target: 'suspect', actions: 'suspend' } },
        },
        suspect: {
          on: {
            alive: { target: 'okay', actions: 'resume' },
            tw: {
              target: '#peer.terminated',
              actions: { type: 'abort', params: { reason: 'the watchdog was not answered' } },
            },
          },
        },
      },
    },
    closing: {
      entry: { type: 'enter', params: { state: 'closing' } },
      after: { timeout: timedOut('end of the connection') },
      on: {
        // Both ends may have sent DPR.
        dpr: { actions: 'sendDpa' },
        dpa: { target: 'terminated', actions: { type: 'close', params: { reason: 'the node is closed' } } },
        stop: {},
      },
    },
    terminated: { type: 'final' },
  },
});
