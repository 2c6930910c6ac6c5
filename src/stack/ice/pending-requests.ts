import type { Endpoint } from '../../trace/index.js';
import type { StunMessage } from '../../wire/stun/index.js';
import type { BindingTransaction } from '../stun/index.js';
import type { LocalBase } from './candidate-pair.js';
import { sameAddress } from './local-candidates.js';

/** Whoever takes the answer to a request. */
export interface AnswerTaker {
  /** @returns why it was discarded, if it was */
  receive(bytes: Uint8Array, response: StunMessage): string | undefined;
  /** The answer came from, or to, another address than the request's (RFC 8445 7.2.5.2.1). */
  break(reason: string): void;
}

/** A request whose answer is awaited. */
interface Pending {
  readonly transaction: AnswerTaker;
  /** What the request belongs to. */
  readonly owner: object;
  readonly local: LocalBase;
  readonly to: Endpoint;
}

/** The requests of an agent by transaction id (RFC 8445 7.2.5). */
export class PendingRequests {
  readonly #requests = new Map<string, Pending>();

  get size(): number {
    return this.#requests.size;
  }

  add(key: string, pending: Pending): void {
    this.#requests.set(key, pending);
  }

  delete(key: string): void {
    this.#requests.delete(key);
  }

  /**
   * Hands an answer to the request it belongs to.
   *
   * @returns why it was discarded, if it was
   */
  answer(
    key: string,
    bytes: Uint8Array,
    response: StunMessage,
    local: LocalBase,
    from: Endpoint,
  ): string | undefined {
    const pending = this.#requests.get(key);
    if (pending === undefined) return 'an answer to no request';
    const isSymmetric = pending.local === local && sameAddress(pending.to, from);
    if (isSymmetric) return pending.transaction.receive(bytes, response);
    pending.transaction.break('the answer came from another address');
    return 'an answer from another address';
  }

  /** Ends all requests of an owner without a word. */
  stop(owner: object): void {
    for (const [key, pending] of [...this.#requests]) {
      if (pending.owner !== owner) continue;
      this.#requests.delete(key);
      if (isTransaction(pending.transaction)) pending.transaction.stop();
    }
  }
}

function isTransaction(taker: AnswerTaker): taker is BindingTransaction {
  return 'stop' in taker;
}
