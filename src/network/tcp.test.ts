import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { hashTrace } from '../trace/index.js';
import { messageKey } from './byte-stream.js';
import { leftovers, type Testbed, testbed } from './fixtures/testbed.js';
import type { NetworkOptions } from './network.js';
import type { TcpConnection } from './tcp.js';

const to = { ip: '10.0.0.2', port: 443 };

/** What one end of a connection saw. */
interface Log {
  readonly received: number[];
  readonly events: string[];
}

function watch(connection: TcpConnection, log: Log): void {
  connection.onOpen = () => log.events.push('open');
  connection.onData = (data) => log.received.push(...data);
  connection.onClose = (reason) => log.events.push(reason);
}

interface Pair extends Testbed {
  readonly client: TcpConnection;
  readonly accepted: TcpConnection[];
  readonly clientLog: Log;
  readonly serverLog: Log;
}

function connect(
  options: NetworkOptions = {},
  tape: string | number[] = '',
  { trace = true, seed = 1, onAccept = (_: TcpConnection): void => {} } = {},
): Pair {
  const bed = testbed(options, tape, { trace, seed });
  const clientLog: Log = { received: [], events: [] };
  const serverLog: Log = { received: [], events: [] };
  const accepted: TcpConnection[] = [];
  bed.server.listen('test', to.port, (connection) => {
    accepted.push(connection);
    watch(connection, serverLog);
    onAccept(connection);
  });
  const client = bed.ue.connect('test', to);
  watch(client, clientLog);
  return { ...bed, client, accepted, clientLog, serverLog };
}

/** Flags, position and length of every segment, as `tcpdump -S` would say with numbers from 0. */
function segments({ kernel }: Testbed): string[] {
  const firsts = new Map<string, number>();
  return (kernel.trace?.of('packet.sent') ?? []).map(({ body: { packet } }) => {
    const { seq = 0, ack = 0, flags = 0 } = packet.tcp ?? {};
    if ((flags & 2) !== 0) firsts.set(packet.from, seq);
    const names = ['FIN', 'SYN', 'RST', 'PSH', 'ACK'].filter((_, bit) => (flags & (1 << bit)) !== 0);
    const position = (seq - (firsts.get(packet.from) ?? 0)) >>> 0;
    const acked = (flags & 16) === 0 ? '' : ` ack ${(ack - (firsts.get(packet.to) ?? 0)) >>> 0}`;
    return `${packet.from} ${names.join('+')} ${position}${acked} len ${packet.data.length}`;
  });
}

describe('a connection', () => {
  test('opens, carries data and closes with the segments of RFC 9293 figures 6 and 12', () => {
    const pair = connect();
    pair.client.write(Uint8Array.of(1, 2, 3));
    pair.client.close();
    const outcome = pair.kernel.run();
    expect(outcome.status).toBe('idle');
    expect(segments(pair)).toEqual([
      'ue SYN 0 len 0',
      'server SYN+ACK 0 ack 1 len 0',
      'ue PSH+ACK 1 ack 1 len 3',
      'ue FIN+ACK 4 ack 1 len 0',
      'server ACK 1 ack 4 len 0',
      'server FIN+ACK 1 ack 5 len 0',
      'ue ACK 5 ack 2 len 0',
    ]);
    expect(pair.serverLog).toEqual({ received: [1, 2, 3], events: ['closed'] });
    expect(pair.clientLog.events).toEqual(['closed']);
    expect(leftovers(pair)).toEqual([]);
  });

  test('is open at the client one round trip after the SYN, at the server half a round trip later', () => {
    const bed = testbed();
    const times: number[] = [];
    bed.server.listen('test', to.port, () => times.push(bed.kernel.now));
    bed.ue.connect('test', to).onOpen = () => times.push(bed.kernel.now);
    bed.kernel.run();
    expect(times).toEqual([10_000, 15_000]);
  });

  test('cuts a write at the MSS of its link and puts the acknowledgement on the answer', () => {
    const pair = connect({ realms: { test: { mtu: 140 } } });
    pair.kernel.run();
    const server = pair.accepted[0] as TcpConnection;
    server.onData = () => server.write(Uint8Array.of(9));
    pair.client.write(new Uint8Array(150));
    pair.kernel.run();
    expect(segments(pair).slice(3)).toEqual([
      'ue ACK 1 ack 1 len 100',
      'ue PSH+ACK 101 ack 1 len 50',
      'server PSH+ACK 1 ack 101 len 1',
      'server PSH+ACK 2 ack 151 len 1',
      'ue ACK 151 ack 2 len 0',
      'ue ACK 151 ack 3 len 0',
    ]);
  });

  test('keeps data until somebody attaches a handler for it', () => {
    const bed = testbed();
    let connection: TcpConnection | undefined;
    bed.server.listen('test', to.port, (accepted) => {
      connection = accepted;
    });
    const client = bed.ue.connect('test', to);
    client.write(Uint8Array.of(1, 2));
    client.close();
    bed.kernel.run();
    const received: (number | string)[] = [];
    expect(connection?.received).toBe(0);
    if (connection === undefined) throw new Error('not accepted');
    connection.onEnd = () => received.push('end');
    connection.onData = (data) => received.push(...data);
    expect(received).toEqual([]);
    bed.kernel.run();
    expect(received).toEqual([1, 2, 'end']);
    connection.close();
    bed.kernel.run();
    expect(leftovers(bed)).toEqual([]);
  });

  test('may be closed one way only and still carries data the other way', () => {
    const pair = connect();
    pair.kernel.run();
    const server = pair.accepted[0] as TcpConnection;
    server.onEnd = () =>
      server.host.schedule(50_000, () => {
        server.write(Uint8Array.of(5));
        server.close();
      });
    pair.client.close();
    pair.kernel.run();
    expect(pair.clientLog).toEqual({ received: [5], events: ['open', 'closed'] });
    expect(leftovers(pair)).toEqual([]);
  });

  test('closes from both ends at once', () => {
    const pair = connect();
    pair.kernel.run();
    pair.client.close();
    pair.accepted[0]?.close();
    pair.kernel.run();
    expect([pair.clientLog.events, pair.serverLog.events]).toEqual([['open', 'closed'], ['closed']]);
    expect(leftovers(pair)).toEqual([]);
  });

  test('is refused by a port that nobody listens on', () => {
    const bed = testbed();
    const log: Log = { received: [], events: [] };
    watch(bed.ue.connect('test', { ip: to.ip, port: 1 }), log);
    bed.kernel.run();
    expect(log.events).toEqual(['refused']);
    expect(bed.kernel.now).toBe(10_000);
    expect(leftovers(bed)).toEqual([]);
  });

  test('is refused by a listener that closes before the handshake ends', () => {
    const bed = testbed();
    const log: Log = { received: [], events: [] };
    const listener = bed.server.listen('test', to.port, () => log.events.push('accepted'));
    watch(bed.ue.connect('test', to), log);
    bed.server.schedule(12_000, () => listener.close());
    bed.kernel.run();
    expect(log.events).toEqual(['open', 'reset']);
    expect(leftovers(bed)).toEqual([]);
  });

  test('is unreachable where no host has the address', () => {
    const bed = testbed();
    const log: Log = { received: [], events: [] };
    watch(bed.ue.connect('test', { ip: '10.0.0.99', port: 1 }), log);
    bed.kernel.run();
    expect(log.events).toEqual(['unreachable']);
    expect(leftovers(bed)).toEqual([]);
  });

  test('that is aborted resets the peer and tells each end why', () => {
    const pair = connect();
    pair.kernel.run();
    pair.accepted[0]?.abort();
    pair.kernel.run();
    expect(pair.serverLog.events).toEqual(['aborted']);
    expect(pair.clientLog.events).toEqual(['open', 'reset']);
    expect(leftovers(pair)).toEqual([]);
  });

  test('between two sockets of one host works', () => {
    const bed = testbed();
    const log: Log = { received: [], events: [] };
    bed.ue.listen('test', 80, (connection) => watch(connection, log));
    const client = bed.ue.connect('test', { ip: '10.0.0.1', port: 80 });
    client.write(Uint8Array.of(1));
    client.close();
    bed.kernel.run();
    expect(log).toEqual({ received: [1], events: ['closed'] });
    expect(leftovers(bed)).toEqual([]);
  });

  test('writes after close vanish, and a close before the handshake sends what was written', () => {
    const pair = connect();
    pair.client.write(Uint8Array.of(1));
    pair.client.close();
    pair.client.write(Uint8Array.of(2));
    pair.kernel.run();
    expect(pair.serverLog.received).toEqual([1]);
  });
});

describe('repair', () => {
  test('a lost SYN comes again after 1 s', () => {
    const pair = connect({}, 'ue>server#0=drop');
    pair.kernel.run({}, () => pair.clientLog.events.length > 0);
    expect(pair.clientLog.events).toEqual(['open']);
    expect(pair.kernel.now).toBe(1_010_000);
  });

  test('a connection that is cut off for good ends with a timeout after eight doubled retransmissions', () => {
    const pair = connect();
    pair.kernel.run();
    const begin = pair.kernel.now;
    pair.network.partition('ue', 'server');
    pair.client.write(Uint8Array.of(1));
    pair.kernel.run();
    expect(pair.clientLog.events).toEqual(['open', 'timeout']);
    // 1 + 2 + 4 + 8 + 16 + 32 + 60 + 60 s, and 60 s for the last one.
    expect(pair.kernel.now - begin).toBe(243_000_000);
    expect(pair.kernel.trace?.of('packet.dropped')).toHaveLength(9);
    expect(pair.kernel.pending).toBe(0);
  });

  test('after a timeout everything else that was lost follows without further timeouts', () => {
    const pair = connect();
    pair.kernel.run();
    const begin = pair.kernel.now;
    pair.network.partition('ue', 'server');
    for (let i = 0; i < 20; i++) pair.client.write(Uint8Array.of(i));
    pair.ue.schedule(500_000, () => pair.network.heal('ue', 'server'));
    pair.kernel.run();
    expect(pair.serverLog.received).toEqual(Array.from({ length: 20 }, (_, i) => i));
    // One timeout, then a round trip of 10 ms for each of the 20 segments.
    expect(pair.kernel.now - begin).toBe(1_200_000);
  });

  test('a late FIN of a connection that is gone is acknowledged, not reset', () => {
    // The last ACK of the client is lost, so the server sends its FIN again.
    const pair = connect({}, 'ue>server#2=drop');
    pair.client.onOpen = () => pair.client.close();
    pair.kernel.run();
    expect(segments(pair).slice(-3)).toEqual([
      'ue ACK 2 ack 2 len 0',
      'server FIN+ACK 1 ack 2 len 0',
      'ue ACK 2 ack 2 len 0',
    ]);
    expect(pair.serverLog.events).toEqual(['closed']);
    expect(leftovers(pair)).toEqual([]);
  });

  test('a peer that never ends its direction is given up 60 s after this end has', () => {
    const pair = connect();
    pair.kernel.run();
    const server = pair.accepted[0] as TcpConnection;
    server.onEnd = () => {};
    pair.client.close();
    pair.kernel.run();
    expect(pair.clientLog.events).toEqual(['open', 'timeout']);
    expect(server.state).toBe('open');
  });

  test('a reset is not reset in its turn', () => {
    const pair = connect({}, 'ue>server#1=reset,ue>server#2=reset,server>ue#1=reset');
    pair.client.write(Uint8Array.of(1));
    pair.kernel.run();
    expect(segments(pair).slice(2)).toEqual([
      'ue PSH+ACK 1 ack 1 len 1',
      'ue RST+ACK 1 ack 1 len 0',
      'server RST+ACK 1 ack 2 len 0',
    ]);
  });

  test('a SYN that comes again after its connection has ended is undone by a RST', () => {
    const pair = connect();
    pair.kernel.run();
    pair.client.close();
    pair.kernel.run();
    const { link, local } = pair.client;
    const seq = pair.kernel.trace?.of('packet.sent')[0]?.body.packet.tcp?.seq ?? 0;
    link?.transmit(local, to, { seq, ack: 0, flags: 2, window: 0 }, new Uint8Array(0), false);
    pair.kernel.run();
    expect(
      segments(pair)
        .slice(-3)
        .map((text) => text.slice(0, 12)),
    ).toEqual(['ue SYN 0 len', 'server SYN+A', 'ue RST 1 len']);
    expect(leftovers(pair)).toEqual([]);
  });

  test('the fault reset ends the connection at both ends', () => {
    const pair = connect({}, 'ue>server#1=reset');
    pair.client.write(Uint8Array.of(1));
    pair.kernel.run();
    expect(pair.clientLog.events).toEqual(['open', 'reset']);
    expect(pair.serverLog.events.concat(pair.accepted.map(({ state }) => state))).toEqual([]);
    const later = connect({}, 'server>ue#1=reset');
    later.kernel.run();
    const begin = later.kernel.now;
    later.accepted[0]?.write(Uint8Array.of(1));
    later.kernel.run();
    // At once, not when a retransmission finds nobody there.
    expect(later.kernel.now - begin).toBe(5_000);
    expect(later.clientLog.events).toEqual(['open', 'reset']);
    expect(later.serverLog.events).toEqual(['reset']);
    for (const one of [pair, later]) expect(leftovers(one)).toEqual([]);
  });
});

describe('properties', () => {
  const chunks = fc.array(fc.uint8Array({ minLength: 1, maxLength: 60 }), { minLength: 1, maxLength: 8 });
  const tape = fc.array(
    fc.oneof({ weight: 2, arbitrary: fc.constant(0) }, { weight: 1, arbitrary: fc.nat(5) }),
    {
      maxLength: 60,
    },
  );
  const mtu = fc.integer({ min: 41, max: 120 });

  /** Both ends write at various times, then close. */
  function exchange(
    up: readonly Uint8Array[],
    down: readonly Uint8Array[],
    choices: number[],
    bytes: number,
  ): Pair {
    const play = (connection: TcpConnection, data: readonly Uint8Array[]) => {
      connection.onEnd = () => {};
      for (const [index, chunk] of data.entries()) {
        connection.host.schedule(4_000 * index, () => connection.write(chunk));
      }
      connection.host.schedule(4_000 * data.length, () => connection.close());
    };
    const onAccept = (connection: TcpConnection) => play(connection, down);
    const pair = connect({ realms: { test: { mtu: bytes } } }, choices, { trace: false, onAccept });
    play(pair.client, up);
    const outcome = pair.kernel.run();
    expect(outcome).toMatchObject({ status: 'idle' });
    return pair;
  }

  const flat = (data: readonly Uint8Array[]) => data.flatMap((chunk) => [...chunk]);

  test('what arrives is a prefix of what was sent under any faults, and nothing is left behind', () => {
    fc.assert(
      fc.property(chunks, chunks, tape, mtu, (up, down, choices, bytes) => {
        const pair = exchange(up, down, choices, bytes);
        expect(flat(up).slice(0, pair.serverLog.received.length)).toEqual(pair.serverLog.received);
        expect(flat(down).slice(0, pair.clientLog.received.length)).toEqual(pair.clientLog.received);
        expect(leftovers(pair)).toEqual([]);
      }),
      { numRuns: 300 },
    );
  });

  test('everything arrives when there is no reset and there are at most three faults', () => {
    const few = fc.array(fc.tuple(fc.nat(40), fc.integer({ min: 1, max: 4 })), { maxLength: 3 });
    fc.assert(
      fc.property(chunks, chunks, few, mtu, (up, down, faults, bytes) => {
        const choices = new Array<number>(41).fill(0);
        for (const [at, fault] of faults) choices[at] = fault;
        const pair = exchange(up, down, choices, bytes);
        expect(pair.serverLog.received).toEqual(flat(up));
        expect(pair.clientLog.received).toEqual(flat(down));
        expect(pair.clientLog.events.at(-1)).toBe('closed');
        expect(pair.serverLog.events).toEqual(['closed']);
        expect(leftovers(pair)).toEqual([]);
      }),
      { numRuns: 300 },
    );
  });

  test('segments of a stranger never make it throw', () => {
    const field = fc.integer({ min: 0, max: 0xffff_ffff });
    const near = fc.integer({ min: -80, max: 80 });
    const segment = fc.record({
      seq: fc.oneof(near, field),
      ack: fc.oneof(near, field),
      flags: fc.integer({ min: 0, max: 31 }),
      data: fc.uint8Array({ maxLength: 40 }),
    });
    fc.assert(
      fc.property(fc.array(segment, { maxLength: 20 }), fc.boolean(), (strange, open) => {
        const pair = connect();
        if (open) pair.kernel.run();
        const own = pair.kernel.trace?.of('packet.sent')[0]?.body.packet.tcp?.seq ?? 0;
        const link = pair.network.hosts[1]?.interfaces[0]?.linkTo('10.0.0.1');
        const { local } = pair.client;
        for (const { seq, ack, flags, data } of strange) {
          const tcp = { seq: (own + seq) >>> 0, ack: (own + ack) >>> 0, flags, window: 0 };
          link?.transmit(to, local, tcp, data, false);
        }
        expect(['idle', 'deadlock']).toContain(pair.kernel.run().status);
      }),
      { numRuns: 300 },
    );
  });

  test('the same seed gives the same trace, another seed another', () => {
    const run = (seed: number): string => {
      const pair = connect({ realms: { test: { loss: 0.1, reordering: 0.1, jitterUs: 500 } } }, '', { seed });
      for (let i = 0; i < 30; i++) pair.client.write(new Uint8Array(100).fill(i));
      pair.client.close();
      pair.kernel.run();
      if (pair.kernel.trace === undefined) throw new Error('no trace');
      return hashTrace(pair.kernel.trace);
    };
    expect(run(1)).toBe(run(1));
    expect(run(1)).not.toBe(run(2));
  });
});

describe('keys and causes', () => {
  test('both ends give a message the same key, and each message its own', () => {
    const pair = connect();
    pair.kernel.run();
    const server = pair.accepted[0] as TcpConnection;
    const key = messageKey(pair.client, 'sent', 10);
    expect(key).toBe(messageKey(server, 'received', 10));
    expect(messageKey(server, 'sent', 10)).toBe(messageKey(pair.client, 'received', 10));
    expect(new Set([key, messageKey(server, 'sent', 10), messageKey(pair.client, 'sent', 11)]).size).toBe(3);
  });

  test('a segment is caused by the write that made it, also when it had to wait or comes again', () => {
    const pair = connect({}, 'ue>server#1=drop');
    const { kernel, ue, client } = pair;
    const why = kernel.record('ue', { kind: 'note', text: 'because' });
    kernel.causedBy(why, () => client.write(Uint8Array.of(1)));
    kernel.run();
    const sent = kernel.trace?.of('packet.sent').filter(({ body }) => body.packet.data.length > 0) ?? [];
    expect(sent).toHaveLength(2);
    expect(sent[0]?.cause).toBe(why);
    const timer = kernel.trace?.event(sent[1]?.cause ?? 0);
    expect(timer).toMatchObject({ cause: why, entity: ue.name, body: { kind: 'timer', afterUs: 1_000_000 } });
  });
});

describe('a simultaneous open', () => {
  const ueEnd = { ip: '10.0.0.1', port: 5000 };
  const serverEnd = { ip: '10.0.0.2', port: 6000 };

  /** Both ends connect from a fixed port to the other's. */
  function openBoth(tape: string | number[] = '', laterUs = 0): Pair {
    const bed = testbed({}, tape);
    const clientLog: Log = { received: [], events: [] };
    const serverLog: Log = { received: [], events: [] };
    const client = bed.ue.connect('test', serverEnd, ueEnd.port);
    watch(client, clientLog);
    client.write(Uint8Array.of(1, 2, 3));
    const accepted: TcpConnection[] = [];
    bed.kernel.schedule(laterUs, 'server', () => {
      const connection = bed.server.connect('test', ueEnd, serverEnd.port);
      accepted.push(connection);
      watch(connection, serverLog);
      connection.write(Uint8Array.of(4, 5));
    });
    return { ...bed, client, accepted, clientLog, serverLog };
  }

  test('runs as in figure 7 of RFC 9293: SYN and SYN+ACK both ways', () => {
    const pair = openBoth();
    pair.kernel.run({ untilUs: 12_000 });
    expect(segments(pair)).toEqual([
      'ue SYN 0 len 0',
      'server SYN 0 len 0',
      'server SYN+ACK 0 ack 1 len 0',
      'ue SYN+ACK 0 ack 1 len 0',
      'ue PSH+ACK 1 ack 1 len 3',
      'server PSH+ACK 1 ack 1 len 2',
    ]);
    pair.kernel.run({ untilUs: 100_000 });
    expect(pair.clientLog).toEqual({ received: [4, 5], events: ['open'] });
    expect(pair.serverLog).toEqual({ received: [1, 2, 3], events: ['open'] });
    const [server] = pair.accepted;
    expect(pair.client.id).toBe(server?.id);
    expect(pair.client.initiator).not.toBe(server?.initiator);
  });

  test('delivers both ways and closes whatever is lost, doubled or overtaken', () => {
    fc.assert(
      fc.property(fc.array(fc.nat(4), { maxLength: 12 }), fc.nat(4000), (tape, laterUs) => {
        const pair = openBoth(tape, laterUs);
        pair.kernel.run({ untilUs: 30_000_000 });
        expect(pair.clientLog.received).toEqual([4, 5]);
        expect(pair.serverLog.received).toEqual([1, 2, 3]);
        pair.client.close();
        pair.kernel.run({ untilUs: 90_000_000 });
        expect(pair.clientLog.events).toEqual(['open', 'closed']);
        expect(pair.serverLog.events).toEqual(['open', 'closed']);
        expect(leftovers(pair)).toEqual([]);
      }),
    );
  });

  test('needs a port that has no connection to the same place', () => {
    const pair = openBoth();
    expect(() => pair.ue.connect('test', serverEnd, ueEnd.port)).toThrow('is connected there');
  });
});
