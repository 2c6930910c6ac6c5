import type { RtcpBandwidth } from './types.js';

/** Of the session bandwidth for RTCP, and of that for senders (RFC 3550 6.2). */
const RTCP_SHARE = 0.05;
const SENDER_SHARE = 0.25;
/** What to take a session for whose SDP has no `b=AS`: G.711 with its headers. */
const SESSION_KBPS = 64;
/** Least intervals before and after the first packet (RFC 3550 6.3.1 step 2). */
const INITIAL_LEAST_S = 2.5;
const LEAST_S = 5;
/** The same with AVPF for more than two members (RFC 4585 3.5.1); for two there is none. */
const AVPF_INITIAL_LEAST_S = 1;
/** Makes up for timer reconsideration (RFC 3550 6.3.1 step 5). */
const COMPENSATION = Math.E - 1.5;

/** RTCP bandwidth in bytes a second, for senders and for the rest. */
export interface RtcpShares {
  readonly senders: number;
  readonly receivers: number;
}

/** The shares by `b=AS`, `b=RS` and `b=RR` (RFC 3556 3). */
export function rtcpShares({ sessionKbps = SESSION_KBPS, rsBps, rrBps }: RtcpBandwidth): RtcpShares {
  const totalBps = RTCP_SHARE * 1000 * sessionKbps;
  const rest = (known: number): number => Math.max(0, totalBps - known);
  const both = rsBps === undefined && rrBps === undefined;
  const senders = both ? SENDER_SHARE * totalBps : (rsBps ?? rest(rrBps ?? 0));
  const receivers = both ? (1 - SENDER_SHARE) * totalBps : (rrBps ?? rest(rsBps ?? 0));
  return { senders: senders / 8, receivers: receivers / 8 };
}

/** What the interval depends on (RFC 3550 6.3). */
export interface IntervalInput {
  readonly shares: RtcpShares;
  readonly members: number;
  readonly senders: number;
  readonly weSent: boolean;
  /** avg_rtcp_size, bytes with the headers below. */
  readonly averageBytes: number;
  readonly initial: boolean;
  readonly profile: 'AVP' | 'AVPF';
}

/**
 * Td, the deterministic interval (RFC 3550 6.3.1 steps 1 to 3), in seconds; infinite for a participant without bandwidth.
 */
export function deterministicInterval(input: IntervalInput): number {
  const { shares, members, senders, weSent, averageBytes } = input;
  const total = shares.senders + shares.receivers;
  if (total === 0) return Number.POSITIVE_INFINITY;
  let bandwidth = total;
  let sharing = members;
  if (senders <= members * (shares.senders / total)) {
    bandwidth = weSent ? shares.senders : shares.receivers;
    sharing = weSent ? senders : members - senders;
  }
  if (bandwidth === 0) return Number.POSITIVE_INFINITY;
  return Math.max(leastInterval(input), (averageBytes * sharing) / bandwidth);
}

function leastInterval({ profile, initial, members }: IntervalInput): number {
  if (profile === 'AVP') return initial ? INITIAL_LEAST_S : LEAST_S;
  return initial && members > 2 ? AVPF_INITIAL_LEAST_S : 0;
}

/**
 * T, the calculated interval (RFC 3550 6.3.1 steps 4 and 5), in the units of Td.
 *
 * @param uniform - a random number of at least 0 and less than 1
 */
export function randomizedInterval(deterministic: number, uniform: number): number {
  return (deterministic * (0.5 + uniform)) / COMPENSATION;
}

/**
 * Time of silence after which a participant is gone, in seconds: five intervals of a receiver, of no less than the fixed
 * least interval (RFC 3550 6.2, 6.3.5) or `trr-int` (RFC 4585 3.5.4).
 */
export function timeoutInterval(input: IntervalInput, trrIntervalS: number): number {
  const receiver = deterministicInterval({ ...input, weSent: false, initial: false });
  const finite = Number.isFinite(receiver) ? receiver : 0;
  return TIMEOUT_INTERVALS * Math.max(finite, LEAST_S, trrIntervalS);
}

/** M (RFC 3550 6.3.5). */
const TIMEOUT_INTERVALS = 5;
