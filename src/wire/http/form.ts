/** Name and value pairs in order; a name may appear more than once. */
export type FormFields = readonly (readonly [name: string, value: string])[];

const encoder = new TextEncoder();
const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });
const HEX = '0123456789ABCDEF';

/** Bytes that stand for themselves in `application/x-www-form-urlencoded` (WHATWG URL 5.2). */
const PLAIN = new Uint8Array(256);
for (const char of '*-._0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz')
  PLAIN[char.charCodeAt(0)] = 1;

/** `application/x-www-form-urlencoded` text of the fields, in their order (RFC 6749 appendix B, WHATWG URL 5.2). */
export function serializeForm(fields: FormFields | Readonly<Record<string, string>>): string {
  const pairs = Array.isArray(fields) ? (fields as FormFields) : Object.entries(fields);
  return pairs.map(([name, value]) => `${encodeFormText(name)}=${encodeFormText(value)}`).join('&');
}

/** Reads a form body or a query without its `?`. `undefined` when a percent escape is broken or not UTF-8. */
export function parseForm(text: string): [name: string, value: string][] | undefined {
  const fields: [string, string][] = [];
  for (const piece of text.split('&')) {
    if (piece === '') continue;
    const equals = piece.indexOf('=');
    const name = decodeFormText(equals === -1 ? piece : piece.slice(0, equals));
    const value = equals === -1 ? '' : decodeFormText(piece.slice(equals + 1));
    if (name === undefined || value === undefined) return undefined;
    fields.push([name, value]);
  }
  return fields;
}

/** The first value of that name, `undefined` when absent. */
export function formValue(fields: FormFields, name: string): string | undefined {
  return fields.find(([key]) => key === name)?.[1];
}

/** A request target or URI taken apart at `?`; a fragment is cut off. */
export function splitTarget(target: string): { readonly path: string; readonly query: string } {
  const hash = target.indexOf('#');
  const whole = hash === -1 ? target : target.slice(0, hash);
  const mark = whole.indexOf('?');
  return mark === -1
    ? { path: whole, query: '' }
    : { path: whole.slice(0, mark), query: whole.slice(mark + 1) };
}

/** The target with the fields added to its query. */
export function withQuery(target: string, fields: FormFields | Readonly<Record<string, string>>): string {
  const query = serializeForm(fields);
  if (query === '') return target;
  return `${target}${target.includes('?') ? '&' : '?'}${query}`;
}

function encodeFormText(text: string): string {
  let encoded = '';
  for (const byte of encoder.encode(text)) {
    if (PLAIN[byte] === 1) encoded += String.fromCharCode(byte);
    else if (byte === 0x20) encoded += '+';
    else encoded += `%${HEX[byte >> 4]}${HEX[byte & 15]}`;
  }
  return encoded;
}

function decodeFormText(text: string): string | undefined {
  if (!text.includes('%')) return text.replaceAll('+', ' ');
  const bytes: number[] = [];
  for (let i = 0; i < text.length; i += 1) {
    const char = text[i] as string;
    if (char === '%') {
      const digits = text.slice(i + 1, i + 3);
      if (!/^[0-9a-fA-F]{2}$/.test(digits)) return undefined;
      bytes.push(Number.parseInt(digits, 16));
      i += 2;
    } else if (char === '+') bytes.push(0x20);
    else {
      const code = text.codePointAt(i) as number;
      if (code > 0xffff) i += 1;
      bytes.push(...encoder.encode(String.fromCodePoint(code)));
    }
  }
  try {
    return decoder.decode(Uint8Array.from(bytes));
  } catch {
    return undefined;
  }
}
