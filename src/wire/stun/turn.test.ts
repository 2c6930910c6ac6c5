import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  isChannelData,
  PASSWORD_ALGORITHM,
  parseChannelData,
  parseStun,
  type StunAttribute,
  StunStreamParser,
  serializeChannelData,
  serializeStun,
  unknownRequired,
  validateStun,
} from './index.js';

const toHex = (bytes: Uint8Array) => Buffer.from(bytes).toString('hex');
const fromHex = (hex: string) => new Uint8Array(Buffer.from(hex, 'hex'));
const transactionId = new Uint8Array(12);
const message = (...attributes: StunAttribute[]) =>
  serializeStun({ class: 'request', method: 3, transactionId, attributes });
const attributeHex = (attribute: StunAttribute) => toHex(message(attribute)).slice(40);
const readBack = (hex: string) => {
  const length = (hex.length / 2).toString(16).padStart(4, '0');
  const read = parseStun(fromHex(`0003${length}2112a442${'00'.repeat(12)}${hex}`));
  return read.ok ? read.value : undefined;
};

describe('an attribute of TURN', () => {
  it.each([
    [{ name: 'CHANNEL-NUMBER', channel: 0x4001 }, '000c000440010000'],
    [{ name: 'LIFETIME', value: 600 }, '000d000400000258'],
    // 192.0.2.1 and port 32853 masked with the cookie, as in RFC 5769 2.2.
    [{ name: 'XOR-PEER-ADDRESS', ip: '192.0.2.1', port: 32853 }, '001200080001a147e112a643'],
    [{ name: 'DATA', bytes: Uint8Array.of(1, 2, 3, 4, 5) }, '001300050102030405000000'],
    [{ name: 'XOR-RELAYED-ADDRESS', ip: '192.0.2.1', port: 32853 }, '001600080001a147e112a643'],
    [{ name: 'REQUESTED-ADDRESS-FAMILY', family: 6 }, '0017000402000000'],
    [{ name: 'EVEN-PORT', reserveNext: true }, '0018000180000000'],
    [{ name: 'EVEN-PORT', reserveNext: false }, '0018000100000000'],
    [{ name: 'REQUESTED-TRANSPORT', protocol: 17 }, '0019000411000000'],
    [{ name: 'DONT-FRAGMENT' }, '001a0000'],
    [{ name: 'RESERVATION-TOKEN', token: '0123456789abcdef' }, '002200080123456789abcdef'],
    [{ name: 'ADDITIONAL-ADDRESS-FAMILY', family: 6 }, '8000000402000000'],
    [{ name: 'ADDRESS-ERROR-CODE', family: 6, code: 440, reason: 'no' }, '80010006020004286e6f0000'],
    [{ name: 'ICMP', icmpType: 3, icmpCode: 4, data: 1280 }, '800400080000030400000500'],
    [{ name: 'MOBILITY-TICKET', bytes: Uint8Array.of(1, 2, 3, 4) }, '8030000401020304'],
  ] satisfies [StunAttribute, string][])('%o stands as RFC 8656 18 draws it', (attribute, hex) => {
    expect(attributeHex(attribute)).toBe(hex);
    expect(readBack(hex)?.attributes).toEqual([attribute]);
  });

  it('is read whatever its reserved bits are (RFC 8656 18)', () => {
    expect(readBack('000c00044001ffff')?.attributes).toEqual([{ name: 'CHANNEL-NUMBER', channel: 0x4001 }]);
    expect(readBack('00180001ff000000')?.attributes).toEqual([{ name: 'EVEN-PORT', reserveNext: true }]);
    expect(readBack('001900041112ffff')?.attributes).toEqual([{ name: 'REQUESTED-TRANSPORT', protocol: 17 }]);
    expect(readBack('0017000401ffffff')?.attributes).toEqual([
      { name: 'REQUESTED-ADDRESS-FAMILY', family: 4 },
    ]);
  });

  it.each([
    ['a channel number of three bytes', '000c000340010000', 'CHANNEL-NUMBER'],
    ['a transport of no bytes', '00190000', 'REQUESTED-TRANSPORT'],
    ['a family that is none', '0017000403000000', 'REQUESTED-ADDRESS-FAMILY'],
    ['an EVEN-PORT of four bytes', '0018000480000000', 'EVEN-PORT'],
    ['a token of four bytes', '0022000401020304', 'RESERVATION-TOKEN'],
    ['DONT-FRAGMENT with a value', '001a000101000000', 'DONT-FRAGMENT'],
    ['parameters beyond their attribute', '001d000400010008', 'PASSWORD-ALGORITHM'],
    ['two algorithms where there is one', '001d00080001000000020000', 'PASSWORD-ALGORITHM'],
  ])('with %s is kept as bytes, and validation names it', (_, hex, name) => {
    const read = readBack(hex);
    expect(read?.attributes).toMatchObject([{ name: 'unknown' }]);
    expect(read && validateStun(read).map(({ where }) => where)).toEqual([name]);
    // known to the codec, so that it is no reason for 420
    expect(read && unknownRequired(read)).toEqual([]);
  });

  it('PASSWORD-ALGORITHMS is a list whose parameters are padded (RFC 8489 14.11)', () => {
    const none = new Uint8Array();
    const both: StunAttribute = {
      name: 'PASSWORD-ALGORITHMS',
      algorithms: [
        { number: PASSWORD_ALGORITHM.sha256, parameters: none },
        { number: PASSWORD_ALGORITHM.md5, parameters: none },
      ],
    };
    expect(attributeHex(both)).toBe('800200080002000000010000');
    const odd: StunAttribute = {
      name: 'PASSWORD-ALGORITHM',
      algorithm: { number: 9, parameters: Uint8Array.of(7) },
    };
    expect(attributeHex(odd)).toBe('001d00080009000107000000');
    expect(readBack('001d00050009000107000000')?.attributes).toEqual([odd]);
  });
});

const channel = fc.integer({ min: 0x4000, max: 0x4fff });
const payload = fc.uint8Array({ maxLength: 50 });

describe('ChannelData', () => {
  it('has four bytes of header, and is padded where that is wanted (RFC 8656 12.4, 12.5)', () => {
    const data = Uint8Array.of(1, 2, 3, 4, 5);
    expect(toHex(serializeChannelData(0x4001, data))).toBe('400100050102030405');
    expect(toHex(serializeChannelData(0x4001, data, true))).toBe('400100050102030405000000');
    expect(toHex(serializeChannelData(0x4001, new Uint8Array()))).toBe('40010000');
  });

  it('comes back from its bytes, padded or not', () => {
    fc.assert(
      fc.property(channel, payload, fc.boolean(), (number, data, padded) => {
        const bytes = serializeChannelData(number, data, padded);
        expect(isChannelData(bytes)).toBe(true);
        expect(padded ? bytes.length % 4 : bytes.length - data.length).toBe(padded ? 0 : 4);
        expect(parseChannelData(bytes)).toEqual({ ok: true, value: { channel: number, data } });
      }),
    );
  });

  it('is refused with a reserved channel or when it is cut short, and its parser never throws', () => {
    const offset = (hex: string) => {
      const read = parseChannelData(fromHex(hex));
      return read.ok ? undefined : read.error.offset;
    };
    expect(offset('4000000101')).toBeUndefined();
    expect(offset('4fff0000')).toBeUndefined();
    expect(offset('3fff0000')).toBe(0);
    expect(offset('50000000')).toBe(0);
    expect(offset('4000000201')).toBe(2);
    expect(offset('4000')).toBe(2);
    fc.assert(
      fc.property(payload, (bytes) => {
        expect(typeof parseChannelData(bytes).ok).toBe('boolean');
      }),
    );
    expect(() => serializeChannelData(0x4000, new Uint8Array(0x1_0000))).toThrow(RangeError);
  });
});

const frame = fc.oneof(
  fc.tuple(channel, payload).map(([number, data]) => serializeChannelData(number, data, true)),
  payload.map((bytes) => message({ name: 'DATA', bytes })),
);

describe('a stream of STUN and ChannelData', () => {
  it('falls into the same messages however it is cut (RFC 8489 6.2.2, RFC 8656 12.5)', () => {
    fc.assert(
      fc.property(fc.array(frame, { maxLength: 6 }), fc.array(fc.nat(40)), (frames, cuts) => {
        const bytes = Uint8Array.from(frames.flatMap((one) => [...one]));
        const parser = new StunStreamParser();
        const got: string[] = [];
        let at = 0;
        for (const size of [...cuts, bytes.length]) {
          const read = parser.push(bytes.slice(at, at + size));
          expect(read.error).toBeUndefined();
          got.push(...read.frames.map(toHex));
          at += size;
        }
        expect(got).toEqual(frames.map(toHex));
      }),
    );
  });

  it('ends with an error where neither begins, at its offset in the stream', () => {
    const parser = new StunStreamParser();
    const first = serializeChannelData(0x4001, Uint8Array.of(1), true);
    expect(parser.push(first).frames).toHaveLength(1);
    const { frames, error } = parser.push(fromHex('40010000800000001'.padEnd(18, '0')));
    expect(frames).toHaveLength(1);
    expect(error?.offset).toBe(12);
    expect(parser.push(first)).toEqual({ frames: [] });
    expect(new StunStreamParser().push(fromHex('00010003')).error?.offset).toBe(2);
  });

  it('never makes the parser throw', () => {
    fc.assert(
      fc.property(fc.array(fc.uint8Array({ maxLength: 60 }), { maxLength: 4 }), (parts) => {
        const parser = new StunStreamParser();
        for (const part of parts) for (const one of parser.push(part).frames) parseStun(one);
      }),
    );
  });
});
