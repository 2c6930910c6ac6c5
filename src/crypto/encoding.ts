const BASE64 = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/';
const BASE64URL = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_';
const HEX = '0123456789abcdef';
const NOT_A_DIGIT = 255;

function digitValues(alphabet: string): Uint8Array {
  const values = new Uint8Array(128).fill(NOT_A_DIGIT);
  for (let i = 0; i < alphabet.length; i += 1) values[alphabet.charCodeAt(i)] = i;
  return values;
}

const BASE64_VALUES = digitValues(BASE64);
const BASE64URL_VALUES = digitValues(BASE64URL);

/** Base64 with padding (RFC 4648 4). */
export function toBase64(bytes: Uint8Array): string {
  const text = encode(bytes, BASE64);
  return text.padEnd(Math.ceil(text.length / 4) * 4, '=');
}

/** Base64url without padding (RFC 4648 5, RFC 7515 2). */
export function toBase64Url(bytes: Uint8Array): string {
  return encode(bytes, BASE64URL);
}

/** The bytes of padded base64; `undefined` for anything that {@link toBase64} would not have written. */
export function fromBase64(text: string): Uint8Array | undefined {
  if (text.length % 4 !== 0) return undefined;
  let length = text.length;
  if (text.endsWith('==')) length -= 2;
  else if (text.endsWith('=')) length -= 1;
  return decode(text, length, BASE64_VALUES);
}

/** The bytes of unpadded base64url; `undefined` for anything that {@link toBase64Url} would not have written. */
export function fromBase64Url(text: string): Uint8Array | undefined {
  return decode(text, text.length, BASE64URL_VALUES);
}

/** Written at once: a text put together digit by digit would keep a rope of all its beginnings alive. */
function encode(bytes: Uint8Array, alphabet: string): string {
  const codes = new Array<number>(Math.ceil((bytes.length * 8) / 6));
  let at = 0;
  let bits = 0;
  let count = 0;
  for (let i = 0; i < bytes.length; i += 1) {
    bits = (bits << 8) | (bytes[i] as number);
    count += 8;
    while (count >= 6) {
      count -= 6;
      codes[at++] = alphabet.charCodeAt((bits >> count) & 63);
    }
    bits &= 63;
  }
  if (count > 0) codes[at] = alphabet.charCodeAt((bits << (6 - count)) & 63);
  return textOfCodes(codes);
}

/** How many arguments a call may have on any engine. */
const MOST_ARGUMENTS = 4096;

/** The text of character codes. */
export function textOfCodes(
  codes: ArrayLike<number> & { slice(from: number, to: number): ArrayLike<number> },
): string {
  if (codes.length <= MOST_ARGUMENTS) return String.fromCharCode.apply(null, codes as number[]);
  let text = '';
  for (let from = 0; from < codes.length; from += MOST_ARGUMENTS) {
    text += String.fromCharCode.apply(null, codes.slice(from, from + MOST_ARGUMENTS) as number[]);
  }
  return text;
}

function decode(text: string, length: number, values: Uint8Array): Uint8Array | undefined {
  if (length % 4 === 1) return undefined;
  const bytes = new Uint8Array(Math.floor((length * 3) / 4));
  let bits = 0;
  let count = 0;
  let at = 0;
  for (let i = 0; i < length; i += 1) {
    const value = values[text.charCodeAt(i)] ?? NOT_A_DIGIT;
    if (value === NOT_A_DIGIT) return undefined;
    bits = ((bits & 63) << 6) | value;
    count += 6;
    if (count >= 8) {
      count -= 8;
      bytes[at] = (bits >> count) & 255;
      at += 1;
    }
  }
  // RFC 4648 3.5: the bits that carry nothing are zero, so that every byte string has one text.
  return (bits & ((1 << count) - 1)) === 0 ? bytes : undefined;
}

/** Lower-case hexadecimal. */
export function toHex(bytes: Uint8Array): string {
  const codes = new Array<number>(2 * bytes.length);
  for (let i = 0; i < bytes.length; i += 1) {
    const byte = bytes[i] as number;
    codes[2 * i] = HEX.charCodeAt(byte >> 4);
    codes[2 * i + 1] = HEX.charCodeAt(byte & 15);
  }
  return textOfCodes(codes);
}

/** The bytes of hexadecimal digits of either case; `undefined` for an odd count or any other character. */
export function fromHex(text: string): Uint8Array | undefined {
  if (text.length % 2 !== 0) return undefined;
  const bytes = new Uint8Array(text.length / 2);
  for (let i = 0; i < bytes.length; i += 1) {
    const high = hexDigit(text.charCodeAt(2 * i));
    const low = hexDigit(text.charCodeAt(2 * i + 1));
    if (high === NOT_A_DIGIT || low === NOT_A_DIGIT) return undefined;
    bytes[i] = (high << 4) | low;
  }
  return bytes;
}

function hexDigit(code: number): number {
  if (code >= 0x30 && code <= 0x39) return code - 0x30;
  const lower = code | 0x20;
  return lower >= 0x61 && lower <= 0x66 ? lower - 0x57 : NOT_A_DIGIT;
}

const encoder = new TextEncoder();
const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/** The UTF-8 bytes of a text; a lone surrogate becomes U+FFFD. */
export function toUtf8(text: string): Uint8Array {
  return encoder.encode(text);
}

/** The text of UTF-8 bytes, a byte order mark kept; `undefined` when they are not UTF-8. */
export function fromUtf8(bytes: Uint8Array): string | undefined {
  try {
    return decoder.decode(bytes);
  } catch {
    return undefined;
  }
}

/** Whether two byte strings are equal, in a time that depends on their length only. */
export function constantTimeEqual(a: Uint8Array, b: Uint8Array): boolean {
  if (a.length !== b.length) return false;
  let difference = 0;
  for (let i = 0; i < a.length; i += 1) difference |= (a[i] as number) ^ (b[i] as number);
  return difference === 0;
}
