import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { formatIp } from '../ip/index.js';
import {
  LINKTYPE_RAW,
  type PcapngBlock,
  parsePcapng,
  type SectionHeader,
  serializeBlock,
  serializePcapng,
} from './index.js';

const bytes = fc.uint8Array({ maxLength: 50 });
const text = fc.string({ unit: 'grapheme', maxLength: 20 });
const name = fc.string({ unit: fc.constantFrom(...'abc-.é'), minLength: 1, maxLength: 10 });
const ip = fc
  .oneof(fc.uint8Array({ minLength: 4, maxLength: 4 }), fc.uint8Array({ minLength: 16, maxLength: 16 }))
  .map(formatIp);
const section: fc.Arbitrary<SectionHeader> = fc.record(
  { type: fc.constant('section' as const), userApplication: text, comment: text },
  { requiredKeys: ['type'] },
);
const anyBlock: fc.Arbitrary<PcapngBlock> = fc.oneof(
  section,
  fc.record(
    { type: fc.constant('interface' as const), linkType: fc.nat(0xffff), name: text, description: text },
    { requiredKeys: ['type', 'linkType'] },
  ),
  fc.record({
    type: fc.constant('names' as const),
    records: fc.array(fc.record({ ip, names: fc.array(name, { minLength: 1, maxLength: 3 }) }), {
      maxLength: 3,
    }),
  }),
  fc.record(
    {
      type: fc.constant('packet' as const),
      interfaceId: fc.nat(0xffff_ffff),
      timestampUs: fc.maxSafeNat(),
      data: bytes,
      originalLength: fc.integer({ min: 51, max: 0xffff_ffff }),
      comment: text,
    },
    { requiredKeys: ['type', 'interfaceId', 'timestampUs', 'data'] },
  ),
  fc.record({ type: fc.constant('secrets' as const), secretsType: fc.nat(0xffff_ffff), data: bytes }),
  fc.record({
    type: fc.constant('unknown' as const),
    blockType: fc.integer({ min: 100, max: 0xffff }),
    body: fc.nat(5).chain((words) => fc.uint8Array({ minLength: 4 * words, maxLength: 4 * words })),
  }),
);
const anyFile = fc
  .tuple(section, fc.array(anyBlock, { maxLength: 6 }))
  .map(([first, rest]) => [first, ...rest]);

describe('pcapng files', () => {
  it('come back from their bytes', () => {
    fc.assert(
      fc.property(anyFile, (blocks) => {
        expect(parsePcapng(serializePcapng(blocks))).toEqual({ ok: true, value: blocks });
      }),
    );
  });

  it('have the layout of the format: an Enhanced Packet Block, byte for byte (4.3)', () => {
    const block = serializeBlock({
      type: 'packet',
      interfaceId: 2,
      timestampUs: 0x1_0000_0003,
      data: Uint8Array.of(1, 2, 3),
      comment: 'hi',
    });
    expect(Buffer.from(block).toString('hex')).toBe(
      '06000000' +
        '30000000' +
        '02000000' +
        '01000000' +
        '03000000' +
        '03000000' +
        '03000000' +
        '01020300' +
        '01000200' +
        '68690000' +
        '00000000' +
        '30000000',
    );
  });

  it('are read in the other byte order too', () => {
    const hex =
      '0a0d0d0a' +
      '0000001c' +
      '1a2b3c4d' +
      '00010000' +
      'ffffffff' +
      'ffffffff' +
      '0000001c' +
      '00000001' +
      '00000014' +
      '00650000' +
      '00000000' +
      '00000014';
    expect(parsePcapng(new Uint8Array(Buffer.from(hex, 'hex')))).toEqual({
      ok: true,
      value: [{ type: 'section' }, { type: 'interface', linkType: LINKTYPE_RAW }],
    });
  });

  it('cannot hold what their length fields cannot', () => {
    const comment = 'a'.repeat(0x10000);
    expect(() => serializeBlock({ type: 'section', comment })).toThrow(RangeError);
    expect(() => serializeBlock({ type: 'names', records: [{ ip: 'host', names: ['a'] }] })).toThrow(
      RangeError,
    );
  });

  it('never make the reader throw: random, truncated and mutated bytes', () => {
    const mutated = fc
      .tuple(anyFile, fc.array(fc.tuple(fc.nat(300), fc.nat(255)), { maxLength: 3 }), fc.nat(400))
      .map(([blocks, changes, length]) => {
        const data = serializePcapng(blocks);
        for (const [at, to] of changes) data[at % data.length] = to;
        return data.slice(0, length);
      });
    fc.assert(
      fc.property(fc.oneof(fc.uint8Array({ maxLength: 80 }), mutated), (data) => {
        const read = parsePcapng(data);
        if (!read.ok) expect(read.error.offset).toBeLessThanOrEqual(data.length);
      }),
      { numRuns: 1000 },
    );
  });
});
