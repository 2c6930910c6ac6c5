import { type Avp, makeAvp, VENDOR_3GPP, VENDOR_ETSI } from '../../wire/diameter/index.js';

/** An application of a vendor, which a node offers to its peers (RFC 6733 5.3, 6.11). */
export interface DiameterApplication {
  readonly vendorId: number;
  readonly authApplicationId: number;
}

/** What a node says of itself: AVPs that occur in many messages, made once. */
export class LocalIdentity {
  readonly host: string;
  readonly realm: string;
  readonly originHost: Avp;
  readonly originRealm: Avp;
  readonly #productName: string;
  readonly #applications: readonly DiameterApplication[];
  readonly #common: ReadonlyMap<number, readonly Avp[]>;

  constructor(
    host: string,
    realm: string,
    productName: string,
    applications: readonly DiameterApplication[],
  ) {
    this.host = host;
    this.realm = realm;
    this.originHost = makeAvp('Origin-Host', host);
    this.originRealm = makeAvp('Origin-Realm', realm);
    this.#productName = productName;
    this.#applications = applications;
    // TS 29.229 5.3: no state is maintained, so no session has to be ended.
    const stateless = makeAvp('Auth-Session-State', 'NO_STATE_MAINTAINED');
    this.#common = new Map(
      applications.map((one) => [one.authApplicationId, [vendorSpecific(one), stateless]] as const),
    );
  }

  /** Vendor-Specific-Application-Id and Auth-Session-State of an application's messages; `undefined` when it is not offered. */
  common(applicationId: number): readonly Avp[] | undefined {
    return this.#common.get(applicationId);
  }

  /** Whether one of these Application-Ids is offered here; a relay has all of them (RFC 6733 2.4, 5.3). */
  shares(applications: ReadonlySet<number>): boolean {
    if (applications.has(RELAY_APPLICATION)) return true;
    return this.#applications.some(({ authApplicationId }) => applications.has(authApplicationId));
  }

  /** The AVPs of CER, and of CEA behind the result (RFC 6733 5.3.1, TS 29.229 5.6). */
  capabilities(address: string): Avp[] {
    const vendors = new Set(this.#applications.map(({ vendorId }) => vendorId).filter((id) => id !== 0));
    if (vendors.has(VENDOR_3GPP)) vendors.add(VENDOR_ETSI);
    return [
      this.originHost,
      this.originRealm,
      makeAvp('Host-IP-Address', address),
      // 0: to be ignored (RFC 6733 5.3.3).
      makeAvp('Vendor-Id', 0),
      makeAvp('Product-Name', this.#productName),
      ...[...vendors].map((id) => makeAvp('Supported-Vendor-Id', id)),
      ...this.#applications.map(vendorSpecific),
    ];
  }
}

/** Application-Id of relays (RFC 6733 2.4). */
export const RELAY_APPLICATION = 0xffff_ffff;

function vendorSpecific({ vendorId, authApplicationId }: DiameterApplication): Avp {
  return makeAvp('Vendor-Specific-Application-Id', [
    makeAvp('Vendor-Id', vendorId),
    makeAvp('Auth-Application-Id', authApplicationId),
  ]);
}

/** A Diameter identity in the form in which it is compared: case does not matter (RFC 6733 4.3.1, RFC 4343). */
export function identityKey(identity: string): string {
  return identity.toLowerCase();
}

/** Whether two Diameter identities or realms are the same. */
export function sameIdentity(a: string, b: string): boolean {
  return identityKey(a) === identityKey(b);
}
