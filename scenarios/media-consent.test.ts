import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { rtp, WebPeer } from '../models/eims-agw/testbed.js';
import { BOB, RawWic, SystemBed, WEBRTC_OFFER } from '../models/ep-cscf/testbed.js';
import type { PhoneCall } from '../models/phone/index.js';
import { type RemoteTransport, remoteTransport, type SecureTransport } from '../src/stack/webrtc/index.js';
import { parseSdp } from '../src/wire/sdp/index.js';
import { MediaBed } from './fixtures/media-bed.js';
import { MediaWatch } from './fixtures/media-watch.js';

const UP = 'wic>eims-agw';
const DOWN = 'eims-agw>wic';

/** Consent lasts 30 s; checks are 4 to 6 s apart, so that the last answer may be that old when the path is cut (RFC 7675 5.1). */
const EXPIRY_S = 30;
const MOST_APART_S = 6;
/** Between the answer that was got last and the last packet: the way there and back, and one more packet. */
const SLACK_S = 0.1;

const CUTS: readonly (readonly [string, readonly string[]])[] = [
  ['both ways', [UP, DOWN]],
  ['from the WIC to the gateway', [UP]],
  ['from the gateway to the WIC', [DOWN]],
];

/** Cuts the W3 media path in some directions; when, in us. */
function cut(bed: MediaBed, links: readonly string[]): number {
  for (const link of links) {
    const [from = '', to = ''] = link.split('>');
    bed.network.link(from, to).partition();
  }
  return bed.kernel.now;
}

/** Seconds from a moment to the last RTP or RTCP on a link. */
function lastAfterS(bed: MediaBed, link: string, sinceUs: number): number {
  return ((bed.media(link).at(-1)?.at ?? 0) - sinceUs) / 1e6;
}

/** Nobody ends the call, so that whoever falls silent does so for want of consent. */
const WAITING = { wic: { consentLost: 'wait' }, 'ep-cscf': { consentLoss: 'wait' } } as const;

function expectConsentToEnd(lastS: number): void {
  expect(lastS).toBeLessThanOrEqual(EXPIRY_S + SLACK_S);
  expect(lastS).toBeGreaterThanOrEqual(EXPIRY_S - MOST_APART_S - SLACK_S);
}

describe('a media path that is cut in a call', () => {
  it.each(CUTS)('%s: the WIC sends nothing more 30 s after the last answer to a check', (_, links) => {
    const bed = new MediaBed({ settings: WAITING });
    bed.register();
    const call = bed.talk();
    bed.pause(8000);
    const cutAt = cut(bed, links);
    bed.pause(40_000);
    expectConsentToEnd(lastAfterS(bed, UP, cutAt));
    expect([call.wic.state, call.ue.state, call.wic.mediaState]).toEqual(['up', 'up', 'interrupted']);
    // a lite agent has no consent to lose (24371-5A.4; RFC 7675 5.1)
    expect(lastAfterS(bed, DOWN, cutAt)).toBeGreaterThan(39);
    expect(bed.end(call)).toEqual([]);
  });

  it.each(CUTS)('%s: so does a gateway with a full agent, and it tells the eP-CSCF', (_, links) => {
    const bed = new MediaBed({ settings: { ...WAITING, 'eims-agw': { ice: 'full' } } });
    bed.register();
    const call = bed.talk();
    bed.pause(8000);
    const cutAt = cut(bed, links);
    bed.pause(40_000);
    expectConsentToEnd(lastAfterS(bed, UP, cutAt));
    expectConsentToEnd(lastAfterS(bed, DOWN, cutAt));
    expect(bed.said('eims-agw', 'H.248', /\b(?:N|Notify) ?=[\s\S]*consent\/fail/)).toHaveLength(1);
    expect([call.wic.state, call.ue.state]).toEqual(['up', 'up']);
    expect(bed.end(call)).toEqual([]);
  });

  it('ends the call on both sides where a WIC does not wait for a restart, with the reason', () => {
    const bed = new MediaBed();
    bed.register();
    const { wic, ue } = bed.talk();
    const cutAt = cut(bed, [UP, DOWN]);
    bed.until('it is over', () => wic.state === 'ended' && ue.state === 'ended', 40);
    expectConsentToEnd(lastAfterS(bed, UP, cutAt));
    // the gateway falls silent too, by the release alone
    expectConsentToEnd(lastAfterS(bed, DOWN, cutAt));
    expect(wic.endReason).toMatchObject({ by: 'media' });
    const [bye = ''] = bed.said('wic', 'SIP', /^BYE /);
    expect(bye).toContain('Reason: RELEASE_CAUSE;cause=3;text="Media bearer loss');
    expect(bed.remains()).toEqual([]);
  });

  it('goes on where the path is whole again before consent has ended', () => {
    const bed = new MediaBed();
    bed.register();
    const call = bed.talk();
    cut(bed, [UP, DOWN]);
    bed.pause(20_000);
    bed.network.heal();
    bed.pause(60_000);
    const before = [call.wic.received, call.ue.received];
    bed.pause(1000);
    expect([call.wic.state, call.ue.state]).toEqual(['up', 'up']);
    expect(call.wic.received - (before[0] ?? 0)).toBeGreaterThan(45);
    expect(call.ue.received - (before[1] ?? 0)).toBeGreaterThan(45);
    expect(bed.end(call)).toEqual([]);
  });
});

/** What the other end is told of a transport. */
function told({ local }: SecureTransport): RemoteTransport {
  const { ufrag, pwd, candidates, lite, options, fingerprint, setup } = local;
  return {
    ice: { ufrag, pwd, candidates, lite, options },
    fingerprints: [fingerprint],
    setup,
    rtcpMux: true,
  };
}

describe('a NAT before the WIC that takes another port in a call', () => {
  let watch: MediaWatch;
  beforeEach(() => {
    watch = new MediaWatch();
  });
  afterEach(() => watch.stop());

  it.each(['lite', 'full'] as const)(
    'takes media away from the WIC behind a %s gateway until ICE restarts, which keeps the keys',
    (ice) => {
      const bed = new MediaBed({ nat: {}, settings: { ...WAITING, 'eims-agw': { ice } } });
      bed.register();
      const call = bed.talk();
      const port = (): number[] =>
        (bed.nat?.mappings ?? []).flatMap((one) => (one.protocol === 'udp' ? [one.outside.port] : []));
      const [before] = port();
      bed.nat?.rebind({ protocol: 'udp' });
      // a check of the WIC opens the new way up, within its interval
      bed.pause(7000);
      expect(port()).not.toEqual([before]);
      const heard = { wic: call.wic.received, ue: call.ue.received };
      bed.pause(40_000);
      expect(call.wic.received).toBe(heard.wic);
      expect(call.ue.received).toBeGreaterThan(heard.ue + 1900);
      const [atWic] = watch.of('wic');
      const [atGateway] = watch.of('eims-agw');
      if (atWic === undefined || atGateway === undefined) throw new Error('no transports');
      expect(atGateway.state).toBe(ice === 'full' ? 'interrupted' : 'open');
      const handshakes = bed.sent(UP).filter(({ data }) => data[0] === 22).length;
      atWic.restart();
      atGateway.restart();
      atGateway.setRemote(told(atWic));
      atWic.setRemote(told(atGateway));
      bed.pause(1000);
      expect(atGateway.selected()?.remote.address).toEqual({ ip: '203.0.113.1', port: port()[0] });
      const again = { wic: call.wic.received, ue: call.ue.received };
      bed.pause(1000);
      expect(call.wic.received - again.wic).toBeGreaterThan(45);
      expect(call.ue.received - again.ue).toBeGreaterThan(45);
      // the DTLS association and its keys stay (RFC 8842 4)
      expect(bed.sent(UP).filter(({ data }) => data[0] === 22)).toHaveLength(handshakes);
      expect(watch.wronglyOpened()).toEqual([]);
      expect(bed.end(call)).toEqual([]);
    },
  );
});

/** A client of another make behind a NAT, in a call with bob. */
class RoamingCall {
  readonly bed = new SystemBed();
  readonly nat = this.bed.network.addNat({
    name: 'nat',
    inside: { realm: 'home', ip: '192.168.1.1' },
    outside: { realm: 'access', ip: '203.0.113.1' },
  });
  readonly raw = new RawWic(
    this.bed,
    this.bed.network.addHost({ name: 'raw-1', role: 'WIC', addresses: { home: '192.168.1.2' } }),
  );
  readonly peer: WebPeer;
  readonly bob: PhoneCall;
  readonly #dialog = { callId: 'a-call@raw-1', fromTag: 'mine' };
  readonly #toTag: string;
  #cseq = 500;
  #sequence = 0;

  constructor() {
    const { bed, raw } = this;
    bed.bob.register();
    bed.until(() => bed.bob.registered);
    raw.begin();
    this.peer = new WebPeer(raw.host);
    const { toTag } = this.#offer('');
    this.#toTag = toTag;
    bed.pause(1);
    this.bob = [...bed.bob.phone.calls][0] as PhoneCall;
  }

  /** Restarts ICE by a re-INVITE (RFC 8839 4.4.1.1.1). */
  restart(): void {
    this.peer.transport.restart();
    this.#offer(this.#toTag);
  }

  /** Packets that each side hears in a second in which both send. */
  heard(): readonly [wic: number, bob: number] {
    const before = [this.peer.heard.length, this.bob.received] as const;
    for (let i = 0; i < 50; i++) {
      this.bed.kernel.schedule(i * 20_000, 'raw-1', () => this.peer.transport.sendRtp(rtp(++this.#sequence)));
    }
    this.bed.pause(1.2);
    return [this.peer.heard.length - before[0], this.bob.received - before[1]];
  }

  end(): void {
    this.bob.hangUp();
    this.peer.transport.close();
    this.bed.until(() => this.bob.state === 'ended');
    expect(this.bed.world.eimsAgw.contexts).toEqual([]);
    expect(this.bed.world.eimsAgw.portsTaken).toBe(0);
  }

  #offer(toTag: string): { readonly toTag: string } {
    const { raw, peer } = this;
    const dialog = { ...this.#dialog, ...(toTag === '' ? {} : { toTag }), to: BOB.impu };
    const uri = toTag === '' ? BOB.impu : GATE;
    const [head = ''] = WEBRTC_OFFER.split('m=');
    const text = peer.describe();
    const line = text.slice(text.indexOf('m=')).replaceAll('198.51.100.5', '192.168.1.2');
    const body = `${head.replace('o=- 1 0', `o=- 1 ${this.#cseq}`)}${line}a=sendrecv\r\n`;
    const headers: [string, string][] = [['Content-Type', 'application/sdp']];
    const seen = raw.responses.length;
    const response = raw.ask('INVITE', uri, { ...dialog, headers, body, cseq: ++this.#cseq });
    expect(response.status).toBe(200);
    const tag = response.toTag() ?? '';
    raw.connection.send(raw.text('ACK', GATE, { ...dialog, toTag: tag, cseq: this.#cseq }));
    const described = raw.responses.slice(seen).find((one) => one.body.length > 0);
    const read = parseSdp(described?.body ?? '');
    const media = read.ok ? read.value.media[0] : undefined;
    if (!read.ok || media === undefined) throw new Error('no description');
    peer.transport.setRemote(remoteTransport(read.value, media));
    return { toTag: tag };
  }
}

const GATE = 'sip:ep1.visited1.net:443;transport=ws';

describe('a re-INVITE that restarts ICE (24371-9)', () => {
  it('brings media back to a WIC whose NAT has taken another port', () => {
    const call = new RoamingCall();
    const most = (heard: readonly number[]): boolean => heard.every((packets) => packets >= 45);
    expect(most(call.heard())).toBe(true);
    call.nat.rebind({ protocol: 'udp' });
    call.bed.pause(7);
    const [wic, bob] = call.heard();
    expect([wic, bob >= 45]).toEqual([0, true]);
    call.restart();
    call.bed.pause(1);
    expect(most(call.heard())).toBe(true);
    call.end();
  });
});
