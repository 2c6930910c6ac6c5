import {
  digestParams,
  parseCredentials,
  quote,
  type SipMessage,
  type SipRequest,
  type SipResponse,
  serializeCredentials,
} from '../../src/wire/sip/index.js';
import type { Authorisation } from './authorisation.js';

/**
 * Header fields that only the network may set: whatever a WIC puts there is removed before anything else is decided
 * (TS 24.229 4.4 trust domain; TS 33.203 P.3; 24371-6.4.1.1-03). Its Authorization is replaced altogether.
 */
export const NETWORK_ONLY_HEADERS = [
  'P-Asserted-Identity',
  'P-Charging-Vector',
  'P-Charging-Function-Addresses',
  'P-Visited-Network-ID',
  'P-Asserted-Service',
  'P-Profile-Key',
  'P-Served-User',
  'P-Private-Network-Indication',
  'P-User-Database',
  'Feature-Caps',
  'Path',
] as const;

/** Header fields that are nobody's business outside the core (TS 24.229 5.2.2, 5.2.6). */
const CORE_ONLY_HEADERS = [
  'P-Charging-Vector',
  'P-Charging-Function-Addresses',
  'P-Visited-Network-ID',
] as const;

/** What an eP-CSCF writes into a REGISTER. */
export interface RegisterParts {
  readonly authorisation: Authorisation;
  /** Home domain, the realm of the Digest header field. */
  readonly homeDomain: string;
  /** Name of this network. */
  readonly visitedNetwork: string;
  /** Own URI with the flow token, without brackets. */
  readonly path: string;
  readonly icid: string;
  /** Whether to name the WAF to the core (24371-6.4.2-06). */
  readonly nameWaf: boolean;
  /** Most seconds the registration may last (24371-6.4.2-14). */
  readonly maxExpiresS: number;
}

/**
 * Turns a WIC's REGISTER into the one for the core: the Bearer token gives way to a Digest header field that names the
 * private identity and says that authentication is done (24371-6.4.2-04, -05), and the P-CSCF's own header fields are
 * added (TS 24.229 5.2.2; 24371-6.4.1.1-04).
 */
export function toCoreRegister(request: SipRequest, parts: RegisterParts): void {
  const { headers } = request;
  removeNetworkOnly(request);
  // what a WIC writes beyond its Route to here must not lead a REGISTER anywhere (TS 24.229 5.2.2)
  headers.remove('Route');
  headers.set('Authorization', trustedNodeCredentials(parts));
  headers.prepend('Path', `<${parts.path}>`);
  headers.append('Require', 'path');
  headers.append('P-Visited-Network-ID', quote(parts.visitedNetwork));
  headers.append('P-Charging-Vector', chargingVector(parts.icid, parts.visitedNetwork));
  limitExpiry(request, parts.maxExpiresS);
}

/** Removes what a WIC may not assert (TS 24.229 4.4). */
export function removeNetworkOnly(request: SipRequest): void {
  for (const name of NETWORK_ONLY_HEADERS) if (request.headers.has(name)) request.headers.remove(name);
}

/**
 * Removes a WIC's credentials that are not for the core: the token (24371-6.4.2-05, 24371-7.4.1-04), and what only a trusted
 * node may say of authentication (24371-6.4.1.1-03). Digest credentials for somebody behind the core stay.
 */
export function removeCredentials(request: SipRequest): void {
  const { headers } = request;
  const values = headers.all('Authorization');
  const kept = values.filter(isOwnDigest);
  if (kept.length === values.length) return;
  headers.remove('Authorization');
  for (const value of kept) headers.append('Authorization', value);
}

function isOwnDigest(value: string): boolean {
  const read = parseCredentials(value);
  if (!read.ok || read.value.scheme.toLowerCase() !== 'digest') return false;
  return !/integrity-protected|authorization-entity/i.test(value);
}

/** `icid-value` and a type 1 originating network (TS 24.229 7.2A.5A). */
export function chargingVector(icid: string, network: string): string {
  return `icid-value=${quote(icid)};orig-ioi=${quote(`Type 1${network}`)}`;
}

function trustedNodeCredentials({ authorisation, homeDomain, nameWaf }: RegisterParts): string {
  const values = {
    username: authorisation.impi,
    realm: homeDomain,
    nonce: '',
    uri: `sip:${homeDomain}`,
    response: '',
    'integrity-protected': 'auth-done',
    'authorization-entity': nameWaf ? authorisation.waf : undefined,
  };
  return serializeCredentials({ scheme: 'Digest', params: digestParams(values, 'credentials') });
}

/** Lowers every expiry in the request to `maxS` seconds; zero stays zero. */
function limitExpiry(request: SipRequest, maxS: number): void {
  const { headers } = request;
  const expires = request.expires();
  if (expires === undefined || expires > maxS) headers.set('Expires', String(maxS));
  const contact = headers.get('contact');
  const wanted = contact === undefined ? null : /;expires=(\d+)/i.exec(contact);
  if (contact !== undefined && wanted !== null && Number(wanted[1]) > maxS) {
    headers.set('Contact', contact.replace(/;expires=\d+/i, `;expires=${maxS}`));
  }
}

/** Takes out of a message from the core what the access side may not see. */
export function removeCoreOnly<M extends SipMessage>(message: M): M {
  for (const name of CORE_ONLY_HEADERS) if (message.headers.has(name)) message.headers.remove(name);
  return message;
}

/** The expiry in seconds that a 200 grants to a contact; 0 when the contact is not among the bindings. */
export function grantedExpiryS(response: SipResponse, contactUri: string): number {
  for (const contact of response.contacts()) {
    if (contact.uri !== contactUri) continue;
    return Number(contact.params.get('expires') ?? response.expires() ?? 0);
  }
  return 0;
}
