import type { Certificate, FingerprintHash, NamedCurve } from '../../crypto/index.js';
import type { SrtpProfile } from '../../wire/dtls/index.js';
import type { SetupRole } from '../../wire/sdp/index.js';
import type { DtlsCounters, Fingerprint } from '../dtls/index.js';
import type {
  ConsentLoss,
  IceAgentHandler,
  IceAgentOptions,
  IceCandidate,
  IceCredentials,
  IceDrops,
  RemoteDescription,
  SelectedPair,
} from '../ice/index.js';

/**
 * How an end stands to RTP and RTCP on one port: offers or takes it with a fallback to two ports (RFC 5761 5.1.1), takes
 * nothing else (RFC 8858), or does not.
 */
export type RtcpMuxPolicy = 'negotiate' | 'require' | 'none';

/** Where a transport stands. */
export type TransportState =
  /** The far end is not known yet. */
  | 'new'
  /** ICE looks for a way. */
  | 'checking'
  /** There is a way; DTLS runs over it, or waits to be begun. */
  | 'securing'
  /** Keys are in use. */
  | 'open'
  /** Keys are there, but no consent to send: only an ICE restart helps (RFC 7675 5.1). */
  | 'interrupted'
  /** The peer has closed the DTLS association. */
  | 'ended'
  | 'failed'
  | 'closed';

/** What a transport failed by; `mux`: the peer declined what this end requires (RFC 8858 4). */
export type TransportFailure = 'ice' | 'dtls' | 'mux';

/** Options of the ICE agent that are passed on as they are. */
export type IcePart = Pick<
  IceAgentOptions,
  | 'full'
  | 'role'
  | 'specification'
  | 'nomination'
  | 'stunServers'
  | 'relays'
  | 'credentials'
  | 'pacingMs'
  | 'patienceMs'
  | 'pacMs'
  | 'gatheringMs'
  | 'consent'
  | 'keepaliveMs'
>;

/** Options of the DTLS endpoints that are passed on as they are. */
export interface DtlsPart {
  /** Default X25519, P-256. */
  readonly curves?: readonly NamedCurve[];
  readonly cookie?: boolean;
  readonly extendedMasterSecret?: boolean;
  readonly initialTimeoutMs?: number;
  readonly maxRetransmissions?: number;
  readonly mtu?: number;
  readonly fingerprintHashes?: readonly FingerprintHash[];
}

/** What a transport tells its user. */
export interface SecureTransportHandler {
  /** `local` is complete and can be given to the peer; at once when there is nobody to ask for candidates. */
  readonly onGathered?: () => void;
  /** A pair was selected for a component, or another one than before. */
  readonly onSelected?: (component: number, pair: SelectedPair) => void;
  /** There are keys for RTP and RTCP: media may flow, and have begun to come where each has a port of its own. Called once. */
  readonly onReady?: () => void;
  /** An RTP packet of the peer, in the clear. */
  readonly onRtp?: (packet: Uint8Array) => void;
  /** An RTCP datagram of the peer, in the clear. */
  readonly onRtcp?: (packet: Uint8Array) => void;
  /** Application data of DTLS, for data channels. */
  readonly onData?: (data: Uint8Array) => void;
  /** Called at most once; nothing is received after it. The transport still has to be closed. */
  readonly onFailed?: (by: TransportFailure, reason: string) => void;
  /** Nothing may be sent any more, until a restart has found another way (RFC 7675 5.1). */
  readonly onConsentLost?: (component: number, why: ConsentLoss) => void;
  /** There is consent again, by an ICE restart. */
  readonly onResumed?: () => void;
  /** The peer has closed the DTLS association. */
  readonly onEnded?: () => void;
  /** A line of an NSS key log; the trace has it anyway. */
  readonly onKeyLog?: (line: string) => void;
}

/** How the transport of one data stream is set up. */
export interface SecureTransportOptions extends SecureTransportHandler {
  /** Begins the names of its machines in the trace; unique on the host. */
  readonly id: string;
  /** Sockets of component 1 and, with two ports, of component 2; the transport closes them in the end. */
  readonly bases: IceAgentOptions['bases'];
  readonly ice?: IcePart;
  readonly certificate: Certificate;
  /** Own `a=setup`: `actpass` in offers, `active` or `passive` in answers (RFC 5763 5). */
  readonly setup: 'actpass' | 'active' | 'passive';
  /** `none` and `negotiate` need bases for both components, unless the other side's word is known. Default `negotiate`. */
  readonly rtcpMux?: RtcpMuxPolicy;
  /** Best first. Default AEAD_AES_128_GCM, then AES128_CM_HMAC_SHA1_80. */
  readonly srtpProfiles?: readonly SrtpProfile[];
  readonly dtls?: DtlsPart;
  /**
   * Whether DTLS waits for {@link SecureTransport.secure}, as a gateway does whose controller has to say so. A server listens all
   * the same. Default false.
   */
  readonly holdsDtls?: boolean;
}

/** What this end has to say of itself in SDP. */
export interface LocalTransport extends IceCredentials {
  readonly candidates: readonly IceCandidate[];
  readonly lite: boolean;
  /** Words of `a=ice-options`. */
  readonly options: readonly string[];
  /** Of the certificate, SHA-256. */
  readonly fingerprint: Fingerprint;
  readonly setup: 'actpass' | 'active' | 'passive';
  /** What this end is in DTLS, once both have said `a=setup`. */
  readonly dtlsRole?: 'client' | 'server';
  /** Whether `a=rtcp-mux` is said, and whether `a=rtcp-mux-only` besides. */
  readonly rtcpMux: RtcpMuxPolicy;
  /** The default destination of a component (RFC 8839 4.2.1.2): what goes into `m=`, `c=` and `a=rtcp`. */
  readonly defaults: readonly IceCandidate[];
}

/**
 * What is known of the peer. A part that is absent is not known yet, and may follow: checks begin with `ice`, the DTLS
 * handshake with `setup` and a way, and its keys are used once there are `fingerprints`.
 */
export interface RemoteTransport {
  readonly ice?: RemoteDescription;
  readonly fingerprints?: readonly Fingerprint[];
  readonly setup?: SetupRole;
  /** Whether the peer said `a=rtcp-mux`. Needed with `ice` if this end does not decide alone. Default false. */
  readonly rtcpMux?: boolean;
}

/** What came in and went no further, and what was not sent. */
export interface TransportCounters {
  /** RTP and RTCP packets sent and received. */
  rtpSent: number;
  rtpReceived: number;
  rtcpSent: number;
  rtcpReceived: number;
  /** Not sent: there are no keys, or no pair with consent. */
  unsent: number;
  /** RTP or RTCP that came before there were keys. */
  beforeKeys: number;
  /** The same, while the handshake was over but the peer's fingerprint unknown. */
  unverified: number;
  /** SRTP or SRTCP with a wrong tag. */
  auth: number;
  replay: number;
  /** SRTP refused for any other reason. */
  malformed: number;
  /** RTP on the port of RTCP, RTCP on that of RTP, protocols that are not spoken here. */
  foreign: number;
}

/** Counters of the layers below, for diagnosis. */
export interface LayerCounters {
  readonly ice: Readonly<IceDrops>;
  /** By component, from 1. */
  readonly dtls: readonly (Readonly<DtlsCounters> | undefined)[];
}

export type { ConsentLoss, Fingerprint, IceAgentHandler, IceCandidate, SelectedPair };
