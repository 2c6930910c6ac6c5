import { describe, expect, it } from 'vitest';
import { SystemBed } from '../models/ep-cscf/testbed.js';
import type { PhoneCall } from '../models/phone/index.js';
import { runScenario, type Settings } from '../src/explore/index.js';
import type { Trace } from '../src/trace/index.js';
import { imsUeToWic } from './call/ims-ue-to-wic.js';
import { wicToImsUe } from './call/wic-to-ims-ue.js';
import { ALICE, BOB } from './first-call.js';

/** A system with both users registered. */
function registered(settings: Settings = {}): SystemBed {
  const bed = new SystemBed(settings);
  bed.registerBoth();
  return bed;
}

/** Waits until a call is over, and until everything has settled; its end. */
function endOf(bed: SystemBed, call: PhoneCall): PhoneCall['endReason'] {
  bed.until(() => call.state === 'ended');
  bed.until(() => bed.world.leftovers().length === 0);
  expect(bed.remains()).toEqual([]);
  return call.endReason;
}

/** A call from alice to bob that is up on both sides. */
function callUp(bed: SystemBed): { readonly alice: PhoneCall; readonly bob: PhoneCall } {
  const alice = bed.alice.call(BOB.impu);
  bed.until(() => [...bed.bob.phone.calls][0]?.state === 'up' && alice.state === 'up');
  return { alice, bob: [...bed.bob.phone.calls][0] as PhoneCall };
}

/** Alice loses her WebSocket and cannot make another. */
function loseWebSocket(bed: SystemBed): void {
  bed.resetWebSocket();
  bed.network.partition('wic', 'ep-cscf');
}

/** SIP texts that a host has sent in a run. */
function sent(trace: Trace, entity: string, start: RegExp): string[] {
  return trace.of('message.sent').flatMap(({ entity: who, body: { message } }) => {
    const { protocol, text = '' } = message;
    return who === entity && protocol === 'SIP' && start.test(text) ? [text] : [];
  });
}

describe('a call to nobody is refused, and nothing of it stays', () => {
  it('404 for a user whom the HSS does not know', () => {
    const bed = registered();
    expect(endOf(bed, bed.alice.call('sip:nobody@home1.net'))).toMatchObject({ by: 'remote', status: 404 });
  });

  it('480 for a user who is not registered', () => {
    const bed = new SystemBed();
    bed.alice.open();
    bed.until(() => bed.alice.wic.registered);
    bed.pause(1);
    expect(endOf(bed, bed.alice.call(BOB.impu))).toMatchObject({ by: 'remote', status: 480 });
  });

  it('480 for a WIC whose connection has gone, within the grace time', () => {
    const bed = registered();
    loseWebSocket(bed);
    const end = endOf(bed, bed.bob.call(ALICE.impu));
    expect(end?.status).toBe(480);
  });
});

describe('the web side', () => {
  it('lets nobody in with a wrong password: no token, no registration', () => {
    const bed = new SystemBed();
    bed.alice.wic.send({
      type: 'open',
      url: 'https://wwsf.example.com/',
      credentials: { user: 'alice', password: 'wrong' },
    });
    bed.until(() => bed.alice.wic.state === 'failed');
    expect(bed.alice.wic.reason).not.toBe('');
    expect(bed.packets('wic>ep-cscf')).toBe(0);
    expect(bed.world.epCscf.registered).toBe(0);
    bed.until(() => bed.world.leftovers().length === 0, 600);
    expect(bed.remains()).toEqual([]);
  });
});

describe('a gateway without room', () => {
  it.each(['alice', 'bob'] as const)('503 towards %s for error 510 of H.248, and no context', (caller) => {
    const bed = registered({ 'eims-agw': { contexts: 0 } });
    const call = caller === 'alice' ? bed.alice.call(BOB.impu) : bed.bob.call(ALICE.impu);
    expect(endOf(bed, call)).toMatchObject({ by: 'remote', status: 503 });
    const replies = bed.kernel.trace
      ?.of('message.sent')
      .filter(({ entity, body }) => entity === 'eims-agw' && body.message.protocol === 'H.248');
    expect(replies?.some(({ body }) => body.message.text?.includes('510'))).toBe(true);
  });
});

describe('a policy that differs from the default', () => {
  const table: [string, Settings][] = [
    ['the token alone (RFC 8898)', { wic: { bearerProfile: 'rfc8898' } }],
    [
      'the token in all requests',
      { wic: { bearerInAllRequests: true }, 'ep-cscf': { bearerInAllRequests: true } },
    ],
    ['no port shared, by the eP-CSCF', { 'ep-cscf': { rtcpMux: 'decline' } }],
    ['no port shared, by the WIC', { wic: { rtcpMux: 'no' } }],
    ['media on one port offered', { wic: { bundle: true } }],
    ['early media open', { 'ep-cscf': { earlyMedia: 'open' } }],
    [
      'early media open and sent',
      { wic: { earlyMedia: true }, ue: { earlyMedia: true }, 'ep-cscf': { earlyMedia: 'open' } },
    ],
    ['the WAF named to the core', { 'ep-cscf': { authorizationEntity: 'always' } }],
    ['feedback profile in the core', { 'ep-cscf': { coreProfile: 'RTP/AVPF' } }],
    ['G.711 alone at the WIC', { wic: { codecs: 'PCMU' } }],
    ['silence reported', { 'ep-cscf': { inactivityMs: 1000 } }],
    ['full ICE at the gateway', { 'eims-agw': { ice: 'full' } }],
    ['the gateway as DTLS client', { 'ep-cscf': { dtlsRole: 'active' } }],
    ['rates held and latching in the core', { 'ep-cscf': { policing: true, coreLatching: 'RELATCH' } }],
    ['no filter in the core', { 'ep-cscf': { sourceFilter: false } }],
    [
      'codecs that have to be changed',
      { wic: { codecs: 'opus telephone-event' }, ue: { codecs: 'AMR-WB telephone-event' } },
    ],
    ['codecs with another clock', { wic: { codecs: 'opus' }, ue: { codecs: 'PCMA' } }],
    ['no codec added', { 'ep-cscf': { transcoding: '', transcodingToWic: '' } }],
    [
      'no reliable provisional responses',
      { wic: { reliableProvisionals: false }, ue: { reliableProvisionals: false } },
    ],
  ];
  const calls = [wicToImsUe, imsUeToWic];

  it.each(
    table.flatMap(([name, settings]) =>
      calls.map((scenario) => [name, scenario.name, settings, scenario] as const),
    ),
  )('lets calls work: %s, %s', (_name, _scenario, settings, scenario) => {
    const { verdict, violations, error, trace } = runScenario(scenario, { settings });
    expect({ violations, error }).toEqual({ violations: [], error: undefined });
    expect(verdict).toBe('pass');
    expect(trace?.of('unexpected')).toEqual([]);
  });

  it('has the token in every request of the WIC in a call but CANCEL, and none in the core', () => {
    const settings = { wic: { bearerInAllRequests: true }, 'ep-cscf': { bearerInAllRequests: true } };
    for (const scenario of calls) {
      const trace = runScenario(scenario, { settings }).trace as Trace;
      const requests = sent(trace, 'wic', /^(REGISTER|SUBSCRIBE|INVITE|PRACK|ACK|BYE) /);
      expect(requests.length).toBeGreaterThanOrEqual(scenario === wicToImsUe ? 6 : 2);
      for (const text of requests) expect(text).toMatch(/^Authorization: Bearer /m);
      for (const text of sent(trace, 'ep-cscf', /^[A-Z]+ sip/)) expect(text).not.toMatch(/Bearer/);
    }
  });

  it('fails at the eP-CSCF when it wants the token in all requests and the WIC does not send it', () => {
    const bed = registered({ 'ep-cscf': { bearerInAllRequests: true } });
    expect(endOf(bed, bed.alice.call(BOB.impu))).toMatchObject({ by: 'remote', status: 401 });
  });

  it('registers the WIC when a WAF has to be named and is', () => {
    const bed = new SystemBed({
      'ep-cscf': { authorizationEntity: 'always' },
      's-cscf': { authorizationEntity: 'required' },
    });
    bed.alice.open();
    bed.until(() => bed.alice.wic.registered);
    expect(bed.world.epCscf.registered).toBe(1);
  });

  it('fails to register with 403 when a WAF has to be named and is not', () => {
    const bed = new SystemBed({
      'ep-cscf': { authorizationEntity: 'never' },
      's-cscf': { authorizationEntity: 'required' },
    });
    bed.alice.open();
    bed.until(() => bed.alice.wic.state === 'failed');
    expect(bed.alice.wic.reason).toContain('403');
    expect(bed.world.epCscf.registered).toBe(0);
  });

  it('shows in the descriptions: no rtcp-mux in the answer where it is declined, a group in the offer where it is wanted', () => {
    const has = (settings: Settings, entity: string, start: RegExp, line: string): boolean => {
      const texts = sent(runScenario(wicToImsUe, { settings }).trace as Trace, entity, start);
      const described = texts.filter((text) => text.includes('m=audio'));
      expect(described.length).toBeGreaterThan(0);
      return described.some((text) => text.includes(line));
    };
    const access = /^SIP\/2\.0 (183|200)[\s\S]*\r\na=fingerprint/;
    const mux = '\r\na=rtcp-mux\r\n';
    expect(has({}, 'ep-cscf', access, mux)).toBe(true);
    expect(has({ 'ep-cscf': { rtcpMux: 'decline' } }, 'ep-cscf', access, mux)).toBe(false);
    expect(has({}, 'wic', /^INVITE/, mux)).toBe(true);
    expect(has({ wic: { rtcpMux: 'no' } }, 'wic', /^INVITE/, mux)).toBe(false);
    expect(has({ wic: { rtcpMux: 'no' } }, 'ep-cscf', access, mux)).toBe(false);
    expect(has({ wic: { bundle: true } }, 'wic', /^INVITE/, '\r\na=group:BUNDLE 0\r\n')).toBe(true);
    expect(has({ wic: { bundle: true } }, 'ep-cscf', access, 'a=group')).toBe(false);
    expect(has({ wic: { codecs: 'PCMU' } }, 'wic', /^INVITE/, 'opus')).toBe(false);
  });
});

describe('a call that falls silent', () => {
  it('is released on the report of the gateway, towards both sides', () => {
    const bed = registered({ 'ep-cscf': { inactivityMs: 2000 } });
    const { alice, bob } = callUp(bed);
    bed.pause(5);
    expect([alice.state, bob.state]).toEqual(['up', 'up']);
    bed.network.partition('wic', 'eims-agw');
    bed.network.partition('ue', 'eims-agw');
    const stoppedAt = bed.kernel.now;
    bed.until(() => alice.state === 'ended' && bob.state === 'ended');
    // two looks of two seconds each at most, and the messages
    expect(bed.kernel.now - stoppedAt).toBeLessThan(5_000_000);
    expect(endOf(bed, alice)).toMatchObject({ by: 'remote' });
    expect(bob.endReason).toMatchObject({ by: 'remote' });
    expect(
      bed.sip('ep-cscf', 'message.sent', 'BYE').every((text) => text.includes('Reason: SIP;cause=503')),
    ).toBe(true);
  });

  it('goes on ringing when there is silence before it is answered', () => {
    const bed = registered({ 'ep-cscf': { inactivityMs: 1000, earlyMedia: 'open' }, ue: { alertMs: 5000 } });
    const { alice } = callUp(bed);
    alice.hangUp();
    expect(endOf(bed, alice)).toMatchObject({ by: 'local' });
  });

  it('goes on where silence does not matter', () => {
    const bed = registered();
    const { alice, bob } = callUp(bed);
    bed.network.partition('wic', 'eims-agw');
    bed.network.partition('ue', 'eims-agw');
    // consent would end after 30 s (RFC 7675 5.1)
    bed.pause(20);
    expect([alice.state, bob.state]).toEqual(['up', 'up']);
  });
});

describe('the end of a registration that nobody asked for', () => {
  it('comes a grace time after the WebSocket was lost, with its calls (24371-6A.3-02)', () => {
    const bed = registered({ 'ep-cscf': { flowGraceMs: 20_000 } });
    const { bob } = callUp(bed);
    loseWebSocket(bed);
    bed.pause(19);
    expect(bed.world.epCscf.registered).toBe(1);
    expect(bob.state).toBe('up');
    bed.pause(2);
    expect(bed.world.epCscf.registered).toBe(0);
    expect(bed.world.sCscf.servedUsers).toBe(1);
    expect(bob.endReason).toMatchObject({ by: 'remote' });
    const [register = ''] = bed.sip('ep-cscf', 'message.sent', /^REGISTER[\s\S]*\r\nExpires: 0\r\n/);
    expect(register).toContain('integrity-protected="auth-done"');
  });

  it('does not come when the WIC is back in time, and a call goes on over the new connection', () => {
    const bed = registered({ 'ep-cscf': { flowGraceMs: 100_000 } });
    const { alice, bob } = callUp(bed);
    bed.resetWebSocket();
    bed.until(() => bed.alice.wic.registered, 90);
    bed.pause(110);
    expect(bed.world.epCscf.registered).toBe(1);
    expect([alice.state, bob.state]).toEqual(['up', 'up']);
    bob.hangUp();
    expect(endOf(bed, alice)).toMatchObject({ by: 'remote' });
    expect(bob.endReason).toMatchObject({ by: 'local' });
  });

  it('comes when the token expires and no other has come (24371-6A.3-03)', () => {
    const bed = new SystemBed();
    bed.bob.register();
    const raw = bed.raw().connect();
    const token = bed.token({ exp: 1_793_500_000 + 120 });
    expect(raw.register(`Bearer ${token}`).status).toBe(200);
    bed.pause(110);
    expect(bed.world.epCscf.registered).toBe(1);
    expect(raw.register(`Bearer ${bed.token({ aud: 'another' })}`).status).toBe(401);
    bed.pause(12);
    expect(bed.world.epCscf.registered).toBe(0);
    expect(bed.world.sCscf.servedUsers).toBe(1);
    expect(raw.ask('MESSAGE', BOB.impu).status).toBe(403);
    expect(raw.register(`Bearer ${token}`).status).toBe(401);
    expect(bed.world.epCscf.registered).toBe(0);
  });

  it('is not put off by a refresh that the core refuses', () => {
    const bed = new SystemBed();
    const raw = bed.raw().connect();
    const callId = 'reg@raw-1';
    const token = bed.token({ exp: 1_793_500_000 + 120 });
    expect(raw.register(`Bearer ${token}`, { callId, cseq: 7 }).status).toBe(200);
    bed.pause(100);
    // the same CSeq again is out of order (RFC 3261 10.3 step 7)
    expect(raw.register(`Bearer ${token}`, { callId, cseq: 7 }).status).toBeGreaterThanOrEqual(400);
    // whatever the S-CSCF says of the end of its own accord
    bed.network.partition('s-cscf', 'ep-cscf');
    bed.pause(25);
    expect(bed.world.epCscf.registered).toBe(0);
    bed.network.heal();
    bed.until(() => bed.world.leftovers().length === 0);
    expect(bed.remains()).toEqual([]);
  });

  it('follows a REGISTER whose WIC has gone before the answer: nothing stays in the core', () => {
    const bed = new SystemBed();
    const raw = bed.raw().connect();
    raw.connection.send(
      raw.text('REGISTER', 'sip:home1.net', {
        to: ALICE.impu,
        headers: [['Authorization', `Bearer ${bed.token()}`]],
      }),
    );
    bed.until(() => bed.sip('ep-cscf', 'message.sent', 'REGISTER').length > 0);
    raw.tcp.abort();
    // the answer takes longer than the end of the connection
    bed.network.link('i-cscf', 'ep-cscf').hold();
    bed.pause(0.1);
    bed.network.link('i-cscf', 'ep-cscf').release();
    bed.pause(5);
    expect(bed.world.epCscf.registered).toBe(0);
    expect(bed.world.sCscf.servedUsers).toBe(0);
    bed.until(() => bed.world.leftovers().length === 0);
    expect(bed.remains()).toEqual([]);
  });
});
