/** A gap longer than this is no loss to be repaired: what came before it is given up. */
const MOST_GAP = 512;
/** Times a packet is asked for. */
const MOST_REQUESTS = 10;
/** Least time between two requests for one packet, where the round-trip time is not known or very short. */
const LEAST_WAIT_US = 20_000;

/** Packets of a source that have not come, to be asked for by NACK (RFC 4585 6.2.1). */
export class MissingPackets {
  readonly #missing = new Map<number, { requests: number; askedUs: number }>();

  /** Notes a gap: the numbers from `first` up to, but not including, `next`. Returns whether there is anything new. */
  gap(first: number, next: number): boolean {
    const length = (next - first) & 0xffff;
    if (length > MOST_GAP) {
      this.#missing.clear();
      return false;
    }
    for (let i = 0; i < length; i += 1) {
      this.#missing.set((first + i) & 0xffff, { requests: 0, askedUs: Number.NEGATIVE_INFINITY });
    }
    for (const oldest of this.#missing.keys()) {
      if (this.#missing.size <= MOST_GAP) break;
      this.#missing.delete(oldest);
    }
    return length > 0;
  }

  /** A packet has come after all. */
  found(sequence: number): void {
    this.#missing.delete(sequence);
  }

  /** What to ask for now, in order of loss; it counts as asked for. What has been asked for too often is given up. */
  take(nowUs: number, roundTripUs: number): number[] {
    const due: number[] = [];
    for (const [sequence, request] of this.#missing) {
      if (nowUs - request.askedUs < Math.max(roundTripUs, LEAST_WAIT_US)) continue;
      if (request.requests === MOST_REQUESTS) {
        this.#missing.delete(sequence);
        continue;
      }
      request.requests += 1;
      request.askedUs = nowUs;
      due.push(sequence);
    }
    return due;
  }
}
