import { decodeText, encodeText } from './text.js';

/** Character classes of RFC 3261 25.1, as bits of {@link classOf}. */
export const TOKEN = 1;
export const USER = 2;
export const PASSWORD = 4;
export const URI_PARAM = 8;
export const URI_HEADER = 16;
export const WORD = 32;
export const TOKEN68 = 64;
/** Within a label of a host name. */
export const HOST = 128;

const alphanumeric = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789';
const mark = "-_.!~*'()";
const classes = new Uint8Array(128);

function fill(bit: number, characters: string): void {
  for (const character of alphanumeric + characters) {
    const code = character.charCodeAt(0);
    classes[code] = (classes[code] as number) | bit;
  }
}
fill(TOKEN, "-.!%*_+`'~");
fill(USER, `${mark}&=+$,;?/`);
fill(PASSWORD, `${mark}&=+$,`);
fill(URI_PARAM, `${mark}[]/:&+$`);
fill(URI_HEADER, `${mark}[]/?:+$`);
fill(WORD, '-.!%*_+`\'~()<>:\\"/[]?{}');
fill(TOKEN68, '-._~+/');
fill(HOST, '-');

/** The class bits of a character code; 0 for everything outside ASCII. */
export function classOf(code: number): number {
  return code < 128 ? (classes[code] as number) : 0;
}

/** Whether every character of a non-empty text belongs to the class. */
export function isAll(text: string, bit: number): boolean {
  for (let i = 0; i < text.length; i++) if ((classOf(text.charCodeAt(i)) & bit) === 0) return false;
  return text.length > 0;
}

/** Whether the text is a `token`. */
export function isToken(text: string): boolean {
  return isAll(text, TOKEN);
}

/** Whether the text is 1*DIGIT. */
export function isDigits(text: string): boolean {
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i);
    if (code < 48 || code > 57) return false;
  }
  return text.length > 0;
}

/** 1*DIGIT as a number, or undefined; `Infinity` never results, values above `maximum` are undefined. */
export function digits(text: string, maximum: number): number | undefined {
  if (!isDigits(text)) return undefined;
  const value = Number(text);
  return value <= maximum ? value : undefined;
}

/** Whether the code is SP or HTAB (folding is undone before values are looked at). */
export function isSpace(code: number): boolean {
  return code === 32 || code === 9;
}

/** The first position at or after `at` that is not SP or HTAB. */
export function skipSpace(text: string, at: number): number {
  let i = at;
  while (i < text.length && isSpace(text.charCodeAt(i))) i++;
  return i;
}

/**
 * The position after the quoted string that starts at `at`, or -1 when it does not end (RFC 3261 25.1 `quoted-string`).
 */
export function endOfQuoted(text: string, at: number): number {
  for (let i = at + 1; i < text.length; i++) {
    const code = text.charCodeAt(i);
    if (code === 92) i++;
    else if (code === 34) return i + 1;
  }
  return -1;
}

/** The text as a quoted string: `"` and `\` escaped, CR and LF (which no quoted pair may hold) as a space. */
export function quote(text: string): string {
  return `"${text.replace(/[\\"]/g, '\\$&').replace(/[\r\n]+/g, ' ')}"`;
}

/** The content of a quoted string; any other text as it is. */
export function unquote(text: string): string {
  if (text.length < 2 || text.charCodeAt(0) !== 34 || text.charCodeAt(text.length - 1) !== 34) return text;
  const inner = text.slice(1, -1);
  return inner.includes('\\') ? inner.replace(/\\([\s\S])/g, '$1') : inner;
}

function hexValue(code: number): number {
  if (code >= 48 && code <= 57) return code - 48;
  const letter = code | 32;
  return letter >= 97 && letter <= 102 ? letter - 87 : -1;
}

/** The byte that `%` HEX HEX at `at` stands for, or -1. */
export function escapedByte(text: string, at: number): number {
  if (text.charCodeAt(at) !== 37 || at + 2 >= text.length) return -1;
  const high = hexValue(text.charCodeAt(at + 1));
  const low = hexValue(text.charCodeAt(at + 2));
  return high < 0 || low < 0 ? -1 : high * 16 + low;
}

const hex = '0123456789ABCDEF';

/** The text with everything outside the class written as `%` HEX HEX of its UTF-8 bytes. */
export function escapeUri(text: string, bit: number): string {
  if (isAll(text, bit)) return text;
  let out = '';
  for (const byte of encodeText(text)) {
    const plain = (classOf(byte) & bit) !== 0;
    out += plain ? String.fromCharCode(byte) : `%${hex[byte >> 4]}${hex[byte & 15]}`;
  }
  return out;
}

/** The text with every valid `%` HEX HEX undone; an invalid one stays as written. */
export function unescapeUri(text: string): string {
  if (!text.includes('%')) return text;
  const bytes: number[] = [];
  const raw = encodeText(text);
  for (let i = 0; i < raw.length; i++) {
    const high = raw[i] === 37 && i + 2 < raw.length ? hexValue(raw[i + 1] as number) : -1;
    const low = high < 0 ? -1 : hexValue(raw[i + 2] as number);
    if (low < 0) bytes.push(raw[i] as number);
    else {
      bytes.push(high * 16 + low);
      i += 2;
    }
  }
  return decodeText(Uint8Array.from(bytes));
}

/** Whether the text consists of characters of the class and valid `%` HEX HEX only. The empty text does. */
export function isEscaped(text: string, bit: number): boolean {
  for (let i = 0; i < text.length; i++) {
    if ((classOf(text.charCodeAt(i)) & bit) !== 0) continue;
    if (escapedByte(text, i) < 0) return false;
    i += 2;
  }
  return true;
}

/**
 * The elements of a comma list. Commas within quoted strings and `<>` do not split; what an unbalanced quote or bracket
 * opens reaches to the end. Elements are trimmed; empty ones are kept.
 */
export function splitList(value: string): string[] {
  if (!value.includes(',')) return [trimSpace(value)];
  const out: string[] = [];
  let start = 0;
  for (let i = 0; i < value.length; i++) {
    const code = value.charCodeAt(i);
    if (code === 34) {
      const end = endOfQuoted(value, i);
      if (end < 0) break;
      i = end - 1;
    } else if (code === 60) {
      const end = value.indexOf('>', i);
      if (end < 0) break;
      i = end;
    } else if (code === 44) {
      out.push(trimSpace(value.slice(start, i)));
      start = i + 1;
    }
  }
  out.push(trimSpace(value.slice(start)));
  return out;
}

/** Without SP and HTAB at both ends (`String.trim` would also take what is no LWS, such as U+FEFF). */
export function trimSpace(text: string): string {
  let start = 0;
  let end = text.length;
  while (start < end && (text.charCodeAt(start) === 32 || text.charCodeAt(start) === 9)) start++;
  while (end > start && (text.charCodeAt(end - 1) === 32 || text.charCodeAt(end - 1) === 9)) end--;
  return start === 0 && end === text.length ? text : text.slice(start, end);
}
