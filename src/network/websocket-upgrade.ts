import {
  type HttpHeader,
  type HttpRequest,
  HttpRequestParser,
  type HttpResponse,
  HttpResponseParser,
  httpResponse,
} from '../wire/http/index.js';
import {
  checkUpgradeRequest,
  checkUpgradeResponse,
  type UpgradeOffer,
  upgradeRefusalResponse,
  upgradeRequest,
  upgradeResponse,
  webSocketKey,
} from '../wire/websocket/index.js';
import type { ByteStream, CloseReason, StreamHandler } from './byte-stream.js';
import type { Host } from './host.js';
import { receiveHttp, sendHttp } from './http-record.js';
import { WebSocketConnection, type WebSocketHandlers } from './websocket.js';

/** What a WebSocket client asks for. */
export interface WebSocketClientOptions {
  /** A TCP or TLS stream, open or about to be. Its handlers are replaced. */
  readonly stream: ByteStream;
  /** `Host` field: name or address, with `:port` unless it is the default. */
  readonly hostHeader: string;
  /** Request target. Default `/`. */
  readonly path?: string;
  /** Subprotocols in order of preference. */
  readonly protocols?: readonly string[];
  readonly origin?: string;
  /** Further header fields. */
  readonly headers?: readonly HttpHeader[];
  /** Bound on a message, in bytes. Default 65536. */
  readonly maxMessageBytes?: number;
}

/** Opens a WebSocket connection on a stream (RFC 6455 4.1). */
export function connectWebSocket(
  host: Host,
  options: WebSocketClientOptions,
  handlers: WebSocketHandlers,
): WebSocketConnection {
  const { stream, maxMessageBytes } = options;
  const connection = new WebSocketConnection(stream, 'client', handlers, maxMessageBytes);
  const upgrade = new ClientUpgrade(host, connection, options);
  stream.attach(upgrade);
  if (stream.state === 'open') upgrade.onOpen();
  return connection;
}

/** What a server knows of a client's opening handshake when it decides. */
export interface WebSocketOffer extends UpgradeOffer {
  readonly request: HttpRequest;
  readonly stream: ByteStream;
}

/** The server's answer to an opening handshake: a connection, or an HTTP error such as 403. */
export type WebSocketDecision =
  | {
      readonly handlers: WebSocketHandlers;
      /** One of those offered, or none. */
      readonly protocol?: string;
      readonly headers?: readonly HttpHeader[];
    }
  | { readonly status: number; readonly reason?: string; readonly headers?: readonly HttpHeader[] };

/**
 * Serves one opening handshake on a stream (RFC 6455 4.2) and the connection that comes of it. A request that is not
 * a good handshake is refused with the status it is owed (400, 405, 426) without asking `decide`.
 */
export function acceptWebSocket(
  stream: ByteStream,
  decide: (offer: WebSocketOffer) => WebSocketDecision,
  options: { readonly maxMessageBytes?: number } = {},
): void {
  stream.attach(new ServerUpgrade(stream, decide, options));
}

class ClientUpgrade implements StreamHandler {
  readonly #host: Host;
  readonly #connection: WebSocketConnection;
  readonly #options: WebSocketClientOptions;
  readonly #parser = new HttpResponseParser();
  #key = '';

  constructor(host: Host, connection: WebSocketConnection, options: WebSocketClientOptions) {
    this.#host = host;
    this.#connection = connection;
    this.#options = options;
  }

  onOpen(): void {
    const { stream, hostHeader, path, protocols, origin, headers } = this.#options;
    this.#key = webSocketKey(this.#host.random('WebSocket key').bytes(16));
    const request = upgradeRequest({
      host: hostHeader,
      key: this.#key,
      ...(path !== undefined && { target: path }),
      ...(protocols !== undefined && { protocols }),
      ...(origin !== undefined && { origin }),
      ...(headers !== undefined && { headers }),
    });
    this.#parser.expect('GET');
    sendHttp(stream, request);
  }

  onData(data: Uint8Array): void {
    if (this.#connection.state !== 'connecting') return;
    const { messages, error } = this.#parser.push(data);
    for (const { message, end } of messages) {
      // An interim response other than 101 says nothing yet (RFC 9110 15.2).
      if (message.status < 200 && message.status !== 101) continue;
      receiveHttp(this.#options.stream, message, end, () => this.#take(message));
      return;
    }
    if (error === undefined) return;
    this.#host.reject('HTTP', error.what, error.offset);
    this.#connection.failed(error.what);
  }

  onEnd(): void {
    this.#connection.failed('the stream ended in the opening handshake');
  }

  onClose(reason: CloseReason): void {
    this.#connection.onClose(reason);
  }

  #take(response: HttpResponse): void {
    const { protocols = [] } = this.#options;
    const checked = checkUpgradeResponse(response, { key: this.#key, protocols });
    if (checked.ok) {
      const { bytes, offset } = this.#parser.takeRest();
      this.#connection.opened(checked.value.protocol, bytes, offset);
      return;
    }
    if (response.status === 101) {
      this.#host.reject('WebSocket', checked.error.what);
      this.#connection.failed(checked.error.what);
      return;
    }
    this.#connection.handlers.onRefused?.(response);
    this.#connection.failed(`HTTP ${response.status} ${response.reason}`.trimEnd());
  }
}

class ServerUpgrade implements StreamHandler {
  readonly #stream: ByteStream;
  readonly #decide: (offer: WebSocketOffer) => WebSocketDecision;
  readonly #options: { readonly maxMessageBytes?: number };
  readonly #parser = new HttpRequestParser();
  #answered = false;

  constructor(
    stream: ByteStream,
    decide: (offer: WebSocketOffer) => WebSocketDecision,
    options: { readonly maxMessageBytes?: number },
  ) {
    this.#stream = stream;
    this.#decide = decide;
    this.#options = options;
  }

  onData(data: Uint8Array): void {
    if (this.#answered) return;
    const { messages, error } = this.#parser.push(data);
    const first = messages[0];
    if (first !== undefined) {
      this.#answered = true;
      receiveHttp(this.#stream, first.message, first.end, () => this.#take(first.message));
    } else if (error !== undefined) {
      this.#stream.host.reject('HTTP', error.what, error.offset);
      this.#refuse(httpResponse({ status: error.status }));
    }
  }

  #take(request: HttpRequest): void {
    const checked = checkUpgradeRequest(request);
    if (!checked.ok) {
      this.#stream.host.reject('WebSocket', checked.error.what);
      this.#refuse(upgradeRefusalResponse(checked.error));
      return;
    }
    const offer = checked.value;
    const decision = this.#decide({ ...offer, request, stream: this.#stream });
    if ('status' in decision) {
      this.#refuse(httpResponse(decision));
      return;
    }
    const { protocol, headers, handlers } = decision;
    const { key } = offer;
    const accepted = {
      key,
      ...(protocol !== undefined && { protocol }),
      ...(headers !== undefined && { headers }),
    };
    sendHttp(this.#stream, upgradeResponse(accepted));
    const connection = new WebSocketConnection(
      this.#stream,
      'server',
      handlers,
      this.#options.maxMessageBytes,
    );
    const { bytes, offset } = this.#parser.takeRest();
    connection.opened(protocol, bytes, offset);
  }

  #refuse(response: HttpResponse): void {
    this.#answered = true;
    const { headers } = response;
    sendHttp(this.#stream, { ...response, headers: [...headers, { name: 'Connection', value: 'close' }] });
    this.#stream.close();
  }
}
