import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { fromHex, toHex } from '../../crypto/index.js';
import { rtcpPackets } from './fixtures/packets.js';
import {
  cnameOf,
  lostPackets,
  nackPairs,
  parseRtcp,
  type RtcpPacket,
  rtcpSummary,
  sdesItem,
  serializeRtcp,
  textOf,
  validateRtcp,
} from './index.js';

const hex = (text: string): Uint8Array => fromHex(text.replaceAll(/\s/g, '')) as Uint8Array;

const u8 = fc.nat(0xff);
const u16 = fc.nat(0xffff);
const u32 = fc.nat(0xffff_ffff);
const text = fc.uint8Array({ maxLength: 40 });
const words = fc.nat(4).chain((n) => fc.uint8Array({ minLength: 4 * n, maxLength: 4 * n }));
const someWords = fc
  .integer({ min: 1, max: 4 })
  .chain((n) => fc.uint8Array({ minLength: 4 * n, maxLength: 4 * n }));
const reports = fc.array(
  fc.record({
    ssrc: u32,
    fractionLost: u8,
    cumulativeLost: fc.integer({ min: -0x80_0000, max: 0x7f_ffff }),
    highestSequence: u32,
    jitter: u32,
    lastSr: u32,
    delaySinceLastSr: u32,
  }),
  { maxLength: 3 },
);
const both = { senderSsrc: u32, mediaSsrc: u32 };
const is = <T extends string>(type: T): fc.Arbitrary<T> => fc.constant(type);
const optional = { requiredKeys: [] as never[] };

/** Adds properties that may be absent. */
function withOptional<T extends object, U extends object>(base: fc.Arbitrary<T>, more: fc.Arbitrary<U>) {
  return fc.tuple(base, more).map(([one, other]) => ({ ...one, ...other }));
}

const anyPacket = withOptional(
  fc.oneof(
    withOptional(
      fc.record({
        type: is('SR'),
        ssrc: u32,
        ntpSeconds: u32,
        ntpFraction: u32,
        rtpTimestamp: u32,
        packetCount: u32,
        octetCount: u32,
        reports,
      }),
      fc.record({ extension: someWords }, optional),
    ),
    withOptional(
      fc.record({ type: is('RR'), ssrc: u32, reports }),
      fc.record({ extension: someWords }, optional),
    ),
    fc.record({
      type: is('SDES'),
      chunks: fc.array(
        fc.record({
          ssrc: u32,
          items: fc.array(fc.record({ type: fc.integer({ min: 1, max: 255 }), value: text }), {
            maxLength: 3,
          }),
        }),
        { maxLength: 3 },
      ),
    }),
    withOptional(
      fc.record({ type: is('BYE'), ssrcs: fc.array(u32, { maxLength: 31 }) }),
      fc.record({ reason: text }, optional),
    ),
    fc.record({
      type: is('APP'),
      subtype: fc.nat(31),
      ssrc: u32,
      name: fc.constantFrom('PoC1', 'ABCD', '\u0000\u00ff~ '),
      data: words,
    }),
    fc.record({
      type: is('NACK'),
      ...both,
      pairs: fc.array(fc.record({ packetId: u16, lostAfter: u16 }), { maxLength: 4 }),
    }),
    fc.record({ type: is('PLI'), ...both }),
    fc.record({
      type: is('FIR'),
      ...both,
      requests: fc.array(fc.record({ ssrc: u32, sequenceNumber: u8 }), { maxLength: 3 }),
    }),
    fc.record({ type: is('PSFB'), format: fc.constantFrom(2, 3, 15, 31), ...both, fci: words }),
    fc.record({ type: is('RTPFB'), format: fc.constantFrom(3, 15), ...both, fci: words }),
    fc.record({
      type: is('unknown'),
      packetType: fc.constantFrom(192, 207, 223),
      count: fc.nat(31),
      body: words,
    }),
  ),
  fc.record({ paddingBytes: fc.integer({ min: 1, max: 63 }).map((n) => 4 * n) }, optional),
) as fc.Arbitrary<RtcpPacket>;
const anyCompound = fc.array(anyPacket, { minLength: 1, maxLength: 4 });

describe('RTCP', () => {
  it('has the layout of RFC 3550 6.4 to 6.7, RFC 4585 6 and RFC 5104 4.3.1', () => {
    const layouts = rtcpPackets.map((packet) => toHex(serializeRtcp([packet])));
    const block = 'bc5e9a40 40fffffe 00012345 00000025 b7052000 00054000';
    expect(layouts).toEqual(
      [
        `81c8000c 902f9e2e dd3fb705 20000000 ee6b2800 0000009e b2d05e00 ${block}`,
        `82c9000d 902f9e2e ${block} 00000007 407fffff 00012345 00000025 b7052000 00054000`,
        '81ca0008 902f9e2e 0110 71375a722b5775314f6834764c6d3273 0606 696d736c6162 0000',
        '81cd0003 902f9e2e bc5e9a40 fffe0003',
        '81ce0002 902f9e2e bc5e9a40',
        '84ce0004 902f9e2e 00000000 bc5e9a40 c8000000',
        '8fce0005 902f9e2e 00000000 52454d42 010bd090 bc5e9a40',
        '83cc0003 902f9e2e 506f4331 01020304',
        '81cb0004 902f9e2e 09 63616c6c206f766572 0000',
      ].map((layout) => toHex(hex(layout))),
    );
  });

  it('comes back from its bytes, one packet or many, with padding and extensions', () => {
    expect(parseRtcp(serializeRtcp(rtcpPackets))).toEqual({ ok: true, value: rtcpPackets });
    fc.assert(
      fc.property(anyCompound, (packets) => {
        expect(parseRtcp(serializeRtcp(packets))).toEqual({ ok: true, value: packets });
      }),
      { numRuns: 500 },
    );
  });

  it('is refused where lengths do not fit, with the offset', () => {
    const offset = (bytes: string): number | undefined => {
      const read = parseRtcp(hex(bytes));
      return read.ok ? undefined : read.error.offset;
    };
    expect(offset('')).toBe(0);
    expect(offset('80c9')).toBe(2);
    expect(offset('40c90001 00000001')).toBe(0);
    expect(offset('80c90002 00000001')).toBe(2);
    expect(offset('80c90001 00000001 81')).toBe(9);
    expect(offset('80c90001 00000001')).toBeUndefined();
    expect(offset('81c90001 00000001')).toBe(8);
    expect(offset('80c80001 00000001')).toBe(8);
    expect(offset('80c90000')).toBe(4);
    expect(offset('82cb0001 00000001')).toBe(8);
    expect(offset('81cb0002 00000001 04616161')).toBe(8);
    expect(offset('81cb0002 00000001 03616161')).toBeUndefined();
    expect(offset('82ca0002 00000001 00000000')).toBe(12);
    expect(offset('81ca0002 00000001 01036161')).toBe(8);
    // a list of items that ends with the packet instead of a zero byte
    expect(offset('81ca0002 00000001 01026161')).toBeUndefined();
    expect(offset('81cc0001 00000001')).toBe(8);
    expect(offset('81ce0001 00000001')).toBe(8);
    expect(offset('a0c90001 00000000')).toBe(7);
    expect(offset('a0c90001 00000003')).toBe(7);
    expect(offset('a0c90001 00000008')).toBe(7);
    expect(offset('a0c90002 00000001 00000004')).toBeUndefined();
  });

  it('that cannot be built is refused', () => {
    const refused = (packet: RtcpPacket): void => {
      expect(() => serializeRtcp([packet])).toThrow(RangeError);
    };
    refused({ type: 'BYE', ssrcs: new Array<number>(32).fill(1) });
    refused({ type: 'BYE', ssrcs: [1], reason: new Uint8Array(256) });
    refused({ type: 'SDES', chunks: [{ ssrc: 1, items: [sdesItem('CNAME', 'x'.repeat(256))] }] });
    refused({ type: 'SDES', chunks: [{ ssrc: 1, items: [{ type: 0, value: new Uint8Array(1) }] }] });
    refused({ type: 'APP', subtype: 0, ssrc: 1, name: 'abc', data: new Uint8Array(0) });
    refused({ type: 'APP', subtype: 0, ssrc: 1, name: 'abcd', data: new Uint8Array(3) });
    refused({ type: 'PLI', senderSsrc: 1, mediaSsrc: 2, paddingBytes: 3 });
    refused({ type: 'PLI', senderSsrc: 1, mediaSsrc: 2, paddingBytes: 256 });
  });

  it('never makes the parser throw: random, truncated and mutated bytes; what is read can be written again', () => {
    const mutated = fc
      .tuple(anyCompound, fc.array(fc.tuple(fc.nat(200), u8), { maxLength: 3 }), fc.nat(300))
      .map(([packets, changes, length]) => {
        const bytes = serializeRtcp(packets);
        for (const [at, to] of changes) bytes[at % bytes.length] = to;
        return bytes.slice(0, length);
      });
    fc.assert(
      fc.property(fc.oneof(fc.uint8Array({ maxLength: 60 }), mutated), (bytes) => {
        const read = parseRtcp(bytes);
        if (!read.ok) expect(read.error.offset).toBeLessThanOrEqual(bytes.length);
        else {
          expect(parseRtcp(serializeRtcp(read.value))).toEqual(read);
          validateRtcp(read.value);
        }
      }),
      { numRuns: 2000 },
    );
  });

  it('is told what breaks a rule', () => {
    const rules = (packets: readonly RtcpPacket[], reducedSize?: boolean): string[] =>
      validateRtcp(packets, reducedSize).map(({ rule, where }) => `${where} ${rule}`);
    const rr: RtcpPacket = { type: 'RR', ssrc: 1, reports: [] };
    const sdes: RtcpPacket = { type: 'SDES', chunks: [{ ssrc: 1, items: [sdesItem('CNAME', 'a')] }] };
    const pli: RtcpPacket = { type: 'PLI', senderSsrc: 1, mediaSsrc: 2 };
    expect(rules([rr, sdes, pli])).toEqual([]);
    expect(rules(rtcpPackets)).toEqual([]);
    expect(rules([])).toEqual(['compound RFC 3550 6.1']);
    expect(rules([rr])).toEqual(['compound RFC 3550 6.1']);
    expect(rules([pli])).toEqual(['compound RFC 3550 6.1']);
    expect(rules([pli], true)).toEqual([]);
    expect(rules([rr, { ...sdes, paddingBytes: 4 }, pli])).toEqual(['SDES RFC 3550 6.4.1']);
    expect(rules([rr, sdes, { ...pli, paddingBytes: 4 }])).toEqual([]);
    expect(rules([{ type: 'NACK', senderSsrc: 1, mediaSsrc: 2, pairs: [] }], true)).toEqual([
      'NACK RFC 4585 6.2.1',
    ]);
    const fir = { type: 'FIR', senderSsrc: 1, mediaSsrc: 2, requests: [] } as const;
    expect(rules([fir], true)).toEqual(['FIR RFC 5104 4.3.1', 'FIR RFC 5104 4.3.1.2']);
    const twice = [sdesItem('CNAME', 'a'), sdesItem('CNAME', '')];
    expect(rules([rr, { type: 'SDES', chunks: [{ ssrc: 1, items: twice }] }])).toEqual([
      'SDES RFC 3550 6.5.1',
      'SDES RFC 3550 6.5.1',
    ]);
    expect(rules([rr, sdes, { type: 'BYE', ssrcs: [] }])).toEqual(['BYE RFC 3550 6.6']);
    const withContent = {
      type: 'PSFB',
      format: 1,
      senderSsrc: 1,
      mediaSsrc: 2,
      fci: new Uint8Array(4),
    } as const;
    expect(rules([withContent], true)).toEqual(['PSFB RFC 4585 6.3.1.2']);
  });

  it('shows in a line, and its texts as text', () => {
    expect(rtcpSummary(rtcpPackets)).toBe('SR RR SDES NACK PLI FIR PSFB/15 APP BYE');
    expect(cnameOf(rtcpPackets, 0x902f9e2e)).toBe('q7Zr+Wu1Oh4vLm2s');
    expect(cnameOf(rtcpPackets, 1)).toBeUndefined();
    expect(textOf(Uint8Array.of(0xc3, 0xa9, 0xff))).toBe('é\ufffd');
  });
});

describe('generic NACK', () => {
  it('names lost packets by pairs of a number and 16 bits (RFC 4585 6.2.1)', () => {
    expect(nackPairs([10, 11, 26, 27])).toEqual([
      { packetId: 10, lostAfter: 0x8001 },
      { packetId: 27, lostAfter: 0 },
    ]);
    expect(nackPairs([0xffff, 0])).toEqual([{ packetId: 0xffff, lostAfter: 1 }]);
  });

  it('gives back the numbers it was made of', () => {
    const ascending = fc
      .tuple(u16, fc.array(fc.integer({ min: 1, max: 40 }), { maxLength: 20 }))
      .map(([first, steps]) => {
        const lost = [first];
        for (const step of steps) lost.push(((lost[lost.length - 1] as number) + step) & 0xffff);
        return lost;
      });
    fc.assert(
      fc.property(ascending, (lost) => {
        expect(lostPackets(nackPairs(lost))).toEqual(lost);
      }),
    );
  });
});
