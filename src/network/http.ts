import type { Timer } from '../kernel/index.js';
import type { Endpoint } from '../trace/index.js';
import {
  type HttpRequest,
  HttpRequestParser,
  type HttpResponse,
  HttpResponseParser,
  type HttpStreamed,
  type HttpStreamResult,
  hasToken,
  httpResponse,
  keepsAlive,
} from '../wire/http/index.js';
import type { ByteStream, CloseReason, StreamHandler } from './byte-stream.js';
import type { Host } from './host.js';
import { receiveHttp, sendHttp } from './http-record.js';
import { acceptTls, connectTls, type TlsClientOptions, type TlsServerOptions, TlsStream } from './tls.js';

/** How long a client waits for the response. */
const REQUEST_TIMEOUT_US = 30_000_000;

/** A request and where it goes. */
export interface HttpClientOptions {
  readonly realm: string;
  readonly to: Endpoint;
  /** For `https`. */
  readonly tls?: TlsClientOptions;
  readonly request: HttpRequest;
  /** How long to wait for the response, in microseconds. Default 30 s. */
  readonly timeoutUs?: number;
}

/** What came of a request. */
export type HttpResult = HttpResponse | { readonly error: string };

/** Sends a request on a connection of its own, which is closed afterwards; `done` is called once. */
export function httpRequest(
  host: Host,
  options: HttpClientOptions,
  done: (result: HttpResult) => void,
): void {
  const { realm, to, tls, request, timeoutUs = REQUEST_TIMEOUT_US } = options;
  const tcp = host.connect(realm, to);
  const stream = tls === undefined ? tcp : connectTls(tcp, tls);
  stream.attach(new ClientExchange(stream, request, timeoutUs, done));
}

class ClientExchange implements StreamHandler {
  readonly #stream: ByteStream;
  readonly #request: HttpRequest;
  readonly #parser = new HttpResponseParser();
  readonly #timer: Timer;
  #done: ((result: HttpResult) => void) | undefined;

  constructor(
    stream: ByteStream,
    request: HttpRequest,
    timeoutUs: number,
    done: (result: HttpResult) => void,
  ) {
    this.#stream = stream;
    this.#request = request;
    this.#done = done;
    this.#timer = stream.host.schedule(timeoutUs, () => {
      this.#finish({ error: 'timeout' });
      stream.abort();
    });
  }

  onOpen(): void {
    this.#parser.expect(this.#request.method);
    sendHttp(this.#stream, this.#request);
  }

  onData(data: Uint8Array): void {
    this.#take(this.#parser.push(data));
  }

  onEnd(): void {
    this.#take(this.#parser.finish());
    this.#stream.close();
  }

  onClose(reason: CloseReason): void {
    this.#finish({ error: reason });
  }

  #take({ messages, error }: HttpStreamResult<HttpResponse>): void {
    // RFC 9110 15.2: interim responses come before the one that counts.
    const last = messages.find(({ message }) => message.status >= 200 || message.status === 101);
    if (last !== undefined) {
      receiveHttp(this.#stream, last.message, last.end, () => this.#finish(last.message));
      this.#stream.close();
    } else if (error !== undefined && this.#done !== undefined) {
      this.#stream.host.reject('HTTP', error.what, error.offset);
      this.#finish({ error: error.what });
      this.#stream.close();
    }
  }

  #finish(result: HttpResult): void {
    const done = this.#done;
    if (done === undefined) return;
    this.#done = undefined;
    this.#stream.host.cancel(this.#timer);
    done(result);
  }
}

/** Where a server listens. */
export interface HttpServerOptions {
  readonly realm: string;
  readonly port: number;
  /** For `https`. */
  readonly tls?: TlsServerOptions;
}

/** How a request came in. */
export interface HttpContext {
  readonly stream: ByteStream;
  /** Names in the certificate that the client showed, if it did. */
  readonly clientCertificateNames: readonly string[] | undefined;
}

/**
 * Serves HTTP on a port. Requests of one connection are handled one after the other (RFC 9112 9.3.2), and the
 * connection stays open until the client ends it or a message says `Connection: close`.
 *
 * @param handler calls `respond` once, now or later
 */
export function httpServer(
  host: Host,
  { realm, port, tls }: HttpServerOptions,
  handler: (request: HttpRequest, respond: (response: HttpResponse) => void, context: HttpContext) => void,
): { readonly local: Endpoint; close(): void } {
  return host.listen(realm, port, (tcp) => {
    const stream = tls === undefined ? tcp : acceptTls(tcp, tls);
    stream.attach(new ServerExchange(stream, handler));
  });
}

class ServerExchange implements StreamHandler {
  readonly #stream: ByteStream;
  readonly #handler: Parameters<typeof httpServer>[2];
  readonly #parser = new HttpRequestParser();
  #queue: HttpStreamed<HttpRequest>[] | undefined;
  #busy = false;
  #ending = false;

  constructor(stream: ByteStream, handler: Parameters<typeof httpServer>[2]) {
    this.#stream = stream;
    this.#handler = handler;
  }

  onData(data: Uint8Array): void {
    if (this.#ending) return;
    this.#take(this.#parser.push(data));
  }

  /** The client has no more requests; the answers to those it sent still go out. */
  onEnd(): void {
    this.#ending = true;
    if (!this.#busy) this.#stream.close();
  }

  #take({ messages, error }: HttpStreamResult<HttpRequest>): void {
    if (messages.length > 0) this.#queue = [...(this.#queue ?? []), ...messages];
    if (error !== undefined) {
      this.#stream.host.reject('HTTP', error.what, error.offset);
      this.#ending = true;
      const headers = { Connection: 'close' };
      if (!this.#busy) this.#send(httpResponse({ status: error.status, headers }));
    }
    this.#next();
  }

  #next(): void {
    const next = this.#busy ? undefined : this.#queue?.shift();
    if (next === undefined) return;
    if (this.#queue?.length === 0) this.#queue = undefined;
    const { message: request, end } = next;
    const stream = this.#stream;
    this.#busy = true;
    let answered = false;
    const respond = (response: HttpResponse): void => {
      if (answered) throw new Error(`${request.method} ${request.target} was answered twice`);
      answered = true;
      this.#busy = false;
      if (!keepsAlive(request) || hasToken(response.headers, 'connection', 'close')) {
        // RFC 9112 9.6: nothing behind the last request is processed.
        this.#ending = true;
        this.#queue = undefined;
      }
      this.#send(response);
      this.#goOn();
    };
    const clientCertificateNames = stream instanceof TlsStream ? stream.peerCertificateNames : undefined;
    receiveHttp(stream, request, end, () =>
      this.#handler(request, respond, { stream, clientCertificateNames }),
    );
  }

  #goOn(): void {
    if (this.#ending && this.#queue === undefined) return;
    // A request for an upgrade that was answered as any other (RFC 9110 7.8).
    if (this.#parser.paused) this.#take(this.#parser.resume());
    else this.#next();
  }

  #send(response: HttpResponse): void {
    sendHttp(this.#stream, response);
    if (this.#ending && this.#queue === undefined) this.#stream.close();
  }
}
