import { splitList, trimSpace } from './grammar.js';
import { headerKey, isListKey } from './header-names.js';

/** One header field: the name as written, the value unfolded and trimmed. */
export interface HeaderField {
  readonly name: string;
  readonly value: string;
}

interface KeyedField extends HeaderField {
  readonly key: string;
}

/** Fields whose first element is acted upon by the next element to read the message, so new ones go to the top. */
const stacked = new Set(['via', 'route', 'record-route']);

interface View {
  readonly parse: (elements: readonly string[]) => unknown;
  readonly value: unknown;
}

/**
 * The header fields of a SIP message, in order. Names are compared without case and compact forms count as their full
 * names (RFC 3261 7.3). Values are kept as received; lists and typed views are made when asked for and kept until the
 * field changes.
 */
export class SipHeaders implements Iterable<HeaderField> {
  private fields: KeyedField[] = [];
  #lists: Map<string, readonly string[]> | undefined;
  #views: Map<string, View> | undefined;

  /** The fields given, in order. */
  constructor(fields: Iterable<readonly [name: string, value: string]> = []) {
    for (const [name, value] of fields)
      this.fields.push({ name, key: headerKey(name), value: oneLine(value) });
  }

  /** How many header fields there are. */
  get size(): number {
    return this.fields.length;
  }

  /** The whole value of the first field of that name. */
  get(name: string): string | undefined {
    const key = headerKey(name);
    for (const field of this.fields) if (field.key === key) return field.value;
    return undefined;
  }

  /** The whole values of all fields of that name, not split. */
  all(name: string): readonly string[] {
    const key = headerKey(name);
    const out: string[] = [];
    for (const field of this.fields) if (field.key === key) out.push(field.value);
    return out;
  }

  /**
   * The elements of all fields of that name: comma lists are split, except where the field's grammar is no list (such
   * as Authorization, Date, Subject). Empty elements are left out.
   */
  list(name: string): readonly string[] {
    const key = headerKey(name);
    const known = this.#lists?.get(key);
    if (known !== undefined) return known;
    const out: string[] = [];
    const split = isListKey(key);
    for (const field of this.fields) {
      if (field.key !== key) continue;
      if (!split) out.push(field.value);
      else for (const element of splitList(field.value)) if (element !== '') out.push(element);
    }
    this.#lists ??= new Map();
    this.#lists.set(key, out);
    return out;
  }

  /** The first element of {@link list}. */
  first(name: string): string | undefined {
    return this.list(name)[0];
  }

  has(name: string): boolean {
    return this.get(name) !== undefined;
  }

  /**
   * What `parse` makes of {@link list}, kept until the field changes. Pass a function that is made once, not a new
   * closure a call.
   */
  view<T>(name: string, parse: (elements: readonly string[]) => T): T {
    const key = headerKey(name);
    const known = this.#views?.get(key);
    if (known !== undefined && known.parse === parse) return known.value as T;
    const value = parse(this.list(key));
    this.#views ??= new Map();
    this.#views.set(key, { parse, value });
    return value;
  }

  /** Puts one field in place of all fields of that name (where the first of them stood, else at the end). */
  set(name: string, value: string): this {
    const key = this.touch(name);
    const at = this.fields.findIndex((field) => field.key === key);
    if (at < 0) {
      this.fields.push({ name, key, value: oneLine(value) });
      return this;
    }
    this.fields[at] = { name, key, value: oneLine(value) };
    for (let i = this.fields.length - 1; i > at; i--)
      if (this.fields[i]?.key === key) this.fields.splice(i, 1);
    return this;
  }

  /** Adds a field after the last of that name, else at the end. */
  append(name: string, value: string): this {
    const key = this.touch(name);
    let at = this.fields.length;
    for (let i = at - 1; i >= 0; i--) {
      if (this.fields[i]?.key === key) {
        at = i + 1;
        break;
      }
    }
    this.fields.splice(at, 0, { name, key, value: oneLine(value) });
    return this;
  }

  /** Adds a field before the first of that name; if there is none, at the top for Via, Route and Record-Route, else at the end. */
  prepend(name: string, value: string): this {
    const key = this.touch(name);
    const first = this.fields.findIndex((field) => field.key === key);
    const at = first >= 0 ? first : stacked.has(key) ? 0 : this.fields.length;
    this.fields.splice(at, 0, { name, key, value: oneLine(value) });
    return this;
  }

  /** Removes the first element of that name (of a comma list, only its first) and returns it. */
  removeFirst(name: string): string | undefined {
    const key = headerKey(name);
    for (let at = 0; at < this.fields.length; at++) {
      const field = this.fields[at] as KeyedField;
      if (field.key !== key) continue;
      this.touch(key);
      const elements = isListKey(key)
        ? splitList(field.value).filter((element) => element !== '')
        : [field.value];
      const first = elements.shift();
      if (elements.length > 0) {
        this.fields[at] = { name: field.name, key, value: elements.join(', ') };
        return first;
      }
      this.fields.splice(at, 1);
      if (first !== undefined) return first;
      at -= 1;
    }
    return undefined;
  }

  /** Removes all fields of that name. */
  remove(name: string): this {
    const key = this.touch(name);
    this.fields = this.fields.filter((field) => field.key !== key);
    return this;
  }

  /** An independent copy. */
  clone(): SipHeaders {
    const copy = new SipHeaders();
    copy.fields = this.fields.slice();
    return copy;
  }

  [Symbol.iterator](): Iterator<HeaderField> {
    return this.fields[Symbol.iterator]();
  }

  /**
   * Adds a field at the end exactly as received: used by the parser, which has already unfolded the value.
   * @internal
   */
  received(name: string, value: string): void {
    this.fields.push({ name, key: headerKey(name), value });
  }

  private touch(name: string): string {
    const key = headerKey(name);
    this.#lists?.delete(key);
    this.#views?.delete(key);
    return key;
  }
}

const lineBreaks = /[\r\n]+[ \t]*/g;

/** A value that cannot end its line early: what the parser would make of it once written. */
function oneLine(value: string): string {
  const text = value.includes('\n') || value.includes('\r') ? value.replace(lineBreaks, ' ') : value;
  return trimSpace(text);
}
