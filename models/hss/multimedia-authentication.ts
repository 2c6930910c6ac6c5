import { checkIdentities, type Decision, type Party } from './decision.js';

/** A MAR. */
export interface MultimediaAuthentication {
  /** SIP-Authentication-Scheme (TS 29.229 6.3.9). */
  readonly scheme: string;
  readonly serverName: string;
}

/** The one scheme for which there are credentials here. */
export const SIP_DIGEST = 'SIP Digest';

/** Scheme of a MAR whose sender leaves the choice between SIP Digest and NASS-bundled to the HSS. */
const UNKNOWN_SCHEME = 'Unknown';

/** Decides about a MAR (TS 29.228 6.3.1). */
export function authenticateUser(request: MultimediaAuthentication, party: Party): Decision {
  const checked = checkIdentities(party);
  if ('result' in checked) return checked;
  const { scheme, serverName } = request;
  const available = checked.digest !== undefined && (scheme === SIP_DIGEST || scheme === UNKNOWN_SCHEME);
  if (!available) return { result: 'DIAMETER_ERROR_AUTH_SCHEME_NOT_SUPPORTED' };
  return { result: 'DIAMETER_SUCCESS', event: { type: 'authentication requested', serverName } };
}
