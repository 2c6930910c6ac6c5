import type { Endpoint, MessageRecord } from '../trace/index.js';
import { ALERT, encodeRecords, type TlsMessage, TlsRecordParser } from '../wire/tls-record/index.js';
import {
  type ByteStream,
  type CloseReason,
  messageKey,
  StreamBase,
  type StreamHandler,
} from './byte-stream.js';
import type { Host } from './host.js';
import { TcpConnection } from './tcp.js';

/** What a TLS client wants. */
export interface TlsClientOptions {
  /** Name to reach, sent as `server_name` (RFC 6066 3). */
  readonly serverName: string;
  /** Judges the names in the server's certificate. Default: one of them is `serverName` (RFC 9525 6.3). */
  readonly verify?: (certificateNames: readonly string[]) => boolean;
  /** Names in the certificate that the client shows. Default: it has none. */
  readonly clientCertificateNames?: readonly string[];
}

/** What a TLS server shows and wants. */
export interface TlsServerOptions {
  /** Names in the server's certificate. */
  readonly certificateNames: readonly string[];
  /** Whether the client has to show a certificate, or which names in it will do. */
  readonly requireClientCertificate?: boolean | ((certificateNames: readonly string[]) => boolean);
}

/** Puts TLS on a stream, as its client. The stream's handlers are replaced. */
export function connectTls(stream: ByteStream, options: TlsClientOptions): TlsStream {
  const tls = new TlsStream(stream, { client: options });
  tls.start();
  return tls;
}

/** Puts TLS on a stream, as its server. The stream's handlers are replaced. */
export function acceptTls(stream: ByteStream, options: TlsServerOptions): TlsStream {
  const tls = new TlsStream(stream, { server: options });
  tls.start();
  return tls;
}

/** Whether a certificate with these names proves `serverName`; `*` may stand for its first label (RFC 9525 6.3). */
export function certificateMatches(certificateNames: readonly string[], serverName: string): boolean {
  const wanted = serverName.toLowerCase();
  const parent = wanted.slice(wanted.indexOf('.') + 1);
  return certificateNames.some((name) => {
    const shown = name.toLowerCase();
    return shown === wanted || (shown.startsWith('*.') && wanted.includes('.') && shown.slice(2) === parent);
  });
}

interface Handshake {
  readonly client?: TlsClientOptions;
  readonly server?: TlsServerOptions;
}

interface Waiting {
  readonly data: Uint8Array;
  readonly cause: number;
}

/**
 * One end of a TLS connection: real records round a modelled handshake, see `wire/tls-record`. As in TLS 1.3 the
 * handshake takes one round trip (RFC 8446 2): ClientHello, then the server's flight, then the client's Finished,
 * with application data behind it at once.
 */
export class TlsStream extends StreamBase {
  readonly stream: ByteStream;
  /** Names in the certificate of the peer, once it has shown one. */
  peerCertificateNames: readonly string[] | undefined;
  /** The name that the client asked for (RFC 6066 3), once it is known. */
  serverName: string | undefined;
  /** This end's part of the handshake; absent when that is done. */
  #handshake: Handshake | undefined;
  #waiting: Waiting[] | undefined;
  /** Only while a record is incomplete. */
  #parser: TlsRecordParser | undefined;
  #failure: CloseReason | undefined;

  /** Use {@link connectTls} and {@link acceptTls}. */
  constructor(stream: ByteStream, handshake: Handshake) {
    super();
    this.stream = stream;
    this.#handshake = handshake;
    this.serverName = handshake.client?.serverName;
  }

  get host(): Host {
    return this.stream.host;
  }

  get id(): string {
    return `${this.stream.id} TLS`;
  }

  get local(): Endpoint {
    return this.stream.local;
  }

  get remote(): Endpoint {
    return this.stream.remote;
  }

  get secure(): boolean {
    return true;
  }

  get initiator(): boolean {
    return this.stream.initiator;
  }

  start(): void {
    if (this.stream instanceof TcpConnection) this.stream.carriesTls = true;
    this.stream.attach(new Transport(this));
    if (this.stream.state === 'open') this.transportOpen();
  }

  write(data: Uint8Array): void {
    if (this.state === 'closing' || this.state === 'closed' || data.length === 0) return;
    this.written += data.length;
    if (this.state === 'open') this.#sendData(data);
    else {
      this.#waiting ??= [];
      this.#waiting.push({ data, cause: this.host.kernel.cause });
    }
  }

  close(): void {
    if (this.state === 'closing' || this.state === 'closed') return;
    const { state } = this;
    this.state = 'closing';
    if (state === 'connecting' && this.#waiting !== undefined) return;
    // RFC 8446 6.1: close_notify goes before the end of the connection.
    if (state === 'open') this.#send({ type: 'alert', level: 'warning', description: ALERT.closeNotify });
    this.stream.close();
  }

  abort(): void {
    this.stream.abort();
  }

  /** The stream below is open. */
  transportOpen(): void {
    const client = this.#handshake?.client;
    if (client === undefined) return;
    const random = this.#random();
    const hello: TlsMessage = { type: 'clientHello', serverName: client.serverName, random };
    this.#sendHandshake(`ClientHello ${client.serverName}`, encodeRecords(hello));
  }

  /** Bytes from the stream below. */
  transportData(data: Uint8Array): void {
    if (this.#failure !== undefined) return;
    const parser = this.#parser ?? new TlsRecordParser(this.stream.received - data.length);
    const { records, error } = parser.push(data);
    this.#parser = parser.pendingBytes > 0 ? parser : undefined;
    for (const { message, end } of records) {
      if (this.#failure !== undefined || this.state === 'closed') return;
      this.#take(message, end);
    }
    if (error === undefined || this.#failure !== undefined || this.state === 'closed') return;
    this.host.reject('TLS', error.what, error.offset);
    this.#fail(error.alert, error.what);
  }

  /** The peer sends no more; without its close_notify that truncates what it sent, which is for the protocol above to judge. */
  transportEnd(): void {
    if (this.#handshake === undefined) this.announceEnd();
    else this.stream.close();
  }

  /** The stream below is closed. */
  transportClose(reason: CloseReason): void {
    this.#parser = undefined;
    this.#waiting = undefined;
    this.#handshake = undefined;
    if (this.state !== 'closed') this.announceClose(this.#failure ?? reason);
  }

  #take(message: TlsMessage, end: number): void {
    if (message.type === 'alert') {
      this.#takeAlert(message.level === 'fatal', message.description, end);
    } else if (this.#handshake === undefined) {
      if (message.type === 'applicationData') this.announceData(message.data);
      else this.#fail(ALERT.unexpectedMessage, `unexpected ${message.type}`);
    } else if (this.#handshake.client !== undefined) {
      this.#takeAsClient(message, end, this.#handshake.client);
    } else if (this.#handshake.server !== undefined) {
      this.#takeAsServer(message, end, this.#handshake.server);
    }
  }

  #takeAlert(fatal: boolean, description: number, end: number): void {
    if (!fatal && description === ALERT.closeNotify) {
      if (this.#handshake === undefined) this.announceEnd();
      else this.stream.close();
      return;
    }
    const name = alertName(description);
    this.#received(`Alert ${name}`, end, () => {
      if (!fatal) return;
      this.#failure = `tls: alert ${name}`;
      this.state = 'closing';
      this.stream.close();
    });
  }

  /** The server's flight: ServerHello, which carries its certificate here, and Finished. */
  #takeAsClient(message: TlsMessage, end: number, options: TlsClientOptions): void {
    const names = this.peerCertificateNames;
    if (message.type === 'serverHello' && names === undefined) {
      // a copy of the right size: it stays for as long as the connection
      this.peerCertificateNames = message.certificateNames.slice();
    } else if (message.type === 'finished' && names !== undefined) {
      this.#received(serverFlight(names), end, () => this.#verify(names, options));
    } else this.#fail(ALERT.unexpectedMessage, `unexpected ${message.type}`);
  }

  #verify(names: readonly string[], options: TlsClientOptions): void {
    const { serverName, clientCertificateNames: own } = options;
    const good = options.verify === undefined ? certificateMatches(names, serverName) : options.verify(names);
    if (!good) {
      const what = `certificate names ${names.join(', ') || '(none)'}, expected ${serverName}`;
      this.#fail(ALERT.badCertificate, what);
      return;
    }
    const finished = encodeRecords({ type: 'finished' });
    if (own === undefined) this.#sendHandshake('Finished', finished);
    else {
      const certificate = encodeRecords(clientCertificate(own));
      this.#sendHandshake(clientFlight(own), join(certificate, finished));
    }
    this.#established();
  }

  #takeAsServer(message: TlsMessage, end: number, options: TlsServerOptions): void {
    if (message.type === 'clientHello' && this.serverName === undefined) {
      this.serverName = message.serverName ?? '';
      this.#received(`ClientHello ${this.serverName}`.trimEnd(), end, () => this.#greet(options));
    } else if (message.type === 'applicationData' && this.peerCertificateNames === undefined) {
      this.peerCertificateNames = certificateNamesIn(message.data);
    } else if (message.type === 'finished' && this.serverName !== undefined) {
      const names = this.peerCertificateNames;
      const summary = names === undefined ? 'Finished' : clientFlight(names);
      this.#received(summary, end, () => this.#admit(names, options));
    } else this.#fail(ALERT.unexpectedMessage, `unexpected ${message.type}`);
  }

  #greet({ certificateNames }: TlsServerOptions): void {
    const hello = encodeRecords({ type: 'serverHello', certificateNames, random: this.#random() });
    this.#sendHandshake(serverFlight(certificateNames), join(hello, encodeRecords({ type: 'finished' })));
  }

  #admit(names: readonly string[] | undefined, { requireClientCertificate: wanted }: TlsServerOptions): void {
    if (wanted === undefined || wanted === false) this.#established();
    else if (names === undefined) this.#fail(ALERT.handshakeFailure, 'the client shows no certificate');
    else if (wanted === true || wanted(names)) this.#established();
    else this.#fail(ALERT.badCertificate, `client certificate names ${names.join(', ') || '(none)'}`);
  }

  #established(): void {
    const closing = this.state === 'closing';
    this.#handshake = undefined;
    if (closing) this.state = 'open';
    else this.announceOpen();
    const waiting = this.#waiting ?? [];
    this.#waiting = undefined;
    for (const { data, cause } of waiting) this.host.kernel.causedBy(cause, () => this.#sendData(data));
    if (closing) this.close();
  }

  #sendData(data: Uint8Array): void {
    this.#send({ type: 'applicationData', data });
  }

  #send(message: TlsMessage): void {
    this.stream.write(encodeRecords(message));
  }

  /** Tells the peer why (RFC 8446 6.2) and ends the connection. */
  #fail(alert: number, what: string): void {
    this.#failure = `tls: ${what}`;
    this.state = 'closing';
    const bytes = encodeRecords({ type: 'alert', level: 'fatal', description: alert });
    this.#sendHandshake(`Alert ${alertName(alert)}`, bytes);
    this.stream.close();
  }

  #sendHandshake(summary: string, bytes: Uint8Array): void {
    const { host, stream } = this;
    if (!host.tracing) stream.write(bytes);
    else {
      const message = this.#message(summary, 'sent', stream.written + bytes.length);
      host.sendMessage(message, () => stream.write(bytes));
    }
  }

  #received(summary: string, end: number, handle: () => void): void {
    if (this.host.tracing) this.host.receiveMessage(this.#message(summary, 'received', end), handle);
    else handle();
  }

  #message(summary: string, direction: 'sent' | 'received', end: number): MessageRecord {
    const { local, remote } = this;
    const key = messageKey(this.stream, direction, end);
    return { protocol: 'TLS', summary, transport: 'tcp', local, remote, key };
  }

  #random(): Uint8Array {
    return this.host.random('TLS random').bytes(32);
  }
}

/** What the stream below tells, kept apart from the handlers of the stream above. */
class Transport implements StreamHandler {
  readonly #tls: TlsStream;

  constructor(tls: TlsStream) {
    this.#tls = tls;
  }

  onOpen(): void {
    this.#tls.transportOpen();
  }

  onData(data: Uint8Array): void {
    this.#tls.transportData(data);
  }

  onEnd(): void {
    this.#tls.transportEnd();
  }

  onClose(reason: CloseReason): void {
    this.#tls.transportClose(reason);
  }
}

function serverFlight(names: readonly string[]): string {
  return `ServerHello, Certificate ${names.join(' ')}, Finished`;
}

function clientFlight(names: readonly string[]): string {
  return `Certificate ${names.join(' ')}, Finished`;
}

/**
 * The client's certificate. The record model has no message for it, so its names travel as a protected record ahead
 * of Finished, where TLS 1.3 would show nothing else either (RFC 8446 2).
 */
function clientCertificate(names: readonly string[]): TlsMessage {
  return { type: 'applicationData', data: new TextEncoder().encode(names.join('\n')) };
}

function certificateNamesIn(data: Uint8Array): readonly string[] {
  return new TextDecoder().decode(data).split('\n');
}

const ALERT_NAMES = new Map<number, string>(
  Object.entries(ALERT).map(([name, code]) => [
    code,
    name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`),
  ]),
);

/** An alert's name as RFC 8446 6 spells it. */
function alertName(code: number): string {
  return ALERT_NAMES.get(code) ?? String(code);
}

function join(a: Uint8Array, b: Uint8Array): Uint8Array {
  const bytes = new Uint8Array(a.length + b.length);
  bytes.set(a);
  bytes.set(b, a.length);
  return bytes;
}
