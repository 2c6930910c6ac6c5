/** What a mapping, or a hole in the filter, depends on besides the inside address and port (RFC 4787 4.1, 5). */
export type NatDependence = 'endpoint-independent' | 'address-dependent' | 'address-and-port-dependent';

/** Destination ports that packets may leave to. */
export type PortRule = 'all' | 'none' | readonly number[];

/** What a translator lets out; by default everything. What comes in answers what went out. */
export interface FirewallRules {
  readonly udp?: PortRule;
  readonly tcp?: PortRule;
}

/** A network address translator between two realms. */
export interface NatSpec {
  /** Name of its host; the rules of host names hold. */
  readonly name: string;
  /** The realm behind it, and its address there. Everything that is sent to other addresses goes to it. */
  readonly inside: { readonly realm: string; readonly ip: string };
  /** The realm before it, and its address there; `pool` has further ones, the next of which {@link Nat.rebind} may take. */
  readonly outside: { readonly realm: string; readonly ip: string; readonly pool?: readonly string[] };
  /** Default `endpoint-independent` (RFC 4787 REQ-1). */
  readonly mapping?: NatDependence;
  /** Default `address-dependent` (RFC 4787 REQ-8, where security counts). */
  readonly filtering?: NatDependence;
  /** Whether the outside port is the inside one if that is free (RFC 4787 4.2.1), or a random one. Default true. */
  readonly portPreservation?: boolean;
  /** Whether an even port becomes an even one, an odd one odd (RFC 4787 REQ-4). Default false. */
  readonly portParity?: boolean;
  /** Whether hosts behind it reach each other by their outside addresses, from which they also come (REQ-9). Default true. */
  readonly hairpinning?: boolean;
  /** How long a UDP mapping lives without a packet going out, in milliseconds. Default five minutes (RFC 4787 REQ-5c). */
  readonly udpTimeoutMs?: number;
  /** Whether UDP packets that come in keep a mapping alive as well (RFC 4787 REQ-6a). Default false. */
  readonly inboundRefresh?: boolean;
  /** How long an open TCP connection may be silent, in milliseconds. Default 2 h 4 min (RFC 5382 REQ-5). */
  readonly tcpEstablishedMs?: number;
  /** The same while it opens or closes. Default 4 min (RFC 5382 REQ-5). */
  readonly tcpTransitoryMs?: number;
  /** What becomes of a segment from inside that belongs to no connection known (RFC 5382 5). Default `reset`. */
  readonly strayTcp?: 'drop' | 'reset';
  readonly firewall?: FirewallRules;
}

/** A {@link NatSpec} with its defaults. */
export type NatBehaviour = Required<Omit<NatSpec, 'name' | 'inside' | 'outside' | 'firewall'>>;

/** The defaults, then what a specification says. */
export function natBehaviour(spec: NatSpec): NatBehaviour {
  return {
    mapping: spec.mapping ?? 'endpoint-independent',
    filtering: spec.filtering ?? 'address-dependent',
    portPreservation: spec.portPreservation ?? true,
    portParity: spec.portParity ?? false,
    hairpinning: spec.hairpinning ?? true,
    udpTimeoutMs: spec.udpTimeoutMs ?? 300_000,
    inboundRefresh: spec.inboundRefresh ?? false,
    tcpEstablishedMs: spec.tcpEstablishedMs ?? 7_440_000,
    tcpTransitoryMs: spec.tcpTransitoryMs ?? 240_000,
    strayTcp: spec.strayTcp ?? 'reset',
  };
}
