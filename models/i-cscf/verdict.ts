import { type DiameterOutcome, resultOf } from '../../src/stack/diameter/index.js';
import { avpValue, avpValues, type DiameterMessage } from '../../src/wire/diameter/index.js';
import { type AvailableServer, selectServer } from './server-selection.js';

/** What becomes of a request after the HSS was asked: where it goes, or how it is refused. */
export type Verdict = { readonly serverName: string } | { readonly status: number };

/** No S-CSCF has what the user needs (TS 24.229 5.3.1.3). */
const NO_SERVER: Verdict = { status: 600 };

/** What a UAA, or its absence, means for a REGISTER (TS 24.229 5.3.1.2). */
export function registrationVerdict(
  { answer }: DiameterOutcome,
  servers: readonly AvailableServer[],
): Verdict {
  if (answer === undefined) return { status: 480 };
  switch (resultOf(answer).name) {
    case 'DIAMETER_FIRST_REGISTRATION':
    case 'DIAMETER_SUBSEQUENT_REGISTRATION':
    case 'DIAMETER_SUCCESS':
      return serverIn(answer, servers) ?? NO_SERVER;
    case 'DIAMETER_ERROR_USER_UNKNOWN':
    case 'DIAMETER_ERROR_IDENTITIES_DONT_MATCH':
    case 'DIAMETER_ERROR_IDENTITY_NOT_REGISTERED':
    case 'DIAMETER_ERROR_ROAMING_NOT_ALLOWED':
    case 'DIAMETER_AUTHORIZATION_REJECTED':
      return { status: 403 };
    default:
      return { status: 480 };
  }
}

/** What a LIA, or its absence, means for any other request (TS 24.229 5.3.2.1). */
export function locationVerdict({ answer }: DiameterOutcome, servers: readonly AvailableServer[]): Verdict {
  if (answer === undefined) return { status: 504 };
  switch (resultOf(answer).name) {
    case 'DIAMETER_SUCCESS':
    case 'DIAMETER_UNREGISTERED_SERVICE':
      return serverIn(answer, servers) ?? NO_SERVER;
    case 'DIAMETER_ERROR_USER_UNKNOWN':
      return { status: 404 };
    case 'DIAMETER_ERROR_IDENTITY_NOT_REGISTERED':
      return { status: 480 };
    default:
      return { status: 504 };
  }
}

function serverIn(answer: DiameterMessage, servers: readonly AvailableServer[]): Verdict | undefined {
  const assigned = avpValue(answer, 'Server-Name');
  if (assigned !== undefined) return { serverName: assigned };
  const wanted = avpValue(answer, 'Server-Capabilities') ?? [];
  const serverName = selectServer(servers, {
    mandatory: avpValues(wanted, 'Mandatory-Capability'),
    optional: avpValues(wanted, 'Optional-Capability'),
    names: avpValues(wanted, 'Server-Name'),
  });
  return serverName === undefined ? undefined : { serverName };
}
