import { describe, expect, it } from 'vitest';
import {
  CONTENT_TYPE,
  DTLS_1_0,
  DTLS_1_2,
  type Extension,
  HANDSHAKE_TYPE,
  parseHandshakeFragments,
  parseRecords,
  serializeHandshakeBody,
  serializeHandshakeFragment,
  serializeRecord,
} from '../../wire/dtls/index.js';
import { dtlsTestbed } from './testbed.js';

/**
 * A ClientHello of the shape current browsers send: with a post-quantum key share it outgrows a datagram, so that it comes in
 * two, and again after about 50 ms.
 */

const EMPTY = new Uint8Array(0);
const unknown = (type: number, length: number): Extension => ({
  name: 'unknown',
  type,
  data: new Uint8Array(length).fill(type),
});

const HELLO = serializeHandshakeBody({
  type: 'clientHello',
  version: DTLS_1_2,
  random: new Uint8Array(32).fill(0xc1),
  sessionId: EMPTY,
  cookie: EMPTY,
  // those of DTLS 1.3 first, and many that are not supported here
  cipherSuites: [
    0x1301, 0x1302, 0x1303, 0xc02b, 0xc02f, 0xcca9, 0xcca8, 0xc009, 0xc013, 0xc00a, 0xc014, 0x9c, 0x2f,
  ],
  compressionMethods: [0],
  extensions: [
    { name: 'extended_master_secret' },
    { name: 'renegotiation_info', renegotiatedConnection: EMPTY },
    // X25519MLKEM768 first
    { name: 'supported_groups', groups: [0x11ec, 29, 23, 24] },
    { name: 'ec_point_formats', formats: [0] },
    unknown(35, 0),
    {
      name: 'signature_algorithms',
      algorithms: [0x0403, 0x0804, 0x0401, 0x0503, 0x0805, 0x0501, 0x0806, 0x0601],
    },
    { name: 'use_srtp', profiles: [0x0007, 0x0008, 0x0001], mki: EMPTY },
    // supported_versions, psk_key_exchange_modes, key_share
    unknown(43, 5),
    unknown(45, 2),
    unknown(51, 1258),
  ],
});

/** The ClientHello in two datagrams, with record numbers from `number` on. */
function datagrams(number: number): Uint8Array[] {
  const cut = 1150;
  return [HELLO.subarray(0, cut), HELLO.subarray(cut)].map((fragment, index) =>
    serializeRecord({
      contentType: CONTENT_TYPE.handshake,
      version: DTLS_1_0,
      epoch: 0,
      sequenceNumber: number + index,
      fragment: serializeHandshakeFragment({
        messageType: HANDSHAKE_TYPE.clientHello,
        length: HELLO.length,
        messageSeq: 0,
        fragmentOffset: index * cut,
        fragment,
      }),
    }),
  );
}

/** Names of the handshake messages in a datagram. */
function names(datagram: Uint8Array): string[] {
  return parseRecords(datagram).records.flatMap(({ fragment }) => {
    const read = parseHandshakeFragments(fragment);
    const types = read.ok ? read.value.map(({ messageType }) => messageType) : [];
    return types.map(
      (type) => Object.entries(HANDSHAKE_TYPE).find(([, number]) => number === type)?.[0] ?? '',
    );
  });
}

const FLIGHT_4 = ['serverHello', 'certificate', 'serverKeyExchange', 'certificateRequest', 'serverHelloDone'];

/** A server that gets datagrams at those times, in ms; what it sends and when, until `untilMs`. */
function answers(arrivals: readonly (readonly [number, Uint8Array | undefined])[], cookie = false) {
  const bed = dtlsTestbed({ server: { cookie }, fate: () => [] });
  const { endpoint } = bed.server;
  endpoint.start();
  for (const [atMs, bytes] of arrivals) {
    bed.kernel.schedule(atMs * 1000, 'x', () => endpoint.receive(bytes ?? expect.fail()));
  }
  bed.kernel.run({ untilUs: 500_000 });
  const sent = bed.sent.map(({ atMs, bytes }) => [atMs, names(bytes)] as const);
  endpoint.close();
  return { sent, counters: endpoint.counters };
}

describe("a browser's ClientHello in two datagrams", () => {
  const [first, second] = datagrams(0);
  const [again1, again2] = datagrams(2);

  it('is answered when the second has come, in either order', () => {
    expect(HELLO.length).toBeGreaterThan(1200);
    expect(
      answers([
        [0, first],
        [1, second],
      ]).sent,
    ).toEqual([[1, FLIGHT_4]]);
    expect(
      answers([
        [0, second],
        [1, first],
      ]).sent,
    ).toEqual([[1, FLIGHT_4]]);
    expect(answers([[0, first]]).sent).toEqual([]);
  });

  it('brings the flight again when it comes again after 50 ms: once, when it is whole', () => {
    const { sent, counters } = answers([
      [0, first],
      [1, second],
      [50, again1],
      [51, again2],
    ]);
    expect(sent).toEqual([
      [1, FLIGHT_4],
      [51, FLIGHT_4],
    ]);
    expect(counters.flightsRepeated).toBe(1);
  });

  it('is put together from halves of two transmissions', () => {
    expect(
      answers([
        [0, first],
        [51, again2],
      ]).sent,
    ).toEqual([[51, FLIGHT_4]]);
    expect(
      answers([
        [1, second],
        [50, again1],
      ]).sent,
    ).toEqual([[50, FLIGHT_4]]);
  });

  it('is asked for a cookie when it is whole, each time', () => {
    expect(
      answers(
        [
          [0, first],
          [1, second],
          [50, again1],
          [51, again2],
        ],
        true,
      ).sent,
    ).toEqual([
      [1, ['helloVerifyRequest']],
      [51, ['helloVerifyRequest']],
    ]);
  });

  it('is answered with its own record number while that has to serve as state (RFC 6347 4.2.1)', () => {
    const bed = dtlsTestbed({ server: { cookie: true }, fate: () => [] });
    bed.server.endpoint.start();
    for (const datagram of [...datagrams(6), ...datagrams(40)]) bed.server.endpoint.receive(datagram);
    const numbers = bed.sent.map(({ bytes }) => parseRecords(bytes).records[0]?.sequenceNumber);
    expect(numbers).toEqual([7, 41]);
  });
});
