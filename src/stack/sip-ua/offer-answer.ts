/** Who has made an offer that is not answered yet. */
export type Offerer = 'local' | 'remote';

/**
 * Who owes whom an answer in one dialog, as far as the rules of who may send a session description when need it
 * (RFC 3261 13.2.1, RFC 3262 5, RFC 3311 5). A transaction is named by its side and CSeq number, such as `c1`.
 */
export class OfferAnswer {
  #offer: { readonly by: Offerer; readonly within: string; readonly inResponse: boolean } | undefined;
  /** Transactions in which an exchange has begun: later descriptions in their responses are repetitions. */
  readonly #begun: string[] = [];

  /** Whose offer waits for an answer. */
  get pending(): Offerer | undefined {
    return this.#offer?.by;
  }

  /** A request with a session description: an answer if the other side's offer is pending (PRACK, ACK), else an offer. */
  inRequest(by: Offerer, transaction: string): void {
    if (this.#offer !== undefined && this.#offer.by !== by) this.#offer = undefined;
    else this.#begin(by, transaction, false);
  }

  /** A reliable non-failure response with a session description. */
  inResponse(by: Offerer, transaction: string): void {
    if (this.#offer?.within === transaction && this.#offer.by !== by) this.#offer = undefined;
    else if (!this.#begun.includes(transaction)) this.#begin(by, transaction, true);
  }

  /**
   * A final response has been given. An offer that got no answer is void (RFC 3261 14.1, RFC 3311 5.3), but one in a 2xx
   * is answered by the ACK.
   */
  over(transaction: string, success: boolean): void {
    if (this.#offer?.within === transaction && !(success && this.#offer.inResponse)) this.#offer = undefined;
  }

  #begin(by: Offerer, within: string, inResponse: boolean): void {
    this.#offer = { by, within, inResponse };
    this.#begun.push(within);
  }
}
