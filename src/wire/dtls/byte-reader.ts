/** Reads forward through bytes and remembers where it first ran past the end; then everything it reads is empty. */
export class ByteReader {
  readonly #bytes: Uint8Array;
  /** Where the bytes stand in what is read as a whole, for offsets in errors. */
  readonly #base: number;
  #at = 0;
  /** Offset at which something was missing. */
  failedAt: number | undefined;

  constructor(bytes: Uint8Array, base = 0) {
    this.#bytes = bytes;
    this.#base = base;
  }

  /** Offset in what is read as a whole. */
  get offset(): number {
    return this.#base + this.#at;
  }

  get left(): number {
    return this.#bytes.length - this.#at;
  }

  /** Whether nothing was missing and nothing is left. */
  get complete(): boolean {
    return this.failedAt === undefined && this.left === 0;
  }

  /** A number of 1 to 3 bytes. */
  number(size: 1 | 2 | 3): number {
    let value = 0;
    for (const byte of this.take(size)) value = (value << 8) | byte;
    return value;
  }

  /** A view of the next bytes. */
  take(count: number): Uint8Array {
    if (this.failedAt !== undefined || count > this.left) {
      this.failedAt ??= this.offset;
      return EMPTY;
    }
    this.#at += count;
    return this.#bytes.subarray(this.#at - count, this.#at);
  }

  /** The bytes of a vector whose length comes first, in 1 to 3 bytes (RFC 5246 4.3). */
  vector(size: 1 | 2 | 3): Uint8Array {
    return this.take(this.number(size));
  }

  /** A vector of numbers of 1 or 2 bytes; a length that no whole number of them has is a failure. */
  numbers(vectorSize: 1 | 2, size: 1 | 2): number[] {
    const from = this.offset;
    const bytes = this.vector(vectorSize);
    if (bytes.length % size !== 0) this.failedAt ??= from;
    const values: number[] = [];
    for (let at = 0; at + size <= bytes.length; at += size) {
      values.push(
        size === 1 ? (bytes[at] as number) : ((bytes[at] as number) << 8) | (bytes[at + 1] as number),
      );
    }
    return values;
  }

  /** A vector as a reader of its own, which shares no failure with this one. */
  inner(size: 1 | 2 | 3): ByteReader {
    const bytes = this.vector(size);
    return new ByteReader(bytes, this.offset - bytes.length);
  }
}

const EMPTY = new Uint8Array(0);
