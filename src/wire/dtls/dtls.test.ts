import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { toHex } from '../../crypto/index.js';
import {
  ALERT,
  alertName,
  type Extension,
  HANDSHAKE_TYPE,
  type HandshakeMessage,
  parseAlert,
  parseHandshakeBody,
  parseHandshakeFragments,
  parseRecords,
  SRTP_PROFILES,
  serializeAlert,
  serializeHandshakeBody,
  serializeHandshakeFragment,
  serializeRecord,
  srtpProfileOf,
  validateHandshake,
} from './index.js';

const u8 = fc.nat(0xff);
const u16 = fc.nat(0xffff);
const some = fc.uint8Array({ maxLength: 70 });
const random = fc.uint8Array({ minLength: 32, maxLength: 32 });
const numbers = fc.array(u16, { maxLength: 8 });

const known = [10, 11, 13, 14, 23, 0xff01];
const extension: fc.Arbitrary<Extension> = fc.oneof(
  fc.record({ name: fc.constant('supported_groups' as const), groups: numbers }),
  fc.record({ name: fc.constant('ec_point_formats' as const), formats: fc.array(u8, { maxLength: 4 }) }),
  fc.record({ name: fc.constant('signature_algorithms' as const), algorithms: numbers }),
  fc.record({ name: fc.constant('use_srtp' as const), profiles: numbers, mki: some }),
  fc.record({ name: fc.constant('extended_master_secret' as const) }),
  fc.record({ name: fc.constant('renegotiation_info' as const), renegotiatedConnection: some }),
  fc.record({
    name: fc.constant('unknown' as const),
    type: u16.filter((one) => !known.includes(one)),
    data: some,
  }),
);
const extensions = fc.option(fc.array(extension, { maxLength: 6 }), { nil: undefined });
const hello = { version: u16, random, sessionId: some };
const type = <T extends HandshakeMessage['type']>(name: T) => fc.constant(name);

const message: fc.Arbitrary<HandshakeMessage> = fc
  .oneof(
    fc.record({ type: type('helloRequest') }),
    fc.record({
      type: type('clientHello'),
      ...hello,
      cookie: some,
      cipherSuites: numbers,
      compressionMethods: fc.array(u8, { maxLength: 4 }),
      extensions,
    }),
    fc.record({ type: type('serverHello'), ...hello, cipherSuite: u16, compressionMethod: u8, extensions }),
    fc.record({ type: type('helloVerifyRequest'), version: u16, cookie: some }),
    fc.record({ type: type('certificate'), certificates: fc.array(some, { maxLength: 3 }) }),
    fc.record({
      type: type('serverKeyExchange'),
      namedCurve: u16,
      publicKey: some,
      signatureAlgorithm: u16,
      signature: some,
    }),
    fc.record({
      type: type('certificateRequest'),
      certificateTypes: fc.array(u8, { maxLength: 4 }),
      signatureAlgorithms: numbers,
      certificateAuthorities: fc.array(some, { maxLength: 3 }),
    }),
    fc.record({ type: type('serverHelloDone') }),
    fc.record({ type: type('certificateVerify'), signatureAlgorithm: u16, signature: some }),
    fc.record({ type: type('clientKeyExchange'), publicKey: some }),
    fc.record({ type: type('finished'), verifyData: some }),
  )
  .map((one) => {
    // an absent list of extensions is an absent property
    if ('extensions' in one && one.extensions === undefined) {
      const { extensions: _, ...rest } = one;
      return rest as HandshakeMessage;
    }
    return one as HandshakeMessage;
  });

describe('the DTLS codec', () => {
  it('reads back every handshake message it writes', () => {
    fc.assert(
      fc.property(message, (one) => {
        expect(parseHandshakeBody(HANDSHAKE_TYPE[one.type], serializeHandshakeBody(one))).toEqual({
          ok: true,
          value: one,
        });
      }),
      { numRuns: 1000 },
    );
  });

  it('reads no message that was cut short, and none with bytes behind it', () => {
    fc.assert(
      fc.property(message, fc.nat(), (one, where) => {
        // the length of a Finished is the message's
        fc.pre(one.type !== 'finished');
        const bytes = serializeHandshakeBody(one);
        const number = HANDSHAKE_TYPE[one.type];
        const beyond = Uint8Array.of(...bytes, 0);
        const after = parseHandshakeBody(number, beyond);
        expect(after.ok).toBe(false);
        if (bytes.length === 0) return;
        const cut = parseHandshakeBody(number, bytes.subarray(0, where % bytes.length));
        // a hello may end before its extensions
        if (cut.ok) expect('extensions' in one && !('extensions' in cut.value)).toBe(true);
        else expect(cut.error.offset).toBeLessThanOrEqual(bytes.length);
      }),
      { numRuns: 1000 },
    );
  });

  it('never throws on any bytes, and writes again what it has read', () => {
    fc.assert(
      fc.property(u8, fc.uint8Array({ maxLength: 200 }), (number, bytes) => {
        const read = parseHandshakeBody(number, bytes);
        if (read.ok) {
          expect(toHex(serializeHandshakeBody(read.value))).toBe(toHex(bytes));
          validateHandshake(read.value);
        }
        parseHandshakeFragments(bytes);
        parseRecords(bytes);
        parseAlert(bytes);
      }),
      { numRuns: 3000 },
    );
  });

  it('reads back the records of a datagram, and those before a broken one', () => {
    const record = fc.record({
      contentType: u8,
      version: u16,
      epoch: u16,
      sequenceNumber: fc.maxSafeNat().map((one) => one % 2 ** 48),
      fragment: some,
    });
    fc.assert(
      fc.property(
        fc.array(record, { minLength: 1, maxLength: 4 }),
        fc.integer({ min: 1, max: 12 }),
        (records, extra) => {
          const whole = records.flatMap((one) => [...serializeRecord(one)]);
          expect(parseRecords(Uint8Array.from(whole))).toEqual({ records });
          const broken = parseRecords(Uint8Array.of(...whole, ...new Uint8Array(extra)));
          expect(broken.records).toEqual(records);
          expect(broken.error?.what).toBe('record header is truncated');
        },
      ),
    );
    expect(() =>
      serializeRecord({
        contentType: 22,
        version: 0,
        epoch: 0,
        sequenceNumber: 0,
        fragment: new Uint8Array(65_536),
      }),
    ).toThrow(RangeError);
  });

  it('reads back the fragments of a record, and refuses those that reach beyond their message', () => {
    const fragment = fc
      .record({
        messageType: u8,
        messageSeq: u16,
        fragmentOffset: fc.nat(0xfffff),
        fragment: some,
        rest: fc.nat(99),
      })
      .map(({ rest, ...one }) => ({ ...one, length: one.fragmentOffset + one.fragment.length + rest }));
    fc.assert(
      fc.property(fc.array(fragment, { minLength: 1, maxLength: 4 }), (fragments) => {
        const whole = fragments.flatMap((one) => [...serializeHandshakeFragment(one)]);
        expect(parseHandshakeFragments(Uint8Array.from(whole))).toEqual({ ok: true, value: fragments });
      }),
    );
    const beyond = {
      messageType: 1,
      messageSeq: 0,
      length: 4,
      fragmentOffset: 2,
      fragment: new Uint8Array(3),
    };
    expect(parseHandshakeFragments(serializeHandshakeFragment(beyond)).ok).toBe(false);
  });

  it('lays out a record and a fragment as RFC 6347 4.1 and 4.2.2 have them', () => {
    const fragment = { messageType: 1, length: 0x010203, messageSeq: 0x0405, fragmentOffset: 0x0102 };
    const content = serializeHandshakeFragment({ ...fragment, fragment: Uint8Array.of(0xaa) });
    expect(toHex(content)).toBe('01010203040500010200' + '0001' + 'aa');
    const header = { contentType: 22, version: 0xfefd, epoch: 1, sequenceNumber: 0x0102_0304_0506 };
    expect(toHex(serializeRecord({ ...header, fragment: Uint8Array.of(7) }))).toBe(
      '16fefd000101020304050600' + '01' + '07',
    );
  });

  it('refuses a key exchange that is not over a named curve', () => {
    const bytes = Uint8Array.of(1, 0, 23, 1, 4, 4, 3, 0, 0);
    expect(parseHandshakeBody(HANDSHAKE_TYPE.serverKeyExchange, bytes)).toMatchObject({ ok: false });
  });
});

describe('the validator', () => {
  const good: Extract<HandshakeMessage, { type: 'clientHello' }> = {
    type: 'clientHello',
    version: 0xfefd,
    random: new Uint8Array(32),
    sessionId: new Uint8Array(0),
    cookie: new Uint8Array(0),
    cipherSuites: [0xc02b],
    compressionMethods: [0],
    extensions: [{ name: 'ec_point_formats', formats: [0] }],
  };

  it('names each rule that a ClientHello breaks', () => {
    const rules = (change: Partial<typeof good>) =>
      validateHandshake({ ...good, ...change }).map(({ where }) => where);
    expect(rules({})).toEqual([]);
    expect(rules({ cipherSuites: [] })).toEqual(['cipher_suites']);
    expect(rules({ compressionMethods: [1] })).toEqual(['compression_methods']);
    expect(rules({ sessionId: new Uint8Array(33) })).toEqual(['session_id']);
    expect(rules({ extensions: [{ name: 'ec_point_formats', formats: [1] }] })).toEqual(['ec_point_formats']);
    expect(rules({ extensions: [{ name: 'use_srtp', profiles: [], mki: new Uint8Array(0) }] })).toEqual([
      'use_srtp',
    ]);
    const twice: Extension = { name: 'unknown', type: 99, data: new Uint8Array(0) };
    expect(rules({ extensions: [twice, twice] })).toEqual(['extensions']);
  });

  it('names each rule that another message breaks', () => {
    const { cookie: _c, cipherSuites: _s, compressionMethods: _m, ...rest } = good;
    const hello: HandshakeMessage = { ...rest, type: 'serverHello', cipherSuite: 1, compressionMethod: 0 };
    const twoProfiles: Extension = { name: 'use_srtp', profiles: [1, 2], mki: new Uint8Array(0) };
    const where = (one: HandshakeMessage) => validateHandshake(one).map((finding) => finding.where);
    expect(where(hello)).toEqual([]);
    expect(where({ ...hello, compressionMethod: 1 })).toEqual(['compression_method']);
    expect(where({ ...hello, extensions: [twoProfiles] })).toEqual(['use_srtp']);
    expect(where({ type: 'finished', verifyData: new Uint8Array(11) })).toEqual(['verify_data']);
    const request = { certificateTypes: [], signatureAlgorithms: [], certificateAuthorities: [] };
    expect(where({ type: 'certificateRequest', ...request })).toEqual(['certificate_types']);
  });
});

describe('names', () => {
  it('lead from alerts and SRTP profiles to numbers and back', () => {
    for (const [name, number] of Object.entries(ALERT)) expect(alertName(number)).toBe(name);
    expect(alertName(255)).toBe('alert 255');
    for (const [name, { code }] of Object.entries(SRTP_PROFILES)) expect(srtpProfileOf(code)).toBe(name);
    expect(srtpProfileOf(0x1234)).toBeUndefined();
    expect(parseAlert(serializeAlert({ level: 2, description: 40 }))).toEqual({
      ok: true,
      value: { level: 2, description: 40 },
    });
    expect(parseAlert(Uint8Array.of(2)).ok || parseAlert(Uint8Array.of(2, 40, 0)).ok).toBe(false);
  });
});
