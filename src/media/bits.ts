/** Writes fields of bits, most significant first, as the figures of RFC 4867 and 26.445 A number them. */
export class BitWriter {
  readonly bytes: Uint8Array;
  /** Bits written so far. */
  at = 0;

  /** @param bits size of the whole; what is not written is zero, up to the end of the last byte */
  constructor(bits: number) {
    this.bytes = new Uint8Array((bits + 7) >> 3);
  }

  /** @param count 1 to 8 bits, from the low end of the value */
  write(value: number, count: number): void {
    const at = this.at >> 3;
    const shifted = (value & ((1 << count) - 1)) << (16 - count - (this.at & 7));
    this.bytes[at] = (this.bytes[at] as number) | (shifted >> 8);
    if ((this.at & 7) + count > 8) this.bytes[at + 1] = shifted;
    this.at += count;
  }

  /** @param count bits from the start of `source`, whose last byte has zeros behind them */
  writeBytes(source: Uint8Array, count: number): void {
    const { bytes } = this;
    const shift = this.at & 7;
    let at = this.at >> 3;
    const length = (count + 7) >> 3;
    if (shift === 0) bytes.set(source.subarray(0, length), at);
    else {
      for (let i = 0; i < length; i++, at++) {
        const byte = source[i] as number;
        bytes[at] = (bytes[at] as number) | (byte >> shift);
        // the last byte may end before the next begins
        if (at + 1 < bytes.length) bytes[at + 1] = byte << (8 - shift);
      }
    }
    this.at += count;
  }

  /** Goes on at the next whole byte. */
  align(): void {
    this.at = (this.at + 7) & ~7;
  }
}

/** Reads fields of bits, most significant first. Bits beyond the end are zeros; see {@link left}. */
export class BitReader {
  readonly #bytes: Uint8Array;
  /** Bits read so far. */
  at = 0;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
  }

  /** Bits that are there to be read; negative after reading beyond the end. */
  get left(): number {
    return this.#bytes.length * 8 - this.at;
  }

  /** @param count 1 to 8 */
  read(count: number): number {
    const at = this.at >> 3;
    const pair = ((this.#bytes[at] ?? 0) << 8) | (this.#bytes[at + 1] ?? 0);
    const value = (pair >> (16 - count - (this.at & 7))) & ((1 << count) - 1);
    this.at += count;
    return value;
  }

  /** Passes over bits. */
  skip(count: number): void {
    this.at += count;
  }

  align(): void {
    this.at = (this.at + 7) & ~7;
  }
}
