import { describe, expect, test } from 'vitest';
import { leftovers, type Testbed, testbed } from './fixtures/testbed.js';
import type { NetworkOptions } from './network.js';

const to = { ip: '10.0.0.2', port: 5060 };

interface Arrival {
  readonly at: number;
  readonly byte: number;
}

/** Sends datagrams of one byte, 0, 1, ..., at the given times, and reports what arrived. */
function datagrams(
  timesUs: readonly number[],
  options: NetworkOptions,
  tape: string | number[] = '',
  during?: (bed: Testbed) => void,
) {
  const bed = testbed(options, tape);
  const arrivals: Arrival[] = [];
  bed.server.udp('test', 5060, (data) => arrivals.push({ at: bed.kernel.now, byte: data[0] as number }));
  const socket = bed.ue.udp('test', undefined, () => {});
  for (const [index, at] of timesUs.entries()) {
    bed.ue.schedule(at, () => socket.send(Uint8Array.of(index), to));
  }
  during?.(bed);
  const outcome = bed.kernel.run();
  expect(outcome.status).toBe('idle');
  return { bed, arrivals, dropped: bed.kernel.trace?.of('packet.dropped').map(({ body }) => body.reason) };
}

const bytes = (arrivals: readonly Arrival[]) => arrivals.map(({ byte }) => byte);

describe('latency', () => {
  test('a datagram takes the latency of its realm: 20 ms in access, 2 ms in core, 5 ms elsewhere', () => {
    const times = ['access', 'core', 'test'].map((realm) => {
      const bed = testbed();
      const a = bed.network.addHost({ name: 'a', role: 'A', addresses: { [realm]: '192.0.2.1' } });
      const b = bed.network.addHost({ name: 'b', role: 'B', addresses: { [realm]: '192.0.2.2' } });
      let at = -1;
      b.udp(realm, 1, () => {
        at = bed.kernel.now;
      });
      a.udp(realm, 2, () => {}).send(new Uint8Array(1), { ip: '192.0.2.2', port: 1 });
      bed.kernel.run();
      return at;
    });
    expect(times).toEqual([20_000, 2_000, 5_000]);
  });

  test('settings of a link win over settings of its realm, one direction over both', () => {
    const { network } = testbed({
      realms: { test: { latencyUs: 1, mtu: 1000 } },
      links: { 'ue-server': { latencyUs: 2, loss: 0.5 }, 'ue>server': { latencyUs: 3 } },
    });
    expect(network.link('ue', 'server').profile).toMatchObject({ latencyUs: 3, mtu: 1000, loss: 0.5 });
    expect(network.link('server', 'ue').profile).toMatchObject({ latencyUs: 2, mtu: 1000, loss: 0.5 });
  });

  test('jitter stays within its bound and keeps the order', () => {
    const times = Array.from({ length: 50 }, (_, index) => 100 * index);
    const { arrivals } = datagrams(times, { realms: { test: { jitterUs: 3_000 } } });
    expect(bytes(arrivals)).toEqual(times.map((_, index) => index));
    const delays = arrivals.map(({ at, byte }) => at - (times[byte] as number));
    expect(Math.min(...delays)).toBeGreaterThanOrEqual(5_000);
    expect(Math.max(...delays)).toBeLessThanOrEqual(8_000);
    expect(new Set(delays).size).toBeGreaterThan(10);
  });

  test('bandwidth sends one packet after the other: 29 bytes at 29 kbit/s take 8 ms each', () => {
    const { arrivals } = datagrams([0, 0, 0], { realms: { test: { bandwidthBps: 29_000 } } });
    expect(arrivals.map(({ at }) => at)).toEqual([13_000, 21_000, 29_000]);
  });

  test('a full queue drops what comes last', () => {
    // Room for two packets of 20 + 8 + 1 bytes.
    const options = { realms: { test: { bandwidthBps: 29_000, queueBytes: 58 } } };
    const { arrivals, dropped } = datagrams([0, 0, 0, 20_000], options);
    expect(bytes(arrivals)).toEqual([0, 1, 3]);
    expect(dropped).toEqual(['queue full']);
  });

  test('a datagram larger than the MTU is dropped, one that just fits is not', () => {
    const bed = testbed({ realms: { test: { mtu: 128 } } });
    const sizes: number[] = [];
    bed.server.udp('test', 5060, (data) => sizes.push(data.length));
    const socket = bed.ue.udp('test', undefined, () => {});
    // An IPv4 and a UDP header take 28 of the 128 bytes.
    for (const size of [100, 101]) socket.send(new Uint8Array(size), to);
    bed.kernel.run();
    expect(sizes).toEqual([100]);
    expect(bed.kernel.trace?.of('packet.dropped').map(({ body }) => body.reason)).toEqual(['mtu']);
  });

  test('an IPv6 header takes 40 bytes', () => {
    const bed = testbed({ realms: { six: { mtu: 128 } } });
    const a = bed.network.addHost({ name: 'a', role: 'A', addresses: { six: '2001:db8::1' } });
    const b = bed.network.addHost({ name: 'b', role: 'B', addresses: { six: '2001:db8::2' } });
    const sizes: number[] = [];
    b.udp('six', 1, (data) => sizes.push(data.length));
    const socket = a.udp('six', 2, () => {});
    for (const size of [80, 81]) socket.send(new Uint8Array(size), { ip: '2001:db8::2', port: 1 });
    bed.kernel.run();
    expect(sizes).toEqual([80]);
  });
});

describe('faults', () => {
  test('drop takes the packet of that index and no other', () => {
    const { arrivals, dropped } = datagrams([0, 1, 2], {}, 'ue>server#1=drop');
    expect(bytes(arrivals)).toEqual([0, 2]);
    expect(dropped).toEqual(['fault']);
  });

  test('duplicate delivers one packet twice', () => {
    const { bed, arrivals } = datagrams([0, 1], {}, 'ue>server#0=duplicate');
    expect(bytes(arrivals).sort()).toEqual([0, 0, 1]);
    expect(bed.kernel.trace?.of('packet.sent')).toHaveLength(2);
    expect(bed.kernel.trace?.of('packet.delivered')).toHaveLength(3);
  });

  test('delay adds 300 ms', () => {
    const { arrivals } = datagrams([0, 1], {}, 'ue>server#0=delay');
    expect(arrivals).toEqual([
      { at: 5_001, byte: 1 },
      { at: 305_000, byte: 0 },
    ]);
  });

  test('reorder lets the next packet overtake', () => {
    const { arrivals } = datagrams([0, 10_000, 20_000], {}, 'ue>server#0=reorder');
    expect(arrivals).toEqual([
      { at: 15_000, byte: 1 },
      { at: 15_000, byte: 0 },
      { at: 25_000, byte: 2 },
    ]);
  });

  test('reorder waits 50 ms for a packet that overtakes, no longer', () => {
    const { arrivals } = datagrams([0, 200_000], {}, 'ue>server#0=reorder');
    expect(arrivals).toEqual([
      { at: 55_000, byte: 0 },
      { at: 205_000, byte: 1 },
    ]);
  });

  test('corrupt changes exactly one byte and leaves what was sent alone', () => {
    const bed = testbed({}, 'ue>server#0=corrupt');
    const received: Uint8Array[] = [];
    bed.server.udp('test', 5060, (data) => received.push(data));
    const sent = new Uint8Array(100).fill(7);
    bed.ue.udp('test', undefined, () => {}).send(sent, to);
    bed.kernel.run();
    expect(received[0]?.filter((byte) => byte !== 7)).toHaveLength(1);
    expect(sent.every((byte) => byte === 7)).toBe(true);
  });

  test('probabilities of the profile drive the faults without a tape', () => {
    const times = Array.from({ length: 200 }, (_, index) => index);
    const { arrivals, dropped } = datagrams(times, { realms: { test: { loss: 0.2 } } });
    expect(arrivals.length + (dropped?.length ?? 0)).toBe(200);
    expect(dropped?.length).toBeGreaterThan(20);
    expect(dropped?.length).toBeLessThan(60);
  });

  test('the index of a choice is the index of the packet on its link, whatever became of the others', () => {
    const { bed } = datagrams([0, 1, 2, 3], {}, [1, 0, 2, 3]);
    const choices = bed.kernel.trace
      ?.of('choice')
      .map(({ body }) => `${body.point}#${body.index} ${body.choice}`);
    expect(choices).toEqual(['ue>server#0 drop', 'ue>server#2 duplicate', 'ue>server#3 delay']);
    expect(bed.kernel.trace?.of('packet.sent').map(({ body }) => body.packet.index)).toEqual([0, 1, 2, 3]);
  });

  test('a partitioned packet asks for its choice too, so a partition moves no index', () => {
    const { bed } = datagrams([0, 1, 2], {}, 'ue>server#2=drop', ({ network, ue }) => {
      ue.schedule(0, () => network.link('ue', 'server').heal());
      network.link('ue', 'server').partition();
    });
    expect(bed.kernel.taken).toEqual([{ point: 'ue>server', index: 2, choice: 1 }]);
  });

  test('with faults off nobody is asked', () => {
    const { bed, arrivals } = datagrams([0, 1], { faults: false }, [1, 1]);
    expect(bytes(arrivals)).toEqual([0, 1]);
    expect(bed.kernel.taken).toEqual([]);
  });
});

describe('partition and hold', () => {
  test('a partition of one direction leaves the other open, and heals', () => {
    const bed = testbed();
    const { network, kernel, ue, server } = bed;
    const log: string[] = [];
    const a = ue.udp('test', 1, () => log.push('ue'));
    const b = server.udp('test', 1, () => log.push('server'));
    const both = () => {
      a.send(new Uint8Array(1), b.local);
      b.send(new Uint8Array(1), a.local);
      kernel.run();
    };
    network.link('ue', 'server').partition();
    both();
    expect(log).toEqual(['ue']);
    network.link('ue', 'server').heal();
    both();
    expect(log).toHaveLength(3);
    network.partition('ue', 'server');
    both();
    expect(log).toHaveLength(3);
    network.heal('ue', 'server');
    both();
    expect(log).toHaveLength(5);
    expect(kernel.trace?.of('packet.dropped').map(({ body }) => body.reason)).toEqual([
      'partition',
      'partition',
      'partition',
    ]);
  });

  test('hold keeps packets in flight back and release lets them go in order', () => {
    const { arrivals } = datagrams([0, 1, 50_000], {}, '', ({ network, ue }) => {
      const link = network.link('ue', 'server');
      ue.schedule(1_000, () => link.hold());
      ue.schedule(100_000, () => link.release());
    });
    expect(arrivals).toEqual([0, 1, 2].map((byte) => ({ at: 100_000, byte })));
  });

  test('the liveness phase heals partitions, releases what is held and ends the faults', () => {
    const { arrivals } = datagrams(
      [0, 200_000],
      { realms: { test: { loss: 1 } } },
      'ue>server#0=deliver',
      (bed) => {
        bed.network.link('ue', 'server').hold();
        bed.network.link('server', 'ue').partition();
        bed.ue.schedule(100_000, () => bed.kernel.enterLiveness());
        bed.ue.schedule(150_000, () =>
          bed.server.udp('test', 2, () => {}).send(new Uint8Array(1), { ip: '10.0.0.1', port: 49_152 }),
        );
      },
    );
    expect(arrivals).toEqual([
      { at: 100_000, byte: 0 },
      { at: 205_000, byte: 1 },
    ]);
  });
});

describe('addresses', () => {
  test('hosts of different realms cannot reach each other', () => {
    const bed = testbed();
    bed.network.addHost({ name: 'other', role: 'X', addresses: { elsewhere: '172.16.0.1' } });
    bed.ue.udp('test', 1, () => {}).send(new Uint8Array(1), { ip: '172.16.0.1', port: 1 });
    expect(bed.kernel.trace?.of('packet.dropped').map(({ body }) => body.reason)).toEqual(['no route']);
    expect(() => bed.network.link('ue', 'other')).toThrow('share no realm');
  });

  test('a host with addresses in two realms has a link in each', () => {
    const bed = testbed();
    const addresses = (last: number) => ({ access: `10.1.0.${last}`, core: `10.2.0.${last}` });
    bed.network.addHost({ name: 'a', role: 'A', addresses: addresses(1) });
    bed.network.addHost({ name: 'b', role: 'B', addresses: addresses(2), domain: 'B.example' });
    expect(bed.network.link('a', 'b').name).toBe('a>b/access');
    expect(bed.network.link('a', 'b', 'core').name).toBe('a>b/core');
    expect(bed.network.resolve('b.EXAMPLE', 'core')).toBe('10.2.0.2');
    expect(bed.network.resolve('b.example', 'test')).toBeUndefined();
    expect(bed.network.reverse('10.2.0.2')?.name).toBe('b');
  });

  test('a datagram to a closed port is dropped, and sockets of one host reach each other', () => {
    const bed = testbed();
    const received: number[] = [];
    const a = bed.ue.udp('test', 7, () => received.push(bed.kernel.now));
    bed.ue.udp('test', 8, () => {}).send(new Uint8Array(1), a.local);
    bed.ue.udp('test', 9, () => {}).send(new Uint8Array(1), to);
    bed.kernel.run();
    expect(received).toEqual([10]);
    const [dropped] = bed.kernel.trace?.of('packet.dropped') ?? [];
    expect(dropped).toMatchObject({ entity: 'server', body: { reason: 'port closed' } });
  });

  test('names, addresses and ports are taken once', () => {
    const { network, ue } = testbed();
    ue.udp('test', 5060, () => {});
    expect(() => ue.udp('test', 5060, () => {})).toThrow('in use');
    ue.listen('test', 5060, () => {});
    expect(() => ue.listen('test', 5060, () => {})).toThrow('in use');
    expect(() => network.addHost({ name: 'ue', role: 'X', addresses: {} })).toThrow('already');
    expect(() => network.addHost({ name: 'x', role: 'X', addresses: { test: '10.0.0.1' } })).toThrow(
      'already',
    );
    expect(ue.describeSockets()).toEqual(['udp 10.0.0.1:5060', 'tcp 10.0.0.1:5060 listening']);
    expect(ue.openSockets).toBe(2);
  });

  test('a closed socket frees its port, sends nothing and hears nothing', () => {
    const bed = testbed();
    let heard = 0;
    const socket = bed.server.udp('test', 5060, () => heard++);
    bed.ue.udp('test', 1, () => {}).send(new Uint8Array(1), to);
    socket.close();
    socket.send(new Uint8Array(1), to);
    bed.kernel.run();
    expect(heard).toBe(0);
    expect(bed.kernel.trace?.of('packet.sent')).toHaveLength(1);
    bed.server.udp('test', 5060, () => {}).close();
    expect(leftovers(bed)).toEqual(['udp 10.0.0.1:1']);
  });
});

describe('trace', () => {
  test('a delivery is caused by its packet, and what the receiver does by the delivery', () => {
    const bed = testbed();
    const echo = bed.server.udp('test', 5060, (data, from) => echo.send(data, from));
    bed.ue.udp('test', 1, () => {}).send(Uint8Array.of(42), to);
    bed.kernel.run();
    const events = bed.kernel.trace?.events.map(({ id, cause, entity, body }) => [
      id,
      cause,
      entity,
      body.kind,
    ]);
    expect(events).toEqual([
      [1, 0, 'ue', 'packet.sent'],
      [2, 1, 'server', 'packet.delivered'],
      [3, 2, 'server', 'packet.sent'],
      [4, 3, 'ue', 'packet.delivered'],
    ]);
    expect(bed.kernel.trace?.of('packet.sent')[0]?.body.packet).toEqual({
      link: 'ue>server',
      index: 0,
      realm: 'test',
      from: 'ue',
      to: 'server',
      src: { ip: '10.0.0.1', port: 1 },
      dst: to,
      protocol: 'udp',
      data: Uint8Array.of(42),
    });
    expect(bed.kernel.trace?.hosts.map(({ name, domain }) => [name, domain])).toEqual([
      ['ue', undefined],
      ['server', 'ep1.visited1.net'],
    ]);
  });
});
