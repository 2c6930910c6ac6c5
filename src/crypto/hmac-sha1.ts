import { putWord } from './aes.js';

/** Bytes of a block and of a digest (RFC 3174). */
const BLOCK_BYTES = 64;
const IPAD = 0x36;
const OPAD = 0x5c;

/**
 * HMAC-SHA1 (RFC 2104) with a kept key: the blocks of the inner and outer pads are compressed once, and a message is read
 * where it lies. The digest of the last message stays in the object until the next.
 */
export class HmacSha1 {
  /** The digest, five big-endian words. */
  readonly #state = new Int32Array(5);
  readonly #inner: Int32Array;
  readonly #outer: Int32Array;

  constructor(key: Uint8Array) {
    const pad = new Uint8Array(BLOCK_BYTES);
    if (key.length > BLOCK_BYTES) {
      this.#state.set(INITIAL);
      finish(this.#state, key, 0, key.length, 0, undefined);
      for (let i = 0; i < 5; i += 1) putWord(pad, 4 * i, this.#state[i] as number);
    } else {
      pad.set(key);
    }
    for (let i = 0; i < BLOCK_BYTES; i += 1) pad[i] = (pad[i] as number) ^ IPAD;
    this.#inner = Int32Array.from(INITIAL);
    compressBytes(this.#inner, pad, 0);
    for (let i = 0; i < BLOCK_BYTES; i += 1) pad[i] = (pad[i] as number) ^ IPAD ^ OPAD;
    this.#outer = Int32Array.from(INITIAL);
    compressBytes(this.#outer, pad, 0);
  }

  /**
   * Computes the digest of `data` from byte 0 to `end`, and of a word behind it.
   *
   * @param suffix - a big-endian word that counts as the end of the message
   */
  digest(data: Uint8Array, end: number, suffix?: number): void {
    const state = this.#state;
    state.set(this.#inner);
    finish(state, data, 0, end, BLOCK_BYTES, suffix);
    for (let i = 0; i < 5; i += 1) W[i] = state[i] as number;
    W[5] = 0x80000000 | 0;
    W.fill(0, 6, 15);
    W[15] = 8 * (BLOCK_BYTES + 20);
    state.set(this.#outer);
    compress(state);
  }

  /** Writes the first bytes of the digest, up to 20. */
  write(target: Uint8Array, at: number, bytes: number): void {
    const state = this.#state;
    for (let i = 0; i < bytes; i += 1) target[at + i] = (state[i >> 2] as number) >>> (24 - 8 * (i & 3));
  }

  /** Whether the digest begins with those bytes. */
  equals(source: Uint8Array, at: number, bytes: number): boolean {
    const state = this.#state;
    let different = 0;
    for (let i = 0; i < bytes; i += 1) {
      different |= (source[at + i] as number) ^ (((state[i >> 2] as number) >>> (24 - 8 * (i & 3))) & 255);
    }
    return different === 0;
  }
}

const INITIAL = [0x67452301, 0xefcdab89 | 0, 0x98badcfe | 0, 0x10325476, 0xc3d2e1f0 | 0];

/** The message schedule (RFC 3174 6.1); used within one call only. */
const W = new Int32Array(80);

/** Compresses what is left of a message with its padding; `before` bytes have been compressed already. */
function finish(
  state: Int32Array,
  data: Uint8Array,
  from: number,
  end: number,
  before: number,
  suffix: number | undefined,
): void {
  let at = from;
  for (; at + BLOCK_BYTES <= end; at += BLOCK_BYTES) compressBytes(state, data, at);
  const left = end - at;
  const tail = suffix === undefined ? left : left + 4;
  W.fill(0, 0, 32);
  for (let i = 0; i < left; i += 1) put(i, data[at + i] as number);
  if (suffix !== undefined) {
    for (let i = 0; i < 4; i += 1) put(left + i, (suffix >>> (24 - 8 * i)) & 255);
  }
  put(tail, 0x80);
  const bits = 8 * (before + end - from + (tail - left));
  if (tail + 9 > BLOCK_BYTES) {
    // the schedule overwrites what lies behind the first block
    const second = W.slice(16, 32);
    compress(state);
    W.set(second);
  }
  W[15] = bits;
  compress(state);
}

function put(at: number, byte: number): void {
  W[at >> 2] = (W[at >> 2] as number) | (byte << (24 - 8 * (at & 3)));
}

function compressBytes(state: Int32Array, data: Uint8Array, from: number): void {
  for (let i = 0, at = from; i < 16; i += 1, at += 4) {
    W[i] =
      ((data[at] as number) << 24) |
      ((data[at + 1] as number) << 16) |
      ((data[at + 2] as number) << 8) |
      (data[at + 3] as number);
  }
  compress(state);
}

/** Processes the block in the first 16 words of the schedule (RFC 3174 6.1). */
function compress(state: Int32Array): void {
  for (let i = 16; i < 80; i += 1) {
    const word = (W[i - 3] as number) ^ (W[i - 8] as number) ^ (W[i - 14] as number) ^ (W[i - 16] as number);
    W[i] = (word << 1) | (word >>> 31);
  }
  let a = state[0] as number;
  let b = state[1] as number;
  let c = state[2] as number;
  let d = state[3] as number;
  let e = state[4] as number;
  for (let i = 0; i < 20; i += 1) {
    const t = (((a << 5) | (a >>> 27)) + (d ^ (b & (c ^ d))) + e + 0x5a827999 + (W[i] as number)) | 0;
    e = d;
    d = c;
    c = (b << 30) | (b >>> 2);
    b = a;
    a = t;
  }
  for (let i = 20; i < 40; i += 1) {
    const t = (((a << 5) | (a >>> 27)) + (b ^ c ^ d) + e + 0x6ed9eba1 + (W[i] as number)) | 0;
    e = d;
    d = c;
    c = (b << 30) | (b >>> 2);
    b = a;
    a = t;
  }
  for (let i = 40; i < 60; i += 1) {
    const t =
      (((a << 5) | (a >>> 27)) + ((b & c) | (d & (b | c))) + e + (0x8f1bbcdc | 0) + (W[i] as number)) | 0;
    e = d;
    d = c;
    c = (b << 30) | (b >>> 2);
    b = a;
    a = t;
  }
  for (let i = 60; i < 80; i += 1) {
    const t = (((a << 5) | (a >>> 27)) + (b ^ c ^ d) + e + (0xca62c1d6 | 0) + (W[i] as number)) | 0;
    e = d;
    d = c;
    c = (b << 30) | (b >>> 2);
    b = a;
    a = t;
  }
  state[0] = (state[0] as number) + a;
  state[1] = (state[1] as number) + b;
  state[2] = (state[2] as number) + c;
  state[3] = (state[3] as number) + d;
  state[4] = (state[4] as number) + e;
}
