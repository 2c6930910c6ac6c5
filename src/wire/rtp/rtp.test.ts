import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  demux,
  demuxPacket,
  isRtcp,
  parseRtp,
  type RtpPacket,
  rtpHeaderBytes,
  rtpSequenceNumber,
  rtpSsrc,
  rtpTimestamp,
  serializeRtp,
} from './index.js';

const fromHex = (hex: string) =>
  Uint8Array.from(hex.match(/../g) ?? [], (digits) => Number.parseInt(digits, 16));
const u32 = fc.nat(0xffff_ffff);
const extension = fc.record({
  profile: fc.nat(0xffff),
  data: fc.nat(5).chain((words) => fc.uint8Array({ minLength: 4 * words, maxLength: 4 * words })),
});
const anyPacket: fc.Arbitrary<RtpPacket> = fc
  .record({
    marker: fc.boolean(),
    payloadType: fc.nat(127),
    sequenceNumber: fc.nat(0xffff),
    timestamp: u32,
    ssrc: u32,
    csrcs: fc.array(u32, { maxLength: 15 }),
    extension: fc.option(extension, { nil: undefined }),
    payload: fc.uint8Array({ maxLength: 50 }),
    paddingBytes: fc.oneof(fc.constant(0), fc.nat(255)),
  })
  .map(({ extension, ...rest }) => (extension ? { ...rest, extension } : rest));
const plain: RtpPacket = {
  marker: true,
  payloadType: 111,
  sequenceNumber: 0x1234,
  timestamp: 0x89abcdef,
  ssrc: 0xdeadbeef,
  csrcs: [1],
  extension: { profile: 0xbede, data: Uint8Array.of(0x10, 0xff, 0, 0) },
  payload: Uint8Array.of(7, 8),
  paddingBytes: 2,
};

describe('RTP packets', () => {
  it('have the layout of RFC 3550 5.1 and 5.3.1', () => {
    expect(serializeRtp(plain)).toEqual(fromHex('b1ef123489abcdefdeadbeef00000001bede000110ff000007080002'));
  });

  it('come back from their bytes', () => {
    fc.assert(
      fc.property(anyPacket, (packet) => {
        expect(parseRtp(serializeRtp(packet))).toEqual({ ok: true, value: packet });
      }),
    );
  });

  it('give their single fields without a packet object, and no header length where the parser sees none', () => {
    fc.assert(
      fc.property(anyPacket, fc.nat(90), (packet, cut) => {
        const bytes = serializeRtp(packet);
        expect(rtpHeaderBytes(bytes)).toBe(bytes.length - packet.payload.length - packet.paddingBytes);
        expect(rtpSequenceNumber(bytes)).toBe(packet.sequenceNumber);
        expect(rtpTimestamp(bytes)).toBe(packet.timestamp);
        expect(rtpSsrc(bytes)).toBe(packet.ssrc);
        const end = Math.min(cut, bytes.length);
        const fits = rtpHeaderBytes(bytes) <= end;
        expect(rtpHeaderBytes(bytes, end)).toBe(fits ? rtpHeaderBytes(bytes) : -1);
      }),
    );
  });

  it('are refused where the header does not fit, with the offset', () => {
    const offset = (hex: string) => {
      const read = parseRtp(fromHex(hex));
      return read.ok ? undefined : read.error.offset;
    };
    const rest = '6f0001000000000000000001';
    expect(offset(`80${rest.slice(0, 20)}`)).toBe(11);
    expect(offset(`80${rest.slice(0, 22)}`)).toBeUndefined();
    expect(offset(`40${rest}`)).toBe(0);
    expect(offset(`81${rest}`)).toBe(13);
    expect(offset(`90${rest}`)).toBe(13);
    expect(offset(`90${rest.slice(0, 22)}bede0001`)).toBe(14);
    expect(offset(`a0${rest.slice(0, 22)}0000`)).toBe(13);
    expect(offset(`a0${rest.slice(0, 22)}0003`)).toBe(13);
    expect(offset(`a0${rest.slice(0, 22)}0002`)).toBeUndefined();
  });

  it('that cannot be built are refused', () => {
    expect(() => serializeRtp({ ...plain, csrcs: new Array(16).fill(0) })).toThrow(RangeError);
    expect(() => serializeRtp({ ...plain, paddingBytes: 256 })).toThrow(RangeError);
    expect(() => serializeRtp({ ...plain, extension: { profile: 0, data: new Uint8Array(3) } })).toThrow(
      RangeError,
    );
  });

  it('never make the parser throw: random, truncated and mutated bytes; what is read can be written again', () => {
    const mutated = fc
      .tuple(anyPacket, fc.array(fc.tuple(fc.nat(60), fc.nat(255)), { maxLength: 3 }), fc.nat(150))
      .map(([packet, changes, length]) => {
        const data = serializeRtp(packet);
        for (const [at, to] of changes) data[at % data.length] = to;
        return data.slice(0, length);
      });
    fc.assert(
      fc.property(fc.oneof(fc.uint8Array({ maxLength: 80 }), mutated), (data) => {
        const read = parseRtp(data);
        if (read.ok) expect(parseRtp(serializeRtp(read.value))).toEqual(read);
        else expect(read.error.offset).toBeLessThanOrEqual(data.length);
      }),
      { numRuns: 1000 },
    );
  });
});

describe('the demultiplexer', () => {
  it('gives every first byte its range of RFC 7983 7', () => {
    const ranges: string[] = [];
    for (let byte = 0; byte < 256; byte += 1) {
      const protocol = demux(byte);
      if (!ranges[ranges.length - 1]?.startsWith(`${protocol} `)) ranges.push(`${protocol} ${byte}`);
    }
    expect(ranges).toEqual([
      'stun 0',
      'drop 4',
      'zrtp 16',
      'dtls 20',
      'turnChannel 64',
      'drop 80',
      'rtp 128',
      'drop 192',
    ]);
    expect(demux(undefined)).toBe('drop');
  });

  it('tells RTCP from RTP by the second byte (RFC 5761 4)', () => {
    expect([191, 192, 200, 223, 224, undefined].map(isRtcp)).toEqual([false, true, true, true, false, false]);
  });

  it('tells what shares a port with rtcp-mux', () => {
    const protocols = [[0x80, 111], [0x80, 200], [0x80], [0x16, 200], [0x00, 0x01], [0xff], []].map((bytes) =>
      demuxPacket(Uint8Array.from(bytes)),
    );
    expect(protocols).toEqual(['rtp', 'rtcp', 'rtp', 'dtls', 'stun', 'drop', 'drop']);
  });
});
