import { Aes, putWord, wordAt } from './aes.js';

/** Bytes of an authentication tag; it is never truncated here (RFC 7714 13.2). */
export const GCM_TAG_BYTES = 16;

/**
 * AES-GCM (SP 800-38D) with a kept key and 12-byte nonces. Data are encrypted where they lie. GHASH multiplies by means of a
 * table of the 256 multiples of the hash key.
 */
export class AesGcm {
  readonly #aes: Aes;
  /** The product of the hash key and each byte, as the first byte of a block; four words an entry. */
  readonly #table: Int32Array;
  /** The hash so far. */
  readonly #hash = new Int32Array(4);

  /**
   * @param key - 16, 24 or 32 bytes
   * @throws RangeError for another length
   */
  constructor(key: Uint8Array) {
    this.#aes = new Aes(key);
    this.#aes.encrypt(0, 0, 0, 0);
    this.#table = multiples(this.#aes.block);
  }

  /**
   * Encrypts `data` from `from` to `to` in place and writes the tag at `tagAt`.
   *
   * @param nonce - 12 bytes, never used before with this key
   * @param aad - what is authenticated only, its first `aadEnd` bytes
   */
  seal(
    nonce: Uint8Array,
    aad: Uint8Array,
    aadEnd: number,
    data: Uint8Array,
    from: number,
    to: number,
    tagAt: number,
  ): void {
    const a = wordAt(nonce, 0);
    const b = wordAt(nonce, 4);
    const c = wordAt(nonce, 8);
    this.#aes.counterMode(a, b, c, 2, data, from, to);
    this.#tag(a, b, c, aad, aadEnd, data, from, to);
    for (let i = 0; i < 4; i += 1) putWord(data, tagAt + 4 * i, this.#hash[i] as number);
  }

  /**
   * Decrypts in place what {@link seal} has made, if the tag is right.
   *
   * @returns whether it is; if not, `data` is untouched
   */
  open(
    nonce: Uint8Array,
    aad: Uint8Array,
    aadEnd: number,
    data: Uint8Array,
    from: number,
    to: number,
    tagAt: number,
  ): boolean {
    if (!this.matches(nonce, aad, aadEnd, data, from, to, tagAt)) return false;
    this.decrypt(nonce, data, from, to);
    return true;
  }

  /** Whether the tag at `tagAt` is right; `data` stays as it is. */
  matches(
    nonce: Uint8Array,
    aad: Uint8Array,
    aadEnd: number,
    data: Uint8Array,
    from: number,
    to: number,
    tagAt: number,
  ): boolean {
    this.#tag(wordAt(nonce, 0), wordAt(nonce, 4), wordAt(nonce, 8), aad, aadEnd, data, from, to);
    let different = 0;
    for (let i = 0; i < 4; i += 1) different |= wordAt(data, tagAt + 4 * i) ^ (this.#hash[i] as number);
    return different === 0;
  }

  /** Decrypts in place, once {@link matches} has found the tag right. */
  decrypt(nonce: Uint8Array, data: Uint8Array, from: number, to: number): void {
    this.#aes.counterMode(wordAt(nonce, 0), wordAt(nonce, 4), wordAt(nonce, 8), 2, data, from, to);
  }

  /** Leaves the tag in the hash (SP 800-38D 7.1). */
  #tag(
    a: number,
    b: number,
    c: number,
    aad: Uint8Array,
    aadEnd: number,
    data: Uint8Array,
    from: number,
    to: number,
  ): void {
    const hash = this.#hash;
    hash.fill(0);
    this.#absorb(aad, 0, aadEnd);
    this.#absorb(data, from, to);
    // lengths in bits; none here reaches 2^32
    hash[1] = (hash[1] as number) ^ (8 * aadEnd);
    hash[3] = (hash[3] as number) ^ (8 * (to - from));
    this.#multiply();
    this.#aes.encrypt(a, b, c, 1);
    for (let i = 0; i < 4; i += 1) hash[i] = (hash[i] as number) ^ (this.#aes.block[i] as number);
  }

  /** GHASH of bytes, padded with zeros to whole blocks (SP 800-38D 6.4). */
  #absorb(bytes: Uint8Array, from: number, to: number): void {
    const hash = this.#hash;
    let at = from;
    for (; at + 16 <= to; at += 16) {
      for (let i = 0; i < 4; i += 1) hash[i] = (hash[i] as number) ^ wordAt(bytes, at + 4 * i);
      this.#multiply();
    }
    if (at === to) return;
    for (let i = 0; at < to; i += 1, at += 1) {
      hash[i >> 2] = (hash[i >> 2] as number) ^ ((bytes[at] as number) << (24 - 8 * (i & 3)));
    }
    this.#multiply();
  }

  /** Multiplies the hash by the hash key: from the last byte to the first, each step shifting by a byte. */
  #multiply(): void {
    const hash = this.#hash;
    const table = this.#table;
    let z0 = 0;
    let z1 = 0;
    let z2 = 0;
    let z3 = 0;
    for (let word = 3; word >= 0; word -= 1) {
      const input = hash[word] as number;
      for (let shift = 0; shift < 32; shift += 8) {
        const reduced = REDUCED[z3 & 255] as number;
        const entry = ((input >>> shift) & 255) << 2;
        z3 = ((z3 >>> 8) | (z2 << 24)) ^ (table[entry + 3] as number);
        z2 = ((z2 >>> 8) | (z1 << 24)) ^ (table[entry + 2] as number);
        z1 = ((z1 >>> 8) | (z0 << 24)) ^ (table[entry + 1] as number);
        z0 = (z0 >>> 8) ^ reduced ^ (table[entry] as number);
      }
    }
    hash[0] = z0;
    hash[1] = z1;
    hash[2] = z2;
    hash[3] = z3;
  }
}

/** 1 + x + x^2 + x^7 in the order of bits of GCM, which has x^0 first (SP 800-38D 6.3). */
const POLYNOMIAL = 0xe1000000 | 0;

/** What the byte that falls out at the end comes to as the first word. */
const REDUCED = new Int32Array(256);
for (let byte = 0; byte < 256; byte += 1) {
  let low = byte;
  let high = 0;
  for (let i = 0; i < 8; i += 1) {
    const out = low & 1;
    low >>>= 1;
    high = (high >>> 1) ^ (out === 1 ? POLYNOMIAL : 0);
  }
  REDUCED[byte] = high;
}

/** The hash key times each byte: the bit 0x80 is x^0. */
function multiples(key: Int32Array): Int32Array {
  const table = new Int32Array(4 * 256);
  let w0 = key[0] as number;
  let w1 = key[1] as number;
  let w2 = key[2] as number;
  let w3 = key[3] as number;
  for (let bit = 0x80; bit > 0; bit >>= 1) {
    table.set([w0, w1, w2, w3], 4 * bit);
    const out = w3 & 1;
    w3 = (w3 >>> 1) | (w2 << 31);
    w2 = (w2 >>> 1) | (w1 << 31);
    w1 = (w1 >>> 1) | (w0 << 31);
    w0 = (w0 >>> 1) ^ (out === 1 ? POLYNOMIAL : 0);
  }
  for (let bit = 2; bit < 256; bit <<= 1) {
    for (let rest = 1; rest < bit; rest += 1) {
      for (let i = 0; i < 4; i += 1) {
        table[4 * (bit + rest) + i] = (table[4 * bit + i] as number) ^ (table[4 * rest + i] as number);
      }
    }
  }
  return table;
}
