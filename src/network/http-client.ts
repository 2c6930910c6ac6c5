import type { Timer } from '../kernel/index.js';
import type { Endpoint } from '../trace/index.js';
import {
  type HttpRequest,
  type HttpResponse,
  HttpResponseParser,
  type HttpStreamResult,
  keepsAlive,
} from '../wire/http/index.js';
import type { ByteStream, CloseReason, StreamHandler } from './byte-stream.js';
import type { Host } from './host.js';
import { receiveHttp, sendHttp } from './http-record.js';
import { connectTls, type TlsClientOptions } from './tls.js';

/** How long a client waits for the response. */
const REQUEST_TIMEOUT_US = 30_000_000;

/** How long a connection without a request is kept for the next one (RFC 9112 9.3 leaves it to the client). */
const IDLE_US = 5_000_000;

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
  const connection = new ClientConnection(host, options, () => connection.close());
  connection.exchange(options, done);
}

/**
 * A client that keeps connections for further requests to the same server (RFC 9112 9.3): one request at a time on
 * each, and one connection more when all are busy.
 */
export class HttpClient {
  readonly #host: Host;
  readonly #connections = new Set<ClientConnection>();

  constructor(host: Host) {
    this.#host = host;
  }

  /** Sends a request; `done` is called once. */
  request(options: HttpClientOptions, done: (result: HttpResult) => void): void {
    const used = this.#idleConnection(options);
    if (used === undefined) {
      this.#connect(options).exchange(options, done);
      return;
    }
    const again = options.request.method === 'GET';
    used.exchange(options, (result) => {
      // RFC 9112 9.3.1: the server may have closed just then, and what changes nothing may be asked again
      if (again && 'error' in result && !used.heard) this.#connect(options).exchange(options, done);
      else done(result);
    });
  }

  /** Closes the connections that no request is on; the others close when theirs is answered. */
  close(): void {
    const connections = [...this.#connections];
    this.#connections.clear();
    for (const connection of connections) if (connection.state !== 'busy') connection.close();
  }

  #idleConnection(options: HttpClientOptions): ClientConnection | undefined {
    for (const connection of this.#connections) {
      if (connection.state === 'idle' && connection.leadsTo(options)) return connection;
    }
    return undefined;
  }

  #connect(options: HttpClientOptions): ClientConnection {
    const connection = new ClientConnection(this.#host, options, () => {
      if (connection.state === 'closed') this.#connections.delete(connection);
      else if (!this.#connections.has(connection)) connection.close();
    });
    this.#connections.add(connection);
    return connection;
  }
}

type Destination = Pick<HttpClientOptions, 'realm' | 'to' | 'tls'>;

class ClientConnection implements StreamHandler {
  /** `connecting` and `busy` with a request, `idle` without. */
  state: 'connecting' | 'busy' | 'idle' | 'closed' = 'connecting';
  /** Whether anything has come in answer to the request. */
  heard = false;
  readonly #stream: ByteStream;
  readonly #destination: Destination;
  readonly #parser = new HttpResponseParser();
  readonly #onFree: () => void;
  #request: HttpRequest | undefined;
  #timer: Timer | undefined;
  #done: ((result: HttpResult) => void) | undefined;

  /** @param onFree called when it has become idle or is closed */
  constructor(host: Host, destination: Destination, onFree: () => void) {
    const { realm, to, tls } = destination;
    this.#destination = destination;
    this.#onFree = onFree;
    const tcp = host.connect(realm, to);
    this.#stream = tls === undefined ? tcp : connectTls(tcp, tls);
    this.#stream.attach(this);
  }

  leadsTo({ realm, to, tls }: Destination): boolean {
    const own = this.#destination;
    const sameServer = own.realm === realm && own.to.ip === to.ip && own.to.port === to.port;
    return (
      sameServer && own.tls?.serverName === tls?.serverName && (own.tls === undefined) === (tls === undefined)
    );
  }

  exchange(
    { request, timeoutUs = REQUEST_TIMEOUT_US }: HttpClientOptions,
    done: (result: HttpResult) => void,
  ): void {
    this.#request = request;
    this.#done = done;
    this.heard = false;
    this.#setTimer(timeoutUs, () => {
      this.#finish({ error: 'timeout' });
      this.#stream.abort();
    });
    if (this.state === 'idle') this.#send();
  }

  close(): void {
    this.#clearTimer();
    this.state = 'closed';
    this.#stream.close();
  }

  onOpen(): void {
    this.#send();
  }

  onData(data: Uint8Array): void {
    this.heard = true;
    this.#take(this.#parser.push(data));
  }

  onEnd(): void {
    this.#take(this.#parser.finish());
    this.close();
  }

  onClose(reason: CloseReason): void {
    this.state = 'closed';
    this.#clearTimer();
    this.#finish({ error: reason });
    this.#onFree();
  }

  #send(): void {
    const request = this.#request;
    if (request === undefined) return;
    this.state = 'busy';
    this.#parser.expect(request.method);
    sendHttp(this.#stream, request);
  }

  #take({ messages, error }: HttpStreamResult<HttpResponse>): void {
    // RFC 9110 15.2: interim responses come before the one that counts.
    const last = messages.find(({ message }) => message.status >= 200 || message.status === 101);
    if (last !== undefined && this.#done !== undefined) {
      const stays = this.#request !== undefined && keepsAlive(this.#request) && keepsAlive(last.message);
      if (stays && last.message.status !== 101) this.#rest();
      receiveHttp(this.#stream, last.message, last.end, () => this.#finish(last.message));
      if (this.state === 'busy' && this.#request === undefined) this.close();
      this.#onFree();
    } else if (error !== undefined) {
      this.#stream.host.reject('HTTP', error.what, error.offset);
      this.#finish({ error: error.what });
      this.close();
      this.#onFree();
    }
  }

  #rest(): void {
    this.state = 'idle';
    this.#setTimer(IDLE_US, () => {
      this.close();
      this.#onFree();
    });
  }

  #setTimer(afterUs: number, run: () => void): void {
    this.#clearTimer();
    this.#timer = this.#stream.host.schedule(afterUs, run);
  }

  #clearTimer(): void {
    if (this.#timer !== undefined) this.#stream.host.cancel(this.#timer);
    this.#timer = undefined;
  }

  #finish(result: HttpResult): void {
    const done = this.#done;
    this.#done = undefined;
    this.#request = undefined;
    done?.(result);
  }
}
