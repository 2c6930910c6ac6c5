/** How a directed link treats packets. Rates and probabilities of 0 switch the effect off. */
export interface LinkProfile {
  /** One-way delay in microseconds. */
  readonly latencyUs: number;
  /** Most that is added to the delay of a packet, in microseconds; packets keep their order. */
  readonly jitterUs: number;
  /** Probability that a packet is lost, 0 to 1. */
  readonly loss: number;
  /** Probability that a packet arrives twice, 0 to 1. */
  readonly duplication: number;
  /** Probability that a packet is overtaken by the next one, 0 to 1. */
  readonly reordering: number;
  /** Probability that a byte of a packet changes, 0 to 1; TCP drops such a segment (RFC 9293 3.1, checksum). */
  readonly corruption: number;
  /** Largest IP packet in bytes. */
  readonly mtu: number;
  /** Bits a second, 0 for unlimited. */
  readonly bandwidthBps: number;
  /** Bytes that may wait for transmission when the bandwidth is limited; what comes on top is dropped. */
  readonly queueBytes: number;
}

const GENERIC: LinkProfile = {
  latencyUs: 5_000,
  jitterUs: 0,
  loss: 0,
  duplication: 0,
  reordering: 0,
  corruption: 0,
  mtu: 1500,
  bandwidthBps: 0,
  queueBytes: 262_144,
};

/** Delays that suit a realm by its name. */
const BY_REALM: Readonly<Record<string, Partial<LinkProfile>>> = {
  access: { latencyUs: 20_000 },
  core: { latencyUs: 2_000 },
};

/** From a host to itself: fast, and without faults. */
const LOOPBACK: LinkProfile = { ...GENERIC, latencyUs: 10, mtu: 65_535 };

/**
 * The profile of a link: what suits its realm, then what the realm's and the link's own settings change.
 *
 * @param loopback whether the link leads from a host to itself, to which realm settings do not apply
 */
export function linkProfile(
  realm: string,
  loopback: boolean,
  ofRealm: Partial<LinkProfile> | undefined,
  ofLink: Partial<LinkProfile> | undefined,
): LinkProfile {
  if (loopback) return { ...LOOPBACK, ...ofLink };
  return { ...GENERIC, ...BY_REALM[realm], ...ofRealm, ...ofLink };
}

/** Bytes of the IP header of a packet to that address: IPv4 without options (RFC 791 3.1), IPv6 (RFC 8200 3). */
export function ipHeaderBytes(ip: string): number {
  return ip.includes(':') ? 40 : 20;
}
