import {
  contentLength,
  type HttpStreamError,
  httpVersion,
  isToken,
  joined,
  Refusal,
  requireOnlyChunked,
  trimOws,
} from './grammar.js';
import {
  asksForUpgrade,
  type HttpHeader,
  type HttpMessage,
  type HttpRequest,
  type HttpResponse,
  headerElements,
  statusHasNoBody,
} from './message.js';
import { StreamBuffer } from './stream-buffer.js';

/** A whole message and the absolute stream offsets of its first byte and of the byte after its last. */
export interface HttpStreamed<M> {
  readonly message: M;
  readonly start: number;
  readonly end: number;
}

/** What one `push` made of the bytes so far. After an error the parser ignores everything further. */
export interface HttpStreamResult<M> {
  readonly messages: readonly HttpStreamed<M>[];
  readonly error?: HttpStreamError;
}

/** Bounds on what a peer may make us hold, in bytes unless said otherwise. */
export interface HttpLimits {
  /** One start line, field line or chunk-size line. Default 8192 (RFC 9112 3 recommends at least 8000). */
  readonly lineBytes: number;
  /** Number of fields in one section. Default 100. */
  readonly fields: number;
  /** The decoded body. Default 1 MiB. */
  readonly bodyBytes: number;
}

export const DEFAULT_HTTP_LIMITS: HttpLimits = { lineBytes: 8192, fields: 100, bodyBytes: 1 << 20 };

export interface HttpParserOptions {
  /** Absolute stream offset of the first byte pushed. Default 0. */
  readonly start?: number;
  readonly limits?: Partial<HttpLimits>;
}

/** How the end of a body is found (RFC 9112 6.3). */
type Framing =
  | { readonly by: 'length'; readonly length: number }
  | { readonly by: 'chunks' }
  | { readonly by: 'close' }
  | { readonly by: 'tunnel' };

type State =
  | 'start-line'
  | 'fields'
  | 'body'
  | 'chunk-size'
  | 'chunk'
  | 'chunk-end'
  | 'trailers'
  | 'paused'
  | 'failed';

const LF = 0x0a;
const CR = 0x0d;

/** The part of both parsers that does not depend on the direction. */
abstract class HttpStreamParser<M extends HttpMessage> {
  readonly #buffer: StreamBuffer;
  readonly #limits: HttpLimits;
  #state: State = 'start-line';
  /** Bytes of the current line already searched for its end. */
  #searched = 0;
  #start = 0;
  #headers: HttpHeader[] = [];
  #trailers: HttpHeader[] = [];
  #framing: Framing = { by: 'length', length: 0 };
  #parts: Uint8Array[] = [];
  #bodyLength = 0;
  #chunkLeft = 0;
  #upgraded = false;

  constructor(options: HttpParserOptions = {}) {
    this.#buffer = new StreamBuffer(options.start ?? 0);
    this.#limits = { ...DEFAULT_HTTP_LIMITS, ...options.limits };
  }

  protected abstract startLine(line: string, offset: number): void;
  protected abstract framing(headers: readonly HttpHeader[], offset: number): Framing;
  protected abstract build(
    body: Uint8Array,
    headers: readonly HttpHeader[],
    trailers?: readonly HttpHeader[],
  ): M;
  /** Whether the bytes after this message may belong to another protocol. */
  protected abstract endsHttp(message: M): boolean;

  /** Absolute stream offset of the first byte not yet consumed. */
  get offset(): number {
    return this.#buffer.offset;
  }

  /**
   * True after a message behind which another protocol may begin: a request that asks for an upgrade or a tunnel, a
   * 101 response (RFC 9110 7.8), a 2xx to CONNECT. The parser then holds further bytes for {@link takeRest} or,
   * when the upgrade is declined, {@link resume}.
   */
  get paused(): boolean {
    return this.#state === 'paused';
  }

  /** Adds bytes in stream order; returns the messages they complete. The parser may keep a reference to `chunk`. */
  push(chunk: Uint8Array): HttpStreamResult<M> {
    if (this.#state === 'failed') return { messages: [] };
    this.#buffer.append(chunk);
    return this.#run();
  }

  /** Reads on as HTTP after a pause. */
  resume(): HttpStreamResult<M> {
    if (this.#state !== 'paused' || this.#upgraded) return { messages: [] };
    this.#state = 'start-line';
    return this.#run();
  }

  /** Leaves HTTP: the bytes not consumed, the first of which stands at {@link offset}. */
  takeRest(): { readonly bytes: Uint8Array; readonly offset: number } {
    const offset = this.#buffer.offset;
    this.#state = 'paused';
    this.#upgraded = true;
    return { bytes: this.#buffer.take(this.#buffer.length), offset };
  }

  /**
   * The peer closed its direction: completes a body that ends with the connection (RFC 9112 6.3 item 8), otherwise
   * names the message that stays incomplete (RFC 9112 8).
   */
  finish(): HttpStreamResult<M> {
    if (this.#state === 'failed' || this.#state === 'paused') return { messages: [] };
    if (this.#state === 'body' && this.#framing.by === 'close') return { messages: [this.#complete()] };
    if (this.#state === 'start-line' && this.#buffer.length === 0) return { messages: [] };
    const offset = this.#buffer.offset + this.#buffer.length;
    this.#state = 'failed';
    return { messages: [], error: { status: 400, what: 'connection closed inside an HTTP message', offset } };
  }

  #run(): HttpStreamResult<M> {
    const messages: HttpStreamed<M>[] = [];
    try {
      while (this.#step(messages));
    } catch (refusal) {
      if (!(refusal instanceof Refusal)) throw refusal;
      this.#state = 'failed';
      return { messages, error: refusal.error };
    }
    return { messages };
  }

  /** One line or piece of body; false when more bytes are needed. */
  #step(messages: HttpStreamed<M>[]): boolean {
    switch (this.#state) {
      case 'failed':
      case 'paused':
        return false;
      case 'body':
        return this.#body(messages);
      case 'chunk':
        return this.#chunk();
      default:
        return this.#lineState(messages);
    }
  }

  #lineState(messages: HttpStreamed<M>[]): boolean {
    const at = this.#buffer.offset;
    const line = this.#line();
    if (line === undefined) return false;
    switch (this.#state) {
      case 'start-line':
        // RFC 9112 2.2: empty lines before a start line are skipped.
        if (line === '') return true;
        this.#start = at;
        this.#headers = [];
        this.#trailers = [];
        this.#parts = [];
        this.#bodyLength = 0;
        this.startLine(line, at);
        this.#state = 'fields';
        return true;
      case 'fields':
        if (line !== '') this.#field(this.#headers, line, at);
        else this.#beginBody(messages, at);
        return true;
      case 'chunk-size':
        this.#chunkLeft = this.#chunkSize(line, at);
        this.#state = this.#chunkLeft === 0 ? 'trailers' : 'chunk';
        return true;
      case 'chunk-end':
        if (line !== '') throw new Refusal(400, 'chunk is longer than its size', at, 'CRLF');
        this.#state = 'chunk-size';
        return true;
      default:
        if (line !== '') this.#field(this.#trailers, line, at);
        else messages.push(this.#complete());
        return true;
    }
  }

  /** The next line without its end (CRLF, or the bare LF that RFC 9112 2.2 lets a recipient accept). */
  #line(): string | undefined {
    const view = this.#buffer.view();
    const end = view.indexOf(LF, this.#searched);
    const length = end === -1 ? view.length : end;
    if (length > this.#limits.lineBytes) {
      const status = this.#state === 'start-line' ? 414 : 431;
      throw new Refusal(status, `line exceeds ${this.#limits.lineBytes} bytes`, this.#buffer.offset);
    }
    if (end === -1) {
      this.#searched = view.length;
      return undefined;
    }
    this.#searched = 0;
    const stop = end > 0 && view[end - 1] === CR ? end - 1 : end;
    let line = '';
    for (let i = 0; i < stop; i += 1) {
      const byte = view[i] as number;
      if (byte === CR || byte === 0) {
        throw new Refusal(400, 'bare CR or NUL in a line', this.#buffer.offset + i);
      }
      line += String.fromCharCode(byte);
    }
    this.#buffer.skip(end + 1);
    return line;
  }

  #field(into: HttpHeader[], line: string, at: number): void {
    const first = line.charCodeAt(0);
    if (first === 0x20 || first === 0x09) {
      const folded = into.pop();
      if (folded === undefined)
        throw new Refusal(400, 'field section begins with whitespace', at, 'a field name');
      // RFC 9112 5.2: line folding is obsolete; its recipient reads it as a space.
      into.push({ name: folded.name, value: trimOws(`${folded.value} ${trimOws(line)}`) });
      return;
    }
    const colon = line.indexOf(':');
    const name = line.slice(0, colon);
    if (colon === -1 || !isToken(name)) {
      throw new Refusal(400, 'field line without a field name and colon', at, 'token ":"');
    }
    if (into.length >= this.#limits.fields)
      throw new Refusal(431, `more than ${this.#limits.fields} fields`, at);
    into.push({ name, value: trimOws(line.slice(colon + 1)) });
  }

  #beginBody(messages: HttpStreamed<M>[], at: number): void {
    const framing = this.framing(this.#headers, at);
    this.#framing = framing;
    if (framing.by === 'length' && framing.length > this.#limits.bodyBytes) this.#refuseBody(at);
    if (framing.by === 'tunnel' || (framing.by === 'length' && framing.length === 0)) {
      messages.push(this.#complete());
      return;
    }
    this.#state = framing.by === 'chunks' ? 'chunk-size' : 'body';
  }

  #body(messages: HttpStreamed<M>[]): boolean {
    const framing = this.#framing;
    if (framing.by === 'length') {
      if (this.#buffer.length < framing.length) return false;
      this.#parts.push(this.#buffer.take(framing.length));
      messages.push(this.#complete());
      return true;
    }
    const at = this.#buffer.offset;
    this.#bodyLength += this.#buffer.length;
    if (this.#bodyLength > this.#limits.bodyBytes) this.#refuseBody(at);
    if (this.#buffer.length > 0) this.#parts.push(this.#buffer.take(this.#buffer.length));
    return false;
  }

  #chunk(): boolean {
    const count = Math.min(this.#chunkLeft, this.#buffer.length);
    if (count === 0) return false;
    this.#parts.push(this.#buffer.take(count));
    this.#chunkLeft -= count;
    if (this.#chunkLeft === 0) this.#state = 'chunk-end';
    return true;
  }

  /** RFC 9112 7.1: hexadecimal size, then extensions, which a recipient that knows none ignores (7.1.1). */
  #chunkSize(line: string, at: number): number {
    const semicolon = line.indexOf(';');
    const digits = (semicolon === -1 ? line : line.slice(0, semicolon)).trimEnd();
    if (!/^[0-9a-fA-F]{1,12}$/.test(digits))
      throw new Refusal(400, 'chunk size is not a number', at, '1*HEXDIG');
    const size = Number.parseInt(digits, 16);
    this.#bodyLength += size;
    if (this.#bodyLength > this.#limits.bodyBytes) this.#refuseBody(at);
    return size;
  }

  #refuseBody(at: number): never {
    throw new Refusal(413, `body exceeds ${this.#limits.bodyBytes} bytes`, at);
  }

  #complete(): HttpStreamed<M> {
    const trailers = this.#trailers.length > 0 ? this.#trailers : undefined;
    const message = this.build(joined(this.#parts), this.#headers, trailers);
    this.#state = this.endsHttp(message) ? 'paused' : 'start-line';
    return { message, start: this.#start, end: this.#buffer.offset };
  }
}

/** Reads the requests of one connection, at the server. */
export class HttpRequestParser extends HttpStreamParser<HttpRequest> {
  #method = '';
  #target = '';
  #version = '';

  protected startLine(line: string, offset: number): void {
    const [method, target, version, ...extra] = line.split(' ');
    if (!isToken(method ?? '') || !target || version === undefined || extra.length > 0) {
      throw new Refusal(400, 'not a request line', offset, 'method SP request-target SP HTTP-version');
    }
    this.#method = method as string;
    this.#target = target;
    this.#version = httpVersion(version, offset);
  }

  protected framing(headers: readonly HttpHeader[], offset: number): Framing {
    const codings = headerElements(headers, 'transfer-encoding');
    if (codings.length > 0) {
      requireOnlyChunked(codings, offset);
      return { by: 'chunks' };
    }
    return { by: 'length', length: contentLength(headers, offset) ?? 0 };
  }

  protected build(
    body: Uint8Array,
    headers: readonly HttpHeader[],
    trailers?: readonly HttpHeader[],
  ): HttpRequest {
    return {
      kind: 'request',
      method: this.#method,
      target: this.#target,
      version: this.#version,
      headers,
      body,
      ...(trailers && { trailers }),
    };
  }

  protected endsHttp(request: HttpRequest): boolean {
    return request.method === 'CONNECT' || asksForUpgrade(request);
  }
}

/** Reads the responses of one connection, at the client. */
export class HttpResponseParser extends HttpStreamParser<HttpResponse> {
  #status = 0;
  #reason = '';
  #version = '';
  #methods: string[] = [];
  #tunnel = false;

  /** Says which request the next unanswered response belongs to: the answers to HEAD and CONNECT have no body. */
  expect(method: string): void {
    this.#methods.push(method);
  }

  protected startLine(line: string, offset: number): void {
    // RFC 9112 4: the space before an absent reason phrase is often left out.
    const match = /^HTTP\/([0-9]\.[0-9]) ([1-9][0-9]{2})(?: (.*))?$/.exec(line);
    if (match === null)
      throw new Refusal(400, 'not a status line', offset, 'HTTP-version SP 3DIGIT SP reason');
    this.#version = match[1] as string;
    this.#status = Number(match[2]);
    this.#reason = match[3] ?? '';
  }

  protected framing(headers: readonly HttpHeader[], offset: number): Framing {
    const interim = this.#status < 200 && this.#status !== 101;
    const method = interim ? undefined : this.#methods.shift();
    this.#tunnel = method === 'CONNECT' && this.#status >= 200 && this.#status < 300;
    if (this.#tunnel) return { by: 'tunnel' };
    if (method === 'HEAD' || statusHasNoBody(this.#status)) return { by: 'length', length: 0 };
    const codings = headerElements(headers, 'transfer-encoding');
    if (codings.length > 0) {
      if (codings[codings.length - 1]?.toLowerCase() !== 'chunked') return { by: 'close' };
      requireOnlyChunked(codings, offset);
      return { by: 'chunks' };
    }
    const length = contentLength(headers, offset);
    return length === undefined ? { by: 'close' } : { by: 'length', length };
  }

  protected build(
    body: Uint8Array,
    headers: readonly HttpHeader[],
    trailers?: readonly HttpHeader[],
  ): HttpResponse {
    return {
      kind: 'response',
      status: this.#status,
      reason: this.#reason,
      version: this.#version,
      headers,
      body,
      ...(trailers && { trailers }),
    };
  }

  protected endsHttp(response: HttpResponse): boolean {
    return response.status === 101 || this.#tunnel;
  }
}
