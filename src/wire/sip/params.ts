import { type Parsed, parsed, unparsed } from '../parsed.js';
import {
  endOfQuoted,
  escapeUri,
  isToken,
  quote,
  skipSpace,
  trimSpace,
  URI_PARAM,
  unescapeUri,
  unquote,
} from './grammar.js';

/** One parameter as written: `raw` keeps quotes and escapes, and is undefined when there is no `=`. */
export interface Param {
  readonly name: string;
  readonly raw: string | undefined;
}

/** Whether values are quoted (`generic-param` of header fields) or percent-escaped (`other-param` of URIs). */
export type ParamStyle = 'header' | 'uri';

/** `[2001:db8::1]`, which a header parameter may hold unquoted as a `host` (RFC 3261 25.1 `gen-value`). */
const ipv6Reference = /^\[[0-9A-Fa-f:.]+\]$/;

/**
 * The parameters of a header field value or a URI: an immutable ordered list, names compared without case
 * (RFC 3261 7.3.1, 25.1 `generic-param`, `uri-parameters`). Written back exactly as read.
 */
export class Params implements Iterable<Param> {
  /** No header field parameters. */
  static readonly none = new Params('header', []);
  /** No URI parameters. */
  static readonly noneUri = new Params('uri', []);

  readonly style: ParamStyle;
  readonly entries: readonly Param[];

  constructor(style: ParamStyle, entries: readonly Param[]) {
    this.style = style;
    this.entries = entries;
  }

  /** Header field parameters from names and values, in order; `undefined` for a parameter without value. */
  static of(values: Readonly<Record<string, string | undefined>>): Params {
    let params = Params.none;
    for (const [name, value] of Object.entries(values)) params = params.with(name, value);
    return params;
  }

  /** URI parameters from names and values, in order; `undefined` for a parameter without value. */
  static ofUri(values: Readonly<Record<string, string | undefined>>): Params {
    let params = Params.noneUri;
    for (const [name, value] of Object.entries(values)) params = params.with(name, value);
    return params;
  }

  get size(): number {
    return this.entries.length;
  }

  /** The parameter's value without its quotes or escapes; undefined when absent or without value (see {@link has}). */
  get(name: string): string | undefined {
    const raw = this.raw(name);
    if (raw === undefined) return undefined;
    return this.style === 'uri' ? unescapeUri(raw) : unquote(raw);
  }

  /** The parameter's value as written. */
  raw(name: string): string | undefined {
    return this.find(name)?.raw;
  }

  has(name: string): boolean {
    return this.find(name) !== undefined;
  }

  /** With the parameter set: replaced where it stands, else added at the end; the value quoted or escaped if it must be. */
  with(name: string, value?: string): Params {
    let raw = value;
    if (value !== undefined && this.style === 'uri') raw = escapeUri(value, URI_PARAM);
    else if (value !== undefined && !isToken(value) && !ipv6Reference.test(value)) raw = quote(value);
    return this.withRaw(name, raw);
  }

  /** As {@link with}, the value always a quoted string. */
  withQuoted(name: string, value: string): Params {
    return this.withRaw(name, quote(value));
  }

  /** As {@link with}, the value put in as it is. */
  withRaw(name: string, raw: string | undefined): Params {
    const entries = this.entries.slice();
    const at = this.entries.findIndex((entry) => sameName(entry.name, name));
    if (at < 0) entries.push({ name, raw });
    else entries[at] = { name, raw };
    return new Params(this.style, entries);
  }

  /** Without any parameter of that name. */
  without(name: string): Params {
    if (!this.has(name)) return this;
    return new Params(
      this.style,
      this.entries.filter((entry) => !sameName(entry.name, name)),
    );
  }

  [Symbol.iterator](): Iterator<Param> {
    return this.entries[Symbol.iterator]();
  }

  /** `;name=value;name`, or the empty string. */
  toString(): string {
    let out = '';
    for (const { name, raw } of this.entries) out += raw === undefined ? `;${name}` : `;${name}=${raw}`;
    return out;
  }

  private find(name: string): Param | undefined {
    for (const entry of this.entries) if (sameName(entry.name, name)) return entry;
    return undefined;
  }
}

function sameName(a: string, b: string): boolean {
  return a === b || (a.length === b.length && a.toLowerCase() === b.toLowerCase());
}

/**
 * Header field parameters from `at` to the end of the text: `*(SEMI generic-param)`. Empty parameters (`;;`) are kept
 * with an empty name, for a validator to name.
 *
 * @param text - one element of a header field value, unfolded
 * @param at - where the first `;` is expected (white space may come before it)
 * @returns the parameters, or what stands there instead of `;`, or the quoted string that does not end
 */
export function parseParams(text: string, at: number): Parsed<Params> {
  let i = skipSpace(text, at);
  if (i >= text.length) return parsed(Params.none);
  const entries: Param[] = [];
  while (i < text.length) {
    if (text.charCodeAt(i) !== 59) return unparsed('text where a parameter should start', i, '";"');
    const start = i + 1;
    let equals = -1;
    let end = start;
    for (; end < text.length; end++) {
      const code = text.charCodeAt(end);
      if (code === 59) break;
      if (code === 61 && equals < 0) equals = end;
      else if (code === 34 && equals >= 0) {
        const close = endOfQuoted(text, end);
        if (close < 0) return unparsed('quoted string without its end', end, '"\\""');
        end = close - 1;
      }
    }
    entries.push(
      equals < 0
        ? { name: trimSpace(text.slice(start, end)), raw: undefined }
        : { name: trimSpace(text.slice(start, equals)), raw: trimSpace(text.slice(equals + 1, end)) },
    );
    i = end;
  }
  return parsed(new Params('header', entries));
}

/** URI parameters from text that starts with `;` or is empty (RFC 3261 25.1 `uri-parameters`). */
export function parseUriParams(text: string): Params {
  if (text === '') return Params.noneUri;
  const entries: Param[] = [];
  for (let at = 1; at <= text.length; ) {
    let end = text.indexOf(';', at);
    if (end < 0) end = text.length;
    const equals = text.indexOf('=', at);
    if (equals < 0 || equals > end) entries.push({ name: text.slice(at, end), raw: undefined });
    else entries.push({ name: text.slice(at, equals), raw: text.slice(equals + 1, end) });
    at = end + 1;
  }
  return new Params('uri', entries);
}
