import { describe, expect, it } from 'vitest';
import { verifyJwt } from '../../src/crypto/index.js';
import { serializeSip } from '../../src/wire/sip/index.js';
import { wallClockS } from '../common/index.js';
import { IMPU, ScriptedNetwork, type ScriptedOptions, SERVICE_ROUTE } from './testbed.js';

/** A network whose WIC has registered. */
function registered(options: ScriptedOptions = {}): ScriptedNetwork {
  const bed = new ScriptedNetwork(options);
  bed.register();
  return bed;
}

const token = (bed: ScriptedNetwork, index: number): string =>
  /access_token="([^"]+)"/.exec(bed.registers[index]?.request.headers.get('authorization') ?? '')?.[1] ?? '';
const expiry = (bed: ScriptedNetwork, index: number): number =>
  Number(bed.registers[index]?.request.contacts()[0]?.params.get('expires'));
const atS = (bed: ScriptedNetwork, index: number): number => bed.registers[index]?.atS ?? Number.NaN;

describe('the registration of a WIC', () => {
  it('opens the WebSocket as RFC 7118 4.1 has it, with the origin of the page', () => {
    const bed = registered();
    const { request } = bed.offers[0] ?? { request: undefined };
    const fields = Object.fromEntries((request?.headers ?? []).map(({ name, value }) => [name, value]));
    expect(`${request?.method} ${request?.target}`).toBe('GET /');
    expect(fields).toMatchObject({
      Host: 'ep1.visited1.net',
      'Sec-WebSocket-Protocol': 'sip',
      Origin: 'https://wwsf.example.com',
    });
    expect(bed.wic.flow?.transport).toBe('WSS');
    expect(bed.close()).toEqual([]);
  });

  it('sends the REGISTER of the worked example (catalogue 12.3)', () => {
    const bed = registered();
    const { request } = bed.registers[0] ?? { request: undefined };
    if (request === undefined) throw new Error('no REGISTER');
    const lines = new TextDecoder().decode(serializeSip(request)).split('\r\n');
    const host = /WSS ([a-z0-9]{12}\.invalid);/.exec(lines[1] ?? '')?.[1] ?? '';
    const uuid = /urn:uuid:[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}/.exec(
      lines.join('\n'),
    )?.[0];
    const user = /<sip:([a-z0-9]+)@/.exec(request.headers.get('contact') ?? '')?.[1];
    const accessToken = token(bed, 0);
    expect(uuid).toBeDefined();
    // the token lives for 3600 s from its issue, a moment ago, in claims of whole seconds
    const expires = 3598;
    expect(lines).toEqual([
      'REGISTER sip:home1.net SIP/2.0',
      `Via: SIP/2.0/WSS ${host};branch=${request.via()?.params.get('branch')}`,
      'Max-Forwards: 70',
      `From: <${IMPU}>;tag=${request.fromTag()}`,
      `To: <${IMPU}>`,
      expect.stringMatching(new RegExp(`^Call-ID: wicreg-[a-z0-9]{6}@${host}$`)),
      'CSeq: 1 REGISTER',
      `Contact: <sip:${user}@${host};transport=ws>;reg-id=1;+sip.instance="<${uuid}>";` +
        `+g.3gpp.icsi-ref="urn%3Aurn-7%3A3gpp-service.ims.icsi.mmtel";expires=${expires}`,
      `Authorization: Bearer access_token="${accessToken}"`,
      'Supported: path, outbound, gruu',
      'Content-Length: 0',
      '',
      '',
    ]);
    const verified = verifyJwt(accessToken, {
      key: { alg: 'ES256', publicKey: bed.waf.publicKey },
      nowSeconds: wallClockS(bed.kernel.now),
      issuer: 'waf.example.com',
      audience: 'ep1.visited1.net',
    });
    expect(verified.ok && verified.value.claims.impu).toBe(IMPU);
  });

  it('writes the token alone where policy says so (RFC 8898 2)', () => {
    const bed = registered({ policy: { bearerProfile: 'rfc8898' } });
    const value = bed.registers[0]?.request.headers.get('authorization');
    expect(value).toMatch(/^Bearer [A-Za-z0-9_-]+\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+$/);
  });

  it('keeps what the 200 says', () => {
    const bed = registered();
    const { wic } = bed;
    expect(wic.registered).toBe(true);
    expect(wic.identity).toEqual({ impi: 'user1_private@home1.net', impu: IMPU });
    expect(wic.identities).toEqual([IMPU, 'sip:alice@home1.net']);
    expect(wic.serviceRoute).toEqual([SERVICE_ROUTE]);
    expect(wic.contact).toMatch(/^<sip:[a-z0-9]+@[a-z0-9]+\.invalid;transport=ws;ob>;\+g\.3gpp\.icsi-ref=/);
    const gruu = 'sip:user1_public1@home1.net;gr=urn:uuid:1';
    expect(registered({ pubGruu: gruu }).wic.contact).toContain(`<${gruu}>;`);
  });

  it('subscribes to its registration state along the Service-Route', () => {
    const bed = registered();
    expect(bed.subscribes).toHaveLength(1);
    const headers = bed.subscribes[0]?.headers;
    expect(bed.subscribes[0]?.uri).toBe(IMPU);
    expect(headers?.list('route')).toEqual(['<sip:ep1.visited1.net:443;transport=ws;lr>', SERVICE_ROUTE]);
    expect([headers?.get('event'), headers?.get('expires'), headers?.get('accept')]).toEqual([
      'reg',
      '600000',
      'application/reginfo+xml',
    ]);
    expect(headers?.has('authorization')).toBe(false);
    expect(bed.remains()).toEqual([expect.stringMatching(/^tcp 198\.51\.100\.5:.* open$/)]);
    expect(bed.wic.leftovers()).toEqual([]);
  });

  it('puts the token into every request where policy says so (24371-7.2.1-04)', () => {
    const bed = registered({ policy: { bearerInAllRequests: true } });
    expect(bed.subscribes[0]?.headers.get('authorization')).toBe(`Bearer access_token="${token(bed, 0)}"`);
    const invite = bed.wic.buildInitialRequest('INVITE', 'sip:bob@home1.net');
    expect(invite.headers.all('authorization')).toEqual([`Bearer access_token="${token(bed, 0)}"`]);
  });

  it('builds an INVITE from its identity, with its service, along the Service-Route', () => {
    const bed = registered();
    const invite = bed.wic.buildInitialRequest('INVITE', 'sip:bob@home1.net', {
      headers: [['Subject', 'tea']],
    });
    const fields = [...invite.headers].map(({ name, value }) => `${name}: ${value}`);
    expect(fields).toEqual(
      expect.arrayContaining([
        'To: <sip:bob@home1.net>',
        `Contact: ${bed.wic.contact}`,
        'Route: <sip:ep1.visited1.net:443;transport=ws;lr>',
        `Route: ${SERVICE_ROUTE}`,
        `P-Preferred-Identity: <${IMPU}>`,
        'P-Preferred-Service: urn:urn-7:3gpp-service.ims.icsi.mmtel',
        'Accept-Contact: *;+g.3gpp.icsi-ref="urn%3Aurn-7%3A3gpp-service.ims.icsi.mmtel"',
        'P-Early-Media: supported',
        'Subject: tea',
      ]),
    );
    expect(invite.headers.has('authorization')).toBe(false);
    expect(invite.from()?.uri).toBe(IMPU);
  });

  it('asks for no longer than the token lives, and for as long as policy says if it lives longer', () => {
    expect(expiry(registered({ waf: { tokenLifetimeS: 100 } }), 0)).toBe(98);
    expect(expiry(registered({ waf: { tokenLifetimeS: 604_800 } }), 0)).toBe(600_000);
    const short = registered({ policy: { registrationExpiryS: 900 } });
    expect(expiry(short, 0)).toBe(900);
  });

  it('refreshes 600 s before the end when more than 1200 s were granted, with the same Call-ID', () => {
    const bed = registered({ waf: { tokenLifetimeS: 604_800 }, answers: [1201] });
    bed.until(() => bed.registers.length === 2);
    // the 200 takes 20 ms to the WIC, the next REGISTER 20 ms back
    expect(atS(bed, 1) - atS(bed, 0)).toBeCloseTo(601 + 0.04, 3);
    const [first, second] = bed.registers.map(({ request }) => request);
    expect(second?.callId()).toBe(first?.callId());
    expect(second?.cseq()?.sequence).toBe(2);
    expect(second?.contacts()[0]?.uri).toBe(first?.contacts()[0]?.uri);
    expect(token(bed, 1)).toBe(token(bed, 0));
    expect(bed.wic.registered).toBe(true);
  });

  it('refreshes at half when 1200 s or less were granted', () => {
    const bed = registered({ waf: { tokenLifetimeS: 604_800 }, answers: [1200] });
    bed.until(() => bed.registers.length === 2);
    expect(atS(bed, 1) - atS(bed, 0)).toBeCloseTo(600 + 0.04, 3);
  });

  it('gets a new token before a refresh that the old one would not outlive (24371-6.2.2-06)', () => {
    const bed = registered();
    bed.reach('registered.renewingToken');
    // granted 3598 s: at 2998 s only 600 s of the token are left
    expect(bed.kernel.now / 1_000_000 - atS(bed, 0)).toBeCloseTo(3598 - 600 + 0.02, 3);
    expect(bed.wic.registered).toBe(true);
    bed.until(() => bed.registers.length === 2);
    expect(token(bed, 1)).not.toBe(token(bed, 0));
    expect(expiry(bed, 1)).toBe(3598);
    bed.reach('registered.idle');
    expect(bed.close()).toEqual([]);
  });

  it('stays registered for a day, with a token for every registration', () => {
    const bed = registered({ trace: false });
    bed.pause(86_000);
    expect(bed.wic.state).toBe('registered.idle');
    expect(new Set(bed.registers.map((_, index) => token(bed, index))).size).toBe(bed.registers.length);
    expect(bed.registers.length).toBe(1 + Math.floor(86_000 / 2998));
    expect(bed.close()).toEqual([]);
  });

  it('gets one new token after a 401, and gives up after a second (24371-6.2.2-07)', () => {
    for (const status of [401, 403]) {
      const refusal = { status, headers: [['WWW-Authenticate', 'Bearer error="invalid_token"']] as const };
      const once = registered({ answers: [refusal, 600_000] });
      expect(once.registers).toHaveLength(2);
      expect(token(once, 1)).not.toBe(token(once, 0));
      expect(once.connections).toHaveLength(1);
      expect(once.close()).toEqual([]);
      const always = new ScriptedNetwork({ answers: [refusal] });
      always.open();
      always.reach('failed');
      expect(always.registers).toHaveLength(2);
      expect(always.wic.reason).toContain(`REGISTER: ${status}`);
      expect(always.remains()).toEqual([]);
      expect(always.close()).toEqual([]);
    }
  });

  it('gets one new token when a refresh is refused', () => {
    const bed = registered({
      waf: { tokenLifetimeS: 604_800 },
      answers: [1000, { status: 401 }, 1000, { status: 401 }],
    });
    bed.until(() => bed.registers.length === 3);
    expect(token(bed, 1)).toBe(token(bed, 0));
    expect(token(bed, 2)).not.toBe(token(bed, 1));
    bed.reach('registered.idle');
    bed.reach('failed');
    // the 401s after that came for a good token and for its successor
    expect(bed.registers).toHaveLength(5);
    expect(bed.close()).toEqual([]);
  });

  it('tries half as late again when no token can be had, and logs out before the old one ends', () => {
    const bed = registered();
    bed.waf.close();
    bed.reach('registered.renewingToken');
    const tries = [bed.kernel.now];
    for (;;) {
      bed.until(() => bed.wic.state !== 'registered.renewingToken');
      if (bed.wic.state !== 'registered.idle') break;
      bed.reach('registered.renewingToken');
      tries.push(bed.kernel.now);
    }
    // 600 s are left, then 300 s, then 150 s, of which half is too little for another try
    expect(tries.map((at) => Math.round((at - (tries[0] ?? 0)) / 1_000_000))).toEqual([0, 300, 450]);
    bed.reach('failed');
    expect(bed.wic.reason).toBe('waf.example.com: refused');
    expect(expiry(bed, 1)).toBe(0);
    expect(token(bed, 1)).toBe(token(bed, 0));
    expect(bed.close()).toEqual([]);
  });

  it('asks for Min-Expires after 423, once', () => {
    const brief = { status: 423, headers: [['Min-Expires', '1800']] as const };
    const bed = registered({ policy: { registrationExpiryS: 600 }, answers: [brief, 600_000] });
    expect([expiry(bed, 0), expiry(bed, 1)]).toEqual([600, 1800]);
    const stubborn = new ScriptedNetwork({ policy: { registrationExpiryS: 600 }, answers: [brief] });
    stubborn.open();
    stubborn.reach('failed');
    expect(stubborn.registers).toHaveLength(2);
  });

  it('gives up when the registrar refuses for good or keeps no binding', () => {
    const refused = new ScriptedNetwork({ answers: [{ status: 404 }] });
    refused.open();
    refused.reach('failed');
    expect(refused.wic.reason).toBe('REGISTER: 404 Not Found');
    expect(refused.remains()).toEqual([]);
    const forgotten = new ScriptedNetwork({ answers: [{ status: 200 }] });
    forgotten.open();
    forgotten.reach('failed');
    expect(forgotten.wic.reason).toBe('REGISTER: the registrar keeps no binding');
    forgotten.open();
    forgotten.until(() => forgotten.registers.length === 2);
    expect(forgotten.wic.reason).toBe('');
  });

  it('waits 30 to 60 s after a 503, or as long as Retry-After says (RFC 5626 4.5)', () => {
    const bed = registered({ answers: [{ status: 503 }, 600_000] });
    const waited = atS(bed, 1) - atS(bed, 0);
    expect(waited).toBeGreaterThan(30);
    expect(waited).toBeLessThan(61);
    expect(bed.connections).toHaveLength(2);
    const later = registered({
      answers: [{ status: 503, headers: [['Retry-After', '300']] }, 600_000],
    });
    expect(atS(later, 1) - atS(later, 0)).toBeGreaterThan(300);
    expect(later.close()).toEqual([]);
  });

  it('keeps the registration when a refresh fails and there is time for another', () => {
    const bed = registered({
      waf: { tokenLifetimeS: 604_800 },
      answers: [1000, { status: 504 }, 1000],
    });
    bed.until(() => bed.registers.length === 3);
    expect(bed.connections).toHaveLength(1);
    // half of the 500 s that were left
    expect(atS(bed, 2) - atS(bed, 1)).toBeCloseTo(250, 0);
    expect(bed.wic.registered).toBe(true);
  });

  it('makes a new flow after a REGISTER without an answer for 128 s (24.229 table 7.7.1)', () => {
    const bed = registered({ answers: ['silence', 600_000] });
    expect(atS(bed, 1) - atS(bed, 0)).toBeGreaterThan(128 + 30);
    expect(bed.close()).toEqual([]);
  });
});
