import {
  type AgreementKeyPair,
  agreeOnSecret,
  constantTimeEqual,
  hmacSha256,
  sha256,
  signP256Hash,
  toUtf8,
  verifyP256Hash,
} from '../../crypto/index.js';
import {
  type CertificateVerify,
  CIPHER_SUITE,
  type ClientHello,
  DTLS_1_0,
  DTLS_1_2,
  ECDSA_SHA256,
  ECDSA_SIGN,
  type Extension,
  findExtension,
  type HandshakeMessage,
  NAMED_CURVE,
  parseHandshakeBody,
  SRTP_PROFILES,
  serializeEcdhParams,
  serializeHandshakeBody,
  srtpProfileOf,
} from '../../wire/dtls/index.js';
import { ephemeralKeyPair } from './ephemeral-keys.js';
import {
  EMPTY,
  failure,
  Handshake,
  type HandshakeFailure,
  type HandshakeOptions,
  type HandshakeStep,
  RANDOM_BYTES,
} from './handshake.js';
import { joined } from './key-schedule.js';
import type { AssembledMessage } from './reassembler.js';

/** Cookies of DTLS 1.0 clients have at most 32 bytes (RFC 6347 4.2.1). */
const COOKIE_BYTES = 32;
const DTLS_MAJOR = 0xfe;

/** The server's part of a full handshake (RFC 5246 7.3, RFC 6347 4.2.1). */
export class ServerHandshake extends Handshake {
  readonly #cookieSecret: Uint8Array | undefined;
  #hello: ClientHello | undefined;
  #keyPair: AgreementKeyPair | undefined;

  /** @param cookie whether a client has to prove its address first */
  constructor(options: HandshakeOptions, cookie: boolean) {
    super('server', options, ['clientHello']);
    this.#cookieSecret = cookie ? options.random.bytes(COOKIE_BYTES) : undefined;
  }

  /**
   * The HelloVerifyRequest that a ClientHello is owed, if it is one without the right cookie; this leaves no state behind
   * (RFC 6347 4.2.1).
   *
   * @param from address of the client, which the cookie is for
   */
  demandCookie(message: AssembledMessage, from: string): Uint8Array | undefined {
    const secret = this.#cookieSecret;
    if (secret === undefined || this.#hello !== undefined) return undefined;
    const read = parseHandshakeBody(message.messageType, message.body);
    if (!read.ok || read.value.type !== 'clientHello') return undefined;
    const hello = read.value;
    // all that must be the same in the second ClientHello
    const parameters = serializeHandshakeBody({ ...hello, cookie: EMPTY });
    const cookie = hmacSha256(secret, joined(toUtf8(`${from} `), parameters));
    if (constantTimeEqual(cookie, hello.cookie)) return undefined;
    // which says nothing about the version in the end (RFC 6347 4.2.1)
    return serializeHandshakeBody({ type: 'helloVerifyRequest', version: DTLS_1_0, cookie });
  }

  protected handle(value: HandshakeMessage, message: AssembledMessage): HandshakeStep {
    switch (value.type) {
      case 'clientHello':
        this.note(message);
        this.expected = ['certificate'];
        // a stateless server counts on from the client (RFC 6347 4.2.2)
        this.nextSeq = message.messageSeq;
        return this.#takeHello(value) ?? 'next flight';
      case 'certificate':
        this.note(message);
        this.expected = ['clientKeyExchange'];
        return this.takeCertificate(value) ?? 'more';
      case 'clientKeyExchange':
        this.note(message);
        this.expected = ['certificateVerify'];
        return this.#takeKey(value.publicKey) ?? 'more';
      case 'certificateVerify': {
        const wrong = this.#takeProof(value);
        this.note(message);
        this.expected = ['finished'];
        return wrong ?? 'more';
      }
      case 'finished': {
        const wrong = this.takeFinished(value);
        this.note(message);
        this.expected = [];
        return wrong ?? 'next flight';
      }
      default:
        return failure('internal_error', `a server does not expect ${value.type}`);
    }
  }

  protected build(): void {
    if (this.expected.length > 0) this.#putHello();
    else this.putFinished();
  }

  #takeHello(hello: ClientHello): HandshakeFailure | undefined {
    const { version, cipherSuites, extensions = [] } = hello;
    // later versions have lower numbers (RFC 6347 4.1)
    if (version >> 8 !== DTLS_MAJOR || version > DTLS_1_2) {
      return failure('protocol_version', `the client offers no more than version 0x${version.toString(16)}`);
    }
    // absent, it stands for SHA-1, which is not supported (RFC 5246 7.4.1.4.1)
    const signs =
      findExtension(extensions, 'signature_algorithms')?.algorithms.includes(ECDSA_SHA256) === true;
    // absent, the choice is the server's (RFC 8422 4)
    const groups = findExtension(extensions, 'supported_groups')?.groups ?? [NAMED_CURVE.secp256r1];
    const curve = this.options.curves.find((one) => groups.includes(NAMED_CURVE[one]));
    const suite = cipherSuites.includes(CIPHER_SUITE.TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256);
    if (!suite || !signs || curve === undefined) {
      return failure('handshake_failure', 'the client offers no cipher suite, curve or signature in common');
    }
    if ((findExtension(extensions, 'renegotiation_info')?.renegotiatedConnection.length ?? 0) > 0) {
      return failure('handshake_failure', 'the client takes this for a renegotiation (RFC 5746 3.6)');
    }
    this.curve = curve;
    this.clientRandom = hello.random;
    this.serverRandom = this.options.random.bytes(RANDOM_BYTES);
    this.extendedMasterSecret =
      this.options.extendedMasterSecret && findExtension(extensions, 'extended_master_secret') !== undefined;
    this.srtpProfile = findExtension(extensions, 'use_srtp')
      ?.profiles.map(srtpProfileOf)
      .find((profile) => profile !== undefined && this.options.srtpProfiles.includes(profile));
    this.#hello = hello;
    return undefined;
  }

  /** Flight 4. */
  #putHello(): void {
    const { certificate, random } = this.options;
    this.put({
      type: 'serverHello',
      version: DTLS_1_2,
      random: this.serverRandom,
      sessionId: EMPTY,
      cipherSuite: CIPHER_SUITE.TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256,
      compressionMethod: 0,
      extensions: this.#extensions(),
    });
    this.put({ type: 'certificate', certificates: [certificate.der] });
    this.#keyPair = ephemeralKeyPair(this.curve, 'server', random);
    const { publicKey } = this.#keyPair;
    const namedCurve = NAMED_CURVE[this.curve];
    const params = serializeEcdhParams(namedCurve, publicKey);
    const hash = sha256(joined(this.clientRandom, this.serverRandom, params));
    const signature = signP256Hash(certificate.keyPair.secretKey, hash);
    this.put({
      type: 'serverKeyExchange',
      namedCurve,
      publicKey,
      signatureAlgorithm: ECDSA_SHA256,
      signature,
    });
    this.put({
      type: 'certificateRequest',
      certificateTypes: [ECDSA_SIGN],
      signatureAlgorithms: [ECDSA_SHA256],
      certificateAuthorities: [],
    });
    this.put({ type: 'serverHelloDone' });
  }

  #extensions(): Extension[] {
    const { cipherSuites = [], extensions } = this.#hello ?? {};
    const answers: Extension[] = [];
    if (
      findExtension(extensions, 'renegotiation_info') !== undefined ||
      cipherSuites.includes(CIPHER_SUITE.TLS_EMPTY_RENEGOTIATION_INFO_SCSV)
    ) {
      answers.push({ name: 'renegotiation_info', renegotiatedConnection: EMPTY });
    }
    if (findExtension(extensions, 'ec_point_formats') !== undefined) {
      answers.push({ name: 'ec_point_formats', formats: [0] });
    }
    if (this.extendedMasterSecret) answers.push({ name: 'extended_master_secret' });
    if (this.srtpProfile !== undefined) {
      answers.push({ name: 'use_srtp', profiles: [SRTP_PROFILES[this.srtpProfile].code], mki: EMPTY });
    }
    return answers;
  }

  #takeKey(publicKey: Uint8Array): HandshakeFailure | undefined {
    const secret = this.#keyPair === undefined ? undefined : agreeOnSecret(this.#keyPair, publicKey);
    if (secret === undefined) return failure('illegal_parameter', 'the public key of the client is none');
    this.deriveKeys(secret);
    return undefined;
  }

  /** The proof that the client holds the key of its certificate; the transcript stands before it (RFC 5246 7.4.8). */
  #takeProof({ signatureAlgorithm, signature }: CertificateVerify): HandshakeFailure | undefined {
    if (signatureAlgorithm !== ECDSA_SHA256) {
      return failure('illegal_parameter', 'the client signs with an algorithm that was not asked for');
    }
    return verifyP256Hash(this.peerPublicKey, this.transcript.hash(), signature)
      ? undefined
      : failure('decrypt_error', 'the signature of the CertificateVerify is wrong');
  }
}
