/**
 * ICE: `IceAgent` is an agent for one data stream, full or lite, with one component or two (RFC 8445, with the differences of
 * RFC 5245 behind the option `specification`), over UDP sockets (`udpBase`), relays (`RelayGatherer`, which a TURN client
 * satisfies) and TCP in all three directions (`tcpBase`, RFC 6544, framed as in RFC 4571). It gathers, checks, nominates, keeps
 * consent (RFC 7675) or bindings, restarts, and hands on what is not STUN. `toSdpCandidate` and `fromSdpCandidate` lead to and
 * from the candidates of `wire/sdp`.
 *
 * A session is at work in `IceSession` (checklist, valid list, roles, nomination); states are those of the machines
 * `ice agent` (RFC 8445 6.1.3), `candidate pair` (6.1.2.6), `stun check` (RFC 8489 6.2), `ice gathering`, `consent` and `keepalive`.
 *
 * Not supported: several data streams in one checklist set, whose foundations would thaw each other (RFC 8445 6.1.2.6; each agent
 * has one checklist); server-reflexive and relayed TCP candidates (RFC 6544 5.2 to 5.5); the reopening of a selected TCP
 * connection that broke (RFC 6544 11.1; consent expires and ICE restarts); two lite agents over TCP (RFC 6544 6.1);
 * MESSAGE-INTEGRITY-SHA256; ICMP errors; DSCP. A check without FINGERPRINT is taken, one with a bad one is not.
 */
export { candidatePriority, fromSdpCandidate, type PriorityParts, toSdpCandidate } from './candidate.js';
export { IceAgent, type IceDrops } from './ice-agent.js';
export { type PairPriority, pairPriority } from './pair-priority.js';
export { TcpBase, type TcpBaseOptions, tcpBase } from './tcp-base.js';
export type * from './types.js';
export { UdpBase, type UdpBaseOptions, udpBase } from './udp-base.js';
