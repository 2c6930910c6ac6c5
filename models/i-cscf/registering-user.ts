import {
  type Credentials,
  parseCredentials,
  parseVisitedNetworks,
  type SipRequest,
} from '../../src/wire/sip/index.js';
import { canonicalIdentity } from '../hss/subscription.js';

/** Whom a REGISTER is about. */
export interface RegisteringUser {
  readonly impi: string;
  readonly impu: string;
  /** The network it comes from, if it says so. */
  readonly visitedNetwork: string | undefined;
  /** Whether every contact is to go. */
  readonly leaving: boolean;
  /** Whether the sender says that it has authenticated the user (TS 33.203 U.1). */
  readonly authenticated: boolean;
}

/** Reads from a REGISTER whom it is about (TS 24.229 5.3.1.2). */
export function registeringUser(request: SipRequest): RegisteringUser {
  const impu = canonicalIdentity(request.to()?.uri ?? '');
  const credentials = digestCredentials(request);
  const username = credentials?.params.get('username') ?? '';
  const networks = parseVisitedNetworks(request.headers.list('p-visited-network-id'));
  return {
    // TS 24.229 5.3.1.2: without credentials the private identity is the public one without its scheme
    impi: username === '' ? impu.slice(impu.indexOf(':') + 1) : username,
    impu,
    visitedNetwork: networks.ok ? networks.value[0]?.name : undefined,
    leaving: isDeregistration(request),
    authenticated: credentials?.params.get('integrity-protected')?.toLowerCase() === 'auth-done',
  };
}

/** Whether a REGISTER takes all its contacts away: zero expiry in each of them, or as the default (RFC 3261 10.2.2). */
export function isDeregistration(request: SipRequest): boolean {
  const contacts = request.contacts();
  const usual = request.expires();
  return (
    contacts.length > 0 && contacts.every(({ params }) => Number(params.get('expires') ?? usual ?? 1) === 0)
  );
}

function digestCredentials(request: SipRequest): Credentials | undefined {
  const value = request.headers.get('authorization');
  if (value === undefined) return undefined;
  const credentials = parseCredentials(value);
  return credentials.ok && credentials.value.scheme.toLowerCase() === 'digest'
    ? credentials.value
    : undefined;
}
