import { checkIdentities, type Decision, type Party, type Standing } from './decision.js';
import type { Subscription } from './subscription.js';

/** A UAR. */
export interface UserAuthorization {
  readonly type: 'REGISTRATION' | 'DE_REGISTRATION' | 'REGISTRATION_AND_CAPABILITIES';
  readonly visitedNetwork: string;
  /** UAR-Flags bit 0. */
  readonly emergency: boolean;
}

/** Decides about a UAR: checks in order, the first that fails wins (TS 29.228 6.1.1.1). */
export function authorizeUser(request: UserAuthorization, party: Party, standing: Standing): Decision {
  const checked = checkIdentities(party);
  if ('result' in checked) return checked;
  const { type, emergency } = request;
  if (!emergency && checked.impus.every(({ barred }) => barred === true)) {
    return { result: 'DIAMETER_AUTHORIZATION_REJECTED' };
  }
  if (type !== 'DE_REGISTRATION' && !emergency) {
    const { visitedNetworks, mayRegister } = checked;
    if (visitedNetworks !== undefined && !visitedNetworks.includes(request.visitedNetwork)) {
      return { result: 'DIAMETER_ERROR_ROAMING_NOT_ALLOWED' };
    }
    if (mayRegister === false) return { result: 'DIAMETER_AUTHORIZATION_REJECTED' };
  }
  if (type === 'REGISTRATION_AND_CAPABILITIES') return reassign(checked, standing);
  return byState(type, checked, standing);
}

function reassign({ capabilities = {} }: Subscription, { serverName }: Standing): Decision {
  const event = { type: 'reassignment asked' } as const;
  if (serverName === undefined) return { result: 'DIAMETER_FIRST_REGISTRATION', capabilities, event };
  return { result: 'DIAMETER_SUBSEQUENT_REGISTRATION', serverName, capabilities, event };
}

function byState(
  type: 'REGISTRATION' | 'DE_REGISTRATION',
  { capabilities = {} }: Subscription,
  { state, authenticationPending, serverName }: Standing,
): Decision {
  const leaving = type === 'DE_REGISTRATION';
  if (state !== 'notRegistered' && serverName !== undefined) {
    return { result: leaving ? 'DIAMETER_SUCCESS' : 'DIAMETER_SUBSEQUENT_REGISTRATION', serverName };
  }
  if (leaving) return { result: 'DIAMETER_ERROR_IDENTITY_NOT_REGISTERED' };
  if (authenticationPending && serverName !== undefined) {
    return { result: 'DIAMETER_SUBSEQUENT_REGISTRATION', serverName };
  }
  return { result: 'DIAMETER_FIRST_REGISTRATION', capabilities };
}
