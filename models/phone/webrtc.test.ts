import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import type { Kernel } from '../../src/kernel/index.js';
import type { Network } from '../../src/network/index.js';
import { SipEndpoint } from '../../src/stack/sip/index.js';
import {
  answerInvite,
  type InviteServerSession,
  SipUserAgent,
  startInvite,
} from '../../src/stack/sip-ua/index.js';
import { answerCheck } from '../../src/stack/stun/index.js';
import type { Endpoint } from '../../src/trace/index.js';
import { demux } from '../../src/wire/rtp/index.js';
import {
  candidates,
  checkAnswer,
  direction,
  groups,
  iceCredentials,
  mid,
  parseSdp,
  rtpMaps,
  type SessionDescription,
  setup,
  validateSdp,
} from '../../src/wire/sdp/index.js';
import { attribute, parseStun } from '../../src/wire/stun/index.js';
import { type PhonePolicy, webRtcProfile } from './index.js';
import { laboratory, remains, telephone } from './testbed.js';

const IP = '10.0.0.9';
const UFRAG = 'agwU';
const PWD = 'VOkJxbRl1RmTxUk/WvJxBt';

/** What stands for eP-CSCF and eIMS-AGW: an ice-lite agent that keeps what it is sent. */
class Gateway {
  readonly ua: SipUserAgent;
  readonly endpoint: SipEndpoint;
  /** Packets by protocol, in order. */
  readonly seen: string[] = [];
  readonly checks: Uint8Array[] = [];
  offer: SessionDescription | undefined;
  session: InviteServerSession | undefined;
  /** Checks that are not to be answered, counted down. */
  deafFor = 0;
  remote: Endpoint | undefined;
  pwd = PWD;

  constructor(network: Network, answers: (offer: SessionDescription) => string = answerTo) {
    const host = network.addHost({ name: 'agw', role: 'eP-CSCF', addresses: { test: IP } });
    this.ua = new SipUserAgent(host, {
      endpoint: (user) => new SipEndpoint(host, { user, sentBy: IP }),
      contact: `<sip:${IP}>`,
      on: {
        invite: (transaction) => {
          const read = parseSdp(transaction.request.body);
          if (!read.ok) throw new Error(read.error.what);
          this.offer = read.value;
          const sdp = new TextEncoder().encode(answers(read.value));
          this.session = answerInvite(this.ua, transaction, {
            on: { pracked: () => host.schedule(500_000, () => this.session?.accept()) },
          });
          this.session.progress(183, { reliable: true, sdp });
        },
      },
    });
    this.endpoint = this.ua.endpoint as SipEndpoint;
    this.endpoint.listenUdp('test');
    this.endpoint.listenTcp('test');
    const socket = host.udp('test', 20_000, (data, from) => {
      const protocol = demux(data[0]);
      this.seen.push(protocol);
      if (protocol !== 'stun') return;
      this.checks.push(data);
      if (this.deafFor-- > 0) return;
      const { response, nominated } = answerCheck(data, from, { ufrag: UFRAG, pwd: this.pwd });
      if (response !== undefined) socket.send(response, from);
      if (nominated) this.remote = from;
    });
  }
}

function describeGateway(role: string, codecs: string, id = '0'): string {
  const print = Array.from({ length: 32 }, () => 'AB').join(':');
  return [
    'v=0',
    `o=- 1 1 IN IP4 ${IP}`,
    's=-',
    't=0 0',
    'a=ice-lite',
    `m=audio 20000 UDP/TLS/RTP/SAVPF ${codecs}`,
    `c=IN IP4 ${IP}`,
    `a=mid:${id}`,
    `a=candidate:1 1 UDP 2130706431 ${IP} 20000 typ host`,
    `a=ice-ufrag:${UFRAG}`,
    `a=ice-pwd:${PWD}`,
    `a=fingerprint:sha-256 ${print}`,
    `a=setup:${role}`,
    'a=rtcp-mux',
    'a=rtpmap:111 opus/48000/2',
    'a=sendrecv',
    '',
  ].join('\r\n');
}

function answerTo(offer: SessionDescription): string {
  return describeGateway('passive', '0', offer.media[0] && mid(offer.media[0]));
}

function bench(
  policy: Partial<PhonePolicy> = {},
  offerText?: string,
  answers?: (offer: SessionDescription) => string,
  tape = '',
) {
  const { kernel, network } = laboratory(tape);
  const phone = telephone(
    network,
    'wic',
    '10.0.0.1',
    webRtcProfile('test', offerText === undefined ? {} : { offerText }),
    policy,
  );
  const gateway = new Gateway(network, answers);
  return { kernel, network, phone, gateway };
}

function pass(kernel: Kernel, ms: number): void {
  kernel.run({ untilUs: kernel.now + ms * 1000 });
}

function requirements(kernel: Kernel): string[] {
  return [...new Set(kernel.trace?.of('requirement').flatMap(({ body }) => body.ids))].sort();
}

describe('a phone with WebRTC media that calls', () => {
  it('offers one secure line with its candidate and certificate, no BUNDLE, and nothing that a validator objects to', () => {
    const { kernel, phone } = bench();
    const call = phone.phone.call(`sip:x@${IP}`);
    const offer = call.localSdp;
    const line = offer?.media[0];
    if (offer === undefined || line === undefined) throw new Error('no offer');
    expect(validateSdp(offer)).toEqual([]);
    expect(offer.media.length).toBe(1);
    expect(line.proto).toBe('UDP/TLS/RTP/SAVPF');
    expect(rtpMaps(line).map(({ payloadType, encoding }) => `${payloadType} ${encoding}`)).toEqual([
      '111 opus',
      '0 PCMU',
      '126 telephone-event',
    ]);
    expect(candidates(line)).toMatchObject([
      { address: '10.0.0.1', port: line.port, type: 'host', priority: 2130706431 },
    ]);
    expect(line.connection?.address).toBe('10.0.0.1');
    expect([setup(offer, line), mid(line), groups(offer)]).toEqual(['actpass', '0', []]);
    call.hangUp();
    kernel.run();
    const five = ['01', '02', '03', '04', '05'].map((number) => `24371-7.2.2-${number}`);
    expect(requirements(kernel)).toEqual(expect.arrayContaining(five));
    // no check began, as the call was hung up before the answer
    expect(requirements(kernel)).not.toContain('24371-7.1-03');
  });

  it('checks the way as the controlling agent, nominating, once it has the answer, and sends media when the call is up', () => {
    const { kernel, phone, gateway } = bench();
    const call = phone.phone.call(`sip:x@${IP}`);
    kernel.run({}, () => call.mediaState === 'reachable');
    expect(call.state).toBe('progress');
    pass(kernel, 200);
    expect(gateway.seen).toEqual(['stun']);
    const request = parseStun(gateway.checks[0] ?? new Uint8Array());
    const credentials = call.localSdp?.media[0] && iceCredentials(call.localSdp, call.localSdp.media[0]);
    if (!request.ok || credentials === undefined) throw new Error('no check');
    expect(attribute(request.value, 'USERNAME')?.text).toBe(`${UFRAG}:${credentials.ufrag}`);
    expect(attribute(request.value, 'USE-CANDIDATE')).toBeDefined();
    expect(attribute(request.value, 'ICE-CONTROLLING')).toBeDefined();
    expect(attribute(request.value, 'PRIORITY')?.value).toBe(1_862_270_975);
    expect(gateway.remote).toEqual({ ip: '10.0.0.1', port: call.localSdp?.media[0]?.port });
    kernel.run({}, () => call.state === 'up');
    pass(kernel, 1000);
    expect(call.mediaState).toBe('flowing');
    expect(call.sent).toBe(51);
    call.hangUp();
    expect(kernel.run().status).toBe('idle');
    expect(gateway.seen.filter((one) => one === 'rtp').length).toBe(call.sent);
    expect(remains(kernel, phone)).toEqual([]);
    expect(gateway.ua.openDialogs + gateway.endpoint.openTransactions).toBe(0);
  });

  it('sends nothing before the check has succeeded, though the call is up', () => {
    const { kernel, phone, gateway } = bench();
    gateway.deafFor = 2;
    const call = phone.phone.call(`sip:x@${IP}`);
    kernel.run({}, () => call.state === 'up');
    expect(call.mediaState).toBe('checking');
    expect(call.sent).toBe(0);
    pass(kernel, 3000);
    expect(call.mediaState).toBe('flowing');
    // at 0, 500 and 1500 ms (RFC 8489 6.2.1), and then media
    expect(gateway.seen.slice(0, 4)).toEqual(['stun', 'stun', 'stun', 'rtp']);
    call.hangUp();
    kernel.run();
    expect(remains(kernel, phone)).toEqual([]);
  });

  it('ends the call when no check gets through, or is refused', () => {
    for (const refused of [true, false]) {
      const { kernel, phone, gateway } = bench();
      if (refused) gateway.pwd = 'anotherPasswordAltogether';
      else gateway.deafFor = 100;
      const call = phone.phone.call(`sip:x@${IP}`);
      expect(kernel.run().status).toBe('idle');
      expect(call.endReason).toEqual({
        by: 'media',
        text: `no way for media: ${refused ? 'error 401' : 'no answer'}`,
      });
      expect(call.sent).toBe(0);
      expect(remains(kernel, phone)).toEqual([]);
    }
  });

  it('ends the call when the answer takes no line, or is no session description', () => {
    for (const answer of [
      describeGateway('passive', '0').replace('m=audio 20000', 'm=audio 0'),
      'nonsense',
    ]) {
      const { kernel, phone } = bench({}, undefined, () => answer);
      const call = phone.phone.call(`sip:x@${IP}`);
      expect(kernel.run().status).toBe('idle');
      expect(call.endReason?.by).toBe('media');
      expect(remains(kernel, phone)).toEqual([]);
    }
  });

  it('uses the text of a given offer with its own addresses in it, and the credentials of the text', () => {
    for (const name of [
      'audio-only',
      'audio-video',
      'bundle-max-bundle',
      'codec-prefs-g711-dtmf',
      'rtcpmux-require',
    ]) {
      const text = readFileSync(`src/wire/sdp/fixtures/chromium/${name}.offer.sdp`, 'utf8');
      const given = parseSdp(new TextEncoder().encode(text));
      if (!given.ok) throw new Error(given.error.what);
      const answers = (offer: SessionDescription) =>
        answerTo(offer) +
        offer.media
          .slice(1)
          .map(({ media, proto, formats }) => `m=${media} 0 ${proto} ${formats.join(' ')}\r\n`)
          .join('');
      const { kernel, phone, gateway } = bench({}, text, answers);
      const call = phone.phone.call(`sip:x@${IP}`);
      kernel.run({}, () => call.state === 'up');
      const { offer } = gateway;
      if (offer === undefined) throw new Error('no offer');
      expect(validateSdp(offer)).toEqual([]);
      const transport = new Set(['candidate', 'rtcp', 'end-of-candidates']);
      const kept = (description: SessionDescription) =>
        description.media.map(({ media, proto, formats, attributes }) => [
          media,
          proto,
          formats,
          attributes.filter((one) => !transport.has(one.name)),
        ]);
      expect(kept(offer)).toEqual(kept(given.value));
      expect(groups(offer)).toEqual(groups(given.value));
      for (const line of offer.media.filter(({ port }) => port !== 0)) {
        expect(line.connection?.address).toBe('10.0.0.1');
        expect(candidates(line)).toMatchObject([{ address: '10.0.0.1', port: line.port }]);
      }
      expect(new Set(offer.media.map(({ port }) => port)).size).toBe(offer.media.length);
      const own = given.value.media[0] && iceCredentials(given.value, given.value.media[0]);
      const check = parseStun(gateway.checks[0] ?? new Uint8Array());
      expect(check.ok && attribute(check.value, 'USERNAME')?.text).toBe(`${UFRAG}:${own?.ufrag}`);
      pass(kernel, 500);
      expect(gateway.seen.filter((one) => one === 'rtp').length).toBeGreaterThan(20);
      call.hangUp();
      kernel.run();
      expect(requirements(kernel)).not.toContain('24371-7.2.2-05');
      expect(remains(kernel, phone)).toEqual([]);
    }
  });

  it('does not call with an offer that is no session description', () => {
    const { kernel, phone } = bench({}, 'nonsense');
    const call = phone.phone.call(`sip:x@${IP}`);
    expect([call.state, call.endReason?.by]).toEqual(['ended', 'media']);
    kernel.run();
    expect(remains(kernel, phone)).toEqual([]);
  });
});

describe('a phone with WebRTC media that is called', () => {
  function callPhone(text: string) {
    const { kernel, phone, gateway } = bench();
    const invite = gateway.ua.createRequest(
      'INVITE',
      phone.uri,
      { from: `sip:x@${IP}`, to: phone.uri },
      { sdp: new TextEncoder().encode(text) },
    );
    const hop = gateway.ua.resolve(invite);
    if (hop === undefined) throw new Error('no hop');
    const statuses: number[] = [];
    const session = startInvite(gateway.ua, {
      request: invite,
      hop,
      on: { rejected: (status) => statuses.push(status), progress: ({ status }) => statuses.push(status) },
    });
    return { kernel, phone, gateway, session, statuses };
  }

  it('answers with its certificate as the active side, takes the controlling role towards a lite agent, and hears it', () => {
    const { kernel, phone, gateway, session, statuses } = callPhone(describeGateway('actpass', '111 0', 'a'));
    kernel.run({}, () => phone.calls[0]?.state === 'up');
    const call = phone.calls[0];
    const { localSdp: answer, remoteSdp: offer } = call ?? {};
    const line = answer?.media[0];
    if (answer === undefined || offer === undefined || line === undefined) throw new Error('no answer');
    expect(validateSdp(answer)).toEqual([]);
    expect(checkAnswer(offer, answer)).toEqual([]);
    expect([setup(answer, line), mid(line), direction(answer, line)]).toEqual(['active', 'a', 'sendrecv']);
    expect(rtpMaps(line).map(({ encoding }) => encoding)).toEqual(['PCMU']);
    const check = parseStun(gateway.checks[0] ?? new Uint8Array());
    expect(check.ok && attribute(check.value, 'ICE-CONTROLLING')).toBeDefined();
    pass(kernel, 400);
    expect(gateway.seen.filter((one) => one === 'rtp').length).toBeGreaterThan(15);
    session.bye();
    kernel.run();
    expect(statuses).toEqual([183, 180]);
    expect(remains(kernel, phone)).toEqual([]);
    expect(requirements(kernel)).toEqual([
      '24371-7.1-03',
      '24371-7.2.3-01',
      '24371-7.2.3-02',
      '24371-7.2.3-03',
      '24371-7.2.3-04',
    ]);
  });

  it('refuses 488 a line that is not secure or does not say how to reach it', () => {
    const good = describeGateway('actpass', '0');
    for (const text of [
      good.replace('UDP/TLS/RTP/SAVPF', 'RTP/AVP'),
      good.replace('a=ice-pwd', 'a=x-pwd'),
      good.replace('a=fingerprint', 'a=x-fingerprint'),
      good.replace('a=setup:actpass', 'a=setup:holdconn'),
      good.replace('SAVPF 0', 'SAVPF 96'),
    ]) {
      const { kernel, phone, statuses } = callPhone(text);
      kernel.run();
      expect([text, statuses]).toEqual([text, [488]]);
      expect(remains(kernel, phone)).toEqual([]);
    }
  });

  it('talks to another such phone as full agents do: the caller controls, both check, both hear', () => {
    const { kernel, network } = laboratory();
    const caller = telephone(network, 'caller', '10.0.0.1', webRtcProfile('test'));
    const callee = telephone(network, 'callee', '10.0.0.2', webRtcProfile('test'));
    const out = caller.phone.call(callee.uri);
    kernel.run({}, () => callee.calls[0]?.state === 'up' && out.state === 'up');
    pass(kernel, 1000);
    expect(out.heard).toMatchObject({ lost: 0, dominantFrequencyHz: 880 });
    expect(callee.calls[0]?.heard).toMatchObject({ lost: 0, dominantFrequencyHz: 440 });
    out.hangUp();
    kernel.run();
    expect(remains(kernel, caller, callee)).toEqual([]);
  });
});
