import type { Timer } from '../../kernel/index.js';
import type { Host } from '../../network/index.js';
import type { Endpoint } from '../../trace/index.js';
import type { Transaction, TransactionReply, TransactionResponseAck } from '../../wire/megaco/index.js';
import type { EncodedMessage } from './encoded-message.js';

/** LONG-TIMER: how long a reply is kept for repetitions of its request (H.248.1 D.1.1), in microseconds. */
const LONG_TIMER_US = 30_000_000;

/** Least time between two sweeps, so that many replies go at once; a reply may be kept so much longer. */
const SWEEP_US = 5_000_000;

/** Time until Pending is sent (H.248.1 D.1.4, E.2.1 ProvisionalResponseTimerValue; 2 s is our default). */
const PROVISIONAL_RESPONSE_US = 2_000_000;

/** What the transactions need from their endpoint. */
export interface ReceivedTransactionsPort {
  encode(transaction: Transaction): EncodedMessage;
  transmit(message: EncodedMessage, to: Endpoint): void;
}

/** A request that the user has not answered. */
interface Executing {
  readonly from: Endpoint;
  pendingSent: boolean;
  timer: Timer | undefined;
}

/** A request that has been answered. */
interface Answered {
  readonly mid: string;
  readonly id: number;
  /** Absent once the sender has acknowledged it. */
  reply: EncodedMessage | undefined;
  readonly keptUntilUs: number;
}

/** The requests that an endpoint has received: each is executed at most once (H.248.1 D.1.1). */
export class ReceivedTransactions {
  readonly #host: Host;
  readonly #port: ReceivedTransactionsPort;
  readonly #executing = new Map<string, Executing>();
  /** In the order in which they were answered, hence also in that in which they may be forgotten. */
  readonly #answered = new Map<string, Answered>();
  #sweepTimer: Timer | undefined;

  constructor(host: Host, port: ReceivedTransactionsPort) {
    this.#host = host;
    this.#port = port;
  }

  /** Requests without an answer of the user. */
  get executing(): number {
    return this.#executing.size;
  }

  /**
   * Takes a request: runs `execute` for a new one, and for a repetition sends again what there is to say.
   *
   * @param execute gets the function that answers
   */
  take(
    mid: string,
    id: number,
    from: Endpoint,
    execute: (answer: (reply: Omit<TransactionReply, 'kind' | 'id' | 'immAckRequired'>) => void) => void,
  ): void {
    const key = `${id} ${mid}`;
    const answered = this.#answered.get(key);
    if (answered !== undefined) {
      // After its acknowledgement a repetition is silently discarded (D.1.2.2).
      if (answered.reply !== undefined) this.#port.transmit(answered.reply, from);
      return;
    }
    const known = this.#executing.get(key);
    if (known !== undefined) {
      // D.1.4: a repetition of what is still being executed.
      this.#sendPending(id, known, from);
      return;
    }
    const entry: Executing = { from, pendingSent: false, timer: undefined };
    this.#executing.set(key, entry);
    execute((reply) => {
      if (this.#executing.get(key) !== entry) return;
      this.#executing.delete(key);
      if (entry.timer !== undefined) this.#host.cancel(entry.timer);
      this.#answer(key, mid, { kind: 'Reply', id, ...reply }, entry);
    });
    if (this.#executing.get(key) !== entry) return;
    entry.timer = this.#host.schedule(PROVISIONAL_RESPONSE_US, () => {
      entry.timer = undefined;
      if (!entry.pendingSent) this.#sendPending(id, entry, from);
    });
  }

  /** Replies have arrived: their copies go, their ids stay (H.248.1 D.1.1). */
  acknowledge(mid: string, { ranges }: TransactionResponseAck): void {
    for (const answered of this.#answered.values()) {
      if (answered.mid !== mid || answered.reply === undefined) continue;
      const { id } = answered;
      if (ranges.some(({ first, last }) => first <= id && id <= last)) answered.reply = undefined;
    }
  }

  /** Forgets everything and stops all timers. */
  close(): void {
    for (const { timer } of this.#executing.values()) if (timer !== undefined) this.#host.cancel(timer);
    this.#executing.clear();
    this.#answered.clear();
    if (this.#sweepTimer !== undefined) this.#host.cancel(this.#sweepTimer);
    this.#sweepTimer = undefined;
  }

  #sendPending(id: number, entry: Executing, to: Endpoint): void {
    entry.pendingSent = true;
    this.#port.transmit(this.#port.encode({ kind: 'Pending', id }), to);
  }

  #answer(key: string, mid: string, reply: TransactionReply, { from, pendingSent }: Executing): void {
    // D.1.4: whoever sent Pending asks for an acknowledgement of the reply.
    const message = this.#port.encode(pendingSent ? { ...reply, immAckRequired: true } : reply);
    const keptUntilUs = this.#host.kernel.now + LONG_TIMER_US;
    this.#answered.set(key, { mid, id: reply.id, reply: message, keptUntilUs });
    if (this.#sweepTimer === undefined) this.#scheduleSweep(LONG_TIMER_US);
    this.#port.transmit(message, from);
  }

  /** Housekeeping shows nothing on the wire, so its timer stays out of the trace. */
  #scheduleSweep(afterUs: number): void {
    const { kernel, name } = this.#host;
    this.#sweepTimer = kernel.schedule(afterUs, name, () => this.#sweep());
  }

  #sweep(): void {
    this.#sweepTimer = undefined;
    const { now } = this.#host.kernel;
    for (const [key, { keptUntilUs }] of this.#answered) {
      if (keptUntilUs > now) {
        this.#scheduleSweep(Math.max(SWEEP_US, keptUntilUs - now));
        return;
      }
      this.#answered.delete(key);
    }
  }
}
