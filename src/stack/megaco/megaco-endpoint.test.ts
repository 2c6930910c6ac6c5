import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Kernel, seededChoices, type Tape, type TapeEntry, tapeChoices } from '../../kernel/index.js';
import { type Host, Network } from '../../network/index.js';
import type { Endpoint, MessageRecord } from '../../trace/index.js';
import { type Action, makeAction, makeError, parseMegaco } from '../../wire/megaco/index.js';
import { firstError, MegacoEndpoint, type MegacoResult } from './index.js';

const subtract: readonly Action[] = [
  makeAction(7, [{ name: 'Subtract', terminationId: 'ip/access/1', descriptors: [] }]),
];

type Reply = Parameters<NonNullable<ConstructorParameters<typeof MegacoEndpoint>[1]['onRequest']>>[1];

/** A controller and a gateway in the realm core, 2 ms apart. */
class Bench {
  readonly kernel: Kernel;
  readonly network: Network;
  readonly mgc: MegacoEndpoint;
  readonly mgw: MegacoEndpoint;
  readonly gatewayHost: Host;
  readonly results: { at: number; result: MegacoResult }[] = [];
  /** When the gateway was asked to execute something, in milliseconds. */
  readonly executed: number[] = [];
  readonly to: Endpoint = { ip: '10.0.0.2', port: 2944 };

  constructor(
    onRequest: (actions: readonly Action[], reply: Reply, bench: Bench) => void = (actions, reply) =>
      reply(actions),
    tape: Tape = [],
    trace = true,
  ) {
    this.kernel = new Kernel({ trace, choices: tapeChoices(tape, seededChoices(1)) });
    this.network = new Network(this.kernel);
    this.mgc = new MegacoEndpoint(
      this.network.addHost({ name: 'mgc', role: 'eP-CSCF', addresses: { core: '10.0.0.1' } }),
      { realm: 'core' },
    );
    this.gatewayHost = this.network.addHost({
      name: 'mgw',
      role: 'eIMS-AGW',
      addresses: { core: '10.0.0.2' },
    });
    this.mgw = new MegacoEndpoint(this.gatewayHost, {
      realm: 'core',
      onRequest: (actions, reply) => {
        this.executed.push(this.now);
        onRequest(actions, reply, this);
      },
    });
  }

  get now(): number {
    return this.kernel.now / 1000;
  }

  after(delayMs: number, run: () => void): void {
    this.gatewayHost.schedule(delayMs * 1000, run);
  }

  request(actions: readonly Action[] = subtract): void {
    this.mgc.request(this.to, actions, (result) => this.results.push({ at: this.now, result }));
  }

  run(untilMs = 1e6): void {
    const outcome = this.kernel.run({ untilUs: untilMs * 1000 });
    expect(outcome.failure).toBeUndefined();
  }

  /** Messages sent, as `milliseconds summary`, ids left out. */
  sent(host: string): string[] {
    return (this.kernel.trace?.events ?? []).flatMap(({ at, entity, body }) =>
      body.kind === 'message.sent' && entity === host
        ? [`${at / 1000} ${body.message.summary.replace(/^(\w+) \d+/, '$1')}`]
        : [],
    );
  }

  records(kind: 'message.sent' | 'message.received', host: string): MessageRecord[] {
    return (this.kernel.trace?.events ?? []).flatMap(({ entity, body }) =>
      body.kind === kind && entity === host ? [body.message] : [],
    );
  }

  close(): void {
    this.mgc.close();
    this.mgw.close();
  }
}

/** A host that sends what no endpoint would. */
class Stranger {
  readonly heard: string[] = [];
  readonly #bench: Bench;
  readonly #socket;

  constructor(bench: Bench, ip = '10.0.0.9', port: number | undefined = undefined) {
    this.#bench = bench;
    const host = bench.network.addHost({ name: `stranger ${ip}`, role: 'stranger', addresses: { core: ip } });
    this.#socket = host.udp('core', port, (data) => this.heard.push(new TextDecoder().decode(data)));
  }

  get local(): Endpoint {
    return this.#socket.local;
  }

  send(data: string | Uint8Array, to = this.#bench.to): void {
    this.#socket.send(typeof data === 'string' ? new TextEncoder().encode(data) : data, to);
  }
}

const raw = (id: number, body = 'Context = 7 { Subtract = ip/access/1 { } }', version = 3): string =>
  `MEGACO/${version} [10.0.0.9]:2944\r\nTransaction = ${id} { ${body} }\r\n`;

describe('a transaction', () => {
  it('takes one round trip: 2 ms there, 2 ms back', () => {
    const bench = new Bench();
    bench.request();
    expect(bench.mgc.openTransactions).toBe(1);
    bench.run();
    expect(bench.executed).toEqual([2]);
    expect(bench.results).toEqual([{ at: 4, result: { actions: subtract } }]);
    expect(bench.mgc.openTransactions + bench.mgw.openTransactions).toBe(0);
  });

  it('is recorded at both ends with its text', () => {
    const bench = new Bench();
    bench.request();
    bench.run();
    const [sent] = bench.records('message.sent', 'mgc');
    const [received] = bench.records('message.received', 'mgw');
    expect(sent).toMatchObject({
      protocol: 'H.248',
      transport: 'udp',
      local: { ip: '10.0.0.1', port: 2944 },
      remote: bench.to,
    });
    expect(sent?.summary).toMatch(/^Transaction \d+ C=7 Subtract ip\/access\/1$/);
    expect(parseMegaco(sent?.text ?? '').ok).toBe(true);
    expect(received?.text).toBe(sent?.text);
    expect(bench.records('message.received', 'mgc')[0]?.summary).toMatch(/^Reply \d+ C=7 Subtract/);
  });

  it('gives each request an id of its own, also those that follow at once', () => {
    const bench = new Bench();
    for (let i = 0; i < 5; i++) bench.request();
    bench.run();
    expect(bench.results).toHaveLength(5);
    expect(new Set(bench.records('message.sent', 'mgc').map(({ summary }) => summary)).size).toBe(5);
  });

  it('leaves errors of commands in the actions, where firstError finds them', () => {
    const bench = new Bench((_, reply) =>
      reply([
        makeAction(7, [
          { name: 'Subtract', terminationId: 'ip/access/1', descriptors: [] },
          { name: 'Subtract', terminationId: 'ip/access/2', descriptors: [makeError(430)] },
        ]),
      ]),
    );
    bench.request();
    bench.run();
    const result = bench.results[0]?.result;
    expect(result !== undefined && 'actions' in result && firstError(result.actions)).toEqual(makeError(430));
    expect(firstError([{ ...makeAction(7, []), error: makeError(411) }])).toEqual(makeError(411));
    expect(firstError(subtract)).toBeUndefined();
  });

  it('tells an error about the whole transaction with its code', () => {
    const bench = new Bench((_, reply) => reply(makeError(503)));
    bench.request();
    bench.run();
    expect(bench.results).toEqual([{ at: 4, result: { error: { code: 503, text: 'Service unavailable' } } }]);
  });

  it('is refused with 501 by an endpoint that serves no requests', () => {
    const bench = new Bench();
    const results: MegacoResult[] = [];
    bench.mgw.request({ ip: '10.0.0.1', port: 2944 }, subtract, (result) => results.push(result));
    bench.run();
    expect(results).toEqual([{ error: { code: 501, text: 'Not implemented' } }]);
  });

  it('takes only the first answer of its user', () => {
    const bench = new Bench((actions, reply) => {
      reply(actions);
      reply(makeError(500));
    });
    bench.request();
    bench.run();
    expect(bench.sent('mgw')).toHaveLength(1);
  });
});

describe('retransmission', () => {
  it('doubles from 500 ms up to 4 s and gives up at 15 s (H.248.1 D.1.3, D.1.5)', () => {
    const bench = new Bench();
    bench.network.partition('mgc', 'mgw');
    bench.request();
    bench.run();
    const text = 'Transaction C=7 Subtract ip/access/1';
    expect(bench.sent('mgc')).toEqual([0, 500, 1500, 3500, 7500, 11_500].map((at) => `${at} ${text}`));
    expect(bench.results).toEqual([
      { at: 15_000, result: { error: { code: 0, text: 'no answer in time' } } },
    ]);
    expect(bench.kernel.pending).toBe(0);
  });

  it('repeats the very same message', () => {
    const bench = new Bench(undefined, [{ point: 'mgc>mgw', index: 0, choice: 'drop' }]);
    bench.request();
    bench.run();
    const [first, second] = bench.records('message.sent', 'mgc');
    expect(second?.text).toBe(first?.text);
    expect(bench.results[0]?.at).toBe(504);
  });

  it('goes on every 4 s after Pending, and gives up 30 s after it (H.248.1 D.1.4)', () => {
    const bench = new Bench(() => {});
    bench.request();
    bench.run();
    // The repetition at 500 ms shows the gateway that Pending is wanted; it arrives at 504 ms.
    expect(bench.sent('mgw').slice(0, 3)).toEqual(['502 Pending', '4506 Pending', '8506 Pending']);
    const times = bench.sent('mgc').map((line) => Number.parseFloat(line));
    expect(times).toEqual([0, 500, 4504, 8504, 12_504, 16_504, 20_504, 24_504, 28_504]);
    expect(bench.results.map(({ at }) => at)).toEqual([30_504]);
    expect(bench.executed).toEqual([2]);
  });

  it('is answered with Pending 2000 ms after a request that came only once (H.248.1 D.1.4)', () => {
    const lost = [1, 2].map((index) => ({ point: 'mgc>mgw', index, choice: 'drop' }));
    const bench = new Bench(
      (actions, reply, { after }) => after.call(bench, 3000, () => reply(actions)),
      lost,
    );
    bench.request();
    bench.run();
    // The repetitions at 500 ms and 1500 ms are lost, so only the gateway's own timer can tell.
    expect(bench.sent('mgw')).toEqual(['2002 Pending', '3002 Reply C=7 Subtract ip/access/1']);
    expect(bench.results.map(({ at }) => at)).toEqual([3004]);
  });

  it('ends with a reply that came after Pending, and acknowledges it at once (H.248.1 D.1.4)', () => {
    const bench = new Bench((actions, reply) => bench.after(1000, () => reply(actions)));
    bench.request();
    bench.run();
    expect(bench.sent('mgc').slice(2)).toEqual(['1004 TransactionResponseAck']);
    expect(bench.records('message.sent', 'mgw').at(-1)?.text).toContain('ImmAckRequired');
    expect(bench.results).toEqual([{ at: 1004, result: { actions: subtract } }]);
  });

  it('asks for no acknowledgement of a reply without Pending', () => {
    const bench = new Bench();
    bench.request();
    bench.run();
    expect(bench.sent('mgc')).toHaveLength(1);
  });
});

describe('faults of the network', () => {
  const faults = ['drop', 'duplicate', 'delay', 'reorder'];

  /** All tapes with exactly `count` faults among the first `packets` packets of either direction. */
  function* tapes(count: number, packets: number, from = 0): Generator<TapeEntry[]> {
    if (count === 0) {
      yield [];
      return;
    }
    for (let at = from; at < 2 * packets; at++) {
      const point = at % 2 === 0 ? 'mgc>mgw' : 'mgw>mgc';
      for (const choice of faults) {
        for (const rest of tapes(count - 1, packets, at + 1)) {
          yield [{ point, index: at >> 1, choice }, ...rest];
        }
      }
    }
  }

  function check(tape: Tape, answerAfterMs: number): void {
    const bench = new Bench(
      (actions, reply) => {
        if (answerAfterMs === 0) reply(actions);
        else bench.after(answerAfterMs, () => reply(actions));
      },
      tape,
      false,
    );
    bench.request();
    const outcome = bench.kernel.run();
    const seen = {
      status: outcome.status,
      executed: bench.executed.length,
      results: bench.results.map(({ result }) => 'actions' in result),
      open: bench.mgc.openTransactions + bench.mgw.openTransactions,
      pending: bench.kernel.pending,
    };
    const wanted = { status: 'idle', executed: 1, results: [true], open: 0, pending: 0 };
    expect({ tape, ...seen }).toEqual({ tape, ...wanted });
  }

  it('with up to three of them, a request at once obeyed is executed once and ends once', () => {
    let runs = 0;
    for (let count = 0; count <= 3; count++) {
      for (const tape of tapes(count, 4)) {
        check(tape, 0);
        runs++;
      }
    }
    // 1 + 8*4 + 28*16 + 56*64
    expect(runs).toBe(4065);
  });

  it.each([700, 2500, 6000])('with up to two, the same goes for one that takes %i ms', (answerAfterMs) => {
    for (let count = 0; count <= 2; count++) for (const tape of tapes(count, 6)) check(tape, answerAfterMs);
  });
});

describe('at most once (H.248.1 D.1.1)', () => {
  it('a repetition gets the same reply for 30 s without being executed', () => {
    const bench = new Bench();
    const stranger = new Stranger(bench);
    stranger.send(raw(5));
    bench.run(29_999);
    stranger.send(raw(5));
    bench.run(30_004);
    expect(bench.executed).toEqual([2]);
    expect(stranger.heard).toHaveLength(2);
    expect(stranger.heard[1]).toBe(stranger.heard[0]);
  });

  it('replies are forgotten after LONG-TIMER, and then no timer runs', () => {
    const bench = new Bench();
    const stranger = new Stranger(bench);
    stranger.send(raw(5));
    bench.run(1000);
    stranger.send(raw(6));
    bench.run();
    expect(bench.kernel.pending).toBe(0);
    // The first goes at 30 s, the second with the next sweep, not sooner than 5 s later.
    expect(bench.now).toBe(35_002);
    stranger.send(raw(5));
    bench.run(2e6);
    expect(bench.executed).toHaveLength(3);
  });

  it('the same id from another sender is another transaction', () => {
    const bench = new Bench();
    const stranger = new Stranger(bench);
    stranger.send(raw(5));
    stranger.send(raw(5).replace('10.0.0.9', '10.0.0.8'));
    bench.run();
    expect(bench.executed).toHaveLength(2);
  });

  it('after an acknowledgement a repetition is silently discarded (H.248.1 D.1.2.2)', () => {
    const bench = new Bench();
    const stranger = new Stranger(bench);
    for (const id of [5, 6, 9]) stranger.send(raw(id));
    bench.run(100);
    stranger.send('MEGACO/3 [10.0.0.9]:2944\r\nTransactionResponseAck { 4-6 }\r\n');
    bench.run(200);
    for (const id of [5, 6, 9]) stranger.send(raw(id));
    bench.run(300);
    expect(bench.executed).toHaveLength(3);
    expect(stranger.heard).toHaveLength(4);
    expect(stranger.heard[3]).toContain('Reply = 9');
  });
});

describe('bad input', () => {
  it.each([
    ['hello', 'not a megaco message', /^Error 400$/],
    ['MEGACO/3 [10.0.0.9]:2944 Nonsense = 1 { }', 'an unknown transaction', /^Error 400$/],
    [
      raw(5, 'Context = 7 { Subtract = ip/access/1 { }'),
      'a transaction without end',
      /^Reply 5 Error 4\d\d$/,
    ],
    [raw(5, 'Context = 7 { Subtract = { } }'), 'a command without termination', /^Reply 5 Error 4\d\d$/],
    [raw(5, 'Context = 7 { AuditValue = ip/access/1 }'), 'AuditValue without Audit', /^Reply 5 Error 442$/],
    [raw(5, undefined, 9), 'version 9', /^Error 406$/],
  ])('is answered with its code and a text, and not executed: %j (%s)', (text, _, summary) => {
    const bench = new Bench();
    const stranger = new Stranger(bench);
    stranger.send(text);
    bench.run();
    expect(stranger.heard).toHaveLength(1);
    const answers = bench.records('message.sent', 'mgw');
    expect(answers.map((answer) => answer.summary)).toEqual([expect.stringMatching(summary)]);
    const read = parseMegaco(stranger.heard[0] ?? '');
    expect(read.ok).toBe(true);
    expect(stranger.heard[0]).toMatch(/Error = 4\d\d \{ ".+: .+" \}/);
    expect(bench.executed).toEqual([]);
    expect(bench.kernel.trace?.events.some(({ body }) => body.kind === 'message.rejected')).toBe(true);
  });

  it.each([
    'MEGACO/3 [10.0.0.9]:2944 Reply = 5 { Context = 7 { Destroy = x } }',
    'MEGACO/3 [10.0.0.9]:2944 Reply = 5 { Context = 7 { Subtract = ip/access/1 } }',
    'MEGACO/3 [10.0.0.9]:2944 Pending = 5 { }',
    'MEGACO/3 [10.0.0.9]:2944 Error = 400 { "what" }',
  ])('that is no request is not answered: %s', (text) => {
    const bench = new Bench();
    const stranger = new Stranger(bench);
    stranger.send(text);
    bench.run();
    expect(stranger.heard).toEqual([]);
  });

  it('in one transaction of a message leaves the others alone', () => {
    const bench = new Bench();
    const stranger = new Stranger(bench);
    stranger.send(
      `${raw(5, 'Context = 7 { AuditValue = ip/access/1 }')}Transaction = 6 { Context = 7 { Subtract = a } }`,
    );
    bench.run();
    expect(bench.records('message.sent', 'mgw').map(({ summary }) => summary)).toEqual([
      'Reply 5 Error 442',
      'Reply 6 C=7 Subtract a',
    ]);
  });

  it('a reply from elsewhere than the request went to does not end it', () => {
    const bench = new Bench();
    const stranger = new Stranger(bench);
    bench.network.partition('mgc', 'mgw');
    bench.request();
    const [id] = /\d+/.exec(bench.records('message.sent', 'mgc')[0]?.summary ?? '') ?? [];
    stranger.send(`MEGACO/3 [10.0.0.2]:2944 Reply = ${id} { Context = 7 { } }`, bench.mgc.local);
    bench.run();
    expect(bench.results.map(({ at }) => at)).toEqual([15_000]);
  });

  it('that the peer does not speak this version ends every request to it with 406', () => {
    const bench = new Bench();
    const stranger = new Stranger(bench, '10.0.0.7', 2944);
    const results: MegacoResult[] = [];
    bench.mgc.request(stranger.local, subtract, (result) => results.push(result));
    bench.request();
    bench.run(1);
    stranger.send('MEGACO/1 [10.0.0.7]:2944 Error = 406 { "Version" }', bench.mgc.local);
    bench.run();
    expect(results).toEqual([{ error: { code: 406, text: 'Version' } }]);
    expect(bench.results).toHaveLength(1);
    expect(bench.results[0]?.result).toEqual({ actions: subtract });
  });

  it('never fails the run, whatever the bytes', () => {
    const damaged = fc.tuple(fc.nat(), fc.uint8Array({ maxLength: 8 })).map(([at, noise]) => {
      const bytes = new TextEncoder().encode(raw(5));
      bytes.set(noise, at % (bytes.length - 8));
      return bytes;
    });
    fc.assert(
      fc.property(fc.array(fc.oneof(damaged, fc.uint8Array({ maxLength: 80 })), { maxLength: 4 }), (list) => {
        const bench = new Bench(undefined, [], false);
        const stranger = new Stranger(bench);
        for (const bytes of list) stranger.send(bytes);
        expect(bench.kernel.run().status).toBe('idle');
        expect(bench.mgw.openTransactions).toBe(0);
      }),
      { numRuns: 300 },
    );
  });
});

describe('close', () => {
  it('ends requests under way once with code 0 and leaves nothing behind', () => {
    const bench = new Bench(() => {});
    bench.request();
    bench.run(3000);
    bench.close();
    expect(bench.results).toEqual([
      { at: 3000, result: { error: { code: 0, text: 'the endpoint is closed' } } },
    ]);
    expect(bench.mgc.openTransactions + bench.mgw.openTransactions).toBe(0);
    expect(bench.kernel.pending).toBe(0);
    expect(bench.network.hosts.map((host) => host.openSockets)).toEqual([0, 0]);
    bench.close();
    expect(bench.results).toHaveLength(1);
  });

  it('stops the timer that forgets replies', () => {
    const bench = new Bench();
    bench.request();
    bench.run(100);
    expect(bench.kernel.pending).toBe(1);
    bench.close();
    expect(bench.kernel.pending).toBe(0);
  });

  it('lets a user that answers too late do so in vain', () => {
    const bench = new Bench((actions, reply) => bench.after(100, () => reply(actions)));
    bench.request();
    bench.run(50);
    bench.mgw.close();
    bench.run(200);
    expect(bench.sent('mgw')).toEqual([]);
  });

  it('refuses requests afterwards, not before request has returned', () => {
    const bench = new Bench();
    bench.close();
    bench.request();
    expect(bench.results).toEqual([]);
    bench.run();
    expect(bench.results.map(({ result }) => 'error' in result && result.error.code)).toEqual([0]);
  });
});
