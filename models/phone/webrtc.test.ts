import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import type { Kernel } from '../../src/kernel/index.js';
import type { Network } from '../../src/network/index.js';
import { udpBase } from '../../src/stack/ice/index.js';
import { SipEndpoint } from '../../src/stack/sip/index.js';
import {
  answerInvite,
  type InviteServerSession,
  SipUserAgent,
  startInvite,
} from '../../src/stack/sip-ua/index.js';
import {
  hostCertificate,
  type RemoteTransport,
  remoteTransport,
  SecureTransport,
  type SecureTransportOptions,
  TRANSPORT_ATTRIBUTES,
  transportAttributes,
} from '../../src/stack/webrtc/index.js';
import { parseRtcp } from '../../src/wire/rtcp/index.js';
import { demux, parseRtp } from '../../src/wire/rtp/index.js';
import {
  attributes,
  candidates,
  checkAnswer,
  direction,
  groups,
  mid,
  parseSdp,
  rtpMaps,
  type SessionDescription,
  setup,
  validateSdp,
} from '../../src/wire/sdp/index.js';
import { attribute, parseStun } from '../../src/wire/stun/index.js';
import { type PhonePolicy, type WebRtcOptions, webRtcProfile } from './index.js';
import { laboratory, remains, telephone } from './testbed.js';

const IP = '10.0.0.9';

/** What a gateway of a test does otherwise than the others. */
interface Oddity {
  readonly transport?: Partial<SecureTransportOptions>;
  /** Its answer in place of the right one. */
  readonly answers?: (offer: SessionDescription, gateway: Gateway) => string;
  readonly components?: 1 | 2;
}

/** What stands for eP-CSCF and eIMS-AGW: a lite agent that keeps what it hears and sends nothing. */
class Gateway {
  readonly ua: SipUserAgent;
  readonly endpoint: SipEndpoint;
  readonly transport: SecureTransport;
  readonly rtp: Uint8Array[] = [];
  readonly rtcp: Uint8Array[] = [];
  offer: SessionDescription | undefined;
  session: InviteServerSession | undefined;
  /** Reason header fields of the BYEs and CANCELs that came. */
  readonly reasons: (string | undefined)[] = [];

  constructor(network: Network, { transport = {}, answers = answerTo, components = 1 }: Oddity) {
    const host = network.addHost({ name: 'agw', role: 'eP-CSCF', addresses: { test: IP } });
    this.transport = new SecureTransport(host, {
      id: 'agw',
      bases: Array.from({ length: components }, (_, i) =>
        udpBase(host, { realm: 'test', port: 20_000 + i, component: i + 1 }),
      ),
      certificate: hostCertificate(host),
      setup: 'passive',
      rtcpMux: components === 1 ? 'require' : 'none',
      ...transport,
      ice: { full: false, ...transport.ice },
      onRtp: (packet) => this.rtp.push(packet),
      onRtcp: (packet) => this.rtcp.push(packet),
    });
    this.transport.gather();
    this.ua = new SipUserAgent(host, {
      endpoint: (user) => new SipEndpoint(host, { user, sentBy: IP }),
      contact: `<sip:${IP}>`,
      on: {
        invite: (transaction) => {
          const read = parseSdp(transaction.request.body);
          if (!read.ok) throw new Error(read.error.what);
          this.offer = read.value;
          this.learn(read.value);
          const sdp = new TextEncoder().encode(answers(read.value, this));
          this.session = answerInvite(this.ua, transaction, {
            on: {
              pracked: () => host.schedule(500_000, () => this.session?.accept()),
              ended: ({ bye }) => this.reasons.push(bye?.headers.get('reason')),
            },
          });
          this.session.progress(183, { reliable: true, sdp });
        },
      },
    });
    this.endpoint = this.ua.endpoint as SipEndpoint;
    this.endpoint.listenUdp('test');
    this.endpoint.listenTcp('test');
  }

  learn(description: SessionDescription, change: Partial<RemoteTransport> = {}): void {
    const line = description.media[0];
    if (line !== undefined) this.transport.setRemote({ ...remoteTransport(description, line), ...change });
  }
}

function describeGateway({ transport }: Gateway, codecs: string, id = '0', isOffer = false): string {
  const { local } = transport;
  const lines = transportAttributes(local, isOffer);
  return [
    'v=0',
    `o=- 1 1 IN IP4 ${IP}`,
    's=-',
    't=0 0',
    ...(local.lite ? ['a=ice-lite'] : []),
    `m=audio 20000 UDP/TLS/RTP/SAVPF ${codecs}`,
    `c=IN IP4 ${IP}`,
    `a=mid:${id}`,
    ...lines.map(({ name, value }) => (value === undefined ? `a=${name}` : `a=${name}:${value}`)),
    'a=rtpmap:111 opus/48000/2',
    'a=sendrecv',
    '',
  ].join('\r\n');
}

function answerTo(offer: SessionDescription, gateway: Gateway): string {
  return describeGateway(gateway, '0', offer.media[0] && mid(offer.media[0]));
}

function bench(policy: Partial<PhonePolicy> = {}, media: WebRtcOptions = {}, oddity: Oddity = {}, tape = '') {
  const { kernel, network } = laboratory(tape);
  const phone = telephone(network, 'wic', '10.0.0.1', webRtcProfile('test', media), policy);
  const gateway = new Gateway(network, oddity);
  return { kernel, network, phone, gateway };
}

function pass(kernel: Kernel, ms: number): void {
  kernel.run({ untilUs: kernel.now + ms * 1000 });
}

function requirements(kernel: Kernel): string[] {
  return [...new Set(kernel.trace?.of('requirement').flatMap(({ body }) => body.ids))].sort();
}

/** First packets of each kind that the phone sent on its media port, in order, without repetition. */
function protocols(kernel: Kernel): string[] {
  const sent = (kernel.trace?.of('packet.sent') ?? []).map(({ body }) => body.packet);
  const kinds = sent
    .filter(({ from, src }) => from === 'wic' && src.port >= 50_000)
    .map(({ data }) => demux(data[0]));
  return kinds.filter((kind, index) => kind !== kinds[index - 1]);
}

/** Checks that the phone sent. */
function checks(kernel: Kernel) {
  return (kernel.trace?.of('packet.sent') ?? []).flatMap(({ body }) => {
    const { data, from } = body.packet;
    const read = from === 'wic' && demux(data[0]) === 'stun' ? parseStun(data) : undefined;
    return read?.ok && read.value.class === 'request' ? [read.value] : [];
  });
}

describe('a phone with WebRTC media that calls', () => {
  it('offers one secure line with its candidates and certificate, no BUNDLE, and nothing that a validator objects to', () => {
    const { kernel, phone } = bench();
    const call = phone.phone.call(`sip:x@${IP}`);
    const offer = call.localSdp;
    const line = offer?.media[0];
    if (offer === undefined || line === undefined) throw new Error('no offer');
    expect(validateSdp(offer)).toEqual([]);
    expect(offer.media.length).toBe(1);
    expect(line.proto).toBe('UDP/TLS/RTP/SAVPF');
    expect(
      rtpMaps(line).map(({ payloadType, encoding, clockRate }) => `${payloadType} ${encoding}/${clockRate}`),
    ).toEqual([
      '111 opus/48000',
      '0 PCMU/8000',
      '8 PCMA/8000',
      '110 telephone-event/48000',
      '126 telephone-event/8000',
    ]);
    // a port for RTCP to fall back to (RFC 5761 5.1.3)
    expect(candidates(line)).toMatchObject([
      { component: 1, address: '10.0.0.1', port: line.port, type: 'host', priority: 2130706431 },
      { component: 2, address: '10.0.0.1', port: line.port + 1, type: 'host', priority: 2130706430 },
    ]);
    expect(line.connection?.address).toBe('10.0.0.1');
    expect([setup(offer, line), mid(line), groups(offer)]).toEqual(['actpass', '0', []]);
    expect(attributes(line, 'fingerprint')).toEqual([`sha-256 ${call.transport?.local.fingerprint.value}`]);
    call.hangUp();
    kernel.run();
    const six = ['01', '02', '03', '04', '05', '06'].map((number) => `24371-7.2.2-${number}`);
    expect(requirements(kernel)).toEqual(expect.arrayContaining(six));
    // no check began, as the call was hung up before the answer
    expect(requirements(kernel)).not.toContain('24371-7.1-03');
  });

  it('says rtcp-mux-only with one port, and nothing of it with two, as the policy wants', () => {
    for (const rtcpMux of ['require', 'none'] as const) {
      const { kernel, phone } = bench({}, { rtcpMux });
      const call = phone.phone.call(`sip:x@${IP}`);
      const line = call.localSdp?.media[0];
      if (line === undefined) throw new Error('no offer');
      const said = ['rtcp-mux', 'rtcp-mux-only', 'rtcp'].map((name) => attributes(line, name).length);
      expect(said).toEqual(rtcpMux === 'require' ? [1, 1, 0] : [0, 0, 1]);
      expect(candidates(line)).toHaveLength(rtcpMux === 'require' ? 1 : 2);
      call.hangUp();
      kernel.run();
      expect(remains(kernel, phone)).toEqual([]);
    }
  });

  it('checks the way as the controlling agent, runs DTLS as the client over it, and sends SRTP when the call is up', () => {
    const { kernel, phone, gateway } = bench();
    const call = phone.phone.call(`sip:x@${IP}`);
    kernel.run({}, () => call.mediaState === 'ready');
    expect(call.state).toBe('progress');
    pass(kernel, 200);
    const [check] = checks(kernel);
    const { ufrag } = call.transport?.local ?? {};
    if (check === undefined) throw new Error('no check');
    expect(attribute(check, 'USERNAME')?.text).toBe(`${gateway.transport.local.ufrag}:${ufrag}`);
    expect(attribute(check, 'ICE-CONTROLLING')).toBeDefined();
    expect(attribute(check, 'PRIORITY')?.value).toBe(1_862_270_975);
    expect(checks(kernel).some((one) => attribute(one, 'USE-CANDIDATE') !== undefined)).toBe(true);
    expect(protocols(kernel).slice(0, 2)).toEqual(['stun', 'dtls']);
    kernel.run({}, () => call.state === 'up');
    pass(kernel, 1000);
    expect(call.mediaState).toBe('flowing');
    expect(call.sent).toBe(51);
    call.hangUp();
    pass(kernel, 1000);
    expect(call.state).toBe('ended');
    expect(gateway.rtp.length).toBe(call.sent);
    expect(
      gateway.rtp.map((bytes) => parseRtp(bytes)).every((read) => read.ok && read.value.payloadType === 0),
    ).toBe(true);
    expect(requirements(kernel)).toEqual(
      expect.arrayContaining([
        '24371-5B.2-02',
        '24371-7.1-02',
        '24371-7.2.1-01',
        '24371-7.2.1-02',
        '24371-7.2.2-07',
      ]),
    );
    gateway.transport.close();
    kernel.run();
    expect(remains(kernel, phone)).toEqual([]);
    expect(gateway.ua.openDialogs + gateway.endpoint.openTransactions).toBe(0);
  });

  it('reports by SRTCP on one port or on its own, and says goodbye', () => {
    for (const components of [1, 2] as const) {
      const { kernel, phone, gateway } = bench({}, {}, { components });
      const call = phone.phone.call(`sip:x@${IP}`);
      kernel.run({}, () => call.state === 'up');
      pass(kernel, 20_000);
      call.hangUp();
      pass(kernel, 1000);
      expect(call.transport?.rtcpMux).toBe(components === 1);
      const kinds = gateway.rtcp.map((bytes) => {
        const read = parseRtcp(bytes);
        return read.ok ? read.value.map(({ type }) => type).join(' ') : read.error.what;
      });
      expect(kinds).toContain('SR SDES');
      expect(kinds.at(-1)).toContain('BYE');
      // what is on the wire is none of it
      const plain = (kernel.trace?.of('packet.sent') ?? []).filter(({ body }) => {
        const { data } = body.packet;
        return (
          demux(data[0]) === 'rtp' && gateway.rtcp.some((one) => one.every((byte, at) => byte === data[at]))
        );
      });
      expect(plain).toEqual([]);
      gateway.transport.close();
      kernel.run();
      expect(remains(kernel, phone)).toEqual([]);
    }
  });

  it('sends nothing before ICE and DTLS are through, though the call is up', () => {
    const { kernel, phone, gateway } = bench({}, {}, { transport: { setup: 'active', holdsDtls: true } });
    const call = phone.phone.call(`sip:x@${IP}`);
    kernel.run({}, () => call.state === 'up');
    pass(kernel, 500);
    expect([call.mediaState, call.sent]).toEqual(['securing', 0]);
    expect(protocols(kernel)).toEqual(['stun']);
    gateway.transport.secure();
    kernel.run({}, () => call.mediaState === 'flowing');
    expect(protocols(kernel)).toEqual(['stun', 'dtls', 'rtp']);
    call.hangUp();
    pass(kernel, 1000);
    gateway.transport.close();
    kernel.run();
    expect(remains(kernel, phone)).toEqual([]);
  });

  it('ends the call with a Reason when no way is found, when keys cannot be agreed on, or one port is required and declined', () => {
    const wrong = (text: string) =>
      text.replace(
        /a=fingerprint:sha-256 [0-9A-F:]+/,
        `a=fingerprint:sha-256 ${Array.from({ length: 32 }, () => 'AB').join(':')}`,
      );
    const cases: [string, RegExp, Oddity, WebRtcOptions][] = [
      [
        'password',
        /^no way for media: /,
        {
          answers: (offer, gateway) =>
            answerTo(offer, gateway).replace(/a=ice-pwd:.*/, 'a=ice-pwd:anotherPasswordAltogether'),
        },
        {},
      ],
      [
        'fingerprint',
        /^no keys for media: /,
        { answers: (offer, gateway) => wrong(answerTo(offer, gateway)) },
        {},
      ],
      ['profile', /^no keys for media: /, { transport: { srtpProfiles: ['SRTP_AEAD_AES_256_GCM'] } }, {}],
      ['mux', /^no port for RTCP: /, { components: 2 }, { rtcpMux: 'require' }],
    ];
    for (const [name, reason, oddity, media] of cases) {
      const { kernel, phone, gateway } = bench({}, media, oddity);
      const call = phone.phone.call(`sip:x@${IP}`);
      pass(kernel, 120_000);
      expect([name, call.state, call.endReason?.by]).toEqual([name, 'ended', 'media']);
      expect(call.endReason?.text).toMatch(reason);
      expect(call.sent).toBe(0);
      expect(gateway.rtp).toEqual([]);
      const messages = (kernel.trace?.of('message.sent') ?? []).map(({ body }) => body.message.text ?? '');
      const ending = messages.filter((text) => /^(BYE|CANCEL) /.test(text));
      expect(ending.length).toBeGreaterThan(0);
      expect(ending[0]).toMatch(/^Reason: RELEASE_CAUSE;cause=3;text="Media bearer loss: no /m);
      gateway.transport.close();
      kernel.run();
      expect(remains(kernel, phone)).toEqual([]);
    }
  });

  it('ends the call, or waits, when consent to send is taken back', () => {
    for (const onConsentLost of ['release', 'wait'] as const) {
      const { kernel, phone, gateway } = bench({}, { onConsentLost });
      const call = phone.phone.call(`sip:x@${IP}`);
      kernel.run({}, () => call.state === 'up');
      pass(kernel, 1000);
      gateway.transport.refuseConsent();
      pass(kernel, 10_000);
      const sent = call.sent;
      if (onConsentLost === 'release') {
        expect(call.endReason).toEqual({ by: 'media', text: 'consent to send has been revoked' });
        expect(call.state).toBe('ended');
      } else {
        expect([call.state, call.mediaState]).toEqual(['up', 'interrupted']);
        pass(kernel, 1000);
        expect(call.sent).toBe(sent);
        call.hangUp();
      }
      gateway.transport.close();
      kernel.run();
      expect(remains(kernel, phone)).toEqual([]);
    }
  });

  it('ends the call when the answer takes no line, or is no session description', () => {
    const nowhere = (offer: SessionDescription, gateway: Gateway) =>
      answerTo(offer, gateway).replace('m=audio 20000', 'm=audio 0');
    for (const answers of [nowhere, () => 'nonsense']) {
      const { kernel, phone, gateway } = bench({}, {}, { answers });
      const call = phone.phone.call(`sip:x@${IP}`);
      pass(kernel, 60_000);
      expect(call.endReason?.by).toBe('media');
      gateway.transport.close();
      kernel.run();
      expect(remains(kernel, phone)).toEqual([]);
    }
  });

  it('uses the text of a given offer with its own transport in it, and runs ICE and DTLS with that', () => {
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
      const answers = (offer: SessionDescription, gateway: Gateway) =>
        answerTo(offer, gateway) +
        offer.media
          .slice(1)
          .map(({ media, proto, formats }) => `m=${media} 0 ${proto} ${formats.join(' ')}\r\n`)
          .join('');
      const { kernel, phone, gateway } = bench({}, { offerText: text }, { answers });
      const call = phone.phone.call(`sip:x@${IP}`);
      kernel.run({}, () => call.state === 'up');
      const { offer } = gateway;
      if (offer === undefined) throw new Error('no offer');
      expect(validateSdp(offer)).toEqual([]);
      const kept = (description: SessionDescription) =>
        description.media.map(({ media, proto, formats, attributes: all }) => [
          media,
          proto,
          formats,
          all.filter((one) => one.name.startsWith('rtcp-mux') || !TRANSPORT_ATTRIBUTES.includes(one.name)),
        ]);
      expect(kept(offer)).toEqual(kept(given.value));
      expect(groups(offer)).toEqual(groups(given.value));
      for (const line of offer.media.filter(({ port }) => port !== 0)) {
        expect(line.connection?.address).toBe('10.0.0.1');
        expect(candidates(line)).toMatchObject([{ address: '10.0.0.1', port: line.port }]);
        expect(attributes(line, 'fingerprint')).toEqual([
          `sha-256 ${call.transport?.local.fingerprint.value}`,
        ]);
      }
      expect(new Set(offer.media.map(({ port }) => port)).size).toBe(offer.media.length);
      pass(kernel, 500);
      expect(gateway.rtp.length).toBeGreaterThan(20);
      call.hangUp();
      pass(kernel, 1000);
      gateway.transport.close();
      kernel.run();
      expect(requirements(kernel)).not.toContain('24371-7.2.2-05');
      expect(remains(kernel, phone)).toEqual([]);
    }
  });

  it('does not call with an offer that is no session description', () => {
    const { kernel, phone, gateway } = bench({}, { offerText: 'nonsense' });
    const call = phone.phone.call(`sip:x@${IP}`);
    expect([call.state, call.endReason?.by]).toEqual(['ended', 'media']);
    gateway.transport.close();
    kernel.run();
    expect(remains(kernel, phone)).toEqual([]);
  });
});

describe('a phone with WebRTC media that is called', () => {
  function callPhone(
    change: (text: string) => string = (text) => text,
    codecs = '111 0',
    media: WebRtcOptions = {},
  ) {
    const { kernel, network, phone, gateway } = bench({}, media, { transport: { setup: 'actpass' } });
    const text = change(describeGateway(gateway, codecs, 'a', true));
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
      on: {
        rejected: (status) => statuses.push(status),
        progress: ({ status }, { sdp }) => {
          statuses.push(status);
          const read = sdp && parseSdp(sdp);
          if (read?.ok) gateway.learn(read.value);
        },
      },
    });
    return { kernel, network, phone, gateway, session, statuses };
  }

  it('answers with its certificate as the active side, takes the controlling role towards a lite agent, and is heard', () => {
    const { kernel, phone, gateway, session, statuses } = callPhone();
    kernel.run({}, () => phone.calls[0]?.state === 'up');
    const call = phone.calls[0];
    const { localSdp: answer, remoteSdp: offer } = call ?? {};
    const line = answer?.media[0];
    if (answer === undefined || offer === undefined || line === undefined) throw new Error('no answer');
    expect(validateSdp(answer)).toEqual([]);
    expect(checkAnswer(offer, answer)).toEqual([]);
    expect([setup(answer, line), mid(line), direction(answer, line)]).toEqual(['active', 'a', 'sendrecv']);
    expect(attributes(line, 'rtcp-mux')).toHaveLength(1);
    expect(attributes(line, 'rtcp-mux-only')).toHaveLength(0);
    expect(rtpMaps(line).map(({ encoding }) => encoding)).toEqual(['opus']);
    expect(checks(kernel).every((check) => attribute(check, 'ICE-CONTROLLING') !== undefined)).toBe(true);
    pass(kernel, 400);
    expect(gateway.rtp.length).toBeGreaterThan(15);
    session.bye();
    pass(kernel, 1000);
    gateway.transport.close();
    kernel.run();
    expect(statuses).toEqual([183, 180]);
    expect(remains(kernel, phone)).toEqual([]);
    const three = ['01', '02', '03', '04', '05'].map((number) => `24371-7.2.3-${number}`);
    expect(requirements(kernel)).toEqual(expect.arrayContaining(three));
    expect(requirements(kernel)).not.toContain('24371-7.2.2-07');
  });

  it('answers as the passive side where the policy has it so', () => {
    const { kernel, phone, gateway, session } = callPhone(undefined, '0', { answeringSetup: 'passive' });
    kernel.run({}, () => phone.calls[0]?.mediaState === 'flowing');
    const answer = phone.calls[0]?.localSdp;
    expect(answer?.media[0] && setup(answer, answer.media[0])).toBe('passive');
    session.bye();
    pass(kernel, 1000);
    gateway.transport.close();
    kernel.run();
    expect(remains(kernel, phone)).toEqual([]);
  });

  it('refuses 488 a line that is not secure, does not say how to reach it, or shares no port as it must', () => {
    const changes: [(text: string) => string, WebRtcOptions][] = [
      [(good) => good.replace('UDP/TLS/RTP/SAVPF', 'RTP/AVP'), {}],
      [(good) => good.replace('a=ice-pwd', 'a=x-pwd'), {}],
      [(good) => good.replace('a=fingerprint', 'a=x-fingerprint'), {}],
      [(good) => good.replace('a=setup:actpass', 'a=setup:holdconn'), {}],
      [(good) => good.replace('SAVPF 111 0', 'SAVPF 96'), {}],
      [(good) => good, { rtcpMux: 'none' }],
      [
        (good) => good.replace('a=rtcp-mux\r\n', '').replace('a=rtcp-mux-only\r\n', ''),
        { rtcpMux: 'require' },
      ],
    ];
    for (const [change, media] of changes) {
      const { kernel, phone, gateway, statuses } = callPhone(change, '111 0', media);
      kernel.run();
      expect([String(change), statuses]).toEqual([String(change), [488]]);
      gateway.transport.close();
      expect(remains(kernel, phone)).toEqual([]);
    }
  });

  it('follows an ICE restart of the other side under the same keys, and refuses another association', () => {
    const { kernel, phone, gateway, session } = callPhone();
    kernel.run({}, () => phone.calls[0]?.mediaState === 'flowing');
    pass(kernel, 500);
    const call = phone.calls[0];
    const statuses: number[] = [];
    const change = (text: string): boolean =>
      session.sendRequest(
        'UPDATE',
        { sdp: new TextEncoder().encode(text) },
        {
          done: (status, response) => {
            statuses.push(status);
            const read = parseSdp(response?.body ?? new Uint8Array());
            if (status === 200 && read.ok) gateway.learn(read.value);
          },
        },
      );
    const before = call?.transport?.local;
    gateway.transport.restart();
    change(describeGateway(gateway, '111 0', 'a', true).replace('o=- 1 1', 'o=- 1 2'));
    pass(kernel, 3000);
    const heard = gateway.rtp.length;
    expect(call?.transport?.local.ufrag).not.toBe(before?.ufrag);
    expect([call?.state, call?.mediaState]).toEqual(['up', 'flowing']);
    pass(kernel, 200);
    expect(gateway.rtp.length).toBe(heard + 10);
    change(describeGateway(gateway, '111 0', 'a', true).replace(/sha-256 [0-9A-F]{2}/, 'sha-256 00'));
    pass(kernel, 100);
    expect(statuses).toEqual([200, 488]);
    session.bye();
    pass(kernel, 1000);
    gateway.transport.close();
    kernel.run();
    expect(remains(kernel, phone)).toEqual([]);
  });

  it('talks to another such phone as full agents do: both check, both hear, nothing is in the clear', () => {
    const { kernel, network } = laboratory();
    const caller = telephone(network, 'caller', '10.0.0.1', webRtcProfile('test'));
    const callee = telephone(network, 'callee', '10.0.0.2', webRtcProfile('test'));
    const out = caller.phone.call(callee.uri);
    kernel.run({}, () => callee.calls[0]?.state === 'up' && out.state === 'up');
    pass(kernel, 1000);
    const incoming = callee.calls[0];
    expect(out.heard).toMatchObject({ lost: 0, sources: [{ stream: incoming?.voice?.stream, missing: 0 }] });
    expect(incoming?.heard).toMatchObject({ lost: 0, sources: [{ stream: out.voice?.stream, missing: 0 }] });
    expect(Object.keys(out.heard.encodings)).toEqual(['opus']);
    out.hangUp();
    kernel.run();
    expect(remains(kernel, caller, callee)).toEqual([]);
  });
});
