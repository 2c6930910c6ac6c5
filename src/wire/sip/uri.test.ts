import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Params, parseUri, sameUri, serializeUri, type Uri, unescapeUri } from './index.js';

function uri(text: string): Uri {
  const parsed = parseUri(text);
  if (!parsed.ok) throw new Error(`${text}: ${parsed.error.what}`);
  return parsed.value;
}

function same(a: string, b: string): boolean {
  return sameUri(uri(a), uri(b)) && sameUri(uri(b), uri(a));
}

describe('URIs', () => {
  it('come apart into their components', () => {
    expect(
      uri('sips:alice:secret@[2001:db8::1]:5061;transport=tcp;lr?Subject=a%20b&Priority=urgent'),
    ).toMatchObject({
      kind: 'sip',
      scheme: 'sips',
      user: 'alice',
      password: 'secret',
      host: '[2001:db8::1]',
      port: 5061,
      headers: [
        { name: 'Subject', value: 'a%20b' },
        { name: 'Priority', value: 'urgent' },
      ],
    });
    expect(uri('tel:+1-201-555-0123;phone-context=example.com')).toMatchObject({
      kind: 'tel',
      number: '+1-201-555-0123',
    });
    expect(uri('urn:service:sos.fire')).toEqual({ kind: 'other', scheme: 'urn', opaque: 'service:sos.fire' });
    expect(uri('SIP:b')).toMatchObject({ scheme: 'sip', host: 'b' });
  });

  it('without scheme or host, or with a wrong port, are errors with an offset', () => {
    for (const [text, offset] of [
      ['alice', 0],
      ['<sip:a@b>', 0],
      ['sip:', 4],
      ['sip:a@', 6],
      ['sip:a@b:x', 8],
      ['sip:a@b:65536', 8],
      ['sip:a@[::1', 6],
      ['tel:;a', 4],
    ] as const) {
      const parsed = parseUri(text);
      expect(parsed.ok ? text : parsed.error.offset, text).toBe(offset);
    }
  });

  it('are written back as they were', () => {
    for (const text of [
      'sip:a@b',
      'sip:b',
      'sips:%61:x@b:5061;a;b=%41;gr=urn:uuid:1?x=y&z=',
      'sip:a@[::1]:1',
      'tel:112',
      'sip:b;',
      'sip:b;;a=;=b',
      'urn:service:sos',
    ]) {
      expect(serializeUri(uri(text))).toBe(text);
    }
  });

  it('take parameters that need escapes', () => {
    const params = Params.noneUri.with('gr', 'urn:uuid:1').with('x', 'a b;ü').with('lr');
    expect(params.toString()).toBe(';gr=urn:uuid:1;x=a%20b%3B%C3%BC;lr');
    expect(params.get('X')).toBe('a b;ü');
  });

  it('compare as the examples of RFC 3261 19.1.4 do', () => {
    for (const [a, b] of [
      ['sip:%61lice@atlanta.com;transport=TCP', 'sip:alice@AtLanTa.CoM;Transport=tcp'],
      ['sip:carol@chicago.com', 'sip:carol@chicago.com;newparam=5'],
      ['sip:a@b;x=1;x=2', 'sip:a@b;x=1;x=2'],
      ['sip:carol@chicago.com', 'sip:carol@chicago.com;security=on'],
      [
        'sip:biloxi.com;transport=tcp;method=REGISTER?to=sip:bob%40biloxi.com',
        'sip:biloxi.com;method=REGISTER;transport=tcp?to=sip:bob%40biloxi.com',
      ],
      [
        'sip:alice@atlanta.com?subject=project%20x&priority=urgent',
        'sip:alice@atlanta.com?priority=urgent&subject=project%20x',
      ],
    ] as const) {
      expect(same(a, b), `${a} and ${b}`).toBe(true);
    }
    for (const [a, b] of [
      ['SIP:ALICE@AtLanTa.CoM;Transport=udp', 'sip:alice@AtLanTa.CoM;Transport=UDP'],
      ['sip:bob@biloxi.com', 'sip:bob@biloxi.com:5060'],
      ['sip:bob@biloxi.com', 'sip:bob@biloxi.com;transport=udp'],
      ['sip:bob@biloxi.com', 'sip:bob@biloxi.com:6000;transport=tcp'],
      ['sip:carol@chicago.com', 'sip:carol@chicago.com?Subject=next%20meeting'],
      ['sip:bob@phone21.boxesbybob.com', 'sip:bob@192.0.2.4'],
      ['sip:carol@chicago.com;security=on', 'sip:carol@chicago.com;security=off'],
      ['sip:a@b', 'sips:a@b'],
      ['sip:a%40c@b', 'sip:a%41c@b'],
      ['sip:a%3Bc@b', 'sip:a;c@b'],
      ['sip:%00@b', 'sip:%00%00@b'],
      ['sip:a@b;maddr=x', 'sip:a@b'],
      ['sip:x%2541@b', 'sip:x%41@b'],
      ['sip:x%252C@b', 'sip:x%2C@b'],
    ] as const) {
      expect(same(a, b), `${a} and ${b}`).toBe(false);
    }
  });

  it('of telephone numbers compare without visual separators (RFC 3966 4)', () => {
    expect(same('tel:+1-201-555-0123', 'TEL:+1(201)5550123')).toBe(true);
    expect(same('tel:+12015550123', 'tel:+12015550124')).toBe(false);
    expect(same('tel:863;phone-context=a.example', 'tel:863;phone-context=b.example')).toBe(false);
    expect(same('tel:863', 'sip:863@b')).toBe(false);
  });

  it('unescape once and keep what is no escape', () => {
    expect(unescapeUri('%25%34%31%zz%C3%BC%')).toBe('%41%zzü%');
  });

  it('of any text never throw, and are written back as they were', () => {
    const part = fc.constantFrom(
      'sip:',
      'sips:',
      'tel:',
      'a',
      '%41',
      '@',
      ':',
      ';',
      '=',
      '?',
      '&',
      '[',
      ']',
      '5060',
      '.',
    );
    fc.assert(
      fc.property(
        fc.oneof(
          fc.array(part, { maxLength: 14 }).map((parts) => parts.join('')),
          fc.string(),
        ),
        (text) => {
          const parsed = parseUri(text);
          if (!parsed.ok) return;
          const again = parseUri(serializeUri(parsed.value));
          expect(again).toEqual(parsed);
          expect(sameUri(parsed.value, parsed.value)).toBe(true);
        },
      ),
      { numRuns: 2000 },
    );
  });
});
