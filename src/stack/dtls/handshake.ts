import {
  type Certificate,
  certificatePublicKey,
  constantTimeEqual,
  type NamedCurve,
  toHex,
} from '../../crypto/index.js';
import type { RandomStream } from '../../kernel/index.js';
import {
  type AlertName,
  type CertificateMessage,
  DTLS_1_0,
  DTLS_1_2,
  type Finished,
  HANDSHAKE_TYPE,
  type HandshakeMessage,
  parseHandshakeBody,
  SRTP_PROFILES,
  type SrtpProfile,
  serializeHandshakeBody,
  validateHandshake,
} from '../../wire/dtls/index.js';
import { describeParseError } from '../../wire/index.js';
import type { Flight, FlightMessage } from './flight.js';
import {
  extendedMasterSecret,
  keyExporter,
  plainMasterSecret,
  type SessionKeys,
  sessionKeys,
  Transcript,
  verifyData,
} from './key-schedule.js';
import type { AssembledMessage } from './reassembler.js';
import type { DtlsConnection } from './types.js';

/** Why a handshake cannot go on. */
export interface HandshakeFailure {
  /** The fatal alert that the peer is owed. */
  readonly alert: AlertName;
  readonly reason: string;
}

/** What a message has led to. */
export type HandshakeStep = 'more' | 'next flight' | 'last flight' | HandshakeFailure;

/** What a handshake is to use and whom it tells. */
export interface HandshakeOptions {
  readonly certificate: Certificate;
  readonly srtpProfiles: readonly SrtpProfile[];
  readonly curves: readonly NamedCurve[];
  readonly extendedMasterSecret: boolean;
  readonly random: RandomStream;
  /** Why the peer's certificate, DER, will not do; `undefined` when it will, or when that is not known yet. */
  readonly rejectCertificate: (certificate: Uint8Array) => string | undefined;
  /** Called as soon as there are keys, before a message of the new epoch is written or read. */
  readonly onKeys: (keys: SessionKeys) => void;
  readonly onKeyLog: (line: string) => void;
}

export const EMPTY = new Uint8Array(0);
export const RANDOM_BYTES = 32;

type Expected = HandshakeMessage['type'];

/** What both ends of a handshake have in common: its messages in order, its secrets, its end. */
export abstract class Handshake {
  protected readonly options: HandshakeOptions;
  protected transcript = new Transcript();
  protected clientRandom: Uint8Array = EMPTY;
  protected serverRandom: Uint8Array = EMPTY;
  protected curve: NamedCurve = 'x25519';
  protected extendedMasterSecret = false;
  protected srtpProfile: SrtpProfile | undefined;
  protected peerPublicKey: Uint8Array = EMPTY;
  /** The message_seq of the next message of this end (RFC 6347 4.2.2). */
  protected nextSeq = 0;
  /** Messages that may come next. */
  protected expected: readonly Expected[];
  #peerCertificate: Uint8Array | undefined;
  #masterSecret: Uint8Array = EMPTY;
  #messages: FlightMessage[] = [];
  readonly #role: 'client' | 'server';

  constructor(role: 'client' | 'server', options: HandshakeOptions, expected: readonly Expected[]) {
    this.#role = role;
    this.options = options;
    this.expected = expected;
  }

  /** The peer's certificate, DER, once it has shown one. */
  get peerCertificate(): Uint8Array | undefined {
    return this.#peerCertificate;
  }

  /** Takes the peer's next message. */
  receive(message: AssembledMessage): HandshakeStep {
    const read = parseHandshakeBody(message.messageType, message.body);
    if (!read.ok) return failure('decode_error', describeParseError(read.error));
    const { value } = read;
    // to be ignored while a handshake is under way (RFC 5246 7.4.1.1)
    if (value.type === 'helloRequest' && this.#role === 'client') return 'more';
    if (!this.expected.includes(value.type)) {
      return failure('unexpected_message', `${value.type} instead of ${this.expected.join(' or ')}`);
    }
    const [finding] = validateHandshake(value);
    if (finding !== undefined) {
      return failure('illegal_parameter', `${finding.where}: ${finding.what} (${finding.rule})`);
    }
    return this.handle(value, message);
  }

  /** Puts the next flight together; to be called when a step asks for it, and by the client to begin. */
  prepare(): Flight {
    this.#messages = [];
    const version = this.expected.includes('helloVerifyRequest') ? DTLS_1_0 : DTLS_1_2;
    this.build();
    return { messages: this.#messages, version };
  }

  /** What the finished handshake has agreed on. */
  connection(): DtlsConnection {
    const exporter = keyExporter(this.#masterSecret, this.clientRandom, this.serverRandom);
    const { srtpProfile, curve, extendedMasterSecret } = this;
    const base = { exporter, curve, extendedMasterSecret, peerCertificate: this.#peerCertificate ?? EMPTY };
    if (srtpProfile === undefined) {
      return { ...base, clientKey: EMPTY, serverKey: EMPTY, clientSalt: EMPTY, serverSalt: EMPTY };
    }
    const { keyLength, saltLength } = SRTP_PROFILES[srtpProfile];
    const salts = 2 * keyLength;
    // no context (RFC 5764 4.2)
    const block = exporter('EXTRACTOR-dtls_srtp', salts + 2 * saltLength);
    return {
      ...base,
      srtpProfile,
      clientKey: block.slice(0, keyLength),
      serverKey: block.slice(keyLength, salts),
      clientSalt: block.slice(salts, salts + saltLength),
      serverSalt: block.slice(salts + saltLength),
    };
  }

  protected abstract handle(value: HandshakeMessage, message: AssembledMessage): HandshakeStep;

  /** Adds the messages of the next flight. */
  protected abstract build(): void;

  /** Takes a message of the peer into the transcript. */
  protected note({ messageType, messageSeq, body }: AssembledMessage): void {
    this.transcript.add(messageType, messageSeq, body);
  }

  /** Adds a message of this end to the flight and to the transcript. */
  protected put(message: HandshakeMessage, epoch: 0 | 1 = 0): void {
    const messageType = HANDSHAKE_TYPE[message.type];
    const messageSeq = this.nextSeq++;
    const body = serializeHandshakeBody(message);
    this.transcript.add(messageType, messageSeq, body);
    this.#messages.push({ messageType, messageSeq, body, epoch });
  }

  /** Adds ChangeCipherSpec and Finished, which end every handshake of either end (RFC 5246 7.4.9). */
  protected putFinished(): void {
    this.#messages.push('changeCipherSpec');
    this.put({ type: 'finished', verifyData: this.#verifyData(this.#role) }, 1);
  }

  protected takeCertificate({
    certificates: [certificate],
  }: CertificateMessage): HandshakeFailure | undefined {
    // RFC 8122 6.2 asks both ends for a certificate, and for this alert
    if (certificate === undefined) return failure('bad_certificate', 'the peer shows no certificate');
    const publicKey = certificatePublicKey(certificate);
    if (publicKey === undefined) {
      return failure('unsupported_certificate', 'the certificate of the peer has no P-256 key');
    }
    this.#peerCertificate = certificate;
    this.peerPublicKey = publicKey;
    const reason = this.options.rejectCertificate(certificate);
    return reason === undefined ? undefined : failure('bad_certificate', reason);
  }

  /** Derives master secret and keys; the transcript stands behind ClientKeyExchange (RFC 7627 3). */
  protected deriveKeys(premasterSecret: Uint8Array): void {
    const { clientRandom, serverRandom } = this;
    this.#masterSecret = this.extendedMasterSecret
      ? extendedMasterSecret(premasterSecret, this.transcript.hash())
      : plainMasterSecret(premasterSecret, clientRandom, serverRandom);
    this.options.onKeyLog(`CLIENT_RANDOM ${toHex(clientRandom)} ${toHex(this.#masterSecret)}`);
    this.options.onKeys(sessionKeys(this.#masterSecret, clientRandom, serverRandom));
  }

  /** Whether a Finished of the peer is right; the transcript stands before it. */
  protected takeFinished(finished: Finished): HandshakeFailure | undefined {
    const sender = this.#role === 'client' ? 'server' : 'client';
    return constantTimeEqual(finished.verifyData, this.#verifyData(sender))
      ? undefined
      : failure('decrypt_error', 'the Finished of the peer does not fit the handshake');
  }

  #verifyData(sender: 'client' | 'server'): Uint8Array {
    return verifyData(this.#masterSecret, sender, this.transcript.hash());
  }
}

export function failure(alert: AlertName, reason: string): HandshakeFailure {
  return { alert, reason };
}
