import { describe, expect, test } from 'vitest';
import type { Endpoint } from '../trace/index.js';
import { A, lab, NAT, UE } from './fixtures/nat-lab.js';
import type { NatDependence, NatSpec } from './nat-options.js';
import { ACK, RST, SYN } from './tcp-flags.js';

const DEPENDENCES: readonly NatDependence[] = [
  'endpoint-independent',
  'address-dependent',
  'address-and-port-dependent',
];

const text = ({ ip, port }: Endpoint) => `${ip}:${port}`;

/** Opens a connection through a translator; the server echoes. */
function connection(spec: Partial<NatSpec> = {}, port = 443) {
  const all = lab(spec);
  let accepted: string | undefined;
  let from: Endpoint | undefined;
  let serverClosed: string | undefined;
  all.a.listen('internet', port, (server) => {
    accepted = server.id;
    from = server.remote;
    server.attach({
      onData: (data) => server.write(data),
      onClose: (reason) => {
        serverClosed = reason;
      },
    });
  });
  const got: number[] = [];
  let closed: string | undefined;
  const client = all.ue.connect('internet', { ip: A, port });
  client.attach({
    onData: (data) => got.push(...data),
    onClose: (reason) => {
      closed = reason;
    },
  });
  all.run();
  return {
    ...all,
    client,
    got,
    ids: () => [client.id, accepted],
    from: () => from as Endpoint,
    closed: () => closed,
    serverClosed: () => serverClosed,
  };
}

describe('TCP through a translator', () => {
  test('opens, carries data both ways and closes, and both ends name the connection alike', () => {
    const { client, got, from, run, ids, closed, kernel } = connection({ portPreservation: false });
    client.write(Uint8Array.of(1, 2, 3));
    run();
    expect(got).toEqual([1, 2, 3]);
    expect(from().ip).toBe(NAT);
    expect(from().port).not.toBe(client.local.port);
    expect(ids()).toEqual([`home/${UE}:${client.local.port}>${A}:443`, ids()[0]]);
    client.close();
    run();
    expect(closed()).toBe('closed');
    expect(kernel.pending).toBe(0);
  });

  test('connections of two hosts with the same port do not meet', () => {
    const { run, a, ue, ue2 } = lab();
    const ends: string[] = [];
    a.listen('internet', 443, (server) => {
      ends.push(text(server.remote));
      server.attach({ onData: (data) => server.write(data) });
    });
    const got = [ue, ue2].map((host, i) => {
      const bytes: number[] = [];
      const client = host.connect('internet', { ip: A, port: 443 }, 5000);
      client.attach({ onData: (data) => bytes.push(...data) });
      client.write(Uint8Array.of(i));
      return bytes;
    });
    run();
    expect(got).toEqual([[0], [1]]);
    expect(new Set(ends).size).toBe(2);
    expect(ends).toContain(`${NAT}:5000`);
  });

  test('one port to two servers: the mapping is as it is for UDP (RFC 5382 REQ-1)', () => {
    const seen = DEPENDENCES.map((mapping) => {
      const { ue, a, b, run } = lab({ mapping });
      const ports: number[] = [];
      for (const [host, port] of [
        [a, 443],
        [a, 444],
        [b, 443],
      ] as const) {
        host.listen('internet', port, (server) => {
          ports.push(server.remote.port);
          server.attach({});
        });
        ue.connect('internet', { ip: host.address('internet'), port }, 5000);
        run();
      }
      return [ports[0] === ports[1], ports[0] === ports[2]];
    });
    expect(seen).toEqual([
      [true, true],
      [true, false],
      [false, false],
    ]);
  });

  test.each([
    ['endpoint-independent', ['other port', 'other address']],
    ['address-dependent', ['other port']],
    ['address-and-port-dependent', []],
  ] as const)('a listening host is reached from outside as %s filtering allows', (filtering, reach) => {
    const { ue, a, b, run } = lab({ filtering });
    a.listen('internet', 443, (server) => server.attach({}));
    ue.listen('home', 5000, (inner) => inner.attach({}));
    ue.connect('internet', { ip: A, port: 443 }, 5000);
    run();
    const opened: string[] = [];
    for (const [name, host] of [
      ['other port', a],
      ['other address', b],
    ] as const) {
      const client = host.connect('internet', { ip: NAT, port: 5000 });
      client.onOpen = () => opened.push(name);
    }
    run();
    expect(opened).toEqual(reach);
  });

  test('an unexpected SYN is not answered (RFC 5382 REQ-4a)', () => {
    const { b, run, kernel, dropped } = lab();
    const client = b.connect('internet', { ip: NAT, port: 5000 });
    let closed: string | undefined;
    client.onClose = (reason) => {
      closed = reason;
    };
    run(6_000);
    expect(closed).toBeUndefined();
    expect(new Set(dropped())).toEqual(new Set(['no mapping']));
    expect(kernel.trace?.of('packet.sent').every(({ body }) => body.packet.from === 'b')).toBe(true);
  });

  test.each([
    ['established, for 2 h 4 min of silence', 7_439_000, true],
    ['established, no longer', 7_441_000, false],
  ])('keeps a connection %s (RFC 5382 REQ-5)', (_, silenceMs, alive) => {
    const { client, run, got, closed } = connection();
    run(silenceMs);
    client.write(Uint8Array.of(7));
    run();
    expect(got).toEqual(alive ? [7] : []);
    // A segment of a connection that is not known any more is answered with RST.
    expect(closed()).toBe(alive ? undefined : 'reset');
  });

  test('keeps a connection that has closed for 4 min', () => {
    const { client, run, nat } = connection();
    client.close();
    run(239_000);
    expect(nat.mappings).toHaveLength(1);
    run(2_000);
    expect(nat.mappings).toEqual([]);
  });

  test('keeps a connection that was reset for 4 min, since the RST may be lost (RFC 7857 2.2)', () => {
    const { client, run, nat } = connection();
    run(300_000);
    client.abort();
    run(239_000);
    expect(nat.mappings).toHaveLength(1);
    run(2_000);
    expect(nat.mappings).toEqual([]);
  });

  test('a segment that opens nothing and belongs to nothing is not let in, even where a SYN would be', () => {
    const { client, b, dropped, kernel, run } = connection({ filtering: 'endpoint-independent' });
    const [networkInterface] = b.interfaces;
    const [from, to] = [
      { ip: b.address('internet'), port: 443 },
      { ip: NAT, port: client.local.port },
    ];
    const stray = { seq: 1, ack: 1, flags: ACK, window: 0 };
    networkInterface?.linkTo(NAT)?.transmit(from, to, stray, new Uint8Array(1), false);
    run();
    expect(dropped()).toEqual(['filtered']);
    networkInterface?.linkTo(NAT)?.transmit(from, to, { ...stray, flags: SYN }, new Uint8Array(), false);
    run();
    // It arrives, and since the port is taken by another connection only, it is answered with RST.
    expect(dropped()).toEqual(['filtered']);
    const last = kernel.trace?.of('packet.delivered').at(-1);
    const answer = kernel.trace?.event(last?.body.packet ?? 0);
    expect(answer?.body).toMatchObject({ packet: { link: 'nat>b', src: to, tcp: { flags: RST | ACK } } });
  });

  test('after rebinding, a reset tells the inside at once; where that is off, it hears nothing', () => {
    const reset = connection();
    reset.nat.rebind({ protocol: 'udp' });
    reset.client.write(Uint8Array.of(1));
    reset.run();
    expect(reset.got).toEqual([1]);
    reset.nat.rebind({ protocol: 'tcp' });
    reset.client.write(Uint8Array.of(2));
    reset.run();
    expect([reset.got, reset.closed(), reset.serverClosed()]).toEqual([[1], 'reset', undefined]);
    const silent = connection({ strayTcp: 'drop' });
    silent.nat.rebind();
    silent.client.write(Uint8Array.of(1));
    silent.run(10_000);
    expect([silent.got, silent.closed()]).toEqual([[], undefined]);
    silent.run(600_000);
    expect(silent.closed()).toBe('timeout');
  });

  test('a reset in the network reaches both ends through the translator', () => {
    const tape = 'ue>nat#2=reset';
    const all = lab({}, tape);
    const closed: string[] = [];
    all.a.listen('internet', 443, (server) => {
      server.attach({ onData: () => {}, onClose: (reason) => closed.push(`server ${reason}`) });
    });
    const client = all.ue.connect('internet', { ip: A, port: 443 });
    client.attach({ onClose: (reason) => closed.push(`client ${reason}`) });
    all.run();
    client.write(new Uint8Array(10));
    all.run();
    expect(closed.sort()).toEqual(['client reset', 'server reset']);
  });

  test('two hosts behind translators of their own reach each other by simultaneous open (RFC 5382 REQ-2, RFC 6544)', () => {
    const { network, ue, run } = lab({ filtering: 'address-and-port-dependent' });
    network.addNat({
      name: 'nat2',
      inside: { realm: 'flat', ip: '192.168.2.1' },
      outside: { realm: 'internet', ip: '203.0.113.5' },
      filtering: 'address-and-port-dependent',
    });
    const far = network.addHost({ name: 'far', role: 'far', addresses: { flat: '192.168.2.2' } });
    const got: string[] = [];
    const one = ue.connect('internet', { ip: '203.0.113.5', port: 6000 }, 5000);
    const two = far.connect('internet', { ip: NAT, port: 5000 }, 6000);
    for (const [name, end] of [
      ['one', one],
      ['two', two],
    ] as const) {
      end.attach({ onData: (data) => got.push(`${name} ${data.length}`) });
    }
    one.write(new Uint8Array(1));
    two.write(new Uint8Array(2));
    run(3000);
    expect(got.sort()).toEqual(['one 2', 'two 1']);
    expect(one.id).toBe(two.id);
    expect(one.initiator).not.toBe(two.initiator);
  });
});
