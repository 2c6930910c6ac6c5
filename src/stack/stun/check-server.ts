import type { Endpoint } from '../../trace/index.js';
import {
  attribute,
  checkFingerprint,
  checkIntegrity,
  coveredAttributes,
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

/** A check whose sender knows the password, or what its sender gets instead. */
export type JudgedCheck =
  | {
      readonly verdict: 'good';
      /** The message with only those attributes that the integrity vouches for (RFC 8489 14.5). */
      readonly request: StunMessage;
      /** Under which of the credentials it came, as their place in the list. */
      readonly index: number;
      /** The sender's user fragment: what stands behind the colon of USERNAME (RFC 8445 7.3.1.4). */
      readonly remoteUfrag: string;
      /** The key to answer with. */
      readonly key: Uint8Array;
    }
  | { readonly verdict: 'refused'; readonly response: Uint8Array; readonly problem: string };

/**
 * Judges a Binding request as an ICE agent's STUN server does (RFC 8445 7.3, RFC 8489 6.3.1 and 9.1.3): 400 without
 * credentials, 401 for wrong ones, 420 for attributes it must but does not know.
 *
 * @param request what `parseStun` made of the bytes
 * @param locals credentials of this agent: the check's username begins with a fragment of theirs
 * @param keys `shortTermKey` of each
 */
export function judgeCheck(
  bytes: Uint8Array,
  request: StunMessage,
  locals: readonly CheckCredentials[],
  keys: readonly Uint8Array[],
): JudgedCheck {
  const username = attribute(request, 'USERNAME')?.text;
  const hasIntegrity = attribute(request, 'MESSAGE-INTEGRITY') !== undefined;
  if (username === undefined || !hasIntegrity) return refused(request, 400, 'Bad Request');
  const colon = username.indexOf(':');
  const ufrag = colon === -1 ? undefined : username.slice(0, colon);
  const index = locals.findIndex((one) => one.ufrag === ufrag);
  const key = keys[index];
  if (key === undefined) return refused(request, 401, 'Unauthenticated');
  if (checkIntegrity(bytes, key) !== 'good') return refused(request, 401, 'Unauthenticated');
  const covered = { ...request, attributes: coveredAttributes(request) };
  const unknown = unknownRequired(covered);
  if (unknown.length > 0) {
    return refused(request, 420, 'Unknown Attribute', key, { name: 'UNKNOWN-ATTRIBUTES', types: unknown });
  }
  return { verdict: 'good', request: covered, index, remoteUfrag: username.slice(colon + 1), key };
}

/** The success response to a check: tells its sender where it came from (RFC 8445 7.3). */
export function acceptCheck(request: StunMessage, from: Endpoint, key: Uint8Array): Uint8Array {
  return serializeStun(
    {
      class: 'success',
      method: BINDING,
      transactionId: request.transactionId,
      attributes: [{ name: 'XOR-MAPPED-ADDRESS', ip: from.ip, port: from.port }],
    },
    { integrityKey: key, fingerprint: true },
  );
}

/** An error response to a check (RFC 8489 6.3.1.2); without a key it carries no integrity (9.1.3). */
export function refuseCheck(
  request: StunMessage,
  code: number,
  reason: string,
  key?: Uint8Array,
  ...more: readonly StunAttribute[]
): Uint8Array {
  const { transactionId } = request;
  const attributes: StunAttribute[] = [{ name: 'ERROR-CODE', code, reason }, ...more];
  return serializeStun(
    { class: 'error', method: BINDING, transactionId, attributes },
    key === undefined ? { fingerprint: true } : { integrityKey: key, fingerprint: true },
  );
}

/**
 * Answers a connectivity check on its own, without the rest of an agent; see {@link judgeCheck}. What is no Binding request, or
 * has a bad FINGERPRINT, is dropped in silence.
 *
 * @param local credentials of this agent: the check's username begins with its fragment
 */
export function answerCheck(bytes: Uint8Array, from: Endpoint, local: CheckCredentials): CheckOutcome {
  const read = parseStun(bytes);
  if (!read.ok) return dropped(read.error.what);
  if (read.value.class !== 'request' || read.value.method !== BINDING) return dropped('no Binding request');
  if (checkFingerprint(bytes) === 'bad') return dropped('bad FINGERPRINT');
  const judged = judgeCheck(bytes, read.value, [local], [shortTermKey(local.pwd)]);
  if (judged.verdict === 'refused') {
    return { response: judged.response, valid: false, nominated: false, problem: judged.problem };
  }
  const { request, key } = judged;
  const nominated = attribute(request, 'USE-CANDIDATE') !== undefined;
  return { response: acceptCheck(request, from, key), valid: true, nominated };
}

/** The Binding method (RFC 8489 18.2). */
const BINDING = 0x001;

function dropped(problem: string): CheckOutcome {
  return { valid: false, nominated: false, problem };
}

function refused(
  request: StunMessage,
  code: number,
  reason: string,
  key?: Uint8Array,
  ...more: readonly StunAttribute[]
): JudgedCheck {
  const response = refuseCheck(request, code, reason, key, ...more);
  return { verdict: 'refused', response, problem: `${code} ${reason}` };
}
