import type { ServerTransaction } from '../../src/stack/sip/index.js';
import { type DigestClaim, digestClaim } from '../../src/stack/sip-auth/index.js';
import {
  type Credentials,
  type NameAddr,
  parseCredentials,
  parseNameAddr,
  type SipRequest,
} from '../../src/wire/sip/index.js';
import { canonicalIdentity } from '../hss/index.js';

/** A contact of a REGISTER. */
export interface WantedContact {
  readonly address: NameAddr;
  /** Seconds asked for; `undefined`: as the registrar likes. */
  readonly expiresS: number | undefined;
}

/** A REGISTER as the registrar looks at it. */
export interface Register {
  readonly transaction: ServerTransaction;
  readonly request: SipRequest;
  readonly impi: string;
  /** Canonical. */
  readonly impu: string;
  /** Value of `integrity-protected` (TS 24.229 7.2A.2); `undefined`: not there. */
  readonly integrity: string | undefined;
  /** Value of `algorithm` in the credentials. */
  readonly algorithm: string | undefined;
  /** The response to a challenge, if there is one. */
  readonly claim: DigestClaim | undefined;
  /** Who has authorised the user (24371-6.4.2-06). */
  readonly entity: string | undefined;
  readonly contacts: readonly WantedContact[];
  /** `Contact: *`: every contact is to go (RFC 3261 10.2.2). */
  readonly all: boolean;
  /** Path URIs, the nearest proxy first (RFC 3327). */
  readonly path: readonly string[];
  /** Option tags in Supported, in lower case. */
  readonly supported: readonly string[];
}

/** Reads a REGISTER; `undefined` when it is not understood and 400 is owed. */
export function readRegister(transaction: ServerTransaction): Register | undefined {
  const { request } = transaction;
  const { headers } = request;
  const to = request.to();
  const contacts = request.contacts();
  const usual = request.expires();
  if (to === undefined || (contacts.length === 0 && headers.has('contact'))) return undefined;
  const all = contacts.some(({ uri }) => uri === '*');
  // RFC 3261 10.3 step 6
  if (all && (contacts.length > 1 || usual !== 0)) return undefined;
  const path: string[] = [];
  for (const element of headers.list('path')) {
    const address = parseNameAddr(element);
    if (!address.ok) return undefined;
    path.push(address.value.uri);
  }
  const impu = canonicalIdentity(to.uri);
  const credentials = digestCredentials(request);
  const params = credentials?.params;
  const username = params?.get('username') ?? '';
  return {
    transaction,
    request,
    impi: username === '' ? impu.slice(impu.indexOf(':') + 1) : username,
    impu,
    integrity: params?.get('integrity-protected')?.toLowerCase(),
    algorithm: params?.get('algorithm'),
    claim: credentials === undefined ? undefined : digestClaim(credentials),
    entity: params?.get('authorization-entity'),
    contacts: all ? [] : contacts.map((address) => ({ address, expiresS: expiresOf(address, usual) })),
    all,
    path,
    supported: headers.list('supported').map((tag) => tag.toLowerCase()),
  };
}

/** Whether a REGISTER takes away every contact that it names. */
export function isDeregistration({ all, contacts }: Register): boolean {
  return all || (contacts.length > 0 && contacts.every(({ expiresS }) => expiresS === 0));
}

/** Whether outbound is asked for: a flow of its own for the contact (RFC 5626 6). */
export function asksOutbound({ contacts, supported }: Register): boolean {
  if (!supported.includes('outbound')) return false;
  return contacts.some(({ address }) => address.params.has('reg-id') && address.params.has('+sip.instance'));
}

/**
 * Whether the first hop offers outbound. The URI that the edge proxy has put into Path is the last one: each proxy puts its
 * own on top (RFC 3327 5.1, RFC 5626 6).
 */
export function offersOutbound({ path }: Register): boolean {
  const edge = path.at(-1);
  return edge !== undefined && /;ob(?:[;?]|$)/.test(edge);
}

function expiresOf({ params }: NameAddr, usual: number | undefined): number | undefined {
  const own = params.get('expires');
  // RFC 3261 10.3 step 6: what is malformed counts as 3600
  if (own !== undefined) return /^\d{1,10}$/.test(own) ? Math.min(Number(own), 0xffffffff) : 3600;
  return usual;
}

function digestCredentials(request: SipRequest): Credentials | undefined {
  const value = request.headers.get('authorization');
  if (value === undefined) return undefined;
  const credentials = parseCredentials(value);
  return credentials.ok && credentials.value.scheme.toLowerCase() === 'digest'
    ? credentials.value
    : undefined;
}
