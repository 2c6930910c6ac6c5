import type { Timer } from '../kernel/index.js';
import type { MessageRecord } from '../trace/index.js';
import type { HttpResponse } from '../wire/http/index.js';
import {
  CLOSE_CODE,
  encodeClose,
  encodeFrame,
  mayBeSent,
  OPCODE,
  type WebSocketEvent,
  WebSocketReceiver,
} from '../wire/websocket/index.js';
import { type ByteStream, type CloseReason, messageKey, type StreamHandler } from './byte-stream.js';
import type { Host } from './host.js';

/** How long an end waits for the peer's Close frame or the end of the connection (RFC 6455 7.1.1 leaves it open). */
const CLOSE_TIMEOUT_US = 5_000_000;

/** Default bound on a message, in bytes. */
export const MAX_MESSAGE_BYTES = 65_536;

/** What a WebSocket connection tells its user. */
export interface WebSocketHandlers {
  /** The opening handshake is done. */
  onOpen?(connection: WebSocketConnection): void;
  /**
   * @param data a string from a text message, bytes from a binary one
   * @param end stream offset behind the message's last frame, for {@link messageKey} on the connection's stream
   * @param bytes the message as bytes in either case
   */
  onMessage?(data: string | Uint8Array, end: number, bytes: Uint8Array): void;
  onPong?(data: Uint8Array): void;
  /** The server said no; `onClose` follows. */
  onRefused?(response: HttpResponse): void;
  /**
   * Called once. The code is that of the peer's Close frame (1005 when it has none), of the protocol error found
   * here, or 1006 when the stream ended without a Close frame, with the reason why.
   */
  onClose?(code: number, reason: string): void;
}

/** One end of a WebSocket connection (RFC 6455) without extensions. */
export class WebSocketConnection implements StreamHandler {
  readonly stream: ByteStream;
  handlers: WebSocketHandlers;
  state: 'connecting' | 'open' | 'closing' | 'closed' = 'connecting';
  /** The subprotocol in use, if one was chosen. */
  protocol: string | undefined;
  readonly #side: 'client' | 'server';
  readonly #maxMessageBytes: number;
  /** Only while a message is incomplete. */
  #receiver: WebSocketReceiver | undefined;
  #timer: Timer | undefined;
  #sentClose = false;
  #code: number = CLOSE_CODE.abnormal;
  #reason: string | undefined;

  /** Use `connectWebSocket` and `acceptWebSocket`. */
  constructor(
    stream: ByteStream,
    side: 'client' | 'server',
    handlers: WebSocketHandlers,
    maxMessageBytes: number = MAX_MESSAGE_BYTES,
  ) {
    this.stream = stream;
    this.#side = side;
    this.handlers = handlers;
    this.#maxMessageBytes = maxMessageBytes;
  }

  get host(): Host {
    return this.stream.host;
  }

  /** Transport for message records: `ws` or `wss`. */
  get transport(): 'ws' | 'wss' {
    return this.stream.secure ? 'wss' : 'ws';
  }

  /** Sends a string as a text message, bytes as a binary one; nothing unless the connection is open. */
  send(data: string | Uint8Array): void {
    if (typeof data === 'string') this.sendText(new TextEncoder().encode(data));
    else if (this.state === 'open') this.#frame(OPCODE.binary, data);
  }

  /** Sends a text message whose UTF-8 is at hand. */
  sendText(utf8: Uint8Array): void {
    if (this.state === 'open') this.#frame(OPCODE.text, utf8);
  }

  /** Where on the stream the next frame will end if its payload has that length; for {@link messageKey}. */
  endOfNext(payloadBytes: number): number {
    const lengthBytes = payloadBytes < 126 ? 0 : payloadBytes < 0x1_0000 ? 2 : 8;
    const maskBytes = this.#side === 'client' ? 4 : 0;
    return this.stream.written + 2 + lengthBytes + maskBytes + payloadBytes;
  }

  /** Sends a Ping frame with at most 125 bytes (RFC 6455 5.5.2). */
  ping(data: Uint8Array = new Uint8Array(0)): void {
    if (this.state === 'open') this.#control(OPCODE.ping, 'Ping', data);
  }

  /**
   * Begins the closing handshake (RFC 6455 7.1.2). Before the connection is open it ends the stream.
   *
   * @throws RangeError when the code may not be sent (RFC 6455 7.4)
   */
  close(code: number = CLOSE_CODE.normal, reason = ''): void {
    if (!mayBeSent(code)) throw new RangeError(`close code ${code} may not be sent (RFC 6455 7.4)`);
    if (this.state === 'connecting') {
      this.#reason = reason;
      this.state = 'closing';
      this.stream.abort();
    } else if (this.state === 'open') {
      this.state = 'closing';
      this.#sendClose(code, reason);
      this.#startTimer();
    }
  }

  /** The opening handshake is done; `offset` is where the bytes behind it stand on the stream. */
  opened(protocol: string | undefined, bytes: Uint8Array, offset: number): void {
    this.protocol = protocol;
    this.state = 'open';
    this.stream.attach(this);
    this.handlers.onOpen?.(this);
    if (bytes.length > 0) this.#receive(bytes, offset);
  }

  /** The opening handshake failed, so the stream is ended; `onClose` tells why. */
  failed(reason: string): void {
    this.#reason ??= reason;
    this.state = 'closing';
    this.stream.close();
  }

  onData(data: Uint8Array): void {
    this.#receive(data, this.stream.received - data.length);
  }

  onEnd(): void {
    this.stream.close();
  }

  onClose(reason: CloseReason): void {
    if (this.state === 'closed') return;
    this.state = 'closed';
    this.#stopTimer();
    this.#receiver = undefined;
    const { handlers } = this;
    this.handlers = {};
    handlers.onClose?.(this.#code, this.#reason ?? reason);
  }

  #receive(data: Uint8Array, offset: number): void {
    if (this.state === 'closed') return;
    const receiver = this.#receiver ?? this.#newReceiver(offset);
    const { events, error } = receiver.push(data);
    this.#receiver = receiver.midMessage ? receiver : undefined;
    for (const event of events) this.#take(event);
    if (error === undefined || this.#hasEnded()) return;
    this.host.reject('WebSocket', error.what, error.offset);
    this.#code = error.closeCode;
    this.#reason = error.what;
    this.state = 'closing';
    // RFC 6455 7.1.7: the connection fails, with a Close frame first.
    if (!this.#sentClose) this.#sendClose(error.closeCode, error.what);
    this.stream.close();
    this.#startTimer();
  }

  #newReceiver(start: number): WebSocketReceiver {
    const most = this.#maxMessageBytes;
    return new WebSocketReceiver({ side: this.#side, start, maxMessageBytes: most, maxPayloadBytes: most });
  }

  #take(event: WebSocketEvent): void {
    if (this.#hasEnded()) return;
    switch (event.kind) {
      case 'text':
        this.handlers.onMessage?.(event.text, event.end, event.data);
        return;
      case 'binary':
        this.handlers.onMessage?.(event.data, event.end, event.data);
        return;
      case 'ping':
        this.#received('Ping', event.end, () => {
          if (!this.#sentClose) this.#control(OPCODE.pong, 'Pong', event.data);
        });
        return;
      case 'pong':
        this.#received('Pong', event.end, () => this.handlers.onPong?.(event.data));
        return;
      default:
        this.#received(closeSummary(event.code, event.reason), event.end, () =>
          this.#takeClose(event.code, event.reason),
        );
    }
  }

  /** RFC 6455 5.5.1: answers with the same code; 7.1.1: it is the server that ends the TCP connection. */
  #takeClose(code: number | undefined, reason: string): void {
    this.state = 'closing';
    this.#code = code ?? CLOSE_CODE.noStatus;
    this.#reason = reason;
    if (!this.#sentClose) this.#sendClose(code, '');
    if (this.#side === 'server') this.stream.close();
    this.#startTimer();
  }

  #sendClose(code: number | undefined, reason: string): void {
    this.#sentClose = true;
    const payload = encodeClose(code === undefined ? { reason } : { code, reason });
    this.#control(OPCODE.close, closeSummary(code, reason), payload);
  }

  #control(opcode: number, summary: string, payload: Uint8Array): void {
    if (!this.host.tracing) this.#frame(opcode, payload);
    else {
      const message = this.#message(summary, 'sent', this.endOfNext(payload.length));
      this.host.sendMessage(message, () => this.#frame(opcode, payload));
    }
  }

  #frame(opcode: number, payload: Uint8Array): void {
    const frame = { fin: true, rsv: 0, opcode, payload };
    const masked = this.#side === 'client';
    // RFC 6455 5.3: a new key for every frame.
    const maskingKey = masked ? this.host.random('WebSocket mask').bytes(4) : undefined;
    this.stream.write(encodeFrame(maskingKey === undefined ? frame : { ...frame, maskingKey }));
  }

  #received(summary: string, end: number, handle: () => void): void {
    if (this.host.tracing) this.host.receiveMessage(this.#message(summary, 'received', end), handle);
    else handle();
  }

  #message(summary: string, direction: 'sent' | 'received', end: number): MessageRecord {
    const { local, remote } = this.stream;
    const key = messageKey(this.stream, direction, end);
    return { protocol: 'WebSocket', summary, transport: this.transport, local, remote, key };
  }

  #startTimer(): void {
    if (this.#timer !== undefined || this.#hasEnded()) return;
    this.#timer = this.host.schedule(CLOSE_TIMEOUT_US, () => {
      this.#reason ??= 'no answer to Close';
      this.stream.abort();
    });
  }

  #stopTimer(): void {
    if (this.#timer !== undefined) this.host.cancel(this.#timer);
    this.#timer = undefined;
  }

  #hasEnded(): boolean {
    return this.state === 'closed';
  }
}

function closeSummary(code: number | undefined, reason: string): string {
  return ['Close', code, reason].filter((part) => part !== undefined && part !== '').join(' ');
}
