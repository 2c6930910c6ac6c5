import { describe, expect, test } from 'vitest';
import {
  attribute,
  parseStun,
  STUN_METHOD,
  type StunAttribute,
  serializeStun,
} from '../../wire/stun/index.js';
import { ClientRequests } from './client-requests.js';
import { StunServer, sharedKeyPasswords, shortLivedCredentials } from './index.js';
import { Relay, turnTestbed } from './testbed.js';

/** The kinds of messages between client and server, in order: `> Allocate request`. */
function exchange(bed: ReturnType<typeof turnTestbed>): string[] {
  const names = [
    '',
    'Binding',
    '',
    'Allocate',
    'Refresh',
    '',
    'Send',
    'Data',
    'CreatePermission',
    'ChannelBind',
  ];
  return (bed.kernel.trace?.of('packet.sent') ?? []).flatMap(({ body: { packet } }) => {
    if (packet.data.length === 0 || ![packet.from, packet.to].includes('ue')) return [];
    const way = packet.from === 'ue' ? '>' : '<';
    if ((packet.data[0] ?? 0) >= 64) return [`${way} ChannelData`];
    const read = parseStun(packet.data);
    if (!read.ok) return [`${way} ?`];
    const code = attribute(read.value, 'ERROR-CODE')?.code;
    return [`${way} ${names[read.value.method]} ${code ?? read.value.class}`];
  });
}

describe.each(['udp', 'tcp'] as const)('over %s', (transport) => {
  test('an allocation is challenged, granted, used and given back, and nothing is left', () => {
    const bed = turnTestbed();
    const { peer, run, server } = bed;
    const relay = bed.allocate({ transport });
    expect(relay.relayed.ip).toBe('198.51.100.1');
    expect(relay.relayed.port).toBeGreaterThanOrEqual(49_152);
    expect(relay.allocation.mapped.ip).toBe('203.0.113.9');
    relay.send('\u0001 check', peer.local);
    run();
    expect(peer.got).toEqual([{ text: '\u0001 check', from: relay.relayed }]);
    peer.send('answer', relay.relayed);
    run();
    expect(relay.got).toEqual([`answer from ${peer.local.ip}:7000`]);
    expect(server.openAllocations).toBe(1);
    relay.allocation.close();
    run();
    expect(exchange(bed)).toEqual([
      '> Allocate request',
      '< Allocate 401',
      '> Allocate request',
      '< Allocate success',
      '> CreatePermission request',
      '< CreatePermission success',
      '> Send indication',
      '< Data indication',
      '> Refresh request',
      '< Refresh success',
    ]);
    expect(server.openAllocations).toBe(0);
    expect(relay.client.openAllocations).toBe(0);
    server.close();
    for (const one of [peer, bed.other]) one.close();
    expect(bed.leftovers()).toEqual([]);
  });

  test('data that is not STUN goes over a channel both ways, once it is bound (RFC 8656 12)', () => {
    const bed = turnTestbed();
    const { peer, run } = bed;
    const relay = bed.allocate({ transport });
    for (const word of ['media 1', 'media 2']) relay.send(word, peer.local);
    run();
    // lengths 1 to 4, for the padding
    for (const word of ['a', 'bc', 'def', 'ghij']) relay.send(word, peer.local);
    run();
    for (const word of ['k', 'lm', 'nop', '']) peer.send(word, relay.relayed);
    run();
    expect(peer.texts).toEqual(['media 1', 'media 2', 'a', 'bc', 'def', 'ghij']);
    expect(relay.got.map((word) => word.split(' ')[0])).toEqual(['k', 'lm', 'nop', '']);
    const after = exchange(bed).slice(4);
    expect(after.slice(0, 4)).toEqual([
      '> ChannelBind request',
      '< ChannelBind success',
      '> ChannelData',
      '> ChannelData',
    ]);
    expect(after.filter((line) => line.includes('CreatePermission'))).toEqual([]);
  });
});

describe('an allocation', () => {
  test('is refreshed a minute before it ends, for as long as it is wanted (RFC 8656 8)', () => {
    const bed = turnTestbed();
    const relay = bed.allocate();
    bed.run(3 * 540_000 + 10_000);
    expect(bed.server.openAllocations).toBe(1);
    expect(relay.lost).toEqual([]);
    const refreshes = (bed.kernel.trace?.of('packet.sent') ?? []).filter(
      ({ body: { packet } }) => packet.from === 'ue' && packet.data[1] === STUN_METHOD.refresh,
    );
    // 600 s of lifetime less the minute, from when the answer is there: 20 ms for each exchange.
    expect(refreshes.map(({ at }) => Math.round(at / 1_000_000))).toEqual([540, 1080, 1620]);
  });

  test('has the lifetime that the client asks for, between the default and the most (RFC 8656 7.2)', () => {
    const lives = [undefined, 30, 1200, 7200].map((lifetimeS) => {
      const bed = turnTestbed();
      const relay = bed.allocate(lifetimeS === undefined ? {} : { lifetimeS });
      // the client vanishes
      bed.network.partition('ue', 'turn');
      const start = bed.kernel.now;
      let at = 0;
      for (let s = 0; s <= 4000 && at === 0; s += 10) {
        if (bed.server.openAllocations === 0) at = Math.round((bed.kernel.now - start) / 1_000_000);
        bed.run(10_000);
      }
      expect(relay.lost.length).toBe(1);
      return at;
    });
    expect(lives).toEqual([600, 600, 1200, 3600]);
  });

  test('that ends at the server is lost for the client at its next request', () => {
    const bed = turnTestbed({ server: { maxLifetimeS: 600 } });
    const relay = bed.allocate();
    bed.server.close();
    bed.run(700_000);
    expect(relay.lost).toEqual(['no answer']);
    expect(relay.client.openAllocations).toBe(0);
  });

  test('whose TCP connection breaks is lost at both ends', () => {
    const bed = turnTestbed();
    const relay = bed.allocate({ transport: 'tcp' });
    relay.send('x', bed.peer.local);
    bed.run();
    expect(bed.server.openAllocations).toBe(1);
    bed.server.close();
    bed.run();
    expect(relay.lost).toEqual(['connection reset']);
    expect(bed.server.openAllocations).toBe(0);
  });

  test('is tried from three ports where the server takes the 5-tuple for one of another (RFC 8656 7.4, 437)', () => {
    const setUp = (taken: number) => {
      const bed = turnTestbed();
      const { port } = bed.requester().path.local;
      // Clients that have vanished left allocations on the ports that come next.
      for (let next = port + 1; next <= port + taken; next++) {
        let requests: ClientRequests | undefined;
        const socket = bed.ue.udp('net', next, (data) => {
          const read = parseStun(data);
          if (read.ok) requests?.receive(data, read.value);
        });
        const send = (bytes: Uint8Array): void => socket.send(bytes, bed.server.local);
        const transport = { reliable: false, local: socket.local, send, close: () => {} };
        requests = new ClientRequests(bed.ue, transport, { username: 'alice', password: 'wonderland' });
        requests.send(STUN_METHOD.allocate, [{ name: 'REQUESTED-TRANSPORT', protocol: 17 }], () => {});
        bed.run();
        socket.close();
      }
      return { bed, port, relay: bed.allocate() };
    };
    const { relay, port } = setUp(2);
    expect(relay.allocation.local?.port).toBe(port + 3);
    expect(relay.client.openAllocations).toBe(1);
    expect(setUp(3).relay.results).toEqual(['437 Allocation Mismatch']);
  });

  test('that cannot be given back, for want of a server, is forgotten after 39.5 s and renews nothing meanwhile', () => {
    const bed = turnTestbed();
    const relay = bed.allocate();
    relay.send('\u0001', bed.peer.local);
    bed.run(220_000);
    bed.network.partition('ue', 'turn');
    relay.allocation.close();
    relay.allocation.close();
    bed.run(39_000);
    expect(relay.client.openAllocations).toBe(1);
    bed.run(1_000);
    expect(relay.client.openAllocations).toBe(0);
    expect(relay.lost).toEqual([]);
    expect(bed.kernel.trace?.of('unexpected')).toEqual([]);
  });

  test('given up before it is there is given back as soon as it is', () => {
    const bed = turnTestbed();
    const relay = new Relay(bed.client(), () => {});
    relay.client.close();
    expect(relay.results).toEqual(['closed']);
    bed.run();
    expect(exchange(bed).slice(-2)).toEqual(['> Refresh request', '< Refresh success']);
    expect(bed.server.openAllocations).toBe(0);
    expect(relay.client.openAllocations).toBe(0);
  });

  test('survives the loss of any one packet: requests are repeated and not done twice (RFC 8489 6.3.1)', () => {
    const count = exchange(turnTestbedWithTraffic('')).length;
    expect(count).toBe(8);
    for (let index = 0; index < 4; index++) {
      for (const link of ['ue>turn', 'turn>ue']) {
        const bed = turnTestbedWithTraffic(`${link}#${index}=drop`);
        expect(bed.peer.texts, `${link}#${index}`).toEqual(
          link === 'ue>turn' && index === 3 ? [] : ['\u0001x'],
        );
        expect(bed.server.openAllocations).toBe(1);
      }
    }
  });
});

function turnTestbedWithTraffic(tape: string) {
  const bed = turnTestbed({ tape });
  const relay = bed.allocate();
  relay.send('\u0001x', bed.peer.local);
  bed.run(2000);
  bed.peer.send('y', relay.relayed);
  bed.run(2000);
  return bed;
}

describe('a permission', () => {
  test('lets in every port of its address and no other address (RFC 8656 9)', () => {
    const bed = turnTestbed();
    const relay = bed.allocate();
    relay.send('\u0001', bed.peer.local);
    bed.run();
    bed.peer.send('same port', relay.relayed);
    bed.peer.host.udp('net', 9, () => {}).send(new TextEncoder().encode('other port'), relay.relayed);
    bed.other.send('other address', relay.relayed);
    bed.run();
    expect(relay.got).toEqual(['same port from 198.51.100.2:7000', 'other port from 198.51.100.2:9']);
  });

  test('is renewed every four minutes while packets go either way, and lapses when none do', () => {
    const used = turnTestbed();
    const relay = used.allocate();
    for (let minutes = 0; minutes < 20; minutes += 2) {
      relay.send('\u0001', used.peer.local);
      used.run(120_000);
    }
    used.peer.send('still', relay.relayed);
    used.run();
    expect(relay.got).toHaveLength(1);
    // The first, and one each after 4, 8, 12, 16 and 20 minutes.
    expect(exchange(used).filter((line) => line.startsWith('> CreatePermission'))).toHaveLength(6);

    const idle = turnTestbed();
    const other = idle.allocate();
    other.send('\u0001', idle.peer.local);
    idle.run(299_000);
    idle.peer.send('in time', other.relayed);
    // What is seen after 4 min is the packet sent, after 8 min the one received; after 12 min there is nothing.
    idle.run(900_000);
    idle.peer.send('too late', other.relayed);
    idle.run();
    expect(other.got).toEqual(['in time from 198.51.100.2:7000']);
    expect(exchange(idle).filter((line) => line.startsWith('> CreatePermission'))).toHaveLength(3);
    other.send('\u0001', idle.peer.local);
    idle.run();
    expect(idle.peer.texts).toHaveLength(2);
  });

  test('of a channel is renewed with it, every four minutes while it is used', () => {
    const bed = turnTestbed();
    const relay = bed.allocate();
    const sentAt: number[] = [];
    for (let minutes = 0; minutes < 20; minutes += 2) {
      sentAt.push(bed.kernel.now);
      relay.send('media', bed.peer.local);
      bed.run(120_000);
    }
    const arrivals = (bed.kernel.trace?.of('packet.delivered') ?? []).filter(
      ({ entity }) => entity === 'peer1',
    );
    // Two links of 5 ms; the first waits for the exchange that binds the channel, twice as long.
    expect(arrivals.map(({ at }, i) => at - (sentAt[i] ?? 0))).toEqual([20_000, ...Array(9).fill(10_000)]);
    const lines = exchange(bed).filter((line) => line.startsWith('> C'));
    expect(lines.filter((line) => line === '> ChannelBind request')).toHaveLength(6);
    expect(lines.filter((line) => line === '> CreatePermission request')).toEqual([]);
    // The first packet, before the channel is bound, waits for it.
    expect(lines.filter((line) => line === '> ChannelData')).toHaveLength(10);
  });

  test('of the server ends after exactly five minutes, a channel after ten', () => {
    const bed = turnTestbed();
    const { ask } = bed.requester();
    const peer = { name: 'XOR-PEER-ADDRESS', ...bed.peer.local } as const;
    const allocated = ask(
      STUN_METHOD.allocate,
      { name: 'REQUESTED-TRANSPORT', protocol: 17 },
      { name: 'LIFETIME', value: 3600 },
    );
    const relayed =
      allocated?.kind === 'success' ? attribute(allocated.response, 'XOR-RELAYED-ADDRESS') : undefined;
    ask(STUN_METHOD.channelBind, { name: 'CHANNEL-NUMBER', channel: 0x4000 }, peer);
    const start = bed.kernel.now - 1_000_000 + 5_000;
    const arrivals = (): string[] =>
      exchange(bed).filter((line) => line === '< ChannelData' || line === '< Data indication');
    const probe = (atS: number): string[] => {
      const before = arrivals().length;
      bed.run((start + atS * 1_000_000 - bed.kernel.now) / 1000 - 5);
      bed.peer.send('x', relayed ?? bed.peer.local);
      bed.run(20);
      return arrivals().slice(before);
    };
    expect(probe(299.9)).toEqual(['< ChannelData']);
    expect(probe(300.1)).toEqual([]);
    ask(STUN_METHOD.createPermission, peer);
    expect(probe(590)).toEqual(['< ChannelData']);
    // the channel is over, the permission of 301 s is too; a new one shows that
    ask(STUN_METHOD.createPermission, peer);
    expect(probe(599.9)).toEqual(['< ChannelData']);
    expect(probe(600.1)).toEqual(['< Data indication']);
  });
});

describe('credentials', () => {
  test('that are wrong get 401 twice and no third request (RFC 8489 9.2.5)', () => {
    const bed = turnTestbed();
    for (const credentials of [
      { username: 'alice', password: 'wrong' },
      { username: 'nobody', password: 'wonderland' },
    ]) {
      const relay = bed.allocate({ credentials });
      expect(relay.results).toEqual(['401 wrong credentials']);
    }
    expect(exchange(bed)).toHaveLength(8);
    expect(bed.server.openAllocations).toBe(0);
  });

  test.each([
    ['SHA-256, by the list of the server', ['SHA-256', 'MD5'], 'MESSAGE-INTEGRITY-SHA256', 2],
    ['MD5 where the server offers no other', ['MD5'], 'MESSAGE-INTEGRITY-SHA256', 1],
    ['those of RFC 5389 where the server offers none', [], 'MESSAGE-INTEGRITY', undefined],
  ] as const)('have the key of %s', (_, passwordAlgorithms, integrity, number) => {
    const bed = turnTestbed({ server: { passwordAlgorithms } });
    const relay = bed.allocate();
    expect(relay.relayed.ip).toBe('198.51.100.1');
    const sent = (bed.kernel.trace?.of('packet.sent') ?? []).map(({ body }) => parseStun(body.packet.data));
    const [, challenge, request, response] = sent.map((read) => (read.ok ? read.value : undefined));
    expect(
      attribute(challenge as never, 'NONCE')?.text.startsWith(
        number === undefined ? 'obMatJos2AAAA' : 'obMatJos2gAAA',
      ),
    ).toBe(true);
    expect(request?.attributes.map(({ name }) => name)).toContain(integrity);
    expect(request?.attributes.filter(({ name }) => name.startsWith('MESSAGE-INTEGRITY'))).toHaveLength(1);
    expect(attribute(request as never, 'PASSWORD-ALGORITHM')?.algorithm.number).toBe(number);
    expect(response?.attributes.at(-1)?.name).toBe(integrity);
  });

  test('of TS 33.203 X.5 are good until their time', () => {
    const credentials = shortLivedCredentials('a shared key', 'bob', 1000);
    // printf 1000:bob | openssl dgst -sha1 -hmac 'a shared key' -binary | base64
    expect(credentials).toEqual({ username: '1000:bob', password: 'eu5e3rSyFDg1Pxw+WT67xkGrE4U=' });
    let nowS = 999;
    const passwords = sharedKeyPasswords('a shared key', () => nowS);
    const bed = turnTestbed({ server: { passwords } });
    expect(bed.allocate({ credentials }).relayed.ip).toBe('198.51.100.1');
    expect(bed.allocate({ credentials: { ...credentials, username: '1001:bob' } }).results).toEqual([
      '401 wrong credentials',
    ]);
    nowS = 1000;
    expect(bed.allocate({ credentials }).results).toEqual(['401 wrong credentials']);
    expect(passwords('bob')).toBeUndefined();
    expect(passwords(':bob')).toBeUndefined();
  });

  test('with a nonce that has become stale get 438 and go on with the new one', () => {
    const bed = turnTestbed({ server: { nonceMs: 60_000 } });
    const relay = bed.allocate();
    bed.run(120_000);
    relay.send('\u0001', bed.peer.local);
    bed.run();
    expect(exchange(bed).slice(4)).toEqual([
      '> CreatePermission request',
      '< CreatePermission 438',
      '> CreatePermission request',
      '< CreatePermission success',
      '> Send indication',
    ]);
    expect(bed.peer.texts).toEqual(['\u0001']);
  });

  test('with a nonce that is always stale are given up', () => {
    const bed = turnTestbed({ server: { nonceMs: 0 } });
    expect(bed.allocate().results).toEqual(['438 challenged again and again']);
  });

  test('are tied to the address they were challenged at: a translator that rebinds ends the allocation for its client', () => {
    const bed = turnTestbed({ nat: {} });
    const relay = bed.allocate();
    expect(relay.allocation.mapped.ip).toBe('203.0.113.1');
    relay.send('\u0001', bed.peer.local);
    bed.run();
    bed.nat?.rebind();
    relay.send('lost', bed.peer.local);
    bed.run();
    // The nonce is not one for the new port, and under that port there is no allocation.
    expect(exchange(bed).slice(-5)).toEqual([
      '> ChannelBind request',
      '> Send indication',
      '< ChannelBind 438',
      '> ChannelBind request',
      '< ChannelBind 437',
    ]);
    expect(relay.lost).toEqual(['437 Allocation Mismatch']);
    expect(relay.client.openAllocations).toBe(0);
    expect(bed.peer.texts).toEqual(['\u0001']);
    bed.run(600_000);
    expect(bed.server.openAllocations).toBe(0);
  });

  test('without PASSWORD-ALGORITHMS, though the nonce tells of them, are not sent (RFC 8489 9.2.5)', () => {
    const bed = turnTestbed();
    bed.server.close();
    const socket = bed.turn.udp('net', 3478, (data, from) => {
      const read = parseStun(data);
      if (!read.ok) return;
      const { method, transactionId } = read.value;
      const attributes: StunAttribute[] = [
        { name: 'ERROR-CODE', code: 401, reason: 'Unauthenticated' },
        { name: 'REALM', text: 'home1.net' },
        { name: 'NONCE', text: 'obMatJos2gAAA1' },
      ];
      socket.send(serializeStun({ class: 'error', method, transactionId, attributes }), from);
    });
    expect(bed.allocate().results).toEqual(['401 bid-down attack']);
    expect(exchange(bed)).toHaveLength(2);
  });

  test('are not believed of a server that does not know the password: over UDP its answers count for nothing', () => {
    const bed = turnTestbed({ server: { passwords: () => 'another' } });
    // the server takes anything of this user, and signs with another password
    const relay = bed.allocate({ credentials: { username: 'alice', password: 'another' } });
    expect(relay.relayed.ip).toBe('198.51.100.1');
    const forged = turnTestbed();
    forged.server.close();
    const socket = forged.turn.udp('net', 3478, (data, from) => {
      const read = parseStun(data);
      if (!read.ok) return;
      const { method, transactionId } = read.value;
      const known = attribute(read.value, 'USERNAME') !== undefined;
      const attributes: StunAttribute[] = known
        ? [
            { name: 'XOR-RELAYED-ADDRESS', ip: '192.0.2.66', port: 1 },
            { name: 'XOR-MAPPED-ADDRESS', ip: '192.0.2.66', port: 1 },
          ]
        : [
            { name: 'ERROR-CODE', code: 401, reason: 'Unauthenticated' },
            { name: 'REALM', text: 'home1.net' },
            { name: 'NONCE', text: '1' },
          ];
      const kind = known ? 'success' : 'error';
      const key = new Uint8Array(16);
      socket.send(
        serializeStun({ class: kind, method, transactionId, attributes }, known ? { integrityKey: key } : {}),
        from,
      );
    });
    const victim = forged.allocate();
    forged.run(40_000);
    expect(victim.results).toEqual(['integrity protection violated']);
  });
});

describe('a STUN server', () => {
  test.each(['udp', 'tcp'] as const)('says over %s where it sees its client', (transport) => {
    const bed = turnTestbed({ nat: { portPreservation: false } });
    bed.server.close();
    const server = new StunServer(bed.turn, { realm: 'net' });
    const { ask, path } = bed.requester({ transport });
    const result = ask(STUN_METHOD.binding);
    const mapped = result?.kind === 'success' ? attribute(result.response, 'XOR-MAPPED-ADDRESS') : undefined;
    expect(mapped?.ip).toBe('203.0.113.1');
    expect(mapped?.port).not.toBe(path.local.port);
    path.close();
    bed.run();
    server.close();
    for (const one of [bed.peer, bed.other]) one.close();
    expect(bed.leftovers()).toEqual([]);
  });

  test('answers 420 for what it must know and does not, drops what is broken, and closes a stream that makes no sense', () => {
    const bed = turnTestbed();
    const { ask } = bed.requester();
    expect(
      ask(STUN_METHOD.binding, { name: 'unknown', type: 0x0030, bytes: new Uint8Array(4) }),
    ).toMatchObject({
      kind: 'error',
      code: 420,
    });
    expect(ask(STUN_METHOD.binding, { name: 'FINGERPRINT', value: 1 })).toBeUndefined();
    const stream = bed.ue.connect('net', bed.server.local);
    let closed: string | undefined;
    stream.attach({
      onClose: (reason) => {
        closed = reason;
      },
    });
    stream.write(new TextEncoder().encode('SSH-2.0'));
    bed.run();
    expect(closed).toBe('reset');
    const reasons = bed.kernel.trace?.of('message.rejected').map(({ body }) => body.reason);
    expect([...new Set(reasons)]).toEqual([
      'bad FINGERPRINT',
      'first byte 83 at byte 0, expected 0 to 3 or 64 to 79',
    ]);
  });
});
