import type { Timer } from '../../kernel/index.js';
import {
  type ByteStream,
  type Host,
  messageKey,
  type StreamHandler,
  type UdpSocket,
  type WebSocketConnection,
  type WebSocketHandlers,
} from '../../network/index.js';
import type { Endpoint, MessageRecord } from '../../trace/index.js';
import { describeParseError } from '../../wire/parsed.js';
import { parseSip, type SipMessage, SipStreamParser, serializeSip } from '../../wire/sip/index.js';
import type { SipFlow, SipTransport } from './types.js';

/** What flows hand to the transport layer. */
export interface FlowOwner {
  readonly host: Host;
  /** Most time an outgoing connection stays open without use, in milliseconds. */
  readonly tcpIdleMs: number;
  nextFlowId(transport: SipTransport): string;
  onMessage(message: SipMessage, flow: Flow): void;
  onPong(flow: Flow): void;
  onFlowClosed(flow: Flow, reason: string): void;
}

const CRLF = Uint8Array.of(13, 10);
const CRLF_CRLF = Uint8Array.of(13, 10, 13, 10);

/** Close codes of RFC 6455 7.4.1. */
const GOING_AWAY = 1001;
const POLICY_VIOLATION = 1008;

const lenient = new TextDecoder('utf-8', { ignoreBOM: true });
const strict = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/** Nothing but line ends: a keep-alive, not a message (RFC 3261 7.5, RFC 5626 3.5.1). */
function isKeepAlive(bytes: Uint8Array): boolean {
  return bytes.length <= 4 && bytes.every((byte) => byte === 13 || byte === 10);
}

/** A message in one line: `INVITE sip:bob@home1.net`, `200 OK (INVITE)`. */
export function summarize(message: SipMessage): string {
  if (message.kind === 'request') return `${message.method} ${message.uri}`;
  return `${message.status} ${message.reason} (${message.cseq()?.method ?? '?'})`;
}

/** What the flows of all transports share. */
export abstract class Flow implements SipFlow {
  readonly id: string;
  readonly transport: SipTransport;
  readonly realm: string;
  readonly local: Endpoint;
  readonly remote: Endpoint;
  /** The sent-by of requests on this flow, once it is known. */
  sentBy: string | undefined;
  protected readonly owner: FlowOwner;

  constructor(owner: FlowOwner, transport: SipTransport, realm: string, local: Endpoint, remote: Endpoint) {
    this.owner = owner;
    this.id = owner.nextFlowId(transport);
    this.transport = transport;
    this.realm = realm;
    this.local = local;
    this.remote = remote;
  }

  get reliable(): boolean {
    return this.transport !== 'UDP';
  }

  abstract get open(): boolean;

  /** Sends a message whose bytes are at hand; false when the flow is closed. */
  abstract send(message: SipMessage, bytes: Uint8Array): boolean;

  /** Sends the ping of RFC 5626 3.5.1. */
  abstract ping(): void;

  /** A transaction begins to use the flow. */
  retain(): void {}

  /** A transaction no longer uses the flow. */
  release(): void {}

  /** Has `callback` called if a connection that is being set up never comes to be. */
  ifRefused(_callback: (reason: string) => void): void {}

  /** Ends the flow in order; the owner hears of it when it is done, unless `silently`. */
  abstract close(silently: boolean): void;

  protected record(message: SipMessage, bytes: Uint8Array, key: string | undefined): MessageRecord {
    const record = {
      protocol: 'SIP',
      summary: summarize(message),
      transport: this.transport.toLowerCase() as MessageRecord['transport'],
      local: this.local,
      remote: this.remote,
      text: lenient.decode(bytes),
    };
    return key === undefined ? record : { ...record, key };
  }

  protected received(message: SipMessage, bytes: Uint8Array | undefined, key: string | undefined): void {
    const { host } = this.owner;
    if (bytes === undefined) this.owner.onMessage(message, this);
    else host.receiveMessage(this.record(message, bytes, key), () => this.owner.onMessage(message, this));
  }
}

/** A local socket and a remote address. */
export class UdpFlow extends Flow {
  readonly #socket: UdpSocket;
  #open = true;

  constructor(owner: FlowOwner, realm: string, socket: UdpSocket, remote: Endpoint) {
    super(owner, 'UDP', realm, socket.local, remote);
    this.#socket = socket;
  }

  get open(): boolean {
    return this.#open;
  }

  send(message: SipMessage, bytes: Uint8Array): boolean {
    if (!this.#open) return false;
    const { host } = this.owner;
    const send = (): void => this.#socket.send(bytes, this.remote);
    if (host.tracing) host.sendMessage(this.record(message, bytes, undefined), send);
    else send();
    return true;
  }

  /** Keep-alive over UDP is STUN's (RFC 5626 3.5.2); line ends are what RFC 3261 7.5 has everyone ignore. */
  ping(): void {
    if (this.#open) this.#socket.send(CRLF_CRLF, this.remote);
  }

  close(silently: boolean): void {
    if (!this.#open) return;
    this.#open = false;
    if (!silently) this.owner.onFlowClosed(this, 'closed');
  }

  /** Takes a datagram from the remote address. */
  receive(bytes: Uint8Array): void {
    if (isKeepAlive(bytes)) return;
    const { host } = this.owner;
    const message = parseSip(bytes, { framing: 'datagram' });
    if (message.ok) this.received(message.value, host.tracing ? bytes : undefined, undefined);
    else host.reject('SIP', describeParseError(message.error), message.error.offset);
  }
}

/** A TCP connection (RFC 3261 18, 18.3). */
export class StreamFlow extends Flow implements StreamHandler {
  readonly #stream: ByteStream;
  readonly #parser = new SipStreamParser();
  /** Called when the connection never comes to be. */
  #failures: ((reason: string) => void)[] | undefined;
  #transactions = 0;
  #usedAt = 0;
  #timer: Timer | undefined;
  #silent = false;

  constructor(owner: FlowOwner, realm: string, stream: ByteStream) {
    super(owner, 'TCP', realm, stream.local, stream.remote);
    this.#stream = stream;
    stream.attach(this);
    if (stream.initiator) this.#watch();
  }

  get open(): boolean {
    return this.#stream.state === 'open' || this.#stream.state === 'connecting';
  }

  override ifRefused(callback: (reason: string) => void): void {
    if (this.#stream.state === 'connecting') (this.#failures ??= []).push(callback);
  }

  send(message: SipMessage, bytes: Uint8Array): boolean {
    if (!this.open) return false;
    const { host } = this.owner;
    this.#usedAt = host.kernel.now;
    if (host.tracing) {
      const key = messageKey(this.#stream, 'sent', this.#stream.written + bytes.length);
      host.sendMessage(this.record(message, bytes, key), () => this.#stream.write(bytes));
    } else this.#stream.write(bytes);
    return true;
  }

  ping(): void {
    if (this.open) this.#stream.write(CRLF_CRLF);
  }

  override retain(): void {
    this.#transactions++;
  }

  override release(): void {
    this.#transactions--;
    if (this.#stream.initiator) this.#watch();
  }

  close(silently: boolean): void {
    this.#silent ||= silently;
    this.#stopTimer();
    if (silently && this.#stream.state === 'connecting') this.#stream.abort();
    else this.#stream.close();
  }

  onOpen(): void {
    this.#failures = undefined;
  }

  onData(bytes: Uint8Array): void {
    const { host } = this.owner;
    this.#usedAt = host.kernel.now;
    for (const item of this.#parser.push(bytes)) {
      if (this.#silent) return;
      switch (item.kind) {
        case 'message': {
          const text = host.tracing ? serializeSip(item.message) : undefined;
          this.received(
            item.message,
            text,
            host.tracing ? messageKey(this.#stream, 'received', item.end) : undefined,
          );
          break;
        }
        case 'ping':
          // RFC 5626 4.4.1: a ping is answered with a single CRLF.
          if (this.open) this.#stream.write(CRLF);
          break;
        case 'pong':
          this.owner.onPong(this);
          break;
        default:
          // RFC 3261 18.3: where the next message starts can no longer be known.
          host.reject('SIP', describeParseError(item.error), item.error.offset);
          this.#stream.close();
      }
    }
  }

  onClose(reason: string): void {
    this.#stopTimer();
    if (this.#silent) return;
    const failures = this.#failures ?? [];
    this.#failures = undefined;
    this.owner.onFlowClosed(this, reason);
    for (const failed of failures) failed(reason);
  }

  /** Closes the connection once it has not been used for long (RFC 3261 18: implementation's choice of how long). */
  #watch(): void {
    const { host, tcpIdleMs } = this.owner;
    if (this.#transactions > 0 || this.#timer !== undefined || !this.open) return;
    if (tcpIdleMs === Number.POSITIVE_INFINITY) return;
    const leftUs = Math.max(0, this.#usedAt + tcpIdleMs * 1000 - host.kernel.now);
    this.#timer = host.schedule(leftUs, () => {
      this.#timer = undefined;
      if (host.kernel.now - this.#usedAt < tcpIdleMs * 1000) this.#watch();
      else this.#stream.close();
    });
  }

  #stopTimer(): void {
    if (this.#timer !== undefined) this.owner.host.cancel(this.#timer);
    this.#timer = undefined;
  }
}

/** A WebSocket connection, whichever side opened it (RFC 7118). */
export class WebSocketFlow extends Flow implements WebSocketHandlers {
  readonly #connection: WebSocketConnection;
  /** The handlers of whoever made the connection, who may want to know of its end as well. */
  readonly #outer: WebSocketHandlers;
  #silent = false;

  constructor(owner: FlowOwner, realm: string, secure: boolean, connection: WebSocketConnection) {
    super(owner, secure ? 'WSS' : 'WS', realm, connection.stream.local, connection.stream.remote);
    this.#connection = connection;
    this.#outer = connection.handlers;
    connection.handlers = this;
  }

  get open(): boolean {
    return this.#connection.state === 'open';
  }

  send(message: SipMessage, bytes: Uint8Array): boolean {
    if (!this.open) return false;
    const { host } = this.owner;
    if (host.tracing) {
      const key = messageKey(this.#connection.stream, 'sent', this.#connection.endOfNext(bytes.length));
      host.sendMessage(this.record(message, bytes, key), () => this.#write(bytes));
    } else this.#write(bytes);
    return true;
  }

  ping(): void {
    if (this.open) this.#connection.sendText(CRLF_CRLF);
  }

  close(silently: boolean): void {
    this.#silent ||= silently;
    if (silently) this.#connection.close(GOING_AWAY);
    else this.#connection.close();
  }

  onMessage(_data: string | Uint8Array, end: number, bytes: Uint8Array): void {
    if (this.#silent) return;
    const { host } = this.owner;
    if (isKeepAlive(bytes)) {
      if (bytes.length === 4) this.#connection.sendText(CRLF);
      else if (bytes.length === 2) this.owner.onPong(this);
      return;
    }
    const message = parseSip(bytes, { framing: 'websocket' });
    if (message.ok) {
      if (!host.tracing) this.received(message.value, undefined, undefined);
      else this.received(message.value, bytes, messageKey(this.#connection.stream, 'received', end));
      return;
    }
    host.reject('SIP', describeParseError(message.error), message.error.offset);
    this.#connection.close(POLICY_VIOLATION, 'not a SIP message');
  }

  onPong(data: Uint8Array): void {
    this.#outer.onPong?.(data);
  }

  onClose(code: number, reason: string): void {
    if (!this.#silent)
      this.owner.onFlowClosed(this, `WebSocket closed: ${code}${reason === '' ? '' : ` ${reason}`}`);
    this.#outer.onClose?.(code, reason);
  }

  /** As text where the message is UTF-8, else as binary: the receiver has to take both (RFC 7118 4.2). */
  #write(bytes: Uint8Array): void {
    if (isUtf8(bytes)) this.#connection.sendText(bytes);
    else this.#connection.send(bytes);
  }
}

function isUtf8(bytes: Uint8Array): boolean {
  try {
    strict.decode(bytes);
    return true;
  } catch {
    return false;
  }
}
