import { describe, expect, it } from 'vitest';
import { certificateFingerprint, toHex, toUtf8 } from '../../crypto/index.js';
import {
  CONTENT_TYPE,
  DTLS_1_2,
  findExtension,
  HANDSHAKE_TYPE,
  parseHandshakeBody,
  parseHandshakeFragments,
  parseRecords,
  serializeHandshakeBody,
  serializeHandshakeFragment,
  serializeRecord,
} from '../../wire/dtls/index.js';
import {
  CLIENT_CERTIFICATE,
  connect,
  dtlsTestbed,
  fingerprintOf,
  SERVER_CERTIFICATE,
  settle,
} from './testbed.js';

describe('a DTLS handshake', () => {
  it('gives both ends the same keys in two round trips and leaves no timer', () => {
    const { client, server, sent } = connect(dtlsTestbed());
    expect(client.failures.concat(server.failures)).toEqual([]);
    // 10 ms each way: flights 1, 4 and 5 reach the server after 30 ms, flight 6 the client after 40 ms
    expect([server.connectedAtMs, client.connectedAtMs]).toEqual([30, 40]);
    expect(sent.map(({ from }) => from)).toEqual(['client', 'server', 'client', 'server']);
    expect([client.connections, server.connections]).toEqual([1, 1]);
    const { clientKey, serverKey, clientSalt, serverSalt, exporter } = client.connection ?? expect.fail();
    expect(server.connection).toMatchObject({ clientKey, serverKey, clientSalt, serverSalt });
    expect([clientKey.length, serverKey.length, clientSalt.length, serverSalt.length]).toEqual([
      16, 16, 14, 14,
    ]);
    expect(toHex(clientKey)).not.toBe(toHex(serverKey));
    const context = toUtf8('context');
    expect(server.connection?.exporter('EXPERIMENTAL', 40, context)).toEqual(
      exporter('EXPERIMENTAL', 40, context),
    );
    expect(exporter('EXPERIMENTAL', 40, new Uint8Array(0))).not.toEqual(exporter('EXPERIMENTAL', 40));
    expect(client.connection?.peerCertificate).toEqual(SERVER_CERTIFICATE.der);
    expect(server.connection?.peerCertificate).toEqual(CLIENT_CERTIFICATE.der);
    expect(client.keyLog).toEqual(server.keyLog);
    expect(client.keyLog[0]).toMatch(/^CLIENT_RANDOM [0-9a-f]{64} [0-9a-f]{96}$/);
  });

  it('is the same byte for byte with the same seed, and shares no secret with another seed', () => {
    const run = (seed: number) => connect(dtlsTestbed({ kernel: { seed } }));
    const bytes = (seed: number) => run(seed).sent.map((one) => toHex(one.bytes));
    expect(bytes(7)).toEqual(bytes(7));
    expect(run(7).client.keyLog).not.toEqual(run(8).client.keyLog);
  });

  it.each(['x25519', 'secp256r1'] as const)('agrees on a key over %s', (curve) => {
    const { client, server } = connect(dtlsTestbed({ client: { curves: [curve] } }));
    expect([client.connection?.curve, server.connection?.curve]).toEqual([curve, curve]);
  });

  it.each([
    [true, true, true],
    [true, false, false],
    [false, true, false],
    [false, false, false],
  ])('uses the extended master secret if both ends do: client %s, server %s', (ofClient, ofServer, used) => {
    const { client, server } = connect(
      dtlsTestbed({ client: { extendedMasterSecret: ofClient }, server: { extendedMasterSecret: ofServer } }),
    );
    expect([client, server].map(({ connection }) => connection?.extendedMasterSecret)).toEqual([used, used]);
    expect(client.keyLog).toEqual(server.keyLog);
  });

  it('takes the first SRTP profile of the client that the server has, or none', () => {
    const agreed = (ofClient: readonly string[], ofServer: readonly string[]) => {
      const bed = dtlsTestbed({
        client: { srtpProfiles: ofClient as [] },
        server: { srtpProfiles: ofServer as [] },
      });
      connect(bed);
      expect(bed.client.connection?.srtpProfile).toBe(bed.server.connection?.srtpProfile);
      return bed.client.connection ?? expect.fail();
    };
    const sha1 = 'SRTP_AES128_CM_HMAC_SHA1_80';
    const gcm = 'SRTP_AEAD_AES_128_GCM';
    expect(agreed([gcm, sha1], [sha1, gcm]).srtpProfile).toBe(gcm);
    expect(agreed([gcm, sha1], [sha1, gcm]).clientSalt).toHaveLength(12);
    expect(agreed([gcm, sha1], [sha1]).srtpProfile).toBe(sha1);
    expect(agreed([gcm], [sha1]).srtpProfile).toBeUndefined();
    expect(agreed([], [sha1]).clientKey).toHaveLength(0);
  });

  it('asks for a cookie without keeping state, and goes on from the numbers of the client', () => {
    const bed = connect(dtlsTestbed({ server: { cookie: true } }));
    expect([bed.server.connectedAtMs, bed.client.connectedAtMs]).toEqual([50, 60]);
    const first = (index: number) => {
      const [record] = parseRecords(bed.sent[index]?.bytes ?? new Uint8Array(0)).records;
      const fragments = parseHandshakeFragments(record?.fragment ?? new Uint8Array(0));
      const [fragment] = fragments.ok ? fragments.value : [];
      return [record?.sequenceNumber, fragment?.messageType, fragment?.messageSeq];
    };
    // RFC 6347 4.2.1 and 4.2.2: record number and message_seq of the answers are those of the ClientHello
    expect([0, 1, 2, 3].map(first)).toEqual([
      [0, HANDSHAKE_TYPE.clientHello, 0],
      [0, HANDSHAKE_TYPE.helloVerifyRequest, 0],
      [1, HANDSHAKE_TYPE.clientHello, 1],
      [1, HANDSHAKE_TYPE.serverHello, 1],
    ]);
  });

  it('asks again when the cookie comes from another address', () => {
    const bed = dtlsTestbed({ server: { cookie: true }, fate: () => [] });
    bed.server.endpoint.start();
    bed.client.endpoint.start();
    const hello = bed.sent[0]?.bytes ?? expect.fail();
    bed.server.endpoint.receive(hello, 'a');
    bed.client.endpoint.receive(bed.sent[1]?.bytes ?? expect.fail());
    bed.server.endpoint.receive(bed.sent[2]?.bytes ?? expect.fail(), 'b');
    const [record] = parseRecords(bed.sent[3]?.bytes ?? expect.fail()).records;
    expect(record?.fragment[0]).toBe(HANDSHAKE_TYPE.helloVerifyRequest);
    // and that is heard: the client tries once more, with the new cookie
    bed.client.endpoint.receive(bed.sent[3]?.bytes ?? expect.fail());
    bed.server.endpoint.receive(bed.sent[4]?.bytes ?? expect.fail(), 'b');
    expect(parseRecords(bed.sent[5]?.bytes ?? expect.fail()).records[0]?.fragment[0]).toBe(
      HANDSHAKE_TYPE.serverHello,
    );
  });

  it('keeps every datagram within the MTU and puts the fragments together', () => {
    const bed = connect(dtlsTestbed({ both: { mtu: 256 } }));
    expect(bed.client.connections + bed.server.connections).toBe(2);
    expect(Math.max(...bed.sent.map(({ bytes }) => bytes.length))).toBeLessThanOrEqual(256);
    expect(bed.sent.length).toBeGreaterThan(6);
    // as few as can be: none but the last of a flight has room for what follows it
    for (const [index, { from, bytes }] of bed.sent.entries()) {
      if (bed.sent[index + 1]?.from === from) expect(bytes.length).toBeGreaterThan(200);
    }
  });

  it('offers what WebRTC asks for, in a ClientHello that reads back', () => {
    const bed = dtlsTestbed();
    bed.client.endpoint.start();
    const [record] = parseRecords(bed.sent[0]?.bytes ?? expect.fail()).records;
    const fragments = parseHandshakeFragments(record?.fragment ?? expect.fail());
    const fragment = fragments.ok ? fragments.value[0] : undefined;
    const hello = parseHandshakeBody(HANDSHAKE_TYPE.clientHello, fragment?.fragment ?? expect.fail());
    if (!hello.ok || hello.value.type !== 'clientHello') expect.fail();
    expect(hello.value).toMatchObject({ version: DTLS_1_2, cipherSuites: [0xc02b], compressionMethods: [0] });
    expect(findExtension(hello.value.extensions, 'supported_groups')?.groups).toEqual([29, 23]);
    expect(findExtension(hello.value.extensions, 'use_srtp')?.profiles).toEqual([1]);
    bed.client.endpoint.close();
  });
});

describe('fingerprints', () => {
  const wrong = [{ algorithm: 'sha-256', value: certificateFingerprint(new Uint8Array(1)) }];

  it.each(['client', 'server'] as const)('that do not match end it with bad_certificate: %s', (role) => {
    const bed = connect(dtlsTestbed({ [role]: { fingerprints: wrong } }));
    const other = role === 'client' ? 'server' : 'client';
    expect(bed[role].failures).toEqual([
      'the certificate of the peer has not the sha-256 fingerprint of its session description',
    ]);
    expect(bed[other].failures).toEqual(['the peer sent the alert bad_certificate']);
    expect([bed.client.connections, bed.server.connections]).toEqual([0, 0]);
    expect([bed.client.endpoint.state, bed.server.endpoint.state]).toEqual(['failed', 'failed']);
  });

  it('that come late hold keys back, but not the handshake', () => {
    const bed = dtlsTestbed({ server: { fingerprints: undefined as never } });
    connect(bed);
    expect([bed.client.connections, bed.server.connections]).toEqual([1, 0]);
    expect(bed.server.endpoint.state).toBe('connecting');
    bed.client.endpoint.sendData(toUtf8('too early'));
    settle(bed);
    expect(bed.server.data).toEqual([]);
    expect(bed.server.endpoint.counters.earlyData).toBe(1);
    expect(bed.server.endpoint.sendData(toUtf8('no'))).toBe(false);
    bed.server.endpoint.setExpectedFingerprints([fingerprintOf(CLIENT_CERTIFICATE.der)]);
    expect(bed.server.connections).toBe(1);
    expect(bed.server.connection?.clientKey).toEqual(bed.client.connection?.clientKey);
    expect(bed.server.endpoint.state).toBe('connected');
  });

  it('that come late and do not match end it with bad_certificate', () => {
    const bed = connect(dtlsTestbed({ server: { fingerprints: undefined as never } }));
    bed.server.endpoint.setExpectedFingerprints(wrong);
    settle(bed);
    expect(bed.server.connections).toBe(0);
    expect(bed.server.failures).toHaveLength(1);
    expect(bed.client.failures).toEqual(['the peer sent the alert bad_certificate']);
  });

  it('count by the best hash function accepted, and SHA-1 only if asked for', () => {
    const { der } = SERVER_CERTIFICATE;
    const of = (algorithm: 'sha-1' | 'sha-256' | 'sha-384' | 'sha-512', certificate = der) => ({
      algorithm: algorithm.toUpperCase(),
      value: certificateFingerprint(certificate, algorithm).toLowerCase(),
    });
    const other = CLIENT_CERTIFICATE.der;
    const connects = (fingerprints: ReturnType<typeof of>[], fingerprintHashes?: ['sha-1']) =>
      connect(dtlsTestbed({ client: { fingerprints, ...(fingerprintHashes && { fingerprintHashes }) } }))
        .client.connections === 1;
    expect(connects([of('sha-512')])).toBe(true);
    expect(connects([of('sha-384')])).toBe(true);
    expect(connects([of('sha-256', other), of('sha-256')])).toBe(true);
    expect(connects([of('sha-256'), of('sha-512', other)])).toBe(false);
    expect(connects([of('sha-1')])).toBe(false);
    expect(connects([of('sha-1')], ['sha-1'])).toBe(true);
    expect(connects([])).toBe(false);
  });
});

describe('an established association', () => {
  it('carries data both ways, one record a datagram, each once', () => {
    const bed = connect(dtlsTestbed({ fate: () => [10, 10] }));
    expect(bed.client.endpoint.sendData(toUtf8('from client'))).toBe(true);
    expect(bed.server.endpoint.sendData(new Uint8Array(16_384))).toBe(true);
    expect(bed.server.endpoint.sendData(new Uint8Array(16_385))).toBe(false);
    settle(bed);
    expect(bed.server.data).toEqual([toUtf8('from client')]);
    expect(bed.client.data.map(({ length }) => length)).toEqual([16_384]);
    expect(bed.client.endpoint.counters.replayed).toBeGreaterThan(0);
  });

  it('shows no plaintext on the wire', () => {
    const bed = connect(dtlsTestbed());
    bed.client.endpoint.sendData(toUtf8('a secret that must not be seen'));
    settle(bed);
    expect(toHex(bed.sent.at(-1)?.bytes ?? expect.fail())).not.toContain(toHex(toUtf8('secret')));
  });

  it('is closed by close_notify, which is answered, and then silent', () => {
    const bed = connect(dtlsTestbed());
    const before = bed.sent.length;
    bed.client.endpoint.close();
    settle(bed);
    expect([bed.client.closed, bed.server.closed]).toEqual([0, 1]);
    expect([bed.client.endpoint.state, bed.server.endpoint.state]).toEqual(['closed', 'closed']);
    expect(bed.sent.length - before).toBe(2);
    expect(bed.server.endpoint.sendData(toUtf8('x'))).toBe(false);
    bed.client.endpoint.close();
    bed.server.endpoint.close();
    bed.client.endpoint.start();
    settle(bed);
    expect(bed.sent.length - before).toBe(2);
    expect(bed.client.failures.concat(bed.server.failures)).toEqual([]);
  });

  it('refuses to negotiate anew and lives on', () => {
    const bed = connect(dtlsTestbed());
    const hello = serializeHandshakeBody({ type: 'helloRequest' });
    const header = { messageType: HANDSHAKE_TYPE.helloRequest, length: 0, messageSeq: 0, fragmentOffset: 0 };
    const content = serializeHandshakeFragment({ ...header, fragment: hello });
    const fresh = { contentType: CONTENT_TYPE.handshake, version: DTLS_1_2, epoch: 0, sequenceNumber: 99 };
    const before = bed.sent.length;
    bed.client.endpoint.receive(serializeRecord({ ...fresh, fragment: content }));
    // without protection it is nobody's: no answer
    expect(bed.sent.length).toBe(before);
    expect(bed.client.endpoint.counters.unexpected).toBe(1);
    expect(bed.client.endpoint.state).toBe('connected');
  });

  it('is not ended by an alert that nothing protects', () => {
    const bed = connect(dtlsTestbed());
    const fatal = { contentType: CONTENT_TYPE.alert, version: DTLS_1_2, epoch: 0, sequenceNumber: 99 };
    bed.client.endpoint.receive(serializeRecord({ ...fatal, fragment: Uint8Array.of(2, 40) }));
    bed.client.endpoint.receive(
      serializeRecord({ ...fatal, sequenceNumber: 100, fragment: Uint8Array.of(1, 0) }),
    );
    expect(bed.client.endpoint.state).toBe('connected');
    expect(bed.client.endpoint.counters.unexpected).toBe(2);
  });
});
