import { agreeOnSecret, sha256, signP256Hash, verifyP256Hash } from '../../crypto/index.js';
import {
  type CertificateRequest,
  CIPHER_SUITE,
  DTLS_1_2,
  ECDSA_SHA256,
  ECDSA_SIGN,
  type Extension,
  findExtension,
  type HandshakeMessage,
  NAMED_CURVE,
  type ServerHello,
  type ServerKeyExchange,
  SRTP_PROFILES,
  serializeEcdhParams,
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
import { joined, Transcript } from './key-schedule.js';
import type { AssembledMessage } from './reassembler.js';

const HELLO_ANSWERS = ['helloVerifyRequest', 'serverHello'] as const;

/** The client's part of a full handshake (RFC 5246 7.3, RFC 6347 4.2.1). */
export class ClientHandshake extends Handshake {
  #cookie: Uint8Array = EMPTY;
  #publicKey: Uint8Array = EMPTY;
  #premasterSecret: Uint8Array = EMPTY;
  #request: CertificateRequest | undefined;

  constructor(options: HandshakeOptions) {
    super('client', options, HELLO_ANSWERS);
    this.clientRandom = options.random.bytes(RANDOM_BYTES);
  }

  protected build(): void {
    if (this.expected === HELLO_ANSWERS) this.#putHello();
    else this.#putKeys();
  }

  protected handle(value: HandshakeMessage, message: AssembledMessage): HandshakeStep {
    switch (value.type) {
      case 'helloVerifyRequest':
        this.#cookie = value.cookie;
        return 'next flight';
      case 'serverHello':
        this.note(message);
        this.expected = ['certificate'];
        return this.#takeHello(value) ?? 'more';
      case 'certificate':
        this.note(message);
        this.expected = ['serverKeyExchange'];
        return this.takeCertificate(value) ?? 'more';
      case 'serverKeyExchange':
        this.note(message);
        this.expected = ['certificateRequest', 'serverHelloDone'];
        return this.#takeKey(value) ?? 'more';
      case 'certificateRequest':
        this.note(message);
        this.expected = ['serverHelloDone'];
        this.#request = value;
        return 'more';
      case 'serverHelloDone':
        this.note(message);
        this.expected = ['finished'];
        return 'next flight';
      case 'finished':
        this.expected = [];
        return this.takeFinished(value) ?? 'last flight';
      default:
        return failure('internal_error', `a client does not expect ${value.type}`);
    }
  }

  /** Flight 1 or 3: the same but for the cookie (RFC 6347 4.2.1). What came before is not hashed. */
  #putHello(): void {
    this.transcript = new Transcript();
    this.put({
      type: 'clientHello',
      version: DTLS_1_2,
      random: this.clientRandom,
      sessionId: EMPTY,
      cookie: this.#cookie,
      cipherSuites: [CIPHER_SUITE.TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256],
      compressionMethods: [0],
      extensions: this.#extensions(),
    });
  }

  #extensions(): Extension[] {
    const { curves, srtpProfiles, extendedMasterSecret } = this.options;
    const extensions: Extension[] = [
      { name: 'supported_groups', groups: curves.map((curve) => NAMED_CURVE[curve]) },
      { name: 'ec_point_formats', formats: [0] },
      { name: 'signature_algorithms', algorithms: [ECDSA_SHA256] },
      { name: 'renegotiation_info', renegotiatedConnection: EMPTY },
    ];
    if (extendedMasterSecret) extensions.push({ name: 'extended_master_secret' });
    if (srtpProfiles.length > 0) {
      const profiles = srtpProfiles.map((profile) => SRTP_PROFILES[profile].code);
      extensions.push({ name: 'use_srtp', profiles, mki: EMPTY });
    }
    return extensions;
  }

  #takeHello(hello: ServerHello): HandshakeFailure | undefined {
    const { srtpProfiles, extendedMasterSecret } = this.options;
    const { version, extensions = [] } = hello;
    if (version !== DTLS_1_2) {
      return failure('protocol_version', `the server chooses version 0x${version.toString(16)}`);
    }
    if (hello.cipherSuite !== CIPHER_SUITE.TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256) {
      return failure('illegal_parameter', 'the server chooses a cipher suite that was not offered');
    }
    const offered = this.#extensions().map(({ name }) => name);
    const uncalledFor = extensions.find(({ name }) => !offered.includes(name));
    if (uncalledFor !== undefined) {
      return failure(
        'unsupported_extension',
        `the server answers ${uncalledFor.name}, which was not offered`,
      );
    }
    if ((findExtension(extensions, 'renegotiation_info')?.renegotiatedConnection.length ?? 0) > 0) {
      return failure('handshake_failure', 'the server takes this for a renegotiation (RFC 5746 3.4)');
    }
    const srtp = findExtension(extensions, 'use_srtp');
    if (srtp !== undefined) {
      this.srtpProfile = srtpProfiles.find((profile) => SRTP_PROFILES[profile].code === srtp.profiles[0]);
      if (this.srtpProfile === undefined || srtp.mki.length > 0) {
        return failure('illegal_parameter', 'the server chooses an SRTP profile or MKI that was not offered');
      }
    }
    this.serverRandom = hello.random;
    this.extendedMasterSecret =
      extendedMasterSecret && findExtension(extensions, 'extended_master_secret') !== undefined;
    return undefined;
  }

  #takeKey(exchange: ServerKeyExchange): HandshakeFailure | undefined {
    const { curves, random } = this.options;
    const curve = curves.find((one) => NAMED_CURVE[one] === exchange.namedCurve);
    if (curve === undefined || exchange.signatureAlgorithm !== ECDSA_SHA256) {
      return failure('illegal_parameter', 'the server chooses a curve or signature algorithm not offered');
    }
    const params = serializeEcdhParams(exchange.namedCurve, exchange.publicKey);
    const hash = sha256(joined(this.clientRandom, this.serverRandom, params));
    if (!verifyP256Hash(this.peerPublicKey, hash, exchange.signature)) {
      return failure('decrypt_error', 'the signature of the ServerKeyExchange is wrong');
    }
    const keyPair = ephemeralKeyPair(curve, 'client', random);
    const secret = agreeOnSecret(keyPair, exchange.publicKey);
    if (secret === undefined) return failure('illegal_parameter', 'the public key of the server is none');
    this.curve = curve;
    this.#publicKey = keyPair.publicKey;
    this.#premasterSecret = secret;
    return undefined;
  }

  /** Flight 5. */
  #putKeys(): void {
    const { certificate } = this.options;
    const request = this.#request;
    // one that does not suit is not shown (RFC 5246 7.4.6)
    const suits =
      request?.certificateTypes.includes(ECDSA_SIGN) === true &&
      request.signatureAlgorithms.includes(ECDSA_SHA256);
    if (request !== undefined)
      this.put({ type: 'certificate', certificates: suits ? [certificate.der] : [] });
    this.put({ type: 'clientKeyExchange', publicKey: this.#publicKey });
    this.deriveKeys(this.#premasterSecret);
    if (suits) {
      const signature = signP256Hash(certificate.keyPair.secretKey, this.transcript.hash());
      this.put({ type: 'certificateVerify', signatureAlgorithm: ECDSA_SHA256, signature });
    }
    this.putFinished();
  }
}
