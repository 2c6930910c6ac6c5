import type { Endpoint } from '../../trace/index.js';

/** Who nominates (RFC 8445 6.1.1). */
export type IceRole = 'controlling' | 'controlled';

/** The text an agent follows where the two differ; RFC 8445 obsoletes RFC 5245. */
export type IceSpecification = 'rfc8445' | 'rfc5245';

/** User fragment and password of one data stream at one agent (RFC 8445 5.3). */
export interface IceCredentials {
  readonly ufrag: string;
  readonly pwd: string;
}

/** Host, server-reflexive, peer-reflexive, relayed (RFC 8445 4). */
export type CandidateType = 'host' | 'srflx' | 'prflx' | 'relay';

/** Direction of a TCP candidate: active, passive, simultaneous-open (RFC 6544 4.5). */
export type TcpType = 'active' | 'passive' | 'so';

/** A candidate of either side (RFC 8445 5.3). `toSdpCandidate` and `fromSdpCandidate` turn it into SDP's and back. */
export interface IceCandidate {
  /** 1 to 32 characters. */
  readonly foundation: string;
  /** 1 to 256: 1 is RTP, or RTP and RTCP together; 2 is RTCP. */
  readonly component: number;
  readonly transport: 'udp' | 'tcp';
  /** Present with TCP. */
  readonly tcpType?: TcpType;
  /** 1 to 2^31 - 1. */
  readonly priority: number;
  /** Where it can be reached; port 9 for an active TCP candidate (RFC 6544 4.5). */
  readonly address: Endpoint;
  readonly type: CandidateType;
  /** The base of a reflexive candidate, the mapped address of a relayed one (RFC 8839 5.1). */
  readonly related?: Endpoint;
}

/** What a base tells the agent that uses it. */
export interface IceBaseHandler {
  onPacket(bytes: Uint8Array, from: Endpoint): void;
  /** Nothing reaches that address from here, and nothing waits to: a TCP connection failed or has ended. */
  onUnreachable(to: Endpoint, reason: string): void;
}

/**
 * Something that packets of one component can be sent from and arrive at: a UDP socket, an address at a relay, or a place
 * in TCP. Made by `udpBase`, `tcpBase` and, from an allocation, by the agent itself.
 */
export interface IceBase {
  readonly component: number;
  readonly type: 'host' | 'relay';
  readonly transport: 'udp' | 'tcp';
  readonly tcpType?: TcpType;
  /** The address of its candidate. */
  readonly address: Endpoint;
  /** The agent that uses the base; one at a time. */
  handler: IceBaseHandler | undefined;
  /** Sends one packet; over TCP in a frame of RFC 4571, on a connection that is opened for it if there is none yet. */
  send(bytes: Uint8Array, to: Endpoint): void;
  /** Closes TCP connections to addresses other than these (RFC 6544 8). */
  keep?(remotes: readonly Endpoint[]): void;
  close(): void;
}

/** An address at a relay (RFC 8656 4). */
export interface RelayAllocation {
  /** XOR-RELAYED-ADDRESS. */
  readonly relayed: Endpoint;
  /** XOR-MAPPED-ADDRESS: where the server sees its client. */
  readonly mapped: Endpoint;
  /** The client's own address, which `mapped` stands for; a server-reflexive candidate if it is that of a UDP base. */
  readonly local?: Endpoint;
  /** Whoever takes what peers send to the relayed address. */
  onData: ((bytes: Uint8Array, peer: Endpoint) => void) | undefined;
  /** Called if the allocation ends by itself. */
  onLost?: ((reason: string) => void) | undefined;
  /** Sends to a peer; permissions are the client's affair, and what is sent before there is one waits (RFC 8445 7.2.1). */
  send(bytes: Uint8Array, peer: Endpoint): void;
  /** Gives the address back. */
  close(): void;
}

/** A TURN client as far as an ICE agent needs one. */
export interface RelayGatherer {
  /** IP address of the server, by which foundations are told apart (RFC 8445 5.1.1.3). */
  readonly server: string;
  /**
   * Asks for an address, and again after the last was closed. `done` is called once: with the allocation, or with why there
   * is none.
   */
  allocate(done: (result: RelayAllocation | string) => void): void;
  /** Gives up whatever is under way. */
  close(): void;
}

/** A pair that data runs over (RFC 8445 8.1.1). */
export interface SelectedPair {
  readonly local: IceCandidate;
  readonly remote: IceCandidate;
}

/** What the peer said of itself (RFC 8445 5.3). */
export interface RemoteDescription extends IceCredentials {
  readonly candidates: readonly IceCandidate[];
  /** `a=ice-lite`. Default false. */
  readonly lite?: boolean;
  /** The words of `a=ice-options`, `ice2` among them (RFC 8445 10). Default none. */
  readonly options?: readonly string[];
  /** Whether no candidate follows (RFC 8838 8). Default true. */
  readonly endOfCandidates?: boolean;
  /** `a=ice-pacing` in milliseconds: the higher of both sides' values counts (RFC 8445 14.2). Default 50. */
  readonly pacingMs?: number;
}

/** Why consent to send is gone: no valid answer for 30 s, or the peer said so (RFC 7675 5.1, 5.2). */
export type ConsentLoss = 'expired' | 'revoked';

/** What an agent tells its user. */
export interface IceAgentHandler {
  /** A packet of the peer other than STUN, from an address that a check of good integrity came from. */
  onData?(component: number, bytes: Uint8Array, from: Endpoint): void;
  /** Candidates are complete: `localCandidates` may be sent to the peer. Called at once when there is nobody to ask. */
  onGathered?(): void;
  /** A candidate was found; for trickle (RFC 8838). */
  onCandidate?(candidate: IceCandidate): void;
  /** All components have a selected pair (called for each of them), or a component has another one than before. */
  onSelected?(component: number, pair: SelectedPair): void;
  /** No pair can be had for some component (RFC 8445 8.1.2). */
  onFailed?(reason: string): void;
  /** Nothing may be sent on that component's pair any more; only a restart helps (RFC 7675 5.1). */
  onConsentLost?(component: number, why: ConsentLoss): void;
}

/** How an agent for one data stream is set up. */
export interface IceAgentOptions extends IceAgentHandler {
  /** Name of its machines in the trace, unique on the host. */
  readonly id: string;
  /** Default true; a lite agent has host candidates, answers and never asks (RFC 8445 5.2). */
  readonly full?: boolean;
  /** The initiating agent is `controlling` (RFC 8445 6.1.1); who meets a lite agent becomes it. Default `controlled`. */
  readonly role?: IceRole;
  /** 1 with RTP and RTCP on one port, which is the default, or 2. */
  readonly components?: number;
  readonly specification?: IceSpecification;
  /** `aggressive` with `rfc5245` only, and not towards a peer that says `ice2` or with TCP candidates. Default `regular`. */
  readonly nomination?: 'regular' | 'aggressive';
  /** Host candidates, the preferred first. The agent closes them in the end. */
  readonly bases: readonly IceBase[];
  /** Servers that every UDP base asks for a server-reflexive candidate. */
  readonly stunServers?: readonly Endpoint[];
  /** Relays, the preferred first. The agent closes them in the end. */
  readonly relays?: readonly { readonly component: number; readonly gatherer: RelayGatherer }[];
  /** Default: new ones. */
  readonly credentials?: IceCredentials;
  /** Ta, at least 5. Default 50 (RFC 8445 14.2). */
  readonly pacingMs?: number;
  /** Most pairs of the checklist. Default 100 (RFC 8445 6.1.2.5). */
  readonly mostPairs?: number;
  /** How long a pair that works waits for better ones before it is nominated. Default 500 (left open by RFC 8445 8.1.1). */
  readonly patienceMs?: number;
  /** Earliest failure after the start of checks. Default 39,500 (RFC 8863 4). */
  readonly pacMs?: number;
  /** How long gathering may take. Default: until every server has answered or been given up. */
  readonly gatheringMs?: number;
  /** Whether consent is asked for on the selected pairs (RFC 7675). Default: if full. */
  readonly consent?: boolean;
  /** Tr, at least 15,000, which is the default: how long a pair may be silent where consent is not asked for (RFC 8445 11). */
  readonly keepaliveMs?: number;
}
