import { describe, expect, it } from 'vitest';
import type { Parsed } from '../parsed.js';
import {
  bearerToken,
  digestParams,
  featureValues,
  Params,
  parseAccessNetwork,
  parseAuthParams,
  parseChargingFunctionAddresses,
  parseChargingVector,
  parseCredentials,
  parseEarlyMedia,
  parseEvent,
  parseFeatureCaps,
  parseIdentity,
  parseMediaType,
  parseNameAddr,
  parsePrivacy,
  parseRAck,
  parseReason,
  parseReplaces,
  parseRetryAfter,
  parseSessionExpires,
  parseSipDate,
  parseSubscriptionState,
  parseValued,
  parseVia,
  parseVisitedNetworks,
  parseWarning,
  reasonPhrase,
  SipHeaders,
  serializeAccessNetwork,
  serializeAuthParams,
  serializeChargingFunctionAddresses,
  serializeChargingVector,
  serializeCredentials,
  serializeEarlyMedia,
  serializeFeatureCaps,
  serializeMediaType,
  serializeNameAddr,
  serializeRAck,
  serializeReason,
  serializeReplaces,
  serializeRetryAfter,
  serializeSessionExpires,
  serializeSipDate,
  serializeSubscriptionState,
  serializeValued,
  serializeVia,
  serializeVisitedNetwork,
  serializeWarning,
} from './index.js';

function value<T>(parsed: Parsed<T>): T {
  if (!parsed.ok) throw new Error(`${parsed.error.what} at ${parsed.error.offset}`);
  return parsed.value;
}

/** Parses, compares with the fields given, writes, compares with the text given. */
function both<T>(
  text: string,
  parse: (text: string) => Parsed<T>,
  serialize: (value: T) => string,
  written = text,
): T {
  const parsed = value(parse(text));
  expect(serialize(parsed)).toBe(written);
  expect(parse(written)).toEqual({ ok: true, value: parsed });
  return parsed;
}

describe('addresses', () => {
  it('have display name, URI and parameters', () => {
    const address = both('"A \\"B\\"" <sip:a@b;lr>;tag=x;q="y;z"', parseNameAddr, serializeNameAddr);
    expect(address).toMatchObject({ display: 'A "B"', uri: 'sip:a@b;lr' });
    expect(address.params.get('q')).toBe('y;z');
    expect(address.params.raw('q')).toBe('"y;z"');
    both('sip:a@b;tag=x', parseNameAddr, serializeNameAddr, '<sip:a@b>;tag=x');
    both('A B <sip:a@b>', parseNameAddr, serializeNameAddr, '"A B" <sip:a@b>');
    both('*', parseNameAddr, serializeNameAddr);
  });

  it('that are not complete are errors', () => {
    for (const text of ['', '<>', '<sip:a', '"a', '"a"', '"a" sip:b', '<sip:a>x', '<sip:a>;b="c', ';tag=1']) {
      expect(parseNameAddr(text).ok, text).toBe(false);
    }
  });

  it('of P-Asserted-Identity have no header parameters (RFC 3325 9.1)', () => {
    expect(value(parseIdentity('tel:+1;phone-context=x')).uri).toBe('tel:+1;phone-context=x');
    expect(value(parseIdentity('"a" <sip:b@c>'))).toMatchObject({ display: 'a', uri: 'sip:b@c' });
  });
});

describe('parameters', () => {
  it('are found without case, replaced in place, quoted when they must be', () => {
    const params = Params.none.with('a', '1').with('B', 'x y').with('c').with('d', '[::1]');
    expect(params.toString()).toBe(';a=1;B="x y";c;d=[::1]');
    expect(params.with('b', 'z').without('A').toString()).toBe(';b=z;c;d=[::1]');
    expect(params.get('b')).toBe('x y');
    expect(params.get('c')).toBeUndefined();
    expect(params.has('C')).toBe(true);
    expect(params.withQuoted('a', 'auth-done').raw('a')).toBe('"auth-done"');
    expect(Params.of({ tag: 'x', lr: undefined }).toString()).toBe(';tag=x;lr');
  });

  it('quote a quote, a backslash and a line break', () => {
    const params = Params.none.with('a', 'x"\\y\r\nz');
    expect(params.raw('a')).toBe('"x\\"\\\\y z"');
    expect(params.get('a')).toBe('x"\\y z');
  });
});

describe('Via', () => {
  it('has protocol, transport, sent-by and parameters, in any spacing', () => {
    const via = both(
      'SIP / 2.0 / UDP first.example.com: 4000;ttl=16 ;maddr=224.2.0.1 ;branch=z9hG4bKa7c6a8dlze.1;rport',
      parseVia,
      serializeVia,
      'SIP/2.0/UDP first.example.com:4000;ttl=16;maddr=224.2.0.1;branch=z9hG4bKa7c6a8dlze.1;rport',
    );
    expect(via).toMatchObject({
      protocol: 'SIP/2.0',
      transport: 'UDP',
      host: 'first.example.com',
      port: 4000,
    });
    expect(via.params.has('rport')).toBe(true);
    expect(both('SIP/2.0/WSS df7jal23ls0d.invalid;branch=1;keep', parseVia, serializeVia).transport).toBe(
      'WSS',
    );
    expect(
      both('SIP/2.0/UDP [2001:db8::9:1]:5060;received=2001:db8::9:255', parseVia, serializeVia).port,
    ).toBe(5060);
  });

  it('that is not complete is an error', () => {
    for (const text of [
      '',
      'SIP',
      'SIP/2.0',
      'SIP/2.0/',
      'SIP/2.0/UDP',
      'SIP/2.0/UDP ',
      'SIP/2.0/UDP ;a',
      'a b c',
    ]) {
      expect(parseVia(text).ok, text).toBe(false);
    }
    expect(parseVia('SIP/2.0/UDP a:b').ok).toBe(false);
    expect(parseVia('/2.0/UDP a').ok).toBe(false);
  });
});

describe('authentication', () => {
  it('reads Digest credentials, with integrity-protected quoted and bare', () => {
    const text =
      'Digest username="alice@home1.test", realm="home1.test", nonce="", uri="sip:home1.test", response="", qop=auth, nc=00000001';
    const digest = both(text, parseCredentials, serializeCredentials);
    expect(digest.params.get('username')).toBe('alice@home1.test');
    expect(digest.params.get('nonce')).toBe('');
    expect(digest.params.raw('nc')).toBe('00000001');
    for (const spelling of ['"auth-done"', 'auth-done']) {
      const credentials = value(parseCredentials(`Digest a="b", integrity-protected=${spelling}`));
      expect(credentials.params.get('integrity-protected')).toBe('auth-done');
    }
  });

  it('writes Digest parameters with the quotes of RFC 3261 25.1', () => {
    const values = { realm: 'r', qop: 'auth', algorithm: 'MD5', stale: undefined, nc: '00000001' };
    expect(serializeAuthParams(digestParams(values, 'credentials'))).toBe(
      'realm="r", qop=auth, algorithm=MD5, nc=00000001',
    );
    expect(serializeAuthParams(digestParams({ qop: 'auth' }, 'challenge'))).toBe('qop="auth"');
  });

  it('reads both spellings of a bearer token', () => {
    expect(bearerToken(both('Bearer mF_9.B5f-4.1JqM==', parseCredentials, serializeCredentials))).toBe(
      'mF_9.B5f-4.1JqM==',
    );
    expect(bearerToken(both('Bearer access_token="a.b"', parseCredentials, serializeCredentials))).toBe(
      'a.b',
    );
    expect(bearerToken(value(parseCredentials('Digest access_token="a"')))).toBeUndefined();
    expect(bearerToken(value(parseCredentials('Bearer')))).toBeUndefined();
  });

  it('reads Bearer challenges and Authentication-Info', () => {
    const text = 'Bearer realm="home1.test", authz_server="https://waf.test/a,b", error="invalid_token"';
    expect(both(text, parseCredentials, serializeCredentials).params.get('authz_server')).toBe(
      'https://waf.test/a,b',
    );
    const info = value(parseAuthParams('nextnonce="47364c23", qop=auth , rspauth="ab"'));
    expect(info.get('nextnonce')).toBe('47364c23');
    expect(serializeAuthParams(info)).toBe('nextnonce="47364c23", qop=auth, rspauth="ab"');
  });

  it('that is not complete is an error', () => {
    for (const text of ['', '=', 'Digest a', 'Digest a=1 b', 'Digest a="b', 'Digest a="b"c', 'Digest ,a=1']) {
      const parsed = parseCredentials(text);
      expect(parsed.ok && parsed.value.token68 === undefined, text).toBe(false);
    }
  });
});

describe('other fields', () => {
  it('read and write as their documents have them', () => {
    expect(both('reg;id=1', parseValued, serializeValued).params.get('id')).toBe('1');
    expect(value(parseEvent('presence.winfo;id=7'))).toMatchObject({ package: 'presence.winfo', id: '7' });
    const state = both(
      'terminated;reason=deactivated;expires=0;retry-after=5',
      parseSubscriptionState,
      serializeSubscriptionState,
    );
    expect(state).toEqual({ state: 'terminated', reason: 'deactivated', expires: 0, retryAfter: 5 });
    expect(both('1800;refresher=uac', parseSessionExpires, serializeSessionExpires)).toEqual({
      seconds: 1800,
      refresher: 'uac',
    });
    expect(both('776656 1 INVITE', parseRAck, serializeRAck)).toEqual({
      rseq: 776656,
      sequence: 1,
      method: 'INVITE',
    });
    expect(both('SIP;cause=503;text="a;b"', parseReason, serializeReason)).toEqual({
      protocol: 'SIP',
      cause: 503,
      text: 'a;b',
    });
    expect(both('Q.850;cause=16', parseReason, serializeReason).protocol).toBe('Q.850');
    const media = both(
      'Multipart / Mixed;boundary="a b"',
      parseMediaType,
      serializeMediaType,
      'multipart/mixed;boundary="a b"',
    );
    expect(media.params.get('boundary')).toBe('a b');
    expect(
      both(
        '120 (in a \\(meeting (really)\\));duration=60',
        parseRetryAfter,
        (it) => serializeRetryAfter(it),
        '120 (in a \\(meeting \\(really\\)\\));duration=60',
      ).comment,
    ).toBe('in a (meeting (really))');
    expect(both('307 isi.edu "Session parameter \\"foo\\""', parseWarning, serializeWarning).text).toBe(
      'Session parameter "foo"',
    );
    expect(
      both('98732@sip.example.com;to-tag=ff87ff;from-tag=r33;early-only', parseReplaces, serializeReplaces),
    ).toEqual({
      callId: '98732@sip.example.com',
      toTag: 'ff87ff',
      fromTag: 'r33',
      earlyOnly: true,
    });
  });

  it('that break their grammar are errors', () => {
    const cases: [string, (text: string) => Parsed<unknown>][] = [
      ['', parseEvent],
      ['x', parseSessionExpires],
      ['1 INVITE', parseRAck],
      ['1 2', parseRAck],
      ['text', parseMediaType],
      ['a/b/c', parseMediaType],
      ['1 (a', parseRetryAfter],
      ['1812 overture "x"', parseWarning],
      ['a;to-tag=b', parseReplaces],
      ['icid=1', parseChargingVector],
      ['+sip.ice', parseFeatureCaps],
    ];
    for (const [text, parse] of cases) expect(parse(text).ok, text).toBe(false);
  });

  it('reads feature tag lists (RFC 3840 9)', () => {
    const { params } = value(
      parseNameAddr(
        '<sip:a@b>;+sip.instance="<urn:uuid:1>";+g.3gpp.icsi-ref="urn%3Aurn-7%3A3gpp-service.ims.icsi.mmtel,x"',
      ),
    );
    expect(featureValues(params, '+g.3gpp.icsi-ref')).toEqual(['urn:urn-7:3gpp-service.ims.icsi.mmtel', 'x']);
    expect(featureValues(params, '+sip.instance')).toEqual(['urn:uuid:1']);
    expect(featureValues(params, '+sip.ice')).toEqual([]);
  });

  it('knows dates in GMT, leap years included', () => {
    // 1289690940 is `date -u -d "2010-11-13 23:29:00" +%s`.
    expect(both('Sat, 13 Nov 2010 23:29:00 GMT', parseSipDate, serializeSipDate)).toBe(1_289_690_940);
    expect(both('Thu, 01 Jan 1970 00:00:00 GMT', parseSipDate, serializeSipDate)).toBe(0);
    expect(both('Thu, 29 Feb 2024 12:00:01 GMT', parseSipDate, serializeSipDate)).toBe(1_709_208_001);
    expect(both('Wed, 31 Dec 1969 23:59:59 GMT', parseSipDate, serializeSipDate)).toBe(-1);
    for (const text of [
      'Fri, 01 Jan 2010 16:00:00 EST',
      'Sun, 13 Nov 2010 23:29:00 GMT',
      'Wed, 29 Feb 2023 12:00:00 GMT',
      'Sat, 13 Nov 2010 24:00:00 GMT',
    ]) {
      expect(parseSipDate(text).ok, text).toBe(false);
    }
  });

  it('knows reason phrases, by class where the code is unknown', () => {
    expect([100, 200, 494, 580, 499, 699, 99].map(reasonPhrase)).toEqual([
      'Trying',
      'OK',
      'Security Agreement Required',
      'Precondition Failure',
      'Bad Request',
      'Busy Everywhere',
      '',
    ]);
  });
});

describe('P-header fields', () => {
  it('P-Charging-Vector', () => {
    const vector = both(
      'icid-value=1234bc;icid-generated-at=192.0.6.8;orig-ioi="Type 1visited.example";transit-ioi="operatora.1,void";x=y',
      parseChargingVector,
      serializeChargingVector,
      'icid-value="1234bc";icid-generated-at=192.0.6.8;orig-ioi="Type 1visited.example";transit-ioi="operatora.1,void";x=y',
    );
    expect(vector).toMatchObject({
      icid: '1234bc',
      icidGeneratedAt: '192.0.6.8',
      origIoi: 'Type 1visited.example',
      transitIoi: ['operatora.1', 'void'],
    });
    expect(vector.termIoi).toBeUndefined();
    expect(vector.others.toString()).toBe(';x=y');
  });

  it('P-Charging-Function-Addresses', () => {
    const headers = new SipHeaders([
      ['P-Charging-Function-Addresses', 'ccf=192.1.1.1;ccf-2="aaa://c2"; ecf=e , y=1'],
    ]);
    const addresses = value(parseChargingFunctionAddresses(headers.list('P-Charging-Function-Addresses')));
    expect(addresses).toMatchObject({ ccf: ['192.1.1.1', 'aaa://c2'], ecf: ['e'] });
    expect(serializeChargingFunctionAddresses(addresses)).toBe('ccf=192.1.1.1;ccf-2="aaa://c2";ecf=e;y=1');
  });

  it('P-Early-Media', () => {
    const media = parseEarlyMedia(['SendRecv', 'inactive', 'x', 'gated']);
    expect(media).toEqual({ directions: ['sendrecv', 'inactive'], supported: false, gated: true });
    expect(serializeEarlyMedia(media)).toBe('sendrecv, inactive, gated');
    expect(parseEarlyMedia(['supported']).supported).toBe(true);
    expect(parseEarlyMedia([]).directions).toEqual([]);
  });

  it('P-Visited-Network-ID', () => {
    const networks = value(parseVisitedNetworks(['other.net', '"Visited network number 1"; a=b']));
    expect(networks.map(({ name }) => name)).toEqual(['other.net', 'Visited network number 1']);
    expect(networks.map(serializeVisitedNetwork)).toEqual(['"other.net"', '"Visited network number 1";a=b']);
  });

  it('P-Access-Network-Info', () => {
    const text = 'IEEE-802.11;i-wlan-node-id=aabbccddeeff;network-provided';
    expect(both(text, parseAccessNetwork, serializeAccessNetwork)).toMatchObject({
      access: 'IEEE-802.11',
      networkProvided: true,
    });
    const cell = both(
      '3GPP-E-UTRAN-FDD;utran-cell-id-3gpp="234151D0FCE11"',
      parseAccessNetwork,
      serializeAccessNetwork,
    );
    expect(cell.params.get('utran-cell-id-3gpp')).toBe('234151D0FCE11');
    expect(cell.networkProvided).toBe(false);
  });

  it('Feature-Caps and Privacy', () => {
    const caps = both('*;+sip.ice;+g.3gpp.icsi-ref="urn%3Aa"', parseFeatureCaps, serializeFeatureCaps);
    expect(caps.has('+sip.ice')).toBe(true);
    expect(featureValues(caps, '+g.3gpp.icsi-ref')).toEqual(['urn:a']);
    expect(parsePrivacy('ID; critical')).toEqual(['id', 'critical']);
  });
});
