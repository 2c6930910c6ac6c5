import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { CONTENT_TYPE, DTLS_1_2, parseHandshakeFragments, parseRecords } from '../../wire/dtls/index.js';
import { type FlightMessage, packFlight } from './flight.js';
import { Reassembler } from './reassembler.js';
import { RecordLayer } from './record-layer.js';
import { dtlsTestbed } from './testbed.js';

/** A record layer with keys. */
function layer(): RecordLayer {
  const bed = dtlsTestbed();
  const made = new RecordLayer({ ...bed.client.endpoint.counters });
  const keys = { key: new Uint8Array(16), salt: new Uint8Array(4) };
  made.install(keys, keys);
  return made;
}

describe('packing a flight', () => {
  it('fills datagrams of at most the MTU, in order, and what it sends is what was to be sent', () => {
    const lengths = fc.array(fc.oneof(fc.nat(40), fc.nat(900)), { minLength: 1, maxLength: 6 });
    fc.assert(
      fc.property(lengths, fc.integer({ min: 256, max: 1500 }), (sizes, mtu) => {
        const messages: FlightMessage[] = sizes.map((size, messageSeq) => {
          const body = new Uint8Array(size).fill(messageSeq + 1);
          return { messageType: 11, messageSeq, body, epoch: 0 };
        });
        const finished = new Uint8Array(12);
        const last = { messageType: 20, messageSeq: sizes.length, body: finished, epoch: 1 } as const;
        const writer = layer();
        const flight = {
          messages: [...messages, 'changeCipherSpec', last] as const,
          version: DTLS_1_2,
        } as const;
        const datagrams = packFlight(flight, writer, mtu);
        const reader = layer();
        const reassembler = new Reassembler(0);
        const taken: number[] = [];
        let changed = 0;
        for (const datagram of datagrams) {
          expect(datagram.length).toBeLessThanOrEqual(mtu);
          for (const record of parseRecords(datagram).records) {
            if (record.contentType === CONTENT_TYPE.changeCipherSpec) changed += 1;
            if (record.contentType !== CONTENT_TYPE.handshake) continue;
            const fragments = parseHandshakeFragments(reader.read(record) ?? expect.fail());
            if (!fragments.ok) expect.fail();
            for (const fragment of fragments.value) reassembler.add(fragment);
            for (let one = reassembler.take(); one !== undefined; one = reassembler.take()) {
              taken.push(one.body.length);
            }
          }
        }
        expect(taken).toEqual([...sizes, 12]);
        expect(changed).toBe(1);
        // no more datagrams than the bytes need, but for what does not fit at the end of each
        const bytes = datagrams.reduce((sum, { length }) => sum + length, 0);
        expect(datagrams.length).toBeLessThanOrEqual(Math.ceil(bytes / (mtu - 70)));
      }),
      { numRuns: 300 },
    );
  });
});
