import type { ParseError } from '../parsed.js';
import type { SipMessage } from './message.js';
import { addDefect, contentLength, findHeadEnd, parseHead } from './parse.js';

/** What a stream carries. `end` is the offset in the whole stream right after the item. */
export type StreamItem =
  | { readonly kind: 'message'; readonly message: SipMessage; readonly end: number }
  /** CRLF CRLF between messages (RFC 5626 3.5.1): owed a {@link StreamItem} of kind `pong` back. */
  | { readonly kind: 'ping'; readonly end: number }
  /** A single CRLF between messages (RFC 5626 3.5.1), or one before a start line (RFC 3261 7.5). */
  | { readonly kind: 'pong'; readonly end: number }
  /** The stream can no longer be divided into messages: answer what can be answered, then close it. */
  | { readonly kind: 'error'; readonly error: ParseError };

/** Bounds of a stream parser, in bytes, and what CRLFs between messages are. */
export interface StreamOptions {
  /** Start line and header fields; default 65,536. */
  readonly head?: number;
  /** Body; default 1,048,576. */
  readonly body?: number;
  /**
   * Which end of the keep-alive of RFC 5626 3.5.1 this is. `ping` (the server): CRLF CRLF is a ping even if it comes in two
   * pieces. `pong` (the client): every CRLF is a pong. Default: CRLF CRLF that arrives together is a ping, any other a pong.
   */
  readonly expects?: 'ping' | 'pong';
}

const CR = 13;
const LF = 10;
const nothing = new Uint8Array(0);

/**
 * Divides a byte stream into SIP messages by Content-Length (RFC 3261 18.3). After an error it is closed and ignores
 * further bytes. Bodies are views on the bytes pushed where a message came in one piece.
 */
export class SipStreamParser {
  private readonly headLimit: number;
  private readonly bodyLimit: number;
  private readonly expects: 'ping' | 'pong' | undefined;
  private pending: Uint8Array = nothing;
  /** Offset in the stream of the first byte of `pending`. */
  private base = 0;
  /** How far `pending` is known to hold no end of a head. */
  private searched = 0;
  private head: { readonly message: SipMessage; readonly bodyAt: number; readonly size: number } | undefined;
  private failed = false;

  constructor(options: StreamOptions = {}) {
    this.headLimit = options.head ?? 65_536;
    this.bodyLimit = options.body ?? 1_048_576;
    this.expects = options.expects;
  }

  /** Whether an error has ended the stream. */
  get closed(): boolean {
    return this.failed;
  }

  /** Takes the next bytes and returns what they complete, in order. */
  push(bytes: Uint8Array): StreamItem[] {
    const items: StreamItem[] = [];
    if (this.failed) return items;
    this.pending = this.pending.length === 0 ? bytes : joined(this.pending, bytes);
    while (!this.failed && this.next(items));
    return items;
  }

  /** Takes one item off the pending bytes; false when more bytes are needed. */
  private next(items: StreamItem[]): boolean {
    const pending = this.pending;
    if (this.head === undefined) {
      if (pending.length === 0) return false;
      if (pending[0] === CR) return this.takeKeepAlive(items);
      const end = findHeadEnd(pending, this.searched);
      if ((end < 0 ? pending.length : end) > this.headLimit) {
        return this.fail(items, `message head is longer than ${this.headLimit} bytes`, 0);
      }
      if (end < 0) {
        this.searched = Math.max(0, pending.length - 3);
        return false;
      }
      if (!this.takeHead(items, end)) return false;
    }
    const head = this.head;
    if (head === undefined || pending.length < head.bodyAt + head.size) return false;
    head.message.body = pending.subarray(head.bodyAt, head.bodyAt + head.size);
    this.consume(head.bodyAt + head.size);
    items.push({ kind: 'message', message: head.message, end: this.base });
    return true;
  }

  private takeKeepAlive(items: StreamItem[]): boolean {
    const pending = this.pending;
    if (pending.length < 2) return false;
    if (pending[1] !== LF) return this.fail(items, 'CR without LF between messages', 1, 'LF');
    const half = pending.length === 2 ? this.expects === 'ping' : pending.length === 3 && pending[2] === CR;
    if (half && this.expects !== 'pong') return false;
    const ping = this.expects !== 'pong' && pending[2] === CR && pending[3] === LF;
    this.consume(ping ? 4 : 2);
    items.push({ kind: ping ? 'ping' : 'pong', end: this.base });
    return true;
  }

  private takeHead(items: StreamItem[], end: number): boolean {
    const parsedHead = parseHead(this.pending.subarray(0, end), this.base);
    if (!parsedHead.ok) {
      this.failed = true;
      items.push({ kind: 'error', error: parsedHead.error });
      return false;
    }
    const message = parsedHead.value;
    const length = contentLength(message);
    const size = length.ok ? length.value : undefined;
    if (size === undefined || size > this.bodyLimit) {
      // RFC 3261 18.3: without a length the stream has no next message; the request can still be answered.
      const what =
        size === undefined
          ? 'no usable Content-Length on a stream'
          : `body is longer than ${this.bodyLimit} bytes`;
      addDefect(message, what, 'Content-Length', 'RFC 3261 18.3', size === undefined ? 400 : 413);
      items.push({ kind: 'message', message, end: this.base + end + 4 });
      return this.fail(items, what, end + 4);
    }
    this.head = { message, bodyAt: end + 4, size };
    return true;
  }

  private fail(items: StreamItem[], what: string, at: number, expected?: string): false {
    this.failed = true;
    const offset = this.base + at;
    items.push({
      kind: 'error',
      error: expected === undefined ? { what, offset } : { what, offset, expected },
    });
    this.pending = nothing;
    return false;
  }

  private consume(count: number): void {
    this.pending = this.pending.length === count ? nothing : this.pending.subarray(count);
    this.base += count;
    this.searched = 0;
    this.head = undefined;
  }
}

function joined(a: Uint8Array, b: Uint8Array): Uint8Array {
  const out = new Uint8Array(a.length + b.length);
  out.set(a, 0);
  out.set(b, a.length);
  return out;
}
