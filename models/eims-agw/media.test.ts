import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { tcpBase } from '../../src/stack/ice/index.js';
import { descriptor, EVENT, PROPERTY, SIGNAL } from '../../src/wire/megaco/index.js';
import { parseRtcp, serializeRtcp } from '../../src/wire/rtcp/index.js';
import { attributes, hasAttribute } from '../../src/wire/sdp/index.js';
import {
  AGW_ACCESS,
  AGW_CORE,
  accessLocal,
  command,
  coreLocal,
  coreRemote,
  GatewayBed,
  localOf,
  plainCall,
  report,
  rtp,
  type StreamParts,
  signals,
  subtractAll,
  WebPeer,
  webCall,
} from './testbed.js';

describe('media between a browser and the core', () => {
  it('go both ways as SRTP and plain RTP, byte for byte, and RTCP beside them on the next port', () => {
    const { bed, peer, ue, ueRtcp, heardByUe, heardRtcp, toCore, reply } = webCall();
    bed.pause(1000);
    expect(peer.failures).toEqual([]);
    expect(peer.ready).toBe(true);
    const packets = [1, 2, 3].map((number) => rtp(number));
    for (const packet of packets) {
      expect(peer.transport.sendRtp(packet)).toBe(true);
      ue.send(packet, toCore);
    }
    peer.transport.sendRtcp(report);
    ueRtcp.send(report, { ...toCore, port: toCore.port + 1 });
    bed.pause(100);
    expect(heardByUe).toEqual(packets);
    expect(peer.heard).toEqual(packets);
    expect(heardRtcp).toEqual([report]);
    expect(peer.heardRtcp).toEqual([report]);
    const onAccess = bed.kernel.trace
      ?.of('packet.sent')
      .filter(({ body }) => body.packet.realm === 'access' && (body.packet.data[0] ?? 0) >> 6 === 2);
    // tag of AEAD_AES_128_GCM (RFC 7714 12), so that nothing plain was there
    expect(onAccess?.filter(({ body }) => body.packet.data.length === 172)).toEqual([]);
    for (const id of ['24371-5.6-02', '24371-5.6-04', '24371-5.6-07', '24371-5A.4-02', '24371-5B.4-03']) {
      expect([...bed.realised], id).toContain(id);
    }
    bed.ask(reply.context, subtractAll);
    expect(bed.agw.leftovers()).toEqual([]);
    peer.transport.close();
    bed.pause(1000);
    expect(bed.agw.host.openSockets).toBe(1);
  });

  it('go over two ports, with keys of their own, where no port is shared (RFC 5764 3)', () => {
    const { bed, peer, heardByUe, heardRtcp } = webCall({
      mux: false,
      peer: (one) => new WebPeer(one.wic, { rtcpMux: 'none' }),
    });
    bed.pause(1000);
    expect(peer.ready).toBe(true);
    peer.transport.sendRtp(rtp(1));
    peer.transport.sendRtcp(report);
    bed.pause(100);
    expect(heardByUe).toEqual([rtp(1)]);
    expect(heardRtcp).toEqual([report]);
    expect([...bed.realised]).not.toContain('24371-5.6-07');
  });

  it('wait for the gate: a mode that lets nothing through drops and counts, in either direction', () => {
    const { bed, peer, ue, heardByUe, toCore, reply } = webCall({ access: { mode: 'Inactive' } });
    bed.pause(1000);
    expect(peer.ready).toBe(true);
    peer.transport.sendRtp(rtp(1));
    ue.send(rtp(1), toCore);
    bed.pause(100);
    expect([heardByUe.length, peer.heard.length]).toEqual([0, 0]);
    expect(bed.agw.drops(Number(reply.context))?.gate).toBe(2);
    const [access = ''] = reply.commands.map(({ terminationId }) => terminationId);
    bed.ask(reply.context, command('Modify', access, { mode: 'SendOnly' }));
    peer.transport.sendRtp(rtp(2));
    ue.send(rtp(2), toCore);
    bed.pause(100);
    expect([heardByUe.length, peer.heard.length]).toEqual([0, 1]);
    bed.ask(reply.context, command('Modify', access, { mode: 'ReceiveOnly' }));
    peer.transport.sendRtp(rtp(3));
    ue.send(rtp(3), toCore);
    bed.pause(100);
    expect([heardByUe.length, peer.heard.length]).toEqual([1, 1]);
  });

  it('do not reach a browser before there are keys', () => {
    const { bed, ue, peer, toCore } = webCall({ describe: (text) => text.replace(/a=candidate.*\r\n/g, '') });
    peer.transport.close();
    ue.send(rtp(1), toCore);
    bed.pause(1000);
    const toWic = bed.kernel.trace
      ?.of('packet.sent')
      .filter(({ body }) => body.packet.link === 'eims-agw>wic');
    expect(toWic?.filter(({ body }) => (body.packet.data[0] ?? 0) >> 6 === 2)).toEqual([]);
  });

  it('with a replayed or a damaged SRTP packet: it is dropped, and the stream goes on', () => {
    const { bed, peer, heardByUe, reply } = webCall();
    bed.pause(1000);
    peer.transport.sendRtp(rtp(1));
    bed.pause(100);
    const sent = bed.kernel.trace?.of('packet.sent') ?? [];
    const srtp = sent.findLast(({ body }) => body.packet.link === 'wic>eims-agw')?.body.packet;
    if (srtp === undefined) throw new Error('no SRTP');
    const damaged = srtp.data.slice();
    // a sequence number that was not seen yet, under a tag that is not its own
    damaged[3] = (damaged[3] as number) ^ 8;
    for (const data of [srtp.data, damaged]) {
      bed.kernel.schedule(0, 'wic', () => {
        (peer.transport.options.bases[0] as { send(bytes: Uint8Array, to: object): void }).send(
          data,
          srtp.dst,
        );
      });
    }
    bed.pause(100);
    expect(heardByUe).toHaveLength(1);
    expect(bed.agw.drops(Number(reply.context))).toMatchObject({ replay: 1, auth: 1 });
    peer.transport.sendRtp(rtp(2));
    bed.pause(100);
    expect(heardByUe).toEqual([rtp(1), rtp(2)]);
  });
});

describe('DTLS', () => {
  it('is begun by the gateway as client once it is told to establish (24371-7.4.2-04), not before', () => {
    const { bed, peer, reply } = webCall({
      access: { local: accessLocal({ role: 'active' }) },
      peer: (one) => new WebPeer(one.wic, { setup: 'passive' }),
    });
    bed.pause(3000);
    expect(peer.ready).toBe(false);
    const [access = ''] = reply.commands.map(({ terminationId }) => terminationId);
    bed.ask(reply.context, command('Modify', access, { signals: signals({ [SIGNAL.establishDtls]: {} }) }));
    bed.pause(1000);
    expect(peer.ready).toBe(true);
  });

  it('takes its role from the answer to an offer of actpass', () => {
    for (const setup of ['active', 'passive'] as const) {
      const bed = new GatewayBed();
      const peer = new WebPeer(bed.wic, { setup, rtcpMux: 'require' });
      const reply = bed.ask(
        '$',
        command('Add', 'ip/access/$', { local: accessLocal({ role: 'actpass' }), mode: 'Inactive' }),
        command('Add', 'ip/core/$', { local: coreLocal(), remote: coreRemote() }),
      );
      const offer = localOf(reply, 0);
      expect(attributes(offer.media, 'candidate').map((value) => value.split(' ')[1])).toEqual(['1', '2']);
      peer.meet(offer);
      const [access = ''] = reply.commands.map(({ terminationId }) => terminationId);
      const wish = setup === 'passive' ? { signals: signals({ [SIGNAL.establishDtls]: {} }) } : {};
      bed.ask(reply.context, command('Modify', access, { remote: peer.describe(), ...wish }));
      bed.pause(1000);
      expect(peer.failures).toEqual([]);
      expect(peer.ready).toBe(true);
    }
  });

  it('fails with an alert, a Notify and no media when the certificate is not the one of the description', () => {
    const wrong = `sha-256 ${Array(32).fill('AB').join(':')}`;
    const { bed, peer, heardByUe } = webCall({
      describe: (text) => text.replace(/(a=fingerprint:).*\r\n/, `$1${wrong}\r\n`),
    });
    bed.pause(3000);
    expect(bed.notified).toEqual([EVENT.dtlsFailure]);
    const [event] = bed.asked.flatMap(({ commands }) =>
      commands.flatMap((one) => descriptor(one, 'ObservedEvents') ?? []),
    );
    expect(event?.requestId).toBe(5);
    expect(peer.failures.join()).toMatch(/^dtls: .*(bad_certificate|alert)/);
    peer.transport.sendRtp(rtp(1));
    bed.pause(100);
    expect(heardByUe).toEqual([]);
  });
});

describe('ICE over TCP', () => {
  it('carries DTLS and SRTP where UDP does not get through (24371-5.6-03, 24371-5.6-05)', () => {
    const bed = new GatewayBed({ iceTcp: true });
    const { peer, heardByUe } = webCall({
      bed,
      peer: (one) =>
        new WebPeer(one.wic, { bases: [tcpBase(one.wic, { realm: 'access', tcpType: 'active' })] }),
    });
    bed.pause(3000);
    expect(peer.failures).toEqual([]);
    expect(peer.ready).toBe(true);
    peer.transport.sendRtp(rtp(1));
    bed.pause(100);
    expect(heardByUe).toEqual([rtp(1)]);
    expect([...bed.realised]).toEqual(expect.arrayContaining(['24371-5.6-03', '24371-5.6-05']));
  });
});

describe('full ICE', () => {
  it('waits for the request to check, and tells the result (TS 23.334 6.2.17.2, .3)', () => {
    const bed = new GatewayBed({ ice: 'full' });
    const { peer, reply } = webCall({ bed });
    expect(hasAttribute(localOf(reply, 0).session, 'ice-lite')).toBe(false);
    const checks = (): number =>
      (bed.kernel.trace?.of('packet.sent') ?? []).filter(
        ({ body: { packet } }) =>
          packet.link === 'eims-agw>wic' && packet.data[0] === 0 && packet.data[1] === 1,
      ).length;
    bed.pause(200);
    expect(checks()).toBe(0);
    const [access = ''] = reply.commands.map(({ terminationId }) => terminationId);
    bed.ask(
      reply.context,
      command('Modify', access, { signals: signals({ [SIGNAL.checkConnectivity]: {} }) }),
    );
    bed.pause(2000);
    expect(checks()).toBeGreaterThan(0);
    expect(peer.ready).toBe(true);
    expect(bed.notified).toContain(EVENT.iceResult);
    expect([...bed.realised]).toContain('24371-5.6-06');
  });

  it('tells that no pair works', () => {
    const bed = new GatewayBed({ ice: 'full' });
    const { reply } = webCall({ bed });
    bed.network.partition('wic', 'eims-agw');
    const [access = ''] = reply.commands.map(({ terminationId }) => terminationId);
    bed.ask(
      reply.context,
      command('Modify', access, { signals: signals({ [SIGNAL.checkConnectivity]: {} }) }),
    );
    bed.pause(60_000);
    expect(bed.notified).toEqual([EVENT.iceResult]);
  });

  it('tells that consent is gone, 30 s after the last answer (RFC 7675 5.1)', () => {
    const bed = new GatewayBed({ ice: 'full' });
    const { peer, reply } = webCall({ bed });
    const [access = ''] = reply.commands.map(({ terminationId }) => terminationId);
    bed.ask(
      reply.context,
      command('Modify', access, { signals: signals({ [SIGNAL.checkConnectivity]: {} }) }),
    );
    bed.pause(2000);
    expect(peer.ready).toBe(true);
    bed.network.partition('wic', 'eims-agw');
    bed.pause(24_000);
    expect(bed.notified).not.toContain(EVENT.consentLost);
    bed.pause(7000);
    expect(bed.notified).toContain(EVENT.consentLost);
  });
});

describe('RTCP', () => {
  it('is relayed both ways while either direction is open, and not at all where the far end wants none', () => {
    for (const [parts, expected] of [
      [{}, 1],
      [{ mode: 'SendOnly' }, 1],
      [{ mode: 'Inactive' }, 0],
      [{ properties: { [PROPERTY.rtcp]: 'OFF' } }, 0],
    ] as [StreamParts, number][]) {
      const { bed, ueRtcp, toCore, heardRtcp } = plainCall(parts);
      ueRtcp.send(report, { ...toCore, port: toCore.port + 1 });
      bed.pause(100);
      expect(heardRtcp.length, JSON.stringify(parts)).toBe(expected);
    }
    const heard: Uint8Array[] = [];
    const { bed, peer } = webCall();
    bed.ue.udp('core', 41_003, (data) => heard.push(data));
    bed.pause(1000);
    peer.transport.sendRtcp(report);
    bed.pause(100);
    expect(heard).toEqual([]);
  });

  it('loses its feedback towards a side that knows none (RTP/AVP)', () => {
    const { bed, peer, heardRtcp } = webCall();
    bed.pause(1000);
    peer.transport.sendRtcp(
      serializeRtcp([
        { type: 'RR', ssrc: 7, reports: [] },
        { type: 'PLI', senderSsrc: 7, mediaSsrc: 8 },
      ]),
    );
    bed.pause(100);
    const read = heardRtcp.map((bytes) => parseRtcp(bytes));
    expect(read.flatMap((one) => (one.ok ? one.value.map(({ type }) => type) : ['unreadable']))).toEqual([
      'RR',
    ]);
  });
});

describe('whatever comes to a media port', () => {
  it('throws nothing, is not passed on unless it is of the peer, and does not disturb the call', () => {
    const { bed, peer, heardByUe, reply, toCore } = webCall();
    bed.pause(1000);
    expect(peer.ready).toBe(true);
    const access = localOf(reply, 0).media.port;
    const stranger = bed.wic.udp('access', 60_000, () => {});
    const other = bed.ue.udp('core', 60_000, () => {});
    const bytes = fc.oneof(
      fc.uint8Array({ maxLength: 1400 }),
      // what looks like STUN, DTLS, RTP and RTCP
      fc
        .tuple(fc.constantFrom(0, 1, 20, 22, 63, 128, 129, 191), fc.uint8Array({ maxLength: 400 }))
        .map(([first, rest]) => Uint8Array.of(first, ...rest)),
      fc.nat(11).map((length) => rtp(1).slice(0, length)),
    );
    fc.assert(
      fc.property(bytes, (data) => {
        stranger.send(data, { ip: AGW_ACCESS, port: access });
        for (const port of [toCore.port, toCore.port + 1]) other.send(data, { ip: AGW_CORE, port });
        bed.pause(50);
        expect(heardByUe).toEqual([]);
      }),
      { numRuns: 200, seed: 371 },
    );
    peer.transport.sendRtp(rtp(1));
    bed.pause(100);
    expect(heardByUe).toEqual([rtp(1)]);
  });
});
