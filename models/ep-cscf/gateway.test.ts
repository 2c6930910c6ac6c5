import { describe, expect, it } from 'vitest';
import type { Settings } from '../../src/explore/index.js';
import { MegacoEndpoint } from '../../src/stack/megaco/index.js';
import { EVENT, makeAction } from '../../src/wire/megaco/index.js';
import { parseSdp } from '../../src/wire/sdp/index.js';
import { AGW_CORE, command, coreLocal, events, WebPeer } from '../eims-agw/testbed.js';
import type { PhoneCall } from '../phone/index.js';
import { statusOfGatewayError } from './gateway-control.js';
import { ALICE, BOB, type RawWic, SystemBed, WEBRTC_OFFER } from './testbed.js';

/** A system with both users registered. */
function registered(settings: Settings = {}): SystemBed {
  const bed = new SystemBed(settings);
  bed.registerBoth();
  return bed;
}

/** A call from alice to bob that is up on both sides. */
function callUp(bed: SystemBed): { readonly alice: PhoneCall; readonly bob: PhoneCall } {
  const alice = bed.alice.call(BOB.impu);
  bed.until(() => [...bed.bob.phone.calls][0]?.state === 'up' && alice.state === 'up');
  return { alice, bob: [...bed.bob.phone.calls][0] as PhoneCall };
}

function settled(bed: SystemBed): void {
  bed.until(() => bed.world.leftovers().length === 0);
  expect(bed.remains()).toEqual([]);
}

/** Texts of H.248 that an entity has sent. */
function iq(bed: SystemBed, entity: string): string[] {
  return (bed.kernel.trace?.of('message.sent') ?? []).flatMap(({ entity: who, body: { message } }) =>
    who === entity && message.protocol === 'H.248' ? [message.text ?? ''] : [],
  );
}

describe('the status owed for an error of the gateway', () => {
  it.each([
    [0, 503],
    [411, 500],
    [430, 500],
    [432, 503],
    [449, 500],
    [503, 503],
    [510, 503],
  ])('%i of H.248.8 becomes %i', (code, status) => {
    expect(statusOfGatewayError({ code, text: '' })).toBe(status);
  });
});

describe('a certificate that is not the one of the description', () => {
  const wrong = `a=fingerprint:sha-256 ${Array(32).fill('CD').join(':')}`;

  /** The offer of a browser with a transport of its own, whose fingerprint is another's. */
  function offerOf(raw: RawWic): { readonly peer: WebPeer; readonly body: string } {
    const peer = new WebPeer(raw.host);
    const [head = ''] = WEBRTC_OFFER.split('m=');
    const line = peer
      .describe()
      .slice(peer.describe().indexOf('m='))
      .replace('198.51.100.5', raw.host.address('access'))
      .replace(/a=fingerprint:.*/, wrong);
    return { peer, body: `${head}${line}` };
  }

  it('ends the call on both legs with a Reason, and no media was heard (24371-7.4.2-19)', () => {
    const bed = new SystemBed();
    bed.bob.register();
    bed.until(() => bed.bob.registered);
    const raw = bed.raw().begin();
    const { peer, body } = offerOf(raw);
    const callId = 'wrong@raw-1';
    const answer = raw.ask('INVITE', BOB.impu, {
      headers: [['Content-Type', 'application/sdp']],
      body,
      callId,
      fromTag: 'mine',
    });
    expect(answer.status).toBe(200);
    const described = raw.responses.find(({ body: sdp }) => sdp.length > 0);
    const read = parseSdp(described?.body ?? '');
    const media = read.ok ? read.value.media[0] : undefined;
    if (!read.ok || media === undefined) throw new Error('no answer');
    peer.meet({ session: read.value, media });
    const uri = 'sip:ep1.visited1.net:443;transport=ws';
    const dialog = { callId, fromTag: 'mine', toTag: answer.toTag() ?? '', to: BOB.impu };
    raw.connection.send(raw.text('ACK', uri, { ...dialog, cseq: answer.cseq()?.sequence ?? 0 }));
    const [bob] = [...bed.bob.phone.calls] as [PhoneCall];
    bed.until(() => bob.state === 'ended' && raw.requests.some(({ method }) => method === 'BYE'), 30);
    expect(peer.failures.join()).toMatch(/^dtls: /);
    expect(bob.received).toBe(0);
    expect(peer.heard).toEqual([]);
    expect(iq(bed, 'eims-agw').some((text) => text.includes('dtls/err'))).toBe(true);
    const byes = bed.sip('ep-cscf', 'message.sent', 'BYE');
    expect(byes).toHaveLength(2);
    for (const text of byes) expect(text).toContain('Reason: SIP;cause=503;text="DTLS failure"');
    expect(bed.world.eimsAgw.contexts).toEqual([]);
  });
});

describe('a gateway that restarts', () => {
  it('takes its calls with it: both legs are released with a Reason, and new calls come about', () => {
    const bed = registered();
    const { alice, bob } = callUp(bed);
    bed.world.eimsAgw.restart();
    bed.until(() => alice.state === 'ended' && bob.state === 'ended', 30);
    for (const text of bed.sip('ep-cscf', 'message.sent', 'BYE')) {
      expect(text).toContain('Reason: SIP;cause=503;text="Gateway restarted"');
    }
    settled(bed);
    // what the gateway does not know any more is not subtracted
    expect(iq(bed, 'ep-cscf').some((text) => text.includes('Subtract'))).toBe(false);
    const again = callUp(bed);
    again.alice.hangUp();
    bed.until(() => again.bob.state === 'ended');
    settled(bed);
  });

  it('while a call is being set up: the caller gets 503', () => {
    const bed = registered({ ue: { alertMs: 20_000 } });
    const alice = bed.alice.call(BOB.impu);
    bed.until(() => bed.world.eimsAgw.contexts.length > 0);
    bed.pause(2);
    bed.world.eimsAgw.restart();
    bed.until(() => alice.state === 'ended', 60);
    expect(alice.endReason).toMatchObject({ by: 'remote', status: 503 });
    settled(bed);
  });
});

describe('a gateway that leaves', () => {
  it('gracefully keeps its calls and gets no others until it is back', () => {
    const bed = registered();
    const { alice, bob } = callUp(bed);
    bed.world.eimsAgw.leave('Graceful');
    bed.pause(1);
    expect([alice.state, bob.state]).toEqual(['up', 'up']);
    alice.hangUp();
    bed.until(() => bob.state === 'ended');
    settled(bed);
    const refused = bed.alice.call(BOB.impu);
    bed.until(() => refused.state === 'ended');
    expect(refused.endReason).toMatchObject({ status: 503 });
    bed.world.eimsAgw.comeBack();
    bed.pause(1);
    callUp(bed).alice.hangUp();
    settled(bed);
  });

  it('by force ends its calls', () => {
    const bed = registered();
    const { alice, bob } = callUp(bed);
    bed.world.eimsAgw.leave('Forced');
    bed.until(() => alice.state === 'ended' && bob.state === 'ended', 30);
    settled(bed);
  });
});

describe('somebody else who says to be the gateway', () => {
  it('gets 402, and no call ends', () => {
    const bed = registered();
    const { alice, bob } = callUp(bed);
    const other = bed.network.addHost({
      name: 'agw-2',
      role: 'eIMS-AGW',
      addresses: { core: '2001:db8:a::11' },
    });
    const megaco = new MegacoEndpoint(other, { realm: 'core' });
    const codes: number[] = [];
    const services = { kind: 'Services', method: 'Forced', reason: '905', extensions: [], raw: [] } as const;
    const leave = { name: 'ServiceChange', terminationId: 'ROOT', descriptors: [services] } as const;
    megaco.request({ ip: '2001:db8:a::1', port: 2944 }, [makeAction('-', [leave])], (result) => {
      codes.push('error' in result ? result.error.code : 0);
    });
    bed.pause(1);
    expect(codes).toEqual([402]);
    expect([alice.state, bob.state]).toEqual(['up', 'up']);
    megaco.close();
    alice.hangUp();
    settled(bed);
  });
});

describe('a gateway that does not answer', () => {
  it('costs the first caller 15 s and those after it nothing: 503, until it answers again', () => {
    const bed = registered();
    bed.network.partition('ep-cscf', 'eims-agw');
    const began = bed.kernel.now;
    const first = bed.alice.call(BOB.impu);
    bed.until(() => first.state === 'ended');
    expect(first.endReason).toMatchObject({ by: 'remote', status: 503 });
    expect(bed.kernel.now - began).toBeGreaterThanOrEqual(15_000_000);
    const then = bed.kernel.now;
    const second = bed.bob.call(ALICE.impu);
    bed.until(() => second.state === 'ended');
    expect(second.endReason).toMatchObject({ by: 'remote', status: 503 });
    expect(bed.kernel.now - then).toBeLessThan(1_000_000);
    bed.network.heal();
    // 10 s until it is asked again, and up to 15 s of a question that was under way
    bed.pause(26);
    callUp(bed).alice.hangUp();
    settled(bed);
  });

  it('and holds what belongs to no call any more: that is found by an audit, and subtracted', () => {
    const bed = registered();
    const { alice, bob } = callUp(bed);
    bed.network.partition('ep-cscf', 'eims-agw');
    alice.hangUp();
    bed.until(() => alice.state === 'ended' && bob.state === 'ended');
    bed.pause(20);
    expect(bed.world.eimsAgw.contexts).toHaveLength(1);
    bed.network.heal();
    bed.until(() => bed.world.eimsAgw.contexts.length === 0, 30);
    settled(bed);
  });

  it('the same for a context whose reservation was answered in vain', () => {
    const bed = registered();
    const answers = bed.network.link('eims-agw', 'ep-cscf', 'core');
    answers.hold();
    const alice = bed.alice.call(BOB.impu);
    bed.until(() => alice.state === 'ended');
    expect(alice.endReason).toMatchObject({ status: 503 });
    expect(bed.world.eimsAgw.contexts).toHaveLength(1);
    answers.release();
    bed.until(() => bed.world.eimsAgw.contexts.length === 0, 60);
    settled(bed);
  });
});

describe('the heartbeat of a termination (H.248.36)', () => {
  it('is answered while its call lasts, which goes on', () => {
    const bed = registered({ 'ep-cscf': { heartbeatMs: 5000 } });
    const { alice, bob } = callUp(bed);
    bed.pause(12);
    expect(iq(bed, 'eims-agw').filter((text) => text.includes('hangterm/thb'))).toHaveLength(2);
    expect([alice.state, bob.state]).toEqual(['up', 'up']);
    alice.hangUp();
    settled(bed);
  });

  it('of a context that belongs to no call has it audited and subtracted', () => {
    const bed = registered();
    const other = bed.network.addHost({
      name: 'ep-2',
      role: 'eP-CSCF',
      addresses: { core: '2001:db8:a::2' },
    });
    const megaco = new MegacoEndpoint(other, { realm: 'core' });
    const beat = events({ [EVENT.heartbeat]: { timerx: '5' } });
    const add = command('Add', 'ip/core/$', { local: coreLocal(), events: beat });
    megaco.request({ ip: AGW_CORE, port: 2944 }, [makeAction('$', [add])], () => {});
    bed.pause(1);
    const { alice } = callUp(bed);
    expect(bed.world.eimsAgw.contexts).toHaveLength(2);
    bed.pause(6);
    expect(bed.world.eimsAgw.contexts).toHaveLength(1);
    expect(alice.state).toBe('up');
    megaco.close();
    alice.hangUp();
    settled(bed);
  });
});

describe('codecs', () => {
  it('of the gateway are added to the offer to the core, and the WIC is answered in its own (24371-7.4.2-12)', () => {
    const bed = registered({
      wic: { codecs: 'opus telephone-event' },
      ue: { codecs: 'AMR-WB telephone-event' },
    });
    const { alice, bob } = callUp(bed);
    bed.pause(2);
    const [invite = ''] = bed.sip('ep-cscf', 'message.sent', 'INVITE');
    expect(invite).toMatch(/m=audio \d+ RTP\/AVP 111 .*97 98/);
    const answers = bed.sip('ep-cscf', 'message.sent', /^SIP\/2\.0 (183|200)[\s\S]*\r\na=fingerprint/);
    expect(answers[0]).toMatch(/m=audio \d+ UDP\/TLS\/RTP\/SAVPF 111 \d+\r\n/);
    expect(answers[0]).toMatch(/a=rtpmap:\d+ telephone-event\/48000/);
    expect(answers[0]).not.toContain('AMR-WB');
    const modifies = iq(bed, 'ep-cscf').filter((text) => text.includes('Modify'));
    expect(modifies.some((text) => /Local \{[^}]*RTP\/AVP \d+ \d+\s/.test(text))).toBe(true);
    expect(alice.received).toBeGreaterThanOrEqual(90);
    expect(bob.received).toBeGreaterThanOrEqual(90);
    const realised = new Set(bed.kernel.trace?.of('requirement').flatMap(({ body }) => body.ids));
    for (const id of ['24371-5.6-08', '24371-5.6-10', '24371-5C.4-02', '24371-7.4.2-12']) {
      expect([...realised], id).toContain(id);
    }
    alice.hangUp();
    settled(bed);
  });

  it('are left as they are where both sides have one in common', () => {
    for (const caller of ['alice', 'bob'] as const) {
      const bed = registered();
      const call = caller === 'alice' ? bed.alice.call(BOB.impu) : bed.bob.call(ALICE.impu);
      bed.until(() => call.state === 'up');
      bed.pause(2);
      expect(call.received).toBeGreaterThanOrEqual(90);
      const realised = bed.kernel.trace?.of('requirement').flatMap(({ body }) => body.ids);
      expect(realised).not.toContain('24371-5.6-08');
      call.hangUp();
      settled(bed);
    }
  });

  it('of browsers are added to the offer to the WIC (24371-7.4.3-05)', () => {
    const bed = registered({ wic: { codecs: 'opus' }, ue: { codecs: 'AMR-WB PCMA' } });
    const call = bed.bob.call(ALICE.impu);
    bed.until(() => call.state === 'up');
    bed.pause(2);
    expect(call.received).toBeGreaterThanOrEqual(90);
    const [answer = ''] = bed.sip('ep-cscf', 'message.sent', /^SIP\/2\.0 (183|200)[\s\S]*\r\nm=audio/);
    expect(answer).toMatch(/m=audio \d+ RTP\/AVP 97\r\n/);
    call.hangUp();
    settled(bed);
  });
});
