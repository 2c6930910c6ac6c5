import type { ActorRefFrom } from 'xstate';
import type { FingerprintHash } from '../../crypto/index.js';
import type { Host } from '../../network/index.js';
import {
  ALERT,
  ALERT_LEVEL,
  type AlertName,
  alertName,
  CONTENT_TYPE,
  DTLS_1_0,
  type DtlsRecord,
  HANDSHAKE_TYPE,
  type HandshakeFragment,
  MOST_PLAINTEXT_BYTES,
  parseAlert,
  parseHandshakeFragments,
  parseRecords,
  serializeAlert,
} from '../../wire/dtls/index.js';
import { ClientHandshake } from './client-handshake.js';
import { noCounts } from './counters.js';
import { type Flight, packFlight } from './flight.js';
import type { Handshake, HandshakeOptions } from './handshake.js';
import { type DtlsEvent, type DtlsPort, dtlsMachine } from './machine.js';
import { DEFAULT_HASHES, fingerprintMismatch } from './match-fingerprint.js';
import { type AssembledMessage, Reassembler } from './reassembler.js';
import { RecordLayer } from './record-layer.js';
import { ServerHandshake } from './server-handshake.js';
import type { DtlsCounters, DtlsEndpointOptions, DtlsState, Fingerprint } from './types.js';

/** Defaults of the options; the first timeout is that of RFC 6347 4.2.4.1, the others are ours. */
const INITIAL_TIMEOUT_MS = 1000;
const MAX_RETRANSMISSIONS = 7;
const MTU_BYTES = 1200;
const LEAST_MTU_BYTES = 256;

/** Records kept that came before the keys of their epoch (RFC 6347 4.1 allows it; a flight has two at most). */
const MOST_EARLY_RECORDS = 8;

/**
 * One end of a DTLS association over datagrams (RFC 6347), for DTLS-SRTP (RFC 5764).
 *
 * @example
 * ```ts
 * const dtls = new DtlsEndpoint(host, {
 *   id: 'dtls 1', role: 'client', certificate, fingerprints, srtpProfiles: ['SRTP_AES128_CM_HMAC_SHA1_80'],
 *   send: (datagram) => socket.send(datagram, peer), onConnected: useKeys, onFailure: release,
 * });
 * dtls.start();
 * ```
 */
export class DtlsEndpoint {
  readonly counters: Readonly<DtlsCounters>;
  readonly #host: Host;
  readonly #options: DtlsEndpointOptions;
  readonly #counters: DtlsCounters;
  readonly #layer: RecordLayer;
  readonly #handshake: Handshake;
  readonly #reassembler: Reassembler;
  readonly #port: DtlsPort;
  #fingerprints: readonly Fingerprint[] | undefined;
  #state: DtlsState = 'new';
  #actor: ActorRefFrom<typeof dtlsMachine> | undefined;
  #flight: Flight | undefined;
  /** The epoch this end writes in. */
  #epoch: 0 | 1 = 0;
  /** message_seq of the message that ended the peer's last complete flight. */
  #flightEnd = -1;
  #early: DtlsRecord[] = [];
  /** Whether the peer's Finished has come: what follows is no part of a handshake. */
  #finished = false;
  #lastAlert: AlertName | undefined;
  #alertsLeft: number;
  /** What the user is told when the step in hand is over, so that whatever it does meets an endpoint at rest. */
  #news: (() => void)[] = [];
  #busy = false;
  #inbox: (readonly [Uint8Array, string])[] = [];

  /** @throws RangeError when an option is out of its range */
  constructor(host: Host, options: DtlsEndpointOptions) {
    if ((options.mtu ?? MTU_BYTES) < LEAST_MTU_BYTES) {
      throw new RangeError(`an MTU of ${options.mtu} bytes leaves no room for records`);
    }
    if ((options.initialTimeoutMs ?? 1) < 1) throw new RangeError('a retransmission timeout is 1 ms or more');
    this.#host = host;
    this.#options = options;
    this.#fingerprints = options.fingerprints;
    this.#alertsLeft = options.maxRetransmissions ?? MAX_RETRANSMISSIONS;
    this.#counters = noCounts();
    this.counters = this.#counters;
    this.#layer = new RecordLayer(this.#counters);
    const { role } = options;
    const handshakeOptions: HandshakeOptions = {
      certificate: options.certificate,
      srtpProfiles: options.srtpProfiles,
      curves: options.curves ?? ['x25519', 'secp256r1'],
      extendedMasterSecret: options.extendedMasterSecret ?? true,
      random: host.random('dtls'),
      rejectCertificate: (certificate) => this.#mismatch(certificate),
      onKeys: ({ client, server }) =>
        role === 'client' ? this.#layer.install(client, server) : this.#layer.install(server, client),
      onKeyLog: (line) => options.onKeyLog?.(line),
    };
    this.#handshake =
      role === 'client'
        ? new ClientHandshake(handshakeOptions)
        : new ServerHandshake(handshakeOptions, options.cookie ?? false);
    // a client knows that a server begins with 0, a server not how often its client has asked for a cookie
    this.#reassembler = new Reassembler(role === 'client' ? 0 : undefined);
    this.#port = {
      prepareFlight: () => {
        this.#flightEnd = (this.#reassembler.next ?? 0) - 1;
        this.#flight = this.#handshake.prepare();
      },
      sendFlight: (again) => this.#sendFlight(again),
      finish: () => {
        this.#finished = true;
      },
      connect: () => {
        this.#state = 'connected';
        const connection = this.#handshake.connection();
        this.#news.push(() => options.onConnected(connection));
      },
      giveUp: () => this.#end('failed', 'the peer does not answer'),
    };
  }

  get state(): DtlsState {
    return this.#state;
  }

  /** Begins: a client sends its ClientHello, a server listens from now on. */
  start(): void {
    if (this.#state !== 'new') return;
    this.#state = 'connecting';
    const { id, role, initialTimeoutMs, maxRetransmissions } = this.#options;
    this.#run(() => {
      this.#actor = this.#host.spawn(dtlsMachine, {
        id,
        port: this.#port,
        input: {
          role,
          initialTimeoutMs: initialTimeoutMs ?? INITIAL_TIMEOUT_MS,
          maxRetransmissions: maxRetransmissions ?? MAX_RETRANSMISSIONS,
        },
        onDone: () => {
          this.#actor = undefined;
          if (!this.#busy) this.#tell();
        },
      });
      this.#step({ type: 'start' });
    });
  }

  /**
   * Takes a datagram of the peer. What cannot be used is dropped and counted (RFC 6347 4.1.2.7).
   *
   * @param from the peer's address in any form; a cookie is good for the address it was asked from
   */
  receive(datagram: Uint8Array, from = ''): void {
    if (this.#busy) {
      this.#inbox.push([datagram, from]);
      return;
    }
    this.#run(() => this.#take(datagram, from));
  }

  /**
   * Sends one record of application data.
   *
   * @param data at most 2^14 bytes
   * @returns whether it was sent: only while connected
   */
  sendData(data: Uint8Array): boolean {
    if (this.#state !== 'connected' || data.length > MOST_PLAINTEXT_BYTES) return false;
    this.#options.send(this.#layer.write(CONTENT_TYPE.applicationData, 1, data));
    return true;
  }

  /**
   * Names what the peer's certificate has to match. If it has shown another one, the association fails; if it was
   * waiting for this, it is connected.
   */
  setExpectedFingerprints(fingerprints: readonly Fingerprint[]): void {
    this.#fingerprints = fingerprints;
    const certificate = this.#handshake.peerCertificate;
    if (this.#actor === undefined || certificate === undefined) return;
    this.#run(() => {
      const reason = this.#mismatch(certificate);
      if (reason !== undefined) this.#fail('bad_certificate', reason);
      else this.#confirm();
    });
  }

  /** Ends the association, with close_notify if the peer may know of it. Nobody is told, and no timer is left. */
  close(): void {
    const { flights } = this.#actor?.getSnapshot().context ?? { flights: 0 };
    if (this.#actor !== undefined && flights > 0) this.#sendAlert('close_notify', 'warning');
    if (this.#state !== 'failed') this.#state = 'closed';
    this.#alertsLeft = 0;
    this.#step({ type: 'close' });
    this.#news = [];
  }

  #step(event: DtlsEvent): void {
    this.#actor?.send(event);
  }

  /** Runs a step, then what came in during it, then tells the user. */
  #run(step: () => void): void {
    this.#busy = true;
    step();
    for (let next = this.#inbox.shift(); next !== undefined; next = this.#inbox.shift()) this.#take(...next);
    this.#busy = false;
    this.#tell();
  }

  #tell(): void {
    for (let tell = this.#news.shift(); tell !== undefined; tell = this.#news.shift()) tell();
  }

  #take(datagram: Uint8Array, from: string): void {
    if (this.#actor === undefined) {
      this.#afterwards(datagram);
      return;
    }
    const { records, error } = parseRecords(datagram);
    if (error !== undefined) this.#counters.truncated += 1;
    const repetition = { seen: false };
    for (const record of records) {
      this.#takeRecord(record, from, repetition);
      if (this.#actor === undefined) return;
    }
    const mayAnswer = this.#options.role === 'server' || !this.#finished;
    if (repetition.seen && mayAnswer) this.#step({ type: 'repeated flight' });
  }

  /** Alerts get lost, so what led to one leads to it again when it is repeated (RFC 6347 4.2.7). */
  #afterwards(datagram: Uint8Array): void {
    this.#counters.unexpected += 1;
    const handshake = datagram[0] === CONTENT_TYPE.handshake;
    if (this.#state !== 'failed' || this.#lastAlert === undefined || !handshake || this.#alertsLeft <= 0)
      return;
    this.#alertsLeft -= 1;
    this.#sendAlert(this.#lastAlert, 'fatal');
  }

  #takeRecord(record: DtlsRecord, from: string, repetition: { seen: boolean }): void {
    if (record.epoch === 1 && !this.#layer.keyed && this.#early.length < MOST_EARLY_RECORDS) {
      this.#early.push(record);
      return;
    }
    const content = this.#layer.read(record);
    if (content === undefined) return;
    switch (record.contentType) {
      // the epoch in the records of a Finished says as much, and is authentic (RFC 6347 4.1)
      case CONTENT_TYPE.changeCipherSpec:
        break;
      case CONTENT_TYPE.alert:
        this.#takeAlert(content, record.epoch);
        break;
      case CONTENT_TYPE.handshake:
        this.#takeHandshake(content, record, from, repetition);
        break;
      default:
        this.#takeData(content, record.epoch);
    }
    if (this.#early.length === 0 || !this.#layer.keyed) return;
    const early = this.#early;
    this.#early = [];
    for (const one of early) if (this.#actor !== undefined) this.#takeRecord(one, from, repetition);
  }

  #takeData(data: Uint8Array, epoch: number): void {
    if (epoch === 0) this.#counters.unexpected += 1;
    else if (this.#state !== 'connected') this.#counters.earlyData += 1;
    else this.#news.push(() => this.#options.onData?.(data));
  }

  #takeAlert(content: Uint8Array, epoch: number): void {
    const read = parseAlert(content);
    // once there are keys, nobody without them may end the association
    if (!read.ok || (epoch === 0 && this.#finished)) {
      this.#counters.unexpected += 1;
      return;
    }
    const { level, description } = read.value;
    if (description === ALERT.close_notify) {
      // owed in return (RFC 5246 7.2.1)
      this.#sendAlert('close_notify', 'warning');
      this.#end('closed', '');
      this.#step({ type: 'close' });
    } else if (level === ALERT_LEVEL.fatal) {
      this.#end('failed', `the peer sent the alert ${alertName(description)}`);
      this.#step({ type: 'fail' });
    }
  }

  #takeHandshake(content: Uint8Array, record: DtlsRecord, from: string, repetition: { seen: boolean }): void {
    const fragments = parseHandshakeFragments(content);
    if (!fragments.ok) {
      this.#counters.badFragment += 1;
      return;
    }
    for (const fragment of fragments.value) this.#takeFragment(fragment, record, repetition);
    for (let message = this.#reassembler.take(); message !== undefined; message = this.#reassembler.take()) {
      this.#takeMessage(message, record, from);
      if (this.#actor === undefined) return;
    }
  }

  #takeFragment(fragment: HandshakeFragment, { epoch }: DtlsRecord, repetition: { seen: boolean }): void {
    const { messageType, messageSeq, fragmentOffset, length } = fragment;
    const { next } = this.#reassembler;
    const old = next !== undefined && messageSeq < next;
    const ends = messageSeq === this.#flightEnd && fragmentOffset + fragment.fragment.length === length;
    if (old && ends && this.#flight !== undefined) repetition.seen = true;
    // only Finished is protected, and only what is protected may be one (RFC 6347 4.2.4); renegotiation begins with 0 again
    const finished = messageType === HANDSHAKE_TYPE.finished;
    if (this.#finished || finished !== (epoch === 1)) {
      if (!old || !ends) this.#refuse(messageType, epoch);
      return;
    }
    // before the first flight of a server nothing but a ClientHello is worth keeping
    if (next === undefined && messageType !== HANDSHAKE_TYPE.clientHello) {
      this.#counters.unexpected += 1;
      return;
    }
    const verdict = this.#reassembler.add(fragment);
    if (verdict === 'oversized') this.#counters.oversized += 1;
    else if (verdict === 'bad') this.#counters.badFragment += 1;
  }

  /** A message that belongs to no handshake under way. */
  #refuse(messageType: number, epoch: number): void {
    this.#counters.unexpected += 1;
    const renegotiation =
      messageType === HANDSHAKE_TYPE.helloRequest || messageType === HANDSHAKE_TYPE.clientHello;
    // RFC 5246 7.2.2
    if (this.#finished && epoch === 1 && renegotiation) this.#sendAlert('no_renegotiation', 'warning');
  }

  #takeMessage(message: AssembledMessage, record: DtlsRecord, from: string): void {
    const handshake = this.#handshake;
    if (handshake instanceof ServerHandshake && this.#flight === undefined) {
      if (this.#options.cookie === true) this.#layer.continueAt(record.sequenceNumber);
      const body = handshake.demandCookie(message, from);
      if (body !== undefined) {
        this.#reassembler.reset();
        this.#sendVerifyRequest(body, message.messageSeq);
        return;
      }
    }
    const step = handshake.receive(message);
    if (typeof step === 'object') this.#fail(step.alert, step.reason);
    else if (step !== 'more') this.#step({ type: step });
    if (this.#finished && this.#actor !== undefined) this.#confirm();
  }

  /** Flight 2, which a server sends without a state or a timer (RFC 6347 4.2.1). */
  #sendVerifyRequest(body: Uint8Array, messageSeq: number): void {
    const messageType = HANDSHAKE_TYPE.helloVerifyRequest;
    const flight: Flight = { messages: [{ messageType, messageSeq, body, epoch: 0 }], version: DTLS_1_0 };
    for (const datagram of packFlight(flight, this.#layer, this.#mtu)) this.#options.send(datagram);
  }

  #sendFlight(again: boolean): void {
    const flight = this.#flight;
    if (flight === undefined) return;
    if (again) this.#counters.flightsRepeated += 1;
    if (flight.messages.includes('changeCipherSpec')) this.#epoch = 1;
    for (const datagram of packFlight(flight, this.#layer, this.#mtu)) this.#options.send(datagram);
  }

  get #mtu(): number {
    return this.#options.mtu ?? MTU_BYTES;
  }

  #sendAlert(name: AlertName, level: keyof typeof ALERT_LEVEL): void {
    const content = serializeAlert({ level: ALERT_LEVEL[level], description: ALERT[name] });
    this.#options.send(this.#layer.write(CONTENT_TYPE.alert, this.#epoch, content));
  }

  #mismatch(certificate: Uint8Array): string | undefined {
    const hashes: readonly FingerprintHash[] = this.#options.fingerprintHashes ?? DEFAULT_HASHES;
    return this.#fingerprints && fingerprintMismatch(certificate, this.#fingerprints, hashes);
  }

  /** Hands out the keys if the handshake is over and the peer is known to be the right one (RFC 8122 6.2). */
  #confirm(): void {
    if (this.#finished && this.#state === 'connecting' && this.#fingerprints !== undefined) {
      this.#step({ type: 'confirmed' });
    }
  }

  #fail(alert: AlertName, reason: string): void {
    this.#lastAlert = alert;
    this.#sendAlert(alert, 'fatal');
    this.#end('failed', reason);
    this.#step({ type: 'fail' });
  }

  #end(state: 'closed' | 'failed', reason: string): void {
    this.#state = state;
    const { onClosed, onFailure } = this.#options;
    this.#news.push(() => (state === 'closed' ? onClosed?.() : onFailure(reason)));
  }
}
