import {
  type StunAttribute,
  type StunMessage,
  type StunProtection,
  serializeStun,
} from '../../wire/stun/index.js';

/** Reason phrases (RFC 8489 14.8, RFC 8656 19). */
const REASONS = {
  400: 'Bad Request',
  401: 'Unauthenticated',
  403: 'Forbidden',
  420: 'Unknown Attribute',
  437: 'Allocation Mismatch',
  438: 'Stale Nonce',
  440: 'Address Family not Supported',
  441: 'Wrong Credentials',
  442: 'Unsupported Transport Protocol',
  443: 'Peer Address Family Mismatch',
  486: 'Allocation Quota Reached',
  508: 'Insufficient Capacity',
} as const;

export type ErrorCode = keyof typeof REASONS;

/** A refusal of a request. */
export interface Refusal {
  readonly code: ErrorCode;
  /** What goes with that code. */
  readonly more?: readonly StunAttribute[];
}

/** What a request comes to: the attributes of a success response, or a refusal. */
export type Answer = readonly StunAttribute[] | Refusal;

export function isRefusal(answer: Answer): answer is Refusal {
  return 'code' in answer;
}

/** A 420 that lists the attributes (RFC 8489 6.3.1). */
export function unknownAttributes(types: readonly number[]): Refusal {
  return { code: 420, more: [{ name: 'UNKNOWN-ATTRIBUTES', types }] };
}

export function reasonOf(code: ErrorCode): string {
  return REASONS[code];
}

/** The bytes of the response (RFC 8489 6.3.1.1). */
export function serializeAnswer(
  request: StunMessage,
  answer: Answer,
  protection: StunProtection,
  also: readonly StunAttribute[] = [],
): Uint8Array {
  const { method, transactionId } = request;
  if (!isRefusal(answer)) {
    return serializeStun(
      { class: 'success', method, transactionId, attributes: [...answer, ...also] },
      protection,
    );
  }
  const { code, more = [] } = answer;
  const error: StunAttribute = { name: 'ERROR-CODE', code, reason: REASONS[code] };
  const attributes = [error, ...more, ...also];
  return serializeStun({ class: 'error', method, transactionId, attributes }, protection);
}
