import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { compileGrammar } from './commands.js';
import { definitionOf } from './dictionary.js';
import { cxMessages, uaa, uar } from './fixtures/messages.js';
import {
  type Avp,
  AvpFlag,
  type AvpName,
  avp,
  avpName,
  avpText,
  avpValue,
  avpValues,
  CX_APPLICATION,
  commands,
  type DiameterMessage,
  DiameterStreamParser,
  diameterSummary,
  dictionary,
  enumeratedName,
  lookUpAvp,
  MessageFlag,
  makeAnswer,
  makeAvp,
  makeRequest,
  makeResult,
  makeSessionId,
  parseDiameter,
  resultOf,
  serializeDiameter,
  validateDiameter,
} from './index.js';

const hex = (bytes: Uint8Array) => Buffer.from(bytes).toString('hex');
const unhex = (text: string) => new Uint8Array(Buffer.from(text, 'hex'));

function parse(bytes: Uint8Array): DiameterMessage {
  const result = parseDiameter(bytes);
  if (!result.ok) throw new Error(JSON.stringify(result.error));
  return result.value;
}

/** The bytes of one AVP: those of a message with nothing else, without its header. */
function avpHex(one: Avp): string {
  const ids = { hopByHop: 0, endToEnd: 0 };
  return hex(serializeDiameter(makeRequest('UAR', ids, [one])).subarray(20));
}

describe('vectors', () => {
  test.each([
    [
      makeAvp('Vendor-Specific-Application-Id', [
        makeAvp('Vendor-Id', 10415),
        makeAvp('Auth-Application-Id', CX_APPLICATION),
      ]),
      '00000104400000200000010a4000000c000028af000001024000000c01000000',
    ],
    [makeAvp('Auth-Session-State', 'NO_STATE_MAINTAINED'), '000001154000000c00000001'],
    [
      makeAvp('Public-Identity', 'sip:user1_public1@home1.net'),
      '00000259c0000027000028af7369703a75736572315f7075626c69633140686f6d65312e6e657400',
    ],
    [
      makeResult('DIAMETER_FIRST_REGISTRATION'),
      '00000129400000200000010a4000000c000028af0000012a4000000c000007d1',
    ],
    [
      makeAvp('Allowed-WAF-WWSF-Identities', [
        makeAvp('WebRTC-Authentication-Function-Name', 'waf.home1.net'),
        makeAvp('WebRTC-Web-Server-Function-Name', 'wwsf.example'),
      ]),
      '0000029080000040000028af0000029180000019000028af7761662e686f6d65312e6e65740000000000029280000018000028af777773662e6578616d706c65',
    ],
    // RFC 6733 4.3.1: address family, then the address
    [makeAvp('Host-IP-Address', '10.0.0.1'), '000001014000000e00010a0000010000'],
    [makeAvp('Host-IP-Address', '2001:db8::1'), '000001014000001a000220010db80000000000000000000000010000'],
  ])('%# an AVP is written and read as computed by hand', (one, expected) => {
    expect(avpHex(one)).toBe(expected);
    const header = '01000014c000012c010000000000000000000000';
    const bytes = unhex(header + expected);
    new DataView(bytes.buffer).setUint8(3, bytes.length);
    expect(parse(bytes).avps).toEqual([one]);
  });

  test('the header of a UAR is as computed by hand', () => {
    const bytes = serializeDiameter(makeRequest('UAR', { hopByHop: 1, endToEnd: 2 }, []));
    expect(hex(bytes)).toBe('01000014c000012c010000000000000100000002');
  });
});

describe('round trips', () => {
  test.each(cxMessages.map((message) => [diameterSummary(message), message] as const))('%s', (_, message) => {
    expect(parse(serializeDiameter(message))).toEqual(message);
    expect(validateDiameter(message)).toEqual([]);
    expect(structuredClone(message)).toEqual(message);
  });

  const names = Object.keys(dictionary) as AvpName[];
  const text = fc.string({ unit: 'grapheme' });
  const values: Record<string, fc.Arbitrary<Avp['value']>> = {
    OctetString: fc.uint8Array({ maxLength: 9 }),
    Integer32: fc.integer(),
    Enumerated: fc.integer(),
    Unsigned32: fc.nat(0xffffffff),
    Time: fc.nat(0xffffffff),
    Unsigned64: fc.bigInt(0n, 2n ** 64n - 1n),
    UTF8String: text,
    DiameterIdentity: text,
    DiameterURI: text,
    Address: fc.constantFrom('10.1.2.3', '2001:db8::7', '::ffff:1.2.3.4', '::'),
  };
  const flags = fc.nat(0x7f);
  const { avp: anyAvp } = fc.letrec<{ avp: Avp }>((tie) => ({
    avp: fc.oneof(
      { maxDepth: 4, depthSize: 'small' },
      fc.record({
        code: fc.integer({ min: 100000, max: 0xfffff }),
        vendor: fc.constant(0),
        flags,
        value: fc.uint8Array(),
      }),
      fc
        .record({ code: fc.nat(0xffffffff), vendor: fc.nat(0xffffffff), flags, value: fc.uint8Array() })
        .map((one) => ({
          ...one,
          flags: one.flags | AvpFlag.vendor,
          vendor: (one.vendor | 0x100000) >>> 0,
        })),
      fc.constantFrom(...names).chain((name) => {
        const { code, vendor, type } = definitionOf(name);
        const value: fc.Arbitrary<Avp['value']> =
          type === 'Grouped'
            ? fc.array(tie('avp'), { maxLength: 3 })
            : (values[type] as fc.Arbitrary<Avp['value']>);
        const vendorFlag = vendor === 0 ? 0 : AvpFlag.vendor;
        return fc
          .record({ code: fc.constant(code), vendor: fc.constant(vendor), flags, value })
          .map((one) => ({
            ...one,
            flags: (one.flags & 0x7f) | vendorFlag,
          }));
      }),
    ),
  }));
  const u32 = fc.nat(0xffffffff);
  const anyMessage = fc.record({
    ...{ version: fc.nat(255), flags: fc.nat(255), command: fc.nat(0xffffff), applicationId: u32 },
    ...{ hopByHop: u32, endToEnd: u32, avps: fc.array(anyAvp, { maxLength: 6 }) },
  });

  test('parse(serialize(x)) is x', () => {
    fc.assert(
      fc.property(anyMessage, (message) => {
        expect(parse(serializeDiameter(message))).toEqual(message);
      }),
      { numRuns: 500 },
    );
  });

  test('a stream is divided into its messages however it is cut', () => {
    const cuts = fc.array(fc.nat(60), { minLength: 1, maxLength: 40 });
    fc.assert(
      fc.property(fc.array(fc.constantFrom(...cxMessages), { maxLength: 4 }), cuts, (messages, sizes) => {
        const all = messages.map(serializeDiameter);
        const stream = Buffer.concat(all);
        const parser = new DiameterStreamParser();
        const items = [];
        for (let at = 0, i = 0; at < stream.length; i += 1) {
          const size = Math.max(1, sizes[i % sizes.length] as number);
          items.push(...parser.push(new Uint8Array(stream.subarray(at, at + size))));
          at += size;
        }
        let end = 0;
        const expected = messages.map((message, index) => {
          end += (all[index] as Uint8Array).length;
          return { kind: 'message', message, end };
        });
        expect(items).toEqual(expected);
      }),
    );
  });
});

describe('errors', () => {
  test('an impossible AVP Length inside a group is told with its offset in the message', () => {
    const bytes = serializeDiameter(uar);
    // Vendor-Specific-Application-Id comes after the Session-Id; its second AVP starts 20 bytes into it.
    const session = 8 + 'icscf1.home1.net;1;2'.length;
    const inner = 20 + session + ((4 - (session % 4)) % 4) + 20;
    new DataView(bytes.buffer).setUint8(inner + 7, 13);
    const result = parseDiameter(bytes);
    expect(result).toMatchObject({ ok: false, error: { offset: inner + 5, resultCode: 5014 } });
    if (result.ok) return;
    expect(result.error.header).toMatchObject({ command: 300, hopByHop: 1 });
    expect(result.error.failedAvp).toEqual({ code: 258, vendor: 0, flags: 0x40, value: 0 });
  });

  test.each([
    ['', 0, 5015],
    ['01000014c000012c0100000000000001000000', 19, 5015],
    ['01000015c000012c010000000000000100000002ff', 1, 5015],
    ['01000018c000012c010000000000000100000002', 1, 5015],
    ['01000018c000012c010000000000000100000002000001', 1, 5015],
    ['01000018c000012c01000000000000010000000200000107', 20, 5014],
    ['0100001cc000012c0100000000000001000000020000010740000007', 25, 5014],
    ['0100001cc000012c01000000000000010000000200000107c0000008', 25, 5014],
  ])('%s is refused at byte %d', (text, offset, resultCode) => {
    expect(parseDiameter(unhex(text))).toMatchObject({ ok: false, error: { offset, resultCode } });
  });

  test('groups within groups have a bound', () => {
    let inner = makeAvp('Failed-AVP', []);
    for (let i = 0; i < 5000; i += 1) inner = makeAvp('Failed-AVP', [inner]);
    const bytes = new Uint8Array(20 + 5001 * 8);
    const view = new DataView(bytes.buffer);
    view.setUint32(0, 0x01000000 | bytes.length);
    for (let i = 0; i < 5001; i += 1) {
      view.setUint32(20 + 8 * i, 279);
      view.setUint32(24 + 8 * i, bytes.length - 20 - 8 * i);
    }
    expect(parseDiameter(bytes).ok).toBe(true);
  });

  test('a stream ends at a wrong version or length, and goes on after a message whose AVPs are wrong', () => {
    const wrong = unhex('0100001cc000012c0100000000000001000000020000010740000007');
    const parser = new DiameterStreamParser({ maxMessageBytes: 1000 });
    expect(parser.push(wrong)).toMatchObject([{ kind: 'malformed', end: 28, error: { offset: 25 } }]);
    const good = serializeDiameter(uaa);
    expect(parser.push(good)).toMatchObject([{ kind: 'message', end: 28 + good.length }]);
    expect(parser.push(unhex('02000014'))).toMatchObject([{ kind: 'error', error: { resultCode: 5011 } }]);
    expect([parser.closed, parser.push(good)]).toEqual([true, []]);
    const small = new DiameterStreamParser({ maxMessageBytes: 100 });
    expect(small.push(unhex('01000068'))).toMatchObject([
      { kind: 'error', error: { offset: 1, resultCode: 5015 } },
    ]);
  });

  test('no input makes a parser, the validator or the summary throw', () => {
    const run = (bytes: Uint8Array) => {
      const result = parseDiameter(bytes);
      if (result.ok) {
        validateDiameter(result.value);
        diameterSummary(result.value);
        expect(parse(serializeDiameter(result.value))).toEqual(result.value);
      }
      new DiameterStreamParser().push(bytes);
    };
    fc.assert(fc.property(fc.uint8Array({ maxLength: 100 }), run));
    const change = fc.tuple(
      fc.constantFrom(...cxMessages),
      fc.array(fc.tuple(fc.nat(), fc.nat(255)), { maxLength: 4 }),
    );
    fc.assert(
      fc.property(change, ([message, changes]) => {
        const bytes = serializeDiameter(message);
        for (const [at, to] of changes) bytes[at % bytes.length] = to;
        run(bytes);
      }),
      { numRuns: 2000 },
    );
  });
});

describe('findings', () => {
  const without = (name: AvpName) => ({ ...uar, avps: uar.avps.filter((one) => avpName(one) !== name) });
  const with_ = (...more: Avp[]) => ({ ...uar, avps: [...uar.avps, ...more] });

  test.each([
    [{ ...uar, version: 2 }, 5011, undefined],
    [{ ...uar, flags: uar.flags | 1 }, 5013, undefined],
    [{ ...uar, flags: uar.flags | MessageFlag.error }, 3008, undefined],
    [{ ...uar, flags: MessageFlag.request }, 3008, undefined],
    [{ ...uar, command: 999 }, 3001, undefined],
    [{ ...uar, applicationId: 5 }, 3007, undefined],
    [without('User-Name'), 5005, 'User-Name'],
    [without('Destination-Realm'), 5005, 'Destination-Realm'],
    [with_(makeAvp('User-Name', 'again')), 5009, 'User-Name'],
    [
      with_({ code: 4242, vendor: 0, flags: AvpFlag.mandatory, value: new Uint8Array(0) }),
      5001,
      'AVP 0/4242',
    ],
    [with_({ ...makeAvp('Reason-Info', 'x'), flags: 0x80 }), 3009, 'Reason-Info'],
    [with_({ ...makeAvp('Reason-Info', 'x'), flags: 0xc1 }), 3009, 'Reason-Info'],
    [with_({ ...makeAvp('UAR-Flags', 1), value: new Uint8Array(3) }), 5014, 'UAR-Flags'],
    [with_({ ...makeAvp('Reason-Info', ''), value: new Uint8Array([0xff]) }), 5004, 'Reason-Info'],
    [with_(makeAvp('User-Authorization-Type', 7)), 5004, 'User-Authorization-Type'],
    [with_(makeAvp('Supported-Features', [])), 5005, 'Vendor-Id'],
    [
      with_(
        makeAvp('Experimental-Result', [
          ...(makeResult('DIAMETER_ERROR_USER_UNKNOWN').value as Avp[]),
          makeAvp('User-Name', 'x'),
        ]),
      ),
      5008,
      'User-Name',
    ],
    [{ ...uar, avps: [...uar.avps.slice(1), ...uar.avps.slice(0, 1)] }, 5004, 'Session-Id'],
    [{ ...uaa, avps: [...uaa.avps, makeResult('DIAMETER_SUCCESS')] }, 5007, 'Experimental-Result'],
    [{ ...uaa, avps: uaa.avps.filter((one) => avpName(one) !== 'Experimental-Result') }, 5005, 'Result-Code'],
  ])('%# a message with one mistake is owed %i about %s', (message: DiameterMessage, resultCode, name) => {
    const findings = validateDiameter(message);
    expect(findings.map((finding) => finding.resultCode)).toContain(resultCode);
    const failed = findings.find((finding) => finding.resultCode === resultCode)?.failedAvp;
    expect(failed === undefined ? undefined : avpName(failed)).toBe(name);
  });

  test('an AVP that is unknown and not mandatory is passed over (RFC 6733 4.1)', () => {
    expect(validateDiameter(with_({ code: 4242, vendor: 0, flags: 0, value: new Uint8Array(2) }))).toEqual(
      [],
    );
  });

  test('a protocol error has the E bit and a grammar of its own (RFC 6733 7.2)', () => {
    const list = [
      makeResult('DIAMETER_UNABLE_TO_DELIVER'),
      makeAvp('Origin-Host', 'a'),
      makeAvp('Origin-Realm', 'b'),
    ];
    expect(validateDiameter(makeAnswer(uar, list, { error: true }))).toEqual([]);
    const plain = validateDiameter(makeAnswer(uar, list)).map((finding) => finding.resultCode);
    expect(plain).toContain(3008);
  });
});

describe('dictionary', () => {
  test('vendor and code find an AVP: 621 is another one for 3GPP than for the IETF', () => {
    expect(lookUpAvp(10415, 621)?.[0]).toBe('Primary-Charging-Collection-Function-Name');
    expect(lookUpAvp(0, 621)?.[0]).toBe('OC-Supported-Features');
    expect(lookUpAvp(0, 601)).toBe(undefined);
  });

  test('every name, vendor and code is unique, and every grammar names AVPs of the dictionary', () => {
    const all = Object.entries(dictionary) as [AvpName, (typeof dictionary)[AvpName]][];
    for (const [name, { code, vendor }] of all) expect(lookUpAvp(vendor, code)?.[0]).toBe(name);
    const groups = all.flatMap(([name]) => definitionOf(name).group ?? []);
    for (const grammar of [...groups, ...Object.values(commands).map((command) => command.grammar)]) {
      expect(compileGrammar(grammar).rules.length + (compileGrammar(grammar).open ? 1 : 0)).toBeGreaterThan(
        0,
      );
    }
    expect(
      all.filter(([name]) => definitionOf(name).type === 'Grouped' && definitionOf(name).group === undefined),
    ).toEqual([]);
  });

  test('Cx AVPs 600 to 663 are all there but 627, which nobody has', () => {
    const missing = [];
    for (let code = 600; code <= 663; code += 1) if (lookUpAvp(10415, code) === undefined) missing.push(code);
    expect(missing).toEqual([627]);
  });

  test('AVPs are read by name and type', () => {
    expect(avpValue(uar, 'Public-Identity')).toBe('sip:user1_public1@home1.net');
    expect(avpText(uar, 'Visited-Network-Identifier')).toBe('home1.net');
    const type = makeAvp('Server-Assignment-Type', 'RE_REGISTRATION');
    expect([type.value, enumeratedName(type)]).toEqual([2, 'RE_REGISTRATION']);
    const group = avpValue(uar, 'Vendor-Specific-Application-Id') ?? [];
    expect(avpValue(group, 'Vendor-Id')).toBe(10415);
    expect(avpValues(uar, 'Supported-Features')).toEqual([]);
    expect(avp(uar, 'Server-Name')).toBe(undefined);
    expect(() => makeAvp('Vendor-Id', -1)).toThrow(RangeError);
    expect(() => makeAvp('Host-IP-Address', 'nowhere')).toThrow(RangeError);
    expect(makeSessionId('a.example', 1, 2, 'x')).toBe('a.example;1;2;x');
  });

  test('2001 means something else in each container', () => {
    const first = makeAnswer(uar, [makeResult('DIAMETER_FIRST_REGISTRATION')]);
    expect(resultOf(first)).toEqual({
      code: 2001,
      experimental: true,
      name: 'DIAMETER_FIRST_REGISTRATION',
      success: true,
    });
    const success = makeAnswer(uar, [makeResult('DIAMETER_SUCCESS')]);
    expect(resultOf(success)).toEqual({
      code: 2001,
      experimental: false,
      name: 'DIAMETER_SUCCESS',
      success: true,
    });
    expect(resultOf(makeAnswer(uar, []))).toBe(undefined);
  });

  test('a summary tells whom a request is about and what the answer is', () => {
    expect(diameterSummary(uar)).toBe('UAR sip:user1_public1@home1.net');
    expect(diameterSummary(uaa)).toBe('UAA DIAMETER_FIRST_REGISTRATION (2001)');
    const cer = makeRequest('CER', { hopByHop: 1, endToEnd: 1 }, [makeAvp('Origin-Host', 'scscf.home1.net')]);
    expect(diameterSummary(cer)).toBe('CER scscf.home1.net');
    expect(diameterSummary({ ...uar, command: 999, avps: [] })).toBe('request 999');
  });
});
