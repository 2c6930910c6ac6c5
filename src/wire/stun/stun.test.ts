import { createHmac } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { formatIp } from '../ip/index.js';
import vectors from './fixtures/rfc5769-stun.json' with { type: 'json' };
import { messageType, splitMessageType } from './header.js';
import {
  ATTRIBUTES,
  type AttributeName,
  attribute,
  checkFingerprint,
  checkIntegrity,
  checkIntegritySha256,
  coveredAttributes,
  longTermKey,
  longTermKeySha256,
  parseStun,
  type StunAttribute,
  type StunMessage,
  serializeStun,
  shortTermKey,
  unknownRequired,
  userHash,
  validateStun,
} from './index.js';

const fromHex = (hex: string) =>
  Uint8Array.from(hex.match(/../g) ?? [], (digits) => Number.parseInt(digits, 16));
const toHex = (bytes: Uint8Array) => Buffer.from(bytes).toString('hex');
const parse = (bytes: Uint8Array): StunMessage => {
  const read = parseStun(bytes);
  if (!read.ok) throw new Error(read.error.what);
  return read.value;
};
/** The message without the attributes the encoder computes. */
const bare = (message: StunMessage): StunMessage => ({
  ...message,
  attributes: message.attributes.filter(({ name }) => !/^(MESSAGE-INTEGRITY|FINGERPRINT)/.test(name)),
});

const u32 = fc.nat(0xffff_ffff);
const text = fc.string({ unit: 'grapheme', maxLength: 20 });
const bytes = fc.uint8Array({ maxLength: 40 });
const exactly = (length: number) => fc.uint8Array({ minLength: length, maxLength: length });
const ip = fc.oneof(exactly(4), exactly(16)).map(formatIp);
const passwordAlgorithm = fc.record({ number: fc.nat(0xffff), parameters: fc.uint8Array({ maxLength: 9 }) });
const byForm = {
  address: fc.record({ ip, port: fc.nat(0xffff) }),
  xorAddress: fc.record({ ip, port: fc.nat(0xffff) }),
  text: fc.record({ text }),
  bytes: fc.record({ bytes }),
  number: fc.record({ value: u32 }),
  tieBreaker: fc.record({ tieBreaker: exactly(8).map(toHex) }),
  flag: fc.constant({}),
  error: fc.record({ code: fc.nat(799), reason: text }),
  types: fc.record({ types: fc.array(fc.nat(0xffff), { maxLength: 4 }) }),
  channel: fc.record({ channel: fc.nat(0xffff) }),
  family: fc.record({ family: fc.constantFrom(4, 6) }),
  evenPort: fc.record({ reserveNext: fc.boolean() }),
  transport: fc.record({ protocol: fc.nat(255) }),
  token: fc.record({ token: exactly(8).map(toHex) }),
  addressError: fc.record({ family: fc.constantFrom(4, 6), code: fc.nat(799), reason: text }),
  icmp: fc.record({ icmpType: fc.nat(255), icmpCode: fc.nat(255), data: u32 }),
  algorithm: fc.record({ algorithm: passwordAlgorithm }),
  algorithms: fc.record({ algorithms: fc.array(passwordAlgorithm, { maxLength: 4 }) }),
} as const;
const knownTypes = new Set<number>(Object.values(ATTRIBUTES).map(([type]) => type));
const anyAttribute: fc.Arbitrary<StunAttribute> = fc.oneof(
  ...(Object.keys(ATTRIBUTES) as AttributeName[]).map((name) =>
    (byForm[ATTRIBUTES[name][1]] as fc.Arbitrary<object>).map(
      (value) => ({ name, ...value }) as StunAttribute,
    ),
  ),
  fc
    .tuple(
      fc.nat(0xffff).filter((type) => !knownTypes.has(type)),
      bytes,
    )
    .map(([type, value]): StunAttribute => ({ name: 'unknown', type, bytes: value })),
);
const anyMessage: fc.Arbitrary<StunMessage> = fc.record({
  class: fc.constantFrom('request' as const, 'indication' as const, 'success' as const, 'error' as const),
  method: fc.nat(0xfff),
  transactionId: exactly(12),
  attributes: fc.array(anyAttribute, { maxLength: 6 }),
});

describe('the vectors of RFC 5769', () => {
  it('are read to the values they are published with', () => {
    const [request, ipv4, ipv6] = vectors.cases;
    const sent = parse(fromHex(request?.hex as string));
    expect(sent).toMatchObject({ class: 'request', method: 1 });
    expect(toHex(sent.transactionId)).toBe(request?.transactionId);
    expect(attribute(sent, 'USERNAME')?.text).toBe(request?.username);
    expect(attribute(sent, 'PRIORITY')?.value).toBe(request?.priority);
    expect(attribute(sent, 'ICE-CONTROLLED')?.tieBreaker).toBe(request?.iceControlledTieBreaker);
    for (const vector of [ipv4, ipv6]) {
      const answer = parse(fromHex(vector?.hex as string));
      expect(answer).toMatchObject({ class: 'success', method: 1 });
      expect(attribute(answer, 'SOFTWARE')?.text).toBe(vector?.software);
      expect(attribute(answer, 'XOR-MAPPED-ADDRESS')).toMatchObject({
        ip: vector?.xorMappedAddress,
        port: vector?.port,
      });
    }
  });

  it('verify as received, and a changed byte anywhere is noticed', () => {
    for (const vector of vectors.cases) {
      const raw = fromHex(vector.hex);
      const key = shortTermKey(vector.password);
      expect(checkIntegrity(raw, key)).toBe('good');
      expect(checkFingerprint(raw)).toBe('good');
      expect(checkIntegrity(raw, shortTermKey('wrong'))).toBe('bad');
      for (let at = 0; at < raw.length; at += 1) {
        const changed = raw.slice();
        changed[at] = (changed[at] as number) ^ 1;
        expect(checkFingerprint(changed), `byte ${at}`).not.toBe('good');
        // The HMAC covers what stands before the fingerprint, with a length field of its own.
        const covered = at < raw.length - 8 && at !== 2 && at !== 3;
        if (covered) expect(checkIntegrity(changed, key), `byte ${at}`).not.toBe('good');
      }
    }
  });

  it('are written again, byte for byte but for the padding that RFC 5769 fills with spaces', () => {
    for (const vector of vectors.cases) {
      const raw = fromHex(vector.hex);
      const read = parse(raw);
      const written = serializeStun(bare(read), {
        integrityKey: shortTermKey(vector.password),
        fingerprint: true,
      });
      expect(written.length).toBe(raw.length);
      expect(bare(parse(written))).toEqual(bare(read));
      expect(checkIntegrity(written, shortTermKey(vector.password))).toBe('good');
      // Without computing anything anew, only padding differs.
      const copied = serializeStun(read);
      const differing = raw.filter((byte, i) => byte !== copied[i]);
      expect([...new Set(differing)]).toEqual([0x20]);
    }
    const { longTerm } = vectors;
    const key = longTermKey(longTerm.username, longTerm.realm, longTerm.password);
    const raw = fromHex(longTerm.hex);
    expect(checkIntegrity(raw, key)).toBe('good');
    expect(checkFingerprint(raw)).toBe('absent');
    expect(attribute(parse(raw), 'USERNAME')?.text).toBe(longTerm.username);
    expect(attribute(parse(raw), 'NONCE')?.text).toBe(longTerm.nonce);
    expect(toHex(serializeStun(bare(parse(raw)), { integrityKey: key }))).toBe(longTerm.hex);
  });
});

describe('a Binding request of ICE', () => {
  it('has the bytes another implementation computed', () => {
    const written = serializeStun(
      {
        class: 'request',
        method: 1,
        transactionId: fromHex('b7e7a701bc34d686fa87dfae'),
        attributes: [
          { name: 'USERNAME', text: 'agwU:wicU' },
          { name: 'PRIORITY', value: 0x6e0001ff },
          { name: 'ICE-CONTROLLING', tieBreaker: '932ff9b151263b36' },
          { name: 'USE-CANDIDATE' },
        ],
      },
      { integrityKey: shortTermKey('VOkJxbRl1RmTxUk/WvJxBt'), fingerprint: true },
    );
    expect(toHex(written)).toBe(
      '000100482112a442b7e7a701bc34d686fa87dfae00060009616777553a77696355000000002400046e0001ff' +
        '802a0008932ff9b151263b3600250000000800142e875b5648cb24f55c9a4be9a3b27c69749b1db18028000471138ce2',
    );
  });
});

describe('STUN messages', () => {
  it('come back from their bytes', () => {
    fc.assert(
      fc.property(anyMessage, (message) => {
        expect(parseStun(serializeStun(message))).toEqual({ ok: true, value: message });
      }),
      { numRuns: 500 },
    );
  });

  it('pass their own checks under any combination of protections, and no other key', () => {
    fc.assert(
      fc.property(
        anyMessage,
        exactly(16),
        fc.boolean(),
        fc.boolean(),
        fc.boolean(),
        (any, key, one, two, print) => {
          const message = bare(any);
          const written = serializeStun(message, {
            ...(one && { integrityKey: key }),
            ...(two && { integritySha256Key: key }),
            fingerprint: print,
          });
          expect(bare(parse(written))).toEqual(message);
          expect(checkIntegrity(written, key)).toBe(one ? 'good' : 'absent');
          expect(checkIntegritySha256(written, key)).toBe(two ? 'good' : 'absent');
          expect(checkFingerprint(written)).toBe(print ? 'good' : 'absent');
          const other = key.map((byte) => byte ^ 1);
          if (one) expect(checkIntegrity(written, other)).toBe('bad');
          if (two) expect(checkIntegritySha256(written, other)).toBe('bad');
        },
      ),
    );
  });

  it('carry an HMAC-SHA256 over the length up to its end, and shorter ones only where allowed (RFC 8489 14.6)', () => {
    const message: StunMessage = {
      class: 'request',
      method: 1,
      transactionId: new Uint8Array(12),
      attributes: [],
    };
    const key = longTermKeySha256('user', 'realm', 'pass');
    const header = Buffer.from(`00010024${'2112a442'}${'00'.repeat(12)}`, 'hex');
    const mac = createHmac('sha256', key).update(header).digest();
    const written = serializeStun(message, { integritySha256Key: key, fingerprint: true });
    expect(attribute(parse(written), 'MESSAGE-INTEGRITY-SHA256')?.bytes).toEqual(new Uint8Array(mac));
    header[3] = 0x14;
    const short = new Uint8Array(createHmac('sha256', key).update(header).digest()).subarray(0, 16);
    const truncated = serializeStun({
      ...message,
      attributes: [{ name: 'MESSAGE-INTEGRITY-SHA256', bytes: short }],
    });
    expect(checkIntegritySha256(truncated, key)).toBe('bad');
    expect(checkIntegritySha256(truncated, key, 16)).toBe('good');
  });

  it('have types whose class bits stand between the method bits (RFC 8489 5)', () => {
    expect(messageType('request', 1)).toBe(0x0001);
    expect(messageType('indication', 1)).toBe(0x0011);
    expect(messageType('success', 1)).toBe(0x0101);
    expect(messageType('error', 1)).toBe(0x0111);
    for (let type = 0; type < 0x4000; type += 1) {
      const { class: messageClass, method } = splitMessageType(type);
      expect(messageType(messageClass, method)).toBe(type);
    }
  });

  it('name the unknown attributes that must be understood, and what is malformed', () => {
    const raw = serializeStun({
      class: 'request',
      method: 1,
      transactionId: new Uint8Array(12),
      attributes: [
        { name: 'unknown', type: 0x0030, bytes: Uint8Array.of(1) },
        { name: 'unknown', type: 0x8031, bytes: Uint8Array.of(1) },
        { name: 'unknown', type: 0x0024, bytes: Uint8Array.of(1, 2, 3) },
        { name: 'FINGERPRINT', value: 0 },
        { name: 'ICE-CONTROLLED', tieBreaker: '0000000000000001' },
        { name: 'ICE-CONTROLLING', tieBreaker: '0000000000000002' },
      ],
    });
    const message = parse(raw);
    expect(unknownRequired(message)).toEqual([0x0030]);
    expect(validateStun(message).map(({ where }) => where)).toEqual([
      'PRIORITY',
      'FINGERPRINT',
      'ICE-CONTROLLING',
    ]);
    expect(checkFingerprint(raw)).toBe('bad');
    const response: StunMessage = { ...message, class: 'error', attributes: [] };
    expect(validateStun(response).map(({ where }) => where)).toEqual(['ERROR-CODE']);
    const odd: StunMessage = { ...response, attributes: [{ name: 'ERROR-CODE', code: 200, reason: '' }] };
    expect(validateStun(odd).map(({ rule }) => rule)).toEqual(['RFC 8489 14.8']);
  });

  it('vouch for the attributes before the integrity only (RFC 8489 14.5)', () => {
    const message: StunMessage = {
      class: 'request',
      method: 1,
      transactionId: new Uint8Array(12),
      attributes: [
        { name: 'USERNAME', text: 'a' },
        { name: 'MESSAGE-INTEGRITY', bytes: new Uint8Array(20) },
        { name: 'USE-CANDIDATE' },
      ],
    };
    expect(coveredAttributes(message)).toEqual([{ name: 'USERNAME', text: 'a' }]);
    expect(coveredAttributes({ ...message, attributes: [{ name: 'USE-CANDIDATE' }] })).toHaveLength(1);
  });

  it('hide a user name as RFC 8489 B.1 does', () => {
    expect(toHex(userHash('マトリックス', 'example.org'))).toBe(
      '4a3cf38fef6992bda952c6780417da0f24819415569e60b205c46e41407f1704',
    );
  });

  it('are refused with the offset of what is wrong', () => {
    const offset = (hex: string) => {
      const read = parseStun(fromHex(hex));
      return read.ok ? undefined : read.error.offset;
    };
    const rest = '000102030405060708090a0b';
    expect(offset(`000100002112a442${rest}`)).toBeUndefined();
    expect(offset('0001')).toBe(2);
    expect(offset(`400100002112a442${rest}`)).toBe(0);
    expect(offset(`000100022112a442${rest}0000`)).toBe(2);
    expect(offset(`000100042112a442${rest}`)).toBe(2);
    expect(offset(`000100002112a443${rest}`)).toBe(4);
    expect(offset(`000100042112a442${rest}00060001`)).toBe(22);
  });

  it('never make the parser or the checks throw: random, truncated and mutated bytes', () => {
    const mutated = fc
      .tuple(
        anyMessage,
        fc.array(fc.tuple(fc.nat(120), fc.nat(255)), { maxLength: 3 }),
        fc.nat(200),
        fc.boolean(),
      )
      .map(([message, changes, length, cut]) => {
        const data = serializeStun(message, { integrityKey: Uint8Array.of(1), fingerprint: true });
        for (const [at, to] of changes) data[at % data.length] = to;
        return cut ? data.slice(0, length) : data;
      });
    fc.assert(
      fc.property(fc.oneof(fc.uint8Array({ maxLength: 80 }), mutated), (data) => {
        const read = parseStun(data);
        if (read.ok) {
          validateStun(read.value);
          expect(parseStun(serializeStun(read.value))).toEqual(read);
        } else expect(read.error.offset).toBeLessThanOrEqual(data.length);
        checkIntegrity(data, Uint8Array.of(1));
        checkIntegritySha256(data, Uint8Array.of(1));
        checkFingerprint(data);
      }),
      { numRuns: 1000 },
    );
  });
});
