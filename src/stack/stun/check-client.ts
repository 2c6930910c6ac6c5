import { toHex } from '../../crypto/index.js';
import type { Host } from '../../network/index.js';
import type { Endpoint } from '../../trace/index.js';
import { attribute, checkIntegrity, parseStun, serializeStun, shortTermKey } from '../../wire/stun/index.js';
import { checkClientMachine, type TransactionPort } from './binding-transaction.js';

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
  readonly onSuccess: (mapped: Endpoint) => void;
  readonly onFailure: (reason: string) => void;
}

/** A connectivity check under way. */
export interface Check {
  /** Whether these bytes answer this check; if so they have been dealt with. */
  receive(bytes: Uint8Array): boolean;
  /** Ends it: nothing is sent or told any more. */
  stop(): void;
}

/** What a check says of its sender (RFC 8445 7.1). */
export interface CheckRequest {
  readonly localUfrag: string;
  readonly remoteUfrag: string;
  readonly priority: number;
  readonly role: 'controlling' | 'controlled';
  readonly tieBreaker: string;
  readonly nominate: boolean;
}

/** The bytes of a connectivity check (RFC 8445 7.1, 7.2.2, 7.2.4). `key`: of the peer's password. */
export function makeCheck(check: CheckRequest, transactionId: Uint8Array, key: Uint8Array): Uint8Array {
  const { remoteUfrag, localUfrag, priority, role, tieBreaker, nominate } = check;
  return serializeStun(
    {
      class: 'request',
      method: 0x001,
      transactionId,
      attributes: [
        { name: 'USERNAME', text: `${remoteUfrag}:${localUfrag}` },
        { name: 'PRIORITY', value: priority },
        { name: role === 'controlling' ? 'ICE-CONTROLLING' : 'ICE-CONTROLLED', tieBreaker },
        ...(nominate ? [{ name: 'USE-CANDIDATE' } as const] : []),
      ],
    },
    { integrityKey: key, fingerprint: true },
  );
}

/** Starts a connectivity check. */
export function startCheck(host: Host, id: string, options: CheckOptions): Check {
  const transactionId = host.random('stun transaction').bytes(12);
  const key = shortTermKey(options.remotePwd);
  const request = makeCheck(options, transactionId, key);
  let mapped = { ip: '', port: 0 };
  const port: TransactionPort = {
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
    stop: () => actor.stop(),
  };
}
