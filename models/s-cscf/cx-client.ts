import type { Host } from '../../src/network/index.js';
import { DiameterNode, resultOf } from '../../src/stack/diameter/index.js';
import type { DigestAlgorithm } from '../../src/stack/sip-auth/index.js';
import { digestAlgorithm } from '../../src/stack/sip-auth/index.js';
import { avpValue, type DiameterMessage, makeAvp } from '../../src/wire/diameter/index.js';
import type { AssignmentType } from '../hss/index.js';
import { profileOf, type ServiceProfile } from './profile.js';

/** Credentials of SIP Digest as the HSS hands them out (TS 29.228 6.3.1). */
export interface DigestCredentials {
  readonly realm: string;
  readonly algorithm: DigestAlgorithm;
  readonly ha1: string;
}

/** The user a request of Cx is about. */
export interface CxUser {
  readonly impi: string;
  readonly impu: string;
}

/** How a request of Cx failed, as the status that a REGISTER is answered with. */
export interface CxFailure {
  readonly status: number;
}

/** Results that mean that this user, or this S-CSCF for this user, is not wanted (TS 29.228 6.1.2, 6.3). */
const FORBIDDEN = new Set([
  'DIAMETER_ERROR_USER_UNKNOWN',
  'DIAMETER_ERROR_IDENTITIES_DONT_MATCH',
  'DIAMETER_ERROR_IDENTITY_ALREADY_REGISTERED',
  'DIAMETER_ERROR_AUTH_SCHEME_NOT_SUPPORTED',
  'DIAMETER_AUTHORIZATION_REJECTED',
]);

/** The S-CSCF's side of Cx: MAR and SAR (TS 29.228 6.1.2, 6.3). */
export class CxClient {
  readonly #node: DiameterNode;
  readonly #hss: { readonly host: string; readonly realm: string };
  readonly #serverName: string;

  /** @param serverName SIP URI by which the HSS and the I-CSCF know this S-CSCF */
  constructor(
    host: Host,
    options: {
      readonly realm: string;
      readonly homeDomain: string;
      readonly hss: string;
      readonly serverName: string;
    },
  ) {
    const { realm, homeDomain, hss, serverName } = options;
    this.#node = new DiameterNode(host, {
      realm,
      originHost: host.domain ?? host.name,
      originRealm: homeDomain,
    });
    this.#hss = { host: hss, realm: homeDomain };
    this.#serverName = serverName;
  }

  get pendingRequests(): number {
    return this.#node.pendingRequests;
  }

  close(): void {
    this.#node.close();
  }

  /**
   * Asks for credentials (MAR).
   *
   * @param scheme SIP-Authentication-Scheme (TS 29.229 6.3.9)
   */
  authenticate(user: CxUser, scheme: string, done: (result: DigestCredentials | CxFailure) => void): void {
    const avps = [
      makeAvp('User-Name', user.impi),
      makeAvp('Public-Identity', user.impu),
      makeAvp('SIP-Number-Auth-Items', 1),
      makeAvp('SIP-Auth-Data-Item', [makeAvp('SIP-Authentication-Scheme', scheme)]),
      makeAvp('Server-Name', this.#serverName),
    ];
    this.#node.request(this.#hss, 'MAR', avps, ({ answer }) => {
      const failure = failureOf(answer);
      done(failure ?? credentialsIn(answer as DiameterMessage) ?? { status: 500 });
    });
  }

  /**
   * Tells the HSS what has become of a user (SAR).
   *
   * @param dataAvailable whether the profile is here already, so that it is not asked for
   */
  assign(
    user: CxUser,
    type: AssignmentType,
    dataAvailable: boolean,
    done: (result: { readonly profile: ServiceProfile | undefined } | CxFailure) => void,
  ): void {
    const avps = [
      makeAvp('User-Name', user.impi),
      makeAvp('Public-Identity', user.impu),
      makeAvp('Server-Name', this.#serverName),
      makeAvp('Server-Assignment-Type', type),
      makeAvp(
        'User-Data-Already-Available',
        dataAvailable ? 'USER_DATA_ALREADY_AVAILABLE' : 'USER_DATA_NOT_AVAILABLE',
      ),
    ];
    this.#node.request(this.#hss, 'SAR', avps, ({ answer }) => {
      const failure = failureOf(answer);
      if (failure !== undefined) done(failure);
      else done({ profile: dataAvailable ? undefined : profileOf(answer as DiameterMessage) });
    });
  }
}

function failureOf(answer: DiameterMessage | undefined): CxFailure | undefined {
  if (answer === undefined) return { status: 504 };
  const { name, code } = resultOf(answer);
  if (code >= 2000 && code < 3000) return undefined;
  return { status: FORBIDDEN.has(name) ? 403 : 500 };
}

function credentialsIn(answer: DiameterMessage): DigestCredentials | undefined {
  const item = avpValue(answer, 'SIP-Auth-Data-Item') ?? [];
  const digest = avpValue(item, 'SIP-Digest-Authenticate') ?? [];
  const ha1 = avpValue(digest, 'Digest-HA1');
  const algorithm = digestAlgorithm(avpValue(digest, 'Digest-Algorithm'));
  if (ha1 === undefined || algorithm === undefined) return undefined;
  return { realm: avpValue(digest, 'Digest-Realm') ?? '', algorithm, ha1 };
}
