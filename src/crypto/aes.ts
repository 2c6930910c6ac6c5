/**
 * AES in the encrypt direction (FIPS 197), which is all that counter modes need. The round function is four table lookups a
 * word; the key schedule is computed once a key. Lookups depend on the key, so timing would tell it to a neighbour on a
 * real machine: this is for packets of a simulation.
 */
export class Aes {
  readonly #schedule: Int32Array;
  /** The four words of the last block encrypted. */
  readonly block = new Int32Array(4);

  /**
   * @param key - 16, 24 or 32 bytes
   * @throws RangeError for another length
   */
  constructor(key: Uint8Array) {
    this.#schedule = expandKey(key);
  }

  /** Encrypts the block of these four big-endian words into {@link block}. */
  encrypt(a: number, b: number, c: number, d: number): void {
    const schedule = this.#schedule;
    const last = schedule.length - 4;
    let s0 = a ^ (schedule[0] as number);
    let s1 = b ^ (schedule[1] as number);
    let s2 = c ^ (schedule[2] as number);
    let s3 = d ^ (schedule[3] as number);
    for (let at = 4; at < last; at += 4) {
      const t0 = mixed(s0, s1, s2, s3) ^ (schedule[at] as number);
      const t1 = mixed(s1, s2, s3, s0) ^ (schedule[at + 1] as number);
      const t2 = mixed(s2, s3, s0, s1) ^ (schedule[at + 2] as number);
      s3 = mixed(s3, s0, s1, s2) ^ (schedule[at + 3] as number);
      s0 = t0;
      s1 = t1;
      s2 = t2;
    }
    const { block } = this;
    block[0] = substituted(s0, s1, s2, s3) ^ (schedule[last] as number);
    block[1] = substituted(s1, s2, s3, s0) ^ (schedule[last + 1] as number);
    block[2] = substituted(s2, s3, s0, s1) ^ (schedule[last + 2] as number);
    block[3] = substituted(s3, s0, s1, s2) ^ (schedule[last + 3] as number);
  }

  /**
   * Counter mode in place (SP 800-38A 6.5): XORs `data` from `from` to `to` with the encryptions of the counter block that is
   * these four words, incremented in its last word.
   */
  counterMode(
    a: number,
    b: number,
    c: number,
    counter: number,
    data: Uint8Array,
    from: number,
    to: number,
  ): void {
    const { block } = this;
    let count = counter;
    let at = from;
    for (; at + 16 <= to; at += 16) {
      this.encrypt(a, b, c, count);
      count = (count + 1) | 0;
      const w0 = block[0] as number;
      const w1 = block[1] as number;
      const w2 = block[2] as number;
      const w3 = block[3] as number;
      data[at] = (data[at] as number) ^ (w0 >>> 24);
      data[at + 1] = (data[at + 1] as number) ^ (w0 >>> 16);
      data[at + 2] = (data[at + 2] as number) ^ (w0 >>> 8);
      data[at + 3] = (data[at + 3] as number) ^ w0;
      data[at + 4] = (data[at + 4] as number) ^ (w1 >>> 24);
      data[at + 5] = (data[at + 5] as number) ^ (w1 >>> 16);
      data[at + 6] = (data[at + 6] as number) ^ (w1 >>> 8);
      data[at + 7] = (data[at + 7] as number) ^ w1;
      data[at + 8] = (data[at + 8] as number) ^ (w2 >>> 24);
      data[at + 9] = (data[at + 9] as number) ^ (w2 >>> 16);
      data[at + 10] = (data[at + 10] as number) ^ (w2 >>> 8);
      data[at + 11] = (data[at + 11] as number) ^ w2;
      data[at + 12] = (data[at + 12] as number) ^ (w3 >>> 24);
      data[at + 13] = (data[at + 13] as number) ^ (w3 >>> 16);
      data[at + 14] = (data[at + 14] as number) ^ (w3 >>> 8);
      data[at + 15] = (data[at + 15] as number) ^ w3;
    }
    if (at === to) return;
    this.encrypt(a, b, c, count);
    for (let i = 0; at < to; i += 1, at += 1) {
      data[at] = (data[at] as number) ^ ((block[i >> 2] as number) >>> (24 - 8 * (i & 3)));
    }
  }
}

/** The S-box (FIPS 197 5.1.1), and SubBytes and MixColumns of a byte in each of the four rows. */
const SBOX = new Uint8Array(256);
const ROW_0 = new Int32Array(256);
const ROW_1 = new Int32Array(256);
const ROW_2 = new Int32Array(256);
const ROW_3 = new Int32Array(256);
fillTables();

/** SubBytes, ShiftRows and MixColumns of a column. */
function mixed(a: number, b: number, c: number, d: number): number {
  return (
    (ROW_0[a >>> 24] as number) ^
    (ROW_1[(b >>> 16) & 255] as number) ^
    (ROW_2[(c >>> 8) & 255] as number) ^
    (ROW_3[d & 255] as number)
  );
}

/** SubBytes and ShiftRows of a column: the last round mixes no columns (FIPS 197 5.1). */
function substituted(a: number, b: number, c: number, d: number): number {
  return (
    ((SBOX[a >>> 24] as number) << 24) |
    ((SBOX[(b >>> 16) & 255] as number) << 16) |
    ((SBOX[(c >>> 8) & 255] as number) << 8) |
    (SBOX[d & 255] as number)
  );
}

/** KeyExpansion (FIPS 197 5.2). */
function expandKey(key: Uint8Array): Int32Array {
  const words = key.length / 4;
  if (words !== 4 && words !== 6 && words !== 8) {
    throw new RangeError(`an AES key has 16, 24 or 32 bytes, not ${key.length}`);
  }
  const schedule = new Int32Array(4 * (words + 7));
  for (let i = 0; i < words; i += 1) schedule[i] = wordAt(key, 4 * i);
  let roundConstant = 1;
  for (let i = words; i < schedule.length; i += 1) {
    let word = schedule[i - 1] as number;
    if (i % words === 0) {
      word = substituteWord((word << 8) | (word >>> 24)) ^ (roundConstant << 24);
      roundConstant = timesX(roundConstant);
    } else if (words === 8 && i % words === 4) {
      word = substituteWord(word);
    }
    schedule[i] = (schedule[i - words] as number) ^ word;
  }
  return schedule;
}

function substituteWord(word: number): number {
  return substituted(word, word, word, word);
}

/** Multiplication by x in the field of AES (FIPS 197 4.2.1). */
function timesX(value: number): number {
  return ((value << 1) ^ (value & 0x80 ? 0x11b : 0)) & 255;
}

function fillTables(): void {
  // 3 generates the field, so its powers and those of its inverse name every element beside its inverse
  let power = 1;
  let inverse = 1;
  do {
    power ^= timesX(power);
    inverse ^= inverse << 1;
    inverse ^= inverse << 2;
    inverse ^= inverse << 4;
    inverse &= 255;
    if (inverse & 0x80) inverse ^= 0x09;
    const twice = inverse | (inverse << 8);
    SBOX[power] = 0x63 ^ (inverse ^ (twice >> 7) ^ (twice >> 6) ^ (twice >> 5) ^ (twice >> 4));
  } while (power !== 1);
  SBOX[0] = 0x63;
  for (let i = 0; i < 256; i += 1) {
    const s = SBOX[i] as number;
    const s2 = timesX(s);
    const column = (s2 << 24) | (s << 16) | (s << 8) | (s2 ^ s);
    ROW_0[i] = column;
    ROW_1[i] = (column >>> 8) | (column << 24);
    ROW_2[i] = (column >>> 16) | (column << 16);
    ROW_3[i] = (column >>> 24) | (column << 8);
  }
}

/** The big-endian word at that byte. */
export function wordAt(bytes: Uint8Array, at: number): number {
  return (
    ((bytes[at] as number) << 24) |
    ((bytes[at + 1] as number) << 16) |
    ((bytes[at + 2] as number) << 8) |
    (bytes[at + 3] as number)
  );
}

/** Writes a big-endian word. */
export function putWord(bytes: Uint8Array, at: number, word: number): void {
  bytes[at] = word >>> 24;
  bytes[at + 1] = word >>> 16;
  bytes[at + 2] = word >>> 8;
  bytes[at + 3] = word;
}
