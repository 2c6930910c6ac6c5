/** An address as bytes, with what the checksums need precomputed. Shared between callers: never change `bytes`. */
export interface IpAddress {
  readonly family: 4 | 6;
  /** 4 or 16 bytes. */
  readonly bytes: Uint8Array;
  /** Sum of its 16-bit words: its part of a pseudo-header checksum (RFC 9293 3.1, RFC 8200 8.1). */
  readonly wordSum: number;
}

/** Addresses kept parsed. A simulation uses a few dozen; fuzzing must not grow it without bound. */
const CACHE_ENTRIES = 4096;
const cache = new Map<string, IpAddress>();

/**
 * Reads an IPv4 address in dotted decimal or an IPv6 address in any form of RFC 4291 2.2, without brackets, zone or
 * prefix length.
 * @returns `undefined` when the text is neither.
 */
export function parseIp(text: string): IpAddress | undefined {
  const known = cache.get(text);
  if (known !== undefined) return known;
  const bytes = text.includes(':') ? parseV6(text) : parseV4(text);
  if (bytes === undefined) return undefined;
  const address = ipFromBytes(bytes);
  if (cache.size >= CACHE_ENTRIES) cache.clear();
  cache.set(text, address);
  return address;
}

/** @param bytes - 4 or 16 bytes, not copied. */
export function ipFromBytes(bytes: Uint8Array): IpAddress {
  let wordSum = 0;
  for (let i = 0; i < bytes.length; i += 2) {
    wordSum += ((bytes[i] as number) << 8) | (bytes[i + 1] as number);
  }
  return { family: bytes.length === 4 ? 4 : 6, bytes, wordSum };
}

/**
 * The one text of an address: dotted decimal, or the canonical IPv6 form of RFC 5952 4 (IPv4-mapped addresses with a
 * dotted tail, section 5).
 * @param bytes - 4 or 16 bytes.
 */
export function formatIp(bytes: Uint8Array): string {
  return bytes.length === 4 ? bytes.join('.') : formatV6(bytes);
}

/** The canonical text of an address given as text; `undefined` when it is none. */
export function canonicalIp(text: string): string | undefined {
  const address = parseIp(text);
  return address && formatIp(address.bytes);
}

function parseV4(text: string): Uint8Array | undefined {
  const bytes = new Uint8Array(4);
  let index = 0;
  let value = -1;
  for (let i = 0; i <= text.length; i += 1) {
    const code = i < text.length ? text.charCodeAt(i) : 0x2e;
    if (code === 0x2e) {
      if (value < 0 || index > 3) return undefined;
      bytes[index] = value;
      index += 1;
      value = -1;
      continue;
    }
    // A leading zero is ambiguous between decimal and octal (RFC 6943 3.1.1).
    if (code < 0x30 || code > 0x39 || value === 0) return undefined;
    value = Math.max(value, 0) * 10 + code - 0x30;
    if (value > 255) return undefined;
  }
  return index === 4 ? bytes : undefined;
}

function parseV6(text: string): Uint8Array | undefined {
  const gap = text.indexOf('::');
  if (gap === -1) {
    const words = parseWords(text, true);
    return words?.length === 8 ? wordBytes(words) : undefined;
  }
  const head = gap === 0 ? [] : parseWords(text.slice(0, gap), false);
  const tail = gap + 2 === text.length ? [] : parseWords(text.slice(gap + 2), true);
  if (head === undefined || tail === undefined) return undefined;
  const missing = 8 - head.length - tail.length;
  if (missing < 1) return undefined;
  return wordBytes([...head, ...new Array<number>(missing).fill(0), ...tail]);
}

function parseWords(text: string, mayEndDotted: boolean): number[] | undefined {
  const words: number[] = [];
  const groups = text.split(':');
  for (let i = 0; i < groups.length; i += 1) {
    const group = groups[i] as string;
    if (mayEndDotted && i === groups.length - 1 && group.includes('.')) {
      const tail = parseV4(group);
      if (tail === undefined) return undefined;
      const [a, b, c, d] = tail as unknown as [number, number, number, number];
      words.push((a << 8) | b, (c << 8) | d);
    } else {
      if (!/^[0-9a-fA-F]{1,4}$/.test(group)) return undefined;
      words.push(Number.parseInt(group, 16));
    }
  }
  return words;
}

function wordBytes(words: readonly number[]): Uint8Array {
  const bytes = new Uint8Array(16);
  for (let i = 0; i < 8; i += 1) {
    bytes[2 * i] = (words[i] as number) >> 8;
    bytes[2 * i + 1] = (words[i] as number) & 255;
  }
  return bytes;
}

function formatV6(bytes: Uint8Array): string {
  const words: number[] = [];
  for (let i = 0; i < 16; i += 2) words.push(((bytes[i] as number) << 8) | (bytes[i + 1] as number));
  const mapped = words[5] === 0xffff && words.slice(0, 5).every((word) => word === 0);
  if (mapped) return `::ffff:${bytes.subarray(12).join('.')}`;
  // RFC 5952 4.2: the longest run of two or more zero words is shortened, the first of equals.
  let runStart = -1;
  let runLength = 1;
  for (let i = 0; i < 8; i += 1) {
    let length = 0;
    while (words[i + length] === 0) length += 1;
    if (length > runLength) {
      runStart = i;
      runLength = length;
    }
    i += length;
  }
  const hex = (from: number, to: number) =>
    words
      .slice(from, to)
      .map((word) => word.toString(16))
      .join(':');
  return runStart === -1 ? hex(0, 8) : `${hex(0, runStart)}::${hex(runStart + runLength, 8)}`;
}
