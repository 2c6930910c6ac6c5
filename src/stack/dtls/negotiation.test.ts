import { describe, expect, it } from 'vitest';
import { RandomStream } from '../../kernel/index.js';
import {
  type ClientHello,
  DTLS_1_2,
  type Extension,
  findExtension,
  HANDSHAKE_TYPE,
  type HandshakeMessage,
  parseHandshakeBody,
  type ServerHello,
  serializeHandshakeBody,
} from '../../wire/dtls/index.js';
import { ClientHandshake } from './client-handshake.js';
import type { Flight } from './flight.js';
import type { Handshake, HandshakeOptions, HandshakeStep } from './handshake.js';
import { ServerHandshake } from './server-handshake.js';
import { CLIENT_CERTIFICATE, SERVER_CERTIFICATE } from './testbed.js';

/** What each end owes to a peer that breaks a rule: messages handed from one to the other, changed on the way. */

function options(
  certificate: HandshakeOptions['certificate'],
  more: Partial<HandshakeOptions>,
): HandshakeOptions {
  return {
    certificate,
    srtpProfiles: ['SRTP_AES128_CM_HMAC_SHA1_80'],
    curves: ['x25519', 'secp256r1'],
    extendedMasterSecret: true,
    random: new RandomStream(1, certificate === CLIENT_CERTIFICATE ? 'client' : 'server'),
    rejectCertificate: () => undefined,
    onKeys: () => {},
    onKeyLog: () => {},
    ...more,
  };
}

type Change = (message: HandshakeMessage) => HandshakeMessage | readonly HandshakeMessage[];

/** Hands over a flight; what the last message taken led to. */
function deliver(flight: Flight, to: Handshake, change: Change = (one) => one): HandshakeStep {
  let step: HandshakeStep = 'more';
  for (const message of flight.messages) {
    if (message === 'changeCipherSpec') continue;
    const read = parseHandshakeBody(message.messageType, message.body);
    if (!read.ok) throw new Error(read.error.what);
    for (const changed of [change(read.value)].flat()) {
      const messageType = HANDSHAKE_TYPE[changed.type];
      const { messageSeq } = message;
      step = to.receive({ messageType, messageSeq, body: serializeHandshakeBody(changed) });
      if (typeof step === 'object') return step;
    }
  }
  return step;
}

/** A handshake with changes on the way; the step at which it stops, or its last. */
function negotiate(toServer: Change, toClient: Change = (one) => one, more: Partial<HandshakeOptions> = {}) {
  const client = new ClientHandshake(options(CLIENT_CERTIFICATE, more));
  const server = new ServerHandshake(options(SERVER_CERTIFICATE, {}), false);
  const ends = [
    [client, server, toServer],
    [server, client, toClient],
  ] as const;
  let step: HandshakeStep = 'next flight';
  for (let turn = 0; step === 'next flight' && turn < 4; turn += 1) {
    const [from, to, change] = ends[turn % 2] as (typeof ends)[number];
    step = deliver(from.prepare(), to, change);
  }
  return step;
}

const reasonOf = (step: HandshakeStep) => (typeof step === 'object' ? step.reason : step);

const alertOf = (step: HandshakeStep) => (typeof step === 'object' ? step.alert : step);

const onHello =
  (change: (hello: ClientHello) => Partial<ClientHello>): Change =>
  (one) =>
    one.type === 'clientHello' ? { ...one, ...change(one) } : one;

const onAnswer =
  (change: (hello: ServerHello) => Partial<ServerHello>): Change =>
  (one) =>
    one.type === 'serverHello' ? { ...one, ...change(one) } : one;

const on =
  <T extends HandshakeMessage['type']>(
    type: T,
    change: (one: Extract<HandshakeMessage, { type: T }>) => HandshakeMessage | readonly HandshakeMessage[],
  ): Change =>
  (one) =>
    one.type === type ? change(one as Extract<HandshakeMessage, { type: T }>) : one;

const without = (extensions: readonly Extension[] | undefined, name: Extension['name']): Extension[] =>
  (extensions ?? []).filter((one) => one.name !== name);

const withOne = (extensions: readonly Extension[] | undefined, extension: Extension): Extension[] => [
  ...without(extensions, extension.name),
  extension,
];

const renegotiated: Extension = { name: 'renegotiation_info', renegotiatedConnection: new Uint8Array(12) };
const unknown: Extension = { name: 'unknown', type: 0x1234, data: new Uint8Array(3) };
const same: Change = (one) => one;

describe('a server', () => {
  it('comes to the end with a client that breaks no rule', () => {
    // the transcripts are the same because nothing is changed
    expect(negotiate(same)).toBe('last flight');
  });

  it.each([
    ['version 1.0 only', onHello(() => ({ version: 0xfeff })), 'protocol_version'],
    ['a version of TLS', onHello(() => ({ version: 0x0303 })), 'protocol_version'],
    ['no cipher suite in common', onHello(() => ({ cipherSuites: [0xc02f] })), 'handshake_failure'],
    ['no cipher suite', onHello(() => ({ cipherSuites: [] })), 'illegal_parameter'],
    ['no null compression', onHello(() => ({ compressionMethods: [1] })), 'illegal_parameter'],
    [
      'no curve in common',
      onHello(({ extensions }) => ({
        extensions: withOne(extensions, { name: 'supported_groups', groups: [24] }),
      })),
      'handshake_failure',
    ],
    [
      'no signature algorithm in common',
      onHello(({ extensions }) => ({ extensions: without(extensions, 'signature_algorithms') })),
      'handshake_failure',
    ],
    [
      'a renegotiation',
      onHello(({ extensions }) => ({ extensions: withOne(extensions, renegotiated) })),
      'handshake_failure',
    ],
    [
      'no certificate',
      on('certificate', () => ({ type: 'certificate', certificates: [] })),
      'bad_certificate',
    ],
    [
      'a certificate that is none',
      on('certificate', () => ({ type: 'certificate', certificates: [new Uint8Array(9)] })),
      'unsupported_certificate',
    ],
    ['no message but the next', on('certificate', () => []), 'unexpected_message'],
    ['no proof of its key', on('certificateVerify', () => []), 'unexpected_message'],
    [
      'another algorithm for the proof',
      on('certificateVerify', (one) => ({ ...one, signatureAlgorithm: 0x0203 })),
      'illegal_parameter',
    ],
    [
      'a wrong proof',
      on('certificateVerify', (one) => ({
        ...one,
        signature: one.signature.map((byte, at) => (at === 20 ? byte ^ 1 : byte)),
      })),
      'decrypt_error',
    ],
    [
      'a key that is no point',
      on('clientKeyExchange', () => ({ type: 'clientKeyExchange', publicKey: new Uint8Array(32) })),
      'illegal_parameter',
    ],
    [
      'a wrong Finished',
      on('finished', () => ({ type: 'finished', verifyData: new Uint8Array(12) })),
      'decrypt_error',
    ],
    [
      'a short Finished',
      on('finished', () => ({ type: 'finished', verifyData: new Uint8Array(11) })),
      'illegal_parameter',
    ],
    // whatever was changed before, the Finished covers it
    [
      'changed SRTP profiles',
      onHello(({ extensions }) => ({ extensions: without(extensions, 'use_srtp') })),
      'decrypt_error',
    ],
  ] as [string, Change, string][])('meets %s with the right alert', (_name, change, alert) => {
    expect(alertOf(negotiate(change))).toBe(alert);
  });

  it('sees a wrong proof by the proof, before the Finished', () => {
    const wrong = on('certificateVerify', (one) => ({
      ...one,
      signature: one.signature.map((byte, at) => (at === 20 ? byte ^ 1 : byte)),
    }));
    expect(reasonOf(negotiate(wrong))).toBe('the signature of the CertificateVerify is wrong');
  });

  it('takes a later version, unknown extensions and suites for what they are', () => {
    const client = new ClientHandshake(options(CLIENT_CERTIFICATE, {}));
    const server = new ServerHandshake(options(SERVER_CERTIFICATE, {}), false);
    const later = onHello(({ extensions, cipherSuites }) => ({
      version: 0xfefc,
      cipherSuites: [0x1301, ...cipherSuites, 0x00ff],
      extensions: [unknown, ...without(extensions, 'renegotiation_info')],
    }));
    expect(deliver(client.prepare(), server, later)).toBe('next flight');
    const [hello] = server.prepare().messages;
    const read = typeof hello === 'object' ? parseHandshakeBody(hello.messageType, hello.body) : undefined;
    if (read?.ok !== true || read.value.type !== 'serverHello') expect.fail();
    expect(read.value.version).toBe(DTLS_1_2);
    // the signal among the cipher suites is answered by the extension (RFC 5746 3.6)
    expect(findExtension(read.value.extensions, 'renegotiation_info')?.renegotiatedConnection).toHaveLength(
      0,
    );
    expect(read.value.extensions?.some(({ name }) => name === 'unknown')).toBe(false);
  });

  it('takes P-256 from a client that names no curves (RFC 8422 4)', () => {
    const noGroups = onHello(({ extensions }) => ({ extensions: without(extensions, 'supported_groups') }));
    const client = new ClientHandshake(options(CLIENT_CERTIFICATE, {}));
    const server = new ServerHandshake(options(SERVER_CERTIFICATE, {}), false);
    expect(deliver(client.prepare(), server, noGroups)).toBe('next flight');
    const exchange = server.prepare().messages[2];
    const read =
      typeof exchange === 'object' ? parseHandshakeBody(exchange.messageType, exchange.body) : undefined;
    expect(read?.ok === true ? read.value : undefined).toMatchObject({ namedCurve: 23 });
  });
});

describe('a client', () => {
  it.each([
    ['version 1.0', onAnswer(() => ({ version: 0xfeff })), 'protocol_version'],
    ['a cipher suite it did not offer', onAnswer(() => ({ cipherSuite: 0xc02f })), 'illegal_parameter'],
    ['compression', onAnswer(() => ({ compressionMethod: 1 })), 'illegal_parameter'],
    ['an extension it did not offer', onAnswer(() => ({ extensions: [unknown] })), 'unsupported_extension'],
    ['a renegotiation', onAnswer(() => ({ extensions: [renegotiated] })), 'handshake_failure'],
    [
      'an SRTP profile it did not offer',
      onAnswer(() => ({ extensions: [{ name: 'use_srtp', profiles: [7], mki: new Uint8Array(0) }] })),
      'illegal_parameter',
    ],
    [
      'an SRTP key identifier',
      onAnswer(() => ({ extensions: [{ name: 'use_srtp', profiles: [1], mki: new Uint8Array(1) }] })),
      'illegal_parameter',
    ],
    [
      'no certificate',
      on('certificate', () => ({ type: 'certificate', certificates: [] })),
      'bad_certificate',
    ],
    ['no key', on('serverKeyExchange', () => []), 'unexpected_message'],
    [
      'a curve it did not offer',
      on('serverKeyExchange', (one) => ({ ...one, namedCurve: 24 })),
      'illegal_parameter',
    ],
    [
      'a key with a wrong signature',
      on('serverKeyExchange', (one) => ({ ...one, publicKey: one.publicKey.map((byte) => byte ^ 1) })),
      'decrypt_error',
    ],
    [
      'a signature over other randoms',
      onAnswer(({ random }) => ({ random: random.map((byte) => byte ^ 1) })),
      'decrypt_error',
    ],
    ['two hellos', on('serverHello', (one) => [one, one]), 'unexpected_message'],
    [
      'a wrong Finished',
      on('finished', () => ({ type: 'finished', verifyData: new Uint8Array(12) })),
      'decrypt_error',
    ],
  ] as [string, Change, string][])('meets %s with the right alert', (_name, change, alert) => {
    expect(alertOf(negotiate(same, change))).toBe(alert);
  });

  it('sees a key with a wrong signature by the signature, before the Finished', () => {
    const wrong = on('serverKeyExchange', (one) => ({
      ...one,
      publicKey: one.publicKey.map((byte) => byte ^ 1),
    }));
    expect(reasonOf(negotiate(same, wrong))).toBe('the signature of the ServerKeyExchange is wrong');
  });

  it('shows no certificate to a server that asks for none of its kind, and none unasked', () => {
    const types = (change: Change) => {
      const client = new ClientHandshake(options(CLIENT_CERTIFICATE, {}));
      const server = new ServerHandshake(options(SERVER_CERTIFICATE, {}), false);
      deliver(client.prepare(), server);
      expect(deliver(server.prepare(), client, change)).toBe('next flight');
      return client.prepare().messages.flatMap((one) => (typeof one === 'object' ? [one] : []));
    };
    const rsa = types(on('certificateRequest', (one) => ({ ...one, certificateTypes: [1] })));
    expect(rsa.map(({ messageType }) => messageType)).toEqual([11, 16, 20]);
    // an empty list: three bytes of length (RFC 5246 7.4.6)
    expect(rsa[0]?.body).toEqual(new Uint8Array(3));
    expect(types(on('certificateRequest', () => [])).map(({ messageType }) => messageType)).toEqual([16, 20]);
  });

  it('ignores a HelloRequest in the middle of a handshake (RFC 5246 7.4.1.1)', () => {
    const client = new ClientHandshake(options(CLIENT_CERTIFICATE, {}));
    client.prepare();
    const body = new Uint8Array(0);
    expect(client.receive({ messageType: HANDSHAKE_TYPE.helloRequest, messageSeq: 0, body })).toBe('more');
  });

  it.each([99, HANDSHAKE_TYPE.serverHello])(
    'meets a message of type %i that it cannot read with decode_error',
    (messageType) => {
      const client = new ClientHandshake(options(CLIENT_CERTIFICATE, {}));
      client.prepare();
      expect(client.receive({ messageType, messageSeq: 0, body: new Uint8Array(7) })).toMatchObject({
        alert: 'decode_error',
      });
    },
  );
});
