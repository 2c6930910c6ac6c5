/** A public user identity of a subscription. */
export interface PublicIdentity {
  /** `sip:` or `tel:` URI without parameters, as it stands in Public-Identity. */
  readonly uri: string;
  /** Refused for everything but REGISTER (TS 29.228 annex B). */
  readonly barred?: boolean;
  readonly displayName?: string;
}

/** What an S-CSCF has to be able to do, in numbers that the operator assigns (TS 29.228 6.7). */
export interface ServerCapabilities {
  readonly mandatory?: readonly number[];
  readonly optional?: readonly number[];
  /** S-CSCFs to prefer, as SIP URIs. */
  readonly names?: readonly string[];
}

/** What the HSS knows of a user. All identities form one implicit registration set (TS 23.228 5.2.1a). */
export interface Subscription {
  readonly impi: string;
  /** At least one; the first that is not barred is the default one. */
  readonly impus: readonly PublicIdentity[];
  /** For SIP Digest; absent: the scheme is not available to the user. */
  readonly digest?: { readonly password: string; readonly algorithm?: 'MD5' | 'SHA-256' };
  /** Names of WAFs that may authorise the user; absent with {@link allowedWwsfs}: none are provisioned (24371-6.4.2-10). */
  readonly allowedWafs?: readonly string[];
  /** Names of WWSFs that may serve the user. */
  readonly allowedWwsfs?: readonly string[];
  readonly capabilities?: ServerCapabilities;
  /** Networks from which the user may register; absent: all. */
  readonly visitedNetworks?: readonly string[];
  /** Default true; otherwise DIAMETER_AUTHORIZATION_REJECTED. */
  readonly mayRegister?: boolean;
  /** Whether there are services for the user while not registered. Default false. */
  readonly unregisteredServices?: boolean;
}

/**
 * A public identity as it is compared: no parameters, headers or password of a SIP URI, its scheme and host in lower case;
 * no visual separators in a tel URI (TS 29.228 6.1: the canonical form of TS 23.003 13.4).
 */
export function canonicalIdentity(uri: string): string {
  const colon = uri.indexOf(':');
  const scheme = uri.slice(0, colon).toLowerCase();
  let end = uri.search(/[;?]/);
  if (end < 0) end = uri.length;
  const rest = uri.slice(colon + 1, end);
  if (scheme === 'tel') return `tel:${rest.replace(/[-.()]/g, '')}`;
  const at = rest.lastIndexOf('@');
  return `${scheme}:${rest.slice(0, at + 1)}${rest.slice(at + 1).toLowerCase()}`;
}
