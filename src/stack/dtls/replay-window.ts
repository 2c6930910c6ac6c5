/** How many sequence numbers back a record may still be told from a replay (RFC 6347 4.1.2.6 prefers 64). */
const WINDOW = 64;
const HALF = 32;

/** Where a sequence number stands to the window. */
export type ReplayVerdict = 'new' | 'duplicate' | 'too old';

/** The sliding receive window of one epoch (RFC 6347 4.1.2.6, RFC 4303 3.4.3). */
export class ReplayWindow {
  /** The right edge: the highest sequence number seen. */
  #highest = -1;
  /** Bit n: `highest - n` has been seen, for n from 0 to 31 and from 32 to 63. */
  #near = 0;
  #far = 0;

  check(sequenceNumber: number): ReplayVerdict {
    const back = this.#highest - sequenceNumber;
    if (back < 0) return 'new';
    if (back >= WINDOW) return 'too old';
    const seen = back < HALF ? (this.#near >>> back) & 1 : (this.#far >>> (back - HALF)) & 1;
    return seen === 1 ? 'duplicate' : 'new';
  }

  /** Takes a sequence number as seen; only for records that proved authentic. */
  mark(sequenceNumber: number): void {
    const ahead = sequenceNumber - this.#highest;
    if (ahead <= 0) {
      const back = -ahead;
      if (back < HALF) this.#near |= 1 << back;
      else if (back < WINDOW) this.#far |= 1 << (back - HALF);
      return;
    }
    if (ahead >= WINDOW) {
      this.#near = 0;
      this.#far = 0;
    } else if (ahead >= HALF) {
      this.#far = this.#near << (ahead - HALF);
      this.#near = 0;
    } else {
      this.#far = (this.#far << ahead) | (this.#near >>> (HALF - ahead));
      this.#near <<= ahead;
    }
    this.#near |= 1;
    this.#highest = sequenceNumber;
  }
}
