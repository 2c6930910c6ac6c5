/** Pairs of media ports of one address: an even one for RTP, the next for RTCP (RFC 3550 11). */
export class PortPool {
  readonly #first: number;
  readonly #free: number[] = [];
  #next: number;

  /** @param first lowest port, even; 65534 is the highest */
  constructor(first: number) {
    this.#first = first;
    this.#next = first;
  }

  /** How many pairs are out. */
  get taken(): number {
    return (this.#next - this.#first) / 2 - this.#free.length;
  }

  /** The even port of a free pair, or `undefined` when all are out. */
  take(): number | undefined {
    const free = this.#free.pop();
    if (free !== undefined) return free;
    if (this.#next > 65_534) return undefined;
    const port = this.#next;
    this.#next += 2;
    return port;
  }

  giveBack(port: number): void {
    this.#free.push(port);
  }
}
