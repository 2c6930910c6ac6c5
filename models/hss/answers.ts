import { digestHa1 } from '../../src/stack/sip-auth/index.js';
import { type Avp, makeAvp } from '../../src/wire/diameter/index.js';
import { SIP_DIGEST } from './multimedia-authentication.js';
import type { ServerCapabilities, Subscription } from './subscription.js';
import { userDataXml } from './user-data.js';

/** Server-Capabilities (TS 29.229 6.3.4). */
export function capabilitiesAvp({ mandatory = [], optional = [], names = [] }: ServerCapabilities): Avp {
  return makeAvp('Server-Capabilities', [
    ...mandatory.map((number) => makeAvp('Mandatory-Capability', number)),
    ...optional.map((number) => makeAvp('Optional-Capability', number)),
    ...names.map((name) => makeAvp('Server-Name', name)),
  ]);
}

/** The one SIP-Auth-Data-Item of SIP Digest, with HA1 in place of the password (TS 29.228 6.3.1, TS 29.229 6.3.13). */
export function digestAvps({ impi, digest }: Subscription, realm: string): Avp[] {
  if (digest === undefined) return [];
  const { password, algorithm = 'MD5' } = digest;
  const authenticate = makeAvp('SIP-Digest-Authenticate', [
    makeAvp('Digest-Realm', realm),
    makeAvp('Digest-Algorithm', algorithm),
    makeAvp('Digest-QoP', 'auth'),
    makeAvp('Digest-HA1', digestHa1(algorithm, impi, realm, password)),
  ]);
  const item = makeAvp('SIP-Auth-Data-Item', [
    makeAvp('SIP-Authentication-Scheme', SIP_DIGEST),
    authenticate,
  ]);
  return [makeAvp('SIP-Number-Auth-Items', 1), item];
}

/**
 * User-Data and, where they are provisioned, the names of WAFs and WWSFs (TS 29.228 6.6, TS 29.229 6.3.69; 24371-6.4.2-10).
 */
export function profileAvps(subscription: Subscription): Avp[] {
  const { allowedWafs, allowedWwsfs } = subscription;
  const userData = makeAvp('User-Data', userDataXml(subscription));
  if (allowedWafs === undefined && allowedWwsfs === undefined) return [userData];
  const names = [
    ...(allowedWafs ?? []).map((name) => makeAvp('WebRTC-Authentication-Function-Name', name)),
    ...(allowedWwsfs ?? []).map((name) => makeAvp('WebRTC-Web-Server-Function-Name', name)),
  ];
  return [userData, makeAvp('Allowed-WAF-WWSF-Identities', names)];
}
