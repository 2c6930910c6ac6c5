import { parseIp } from '../../wire/ip/index.js';
import type { Candidate } from '../../wire/sdp/index.js';
import type { CandidateType, IceCandidate, TcpType } from './types.js';

/** Type preferences over UDP (RFC 8445 5.1.2.2). */
const UDP_TYPE_PREFERENCE: Readonly<Record<CandidateType, number>> = {
  host: 126,
  prflx: 110,
  srflx: 100,
  relay: 0,
};

/** Over TCP they are below those of any UDP candidate that is not relayed, as real-time media wants (RFC 6544 4.2). */
const TCP_TYPE_PREFERENCE: Readonly<Record<CandidateType, number>> = {
  host: 90,
  prflx: 85,
  srflx: 80,
  relay: 0,
};

/** direction-pref of host and relayed candidates, and of reflexive ones (RFC 6544 4.2). */
const DIRECTION: Readonly<Record<TcpType, number>> = { active: 6, passive: 4, so: 2 };
const REFLEXIVE_DIRECTION: Readonly<Record<TcpType, number>> = { so: 6, active: 4, passive: 2 };

/** Highest local preference, and highest other-pref (RFC 8445 5.1.2.1, RFC 6544 4.2). */
const HIGHEST_LOCAL = 65_535;
const HIGHEST_OTHER = 8191;

/** Port of an active TCP candidate (RFC 6544 4.5). */
export const DISCARD_PORT = 9;

/** What the priority of a candidate is made of. */
export interface PriorityParts {
  readonly type: CandidateType;
  readonly component: number;
  readonly tcpType?: TcpType | undefined;
  /** How many addresses of this type and component are preferred to its own: 0 for the best. */
  readonly rank?: number;
}

/** The priority of a candidate, 1 to 2^31 - 1 (RFC 8445 5.1.2.1, over TCP RFC 6544 4.2). */
export function candidatePriority({ type, component, tcpType, rank = 0 }: PriorityParts): number {
  if (tcpType === undefined) {
    return 2 ** 24 * UDP_TYPE_PREFERENCE[type] + 2 ** 8 * (HIGHEST_LOCAL - rank) + (256 - component);
  }
  const reflexive = type === 'srflx' || type === 'prflx';
  const direction = (reflexive ? REFLEXIVE_DIRECTION : DIRECTION)[tcpType];
  const local = 2 ** 13 * direction + (HIGHEST_OTHER - rank);
  return 2 ** 24 * TCP_TYPE_PREFERENCE[type] + 2 ** 8 * local + (256 - component);
}

/**
 * What a check from a candidate says of itself: its priority with the type preference of a peer-reflexive one in place of its own
 * (RFC 8445 7.1.1).
 */
export function reflexivePriority({ priority, transport }: IceCandidate): number {
  const preferences = transport === 'udp' ? UDP_TYPE_PREFERENCE : TCP_TYPE_PREFERENCE;
  return 2 ** 24 * preferences.prflx + (priority % 2 ** 24);
}

/** As the value of an `a=candidate` attribute, see `serializeCandidate` of `wire/sdp` (RFC 8839 5.1, RFC 6544 4.5). */
export function toSdpCandidate(candidate: IceCandidate): Candidate {
  const { foundation, component, transport, priority, address, type, related, tcpType } = candidate;
  return {
    foundation,
    component,
    transport,
    priority,
    address: address.ip,
    port: address.port,
    type,
    ...(related === undefined ? {} : { relatedAddress: related.ip, relatedPort: related.port }),
    ...(tcpType === undefined ? {} : { tcpType }),
    extensions: [],
  };
}

/**
 * What an agent makes of a candidate in SDP.
 *
 * @returns `undefined` for one to be passed over: another transport or type, a name in place of an address, or a component,
 *   priority or port out of range (RFC 8839 4.2.1.2, 5.1)
 */
export function fromSdpCandidate(candidate: Candidate): IceCandidate | undefined {
  const { foundation, component, priority, address, port, relatedAddress, relatedPort } = candidate;
  const transport = candidate.transport.toLowerCase();
  const type = candidate.type as CandidateType;
  const tcpType = candidate.tcpType?.toLowerCase() as TcpType | undefined;
  if (transport !== 'udp' && transport !== 'tcp') return undefined;
  if (!(type in UDP_TYPE_PREFERENCE) || parseIp(address) === undefined) return undefined;
  if (component < 1 || component > 256 || port < 1 || port > 65_535) return undefined;
  if (priority < 1 || priority > 2 ** 31 - 1) return undefined;
  if (transport === 'tcp' && (tcpType === undefined || !(tcpType in DIRECTION))) return undefined;
  return {
    foundation,
    component,
    transport,
    ...(transport === 'tcp' && tcpType !== undefined ? { tcpType } : {}),
    priority,
    address: { ip: address, port },
    type,
    ...(relatedAddress === undefined ? {} : { related: { ip: relatedAddress, port: relatedPort ?? 0 } }),
  };
}
