import type { SipRequest } from '../../wire/sip/index.js';

/** A response that a request is owed before anyone looks at what it wants. */
export interface Refusal {
  readonly status: number;
  readonly headers: readonly (readonly [name: string, value: string])[];
}

/** Methods that IANA lists: RFC 3261, 2976/6086, 3262, 3265/6665, 3311, 3428, 3515, 3903. */
export const REGISTERED_METHODS: readonly string[] = [
  ...['ACK', 'BYE', 'CANCEL', 'INFO', 'INVITE', 'MESSAGE', 'NOTIFY', 'OPTIONS', 'PRACK', 'PUBLISH', 'REFER'],
  ...['REGISTER', 'SUBSCRIBE', 'UPDATE'],
];

/**
 * 405 with Allow for a method that is known but not allowed, 501 for an unknown one (RFC 3261 8.2.1, 21.4.6, 21.5.2).
 *
 * @param known methods that get 405. Default {@link REGISTERED_METHODS}
 */
export function refuseMethod(
  request: SipRequest,
  allowed: readonly string[],
  known: readonly string[] = REGISTERED_METHODS,
): Refusal | undefined {
  if (allowed.includes(request.method)) return undefined;
  const headers = [['Allow', allowed.join(', ')]] as const;
  return { status: known.includes(request.method) ? 405 : 501, headers };
}

/** 416 for a Request-URI of another scheme (RFC 3261 8.2.2.1, 16.3 step 2). Schemes in lower case. */
export function refuseScheme(request: SipRequest, schemes: readonly string[]): Refusal | undefined {
  const colon = request.uri.indexOf(':');
  if (schemes.includes(request.uri.slice(0, Math.max(0, colon)).toLowerCase())) return undefined;
  return { status: 416, headers: [] };
}

/**
 * 420 with Unsupported for option tags that are not understood (RFC 3261 8.2.2.3; for a proxy 16.3 step 5).
 *
 * @param field `Require` of a user agent, `Proxy-Require` of a proxy
 * @returns `undefined` also for ACK and CANCEL, whose Require is not looked at
 */
export function refuseOptions(
  request: SipRequest,
  supported: readonly string[],
  field: 'Require' | 'Proxy-Require' = 'Require',
): Refusal | undefined {
  if (request.method === 'ACK' || request.method === 'CANCEL') return undefined;
  const unknown = request.headers.list(field).filter((tag) => !supported.includes(tag.toLowerCase()));
  return unknown.length === 0 ? undefined : { status: 420, headers: [['Unsupported', unknown.join(', ')]] };
}
