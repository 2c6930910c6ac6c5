import {
  type Credentials,
  Params,
  parseCredentials,
  quote,
  type SipMessage,
  type SipRequest,
  type SipResponse,
  serializeChargingVector,
  serializeCredentials,
} from '../../src/wire/sip/index.js';

/** Header fields that only the network may set: a UE's are removed (TS 24.229 4.4). */
const NETWORK_ONLY_HEADERS = [
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

/** Header fields that a UE does not get to see (TS 24.229 5.2.2, 5.2.6). */
const CORE_ONLY_HEADERS = [
  'P-Charging-Vector',
  'P-Charging-Function-Addresses',
  'P-Visited-Network-ID',
] as const;

/** What a P-CSCF writes into a REGISTER. */
export interface RegisterParts {
  /** Value of `integrity-protected`; `undefined`: none. */
  readonly integrity: string | undefined;
  /** Own URI with the token of the registration, without brackets. */
  readonly path: string;
  /** Name of this network. */
  readonly network: string;
  readonly icid: string;
}

/** Turns the REGISTER of a UE into the one for the core (TS 24.229 5.2.2.1). */
export function toCoreRegister(request: SipRequest, { integrity, path, network, icid }: RegisterParts): void {
  const { headers } = request;
  removeNetworkOnly(request);
  const credentials = digestCredentials(request);
  if (credentials !== undefined) {
    let params = withoutNetworkParams(credentials.params);
    if (integrity !== undefined) params = params.withQuoted('integrity-protected', integrity);
    headers.set('Authorization', serializeCredentials({ ...credentials, params }));
  }
  headers.prepend('Path', `<${path}>`);
  headers.append('Require', 'path');
  headers.append('P-Visited-Network-ID', quote(network));
  headers.append('P-Charging-Vector', chargingVector(icid, network));
}

/**
 * `integrity-protected` of a UE without IPsec and TLS (TS 24.229 7.2A.2, 5.2.2.4).
 *
 * @param associated whether the REGISTER comes from the address of a UE that is registered with this private identity
 */
export function ipAssociation(request: SipRequest, associated: boolean): string | undefined {
  const response = digestCredentials(request)?.params.get('response') ?? '';
  if (associated) return 'ip-assoc-yes';
  return response === '' ? undefined : 'ip-assoc-pending';
}

/** The private identity of a REGISTER; without credentials, the public one without its scheme. */
export function privateIdentity(request: SipRequest): string {
  const username = digestCredentials(request)?.params.get('username') ?? '';
  if (username !== '') return username;
  const uri = request.to()?.uri ?? '';
  const [bare = ''] = uri.slice(uri.indexOf(':') + 1).split(/[;?]/);
  return bare;
}

/** Removes what a UE may not assert (TS 24.229 4.4). */
export function removeNetworkOnly({ headers }: SipMessage): void {
  for (const name of NETWORK_ONLY_HEADERS) if (headers.has(name)) headers.remove(name);
}

/** Takes out of a message from the core what the UE may not see. */
export function removeCoreOnly<M extends SipMessage>(message: M): M {
  const { headers } = message;
  for (const name of CORE_ONLY_HEADERS) if (headers.has(name)) headers.remove(name);
  // RFC 3325 7: who asked for privacy is not told about outside the trust domain
  const privacy = headers.get('privacy')?.toLowerCase().split(';') ?? [];
  if (privacy.some((value) => value.trim() === 'id')) headers.remove('P-Asserted-Identity');
  return message;
}

/** A new P-Charging-Vector with a type 1 originating network (TS 24.229 7.2A.5A). */
export function chargingVector(icid: string, network: string): string {
  return serializeChargingVector({ icid, origIoi: `Type 1${network}`, others: Params.none });
}

/** The expiry in seconds that a 200 grants to a contact; 0 when it is not among the bindings. */
export function grantedExpiryS(response: SipResponse, contactUri: string): number {
  for (const { uri, params } of response.contacts()) {
    if (uri === contactUri) return Number(params.get('expires') ?? response.expires() ?? 0);
  }
  return 0;
}

function digestCredentials(request: SipRequest): Credentials | undefined {
  const value = request.headers.get('authorization');
  const credentials = value === undefined ? undefined : parseCredentials(value);
  return credentials?.ok && credentials.value.scheme.toLowerCase() === 'digest'
    ? credentials.value
    : undefined;
}

/** TS 33.203 P.3: whatever a UE says about its own protection is removed. */
function withoutNetworkParams(params: Params): Params {
  return params.without('integrity-protected').without('authorization-entity');
}
