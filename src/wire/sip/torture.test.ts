import { readdirSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import {
  bearerToken,
  canAnswer,
  parseCredentials,
  parseNameAddr,
  parseSip,
  parseUri,
  rejection,
  type SipMessage,
  SipStreamParser,
  serializeSip,
  unescapeUri,
  validateSip,
} from './index.js';

const folder = new URL('./fixtures/rfc4475/', import.meta.url);

function bytesOf(name: string): Uint8Array {
  return new Uint8Array(readFileSync(new URL(`${name}.dat`, folder)));
}

function message(name: string): SipMessage {
  const parsed = parseSip(bytesOf(name));
  if (!parsed.ok) throw new Error(`${name}: ${parsed.error.what}`);
  return parsed.value;
}

function request(name: string) {
  const parsed = message(name);
  if (parsed.kind !== 'request') throw new Error(`${name} is no request`);
  return parsed;
}

/** Everything a message means to its receiver: the start line, each field by its full name, the body. */
function meaning(sip: SipMessage): unknown {
  const start = sip.kind === 'request' ? [sip.method, sip.uri] : [sip.status, sip.reason];
  const fields = [...sip.headers].filter(({ name }) => !/^(content-length|l)$/i.test(name));
  return { start, fields, body: [...sip.body] };
}

/** Sections 3.1.1: valid. 3.3 and 3.4: well formed, what is wrong is above the codec. */
const wellFormed = [
  'wsinv',
  'intmeth',
  'esc01',
  'escnull',
  'esc02',
  'lwsdisp',
  'longreq',
  'dblreq',
  'semiuri',
  'transports',
  'mpart01',
  'unreason',
  'noreason',
  'unksm2',
  'bext01',
  'invut',
  'regaut01',
  'bcast',
  'zeromf',
  'cparam01',
  'cparam02',
  'regescrt',
  'sdp01',
  'inv2543',
  'baddate', // 3.1.2.12 asks not to reject a message for a Date that is not needed.
];

/** Status owed, and the field the finding has to name. */
const rejected: readonly (readonly [name: string, status: number, where: RegExp])[] = [
  ['badinv01', 400, /^Via$/],
  ['clerr', 400, /^Content-Length$/],
  ['ncl', 400, /^Content-Length$/],
  ['scalar02', 400, /^CSeq$/],
  ['quotbal', 400, /^To$/],
  ['ltgtruri', 400, /^Request-Line$/],
  ['lwsruri', 400, /^Request-Line$/],
  ['lwsstart', 400, /^Request-Line$/],
  ['trws', 400, /^Request-Line$/],
  ['escruri', 400, /^Request-Line$/],
  ['regbadct', 400, /^Contact$/],
  ['badaspec', 400, /^To$/],
  ['baddn', 400, /^(From|To)$/],
  ['badvers', 505, /^SIP-Version$/],
  ['mismatch01', 400, /^CSeq$/],
  ['mismatch02', 400, /^CSeq$/],
  ['badbranch', 400, /^Via$/],
  ['unkscm', 416, /^Request-Line$/],
  ['novelsc', 416, /^Request-Line$/],
  ['multi01', 400, /^(CSeq|Call-ID|From|To|Max-Forwards)$/],
  ['mcl01', 400, /^Content-Length$/],
];

/** Owed no response: two responses to discard, and a request without the fields a response is made of. */
const dropped = ['scalarlg', 'bigcode', 'insuf'];

describe('the torture messages of RFC 4475', () => {
  it('are all 49 here, each in one of the groups below', () => {
    const files = readdirSync(folder)
      .filter((file) => file.endsWith('.dat'))
      .map((file) => file.slice(0, -4))
      .sort();
    expect(files).toEqual([...wellFormed, ...rejected.map(([name]) => name), ...dropped].sort());
    expect(files.length).toBe(49);
  });

  it.each(wellFormed)(
    '%s parses, is owed no rejection, and means the same after being written back',
    (name) => {
      const parsed = message(name);
      expect(rejection(validateSip(parsed))).toBeUndefined();
      const again = parseSip(serializeSip(parsed));
      expect(again.ok && meaning(again.value)).toEqual(meaning(parsed));
      expect(canAnswer(parsed)).toBe(true);
    },
  );

  it.each(rejected)('%s can be answered and is owed %i', (name, status, where) => {
    const parsed = message(name);
    const finding = rejection(validateSip(parsed));
    expect(finding?.status).toBe(status);
    const named = validateSip(parsed).filter((each) => each.status === status && where.test(each.where));
    expect(named, `a finding at ${where}`).not.toEqual([]);
    expect(canAnswer(parsed)).toBe(true);
  });

  it.each(dropped)('%s parses but cannot be answered', (name) => {
    const parsed = message(name);
    expect(rejection(validateSip(parsed))).toBeDefined();
    expect(parsed.kind === 'request' && canAnswer(parsed)).toBe(false);
  });
});

describe('what RFC 4475 says of single valid messages (3.1.1)', () => {
  it('3.1.1.1 wsinv: folds, white space, compact forms and escapes everywhere', () => {
    const sip = request('wsinv');
    expect(sip.uri).toBe('sip:vivekg@chair-dnrc.example.com;unknownparam');
    expect(sip.from()?.display).toBe('J Rosenberg \\"');
    expect(sip.fromTag()).toBe('98asjd8');
    expect(sip.to()).toMatchObject({ uri: 'sip:vivekg@chair-dnrc.example.com' });
    expect(sip.toTag()).toBe('1918181833n');
    expect(sip.maxForwards()).toBe(68);
    expect(sip.cseq()).toEqual({ sequence: 9, method: 'INVITE' });
    expect(sip.headers.get('subject')).toBe('');
    expect(sip.headers.get('NewFangledHeader')).toBe('newfangled value continued newfangled value');
    expect(sip.headers.get('UnknownHeaderWithUnusualValue')).toBe(';;,,;;,;');
    const sentBy = sip.vias().map((via) => [via.protocol, via.transport, via.host, via.params.get('branch')]);
    expect(sentBy).toEqual([
      ['SIP/2.0', 'UDP', '192.0.2.2', '390skdjuw'],
      ['SIP/2.0', 'TCP', 'spindle.example.com', 'z9hG4bK9ikj8'],
      ['SIP/2.0', 'UDP', '192.168.255.111', 'z9hG4bK30239'],
    ]);
    const contact = sip.contacts()[0];
    expect(contact?.display).toBe('Quoted string ""');
    expect(contact?.params.get('newparam')).toBe('newvalue');
    expect(contact?.params.has('secondparam')).toBe(true);
    expect(contact?.params.get('q')).toBe('0.33');
    expect(sip.body.length).toBe(150);
  });

  it('3.1.1.2 intmeth: every character that the grammar allows', () => {
    const sip = request('intmeth');
    expect(sip.method).toBe("!interesting-Method0123456789_*+`.%indeed'~");
    const uri = parseUri(sip.uri);
    expect(uri.ok && uri.value).toMatchObject({
      user: "1_unusual.URI~(to-be!sure)&isn't+it$/crazy?,/;;*",
      password: "&it+has=1,weird!*pas$wo~d_too.(doesn't-it)",
      host: 'example.com',
    });
    expect(sip.to()?.display).toBe('BEL:\x07 NUL:\x00 DEL:\x7f');
    expect(sip.from()?.display).toBe("token1~` token2'+_ token3*%!.-");
    expect(sip.from()?.params.get("fromParam''~+*_!.-%")).toBe('работающий');
    expect(sip.fromTag()).toBe("_token~1'+`*%!-.");
    expect(sip.callId()).toBe('intmeth.word%ZK-!.*_+\'@word`~)(><:\\/"][?}{');
    // The value starts with U+FEFF, which is text and not white space.
    expect(sip.headers.get("extensionHeader-!.%*+_`'~")).toBe('\ufeff大停電');
  });

  it('3.1.1.3 esc01: escapes count in URIs, and are undone once only', () => {
    const sip = request('esc01');
    const uri = parseUri(sip.uri);
    expect(uri.ok && uri.value.kind === 'sip' && unescapeUri(uri.value.user ?? '')).toBe(
      'sips:user@example.com',
    );
    const contact = parseUri(sip.contacts()[0]?.uri ?? '');
    if (!contact.ok || contact.value.kind !== 'sip') throw new Error('contact');
    expect(unescapeUri(contact.value.user ?? '')).toBe('caller');
    expect(contact.value.params.entries.map(({ name }) => unescapeUri(name))).toEqual(['lr', 'name']);
    expect(unescapeUri(contact.value.params.entries[1]?.raw ?? '')).toBe('value%41');
  });

  it('3.1.1.4 escnull: escaped nulls stay in the user part, and the two contacts differ', () => {
    const sip = request('escnull');
    const to = parseUri(sip.to()?.uri ?? '');
    expect(to.ok && to.value.kind === 'sip' && unescapeUri(to.value.user ?? '')).toBe('null-\0-null');
    expect(sip.contacts().map(({ uri }) => uri)).toEqual([
      'sip:%00@host5.example.com',
      'sip:%00%00@host5.example.com',
    ]);
  });

  it('3.1.1.5 esc02: % is no escape in methods, display names and field names', () => {
    const sip = request('esc02');
    expect(sip.method).toBe('RE%47IST%45R');
    expect(sip.to()?.display).toBe('%Z%45');
    expect(sip.contacts().length).toBe(2);
    expect(sip.headers.get('C%6Fntact')).toBe('<sip:alias2@host2.example.com>');
  });

  it('3.1.1.6 lwsdisp: no white space before <', () => {
    expect(message('lwsdisp').from()).toMatchObject({ display: 'caller', uri: 'sip:caller@example.com' });
  });

  it('3.1.1.7 longreq: 34 Vias and very long values', () => {
    const sip = request('longreq');
    expect(sip.vias().length).toBe(34);
    expect(sip.fromTag()).toBe(`12${'982'.repeat(50)}424`);
    expect(sip.callId()).toBe(`longreq.one${'really'.repeat(20)}longcallid`);
    expect(sip.vias()[33]?.params.get('branch')).toBe(`very${'long'.repeat(50)}branchvalue`);
  });

  it('3.1.1.8 dblreq: what follows the body in a datagram is noise', () => {
    const sip = request('dblreq');
    expect(sip.method).toBe('REGISTER');
    expect(sip.body.length).toBe(0);
    expect(new TextDecoder().decode(serializeSip(sip))).not.toContain('INVITE');
  });

  it('3.1.1.9 semiuri: a semicolon in the user part', () => {
    const uri = parseUri(request('semiuri').uri);
    if (!uri.ok || uri.value.kind !== 'sip') throw new Error('uri');
    expect(unescapeUri(uri.value.user ?? '')).toBe('user;par=u@example.net');
    expect(uri.value.host).toBe('example.com');
    expect(request('semiuri').headers.list('accept').length).toBe(6);
  });

  it('3.1.1.10 transports: known and unknown transports', () => {
    expect(
      message('transports')
        .vias()
        .map(({ transport }) => transport),
    ).toEqual(['UDP', 'SCTP', 'TLS', 'UNKNOWN', 'TCP']);
  });

  it('3.1.1.11 mpart01: a binary body with nulls', () => {
    const { body } = message('mpart01');
    expect(body.length).toBe(553);
    expect(body.includes(0)).toBe(true);
  });

  it('3.1.1.12 unreason and 3.1.1.13 noreason: unusual and empty reason phrases', () => {
    expect(message('unreason')).toMatchObject({
      status: 200,
      reason: '= 2**3 * 5**2 но сто девяносто девять - простое',
    });
    expect(message('noreason')).toMatchObject({ status: 100, reason: '' });
  });
});

describe('what RFC 4475 says of single invalid messages (3.1.2, 3.3)', () => {
  it('3.1.2.2 clerr: a stream waits for the missing bytes', () => {
    expect(new SipStreamParser().push(bytesOf('clerr'))).toEqual([]);
  });

  it.each(['ncl', 'mcl01'])(
    '3.1.2.3, 3.3.9 %s: on a stream the request is answered with 400 and the stream ends',
    (name) => {
      const parser = new SipStreamParser();
      const items = parser.push(bytesOf(name));
      expect(items.map(({ kind }) => kind)).toEqual(['message', 'error']);
      const [item] = items;
      expect(item?.kind === 'message' && rejection(validateSip(item.message))?.status).toBe(400);
      expect(parser.closed).toBe(true);
      expect(parser.push(bytesOf('esc02'))).toEqual([]);
    },
  );

  it('3.1.2.4 scalar02: only the CSeq is worth a rejection', () => {
    const findings = validateSip(message('scalar02'));
    expect(findings.filter(({ status }) => status !== 0).map(({ where }) => where)).toEqual(['CSeq']);
    expect(
      findings
        .filter(({ status }) => status === 0)
        .map(({ where }) => where)
        .sort(),
    ).toEqual(['Contact', 'Expires', 'Max-Forwards']);
  });

  it('3.1.2.7 to 3.1.2.11: what is wrong with the start line is not written back', () => {
    expect(request('lwsstart').uri).toBe('sip:user@example.com');
    const line = (name: string): string =>
      new TextDecoder().decode(serializeSip(message(name))).split('\r\n')[0] ?? '';
    expect(line('lwsstart')).toBe('INVITE sip:user@example.com SIP/2.0');
    expect(line('trws')).toBe('OPTIONS sip:remote-target@example.com SIP/2.0');
    expect(request('lwsruri').uri).toBe('sip:user@example.com; lr');
    expect(request('ltgtruri').uri).toBe('<sip:user@example.com>');
  });

  it('3.1.2.12 baddate: the Date is named, without a rejection', () => {
    expect(validateSip(message('baddate'))).toMatchObject([{ where: 'Date', status: 0 }]);
  });

  it('3.1.2.18 mismatch02: 501 where the methods known are given', () => {
    const findings = validateSip(message('mismatch02'), { methods: ['INVITE', 'ACK', 'OPTIONS'] });
    expect(rejection(findings)?.status).toBe(501);
  });

  it('3.3.1 insuf: From, To and Call-ID are named; without them there is no response to make', () => {
    const missing = validateSip(message('insuf')).filter(({ what }) => what.startsWith('no '));
    expect(missing.map(({ where }) => where)).toEqual(['From', 'To', 'Call-ID', 'Max-Forwards']);
  });

  // 404 instead of 416 for a scheme that is known but not served is the user agent's choice.
  it('3.3.3 novelsc: no rejection where the scheme is understood', () => {
    expect(rejection(validateSip(message('novelsc'), { schemes: ['sip', 'soap.beep'] }))).toBeUndefined();
  });

  // The registrar's 400 for a To that is no SIP URI (RFC 3261 10.3) is left to it.
  it('3.3.4 unksm2: unknown schemes in To, From and Contact', () => {
    const sip = message('unksm2');
    expect([sip.to()?.uri, sip.from()?.uri, sip.contacts()[0]?.uri]).toEqual([
      'isbn:2983792873',
      'http://www.example.com',
      'name:John_Smith',
    ]);
  });

  // The 420 with Unsupported is left to the user agent and the proxy, which know their extensions.
  it('3.3.5 bext01: Require and Proxy-Require are lists to compare with', () => {
    const { headers } = message('bext01');
    expect(headers.list('require')).toEqual(['nothingSupportsThis', 'nothingSupportsThisEither']);
    expect(headers.list('proxy-require')).toEqual(['noProxiesSupportThis', 'norDoAnyProxiesSupportThis']);
  });

  // 415 and 406 are left to the user agent.
  it('3.3.6 invut and 3.3.15 sdp01: media types to compare with', () => {
    expect(message('invut').contentType()).toBe('application/unknownformat');
    expect(message('sdp01').headers.list('accept')).toEqual(['text/nobodyKnowsThis']);
  });

  it('3.3.7 regaut01: credentials of an unknown scheme', () => {
    const value = message('regaut01').headers.get('authorization') ?? '';
    const credentials = parseCredentials(value);
    if (!credentials.ok) throw new Error(credentials.error.what);
    expect(credentials.value.scheme).toBe('NoOneKnowsThisScheme');
    expect(credentials.value.params.get('opaque-data')).toBe('here');
    expect(bearerToken(credentials.value)).toBeUndefined();
  });

  // Discarding a response with a second Via is left to the user agent (RFC 3261 8.1.3.3).
  it('3.3.10 bcast: two Vias, the second for the broadcast address', () => {
    expect(
      message('bcast')
        .vias()
        .map(({ host }) => host),
    ).toEqual(['192.0.2.198', '255.255.255.255']);
  });

  // The 483 is left to the proxy.
  it('3.3.11 zeromf: Max-Forwards is 0 and not absent', () => {
    expect(message('zeromf').maxForwards()).toBe(0);
  });

  it('3.3.12 to 3.3.14: a parameter belongs to the contact without <>, to the URI within', () => {
    const [first, second, third] = ['cparam01', 'cparam02', 'regescrt'].map(
      (name) => message(name).contacts()[0],
    );
    expect(first).toMatchObject({ uri: 'sip:+19725552222@gw1.example.net' });
    expect(first?.params.has('unknownparam')).toBe(true);
    expect(second).toMatchObject({ uri: 'sip:+19725552222@gw1.example.net;unknownparam' });
    expect(second?.params.size).toBe(0);
    expect(third?.uri).toBe('sip:user@example.com?Route=%3Csip:sip.example.com%3E');
  });

  it('3.4.1 inv2543: accepted, with the body to the end of the datagram', () => {
    const sip = request('inv2543');
    expect(sip.fromTag()).toBeUndefined();
    expect(sip.body.length).toBeGreaterThan(100);
    expect(validateSip(sip).map(({ where }) => where)).toEqual(['Max-Forwards', 'Via', 'From']);
    expect(parseNameAddr(sip.headers.first('record-route') ?? '').ok).toBe(true);
  });
});
