/** How a number came. */
export interface Arrival {
  /** `new` is ahead of all before it; `late` fills a hole, or came before the first. */
  readonly order: 'new' | 'late' | 'duplicate';
  /** The number without its wraps. */
  readonly extended: number;
  /** Numbers left out between the highest before and this one; 0 unless `new`. */
  readonly gap: number;
}

/** Numbers back to which duplicates are told from late ones. */
const WINDOW = 1024;

/** Counts numbers that wrap: which are missing, came twice or late (RFC 3550 A.1, A.3). */
export class SequenceTracker {
  /** Different numbers that came. */
  received = 0;
  duplicates = 0;
  late = 0;
  readonly #modulus: number;
  #first = 0;
  #highest = -1;
  /** The number last seen at each place of the window. */
  readonly #seen = new Float64Array(WINDOW).fill(Number.NaN);

  /** @param bits width of the numbers, up to 31 */
  constructor(bits: number) {
    this.#modulus = 2 ** bits;
  }

  /** Numbers that were passed over and have not come since. */
  get missing(): number {
    return this.received === 0 ? 0 : this.#highest - this.#first + 1 - this.received;
  }

  note(number: number): Arrival {
    const modulus = this.#modulus;
    if (this.received === 0) {
      this.#first = number;
      this.#highest = number;
      return this.#count(number, 'new', 0);
    }
    const ahead = (number - (this.#highest % modulus) + 2 * modulus) % modulus;
    // RFC 3550 A.1: what is more than half of the range ahead is behind
    if (ahead > 0 && ahead < modulus / 2) {
      this.#highest += ahead;
      return this.#count(this.#highest, 'new', ahead - 1);
    }
    const extended = ahead === 0 ? this.#highest : this.#highest + ahead - modulus;
    if (this.#seen[slotOf(extended)] === extended) {
      this.duplicates++;
      return { order: 'duplicate', extended, gap: 0 };
    }
    this.late++;
    this.#first = Math.min(this.#first, extended);
    return this.#count(extended, 'late', 0);
  }

  #count(extended: number, order: 'new' | 'late', gap: number): Arrival {
    this.received++;
    this.#seen[slotOf(extended)] = extended;
    return { order, extended, gap };
  }
}

const slotOf = (extended: number): number => ((extended % WINDOW) + WINDOW) % WINDOW;
