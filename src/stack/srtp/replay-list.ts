/** The least a replay list may cover (RFC 3711 3.3.2). */
const LEAST_WINDOW = 64;
/** A quarter of the sequence numbers: the ring's places then follow from the sequence number alone. */
const MOST_WINDOW = 0x4000;

/** The replay list of a source (RFC 3711 3.3.2): a ring of bits for the newest index and those before it. */
export class ReplayList {
  readonly #window: number;
  readonly #mask: number;
  readonly #bits: Uint32Array;

  /**
   * @param window - indices covered, 64 to 16384
   * @throws RangeError for another number
   */
  constructor(window: number) {
    if (!(window >= LEAST_WINDOW && window <= MOST_WINDOW)) {
      throw new RangeError(`a replay list covers ${LEAST_WINDOW} to ${MOST_WINDOW} packets, not ${window}`);
    }
    this.#window = window;
    let places = LEAST_WINDOW;
    while (places < window) places *= 2;
    this.#mask = places - 1;
    this.#bits = new Uint32Array(places / 32);
  }

  /**
   * Whether an index has been received or is too old to know.
   *
   * @param index - its low bits suffice
   * @param ahead - how far it is ahead of the newest
   */
  seen(index: number, ahead: number): boolean {
    if (ahead > 0) return false;
    if (ahead <= -this.#window) return true;
    const place = index & this.#mask;
    return (((this.#bits[place >> 5] as number) >>> (place & 31)) & 1) === 1;
  }

  /** Notes an index as received; if it is ahead it becomes the newest. */
  add(index: number, ahead: number): void {
    if (ahead <= -this.#window) return;
    if (ahead > this.#mask) this.#bits.fill(0);
    else for (let behind = 1; behind < ahead; behind += 1) this.#set(index - behind, false);
    this.#set(index, true);
  }

  #set(index: number, received: boolean): void {
    const place = index & this.#mask;
    const bit = 1 << (place & 31);
    const word = this.#bits[place >> 5] as number;
    this.#bits[place >> 5] = received ? word | bit : word & ~bit;
  }
}
