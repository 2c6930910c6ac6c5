const LETTERS = 'abcdefghijklmnopqrstuvwxyz0123456789';

/**
 * A pinned stream of pseudo-random numbers (the sfc32 generator, seeded by FNV-1a over seed and name). Each use has
 * a stream of its own name, so that adding an entity does not shift the numbers of the others.
 */
export class RandomStream {
  #a: number;
  #b: number;
  #c: number;
  #counter = 1;
  /** For its owner to find it by. */
  readonly label: string;

  /**
   * @param seed seed of the run, an integer
   * @param name what the numbers are for
   */
  constructor(seed: number, name: string, label: string = name) {
    this.label = label;
    const key = `${seed}/${name}`;
    this.#a = fnv1a(key, 0x811c9dc5);
    this.#b = fnv1a(key, 0x01000193);
    this.#c = fnv1a(key, 0x9e3779b9);
    for (let i = 0; i < 12; i++) this.uint32();
  }

  /** A number from 0 to 2^32-1. */
  uint32(): number {
    const sum = (this.#a + this.#b + this.#counter) | 0;
    this.#counter = (this.#counter + 1) | 0;
    this.#a = this.#b ^ (this.#b >>> 9);
    this.#b = (this.#c + (this.#c << 3)) | 0;
    this.#c = ((this.#c << 21) | (this.#c >>> 11)) + sum;
    this.#c |= 0;
    return sum >>> 0;
  }

  /** A number from 0 to `bound`-1; `bound` from 1 to 2^32. */
  below(bound: number): number {
    return Math.floor((this.uint32() / 0x1_0000_0000) * bound);
  }

  /** A number of at least 0 and less than 1. */
  uniform(): number {
    return this.uint32() / 0x1_0000_0000;
  }

  /** `length` bytes. */
  bytes(length: number): Uint8Array {
    const bytes = new Uint8Array(length);
    for (let i = 0; i < length; i += 4) {
      const word = this.uint32();
      for (let j = i; j < Math.min(i + 4, length); j++) bytes[j] = word >>> (8 * (j - i));
    }
    return bytes;
  }

  /** `length` lower-case letters and digits. */
  token(length: number): string {
    const codes = new Array<number>(length);
    for (let i = 0; i < length; i++) codes[i] = LETTERS.charCodeAt(this.below(LETTERS.length));
    return String.fromCharCode.apply(null, codes);
  }
}

function fnv1a(text: string, basis: number): number {
  let hash = basis;
  for (let i = 0; i < text.length; i++) {
    hash ^= text.charCodeAt(i);
    hash = Math.imul(hash, 0x01000193);
  }
  return hash | 0;
}
