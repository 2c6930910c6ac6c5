/** Why bytes could not be represented: what was wrong, where, and what was expected there. */
export interface ParseError {
  /** What was wrong, in one sentence without a full stop. */
  readonly what: string;
  /** Byte offset from the start of the input. */
  readonly offset: number;
  /** What the grammar wanted at that offset, where one thing can be named. */
  readonly expected?: string;
}

/** The outcome of a parser: a value, or the reason there is none. Parsers never throw on bytes. */
export type Parsed<T> =
  | { readonly ok: true; readonly value: T }
  | { readonly ok: false; readonly error: ParseError };

/** A successful {@link Parsed}. */
export function parsed<T>(value: T): Parsed<T> {
  return { ok: true, value };
}

/** A failed {@link Parsed}. */
export function unparsed(what: string, offset: number, expected?: string): { ok: false; error: ParseError } {
  return { ok: false, error: expected === undefined ? { what, offset } : { what, offset, expected } };
}

/** A {@link ParseError} as one line of text. */
export function describeParseError(error: ParseError): string {
  const expected = error.expected === undefined ? '' : `, expected ${error.expected}`;
  return `${error.what} at byte ${error.offset}${expected}`;
}

/** A finding of a validator: the message could be represented, but breaks a rule. */
export interface Finding {
  /** What is wrong, in one sentence without a full stop. */
  readonly what: string;
  /** Where: a header field name, attribute or field. */
  readonly where: string;
  /** The rule's document and section, such as `RFC 3261 8.1.1`. */
  readonly rule: string;
}
