import type { Endpoint } from '../../trace/index.js';

/** A user name and its password, as taken by the long-term credential mechanism (RFC 8489 9.2). */
export interface TurnCredentials {
  readonly username: string;
  readonly password: string;
}

/**
 * Finds the password of a user.
 *
 * @returns `undefined` when there is no such user, or not any more
 */
export type PasswordLookup = (username: string) => string | undefined;

/** Password algorithms in the order of preference (RFC 8489 14.11); none: the mechanism of RFC 5389. */
export type PasswordAlgorithms = readonly ('SHA-256' | 'MD5')[];

/** How a STUN server is set up. */
export interface StunServerOptions {
  /** Realm of the network in which it has its address. */
  readonly realm: string;
  /** Port for UDP and TCP, 1 to 65535. Default 3478 (RFC 8489 18.6). */
  readonly port?: number;
  /** Whether it takes TCP connections. Default true. */
  readonly tcp?: boolean;
}

/** How a TURN server is set up. It answers Binding requests as well. */
export interface TurnServerOptions extends StunServerOptions {
  /** Realms of the network in which relayed addresses are, at most one of IPv4 and one of IPv6. Default `realm` alone. */
  readonly relayRealms?: readonly string[];
  /** The REALM of its users, usually a domain name (RFC 8489 9.2.4). */
  readonly domain: string;
  readonly passwords: PasswordLookup;
  /** Default SHA-256, then MD5. */
  readonly passwordAlgorithms?: PasswordAlgorithms;
  /** How long a nonce is good, in milliseconds. Default one hour, the most that is advised (RFC 8656 5). */
  readonly nonceMs?: number;
  /** Lifetime of an allocation in seconds, least and most. Default 600 and 3600 (RFC 8656 6, 7.2). */
  readonly defaultLifetimeS?: number;
  readonly maxLifetimeS?: number;
  /** Allocations a user may have at a time; one more gets 486. Default no limit. */
  readonly allocationsPerUser?: number;
  /** Relayed addresses at a time; one more gets 508. Default what ports there are. */
  readonly maxRelays?: number;
  /** Permissions an allocation may have; one more gets 508. Default 256. */
  readonly maxPermissions?: number;
  /** Whether a peer may be relayed to; 403 if not (RFC 8656 10.2). Default every peer. */
  readonly allowsPeer?: (peer: Endpoint, username: string) => boolean;
}

/** When a client binds a channel to a peer (RFC 8656 12): with its first packet, with the first that is not STUN, never. */
export type ChannelPolicy = 'always' | 'data' | 'never';

/** A UDP socket that others use as well, such as the base of a host candidate (`udpBase`). */
export interface SharedSocket {
  readonly address: Endpoint;
  send(bytes: Uint8Array, to: Endpoint): void;
  /** Hands over what comes from a server. */
  divert(server: Endpoint, take: (bytes: Uint8Array) => void): void;
  undivert(server: Endpoint): void;
}

/** How a TURN client is set up. */
export interface TurnClientOptions {
  /** Realm of the network from which the server is reached. */
  readonly realm: string;
  readonly server: Endpoint;
  /** Between client and server. Default `udp`. */
  readonly transport?: 'udp' | 'tcp';
  /**
   * Sends from that socket instead of one of its own, so that one mapping of a translator serves both, and the mapped address
   * makes a server-reflexive candidate of it (RFC 8445 5.1.1.2), so that the same server need not be asked by STUN, whose
   * answers would not come through. There is one allocation at a time; it is given back without waiting for the answer, and
   * has to be before the socket closes. `transport` is not looked at.
   */
  readonly socket?: SharedSocket;
  readonly credentials: TurnCredentials;
  /** Lifetime asked for in seconds. Default what the server gives. */
  readonly lifetimeS?: number;
  /** Address family of the relayed address (RFC 8656 18.6). Default left out, which means IPv4. */
  readonly family?: 4 | 6;
  /** Default `data`. */
  readonly channels?: ChannelPolicy;
}
