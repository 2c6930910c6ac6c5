import { describe, expect, it } from 'vitest';
import { toBase64Url, toUtf8 } from '../../src/crypto/index.js';
import type { Settings } from '../../src/explore/index.js';
import type { SipResponse } from '../../src/wire/sip/index.js';
import { ALICE, BOB, ORIGIN, type RawParts, type RawWic, SystemBed, WEBRTC_OFFER } from './testbed.js';

const bearer = (token: string): string => `Bearer access_token="${token}"`;

/** A connected raw client, nobody registered. */
function connected(settings: Settings = {}): { readonly bed: SystemBed; readonly raw: RawWic } {
  const bed = new SystemBed(settings);
  return { bed, raw: bed.raw().connect() };
}

/** Alice registered at a raw client, bob at his phone. */
function registered(settings: Settings = {}): { readonly bed: SystemBed; readonly raw: RawWic } {
  const bed = new SystemBed(settings);
  bed.bob.register();
  const raw = bed.raw().begin();
  bed.until(() => bed.bob.registered);
  bed.pause(1);
  return { bed, raw };
}

/** An INVITE of the raw client to bob. */
const invite = (raw: RawWic, parts: RawParts = {}): SipResponse =>
  raw.ask('INVITE', BOB.impu, {
    body: WEBRTC_OFFER,
    ...parts,
    headers: [['Content-Type', 'application/sdp'], ...(parts.headers ?? [])],
  });

describe('the WebSocket of the eP-CSCF', () => {
  it.each([
    ['another origin', { origin: 'https://evil.example.com' }, 403],
    ['no origin', { origin: null }, 403],
    ['no subprotocol', { protocols: [] }, 400],
    ['another subprotocol', { protocols: ['xmpp'] }, 400],
  ])('is refused with %s: HTTP %#', (_name, options, status) => {
    const bed = new SystemBed();
    const raw = bed.raw().connect(options);
    expect(raw.refused).toBe(status);
    bed.pause(60);
    expect(
      bed.network
        .host('ep-cscf')
        .describeSockets()
        .filter((one) => /198\.51\.100\.201/.test(one)),
    ).toEqual([]);
    expect(bed.remains()).toEqual([]);
  });

  it('opens for the origin of the WWSF and the subprotocol sip', () => {
    const { raw } = connected();
    expect(raw.connection.protocol).toBe('sip');
    expect(raw.refused).toBeUndefined();
    expect(ORIGIN).toBe('https://wwsf.example.com');
  });

  it.each([
    ['never speaks TLS', false],
    ['never asks for a WebSocket', true],
  ])('does not keep a connection that %s beyond the time for it', (_name, tls) => {
    const bed = new SystemBed({ 'ep-cscf': { handshakeMs: 5000 } });
    const host = bed.network.addHost({ name: 'mute', role: 'WIC', addresses: { access: '198.51.100.250' } });
    const tcp = host.connect('access', { ip: '192.0.2.1', port: 443 });
    let ended = '';
    tcp.onClose = (reason) => {
      ended = reason;
    };
    if (tls) tcp.onOpen = () => tcp.write(Uint8Array.of(22, 3, 1, 0, 200));
    const sockets = (): number => bed.network.host('ep-cscf').openSockets;
    const idle = sockets();
    bed.pause(4);
    expect(sockets()).toBe(idle + 1);
    bed.pause(2);
    expect(ended).toBe('reset');
    expect(sockets()).toBe(idle);
  });

  it('is ended by close() also before its handshake is done', () => {
    const bed = new SystemBed();
    const host = bed.network.addHost({ name: 'mute', role: 'WIC', addresses: { access: '198.51.100.250' } });
    host.connect('access', { ip: '192.0.2.1', port: 443 });
    bed.pause(1);
    bed.world.epCscf.close();
    bed.pause(10);
    expect(bed.network.host('ep-cscf').describeSockets()).toEqual([]);
  });

  it.each([
    ['text that is not UTF-8', Uint8Array.of(0x81, 0x83, 0, 0, 0, 0, 0xff, 0xfe, 0xfd), 1007],
    ['a frame that is not masked', Uint8Array.of(0x81, 0x02, 0x68, 0x69), 1002],
  ])('is closed for %s with its code', (_name, frame, code) => {
    const { bed, raw } = connected();
    raw.connection.stream.write(frame);
    bed.until(() => raw.closes.length > 0, 20);
    expect(raw.closes[0]?.code).toBe(code);
    bed.pause(10);
    expect(bed.remains()).toEqual([]);
  });

  it('is closed with 1008 for a message that is not SIP', () => {
    const { bed, raw } = connected();
    raw.connection.send('{"hello": "world"}');
    bed.until(() => raw.closes.length > 0, 20);
    expect(raw.closes[0]?.code).toBe(1008);
    expect(bed.rejected('ep-cscf')).toHaveLength(1);
    bed.pause(10);
    expect(bed.remains()).toEqual([]);
  });
});

describe('malformed SIP', () => {
  it.each([
    ['a CSeq of another method', { headers: [['CSeq', '1 OPTIONS']] }],
    ['a Max-Forwards that is no number', { headers: [['Max-Forwards', 'many']] }],
    [
      'two Call-IDs',
      {
        headers: [
          ['Call-ID', 'a@b'],
          ['Call-ID', 'c@d'],
        ],
      },
    ],
    ['a Contact that is no address', { headers: [['Contact', '<<>>']] }],
  ] as [string, RawParts][])('gets 400 with a reason, and goes no further: %s', (_name, parts) => {
    const { bed, raw } = registered();
    const before = bed.packets('ep-cscf>s-cscf');
    const response = raw.ask('MESSAGE', BOB.impu, parts);
    expect(response.status).toBe(400);
    expect(response.headers.get('warning')).toMatch(/^399 /);
    expect(bed.packets('ep-cscf>s-cscf')).toBe(before);
    expect(bed.rejected('ep-cscf')).toHaveLength(1);
    bed.pause(200);
    expect(bed.remains()).toEqual([]);
  });

  it.each(['Via', 'From', 'To', 'Call-ID', 'CSeq'])(
    'is dropped and recorded where no response can be made: no %s',
    (name) => {
      const { bed, raw } = connected();
      raw.connection.send(raw.text('OPTIONS', 'sip:home1.net', { without: [name] }));
      bed.pause(5);
      expect(raw.responses).toEqual([]);
      expect(bed.rejected('ep-cscf')).toHaveLength(1);
      expect(bed.remains()).toEqual([]);
    },
  );
});

describe('a REGISTER is refused without a word to the core', () => {
  /** Sends a REGISTER; nothing of it may reach the core or stay. */
  function refusedRegister(
    authorization: (bed: SystemBed) => string | undefined,
    settings: Settings = {},
    parts: RawParts = {},
  ): SipResponse {
    const { bed, raw } = connected(settings);
    const response = raw.register(authorization(bed), parts);
    bed.pause(60);
    expect(bed.packets('ep-cscf>i-cscf')).toBe(0);
    expect(bed.world.epCscf.registered).toBe(0);
    expect(bed.remains()).toEqual([]);
    return response;
  }

  /** The challenge of a refusal. */
  const challenge = (response: SipResponse): string => response.headers.get('www-authenticate') ?? '';

  it('401 with a challenge and no error when there are no credentials (RFC 6750 3)', () => {
    const response = refusedRegister(() => undefined);
    expect(response.status).toBe(401);
    expect(challenge(response)).toMatch(
      /^Bearer realm="home1\.net", authz_server="https:\/\/waf\.example\.com"$/,
    );
  });

  it('401 with a Bearer challenge for Digest credentials', () => {
    const digest = `Digest username="${ALICE.impi}", realm="home1.net", nonce="", uri="sip:home1.net", response="", integrity-protected="auth-done"`;
    const response = refusedRegister(() => digest);
    expect(response.status).toBe(401);
    expect(challenge(response)).toMatch(/^Bearer /);
  });

  /** Claims with one character of the payload changed, the signature kept. */
  const tampered = (token: string): string => {
    const [head, claims = '', signature] = token.split('.');
    const last = claims.at(-5) === 'A' ? 'B' : 'A';
    return [head, `${claims.slice(0, -5)}${last}${claims.slice(-4)}`, signature].join('.');
  };
  const unsigned = (token: string): string => {
    const header = toBase64Url(toUtf8(JSON.stringify({ alg: 'none', typ: 'JWT' })));
    return `${header}.${token.split('.')[1]}.`;
  };

  const notGood: [string, (bed: SystemBed) => string][] = [
    ['expired', (bed) => bed.token({ exp: 1_793_499_000 })],
    ['not valid yet', (bed) => bed.token({ nbf: 1_793_600_000 })],
    ['of a foreign issuer', (bed) => bed.token({ iss: 'waf.evil.example.com' })],
    ['for another audience', (bed) => bed.token({ aud: 'ep2.visited1.net' })],
    ['signed by another key', (bed) => bed.token({}, new Uint8Array(32).fill(9))],
    ['tampered with', (bed) => tampered(bed.token())],
    ['unsigned (alg none)', (bed) => unsigned(bed.token())],
    ['without an end', (bed) => bed.token({ exp: undefined })],
    ['without an identity', (bed) => bed.token({ impi: undefined })],
    ['no token at all', () => 'nonsense'],
  ];

  it.each(notGood)('401 with invalid_token for a token that is %s', (_name, token) => {
    const response = refusedRegister((bed) => bearer(token(bed)));
    expect(response.status).toBe(401);
    expect(challenge(response)).toMatch(/^Bearer .*error="invalid_token", error_description=".+"$/);
  });

  it.each(notGood)('403 for the same where policy has it so: %s', (_name, token) => {
    const response = refusedRegister((bed) => bearer(token(bed)), { 'ep-cscf': { tokenRefusal: '403' } });
    expect(response.status).toBe(403);
    expect(challenge(response)).toBe('');
  });

  it('401 all the same when there is no token, whatever the policy', () => {
    expect(refusedRegister(() => undefined, { 'ep-cscf': { tokenRefusal: '403' } }).status).toBe(401);
  });

  it.each([['email'], [''], [undefined]])('403 for the scope %s', (scope) => {
    expect(refusedRegister((bed) => bearer(bed.token({ scope }))).status).toBe(403);
  });

  it('403 for a token of another identity than the To', () => {
    expect(refusedRegister((bed) => bearer(bed.token({ ...BOB }))).status).toBe(403);
  });

  it('400 for two Contacts', () => {
    const headers: [string, string][] = [
      ['Contact', '<sip:a@a.invalid;transport=ws>, <sip:b@b.invalid;transport=ws>'],
    ];
    const response = refusedRegister((bed) => bearer(bed.token()), {}, { headers });
    expect(response.status).toBe(400);
  });

  it('no authorisation server in the challenge where policy keeps to RFC 6750', () => {
    const response = refusedRegister(() => undefined, { 'ep-cscf': { bearerChallenge: 'rfc6750' } });
    expect(challenge(response)).toBe('Bearer realm="home1.net"');
  });
});

describe('a registered connection', () => {
  it.each([
    ['parameter', bearer],
    ['token68', (token: string) => `Bearer ${token}`],
  ])('takes the token as %s', (_name, write) => {
    const { bed, raw } = connected();
    expect(raw.register(write(bed.token())).status).toBe(200);
    expect(bed.world.epCscf.registered).toBe(1);
    expect(bed.packets('ep-cscf>i-cscf')).toBeGreaterThan(0);
  });

  it('is the only one from which requests are taken: others get 403', () => {
    const { bed, raw } = registered();
    const other = bed.raw().connect();
    const before = bed.packets('ep-cscf>s-cscf');
    expect(invite(other).status).toBe(403);
    expect(other.ask('MESSAGE', BOB.impu).status).toBe(403);
    expect(bed.packets('ep-cscf>s-cscf')).toBe(before);
    expect(raw.connection.state).toBe('open');
    bed.pause(200);
    expect(bed.remains()).toEqual([]);
  });

  it('is not registered while the core has not said so', () => {
    const { bed, raw } = connected();
    raw.connection.send(
      raw.text('REGISTER', 'sip:home1.net', {
        to: ALICE.impu,
        headers: [['Authorization', bearer(bed.token())]],
      }),
    );
    const response = invite(raw);
    expect(response.cseq()?.method).toBe('INVITE');
    expect(response.status).toBe(403);
    bed.until(() => raw.responses.some((one) => one.status === 200));
  });

  it('stays as it is when another registration over it is refused', () => {
    const { bed, raw } = registered();
    const stranger = bed.token({ impi: BOB.impi, impu: BOB.impu });
    expect(raw.register(bearer(stranger), { to: BOB.impu }).status).toBe(403);
    expect(bed.world.epCscf.registered).toBe(1);
    expect(raw.ask('MESSAGE', 'sip:nobody@home1.net').status).toBe(404);
  });

  it('a user whom the HSS does not know gets 403, and nothing of him stays', () => {
    const { bed, raw } = connected();
    const impi = 'stranger_private@home1.net';
    const impu = 'sip:stranger@home1.net';
    expect(raw.register(bearer(bed.token({ impi, impu })), { to: impu }).status).toBe(403);
    bed.pause(60);
    expect(bed.world.epCscf.registered).toBe(0);
    expect(bed.remains()).toEqual([]);
  });

  it('keeps network-only header fields and the token from the core', () => {
    const { bed, raw } = registered();
    const forged: [string, string][] = [
      ['P-Asserted-Identity', '<sip:forged@home1.net>'],
      ['P-Charging-Vector', 'icid-value=forged'],
      ['P-Charging-Function-Addresses', 'ccf=forged'],
      ['P-Visited-Network-ID', '"forged"'],
      ['P-Asserted-Service', 'urn:urn-7:forged'],
      ['P-Served-User', '<sip:forged@home1.net>'],
      ['P-Profile-Key', '<sip:forged@home1.net>'],
      ['P-User-Database', '<aaa://forged>'],
      ['Feature-Caps', '*;+forged'],
      ['Path', '<sip:forged@home1.net;lr>'],
      ['Route', '<sip:forged.home1.net;lr>'],
      [
        'Authorization',
        'Digest username="forged", realm="home1.net", nonce="", uri="sip:home1.net", response="", integrity-protected="auth-done", authorization-entity="forged"',
      ],
      ['Authorization', bearer(bed.token())],
    ];
    expect(invite(raw, { headers: forged }).status).toBe(200);
    expect(raw.ask('MESSAGE', BOB.impu, { headers: forged }).status).toBeGreaterThanOrEqual(200);
    const within = forged.map(([name, value]): [string, string] =>
      name === 'Route' ? [name, '<sip:scscf1.home1.net;lr>'] : [name, value],
    );
    const sentBefore = bed.sip('ep-cscf', 'message.sent', 'INFO').length;
    // a dialog that there is not leads from S-CSCF to I-CSCF and back, which is a loop (RFC 3261 16.3 step 4)
    expect(raw.ask('INFO', BOB.impu, { toTag: 'made-up', headers: within }).status).toBe(482);
    expect(bed.sip('ep-cscf', 'message.sent', 'INFO')).toHaveLength(sentBefore + 1);
    const token = bearer(bed.token());
    expect(
      raw.register(token, { headers: forged.slice(0, -2), callId: 'raw-1@raw-1', cseq: 50 }).status,
    ).toBe(200);
    const toCore = bed.sip(
      'ep-cscf',
      'message.sent',
      /^(INVITE|MESSAGE|INFO|REGISTER|SUBSCRIBE|PRACK|ACK|BYE)/,
    );
    expect(toCore.filter((text) => /^(INVITE|MESSAGE|REGISTER)/.test(text)).length).toBeGreaterThanOrEqual(4);
    for (const text of toCore) {
      expect(text).not.toMatch(/forged|bearer/i);
      expect(text).not.toContain('eyJ');
    }
    const asserted = bed.sip('ep-cscf', 'message.sent', /^(INVITE|MESSAGE)/);
    for (const text of asserted) expect(text).toContain(`P-Asserted-Identity: <${ALICE.impu}>`);
  });

  it('says of the WAF what policy wants, and the S-CSCF takes the name that the HSS allows', () => {
    for (const [authorizationEntity, named] of [
      ['never', false],
      ['third-party', false],
      ['always', true],
    ] as const) {
      const { bed, raw } = connected({ 'ep-cscf': { authorizationEntity } });
      expect(raw.register(bearer(bed.token())).status).toBe(200);
      const [register = ''] = bed.sip('ep-cscf', 'message.sent', 'REGISTER');
      expect(register.includes('authorization-entity="waf.example.com"')).toBe(named);
    }
  });
});

describe('requests that a proxy must not pass on', () => {
  it.each([
    ['Max-Forwards 0', [['Max-Forwards', '0']], 483],
    ['a Proxy-Require that nobody knows', [['Proxy-Require', 'teleport']], 420],
  ] as [string, [string, string][], number][])('%s', (_name, headers, status) => {
    const { bed, raw } = registered();
    const before = bed.packets('ep-cscf>s-cscf');
    for (const response of [raw.ask('MESSAGE', BOB.impu, { headers }), invite(raw, { headers })]) {
      expect(response.status).toBe(status);
      if (status === 420) expect(response.headers.get('unsupported')).toBe('teleport');
    }
    expect(bed.packets('ep-cscf>s-cscf')).toBe(before);
    bed.pause(200);
    expect(bed.remains()).toEqual([]);
  });

  it('an INVITE that requires what a back-to-back user agent does not do gets 420', () => {
    const { bed, raw } = registered();
    const response = invite(raw, { headers: [['Require', 'precondition']] });
    expect(response.status).toBe(420);
    expect(response.headers.get('unsupported')).toBe('precondition');
    bed.pause(200);
    expect(bed.remains()).toEqual([]);
  });

  it('a Require of anything else is for the far end to refuse (RFC 3261 16.3)', () => {
    const { raw } = registered();
    const response = raw.ask('OPTIONS', BOB.impu, { headers: [['Require', 'teleport']] });
    expect(response.status).toBe(420);
    expect(response.headers.get('unsupported')).toBe('teleport');
  });

  it('an unknown method goes to the far end, which does not implement it: 501 or 405 (RFC 3261 16, 8.2.1)', () => {
    const { bed, raw } = registered();
    const response = raw.ask('TELEPORT', BOB.impu);
    expect([405, 501]).toContain(response.status);
    expect(response.headers.get('allow')).toContain('INVITE');
    expect(bed.sip('ue', 'message.received', 'TELEPORT')).toHaveLength(1);
    bed.pause(200);
    expect(bed.remains()).toEqual([]);
  });

  it('a request that comes round again gets 482', () => {
    const { bed, raw } = registered();
    const text = raw.text('MESSAGE', BOB.impu);
    raw.connection.send(text);
    bed.until(() => bed.sip('ep-cscf', 'message.sent', 'MESSAGE').length > 0, 5);
    const [sent = ''] = bed.sip('ep-cscf', 'message.sent', 'MESSAGE');
    const via = /^Via: (.*)\r$/m.exec(sent)?.[1] ?? '';
    const again = text.replace(
      'Via: ',
      `Via: SIP/2.0/WSS ${raw.host.name}.invalid;branch=z9hG4bKagain\r\nVia: ${via}\r\nVia: `,
    );
    raw.connection.send(again);
    bed.until(() => raw.responses.some(({ status }) => status === 482), 5);
    bed.pause(200);
    expect(bed.remains()).toEqual([]);
  });
});

describe('an INVITE with a bad session description', () => {
  it.each([
    ['no session description', 'hello', 400],
    ['without an origin', WEBRTC_OFFER.replace(/^o=.*\r\n/m, ''), 400],
    ['of no WebRTC', WEBRTC_OFFER.replace('UDP/TLS/RTP/SAVPF', 'RTP/AVP'), 488],
    ['without a certificate', WEBRTC_OFFER.replace(/a=fingerprint.*\r\n/, ''), 400],
    ['without ICE', WEBRTC_OFFER.replace(/a=ice.*\r\n/g, ''), 488],
    ['with all lines disabled', WEBRTC_OFFER.replace('audio 50000', 'audio 0'), 488],
    ['missing', '', 488],
  ])('gets a Warning and reserves nothing: %s', (_name, body, status) => {
    const { bed, raw } = registered();
    const before = bed.packets('ep-cscf>eims-agw/core');
    const response = invite(raw, { body });
    expect(response.status).toBe(status);
    expect(response.headers.get('warning')).toMatch(/^3\d\d ep1\.visited1\.net ".+"$/);
    expect(bed.packets('ep-cscf>eims-agw/core')).toBe(before);
    bed.pause(200);
    expect(bed.remains()).toEqual([]);
  });
});

describe('a dialog through the eP-CSCF', () => {
  it('takes requests only over the connection of the WIC that is in the call', () => {
    const { bed, raw } = registered();
    const callId = 'a-call@raw-1';
    const answer = invite(raw, { callId, fromTag: 'mine' });
    expect(answer.status).toBe(200);
    expect(bed.packets('ep-cscf>eims-agw/core')).toBeGreaterThan(0);
    const dialog = { callId, fromTag: 'mine', toTag: answer.toTag() ?? '', to: BOB.impu };
    const uri = 'sip:ep1.visited1.net:443;transport=ws';
    raw.connection.send(raw.text('ACK', uri, { ...dialog, cseq: answer.cseq()?.sequence ?? 0 }));
    bed.pause(1);
    const other = bed.raw().connect();
    expect(other.ask('BYE', uri, { ...dialog, cseq: 100 }).status).toBe(403);
    bed.pause(1);
    expect(bed.bob.phone.calls.size).toBe(1);
    expect(raw.ask('BYE', uri, { ...dialog, cseq: 101 }).status).toBe(200);
    bed.pause(200);
    expect(bed.bob.phone.calls.size).toBe(0);
    expect(bed.remains()).toEqual([]);
  });

  it('wants the token in every request where policy has it so, of the very user', () => {
    const { bed, raw } = registered({ 'ep-cscf': { bearerInAllRequests: true } });
    const withToken = (token: string): [string, string][] => [['Authorization', bearer(token)]];
    expect(invite(raw).status).toBe(401);
    expect(invite(raw, { headers: withToken(bed.token({ exp: 1 })) }).status).toBe(401);
    expect(invite(raw, { headers: withToken(bed.token({ ...BOB })) }).status).toBe(403);
    expect(raw.ask('MESSAGE', BOB.impu).status).toBe(401);
    const callId = 'a-call@raw-1';
    const answer = invite(raw, { callId, fromTag: 'mine', headers: withToken(bed.token()) });
    expect(answer.status).toBe(200);
    const dialog = { callId, fromTag: 'mine', toTag: answer.toTag() ?? '', to: BOB.impu };
    const uri = 'sip:ep1.visited1.net:443;transport=ws';
    raw.connection.send(raw.text('ACK', uri, { ...dialog, cseq: answer.cseq()?.sequence ?? 0 }));
    bed.pause(1);
    expect(raw.ask('BYE', uri, { ...dialog, cseq: 101 }).status).toBe(401);
    expect(raw.ask('BYE', uri, { ...dialog, cseq: 102, headers: withToken(bed.token()) }).status).toBe(200);
    bed.pause(200);
    expect(bed.remains()).toEqual([]);
  });
});
