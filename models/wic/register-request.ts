import { fromUtf8, toUtf8 } from '../../src/crypto/index.js';
import {
  parseUri,
  quote,
  SipHeaders,
  SipRequest,
  type SipResponse,
  sameUri,
} from '../../src/wire/sip/index.js';
import type { WicPolicy } from './policy.js';

/** The communication service that a WIC offers, as a feature tag (TS 24.229 7.9, RFC 3840 9). */
export const ICSI_REF = '+g.3gpp.icsi-ref="urn%3Aurn-7%3A3gpp-service.ims.icsi.mmtel"';

/** The same as a service URN (RFC 6050 4.1). */
export const ICSI = 'urn:urn-7:3gpp-service.ims.icsi.mmtel';

/** What a REGISTER of a WIC is made of. */
export interface RegisterParts {
  readonly impi: string;
  readonly impu: string;
  readonly callId: string;
  readonly sequence: number;
  readonly contactUri: string;
  /** `urn:uuid:...` (RFC 5626 4.1). */
  readonly instance: string;
  /** Seconds, 0 to de-register. */
  readonly expiresS: number;
  readonly authorization: string;
}

/** What a registrar grants. */
export interface RegistrationGrant {
  /** Seconds. */
  readonly expiresS: number;
  readonly serviceRoute: readonly string[];
  /** Public user identities that are registered now, the default one first (RFC 7315 4.1, TS 24.229 5.1.1.2). */
  readonly identities: readonly string[];
  /** The public GRUU of this WIC (RFC 5627 4.2). */
  readonly pubGruu: string | undefined;
}

/** Authorization with the access token (24371-6.2.2-03). */
export function bearerAuthorization(token: string, profile: WicPolicy['bearerProfile']): string {
  // Table A.3.2-1 has it as a parameter, RFC 6750 2.1 and RFC 8898 2 as token68.
  return profile === 'rfc6750' ? `Bearer access_token=${quote(token)}` : `Bearer ${token}`;
}

/** The home domain: that of the private identity (TS 23.003 13.2, 13.3). */
export function homeDomain(impi: string): string {
  return impi.slice(impi.lastIndexOf('@') + 1);
}

/** A REGISTER without Via and From tag (24371-6.2.2, 24371-6A.2; TS 24.229 5.1.1.2, 5.1.1.6; RFC 7118 5, RFC 5626 4.2). */
export function makeRegister(parts: RegisterParts): SipRequest {
  const { impi, impu, callId, sequence, contactUri, instance, expiresS, authorization } = parts;
  const contact = `<${contactUri}>;reg-id=1;+sip.instance="<${instance}>";${ICSI_REF};expires=${expiresS}`;
  const headers = new SipHeaders([
    ['Max-Forwards', '70'],
    ['From', `<${impu}>`],
    ['To', `<${impu}>`],
    ['Call-ID', callId],
    ['CSeq', `${sequence} REGISTER`],
    ['Contact', contact],
    ['Authorization', authorization],
    ['Supported', 'path, outbound, gruu'],
  ]);
  if (expiresS === 0) headers.append('Expires', '0');
  return new SipRequest('REGISTER', `sip:${homeDomain(impi)}`, headers);
}

/**
 * Reads a 200 to REGISTER (RFC 3261 10.3 step 8, RFC 3608, RFC 7315 4.1, RFC 5627 4.2).
 *
 * @returns `undefined` when the contact is not among the bindings
 */
export function readRegistrationGrant(
  response: SipResponse,
  contactUri: string,
): RegistrationGrant | undefined {
  const own = parseUri(contactUri);
  const binding = response.contacts().find(({ uri }) => {
    const other = parseUri(uri);
    return own.ok && other.ok && sameUri(own.value, other.value);
  });
  const expiresS = Number(binding?.params.get('expires') ?? response.expires() ?? Number.NaN);
  if (binding === undefined || !(expiresS > 0)) return undefined;
  const serviceRoute = detached(response.headers.list('service-route'));
  const identities = detached(response.headers.list('p-associated-uri').map(uriOf));
  const gruu = binding.params.get('pub-gruu');
  return {
    expiresS,
    serviceRoute,
    identities,
    pubGruu: gruu === undefined ? undefined : detached([gruu])[0],
  };
}

function uriOf(address: string): string {
  const open = address.indexOf('<');
  return open < 0 ? address : address.slice(open + 1, address.indexOf('>', open));
}

/** Texts of their own: parts of a received message would keep all of it in memory. */
function detached(texts: readonly string[]): readonly string[] {
  return texts.map((text) => fromUtf8(toUtf8(text)) ?? text);
}
