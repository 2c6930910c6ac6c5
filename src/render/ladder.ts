import type { MessageTransport, Trace } from '../trace/index.js';
import { buildLadder } from './ladder-builder.js';

/** A vertical line of a sequence diagram. */
export interface Lifeline {
  /** Host name, or `address:port` for an end that is no host of the run. */
  readonly name: string;
  /** Functional entity, such as `eP-CSCF`; empty when unknown. */
  readonly role: string;
}

/** A message, or a row of like packets, from one lifeline to another. */
export interface Arrow {
  readonly kind: 'arrow';
  /** Position among the arrows, from 1; the same in every rendering of a trace. */
  readonly number: number;
  /** Id of the trace event it comes from. */
  readonly event: number;
  /** Time of its row in microseconds: when it was sent, or when its second copy arrived. */
  readonly at: number;
  /** Indices into the lifelines. */
  readonly from: number;
  readonly to: number;
  readonly protocol: string;
  readonly summary: string;
  readonly transport: MessageTransport;
  /** Whether it travelled inside TLS or SRTP. */
  readonly secure: boolean;
  readonly sentAt?: number;
  readonly receivedAt?: number;
  /** Why it did not arrive. */
  readonly lost?: string;
  /** A further delivery of a message that had arrived already. */
  readonly duplicate: boolean;
  /** How many packets it stands for; 1 for a message. */
  readonly count: number;
  /** The message itself, where the trace has it. */
  readonly text?: string;
}

/** Something that happened at one lifeline, or to the run as a whole. */
export interface Note {
  readonly kind: 'note';
  readonly style: 'step' | 'note' | 'phase' | 'state' | 'failure';
  readonly event: number;
  readonly at: number;
  /** Index of its lifeline; absent for the whole run. */
  readonly lifeline?: number;
  readonly text: string;
}

/** A row of a sequence diagram. */
export type LadderStep = Arrow | Note;

/** How many arrows a protocol has in a ladder. */
export interface ProtocolCount {
  readonly protocol: string;
  readonly arrows: number;
  /** Packets those arrows stand for; the same as `arrows` where nothing was grouped. */
  readonly packets: number;
  readonly lost: number;
}

/** What is common to all sequence diagrams of a trace. */
export interface Ladder {
  /** Scenario and seed, where the trace has them. */
  readonly title: string;
  readonly lifelines: readonly Lifeline[];
  readonly steps: readonly LadderStep[];
  /** By protocol, in order of first use. */
  readonly protocols: readonly ProtocolCount[];
  /** Time of the last event in microseconds. */
  readonly endAt: number;
}

/** What goes into a ladder. */
export interface LadderOptions {
  /**
   * Host names in the order of their lifelines, from the left; others that are used follow. Default: the order in which the
   * hosts were added to the network.
   */
  readonly lifelines?: readonly string[];
  /** Whether state changes of machines, and events no state handled, become notes. Default false. */
  readonly states?: boolean;
  /**
   * Whether the messages of the liveness phase are shown, in which nothing new begins: retransmissions, watchdogs, the end of
   * transactions. Default false.
   */
  readonly settling?: boolean;
}

/**
 * Turns a trace into the rows of a sequence diagram, in time linear in the number of events.
 *
 * A message sent and its receipt make one arrow; they pair by the message's key on a stream, and through the packet
 * for a datagram. Every sending is an arrow of its own, so retransmissions show. A sending without a receipt is a
 * lost arrow. UDP packets that belong to no message are named by their first octet (RFC 7983 7); repeated STUN
 * messages, RTP and protected DTLS records between two endpoints make one arrow each way.
 */
export function ladderOf(trace: Trace, options: LadderOptions = {}): Ladder {
  return buildLadder(trace, options);
}
