import { describe, expect, it } from 'vitest';
import { type NameAddr, parseNameAddr, SipHeaders, SipRequest } from './index.js';

function fields(headers: SipHeaders): string[] {
  return [...headers].map(({ name, value }) => `${name}: ${value}`);
}

describe('the header fields of a message', () => {
  it('are found by full name, compact form and in any case', () => {
    const headers = new SipHeaders([
      ['v', 'SIP/2.0/UDP a'],
      ['VIA', 'SIP/2.0/UDP b'],
      ['x', '1800'],
    ]);
    expect(headers.all('Via')).toEqual(['SIP/2.0/UDP a', 'SIP/2.0/UDP b']);
    expect(headers.get('session-expires')).toBe('1800');
    expect(headers.has('Session-Expires')).toBe(true);
    expect(headers.get('Subject')).toBeUndefined();
  });

  it('are split at commas outside quotes and brackets, where the field is a list', () => {
    const headers = new SipHeaders([
      ['Contact', '"a, \\", b" <sip:a,b@c>;x="1,2" , sip:d@e'],
      ['m', '<sip:f@g>'],
      ['Authorization', 'Digest a=1, b=2'],
      ['Date', 'Sat, 13 Nov 2010 23:29:00 GMT'],
      ['Supported', ''],
    ]);
    expect(headers.list('contact')).toEqual(['"a, \\", b" <sip:a,b@c>;x="1,2"', 'sip:d@e', '<sip:f@g>']);
    expect(headers.first('contact')).toBe('"a, \\", b" <sip:a,b@c>;x="1,2"');
    expect(headers.list('authorization')).toEqual(['Digest a=1, b=2']);
    expect(headers.list('date')).toEqual(['Sat, 13 Nov 2010 23:29:00 GMT']);
    expect(headers.list('supported')).toEqual([]);
  });

  it('keep their order when set, appended and prepended', () => {
    const headers = new SipHeaders([
      ['Max-Forwards', '70'],
      ['Via', 'one'],
      ['To', 'x'],
      ['Via', 'two'],
    ]);
    headers
      .prepend('Via', 'zero')
      .append('Via', 'three')
      .prepend('Route', '<sip:r;lr>')
      .append('Require', 'path');
    headers.set('Max-Forwards', '69').prepend('Subject', 'last');
    expect(fields(headers)).toEqual([
      'Route: <sip:r;lr>',
      'Max-Forwards: 69',
      'Via: zero',
      'Via: one',
      'To: x',
      'Via: two',
      'Via: three',
      'Require: path',
      'Subject: last',
    ]);
    expect(
      fields(headers.set('v', 'only').remove('To')).filter((field) => /^(v|via|to):/i.test(field)),
    ).toEqual(['v: only']);
  });

  it('give up their first element, also out of a comma list', () => {
    const headers = new SipHeaders([
      ['Route', '<sip:a;lr>, <sip:b;lr>'],
      ['Route', '<sip:c;lr>'],
    ]);
    expect(headers.list('route').length).toBe(3);
    expect(headers.removeFirst('Route')).toBe('<sip:a;lr>');
    expect(headers.list('route')).toEqual(['<sip:b;lr>', '<sip:c;lr>']);
    expect(headers.removeFirst('Route')).toBe('<sip:b;lr>');
    expect(headers.removeFirst('Route')).toBe('<sip:c;lr>');
    expect(headers.removeFirst('Route')).toBeUndefined();
    expect(headers.size).toBe(0);
  });

  it('cannot smuggle a line: line breaks in a value become a space', () => {
    const headers = new SipHeaders([['Subject', 'a\r\nVia: evil']]);
    headers.append('X', 'b\n\rc').set('Y', ' d\r\n\t e ');
    expect(fields(headers)).toEqual(['Subject: a Via: evil', 'X: b c', 'Y: d e']);
  });

  it('are independent after a clone', () => {
    const headers = new SipHeaders([['Via', 'one']]);
    const copy = headers.clone();
    copy.prepend('Via', 'zero');
    expect(headers.list('via')).toEqual(['one']);
    expect(copy.list('via')).toEqual(['zero', 'one']);
  });
});

describe('typed views', () => {
  it('follow a change of the field', () => {
    const request = new SipRequest('INVITE', 'sip:a@b');
    request.headers
      .set('To', '<sip:a@b>')
      .set('CSeq', '1 INVITE')
      .set('Content-Type', 'Application/SDP ; x=1');
    expect(request.to()).toEqual({ uri: 'sip:a@b', params: expect.anything() });
    expect(request.to()).toBe(request.to());
    expect(request.toTag()).toBeUndefined();
    request.headers.set('t', '<sip:a@b>;tag=x');
    expect(request.toTag()).toBe('x');
    expect(request.contentType()).toBe('application/sdp');
    request.headers.set('CSeq', '4294967296 INVITE');
    expect(request.cseq()).toBeUndefined();
  });

  it('are empty when the field is absent or not parsable', () => {
    const request = new SipRequest('INVITE', 'sip:a@b');
    expect([request.via(), request.from(), request.cseq(), request.callId(), request.maxForwards()]).toEqual([
      undefined,
      undefined,
      undefined,
      undefined,
      undefined,
    ]);
    request.headers.append('Via', 'nonsense').append('Via', 'SIP/2.0/UDP a').append('Contact', '"a <sip:b>');
    expect(request.via()).toBeUndefined();
    expect(request.vias()).toEqual([]);
    expect(request.contacts()).toEqual([]);
  });

  it('of any field are kept until it changes', () => {
    const headers = new SipHeaders([['Path', '<sip:a;lr>']]);
    let calls = 0;
    const parse = (elements: readonly string[]): (NameAddr | undefined)[] => {
      calls++;
      return elements.map((element) => {
        const address = parseNameAddr(element);
        return address.ok ? address.value : undefined;
      });
    };
    headers.view('Path', parse);
    expect(headers.view('path', parse)[0]?.uri).toBe('sip:a;lr');
    expect(calls).toBe(1);
    headers.prepend('Path', '<sip:b;lr>');
    expect(headers.view('path', parse).length).toBe(2);
    expect(calls).toBe(2);
  });
});
