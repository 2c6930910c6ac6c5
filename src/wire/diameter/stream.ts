import type { DiameterMessage } from './message.js';
import { type DiameterParseError, HEADER_BYTES, messageLength, parseDiameter } from './parse.js';
import { ResultCode } from './result-codes.js';

/** What a stream carries. `end` is the offset in the whole stream right after the item. */
export type DiameterStreamItem =
  | { readonly kind: 'message'; readonly message: DiameterMessage; readonly end: number }
  /** A message whose AVPs cannot be read; the stream goes on behind it. Offsets are those in the stream. */
  | { readonly kind: 'malformed'; readonly error: DiameterParseError; readonly end: number }
  /** The stream can no longer be divided into messages: close it. */
  | { readonly kind: 'error'; readonly error: DiameterParseError };

const nothing = new Uint8Array(0);

/** Divides the bytes of a connection into Diameter messages by Message Length (RFC 6733 2.1, 3). */
export class DiameterStreamParser {
  private readonly maxMessageBytes: number;
  private pending: Uint8Array = nothing;
  private base = 0;
  private failed = false;

  /** @param options `maxMessageBytes` is the longest message accepted; default 65,536. */
  constructor(options: { readonly maxMessageBytes?: number } = {}) {
    this.maxMessageBytes = options.maxMessageBytes ?? 65_536;
  }

  /** Whether an error has ended the stream. */
  get closed(): boolean {
    return this.failed;
  }

  /** Takes the next bytes and returns what they complete, in order. After an error further bytes are ignored. */
  push(bytes: Uint8Array): DiameterStreamItem[] {
    const items: DiameterStreamItem[] = [];
    if (this.failed) return items;
    this.pending = this.pending.length === 0 ? bytes : joined(this.pending, bytes);
    const { pending } = this;
    const view = new DataView(pending.buffer, pending.byteOffset, pending.byteLength);
    let at = 0;
    while (pending.length - at >= 4) {
      // A version other than 1 means that these four bytes need not be the start of a message at all.
      const version = view.getUint8(at);
      const length = messageLength(view, at);
      if (version !== 1)
        return this.fail(items, `version ${version}`, at, '1', ResultCode.DIAMETER_UNSUPPORTED_VERSION);
      if (length < HEADER_BYTES || length > this.maxMessageBytes || length % 4 !== 0) {
        const expected = `a multiple of 4 in ${HEADER_BYTES}..${this.maxMessageBytes}`;
        const owed = ResultCode.DIAMETER_INVALID_MESSAGE_LENGTH;
        return this.fail(items, `Message Length ${length}`, at + 1, expected, owed);
      }
      if (pending.length - at < length) break;
      const start = this.base + at;
      const read = parseDiameter(pending.subarray(at, at + length));
      at += length;
      const end = this.base + at;
      if (read.ok) items.push({ kind: 'message', message: read.value, end });
      else
        items.push({ kind: 'malformed', error: { ...read.error, offset: start + read.error.offset }, end });
    }
    this.pending = at === pending.length ? nothing : pending.slice(at);
    this.base += at;
    return items;
  }

  private fail(
    items: DiameterStreamItem[],
    what: string,
    at: number,
    expected: string,
    resultCode: number,
  ): DiameterStreamItem[] {
    this.failed = true;
    this.pending = nothing;
    items.push({ kind: 'error', error: { what, offset: this.base + at, expected, resultCode } });
    return items;
  }
}

function joined(a: Uint8Array, b: Uint8Array): Uint8Array {
  const out = new Uint8Array(a.length + b.length);
  out.set(a, 0);
  out.set(b, a.length);
  return out;
}
