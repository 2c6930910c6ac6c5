import { checkIdentities, type Decision, type Party, type Standing } from './decision.js';
import type { HssPolicy } from './policy.js';

/** Values of Server-Assignment-Type (TS 29.229 6.3.15). */
export type AssignmentType =
  | 'NO_ASSIGNMENT'
  | 'REGISTRATION'
  | 'RE_REGISTRATION'
  | 'UNREGISTERED_USER'
  | 'TIMEOUT_DEREGISTRATION'
  | 'USER_DEREGISTRATION'
  | 'TIMEOUT_DEREGISTRATION_STORE_SERVER_NAME'
  | 'USER_DEREGISTRATION_STORE_SERVER_NAME'
  | 'ADMINISTRATIVE_DEREGISTRATION'
  | 'AUTHENTICATION_FAILURE'
  | 'AUTHENTICATION_TIMEOUT'
  | 'DEREGISTRATION_TOO_MUCH_DATA';

/** A SAR. */
export interface ServerAssignment {
  /** `undefined`: a value that Cx does not have. */
  readonly type: AssignmentType | undefined;
  readonly serverName: string;
  /** How many Public-Identity AVPs there are. */
  readonly identities: number;
  readonly dataAvailable: boolean;
}

/** Decides about a SAR (TS 29.228 6.1.2.1). */
export function assignServer(
  request: ServerAssignment,
  party: Party,
  standing: Standing,
  policy: HssPolicy,
): Decision {
  const checked = checkIdentities(party);
  if ('result' in checked) return checked;
  const { type, serverName, identities } = request;
  const elsewhere = standing.serverName !== undefined && standing.serverName !== serverName;
  switch (type) {
    case 'NO_ASSIGNMENT':
      if (identities > 1) return { result: 'DIAMETER_AVP_OCCURS_TOO_MANY_TIMES' };
      if (standing.serverName !== serverName) return { result: 'DIAMETER_UNABLE_TO_COMPLY' };
      return download(request);
    case 'REGISTRATION':
    case 'RE_REGISTRATION':
      if (identities > 1) return { result: 'DIAMETER_AVP_OCCURS_TOO_MANY_TIMES' };
      if (elsewhere && !standing.reassignmentPending) {
        return { result: 'DIAMETER_ERROR_IDENTITY_ALREADY_REGISTERED', serverName: standing.serverName };
      }
      return { ...download(request), event: { type: 'registered', serverName } };
    case 'UNREGISTERED_USER':
      if (identities > 1) return { result: 'DIAMETER_AVP_OCCURS_TOO_MANY_TIMES' };
      if (elsewhere && !standing.reassignmentPending) {
        return { result: 'DIAMETER_ERROR_IDENTITY_ALREADY_REGISTERED', serverName: standing.serverName };
      }
      return { ...download(request), event: { type: 'served unregistered', serverName } };
    case 'TIMEOUT_DEREGISTRATION':
    case 'USER_DEREGISTRATION':
    case 'ADMINISTRATIVE_DEREGISTRATION':
    case 'DEREGISTRATION_TOO_MUCH_DATA':
      // a server that has lost the user to another one must not take it away from that one
      if (elsewhere) return { result: 'DIAMETER_UNABLE_TO_COMPLY' };
      return { result: 'DIAMETER_SUCCESS', event: { type: 'deregistered' } };
    case 'TIMEOUT_DEREGISTRATION_STORE_SERVER_NAME':
    case 'USER_DEREGISTRATION_STORE_SERVER_NAME':
      if (elsewhere) return { result: 'DIAMETER_UNABLE_TO_COMPLY' };
      return policy.storeServerName === 'keep'
        ? { result: 'DIAMETER_SUCCESS', event: { type: 'deregistered, server name kept' } }
        : { result: 'DIAMETER_SUCCESS_SERVER_NAME_NOT_STORED', event: { type: 'deregistered' } };
    case 'AUTHENTICATION_FAILURE':
    case 'AUTHENTICATION_TIMEOUT':
      return { result: 'DIAMETER_SUCCESS', event: { type: 'authentication failed' } };
    case undefined:
      return { result: 'DIAMETER_ERROR_IN_ASSIGNMENT_TYPE' };
  }
}

/** The download rule (TS 29.228 6.6). */
function download({ dataAvailable }: ServerAssignment): Decision {
  return { result: 'DIAMETER_SUCCESS', profile: !dataAvailable };
}
