/** Writes forward into bytes that grow as needed. */
export class ByteWriter {
  #bytes = new Uint8Array(256);
  #at = 0;

  /** A number of 1 to 3 bytes. */
  number(value: number, size: 1 | 2 | 3): this {
    this.#reserve(size);
    for (let shift = 8 * (size - 1); shift >= 0; shift -= 8) this.#bytes[this.#at++] = value >> shift;
    return this;
  }

  bytes(bytes: Uint8Array): this {
    this.#reserve(bytes.length);
    this.#bytes.set(bytes, this.#at);
    this.#at += bytes.length;
    return this;
  }

  /**
   * Bytes with their length in front, in 1 to 3 bytes (RFC 5246 4.3).
   * @throws RangeError when they outgrow it.
   */
  vector(bytes: Uint8Array, size: 1 | 2 | 3): this {
    this.#length(bytes.length, size);
    return this.bytes(bytes);
  }

  /** A vector of numbers of 1 or 2 bytes each. */
  numbers(values: readonly number[], vectorSize: 1 | 2, size: 1 | 2): this {
    this.#length(values.length * size, vectorSize);
    for (const value of values) this.number(value, size);
    return this;
  }

  /** A vector of what `write` writes. */
  inner(size: 1 | 2 | 3, write: (writer: ByteWriter) => void): this {
    const writer = new ByteWriter();
    write(writer);
    return this.vector(writer.written(), size);
  }

  /** A copy of everything written. */
  written(): Uint8Array {
    return this.#bytes.slice(0, this.#at);
  }

  #length(length: number, size: 1 | 2 | 3): void {
    if (length >= 2 ** (8 * size))
      throw new RangeError(`${length} bytes do not fit a vector of ${size}-byte length`);
    this.number(length, size);
  }

  #reserve(count: number): void {
    const wanted = this.#at + count;
    if (wanted <= this.#bytes.length) return;
    const grown = new Uint8Array(Math.max(wanted, 2 * this.#bytes.length));
    grown.set(this.#bytes);
    this.#bytes = grown;
  }
}
