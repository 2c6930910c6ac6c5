import { describe, expect, it } from 'vitest';
import {
  canAnswer,
  parseSip,
  rejection,
  SipHeaders,
  type SipMessage,
  SipRequest,
  SipResponse,
  serializeSip,
  validateSip,
} from './index.js';

const encoder = new TextEncoder();
const decoder = new TextDecoder();

function parse(text: string, framing: 'datagram' | 'websocket' = 'datagram'): SipMessage {
  const parsed = parseSip(encoder.encode(text), { framing });
  if (!parsed.ok) throw new Error(parsed.error.what);
  return parsed.value;
}

const fields = {
  Via: 'SIP/2.0/UDP a.test;branch=z9hG4bK1',
  'Max-Forwards': '70',
  From: '<sip:a@b>;tag=1',
  To: '<sip:c@d>',
  'Call-ID': 'x@y',
  CSeq: '1 INVITE',
  Contact: '<sip:a@e>',
};

/** A valid INVITE, with fields replaced, added, or (undefined) left out; the method also in the CSeq. */
function invite(changes: Record<string, string | undefined> = {}, method = 'INVITE'): SipRequest {
  const all: Record<string, string | undefined> = { ...fields, CSeq: `1 ${method}`, ...changes };
  const present = Object.entries(all).filter((entry): entry is [string, string] => entry[1] !== undefined);
  return new SipRequest(method, 'sip:c@d', new SipHeaders(present));
}

describe('parsing a datagram or WebSocket message', () => {
  it('ignores CRLFs before the start line (RFC 3261 7.5)', () => {
    expect(parse('\r\n\r\nSIP/2.0 200 OK\r\n\r\n')).toMatchObject({ kind: 'response', status: 200 });
  });

  it('without a start line is an error at its offset', () => {
    for (const [text, offset] of [
      ['', 0],
      ['\r\n\r\n', 4],
      ['INVITE\r\n\r\n', 0],
      ['INVITE sip:a@b\r\n\r\n', 7],
      ['INVITE sip:a@b HTTP/1.1\r\n\r\n', 15],
      ['SIP/2.0\r\n\r\n', 7],
      ['SIP/2.0 abc OK\r\n\r\n', 8],
      ['SIP/2.0 200OK\r\n\r\n', 8],
      [' INVITE sip:a@b SIP/2.0\r\n\r\n', 0],
    ] as const) {
      const parsed = parseSip(encoder.encode(text));
      expect(parsed.ok ? 'parsed' : parsed.error.offset, JSON.stringify(text)).toBe(offset);
    }
  });

  it('cuts a datagram at Content-Length, and finds fault with one cut short', () => {
    const text = 'OPTIONS sip:a@b SIP/2.0\r\nContent-Length: 2\r\n\r\nabc';
    expect(decoder.decode(parse(text).body)).toBe('ab');
    expect(parse(text).defects).toEqual([]);
    expect(parse(text, 'websocket').defects).toMatchObject([{ where: 'Content-Length', rule: 'RFC 7118 5' }]);
    expect(parse(text.replace(': 2', ': 4')).defects).toMatchObject([
      { where: 'Content-Length', status: 400 },
    ]);
    expect(decoder.decode(parse(text.replace('Content-Length: 2', 'X: y'), 'websocket').body)).toBe('abc');
  });

  it('keeps what is malformed: a line without colon, no empty line, an unknown version', () => {
    const message = parse('OPTIONS sip:a@b SIP/3.0\r\nnonsense\r\nTo: x');
    expect(message.headers.get('to')).toBe('x');
    expect(message.defects.map(({ status }) => status)).toEqual([505, 400, 400]);
    expect(rejection(validateSip(message))?.status).toBe(505);
    const twice = parse('OPTIONS  sip:a@b SIP/3.0\r\n\r\n');
    expect(twice.defects.map(({ status }) => status)).toEqual([400, 505]);
    expect(rejection(validateSip(twice))?.status).toBe(505);
    expect(parse('SIP/2.0 200\r\n\r\n').defects).toMatchObject([{ where: 'Status-Line', status: 0 }]);
    expect(parse('SIP/2.0  200 OK\r\n\r\n').defects).toMatchObject([{ where: 'Status-Line', status: 400 }]);
  });

  it('keeps bytes that are not UTF-8, and names them', () => {
    const text = encoder.encode('OPTIONS sip:a@b SIP/2.0\r\nSubject: a?\u00fcb\r\nContent-Length: 0\r\n\r\n');
    text[text.indexOf(63)] = 0xff;
    const parsed = parseSip(text);
    if (!parsed.ok) throw new Error(parsed.error.what);
    expect(serializeSip(parsed.value)).toEqual(text);
    const stray = validateSip(parsed.value).filter(({ where }) => where === 'Subject');
    expect(stray).toMatchObject([{ what: 'not UTF-8', status: 400 }]);
  });
});

describe('writing a message', () => {
  it('sets Content-Length, and keeps the rest as it is', () => {
    const request = invite();
    request.body = encoder.encode('v=0\r\n');
    expect(decoder.decode(serializeSip(request))).toBe(
      `INVITE sip:c@d SIP/2.0\r\n${Object.entries(fields)
        .map(([name, value]) => `${name}: ${value}\r\n`)
        .join('')}Content-Length: 5\r\n\r\nv=0\r\n`,
    );
    request.headers.append('l', '7').append('Content-Length', '5');
    expect(decoder.decode(serializeSip(request))).toContain('l: 5\r\n\r\n');
    expect(decoder.decode(serializeSip(new SipResponse(486)))).toBe(
      'SIP/2.0 486 Busy Here\r\nContent-Length: 0\r\n\r\n',
    );
  });

  it('of a clone leaves the original alone', () => {
    const request = invite();
    const copy = request.clone();
    copy.headers.set('Max-Forwards', '69');
    copy.uri = 'sip:x@y';
    expect(request.maxForwards()).toBe(70);
    expect(request.uri).toBe('sip:c@d');
    expect(new SipResponse(180, 'x', copy.headers).clone()).toMatchObject({ status: 180, reason: 'x' });
  });
});

describe('validating', () => {
  it('finds nothing in a valid INVITE', () => {
    expect(validateSip(invite())).toEqual([]);
    expect(canAnswer(invite())).toBe(true);
  });

  const cases: readonly (readonly [
    changes: Record<string, string | undefined>,
    where: string,
    status: number,
  ])[] = [
    [{ Via: undefined }, 'Via', 400],
    [{ Via: 'SIP/2.0/UDP' }, 'Via', 400],
    [{ Via: 'SIP/2.0/UDP a_b;branch=z9hG4bK1' }, 'Via', 400],
    [{ Via: 'SIP/2.0/UDP a;branch=' }, 'Via', 400],
    [{ Via: 'SIP/2.0/UDP a' }, 'Via', 0],
    [{ From: '<sip:a@b>' }, 'From', 0],
    [{ From: '<sip:a@b>;tag=a b' }, 'From', 400],
    [{ From: '<sip:a@b>;tag=a;x;Tag=b' }, 'From', 400],
    [{ To: '<sip:a@b;x;y;x=1>' }, 'To', 400],
    [{ To: 'a b' }, 'To', 400],
    [{ To: '<sip:a@-b>' }, 'To', 400],
    [{ To: '<sip:a@1.2.3>' }, 'To', 400],
    [{ To: '<sip:a@b;=x>' }, 'To', 400],
    [{ To: '<sip:a%zz@b>' }, 'To', 400],
    [{ 'Call-ID': 'a@b@c' }, 'Call-ID', 400],
    [{ CSeq: 'INVITE' }, 'CSeq', 400],
    [{ CSeq: '2147483648 INVITE' }, 'CSeq', 0],
    [{ CSeq: '1 invite' }, 'CSeq', 400],
    [{ 'Max-Forwards': 'x' }, 'Max-Forwards', 400],
    [{ 'Max-Forwards': undefined }, 'Max-Forwards', 0],
    [{ Contact: undefined }, 'Contact', 400],
    [{ Contact: '<sip:a@b>;q=1.5' }, 'Contact', 0],
    [{ Route: 'sip:a@b;lr' }, 'Route', 400],
    [{ Route: '<sip:a;lr>,,<sip:b;lr>' }, 'Route', 400],
    [{ Path: '<sip:>' }, 'Path', 400],
    [{ Require: 'a b' }, 'Require', 400],
    [{ Require: '' }, 'Require', 400],
    [{ Authorization: 'Digest a' }, 'Authorization', 400],
    [{ 'Session-Expires': 'x' }, 'Session-Expires', 400],
    [{ 'Content-Type': 'sdp' }, 'Content-Type', 400],
    [{ Subject: 'a\0b' }, 'Subject', 400],
    [{ 'A B': 'c' }, 'A B', 400],
    [{ Warning: 'x' }, 'Warning', 0],
    [{ 'P-Charging-Vector': 'x' }, 'P-Charging-Vector', 0],
    [{ 'P-Asserted-Identity': '<sip:a@b>, <sip:c@d>' }, 'P-Asserted-Identity', 0],
    [{ 'P-Associated-URI': 'sip:a@b' }, 'P-Associated-URI', 0],
    [{ Date: 'now' }, 'Date', 0],
  ];
  it.each(cases)('%j: %s, status %i', (changes, where, status) => {
    expect(validateSip(invite(changes)).map((finding) => [finding.where, finding.status])).toEqual([
      [where, status],
    ]);
  });

  it('accepts an identity of each kind, empty lists where they may be, IPv6 and unusual but valid values', () => {
    const changes = {
      'P-Asserted-Identity': '"A" <sip:a@b>, <tel:+1-2;phone-context=x>',
      'P-Associated-URI': '',
      Supported: '',
      'P-Early-Media': '',
      Via: 'SIP/2.0/UDP [2001:db8::1]:5060;branch=z9hG4bK1;received=2001:db8::2;rport',
      Contact: 'A b <sips:a:p@c.d.;transport=tcp?x=y>;q=0.5;+sip.instance="<urn:uuid:1>"',
      'Feature-Caps': '*;+sip.ice',
      'Security-Client': 'tls;q=0.1',
      'Session-Expires': '1800 ; refresher = uac',
    };
    expect(validateSip(invite(changes))).toEqual([]);
  });

  it.each([
    ['PRACK', 'RAck', 400],
    ['SUBSCRIBE', 'Event', 489],
    ['REFER', 'Refer-To', 400],
  ])('%s without %s is owed %i', (method, where, status) => {
    expect(validateSip(invite({}, method))).toMatchObject([{ where, status }]);
  });

  it('a NOTIFY needs Event and Subscription-State', () => {
    expect(validateSip(invite({}, 'NOTIFY')).map(({ where }) => where)).toEqual([
      'Event',
      'Subscription-State',
    ]);
    expect(
      validateSip(invite({ Event: 'reg', 'Subscription-State': 'active;expires=600' }, 'NOTIFY')),
    ).toEqual([]);
  });

  it('judges scheme and method by what is understood', () => {
    const request = invite();
    request.uri = 'mailto:a@b';
    expect(rejection(validateSip(request))?.status).toBe(416);
    request.uri = 'urn:service:sos';
    expect(validateSip(request)).toEqual([]);
    request.uri = '';
    expect(rejection(validateSip(request))?.status).toBe(400);
    expect(rejection(validateSip(invite({}, 'PUBLISH'), { methods: ['INVITE'] }))?.status).toBe(501);
  });

  it('a body needs its type', () => {
    const request = invite();
    request.body = encoder.encode('x');
    expect(validateSip(request)).toMatchObject([{ where: 'Content-Type', status: 400 }]);
  });

  it('cannot answer without the fields of a response', () => {
    for (const name of ['Via', 'From', 'To', 'Call-ID', 'CSeq']) {
      expect(canAnswer(invite({ [name]: undefined })), name).toBe(false);
    }
  });
});
