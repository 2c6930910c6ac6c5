import type { Certificate, FingerprintHash, NamedCurve } from '../../crypto/index.js';
import type { SrtpProfile } from '../../wire/dtls/index.js';

/** An `a=fingerprint` of SDP: what the peer's certificate has to hash to (RFC 8122 5). */
export interface Fingerprint {
  /** Name of the hash function, of either case, such as `sha-256`. */
  readonly algorithm: string;
  /** Hexadecimal octets of either case with colons between them. */
  readonly value: string;
}

/** Where an association stands, in the words of WebRTC's RTCDtlsTransportState. */
export type DtlsState =
  /** Not started. */
  | 'new'
  /** The handshake is under way, or it is over and the peer's fingerprint is still awaited (RFC 8122 6.2). */
  | 'connecting'
  /** Keys are in use. */
  | 'connected'
  /** Closed by {@link DtlsEndpointOptions.onClosed | the peer} or by this end. */
  | 'closed'
  /** Ended by an error: a fatal alert of either end, or no answer. */
  | 'failed';

/**
 * Keying material from the handshake's secret (RFC 5705 4).
 *
 * @param length bytes wanted
 * @param context absent and empty are two different things
 */
export type KeyExporter = (label: string, length: number, context?: Uint8Array) => Uint8Array;

/** What a finished handshake agreed on. */
export interface DtlsConnection {
  /** Absent when the ends have no profile in common or did not negotiate SRTP; then the keys and salts are empty. */
  readonly srtpProfile?: SrtpProfile;
  /** SRTP master key of what the client sends (RFC 5764 4.2). */
  readonly clientKey: Uint8Array;
  readonly serverKey: Uint8Array;
  readonly clientSalt: Uint8Array;
  readonly serverSalt: Uint8Array;
  readonly exporter: KeyExporter;
  readonly curve: NamedCurve;
  readonly extendedMasterSecret: boolean;
  /** The peer's certificate, DER. */
  readonly peerCertificate: Uint8Array;
}

/** How one end of an association is set up. */
export interface DtlsEndpointOptions {
  /** Name of its machine in the trace; unique on its host. */
  readonly id: string;
  readonly role: 'client' | 'server';
  readonly certificate: Certificate;
  /**
   * What the peer's certificate must match, from SDP. Absent: not known yet, so that nothing is handed out until
   * {@link DtlsEndpoint.setExpectedFingerprints}. An empty list matches nothing.
   */
  readonly fingerprints?: readonly Fingerprint[];
  /** Hash functions taken in fingerprints, best first. Default SHA-512, SHA-384, SHA-256; SHA-1 only if named here. */
  readonly fingerprintHashes?: readonly FingerprintHash[];
  /** SRTP protection profiles, best first (RFC 5764 4.1.2); empty: no SRTP. The client's order decides. */
  readonly srtpProfiles: readonly SrtpProfile[];
  /** Curves for the key agreement, best first (RFC 8422 5.1.1). Default X25519, P-256. */
  readonly curves?: readonly NamedCurve[];
  /** Whether the server has the client's address proved by a cookie (RFC 6347 4.2.1). Default no: ICE has done so. */
  readonly cookie?: boolean;
  /** Whether to use RFC 7627 with a peer that does. Default yes. */
  readonly extendedMasterSecret?: boolean;
  /** First retransmission timeout in ms (RFC 6347 4.2.4.1), 1 or more. Default 1000. */
  readonly initialTimeoutMs?: number;
  /** Retransmissions of one flight that go unanswered before the end gives up, 0 or more. Default 7. */
  readonly maxRetransmissions?: number;
  /** Most bytes of a datagram of the handshake, 256 or more. Default 1200. */
  readonly mtu?: number;
  /** Sends a datagram to the peer. */
  readonly send: (datagram: Uint8Array) => void;
  /** The handshake is over and the peer's certificate is the right one. Called once. */
  readonly onConnected: (connection: DtlsConnection) => void;
  /** Application data of the peer, one record at a time. */
  readonly onData?: (data: Uint8Array) => void;
  /** The association has failed. Called at most once; nothing follows. */
  readonly onFailure: (reason: string) => void;
  /** The peer has closed the association (close_notify). Called at most once; nothing follows. */
  readonly onClosed?: () => void;
  /** A line of an NSS key log: `CLIENT_RANDOM`, client random, master secret. Called as soon as there is a secret. */
  readonly onKeyLog?: (line: string) => void;
}

/** What has come in and gone out; nothing of what is dropped ends the association (RFC 6347 4.1.2.7). */
export interface DtlsCounters {
  recordsSent: number;
  recordsReceived: number;
  /** Flights sent again, by timer or because the peer repeated its own. */
  flightsRepeated: number;
  /** Datagrams or records that end too early. */
  truncated: number;
  /** Records longer than 2^14 + 2048 bytes, messages longer than 2^15, unprotected payloads longer than 2^14. */
  oversized: number;
  /** Records of another version or an unknown content type. */
  unknown: number;
  /** Records of an epoch that has no keys here. */
  unknownEpoch: number;
  /** Records whose authentication tag is wrong. */
  badMac: number;
  replayed: number;
  /** Handshake fragments that contradict earlier ones, lie too far ahead, or cannot be read. */
  badFragment: number;
  /** Handshake messages, alerts or data that come when nothing is to be done with them. */
  unexpected: number;
  /** Application data before the handshake was over and the peer's fingerprint checked. */
  earlyData: number;
}
