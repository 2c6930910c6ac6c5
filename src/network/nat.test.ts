import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Endpoint } from '../trace/index.js';
import { A, B, lab, NAT, UE } from './fixtures/nat-lab.js';
import type { Host } from './host.js';
import type { Nat } from './nat.js';
import type { NatDependence, NatSpec } from './nat-options.js';

const DEPENDENCES: readonly NatDependence[] = [
  'endpoint-independent',
  'address-dependent',
  'address-and-port-dependent',
];

const SHORT: Readonly<Record<NatDependence, string>> = {
  'endpoint-independent': 'EI',
  'address-dependent': 'AD',
  'address-and-port-dependent': 'APD',
};

const text = ({ ip, port }: Endpoint) => `${ip}:${port}`;

/** A UDP socket that remembers what it got, and from where. */
function socket(host: Host, realm: string, port?: number) {
  const got: string[] = [];
  const seen: Endpoint[] = [];
  const udp = host.udp(realm, port, (data, from) => {
    seen.push(from);
    got.push(`${String.fromCharCode(...data)} from ${text(from)}`);
  });
  const send = (word: string, to: Endpoint) => udp.send(new TextEncoder().encode(word), to);
  return { got, seen, send, local: udp.local, close: () => udp.close() };
}

/**
 * The tests of RFC 5780 4.3 and 4.4: a server at two addresses with two ports. The mapping shows in the sources that the
 * server sees; the filter in which of four answers to the first request arrive.
 */
function probe(spec: Partial<NatSpec>) {
  const { ue, a, b, run, nat } = lab(spec);
  const servers = [socket(a, 'internet', 1000), socket(a, 'internet', 2000), socket(b, 'internet', 1000)];
  const names = ['same address and port', 'same address, other port', 'other address'];
  const filter = socket(ue, 'internet', 4000);
  filter.send('x', { ip: A, port: 1000 });
  run();
  const [mapped] = (servers[0] as (typeof servers)[0]).seen;
  servers.forEach(({ send }, i) => {
    send(names[i] as string, mapped as Endpoint);
  });
  run();
  const passes = filter.got.map((word) => word.split(' from ')[0]);
  const mapping = socket(ue, 'internet', 5000);
  for (const { local } of servers) {
    mapping.send('x', local);
    run();
  }
  const [first, second, third] = servers.map(({ seen }) => text(seen.at(-1) as Endpoint));
  const { length } = nat.mappings.filter(({ inside }) => inside.port === 5000);
  return { passes, otherPort: first === second, otherAddress: first === third, mappings: length };
}

describe('a translator', () => {
  test('of each of the nine types of RFC 4787 maps and filters as its name says', () => {
    const rows = DEPENDENCES.flatMap((mapping) =>
      DEPENDENCES.map((filtering) => {
        const { passes, otherPort, otherAddress, mappings } = probe({ mapping, filtering });
        const kept = `mapping ${otherPort ? 'kept' : 'new'} for another port, ${otherAddress ? 'kept' : 'new'} for another address, ${mappings} in all`;
        return `${SHORT[mapping]}/${SHORT[filtering]}: ${kept}; lets in ${passes.join(' | ')}`;
      }),
    );
    const ei = 'lets in same address and port | same address, other port | other address';
    const ad = 'lets in same address and port | same address, other port';
    const apd = 'lets in same address and port';
    const kept = 'mapping kept for another port, kept for another address, 1 in all';
    const byAddress = 'mapping kept for another port, new for another address, 2 in all';
    const byPort = 'mapping new for another port, new for another address, 3 in all';
    expect(rows).toEqual([
      `EI/EI: ${kept}; ${ei}`,
      `EI/AD: ${kept}; ${ad}`,
      `EI/APD: ${kept}; ${apd}`,
      `AD/EI: ${byAddress}; ${ei}`,
      `AD/AD: ${byAddress}; ${ad}`,
      `AD/APD: ${byAddress}; ${apd}`,
      `APD/EI: ${byPort}; ${ei}`,
      `APD/AD: ${byPort}; ${ad}`,
      `APD/APD: ${byPort}; ${apd}`,
    ]);
  });

  test('lets a filtered address in once a packet has gone there (RFC 4787 5)', () => {
    const { ue, a, b, run, dropped } = lab({ filtering: 'address-and-port-dependent' });
    const [one, other] = [socket(a, 'internet', 1000), socket(b, 'internet', 1000)];
    const own = socket(ue, 'internet', 4000);
    own.send('x', one.local);
    run();
    const mapped = { ip: NAT, port: 4000 };
    other.send('early', mapped);
    run();
    own.send('x', other.local);
    run();
    other.send('late', mapped);
    run();
    expect(own.got).toEqual([`late from ${B}:1000`]);
    expect(dropped()).toEqual(['filtered']);
  });

  test('drops what is sent to a port without a mapping, and what its own host is sent', () => {
    const { ue, a, run, dropped } = lab();
    socket(a, 'internet', 1000).send('x', { ip: NAT, port: 4000 });
    socket(ue, 'home', 4000).send('x', { ip: '192.168.1.1', port: 53 });
    run();
    expect(dropped().sort()).toEqual(['no mapping', 'port closed']);
  });

  test('keeps the port where it is free, and takes another of its range where it is not (RFC 4787 4.2.1, REQ-3a)', () => {
    const { ue, ue2, a, run, nat } = lab();
    const server = socket(a, 'internet', 1000);
    for (const host of [ue, ue2])
      for (const port of [500, 4000]) socket(host, 'home', port).send('x', server.local);
    run();
    const of = (ip: string) =>
      nat.mappings.filter(({ inside }) => inside.ip === ip).map(({ outside }) => outside.port);
    expect(of(UE)).toEqual([500, 4000]);
    const [low, high] = of('192.168.1.3') as [number, number];
    expect(low).not.toBe(500);
    expect(low).toBeLessThan(1024);
    expect(high).not.toBe(4000);
    expect(high).toBeGreaterThanOrEqual(1024);
  });

  test('without port preservation gives random ports, of the same parity if that is wanted (RFC 4787 4.2.2)', () => {
    const { ue, a, run, nat } = lab({ portPreservation: false, portParity: true });
    const server = socket(a, 'internet', 1000);
    for (let port = 4000; port < 4040; port++) socket(ue, 'home', port).send('x', server.local);
    run();
    const pairs = nat.mappings.map(({ inside, outside }) => [inside.port, outside.port] as const);
    expect(pairs).toHaveLength(40);
    expect(pairs.every(([inside, outside]) => inside % 2 === outside % 2)).toBe(true);
    expect(pairs.filter(([inside, outside]) => inside === outside)).toEqual([]);
    expect(new Set(pairs.map(([, outside]) => outside)).size).toBe(40);
  });

  test('turns packets round between hosts behind it, from their outside addresses (RFC 4787 REQ-9)', () => {
    const { ue, ue2, a, run } = lab();
    const server = socket(a, 'internet', 1000);
    const one = socket(ue, 'home', 4000);
    const two = socket(ue2, 'home', 6000);
    one.send('x', server.local);
    two.send('x', server.local);
    run();
    // Both have to send before the filter lets the other in.
    one.send('lost', { ip: NAT, port: 6000 });
    run();
    two.send('hello', { ip: NAT, port: 4000 });
    run();
    expect(one.got).toEqual([`hello from ${NAT}:6000`]);
    expect(two.got).toEqual([]);
  });

  test('without hairpinning does not', () => {
    const { ue, ue2, a, run, dropped } = lab({ hairpinning: false, filtering: 'endpoint-independent' });
    const two = socket(ue2, 'home', 6000);
    two.send('x', socket(a, 'internet', 1000).local);
    run();
    socket(ue, 'home', 4000).send('x', { ip: NAT, port: 6000 });
    run();
    expect(two.got).toEqual([]);
    expect(dropped()).toEqual(['no hairpinning']);
  });

  test.each([
    { inboundRefresh: false, survives: false },
    { inboundRefresh: true, survives: true },
  ])(
    'forgets a UDP mapping 30 s after the last packet out; with inbound refresh $inboundRefresh packets in count',
    ({ inboundRefresh, survives }) => {
      const { ue, a, run, nat } = lab({ udpTimeoutMs: 30_000, inboundRefresh });
      const server = socket(a, 'internet', 1000);
      const own = socket(ue, 'home', 4000);
      const ask = (word: string) => server.send(word, { ip: NAT, port: 4000 });
      own.send('x', server.local);
      run(20_000);
      own.send('x', server.local);
      run(29_000);
      ask('in time');
      run(5_000);
      expect(nat.mappings).toHaveLength(survives ? 1 : 0);
      ask('too late');
      run();
      const got = [`in time from ${A}:1000`, `too late from ${A}:1000`];
      expect(own.got).toEqual(survives ? got : got.slice(0, 1));
    },
  );

  test('keeps nothing alive for packets that an open filter lets in unasked (RFC 7857 7)', () => {
    const { ue, a, b, run, nat } = lab({
      udpTimeoutMs: 30_000,
      inboundRefresh: true,
      filtering: 'endpoint-independent',
    });
    const own = socket(ue, 'home', 4000);
    own.send('x', socket(a, 'internet', 1000).local);
    const stranger = socket(b, 'internet', 1000);
    run(20_000);
    stranger.send('hello', { ip: NAT, port: 4000 });
    run(9_000);
    expect(own.got).toEqual([`hello from ${B}:1000`]);
    expect(nat.mappings).toHaveLength(1);
    run(2_000);
    expect(nat.mappings).toEqual([]);
  });

  test('that rebinds gives another port to the next packet out, and loses what comes to the old one', () => {
    const { ue, a, run, nat, dropped } = lab();
    const server = socket(a, 'internet', 1000);
    const own = socket(ue, 'home', 4000);
    own.send('x', server.local);
    run();
    nat.rebind();
    server.send('lost', { ip: NAT, port: 4000 });
    run();
    own.send('x', server.local);
    run();
    const [before, after] = server.seen as [Endpoint, Endpoint];
    expect(before).toEqual({ ip: NAT, port: 4000 });
    expect(after.ip).toBe(NAT);
    expect(after.port).not.toBe(4000);
    server.send('found', after);
    run();
    expect(own.got).toEqual([`found from ${A}:1000`]);
    expect(dropped()).toEqual(['no mapping']);
  });

  test('that rebinds to another address of its pool is reached there by the same link, and by the old one no more', () => {
    const outside = { realm: 'internet', ip: NAT, pool: ['203.0.113.2'] };
    const { ue, a, run, nat, dropped, kernel } = lab({ outside });
    const server = socket(a, 'internet', 1000);
    const own = socket(ue, 'home', 4000);
    own.send('x', server.local);
    run();
    nat.rebind({ address: true });
    own.send('x', server.local);
    run();
    expect(server.seen[1]?.ip).toBe('203.0.113.2');
    server.send('found', server.seen[1] as Endpoint);
    server.send('lost', server.seen[0] as Endpoint);
    run();
    expect(own.got).toEqual([`found from ${A}:1000`]);
    expect(dropped()).toEqual(['no mapping']);
    const sent = kernel.trace?.of('packet.sent').filter(({ body }) => body.packet.from === 'a');
    expect(sent?.map(({ body }) => [body.packet.link, body.packet.index])).toEqual([
      ['a>nat', 0],
      ['a>nat', 1],
    ]);
    expect(() => lab().nat.rebind({ address: true })).toThrow('only one outside address');
  });

  test('has run out of ports when every one stands for something', () => {
    const { ue, a, run, dropped } = lab({ mapping: 'address-and-port-dependent' });
    const own = socket(ue, 'home', 500);
    for (let port = 1; port <= 1024; port++) own.send('x', { ip: A, port });
    socket(a, 'internet', 2000);
    run();
    // 1023 ports below 1024 for 1024 destinations, all of which are closed.
    expect(dropped().filter((reason) => reason === 'no port left')).toHaveLength(1);
  });
});

describe('a firewall', () => {
  test('that blocks UDP lets TCP to port 443 out, and nothing else', () => {
    const { ue, a, run, dropped } = lab({ firewall: { udp: 'none', tcp: [443] } });
    const server = socket(a, 'internet', 443);
    socket(ue, 'home', 4000).send('x', server.local);
    const opened: number[] = [];
    for (const port of [443, 80]) {
      a.listen('internet', port, (connection) => connection.attach({}));
      const connection = ue.connect('internet', { ip: A, port });
      connection.onOpen = () => opened.push(port);
    }
    run(500);
    expect(opened).toEqual([443]);
    expect(server.got).toEqual([]);
    expect(dropped()).toEqual(['firewall', 'firewall']);
  });
});

describe('a realm behind a translator', () => {
  test('a packet through it is one packet on each side, on links of their own, the second caused by the first', () => {
    const { ue, a, run, kernel } = lab({ portPreservation: false });
    const server = socket(a, 'internet', 1000);
    const own = socket(ue, 'internet', 4000);
    own.send('x', server.local);
    run();
    server.send('y', server.seen[0] as Endpoint);
    run();
    const { trace } = kernel;
    const sent = trace?.of('packet.sent') ?? [];
    const rows = sent.map(({ body: { packet } }) => [
      packet.link,
      packet.realm,
      packet.src.ip,
      packet.dst.ip,
    ]);
    expect(rows).toEqual([
      ['ue>nat', 'home', UE, A],
      ['nat>a', 'internet', NAT, A],
      ['a>nat', 'internet', A, NAT],
      ['nat>ue', 'home', A, UE],
    ]);
    const cause = trace?.event(sent[1]?.cause ?? 0);
    expect(cause).toMatchObject({ entity: 'nat', body: { kind: 'packet.delivered', packet: sent[0]?.id } });
    expect(own.got).toEqual([`y from ${A}:1000`]);
    // Two links of 5 ms each.
    expect(trace?.of('packet.delivered')[1]?.at).toBe(10_000);
  });

  test('faults strike on either link: the index counts the packets of that link', () => {
    const { ue, a, run, dropped } = lab({}, 'ue>nat#0=drop,nat>a#1=drop');
    const server = socket(a, 'internet', 1000);
    const own = socket(ue, 'internet', 4000);
    for (const word of ['0', '1', '2', '3']) own.send(word, server.local);
    run();
    expect(server.got.map((one) => one[0])).toEqual(['1', '3']);
    expect(dropped()).toEqual(['fault', 'fault']);
  });

  test('one link leads to every address before it, and the packets of all are counted together', () => {
    const { ue, a, b, run, kernel, network } = lab();
    const own = socket(ue, 'internet', 4000);
    own.send('x', socket(a, 'internet', 1000).local);
    own.send('x', socket(b, 'internet', 1000).local);
    own.send('x', { ip: '198.51.100.99', port: 1 });
    run();
    const links = kernel.trace
      ?.of('packet.sent')
      .map(({ body }) => `${body.packet.link}#${body.packet.index}`);
    expect(links).toEqual(['ue>nat#0', 'ue>nat#1', 'ue>nat#2', 'nat>a#0', 'nat>b#0', 'nat>198.51.100.99#0']);
    expect(() => network.link('ue', 'a')).toThrow('share no realm');
    expect(network.link('ue', 'nat').name).toBe('ue>nat');
  });

  test('may call the realm before it its own, and finds names there; hosts before it are not reached by names', () => {
    const { network, ue, nat } = lab();
    expect(ue.address('internet')).toBe(UE);
    expect(ue.address('home')).toBe(UE);
    expect(network.resolve('a.example', 'home')).toBe(A);
    expect(network.resolve('ue2.example', 'home')).toBe('192.168.1.3');
    expect(network.resolve('ue.example', 'internet')).toBeUndefined();
    expect(() => ue.address('core')).toThrow('no address in realm core');
    expect(nat.host.role).toBe('NAT');
  });

  test('may stand behind another: both translate', () => {
    const { network, ue, run } = lab();
    const inside = { realm: 'internet', ip: '198.51.100.254' };
    network.addNat({ name: 'cgn', inside, outside: { realm: 'world', ip: '192.0.2.1' } });
    const far = network.addHost({ name: 'far', role: 'far', addresses: { world: '192.0.2.9' } });
    const server = socket(far, 'world', 1000);
    const own = socket(ue, 'world', 4000);
    own.send('x', server.local);
    run();
    expect(server.got).toEqual(['x from 192.0.2.1:4000']);
    server.send('y', server.seen[0] as Endpoint);
    run();
    expect(own.got).toEqual(['y from 192.0.2.9:1000']);
    let id: string | undefined;
    far.listen('world', 443, (accepted) => {
      id = accepted.id;
      accepted.attach({});
    });
    const client = ue.connect('world', { ip: '192.0.2.9', port: 443 });
    run();
    expect(id).toBe(client.id);
  });

  test('has one translator, with an interface on either side', () => {
    const { network } = lab();
    const outside = { realm: 'internet', ip: '203.0.113.9' };
    expect(() =>
      network.addNat({ name: 'other', inside: { realm: 'home', ip: '192.168.1.9' }, outside }),
    ).toThrow('has a translator already');
    expect(() =>
      network.addNat({ name: 'odd', inside: { realm: 'internet', ip: '203.0.113.8' }, outside }),
    ).toThrow('on both sides');
  });
});

test('whatever a translator is like, what it lets in was asked for, and nobody gets what is meant for another', () => {
  const step = fc.record({
    from: fc.nat(1),
    port: fc.constantFrom(4000, 4001),
    to: fc.constantFrom(A, B),
    toPort: fc.constantFrom(1000, 2000),
    waitMs: fc.constantFrom(10, 100, 20_000, 40_000),
    rebind: fc.nat(20).map((n) => n === 0),
  });
  fc.assert(
    fc.property(
      fc.constantFrom(...DEPENDENCES),
      fc.constantFrom(...DEPENDENCES),
      fc.boolean(),
      fc.array(step, { minLength: 1, maxLength: 12 }),
      (mapping, filtering, portPreservation, steps) => {
        const { ue, ue2, a, b, run, nat } = lab({
          mapping,
          filtering,
          portPreservation,
          udpTimeoutMs: 30_000,
        });
        const inner = [ue, ue2].map((host) => [4000, 4001].map((port) => socket(host, 'home', port)));
        const echoes = [a, b].flatMap((host) =>
          [1000, 2000].map((port) => {
            const udp = host.udp('internet', port, (data, from) => udp.send(data, from));
            return udp;
          }),
        );
        expect(echoes).toHaveLength(4);
        steps.forEach(({ from, port, to, toPort, waitMs, rebind }, i) => {
          const own = inner[from]?.[port - 4000];
          const before = inner.flat().map(({ got }) => got.length);
          own?.send(String(i), { ip: to, port: toPort });
          run(1000);
          const after = inner.flat().map(({ got }) => got.length);
          // The answer to every packet comes back to its socket and to no other.
          expect(after.map((count, at) => count - (before[at] ?? 0))).toEqual(
            inner.flat().map((one) => (one === own ? 1 : 0)),
          );
          expect(own?.got.at(-1)).toBe(`${i} from ${to}:${toPort}`);
          if (rebind) (nat as Nat).rebind();
          run(waitMs);
          const outside = nat.mappings.map((one) => one.outside.port);
          expect(new Set(outside).size).toBe(outside.length);
        });
      },
    ),
    { numRuns: 60 },
  );
});
