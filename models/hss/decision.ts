import type { ResultName } from '../../src/wire/diameter/index.js';
import type { SubscriptionEvent } from './machine.js';
import type { ServerCapabilities, Subscription } from './subscription.js';

/** The registration state that a decision rests on. */
export interface Standing {
  readonly state: 'notRegistered' | 'registered' | 'unregistered';
  readonly authenticationPending: boolean;
  readonly reassignmentPending: boolean;
  /** The S-CSCF assigned, as SIP URI. */
  readonly serverName: string | undefined;
}

/** The subscriptions behind the identities of a request. */
export interface Party {
  /** By private identity. */
  readonly byImpi: Subscription | undefined;
  /** By public identity. */
  readonly byImpu: Subscription | undefined;
}

/** What a request is answered with, and what it does to the registration state. */
export interface Decision {
  readonly result: ResultName;
  readonly serverName?: string;
  readonly capabilities?: ServerCapabilities;
  /** Whether profile and allowed names go into the answer. */
  readonly profile?: boolean;
  readonly event?: SubscriptionEvent;
}

/** What a subscription is in before anything has happened. */
export const INITIAL: Standing = {
  state: 'notRegistered',
  authenticationPending: false,
  reassignmentPending: false,
  serverName: undefined,
};

/** Existence and association, the first checks of every procedure with both identities (TS 29.228 6.1.1.1, 6.1.2.1, 6.3.1). */
export function checkIdentities({ byImpi, byImpu }: Party): Subscription | Decision {
  if (byImpi === undefined || byImpu === undefined) return { result: 'DIAMETER_ERROR_USER_UNKNOWN' };
  if (byImpi.impi !== byImpu.impi) return { result: 'DIAMETER_ERROR_IDENTITIES_DONT_MATCH' };
  return byImpi;
}
