import { describe, expect, it } from 'vitest';
import { toHex } from '../../crypto/index.js';
import type { Kernel } from '../../kernel/index.js';
import type { Network } from '../../network/index.js';
import { type End, laboratory, makeEnd, rtcpPacket, rtpPacket, told } from './testbed.js';
import type { RemoteTransport, RtcpMuxPolicy, SecureTransportOptions } from './types.js';

interface Setting {
  readonly offerer?: Partial<SecureTransportOptions>;
  readonly answerer?: Partial<SecureTransportOptions>;
  readonly components?: 1 | 2;
  readonly mux?: readonly [RtcpMuxPolicy, RtcpMuxPolicy];
  readonly answer?: 'active' | 'passive';
  readonly tape?: string;
  readonly told?: Partial<RemoteTransport>;
}

/** An offerer and an answerer that know each other. */
function pair(setting: Setting = {}): { kernel: Kernel; network: Network; offerer: End; answerer: End } {
  const { components = 1, mux = ['require', 'require'], answer = 'active', tape } = setting;
  const { kernel, network, hosts } = laboratory(tape);
  const offerer = makeEnd(hosts[0], components, {
    setup: 'actpass',
    rtcpMux: mux[0],
    ...setting.offerer,
    ice: { role: 'controlling', ...setting.offerer?.ice },
  });
  const answerer = makeEnd(hosts[1], mux[1] === 'none' ? 2 : 1, {
    setup: answer,
    rtcpMux: mux[1],
    ...setting.answerer,
  });
  answerer.transport.setRemote(told(offerer.transport.local));
  offerer.transport.setRemote(told(answerer.transport.local, setting.told));
  return { kernel, network, offerer, answerer };
}

function run(kernel: Kernel, ms: number): void {
  kernel.run({ untilUs: kernel.now + ms * 1000 });
  expect(kernel.failure).toBeUndefined();
}

/** Sends a packet of each kind each way, and whether they came as they were. */
function exchange(kernel: Kernel, ...ends: readonly [End, End]): boolean {
  for (const { transport } of ends) {
    expect(transport.sendRtp(rtpPacket(1))).toBe(true);
    expect(transport.sendRtcp(rtcpPacket())).toBe(true);
  }
  run(kernel, 50);
  for (const { rtp, rtcp } of ends) {
    expect(rtp.map(toHex)).toEqual([toHex(rtpPacket(1))]);
    expect(rtcp.map(toHex)).toEqual([toHex(rtcpPacket())]);
  }
  return true;
}

/** Closes both, and what is left of them. */
function remains(kernel: Kernel, ...ends: readonly End[]): string[] {
  for (const { transport } of ends) transport.close();
  expect(kernel.run().status).toBe('idle');
  const unexpected = kernel.trace
    ?.of('unexpected')
    .map(({ body }) => `${body.actor} ${body.state}: ${body.event}`);
  return [...ends.flatMap(({ host }) => host.describeSockets()), ...(unexpected ?? [])];
}

function protocolsOnWire(kernel: Kernel): Set<string> {
  const first = (kernel.trace?.of('packet.sent') ?? []).map(({ body }) => body.packet.data[0] ?? 0);
  return new Set(first.map((byte) => (byte < 4 ? 'stun' : byte < 64 ? 'dtls' : 'srtp')));
}

describe('a secure transport', () => {
  it.each([
    ['full and full', {}],
    ['full and lite', { answerer: { ice: { full: false } } }],
    ['lite and full', { offerer: { ice: { full: false } } }],
    ['the answerer passive', { answer: 'passive' }],
    ['two ports, where neither multiplexes', { components: 2, mux: ['none', 'none'] }],
    ['two ports offered with a fallback, one agreed on', { components: 2, mux: ['negotiate', 'require'] }],
    ['multiplexing declined', { components: 2, mux: ['negotiate', 'none'] }],
    [
      'multiplexing declined by a lite agent',
      { components: 2, mux: ['negotiate', 'none'], answerer: { ice: { full: false } } },
    ],
    [
      'RFC 5245, aggressive',
      {
        offerer: { ice: { specification: 'rfc5245', nomination: 'aggressive' } },
        answerer: { ice: { specification: 'rfc5245' } },
      },
    ],
    ['AES_128_CM_HMAC_SHA1_80', { answerer: { srtpProfiles: ['SRTP_AES128_CM_HMAC_SHA1_80'] } }],
    ['P-256', { offerer: { dtls: { curves: ['secp256r1'] } } }],
  ] as [string, Setting][])('carries RTP and RTCP both ways, %s', (_, setting) => {
    const { kernel, offerer, answerer } = pair(setting);
    run(kernel, 1000);
    expect([offerer.events, answerer.events]).toEqual([['ready'], ['ready']]);
    expect(offerer.transport.srtpProfile).toBe(answerer.transport.srtpProfile);
    exchange(kernel, offerer, answerer);
    expect(remains(kernel, offerer, answerer)).toEqual([]);
    expect(kernel.trace?.of('failure')).toEqual([]);
  });

  it('has one association a port, and closes the port that was offered in vain', () => {
    const two = pair({ components: 2, mux: ['negotiate', 'none'] });
    run(two.kernel, 1000);
    expect(two.offerer.transport.layers.dtls).toHaveLength(2);
    // two client randoms: a key for each port (RFC 5764 3)
    expect(new Set(two.offerer.keyLog).size).toBe(2);
    expect(two.offerer.transport.rtcpMux).toBe(false);
    const one = pair({ components: 2, mux: ['negotiate', 'require'] });
    run(one.kernel, 1000);
    expect(one.offerer.transport.rtcpMux).toBe(true);
    expect(one.offerer.host.describeSockets()).toHaveLength(1);
    expect(remains(one.kernel, one.offerer, one.answerer)).toEqual([]);
    expect(remains(two.kernel, two.offerer, two.answerer)).toEqual([]);
  });

  it('fails where it requires one port and the peer declines (RFC 8858 4.4)', () => {
    const { kernel, offerer, answerer } = pair({ components: 1, mux: ['require', 'none'] });
    run(kernel, 500);
    expect(offerer.events).toEqual(['failed mux: the peer does not share a port with RTCP']);
    expect(offerer.transport.state).toBe('failed');
    expect(remains(kernel, offerer, answerer)).toEqual([]);
  });

  it('sends nothing before there are keys, and says so', () => {
    const { kernel, offerer, answerer } = pair();
    expect(offerer.transport.sendRtp(rtpPacket(1))).toBe(false);
    expect(offerer.transport.sendRtcp(rtcpPacket())).toBe(false);
    expect(offerer.transport.counters.unsent).toBe(2);
    run(kernel, 1000);
    expect(answerer.transport.counters).toMatchObject({ rtpReceived: 0, beforeKeys: 0 });
    remains(kernel, offerer, answerer);
    expect(offerer.transport.sendRtp(rtpPacket(1))).toBe(false);
  });

  it('fails with an alert, and lets no media through, when the certificate is not the one described', () => {
    const wrong = { algorithm: 'sha-256', value: Array.from({ length: 32 }, () => 'AB').join(':') };
    const { kernel, offerer, answerer } = pair({ told: { fingerprints: [wrong] } });
    run(kernel, 3000);
    expect(offerer.events).toEqual([expect.stringMatching(/^failed dtls: /)]);
    expect(answerer.events).toEqual([expect.stringMatching(/^failed dtls: .*bad_certificate/)]);
    expect(answerer.transport.sendRtp(rtpPacket(1))).toBe(false);
    expect(protocolsOnWire(kernel)).toEqual(new Set(['stun', 'dtls']));
    expect(remains(kernel, offerer, answerer)).toEqual([]);
  });

  it('uses no key before the fingerprint is known, and drops and counts what comes under it', () => {
    const { kernel, hosts } = laboratory();
    const offerer = makeEnd(hosts[0], 1, {
      setup: 'actpass',
      rtcpMux: 'require',
      ice: { role: 'controlling' },
    });
    const answerer = makeEnd(hosts[1], 1, { setup: 'active', rtcpMux: 'require' });
    answerer.transport.setRemote(told(offerer.transport.local));
    const { fingerprints, ...rest } = told(answerer.transport.local);
    offerer.transport.setRemote(rest);
    run(kernel, 1000);
    expect([offerer.transport.state, answerer.transport.state]).toEqual(['securing', 'open']);
    answerer.transport.sendRtp(rtpPacket(1));
    run(kernel, 50);
    expect(offerer.transport.counters.unverified).toBe(1);
    expect(offerer.rtp).toEqual([]);
    offerer.transport.setRemote({ fingerprints: fingerprints ?? [] });
    answerer.transport.sendRtp(rtpPacket(2));
    run(kernel, 50);
    expect(offerer.rtp).toEqual([rtpPacket(2)]);
    expect(remains(kernel, offerer, answerer)).toEqual([]);
  });

  it('takes a ClientHello that overtakes the answer', () => {
    const { kernel, hosts } = laboratory();
    const offerer = makeEnd(hosts[0], 1, { setup: 'actpass', rtcpMux: 'require', ice: { full: false } });
    const answerer = makeEnd(hosts[1], 1, { setup: 'active', rtcpMux: 'require' });
    answerer.transport.setRemote(told(offerer.transport.local));
    run(kernel, 300);
    expect(offerer.transport.state).toBe('new');
    offerer.transport.setRemote(told(answerer.transport.local));
    run(kernel, 150);
    // the hello that came first was kept, so that nothing waits for its repetition after a second
    expect([offerer.events, answerer.events]).toEqual([['ready'], ['ready']]);
    expect(remains(kernel, offerer, answerer)).toEqual([]);
  });

  it('holds DTLS back until told, at either end, as H.248 has it', () => {
    const { kernel, offerer, answerer } = pair({ answerer: { holdsDtls: true } });
    run(kernel, 1000);
    expect(protocolsOnWire(kernel)).toEqual(new Set(['stun']));
    expect(answerer.transport.state).toBe('securing');
    answerer.transport.secure();
    run(kernel, 300);
    expect(exchange(kernel, offerer, answerer)).toBe(true);
    expect(remains(kernel, offerer, answerer)).toEqual([]);
  });

  it('drops and counts what is replayed, damaged, or nothing that is spoken here', () => {
    const { kernel, offerer, answerer } = pair();
    run(kernel, 1000);
    offerer.transport.sendRtp(rtpPacket(1));
    const sent = kernel.trace?.of('packet.sent').at(-1)?.body.packet;
    if (sent === undefined) throw new Error('nothing was sent');
    const damaged = sent.data.slice();
    // the sequence number: the same one again would count as a replay
    damaged[3] = (damaged[3] ?? 0) ^ 2;
    run(kernel, 50);
    const link = offerer.host.interfaces[0];
    for (const bytes of [sent.data, damaged, sent.data.subarray(0, 20), Uint8Array.of(200, 1, 2)]) {
      link?.linkTo(sent.dst.ip)?.transmit(sent.src, sent.dst, undefined, bytes, false);
    }
    run(kernel, 50);
    expect(answerer.transport.counters).toMatchObject({ rtpReceived: 1, replay: 1, auth: 1, malformed: 1 });
    expect(answerer.transport.layers.ice.foreign).toBe(1);
    expect(answerer.rtp).toHaveLength(1);
    expect(remains(kernel, offerer, answerer)).toEqual([]);
  });

  it('gets through losses in every flight, and fails when nobody answers', () => {
    for (let lost = 0; lost < 12; lost++) {
      for (const link of ['one>other', 'other>one']) {
        const { kernel, offerer, answerer } = pair({ tape: `${link}#${lost}=drop,${link}#${lost + 1}=drop` });
        run(kernel, 10_000);
        expect([lost, link, offerer.events, answerer.events]).toEqual([lost, link, ['ready'], ['ready']]);
        // two of them may be the ones that the tape drops
        for (const number of [1, 2, 3]) offerer.transport.sendRtp(rtpPacket(number));
        run(kernel, 50);
        expect(answerer.rtp.length).toBeGreaterThan(0);
        expect(remains(kernel, offerer, answerer)).toEqual([]);
      }
    }
    const { kernel, offerer, answerer } = pair();
    answerer.transport.close();
    run(kernel, 60_000);
    expect(offerer.events).toEqual(['failed ice: no pair works']);
    expect(remains(kernel, offerer)).toEqual([]);
  });

  it('tells of the end of the association when the peer closes', () => {
    const { kernel, offerer, answerer } = pair();
    run(kernel, 1000);
    answerer.transport.close();
    run(kernel, 100);
    expect(offerer.events).toEqual(['ready', 'ended']);
    expect(offerer.transport.sendRtp(rtpPacket(1))).toBe(false);
    expect(remains(kernel, offerer)).toEqual([]);
  });

  it('stops sending when consent is lost, and goes on under the same keys after an ICE restart', () => {
    const { kernel, offerer, answerer } = pair({ answerer: { ice: { full: false } } });
    run(kernel, 1000);
    const old = answerer.transport.local;
    answerer.transport.refuseConsent();
    run(kernel, 8000);
    expect(offerer.events).toEqual(['ready', 'consent 1 revoked']);
    expect(offerer.transport.state).toBe('interrupted');
    expect(offerer.transport.sendRtp(rtpPacket(1))).toBe(false);
    expect(offerer.transport.sendData(Uint8Array.of(1))).toBe(false);
    expect(remains(kernel, offerer, answerer)).toEqual([]);

    const again = pair();
    run(again.kernel, 1000);
    const { offerer: a, answerer: b } = again;
    a.transport.restart();
    b.transport.restart();
    expect(a.transport.local.ufrag).not.toBe(old.ufrag);
    b.transport.setRemote(told(a.transport.local));
    a.transport.setRemote(told(b.transport.local));
    run(again.kernel, 1000);
    expect([a.events, b.events]).toEqual([['ready'], ['ready']]);
    expect(exchange(again.kernel, a, b)).toBe(true);
    expect(new Set(a.keyLog).size).toBe(1);
    expect(remains(again.kernel, a, b)).toEqual([]);
  });

  it('resumes after consent has expired, by an ICE restart', () => {
    const { kernel, network, offerer, answerer } = pair();
    run(kernel, 1000);
    const links = [network.link('one', 'other'), network.link('other', 'one')];
    for (const link of links) link.partition();
    run(kernel, 40_000);
    expect([offerer.events, answerer.events]).toEqual([
      ['ready', 'consent 1 expired'],
      ['ready', 'consent 1 expired'],
    ]);
    for (const link of links) link.heal();
    for (const { transport } of [offerer, answerer]) transport.restart();
    answerer.transport.setRemote(told(offerer.transport.local));
    offerer.transport.setRemote(told(answerer.transport.local));
    run(kernel, 1000);
    expect(offerer.events.at(-1)).toBe('resumed');
    expect(exchange(kernel, offerer, answerer)).toBe(true);
    expect(remains(kernel, offerer, answerer)).toEqual([]);
  });

  it('carries application data in DTLS, both ways, once there are keys', () => {
    const got: number[][] = [];
    const { kernel, offerer, answerer } = pair({
      offerer: { onData: (data) => got.push([1, ...data]) },
      answerer: { onData: (data) => got.push([2, ...data]) },
    });
    expect(offerer.transport.sendData(Uint8Array.of(9))).toBe(false);
    run(kernel, 1000);
    expect(offerer.transport.sendData(Uint8Array.of(5))).toBe(true);
    run(kernel, 50);
    expect(answerer.transport.sendData(Uint8Array.of(6))).toBe(true);
    run(kernel, 50);
    expect(got).toEqual([
      [2, 5],
      [1, 6],
    ]);
    expect(remains(kernel, offerer, answerer)).toEqual([]);
  });

  it('leaves a line of an NSS key log in the trace at both ends, the same', () => {
    const { kernel, offerer, answerer } = pair();
    run(kernel, 1000);
    const lines = kernel.trace?.of('keys').map(({ body }) => body.line) ?? [];
    expect(lines).toHaveLength(2);
    expect(new Set(lines).size).toBe(1);
    expect(lines[0]).toMatch(/^CLIENT_RANDOM [0-9a-f]{64} [0-9a-f]{96}$/);
    expect(offerer.keyLog).toEqual(answerer.keyLog);
    expect(remains(kernel, offerer, answerer)).toEqual([]);
  });
});
