import { assign, setup } from 'xstate';
import { toHex } from '../../crypto/index.js';
import { portOf } from '../../kernel/index.js';
import type { Host } from '../../network/index.js';
import { attribute, checkIntegrity, parseStun, serializeStun, shortTermKey } from '../../wire/stun/index.js';

/** Initial retransmission timeout (RFC 8489 6.2.1; RFC 8445 14.3 allows no less for checks). */
const RTO_MS = 500;
/** Requests sent before giving up, Rc, and the wait after the last in units of RTO, Rm (RFC 8489 6.2.1). */
const MOST_REQUESTS = 7;
const LAST_WAIT = 16;

interface Context {
  readonly sent: number;
}

interface CheckPort {
  transmit(): void;
  succeed(): void;
  fail(reason: string): void;
}

type CheckEvent = { readonly type: 'success' } | { readonly type: 'error'; readonly code: number };

/** A STUN client transaction over UDP (RFC 8489 6.2.1): requests at 0, 500, 1500, ... 31500 ms, failure at 39500 ms. */
export const checkClientMachine = setup({
  types: {} as { context: Context; events: CheckEvent },
  actions: {
    transmit: ({ self }) => portOf<CheckPort>(self).transmit(),
    succeed: ({ self }) => portOf<CheckPort>(self).succeed(),
    'fail for lack of an answer': ({ self }) => portOf<CheckPort>(self).fail('no answer'),
    'fail by the answer': ({ self, event }) =>
      portOf<CheckPort>(self).fail(`error ${(event as { code: number }).code}`),
    count: assign({ sent: ({ context }) => context.sent + 1 }),
  },
  guards: { 'may try again': ({ context }) => context.sent < MOST_REQUESTS },
  delays: {
    'retransmission timeout': ({ context }) =>
      context.sent < MOST_REQUESTS ? RTO_MS * 2 ** (context.sent - 1) : RTO_MS * LAST_WAIT,
  },
}).createMachine({
  id: 'stun check',
  context: { sent: 1 },
  initial: 'waiting',
  states: {
    waiting: {
      entry: 'transmit',
      after: {
        'retransmission timeout': [
          { guard: 'may try again', target: 'waiting', reenter: true, actions: 'count' },
          { target: 'done', actions: 'fail for lack of an answer' },
        ],
      },
      on: {
        success: { target: 'done', actions: 'succeed' },
        error: { target: 'done', actions: 'fail by the answer' },
      },
    },
    done: { type: 'final' },
  },
});

/** What a connectivity check needs to know (RFC 8445 7.1, 7.2.2). */
export interface CheckOptions {
  readonly localUfrag: string;
  readonly remoteUfrag: string;
  readonly remotePwd: string;
  /** What the peer would assign to a peer-reflexive candidate learned from this check (RFC 8445 7.1.1). */
  readonly priority: number;
  readonly role: 'controlling' | 'controlled';
  /** 16 hexadecimal digits (RFC 8445 7.1.3). */
  readonly tieBreaker: string;
  readonly nominate: boolean;
  readonly send: (bytes: Uint8Array) => void;
  readonly onSuccess: (mapped: { readonly ip: string; readonly port: number }) => void;
  readonly onFailure: (reason: string) => void;
}

/** A connectivity check under way. */
export interface Check {
  /** Whether these bytes answer this check; if so they have been dealt with. */
  receive(bytes: Uint8Array): boolean;
}

/** Starts a connectivity check. */
export function startCheck(host: Host, id: string, options: CheckOptions): Check {
  const transactionId = host.random('stun transaction').bytes(12);
  const key = shortTermKey(options.remotePwd);
  const request = serializeStun(
    {
      class: 'request',
      method: 0x001,
      transactionId,
      attributes: [
        { name: 'USERNAME', text: `${options.remoteUfrag}:${options.localUfrag}` },
        { name: 'PRIORITY', value: options.priority },
        {
          name: options.role === 'controlling' ? 'ICE-CONTROLLING' : 'ICE-CONTROLLED',
          tieBreaker: options.tieBreaker,
        },
        ...(options.nominate ? [{ name: 'USE-CANDIDATE' } as const] : []),
      ],
    },
    { integrityKey: key, fingerprint: true },
  );
  let mapped = { ip: '', port: 0 };
  const port: CheckPort = {
    transmit: () => options.send(request),
    succeed: () => options.onSuccess(mapped),
    fail: options.onFailure,
  };
  const actor = host.spawn(checkClientMachine, { id, port });
  const expected = toHex(transactionId);
  return {
    receive(bytes) {
      const read = parseStun(bytes);
      if (!read.ok || toHex(read.value.transactionId) !== expected) return false;
      const response = read.value;
      if (response.class === 'error') {
        actor.send({ type: 'error', code: attribute(response, 'ERROR-CODE')?.code ?? 500 });
        return true;
      }
      // an answer without the right integrity is no answer (RFC 8489 9.1.4)
      if (response.class !== 'success' || checkIntegrity(bytes, key) !== 'good') return true;
      const address = attribute(response, 'XOR-MAPPED-ADDRESS');
      if (address !== undefined) mapped = { ip: address.ip, port: address.port };
      actor.send({ type: 'success' });
      return true;
    },
  };
}
