import {
  avp,
  avps,
  avpText,
  avpValue,
  type DiameterMessage,
  enumeratedName,
} from '../../src/wire/diameter/index.js';
import type { LocationInfo } from './location-info.js';
import type { MultimediaAuthentication } from './multimedia-authentication.js';
import type { AssignmentType, ServerAssignment } from './server-assignment.js';
import type { UserAuthorization } from './user-authorization.js';

/** What the decisions need of a UAR; an absent type means REGISTRATION (TS 29.229 6.3.24). */
export function readUserAuthorization(request: DiameterMessage): UserAuthorization {
  const type = avp(request, 'User-Authorization-Type');
  return {
    type: ((type && enumeratedName(type)) ?? 'REGISTRATION') as UserAuthorization['type'],
    visitedNetwork: avpText(request, 'Visited-Network-Identifier') ?? '',
    emergency: ((avpValue(request, 'UAR-Flags') ?? 0) & 1) === 1,
  };
}

/** What the decisions need of a MAR. */
export function readMultimediaAuthentication(request: DiameterMessage): MultimediaAuthentication {
  const item = avpValue(request, 'SIP-Auth-Data-Item') ?? [];
  return {
    scheme: avpValue(item, 'SIP-Authentication-Scheme') ?? '',
    serverName: avpValue(request, 'Server-Name') ?? '',
  };
}

/** Values of Server-Assignment-Type that stand in the dictionary but belong to SWx (TS 29.229 6.3.15). */
const OF_SWX = new Set(['AAA_USER_DATA_REQUEST', 'PGW_UPDATE', 'RESTORATION']);

/** What the decisions need of a SAR. */
export function readServerAssignment(request: DiameterMessage): ServerAssignment {
  const type = avp(request, 'Server-Assignment-Type');
  const name = type && enumeratedName(type);
  return {
    type: name === undefined || OF_SWX.has(name) ? undefined : (name as AssignmentType),
    serverName: avpValue(request, 'Server-Name') ?? '',
    identities: avps(request, 'Public-Identity').length,
    // 0 is USER_DATA_NOT_AVAILABLE
    dataAvailable: avpValue(request, 'User-Data-Already-Available') !== 0,
  };
}

/** What the decisions need of a LIR. */
export function readLocationInfo(request: DiameterMessage): LocationInfo {
  return { originating: avp(request, 'Originating-Request') !== undefined };
}
