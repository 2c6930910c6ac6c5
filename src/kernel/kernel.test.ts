import fc from 'fast-check';
import { describe, expect, it, vi } from 'vitest';
import { assign, setup } from 'xstate';
import { hashTrace, parseTrace, serializeTrace } from '../trace/index.js';
import { EventQueue, type Timer } from './event-queue.js';
import {
  describeOutcome,
  formatTape,
  Kernel,
  listChoices,
  parseTape,
  RandomStream,
  seededChoices,
  spawn,
  tapeChoices,
} from './index.js';

describe('event queue', () => {
  it('gives timers back in order of (time, sequence), whatever is cancelled in between', () => {
    const plan = fc.array(fc.record({ at: fc.nat(20), cancel: fc.boolean() }), { maxLength: 60 });
    fc.assert(
      fc.property(plan, (entries) => {
        const queue = new EventQueue();
        const timers = entries.map(
          ({ at }, sequence): Timer => ({ at, sequence, entity: '', run: () => {}, cause: 0, slot: -1 }),
        );
        for (const timer of timers) queue.push(timer);
        timers.forEach((timer, i) => {
          if (entries[i]?.cancel) queue.remove(timer);
        });
        const kept = timers.filter((_, i) => entries[i]?.cancel !== true);
        kept.sort((a, b) => a.at - b.at || a.sequence - b.sequence);
        const popped: Timer[] = [];
        for (let next = queue.pop(); next !== undefined; next = queue.pop()) popped.push(next);
        expect(popped).toEqual(kept);
      }),
    );
  });
});

describe('random streams', () => {
  it('are pinned: these numbers must never change, or every recorded run changes', () => {
    const stream = new RandomStream(1, 'pinned');
    expect([stream.uint32(), stream.uint32(), stream.below(10), stream.token(8)]).toMatchInlineSnapshot(`
      [
        3792853121,
        2718970195,
        6,
        "z5f3s1oj",
      ]
    `);
  });

  it('of another name or seed are other streams, and using one does not shift another', () => {
    const kernel = new Kernel({ seed: 3 });
    const first = kernel.random('a').uint32();
    for (let i = 0; i < 100; i++) kernel.random('b').uint32();
    expect(kernel.random('a').uint32()).toBe(
      (() => {
        const again = new RandomStream(3, 'a');
        again.uint32();
        return again.uint32();
      })(),
    );
    expect(first).not.toBe(new RandomStream(4, 'a').uint32());
    expect(first).not.toBe(new RandomStream(3, 'c').uint32());
  });
});

describe('choices', () => {
  const ask = (kernel: Kernel, name: string): number => kernel.choose(name, ['deliver', 'drop', 'delay']);

  it('go the benign way unless something says otherwise', () => {
    const kernel = new Kernel();
    expect([ask(kernel, 'x'), ask(kernel, 'x')]).toEqual([0, 0]);
    expect(kernel.taken).toEqual([]);
  });

  it('of a tape are addressed by name and number, so that removing one moves no other', () => {
    const tape = parseTape('x#1=drop,y#0=2');
    if (typeof tape === 'string') throw new Error(tape);
    const kernel = new Kernel({ choices: tapeChoices(tape, seededChoices(1)) });
    expect([ask(kernel, 'x'), ask(kernel, 'y'), ask(kernel, 'x'), ask(kernel, 'x')]).toEqual([0, 2, 1, 0]);
    expect(formatTape(kernel.taken)).toBe('y#0=2,x#1=1');
  });

  it('of a list are taken in the order in which they come up, each modulo the options', () => {
    const kernel = new Kernel({ choices: listChoices([0, 4, 2], seededChoices(1)) });
    expect([ask(kernel, 'x'), ask(kernel, 'y'), ask(kernel, 'x'), ask(kernel, 'x')]).toEqual([0, 1, 2, 0]);
  });

  it('follow configured weights by the seed, about as often as they say', () => {
    const kernel = new Kernel({ seed: 5 });
    let dropped = 0;
    for (let i = 0; i < 10_000; i++) dropped += kernel.choose('link', ['deliver', 'drop'], [0.9, 0.1]);
    // 1000 expected; six standard deviations of a binomial are 180
    expect(Math.abs(dropped - 1000)).toBeLessThan(180);
  });

  it('are all benign in the liveness phase', () => {
    const kernel = new Kernel({ choices: { choose: () => 1 } });
    expect(ask(kernel, 'x')).toBe(1);
    kernel.enterLiveness();
    expect(ask(kernel, 'x')).toBe(0);
  });

  it('say what is wrong with a tape that cannot be read', () => {
    expect(parseTape('x=3')).toContain("'x=3'");
  });
});

describe('run', () => {
  it('plays events in order of time, first set first', () => {
    const kernel = new Kernel();
    const seen: string[] = [];
    kernel.schedule(20, '', () => seen.push('late'));
    kernel.schedule(10, '', () => seen.push('a'));
    kernel.schedule(10, '', () => seen.push('b'));
    const timer = kernel.schedule(15, '', () => seen.push('cancelled'));
    kernel.cancel(timer);
    expect(kernel.run()).toMatchObject({ status: 'idle', at: 20, events: 3 });
    expect(seen).toEqual(['a', 'b', 'late']);
  });

  it('makes the order of simultaneous events a choice when asked to', () => {
    const kernel = new Kernel({ interleave: true, choices: listChoices([1], seededChoices(1)) });
    const seen: string[] = [];
    kernel.schedule(1, 'a', () => seen.push('a'));
    kernel.schedule(1, 'b', () => seen.push('b'));
    kernel.run();
    expect(seen).toEqual(['b', 'a']);
  });

  it('reports a deadlock with what still waits', () => {
    const kernel = new Kernel();
    kernel.await('an answer');
    const outcome = kernel.run();
    expect(outcome.status).toBe('deadlock');
    expect(describeOutcome(outcome)).toContain('an answer');
  });

  it('stops at the limits of events and of virtual time', () => {
    const kernel = new Kernel();
    const again = (): void => {
      kernel.schedule(10, '', again);
    };
    again();
    expect(kernel.run({ events: 5 }).status).toBe('event-limit');
    const outcome = kernel.run({ untilUs: 1_000 });
    expect(outcome).toMatchObject({ status: 'time-limit', at: 1_000 });
  });

  it('fails at once when a callback throws, with entity and time', () => {
    const kernel = new Kernel();
    kernel.schedule(7, 'hss', () => {
      throw new Error('no such thing');
    });
    kernel.schedule(8, 'hss', () => {});
    const outcome = kernel.run();
    expect(outcome).toMatchObject({
      status: 'failed',
      at: 7,
      failure: { entity: 'hss', reason: 'no such thing' },
    });
  });
});

const doubling = setup({
  types: {} as { context: { waitMs: number; fired: number } },
  actions: { count: assign(({ context }) => ({ fired: context.fired + 1, waitMs: context.waitMs * 2 })) },
  delays: { wait: ({ context }) => context.waitMs },
}).createMachine({
  id: 'doubling',
  context: { waitMs: 500, fired: 0 },
  initial: 'waiting',
  states: { waiting: { after: { wait: { target: 'waiting', reenter: true, actions: 'count' } } } },
});

const touchy = setup({
  types: {} as { events: { type: 'go' } | { type: 'break' } | { type: 'stranger' } },
  actions: {
    break: () => {
      throw new Error('broken on purpose');
    },
  },
}).createMachine({
  id: 'touchy',
  initial: 'idle',
  states: {
    idle: {
      on: { go: { target: 'gone', meta: { requirements: ['24371-5.2-01'] } }, break: { actions: 'break' } },
    },
    gone: { meta: { requirements: ['24371-5.2-02'] } },
  },
});

describe('hosted actors', () => {
  it('a doubling timer of 500 ms fires six times in 32 s, though time jumps', () => {
    const kernel = new Kernel();
    const actor = spawn(kernel, 'ue', doubling, { id: 'timer' });
    kernel.run({ untilUs: 32_000_000 });
    // 500, 1500, 3500, 7500, 15500 and 31500 ms
    expect(actor.getSnapshot().context.fired).toBe(6);
  });

  it('an action that throws fails the run with entity, event and place in the trace', () => {
    const kernel = new Kernel({ trace: true });
    const actor = spawn(kernel, 'ue', touchy, { id: 'touchy' });
    kernel.schedule(5, 'ue', () => actor.send({ type: 'break' }));
    const outcome = kernel.run();
    expect(outcome.status).toBe('failed');
    expect(outcome.failure?.reason).toContain('broken on purpose');
    expect(outcome.failure).toMatchObject({ entity: 'ue', at: 5, handling: 'touchy' });
    expect(kernel.trace?.event(outcome.failure?.event ?? 0)?.body.kind).toBe('failure');
  });

  it('record states, requirements of transitions and states, and events that nobody handles', () => {
    const kernel = new Kernel({ trace: true });
    const actor = spawn(kernel, 'ue', touchy, { id: 'touchy' });
    actor.send({ type: 'stranger' });
    actor.send({ type: 'go' });
    expect(kernel.trace?.events.map(({ body }) => body)).toEqual([
      { kind: 'state', machine: 'touchy', actor: 'touchy', from: '', to: 'idle', event: 'xstate.init' },
      { kind: 'unexpected', machine: 'touchy', actor: 'touchy', state: 'idle', event: 'stranger' },
      { kind: 'state', machine: 'touchy', actor: 'touchy', from: 'idle', to: 'gone', event: 'go' },
      { kind: 'requirement', ids: ['24371-5.2-01', '24371-5.2-02'] },
    ]);
  });

  it('give the same trace whatever the clock and the chance of the machine say', () => {
    const play = (): string => {
      const kernel = new Kernel({ trace: true });
      spawn(kernel, 'ue', doubling, { id: 'timer' });
      kernel.run({ untilUs: 2_000_000 });
      return serializeTrace(kernel.trace as NonNullable<typeof kernel.trace>);
    };
    const expected = play();
    const now = vi.spyOn(Date, 'now').mockReturnValue(-1);
    const random = vi.spyOn(Math, 'random').mockImplementation(() => {
      throw new Error('Math.random was drawn');
    });
    try {
      expect(play()).toBe(expected);
    } finally {
      now.mockRestore();
      random.mockRestore();
    }
  });
});

describe('trace', () => {
  it('survives its file format, and the same run has the same hash twice', () => {
    const play = (): Kernel => {
      const kernel = new Kernel({ trace: true, seed: 9 });
      kernel.trace?.hosts.push({ name: 'a', role: 'UE', addresses: { core: '2001:db8::1' } });
      spawn(kernel, 'a', doubling, { id: 'timer' });
      kernel.record('a', {
        kind: 'packet.sent',
        packet: {
          link: 'a>b',
          index: 0,
          realm: 'core',
          from: 'a',
          to: 'b',
          src: { ip: '2001:db8::1', port: 1 },
          dst: { ip: '2001:db8::2', port: 2 },
          protocol: 'udp',
          data: kernel.random('data').bytes(9),
        },
      });
      kernel.run({ untilUs: 4_000_000 });
      return kernel;
    };
    const [one, two] = [play().trace, play().trace];
    if (one === undefined || two === undefined) throw new Error('no trace');
    expect(hashTrace(one)).toBe(hashTrace(two));
    const back = parseTrace(serializeTrace(one));
    expect(back.events).toEqual(one.events);
    expect(hashTrace(back)).toBe(hashTrace(one));
    expect(() => parseTrace('{"format":"other"}\n')).toThrow('line 1');
  });
});
