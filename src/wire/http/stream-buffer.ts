const SMALLEST_BUFFER = 1024;

/**
 * Bytes of one direction of a byte stream that have arrived but are not yet consumed. Knows the absolute stream
 * offset of its first byte. A chunk that arrives while the buffer is empty is borrowed, not copied, so the
 * caller must not change it afterwards; appending costs amortised constant time a byte.
 */
export class StreamBuffer {
  /** Absolute stream offset of the first unconsumed byte. */
  offset: number;
  #bytes = new Uint8Array(0);
  #head = 0;
  #tail = 0;
  #owned = false;

  /** @param start - absolute stream offset of the first byte that will be appended. */
  constructor(start = 0) {
    this.offset = start;
  }

  /** Unconsumed bytes at hand. */
  get length(): number {
    return this.#tail - this.#head;
  }

  append(chunk: Uint8Array): void {
    if (chunk.length === 0) return;
    const unread = this.length;
    if (unread === 0) {
      this.#bytes = chunk as Uint8Array<ArrayBuffer>;
      this.#head = 0;
      this.#tail = chunk.length;
      this.#owned = false;
      return;
    }
    const needed = unread + chunk.length;
    if (this.#tail + chunk.length > this.#bytes.length) {
      const roomEnough = this.#owned && needed <= this.#bytes.length / 2;
      const target = roomEnough ? this.#bytes : new Uint8Array(Math.max(SMALLEST_BUFFER, needed * 2));
      if (roomEnough) target.copyWithin(0, this.#head, this.#tail);
      else target.set(this.#bytes.subarray(this.#head, this.#tail));
      this.#bytes = target;
      this.#owned = true;
      this.#head = 0;
      this.#tail = unread;
    }
    this.#bytes.set(chunk, this.#tail);
    this.#tail += chunk.length;
  }

  /** The byte `index` places after the first unconsumed one; `undefined` when it has not arrived. */
  at(index: number): number | undefined {
    return index < this.length ? this.#bytes[this.#head + index] : undefined;
  }

  /** The unconsumed bytes without a copy. Valid until the next `append`. */
  view(): Uint8Array {
    return this.#bytes.subarray(this.#head, this.#tail);
  }

  /** Consumes `count` bytes (at most `length`) and returns a copy of them. */
  take(count: number): Uint8Array {
    const bytes = this.#bytes.slice(this.#head, this.#head + count);
    this.skip(count);
    return bytes;
  }

  /** Consumes `count` bytes (at most `length`). */
  skip(count: number): void {
    this.#head += count;
    this.offset += count;
  }
}
