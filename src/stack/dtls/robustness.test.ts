import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { fromHex, toUtf8 } from '../../crypto/index.js';
import {
  CONTENT_TYPE,
  DTLS_1_0,
  DTLS_1_2,
  HANDSHAKE_TYPE,
  parseRecords,
  serializeHandshakeFragment,
  serializeRecord,
} from '../../wire/dtls/index.js';
import { sessionKeys } from './key-schedule.js';
import { RecordLayer } from './record-layer.js';
import { connect, type DtlsTestbed, dtlsTestbed, settle } from './testbed.js';

/** A record layer that writes as the client of a finished handshake, with numbers from 100 on. */
function forger({ client, sent }: DtlsTestbed): RecordLayer {
  const [, clientRandom = '', masterSecret = ''] = client.keyLog[0]?.split(' ') ?? [];
  const bytes = (hex: string) => fromHex(hex) ?? expect.fail();
  // ServerHello is the first message of flight 4: version, then random
  const [hello] = parseRecords(sent.find(({ from }) => from === 'server')?.bytes ?? expect.fail()).records;
  const serverRandom = hello?.fragment.subarray(14, 46) ?? expect.fail();
  const keys = sessionKeys(bytes(masterSecret), bytes(clientRandom), serverRandom);
  const layer = new RecordLayer({ ...client.endpoint.counters });
  layer.install(keys.client, keys.server);
  for (let i = 0; i < 100; i += 1) layer.write(CONTENT_TYPE.alert, 1, Uint8Array.of(1, 90));
  return layer;
}

describe('an association', () => {
  it('drops and counts what it cannot use, and lives on (RFC 6347 4.1.2.7)', () => {
    const bed = connect(dtlsTestbed());
    const { endpoint } = bed.server;
    const counted = (bytes: Uint8Array) => {
      const before = { ...endpoint.counters };
      endpoint.receive(bytes);
      const names = Object.keys(before) as (keyof typeof before)[];
      return names.filter((name) => name !== 'recordsReceived' && endpoint.counters[name] !== before[name]);
    };
    const record = (epoch: number, fragment: Uint8Array, more = {}) =>
      serializeRecord({
        contentType: CONTENT_TYPE.applicationData,
        version: DTLS_1_2,
        epoch,
        sequenceNumber: 1000,
        fragment,
        ...more,
      });
    expect(counted(new Uint8Array(0))).toEqual(['truncated']);
    expect(counted(record(1, new Uint8Array(50)).subarray(0, 40))).toEqual(['truncated']);
    expect(counted(record(1, new Uint8Array(18_433)))).toEqual(['oversized']);
    expect(counted(record(1, new Uint8Array(50), { contentType: 99 }))).toEqual(['unknown']);
    expect(counted(record(1, new Uint8Array(50), { version: DTLS_1_0 }))).toEqual(['unknown']);
    expect(counted(record(2, new Uint8Array(50)))).toEqual(['unknownEpoch']);
    expect(counted(record(1, new Uint8Array(50)))).toEqual(['badMac']);
    expect(counted(record(1, new Uint8Array(23)))).toEqual(['badMac']);
    expect(counted(record(0, new Uint8Array(5)))).toEqual(['unexpected']);
    expect(counted(record(0, new Uint8Array(5), { contentType: 22, sequenceNumber: 1001 }))).toEqual([
      'badFragment',
    ]);
    bed.client.endpoint.sendData(toUtf8('alive'));
    settle(bed);
    expect(bed.server.data).toEqual([toUtf8('alive')]);
    const last = bed.sent.at(-1)?.bytes ?? expect.fail();
    expect(counted(last)).toEqual(['replayed']);
    expect(bed.server.data).toHaveLength(1);
  });

  it('takes records out of order within 64, each once, and none before (RFC 6347 4.1.2.6)', () => {
    const bed = connect(dtlsTestbed());
    const layer = forger(bed);
    const records = Array.from({ length: 80 }, (_, i) =>
      layer.write(CONTENT_TYPE.applicationData, 1, Uint8Array.of(i)),
    );
    const { endpoint } = bed.server;
    endpoint.receive(records[79] as Uint8Array);
    for (const record of [...records, ...records]) endpoint.receive(record);
    expect(bed.server.data.map(([value]) => value)).toEqual([
      79,
      ...Array.from({ length: 63 }, (_, i) => 16 + i),
    ]);
    expect(endpoint.counters.replayed).toBe(2 * 80 - 63);
  });

  it('refuses a protected attempt to renegotiate with a warning, and lives on (RFC 5746 1, RFC 5246 7.2.2)', () => {
    const bed = connect(dtlsTestbed());
    const header = { messageType: HANDSHAKE_TYPE.clientHello, length: 0, messageSeq: 0, fragmentOffset: 0 };
    const content = serializeHandshakeFragment({ ...header, fragment: new Uint8Array(0) });
    const before = bed.sent.length;
    bed.server.endpoint.receive(forger(bed).write(CONTENT_TYPE.handshake, 1, content));
    settle(bed);
    const [answer] = parseRecords(bed.sent[before]?.bytes ?? expect.fail()).records;
    expect(answer).toMatchObject({ contentType: CONTENT_TYPE.alert, epoch: 1 });
    expect([bed.client.endpoint.state, bed.server.endpoint.state]).toEqual(['connected', 'connected']);
  });

  it('ends by a protected fatal alert, and not by a protected warning', () => {
    const bed = connect(dtlsTestbed());
    const layer = forger(bed);
    bed.server.endpoint.receive(layer.write(CONTENT_TYPE.alert, 1, Uint8Array.of(1, 90)));
    expect(bed.server.endpoint.state).toBe('connected');
    bed.server.endpoint.receive(layer.write(CONTENT_TYPE.alert, 1, Uint8Array.of(2, 80)));
    expect(bed.server.failures).toEqual(['the peer sent the alert internal_error']);
    bed.server.endpoint.receive(layer.write(CONTENT_TYPE.applicationData, 1, Uint8Array.of(1)));
    expect(bed.server.data).toEqual([]);
  });

  it('takes no Finished that is not protected, and is not disturbed by one', () => {
    const bed = dtlsTestbed();
    const header = { messageType: HANDSHAKE_TYPE.finished, length: 12, messageSeq: 0, fragmentOffset: 0 };
    const fragment = serializeHandshakeFragment({ ...header, fragment: new Uint8Array(12) });
    const record = { contentType: CONTENT_TYPE.handshake, version: DTLS_1_2, epoch: 0, sequenceNumber: 77 };
    bed.kernel.schedule(1000, 'x', () =>
      bed.client.endpoint.receive(serializeRecord({ ...record, fragment })),
    );
    connect(bed);
    expect(bed.client.endpoint.counters.unexpected).toBe(1);
    expect([bed.client.connections, bed.server.connections]).toEqual([1, 1]);
  });

  it('comes to rest with a peer that repeats its flight for ever', () => {
    const bed = connect(dtlsTestbed({ fate: ({ from }) => (from === 'client' ? [10] : []) }));
    expect(bed.client.failures).toEqual(['the peer does not answer']);
    const second = dtlsTestbed();
    connect(second);
    const layer = forger(second);
    const before = second.sent.length;
    // Finished is the fifth message of the client: its hello, then three of flight 5
    const header = { messageType: HANDSHAKE_TYPE.finished, length: 12, messageSeq: 4, fragmentOffset: 0 };
    const content = serializeHandshakeFragment({ ...header, fragment: new Uint8Array(12) });
    for (let i = 0; i < 100; i += 1)
      second.server.endpoint.receive(layer.write(CONTENT_TYPE.handshake, 1, content));
    expect(second.sent.length - before).toBe(32);
  });

  it('survives any bytes at any time without an exception, and still connects', () => {
    fc.assert(
      fc.property(
        fc.array(fc.tuple(fc.nat(60), fc.uint8Array({ maxLength: 80 }), fc.boolean()), { maxLength: 8 }),
        (intrusions) => {
          const bed = dtlsTestbed();
          for (const [atMs, bytes, toClient] of intrusions) {
            const to = toClient ? bed.client : bed.server;
            bed.kernel.schedule(atMs * 1000 + 1, 'x', () => to.endpoint.receive(bytes));
          }
          connect(bed);
          expect([bed.client.connections, bed.server.connections]).toEqual([1, 1]);
        },
      ),
      { numRuns: 200 },
    );
  });

  it('survives damage to any byte of the handshake: both ends connect with the same keys, or none does', () => {
    const lengths = connect(dtlsTestbed()).sent.map(({ bytes }) => bytes.length);
    fc.assert(
      fc.property(
        fc.nat(3),
        fc.nat(),
        fc.integer({ min: 1, max: 255 }),
        fc.boolean(),
        (which, where, flip, once) => {
          const at = where % (lengths[which] ?? 1);
          const [victim, index] = [which % 2 === 0 ? 'client' : 'server', which >> 1];
          let struck = 0;
          const bed = dtlsTestbed({
            both: { initialTimeoutMs: 50 },
            fate: (datagram) => {
              if (datagram.from === victim && datagram.index >= index && (struck++ === 0 || !once)) {
                // the testbed delivers these very bytes
                if (at < datagram.bytes.length) datagram.bytes[at] = (datagram.bytes[at] as number) ^ flip;
              }
              return [10];
            },
          });
          connect(bed);
          const { client, server } = bed;
          expect(client.connections + client.failures.length).toBeGreaterThan(0);
          if (client.connections + server.connections === 2) {
            expect(client.connection?.clientKey).toEqual(server.connection?.clientKey);
          }
          if (client.connections === 1) expect(server.connections).toBe(1);
        },
      ),
      { numRuns: 300 },
    );
  });
});
