import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Endpoint } from '../../trace/index.js';
import {
  attribute,
  PASSWORD_ALGORITHM,
  parseStun,
  STUN_METHOD,
  type StunAttribute,
  serializeChannelData,
  serializeStun,
} from '../../wire/stun/index.js';
import type { RequestResult } from './client-requests.js';
import { bytesOf, turnTestbed, USERS } from './testbed.js';

const UDP: StunAttribute = { name: 'REQUESTED-TRANSPORT', protocol: 17 };
const { allocate, refresh, createPermission, channelBind, send } = STUN_METHOD;

const code = (result: RequestResult | undefined): number | undefined =>
  result?.kind === 'error' ? result.code : result?.kind === 'success' ? 0 : undefined;
const relayedOf = (result: RequestResult | undefined): Endpoint[] =>
  result?.kind !== 'success'
    ? []
    : result.response.attributes.flatMap((one) =>
        one.name === 'XOR-RELAYED-ADDRESS' ? [{ ip: one.ip, port: one.port }] : [],
      );
const tokenOf = (result: RequestResult | undefined): string =>
  (result?.kind === 'success' ? attribute(result.response, 'RESERVATION-TOKEN')?.token : undefined) ?? '';
const to = ({ ip, port }: Endpoint): StunAttribute => ({ name: 'XOR-PEER-ADDRESS', ip, port });
const channel = (number: number): StunAttribute => ({ name: 'CHANNEL-NUMBER', channel: number });
const SIX = { six: '2001:db8::1' };

describe('an Allocate request', () => {
  test.each<[string, number, StunAttribute[]]>([
    ['without REQUESTED-TRANSPORT', 400, []],
    ['for TCP to the peers', 442, [{ name: 'REQUESTED-TRANSPORT', protocol: 6 }]],
    ['with DONT-FRAGMENT', 420, [UDP, { name: 'DONT-FRAGMENT' }]],
    [
      'with what must be understood and is not',
      420,
      [UDP, { name: 'unknown', type: 0x7ff0, bytes: new Uint8Array() }],
    ],
    ['for IPv6, which the server has not', 440, [UDP, { name: 'REQUESTED-ADDRESS-FAMILY', family: 6 }]],
    ['with an unknown token', 508, [UDP, { name: 'RESERVATION-TOKEN', token: '0123456789abcdef' }]],
    [
      'with a token and EVEN-PORT',
      400,
      [
        UDP,
        { name: 'RESERVATION-TOKEN', token: '0123456789abcdef' },
        { name: 'EVEN-PORT', reserveNext: false },
      ],
    ],
    [
      'for one family and another in addition',
      400,
      [
        UDP,
        { name: 'REQUESTED-ADDRESS-FAMILY', family: 4 },
        { name: 'ADDITIONAL-ADDRESS-FAMILY', family: 6 },
      ],
    ],
    ['with IPv4 in addition', 400, [UDP, { name: 'ADDITIONAL-ADDRESS-FAMILY', family: 4 }]],
    [
      'with another family and a reserved port',
      400,
      [UDP, { name: 'EVEN-PORT', reserveNext: true }, { name: 'ADDITIONAL-ADDRESS-FAMILY', family: 6 }],
    ],
    ['as it should be', 0, [UDP]],
  ])('%s gets %i (RFC 8656 7.2)', (_, expected, attributes) => {
    const bed = turnTestbed();
    const { ask } = bed.requester();
    expect(code(ask(allocate, ...attributes))).toBe(expected);
    expect(bed.server.openAllocations).toBe(expected === 0 ? 1 : 0);
  });

  test('on a 5-tuple that has an allocation gets 437, and other requests without one do', () => {
    const bed = turnTestbed();
    const { ask } = bed.requester();
    expect(
      [refresh, createPermission, channelBind].map((method) => code(ask(method, to(bed.peer.local)))),
    ).toEqual([437, 437, 437]);
    expect([code(ask(allocate, UDP)), code(ask(allocate, UDP))]).toEqual([0, 437]);
  });

  test('beyond the quota of its user gets 486, of another user not', () => {
    const bed = turnTestbed({ server: { allocationsPerUser: 2 } });
    const codes = [1, 2, 3].map(() => code(bed.requester().ask(allocate, UDP)));
    const bob = bed.requester({ credentials: { username: 'bob', password: USERS.bob } });
    expect([...codes, code(bob.ask(allocate, UDP))]).toEqual([0, 0, 486, 0]);
    // One that is given back does not count any more.
    const freed = turnTestbed({ server: { allocationsPerUser: 1 } });
    const first = freed.requester();
    expect(code(first.ask(allocate, UDP))).toBe(0);
    first.ask(refresh, { name: 'LIFETIME', value: 0 });
    expect(code(freed.requester().ask(allocate, UDP))).toBe(0);
  });

  test('with other password algorithms than were offered, or without the list, gets 400 (RFC 8489 9.2.4)', () => {
    const none = new Uint8Array();
    const md5 = { number: PASSWORD_ALGORITHM.md5, parameters: none };
    const sha256 = { number: PASSWORD_ALGORITHM.sha256, parameters: none };
    for (const forged of [
      { name: 'PASSWORD-ALGORITHMS', algorithms: [md5] },
      { name: 'PASSWORD-ALGORITHMS', algorithms: [md5, sha256] },
      { name: 'PASSWORD-ALGORITHM', algorithm: { number: 9, parameters: none } },
    ] satisfies StunAttribute[]) {
      const bed = turnTestbed();
      // The first attribute of a name counts (RFC 8489 14), so this one and not the client's own.
      bed.requester().ask(allocate, UDP, forged);
      const codes = (bed.kernel.trace?.of('packet.sent') ?? []).flatMap(({ body }) => {
        const read = parseStun(body.packet.data);
        return (read.ok && attribute(read.value, 'ERROR-CODE')?.code) || [];
      });
      expect(codes.slice(0, 2)).toEqual([401, 400]);
      expect(bed.server.openAllocations).toBe(0);
    }
  });

  test('beyond the ports of the server gets 508, until one is given back', () => {
    const bed = turnTestbed({ server: { maxRelays: 1 } });
    const first = bed.requester();
    const second = bed.requester();
    expect([code(first.ask(allocate, UDP)), code(second.ask(allocate, UDP))]).toEqual([0, 508]);
    first.ask(refresh, { name: 'LIFETIME', value: 0 });
    expect(code(second.ask(allocate, UDP))).toBe(0);
  });

  test('for an even port gets one, and the port above it by the token, for 30 s (RFC 8656 7.2)', () => {
    const bed = turnTestbed();
    const even = bed.requester().ask(allocate, UDP, { name: 'EVEN-PORT', reserveNext: false });
    expect((relayedOf(even)[0]?.port ?? 1) % 2).toBe(0);
    expect(tokenOf(even)).toBe('');
    const pair = bed.requester().ask(allocate, UDP, { name: 'EVEN-PORT', reserveNext: true });
    const [first] = relayedOf(pair);
    expect((first?.port ?? 1) % 2).toBe(0);
    const next = bed.requester().ask(allocate, UDP, { name: 'RESERVATION-TOKEN', token: tokenOf(pair) });
    expect(relayedOf(next)).toEqual([{ ip: first?.ip, port: (first?.port ?? 0) + 1 }]);
    const again = bed.requester().ask(allocate, UDP, { name: 'RESERVATION-TOKEN', token: tokenOf(pair) });
    expect(code(again)).toBe(508);
    const late = bed.requester().ask(allocate, UDP, { name: 'EVEN-PORT', reserveNext: true });
    bed.run(31_000);
    expect(
      code(bed.requester().ask(allocate, UDP, { name: 'RESERVATION-TOKEN', token: tokenOf(late) })),
    ).toBe(508);
  });

  test('for both families gets both where there are both, otherwise one and the reason (RFC 8656 7.2 step 9)', () => {
    const both: StunAttribute[] = [UDP, { name: 'ADDITIONAL-ADDRESS-FAMILY', family: 6 }];
    const partly = turnTestbed()
      .requester()
      .ask(allocate, ...both);
    expect(relayedOf(partly)).toHaveLength(1);
    expect(partly?.kind === 'success' && attribute(partly.response, 'ADDRESS-ERROR-CODE')).toMatchObject({
      family: 6,
      code: 440,
    });
    const bed = turnTestbed({ serverAddresses: SIX, server: { relayRealms: ['net', 'six'] } });
    const { ask } = bed.requester();
    const dual = ask(allocate, ...both);
    expect(relayedOf(dual).map(({ ip }) => ip)).toEqual(['198.51.100.1', '2001:db8::1']);
    expect(code(ask(createPermission, to({ ip: '2001:db8::9', port: 1 }), to(bed.peer.local)))).toBe(0);
    // One of both is deleted; the other stays (8.1).
    const six: StunAttribute = { name: 'REQUESTED-ADDRESS-FAMILY', family: 6 };
    expect(code(ask(refresh, { name: 'LIFETIME', value: 0 }, six))).toBe(0);
    expect(code(ask(refresh, six))).toBe(443);
    expect(code(ask(createPermission, to({ ip: '2001:db8::9', port: 1 })))).toBe(443);
    expect(code(ask(createPermission, to(bed.peer.local)))).toBe(0);
    expect(bed.server.openAllocations).toBe(1);
  });
});

describe('a request within an allocation', () => {
  test('by another user gets 441 (RFC 8656 5)', () => {
    const bed = turnTestbed();
    const alice = bed.requester();
    alice.ask(allocate, UDP);
    const bob = bed.requester({ credentials: { username: 'bob', password: USERS.bob }, path: alice.path });
    expect(code(bob.ask(refresh))).toBe(441);
    expect(code(bob.ask(createPermission, to(bed.peer.local)))).toBe(441);
    expect(bed.server.openAllocations).toBe(1);
  });

  test('to permit nobody gets 400, another family 443, a forbidden peer 403, one too many 508', () => {
    const bed = turnTestbed({ server: { maxPermissions: 2, allowsPeer: ({ ip }) => ip !== '127.0.0.1' } });
    const { ask } = bed.requester();
    ask(allocate, UDP);
    const peer = (ip: string): StunAttribute => to({ ip, port: 1 });
    expect(code(ask(createPermission))).toBe(400);
    expect(code(ask(createPermission, { name: 'unknown', type: 0x12, bytes: new Uint8Array(3) }))).toBe(400);
    expect(code(ask(createPermission, peer('10.0.0.1'), peer('2001:db8::1')))).toBe(443);
    expect(code(ask(createPermission, peer('10.0.0.1'), peer('127.0.0.1')))).toBe(403);
    expect(code(ask(createPermission, peer('10.0.0.1'), peer('10.0.0.2')))).toBe(0);
    expect(code(ask(createPermission, peer('10.0.0.3')))).toBe(508);
    expect(code(ask(createPermission, peer('10.0.0.1')))).toBe(0);
    bed.run(301_000);
    expect(code(ask(createPermission, peer('10.0.0.3')))).toBe(0);
  });

  test('to bind a channel that is none, or that is bound to another, gets 400 (RFC 8656 12.2)', () => {
    const bed = turnTestbed({ server: { allowsPeer: ({ port }) => port !== 25 } });
    const { ask } = bed.requester();
    ask(allocate, UDP);
    const [a, b] = [to(bed.peer.local), to(bed.other.local)];
    expect(code(ask(channelBind, channel(0x3fff), a))).toBe(400);
    expect(code(ask(channelBind, channel(0x5000), a))).toBe(400);
    expect(code(ask(channelBind, channel(0x4000)))).toBe(400);
    expect(code(ask(channelBind, a))).toBe(400);
    expect(code(ask(channelBind, channel(0x4000), to({ ip: '2001:db8::1', port: 1 })))).toBe(443);
    expect(code(ask(channelBind, channel(0x4000), to({ ip: '10.0.0.1', port: 25 })))).toBe(403);
    expect(code(ask(channelBind, channel(0x4000), a))).toBe(0);
    expect(code(ask(channelBind, channel(0x4000), a))).toBe(0);
    expect(code(ask(channelBind, channel(0x4000), b))).toBe(400);
    expect(code(ask(channelBind, channel(0x4001), a))).toBe(400);
    expect(code(ask(channelBind, channel(0x4001), b))).toBe(0);
    bed.run(601_000);
    expect(code(ask(allocate, UDP))).toBe(0);
    expect(code(ask(channelBind, channel(0x4001), a))).toBe(0);
  });

  test('may bind a channel and a peer anew once their binding has ended (RFC 8656 12)', () => {
    const bed = turnTestbed();
    const { ask } = bed.requester();
    const [relayed] = relayedOf(ask(allocate, UDP, { name: 'LIFETIME', value: 3600 }));
    const [a, b] = [to(bed.peer.local), to(bed.other.local)];
    expect(code(ask(channelBind, channel(0x4000), a))).toBe(0);
    bed.run(601_000);
    expect(code(ask(channelBind, channel(0x4001), a))).toBe(0);
    expect(code(ask(channelBind, channel(0x4000), b))).toBe(0);
    bed.peer.send('a', relayed as Endpoint);
    bed.run();
    bed.other.send('b', relayed as Endpoint);
    bed.run();
    const relayedOn = (bed.kernel.trace?.of('packet.sent') ?? [])
      .filter(({ body }) => body.packet.to === 'ue' && body.packet.data[0] === 0x40)
      .map(({ body }) => [body.packet.data[1], body.packet.data[4]]);
    expect(relayedOn).toEqual([
      [1, 0x61],
      [0, 0x62],
    ]);
  });

  test('of an unknown method gets 400', () => {
    const bed = turnTestbed();
    const { ask } = bed.requester();
    ask(allocate, UDP);
    expect(code(ask(0x0ab))).toBe(400);
  });
});

describe('data that nobody asked for are dropped in silence:', () => {
  const setUp = () => {
    const bed = turnTestbed();
    const { ask, path } = bed.requester();
    const [relayed] = relayedOf(ask(allocate, UDP));
    return { ...bed, ask, path, relayed: relayed as Endpoint };
  };
  const indication = (...attributes: StunAttribute[]): Uint8Array =>
    serializeStun({ class: 'indication', method: send, transactionId: new Uint8Array(12), attributes });

  test('a Send indication without a permission, with DONT-FRAGMENT, or lacking something', () => {
    const { path, peer, ask, run } = setUp();
    const data: StunAttribute = { name: 'DATA', bytes: bytesOf('x') };
    path.send(indication(to(peer.local), data));
    run();
    expect(peer.texts).toEqual([]);
    ask(createPermission, to(peer.local));
    path.send(indication(to(peer.local), data, { name: 'DONT-FRAGMENT' }));
    path.send(indication(to(peer.local), data, { name: 'unknown', type: 0x7ff0, bytes: new Uint8Array() }));
    path.send(indication(to(peer.local)));
    path.send(indication(data));
    run();
    expect(peer.texts).toEqual([]);
    path.send(indication(to(peer.local), data));
    path.send(indication(to(peer.local), { name: 'DATA', bytes: new Uint8Array() }));
    run();
    expect(peer.texts).toEqual(['x', '']);
  });

  test('ChannelData on a channel that is not bound, or from elsewhere', () => {
    const { path, peer, ask, run, ue, server } = setUp();
    path.send(serializeChannelData(0x4000, bytesOf('early')));
    run();
    ask(channelBind, channel(0x4000), to(peer.local));
    path.send(serializeChannelData(0x4001, bytesOf('other')));
    path.send(Uint8Array.of(0x40, 0x00, 0x00, 0x09, 1));
    ue.udp('net', undefined, () => {}).send(serializeChannelData(0x4000, bytesOf('thief')), server.local);
    run();
    expect(peer.texts).toEqual([]);
    path.send(serializeChannelData(0x4000, bytesOf('mine')));
    run();
    expect(peer.texts).toEqual(['mine']);
  });

  test('whatever bytes come, to the server or to a relayed address', () => {
    const first = fc.oneof(fc.constantFrom(0, 1, 0x40, 0x41), fc.nat(255));
    fc.assert(
      fc.property(
        fc.array(fc.tuple(first, fc.uint8Array({ maxLength: 60 })), { maxLength: 6 }),
        fc.boolean(),
        (datagrams, tcp) => {
          const { kernel, path, peer, run, relayed, server, ue } = setUp();
          const stream = tcp ? ue.connect('net', server.local) : undefined;
          for (const [head, rest] of datagrams) {
            const bytes = Uint8Array.of(head, ...rest);
            path.send(bytes);
            stream?.write(bytes);
            peer.host.udp('net', undefined, () => {}).send(bytes, relayed);
          }
          run();
          expect(kernel.failure).toBeUndefined();
          expect(server.openAllocations).toBe(1);
          expect(peer.texts).toEqual([]);
        },
      ),
      { numRuns: 100 },
    );
  });
});
