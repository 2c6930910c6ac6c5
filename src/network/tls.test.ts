import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { encodeRecords, TlsRecordParser } from '../wire/tls-record/index.js';
import { leftovers, testbed } from './fixtures/testbed.js';
import type { NetworkOptions } from './network.js';
import {
  acceptTls,
  certificateMatches,
  connectTls,
  type TlsClientOptions,
  type TlsServerOptions,
  type TlsStream,
} from './tls.js';

const to = { ip: '10.0.0.2', port: 443 };
const name = 'ep1.visited1.net';

function secure(
  client: Partial<TlsClientOptions> = {},
  server: Partial<TlsServerOptions> = {},
  options: NetworkOptions = {},
  tape: string | number[] = '',
) {
  const bed = testbed(options, tape);
  const log = { client: [] as string[], server: [] as string[] };
  const watch = (stream: TlsStream, into: string[]) => {
    stream.onOpen = () => into.push('open');
    stream.onData = (data) => into.push(new TextDecoder().decode(data));
    stream.onClose = (reason) => into.push(reason);
    return stream;
  };
  const accepted: TlsStream[] = [];
  bed.server.listen('test', to.port, (tcp) => {
    accepted.push(watch(acceptTls(tcp, { certificateNames: [name], ...server }), log.server));
  });
  const tls = connectTls(bed.ue.connect('test', to), { serverName: name, ...client });
  watch(tls, log.client);
  const messages = () =>
    bed.kernel.trace?.events.flatMap(({ entity, body }) =>
      body.kind === 'message.sent' || body.kind === 'message.received'
        ? [`${entity} ${body.kind.slice(8)} ${body.message.summary}`]
        : [],
    );
  return { ...bed, client: tls, accepted, log, messages };
}

const text = (value: string) => new TextEncoder().encode(value);

describe('TLS', () => {
  test('is open one round trip after TCP and carries data behind the handshake at once', () => {
    const bed = secure();
    bed.client.write(text('hello'));
    const times: number[] = [];
    bed.client.onOpen = () => times.push(bed.kernel.now);
    bed.kernel.run();
    // SYN and SYN-ACK take 10 ms, ClientHello and the server's flight another 10 ms.
    expect(times).toEqual([20_000]);
    expect(bed.log.server).toEqual(['open', 'hello']);
    bed.accepted[0]?.write(text('you too'));
    bed.client.close();
    bed.kernel.run();
    expect(bed.log.client).toEqual(['you too', 'closed']);
    expect(bed.log.server).toEqual(['open', 'hello', 'closed']);
    expect(bed.client.written).toBe(5);
    expect(bed.client.received).toBe(7);
    expect(leftovers(bed)).toEqual([]);
  });

  test('shows its handshake in the trace, in pairs, and marks its packets', () => {
    const bed = secure();
    bed.kernel.run();
    expect(bed.messages()).toEqual([
      `ue sent ClientHello ${name}`,
      `server received ClientHello ${name}`,
      `server sent ServerHello, Certificate ${name}, Finished`,
      `ue received ServerHello, Certificate ${name}, Finished`,
      'ue sent Finished',
      'server received Finished',
    ]);
    const keys = (kind: 'message.sent' | 'message.received') =>
      bed.kernel.trace?.of(kind).map(({ body }) => body.message.key);
    expect(keys('message.sent')).toEqual(keys('message.received'));
    const loaded = bed.kernel.trace?.of('packet.sent').filter(({ body }) => body.packet.data.length > 0);
    expect(loaded?.every(({ body }) => body.packet.secure)).toBe(true);
  });

  test('puts real records on the wire', () => {
    const bed = secure();
    bed.client.write(text('hello'));
    bed.kernel.run();
    const sent = bed.kernel.trace?.of('packet.sent').filter(({ body }) => body.packet.from === 'ue') ?? [];
    const parser = new TlsRecordParser();
    const types = sent.flatMap(({ body }) =>
      parser.push(body.packet.data).records.map((one) => one.message.type),
    );
    expect(types).toEqual(['clientHello', 'finished', 'applicationData']);
  });

  test('ends with an alert when the certificate has another name', () => {
    const bed = secure({ serverName: 'wwsf.example' });
    bed.client.write(text('secret'));
    bed.kernel.run();
    expect(bed.log.client).toEqual([`tls: certificate names ${name}, expected wwsf.example`]);
    expect(bed.log.server).toEqual(['tls: alert bad_certificate']);
    expect(bed.messages()?.slice(-2)).toEqual([
      'ue sent Alert bad_certificate',
      'server received Alert bad_certificate',
    ]);
    expect(leftovers(bed)).toEqual([]);
  });

  test('lets the user judge the certificate', () => {
    const names: string[] = [];
    const bed = secure({
      serverName: 'wwsf.example',
      verify: (shown) => {
        names.push(...shown);
        return true;
      },
    });
    bed.kernel.run();
    expect(names).toEqual([name]);
    expect(bed.log.client).toEqual(['open']);
  });

  test('asks the client for a certificate and judges it', () => {
    const mutual = { requireClientCertificate: (names: readonly string[]) => names.includes('waf.example') };
    const good = secure({ clientCertificateNames: ['waf.example', 'b'] }, mutual);
    good.kernel.run();
    expect(good.log).toEqual({ client: ['open'], server: ['open'] });
    expect(good.accepted[0]?.peerCertificateNames).toEqual(['waf.example', 'b']);
    const bad = secure({ clientCertificateNames: ['other.example'] }, mutual);
    const none = secure({}, { requireClientCertificate: true });
    for (const bed of [bad, none]) bed.kernel.run();
    expect(bad.log.server).toEqual(['tls: client certificate names other.example']);
    expect(bad.log.client).toEqual(['open', 'tls: alert bad_certificate']);
    expect(none.log.server).toEqual(['tls: the client shows no certificate']);
    expect(none.log.client).toEqual(['open', 'tls: alert handshake_failure']);
    for (const bed of [good.client.abort(), bad, none]) if (bed) expect(leftovers(bed)).toEqual([]);
  });

  test('a wildcard stands for the first label and no more', () => {
    expect(certificateMatches(['*.visited1.net'], 'EP1.visited1.net')).toBe(true);
    expect(certificateMatches(['*.visited1.net'], 'a.ep1.visited1.net')).toBe(false);
    expect(certificateMatches(['*.visited1.net'], 'visited1.net')).toBe(false);
  });

  test('tells why TCP failed below it', () => {
    const bed = testbed();
    const tls = connectTls(bed.ue.connect('test', to), { serverName: name });
    const reasons: string[] = [];
    tls.onClose = (reason) => reasons.push(reason);
    bed.kernel.run();
    expect(reasons).toEqual(['refused']);
  });

  test('answers bytes that are no TLS with an alert', () => {
    const bed = testbed();
    const reasons: string[] = [];
    bed.server.listen('test', to.port, (tcp) => {
      acceptTls(tcp, { certificateNames: [name] }).onClose = (reason) => reasons.push(reason);
    });
    const tcp = bed.ue.connect('test', to);
    tcp.onData = () => {};
    tcp.write(text('GET / HTTP/1.1\r\n\r\n'));
    bed.kernel.run();
    expect(reasons).toEqual(['tls: record type 71 is outside this model']);
    expect(bed.kernel.trace?.of('message.rejected')).toHaveLength(1);
    expect(leftovers(bed)).toEqual([]);
  });

  test('survives any bytes, in any state, at either end', () => {
    const record = fc.oneof(
      fc.uint8Array({ maxLength: 40 }),
      fc.constantFrom(
        encodeRecords({ type: 'clientHello', serverName: 'x' }),
        encodeRecords({ type: 'serverHello', certificateNames: [name] }),
        encodeRecords({ type: 'finished' }),
        encodeRecords({ type: 'alert', level: 'warning', description: 0 }),
        encodeRecords({ type: 'alert', level: 'fatal', description: 40 }),
        encodeRecords({ type: 'applicationData', data: text('hi') }),
      ),
    );
    fc.assert(
      fc.property(fc.array(record, { maxLength: 6 }), fc.boolean(), (records, toServer) => {
        const bed = testbed();
        const play = (stream: { write(data: Uint8Array): void; close(): void }) => {
          for (const bytes of records) stream.write(bytes);
          stream.close();
        };
        bed.server.listen('test', to.port, (tcp) => {
          if (toServer) acceptTls(tcp, { certificateNames: [name] }).onData = () => {};
          else play(tcp);
        });
        const tcp = bed.ue.connect('test', to);
        if (toServer) play(tcp);
        else connectTls(tcp, { serverName: name }).onData = () => {};
        expect(bed.kernel.run().status).toBe('idle');
        expect(leftovers(bed)).toEqual([]);
      }),
      { numRuns: 300 },
    );
  });

  test('delivers everything in order whatever the segments', () => {
    const faults = fc.array(fc.oneof(fc.constant(0), fc.nat(4)), { maxLength: 40 });
    fc.assert(
      fc.property(faults, fc.integer({ min: 45, max: 200 }), (tape, mtu) => {
        const bed = secure({}, {}, { realms: { test: { mtu } } }, tape);
        const parts = ['one', 'two', 'three', 'x'.repeat(300)];
        for (const part of parts) bed.client.write(text(part));
        bed.client.close();
        bed.kernel.run();
        expect(bed.log.server.slice(1, -1).join('')).toBe(parts.join(''));
        expect(bed.log.server.at(-1)).toBe('closed');
        expect(leftovers(bed)).toEqual([]);
      }),
      { numRuns: 200 },
    );
  });
});
