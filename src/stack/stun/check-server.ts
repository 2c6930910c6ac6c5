import type { Endpoint } from '../../trace/index.js';
import {
  attribute,
  checkFingerprint,
  checkIntegrity,
  parseStun,
  type StunAttribute,
  type StunMessage,
  serializeStun,
  shortTermKey,
  unknownRequired,
} from '../../wire/stun/index.js';

/** The short-term credentials of one data stream at one agent (RFC 8445 7.1.2). */
export interface CheckCredentials {
  readonly ufrag: string;
  readonly pwd: string;
}

/** What came of a STUN packet on a media port. */
export interface CheckOutcome {
  /** What to send back, if anything. */
  readonly response?: Uint8Array;
  /** Whether the check was good: its source is an address at which the peer can be reached. */
  readonly valid: boolean;
  /** Whether the peer nominates the pair (RFC 8445 7.3.1.5). */
  readonly nominated: boolean;
  /** Why it was not answered, or with an error. */
  readonly problem?: string;
}

/**
 * Answers a connectivity check as an ICE agent's STUN server does (RFC 8445 7.3, RFC 8489 6.3.1 and 9.1.3): 400 without
 * credentials, 401 for wrong ones, 420 for attributes it must but does not know, success with XOR-MAPPED-ADDRESS
 * otherwise. What is no Binding request, or has a bad FINGERPRINT, is dropped in silence.
 *
 * @param local credentials of this agent: the check's username begins with its fragment
 */
export function answerCheck(bytes: Uint8Array, from: Endpoint, local: CheckCredentials): CheckOutcome {
  const read = parseStun(bytes);
  if (!read.ok) return dropped(read.error.what);
  const request = read.value;
  if (request.class !== 'request' || request.method !== BINDING) return dropped('no Binding request');
  if (checkFingerprint(bytes) === 'bad') return dropped('bad FINGERPRINT');
  const key = shortTermKey(local.pwd);
  const username = attribute(request, 'USERNAME');
  const integrity = checkIntegrity(bytes, key);
  if (username === undefined || integrity === 'absent') {
    return refused(request, { name: 'ERROR-CODE', code: 400, reason: 'Bad Request' }, undefined);
  }
  if (!username.text.startsWith(`${local.ufrag}:`) || integrity === 'bad') {
    return refused(request, { name: 'ERROR-CODE', code: 401, reason: 'Unauthenticated' }, undefined);
  }
  const unknown = unknownRequired(request);
  if (unknown.length > 0) {
    const error: StunAttribute = { name: 'ERROR-CODE', code: 420, reason: 'Unknown Attribute' };
    return refused(request, error, key, { name: 'UNKNOWN-ATTRIBUTES', types: unknown });
  }
  const mapped: StunAttribute = { name: 'XOR-MAPPED-ADDRESS', ip: from.ip, port: from.port };
  const response = serializeStun(
    { class: 'success', method: BINDING, transactionId: request.transactionId, attributes: [mapped] },
    { integrityKey: key, fingerprint: true },
  );
  return { response, valid: true, nominated: attribute(request, 'USE-CANDIDATE') !== undefined };
}

/** The Binding method (RFC 8489 18.2). */
const BINDING = 0x001;

function dropped(problem: string): CheckOutcome {
  return { valid: false, nominated: false, problem };
}

function refused(
  request: StunMessage,
  error: Extract<StunAttribute, { name: 'ERROR-CODE' }>,
  key: Uint8Array | undefined,
  ...more: readonly StunAttribute[]
): CheckOutcome {
  const { transactionId } = request;
  const response = serializeStun(
    { class: 'error', method: BINDING, transactionId, attributes: [error, ...more] },
    key === undefined ? { fingerprint: true } : { integrityKey: key, fingerprint: true },
  );
  return { response, valid: false, nominated: false, problem: `${error.code} ${error.reason}` };
}
