import type { Endpoint } from '../trace/index.js';
import {
  type HttpRequest,
  HttpRequestParser,
  type HttpResponse,
  type HttpStreamed,
  type HttpStreamResult,
  hasToken,
  httpResponse,
  keepsAlive,
} from '../wire/http/index.js';
import type { ByteStream, StreamHandler } from './byte-stream.js';
import type { Host } from './host.js';
import { receiveHttp, sendHttp } from './http-record.js';
import { acceptTls, type TlsServerOptions, TlsStream } from './tls.js';

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
