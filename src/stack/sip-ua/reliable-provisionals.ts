import type { SipRequest } from '../../wire/sip/index.js';
import type { ServerTransaction, SipTimers } from '../sip/index.js';
import { actorId } from './actor-id.js';
import { LARGEST_FIRST_RSEQ, parseRAck, RELIABLE_TAG } from './prack.js';
import { type RetransmissionActor, retransmissionMachine } from './retransmission.js';
import type { MessageParts } from './types.js';
import type { SipUserAgent } from './user-agent.js';

interface Queued {
  readonly status: number;
  readonly parts: MessageParts;
}

interface Unacknowledged {
  readonly rseq: number;
  readonly described: boolean;
  readonly repetition: RetransmissionActor;
}

/** What the session of reliable provisional responses does. */
export interface ProvisionalSender {
  /** Builds a provisional response and gives a function that sends it. */
  prepare(status: number, parts: MessageParts): () => void;
  /** No PRACK came within 64*T1. */
  gaveUp(): void;
}

/**
 * The reliable provisional responses to one INVITE at the UAS (RFC 3262 3). One at a time: the next waits for the PRACK of
 * the last, though only the first would have to.
 */
export class ReliableProvisionals {
  readonly #ua: SipUserAgent;
  readonly #invite: SipRequest;
  readonly #timers: SipTimers;
  readonly #sender: ProvisionalSender;
  #queue: Queued[] = [];
  #rseq: number;
  #current: Unacknowledged | undefined;

  constructor(
    ua: SipUserAgent,
    transaction: ServerTransaction,
    timers: SipTimers,
    sender: ProvisionalSender,
  ) {
    this.#ua = ua;
    this.#invite = transaction.request;
    this.#timers = timers;
    this.#sender = sender;
    // RFC 3262 3 recommends any value of 1 to 2^31-1; the next response has one more.
    this.#rseq = ua.host.random('sip rseq').below(LARGEST_FIRST_RSEQ);
  }

  /** Whether a 2xx has to wait: a session description is not acknowledged yet (RFC 3262 3, 5). */
  get holdsSuccess(): boolean {
    return this.#current?.described === true || this.#queue.some(({ parts }) => parts.sdp !== undefined);
  }

  send(status: number, parts: MessageParts): void {
    this.#queue.push({ status, parts });
    this.#next();
  }

  /**
   * Takes a PRACK.
   *
   * @returns whether it acknowledges the outstanding response; if not, it is owed a 481
   */
  acknowledge(prack: SipRequest): boolean {
    const rack = parseRAck(prack.headers.get('rack') ?? '');
    const current = this.#current;
    if (rack === undefined || current === undefined || rack.rseq !== current.rseq) return false;
    if (rack.method !== 'INVITE' || rack.cseq !== this.#invite.cseq()?.sequence) return false;
    this.#current = undefined;
    const { repetition } = current;
    if (repetition.getSnapshot().status === 'active') repetition.send({ type: 'acknowledged' });
    return true;
  }

  /** Sends the next response in the queue, unless one is outstanding. */
  resume(): void {
    this.#next();
  }

  /** Drops what a 2xx makes needless: queued responses after the last one with a session description. */
  expectSuccess(): void {
    const last = this.#queue.findLastIndex(({ parts }) => parts.sdp !== undefined);
    this.#queue = this.#queue.slice(0, last + 1);
  }

  /** A final response goes out: nothing is repeated any more, but the outstanding response may be acknowledged yet. */
  stop(): void {
    this.#queue = [];
    const repetition = this.#current?.repetition;
    if (repetition?.getSnapshot().status === 'active') repetition.send({ type: 'acknowledged' });
  }

  #next(): void {
    if (this.#current !== undefined) return;
    const queued = this.#queue.shift();
    if (queued === undefined) return;
    const rseq = ++this.#rseq;
    const headers: [string, string][] = [
      ['Require', RELIABLE_TAG],
      ['RSeq', String(rseq)],
    ];
    for (const [name, value] of queued.parts.headers ?? []) headers.push([name, value]);
    const send = this.#sender.prepare(queued.status, { ...queued.parts, headers });
    const repetition = this.#ua.host.spawn(retransmissionMachine, {
      id: actorId(this.#ua.host, 'retransmission'),
      input: { t1Ms: this.#timers.t1Ms },
      port: { send, gaveUp: () => this.#sender.gaveUp() },
    });
    this.#current = { rseq, described: queued.parts.sdp !== undefined, repetition };
    send();
  }
}
