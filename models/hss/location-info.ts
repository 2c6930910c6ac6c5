import type { Decision, Standing } from './decision.js';
import type { Subscription } from './subscription.js';

/** A LIR. */
export interface LocationInfo {
  /** Originating-Request: services on behalf of a user who is not registered. */
  readonly originating: boolean;
}

/** Decides about a LIR (TS 29.228 6.1.4.1). */
export function locateUser(
  { originating }: LocationInfo,
  subscription: Subscription | undefined,
  { state, serverName }: Standing,
): Decision {
  if (subscription === undefined) return { result: 'DIAMETER_ERROR_USER_UNKNOWN' };
  if (state !== 'notRegistered' && serverName !== undefined)
    return { result: 'DIAMETER_SUCCESS', serverName };
  const { unregisteredServices = false, capabilities = {} } = subscription;
  if (!unregisteredServices && !originating) return { result: 'DIAMETER_ERROR_IDENTITY_NOT_REGISTERED' };
  return serverName === undefined
    ? { result: 'DIAMETER_UNREGISTERED_SERVICE', capabilities }
    : { result: 'DIAMETER_UNREGISTERED_SERVICE', serverName };
}
