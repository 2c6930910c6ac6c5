import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ALERT, encodeRecords, MAX_RECORD_BYTES, type TlsMessage, TlsRecordParser } from './index.js';

const concat = (parts: readonly Uint8Array[]) => Uint8Array.from(parts.flatMap((part) => [...part]));
const name = fc.string({ unit: 'grapheme', maxLength: 20 });
const random = fc
  .uint8Array({ minLength: 32, maxLength: 32 })
  .filter((bytes) => bytes.some((byte) => byte !== 0));

const anyMessage: fc.Arbitrary<TlsMessage> = fc.oneof(
  fc.record(
    {
      type: fc.constant('clientHello' as const),
      serverName: name,
      alpn: fc.array(name, { minLength: 1, maxLength: 3 }),
      random,
    },
    { requiredKeys: ['type'] },
  ),
  fc.record(
    {
      type: fc.constant('serverHello' as const),
      certificateNames: fc.array(name, { maxLength: 3 }),
      alpn: name,
      random,
    },
    { requiredKeys: ['type', 'certificateNames'] },
  ),
  fc.constant({ type: 'finished' as const }),
  fc.record({
    type: fc.constant('alert' as const),
    level: fc.constantFrom('warning' as const, 'fatal' as const),
    description: fc.nat(255),
  }),
  fc.record({ type: fc.constant('applicationData' as const), data: fc.uint8Array({ maxLength: 300 }) }),
);

describe('TLS records', () => {
  it('come back from a stream cut anywhere, each with its offsets', () => {
    fc.assert(
      fc.property(
        fc.array(anyMessage, { maxLength: 5 }),
        fc.integer({ min: 1, max: 400 }),
        (messages, size) => {
          const parts = messages.map(encodeRecords);
          let end = 50;
          const expected = messages.map((message, i) => {
            const start = end;
            end += (parts[i] as Uint8Array).length;
            return { message, start, end };
          });
          const stream = concat(parts);
          const parser = new TlsRecordParser(50);
          const seen: unknown[] = [];
          for (let at = 0; at < stream.length; at += size) {
            const { records, error } = parser.push(stream.slice(at, at + size));
            expect(error).toBeUndefined();
            seen.push(...records);
          }
          expect(seen).toEqual(expected);
        },
      ),
    );
  });

  it('have the header of RFC 5246 6.2.1 and hold at most 2^14 bytes', () => {
    const data = new Uint8Array(MAX_RECORD_BYTES + 1).fill(5);
    const bytes = encodeRecords({ type: 'applicationData', data });
    expect([...bytes.subarray(0, 6)]).toEqual([23, 3, 3, 0x40, 0, 5]);
    const { records } = new TlsRecordParser().push(bytes);
    expect(records.map(({ end }) => end)).toEqual([MAX_RECORD_BYTES + 5, MAX_RECORD_BYTES + 11]);
    const parts = records.map(({ message }) =>
      message.type === 'applicationData' ? message.data : new Uint8Array(0),
    );
    expect(concat(parts)).toEqual(data);
    const hello = (length: number) => () =>
      encodeRecords({ type: 'serverHello', certificateNames: ['a'.repeat(length)] });
    const overhead = hello(1)().length - 5 - 1;
    expect(hello(MAX_RECORD_BYTES - overhead)().length).toBe(MAX_RECORD_BYTES + 5);
    expect(hello(MAX_RECORD_BYTES - overhead + 1)).toThrow(RangeError);
  });

  it('end the connection with the alert their fault deserves', () => {
    const alert = (...bytes: number[]) => new TlsRecordParser().push(Uint8Array.from(bytes)).error;
    expect(alert(20, 3, 3, 0, 1, 1)).toMatchObject({ alert: ALERT.unexpectedMessage, offset: 0 });
    expect(alert(23, 3, 1, 0, 0)).toMatchObject({ alert: ALERT.protocolVersion, offset: 1 });
    expect(alert(23, 3, 3, 0x40, 1)).toMatchObject({ alert: ALERT.recordOverflow, offset: 3 });
    expect(alert(21, 3, 3, 0, 2, 3, 0)).toMatchObject({ alert: ALERT.decodeError, offset: 5 });
    expect(alert(22, 3, 3, 0, 4, 11, 0, 0, 0)).toMatchObject({ alert: ALERT.decodeError, offset: 5 });
    expect(alert(22, 3, 3, 0, 16, 20, 0, 0, 12, ...new Array(11).fill(0), 1)).toMatchObject({
      alert: ALERT.decodeError,
    });
    expect(alert(23, 3, 3, 0, 1)).toBeUndefined();
  });

  it('never make the parser throw: random, truncated and mutated bytes give records or one error', () => {
    const mutated = fc
      .tuple(anyMessage, fc.array(fc.tuple(fc.nat(120), fc.nat(255)), { maxLength: 3 }), fc.nat(200))
      .map(([message, changes, length]) => {
        const data = encodeRecords(message);
        for (const [at, to] of changes) data[at % data.length] = to;
        return data.slice(0, length);
      });
    fc.assert(
      fc.property(fc.oneof(fc.uint8Array({ maxLength: 80 }), mutated), (data) => {
        const parser = new TlsRecordParser();
        const { error } = parser.push(data);
        if (error) {
          expect(error.offset).toBeLessThanOrEqual(data.length);
          expect(parser.push(encodeRecords({ type: 'finished' }))).toEqual({ records: [] });
        }
      }),
      { numRuns: 500 },
    );
  });
});
