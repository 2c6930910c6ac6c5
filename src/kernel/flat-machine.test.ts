import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { assign, cancel, createActor, enqueueActions, type InspectionEvent, raise, setup } from 'xstate';
import { quicken } from './flat-machine.js';

type Log = string[];

const EVENTS = [
  'next',
  'back',
  'self',
  'again',
  'quiet',
  'root',
  'raiseTwice',
  'end',
  'slide',
  'stranger',
  'boom',
] as const;

/** A machine with all that flat machines may have; made anew, since quickening changes it. */
function makeMachine(log: Log) {
  const say = (what: string) => () => {
    log.push(what);
  };
  return setup({
    types: {} as {
      context: { count: number; input: number };
      input: number;
      events: { type: (typeof EVENTS)[number] } | { type: 'inner' };
    },
    actions: {
      count: assign(({ context }) => ({ count: context.count + 1 })),
      countByKey: assign({ count: ({ context }, by: number) => context.count + by }),
      say: ({ context }, what: string) => {
        log.push(`${what} ${context.count}`);
      },
      fail: () => {
        throw new Error('broken on purpose');
      },
    },
    guards: { few: ({ context }) => context.count < 4 },
    delays: { soon: ({ context }) => 10 + context.count },
  }).createMachine({
    id: 'flat',
    context: ({ input }) => ({ count: 0, input }),
    initial: 'a',
    tags: 'all',
    entry: ['count', say('enter root')],
    exit: say('exit root'),
    on: {
      root: { target: '.a', actions: say('by root') },
      slide: { target: '.slide', actions: say('sliding') },
      boom: { actions: 'fail' },
    },
    states: {
      a: {
        tags: ['first', 'of two'],
        entry: [{ type: 'say', params: 'enter a' }, 'count'],
        exit: say('exit a'),
        after: { soon: { target: 'b', actions: say('late') } },
        on: {
          next: [{ guard: 'few', target: 'b', actions: { type: 'countByKey', params: 2 } }, { target: 'c' }],
          self: { target: 'a', actions: say('self') },
          again: { target: 'a', reenter: true, actions: say('again') },
          raiseTwice: { actions: [raise({ type: 'inner' }), raise({ type: 'next' }), say('raised')] },
          inner: { actions: [say('inner'), 'count'] },
        },
      },
      b: {
        entry: raise({ type: 'inner' }, { id: 'given', delay: 7 }),
        on: {
          inner: { target: 'c', actions: say('inner in b') },
          quiet: { actions: [cancel('given'), say('quiet')] },
          back: {
            target: 'a',
            actions: enqueueActions(({ enqueue, check }) => {
              if (check('few')) enqueue('count');
              enqueue(say('enqueued'));
            }),
          },
          end: 'done',
        },
      },
      slide: {
        entry: [say('enter slide'), raise({ type: 'inner' })],
        exit: say('exit slide'),
        always: [
          { guard: 'few', target: 'b', actions: ['count', say('slid')] },
          { guard: ({ event }) => event.type === 'slide', target: 'slope' },
          { target: 'c', actions: say('slid by another event') },
        ],
      },
      slope: {
        always: [
          { guard: ({ context }) => context.count < 12, actions: [say('slipping'), 'count'] },
          { actions: say('at rest') },
        ],
        on: { inner: { actions: say('inner on the slope') }, back: 'a' },
      },
      c: {
        tags: 'third',
        on: {
          back: 'a',
          quiet: { actions: raise({ type: 'slide' }) },
          end: { target: 'done', actions: say('ending') },
        },
      },
      done: { type: 'final', entry: say('enter done'), exit: say('exit done') },
    },
  });
}

class Clock {
  readonly log: Log;
  #timers = new Map<number, () => void>();
  #count = 0;

  constructor(log: Log) {
    this.log = log;
  }

  setTimeout(run: () => void, delayMs: number): number {
    this.log.push(`timer ${delayMs}`);
    this.#timers.set(++this.#count, run);
    return this.#count;
  }

  clearTimeout(id: number): void {
    if (this.#timers.delete(id)) this.log.push('timer cancelled');
  }

  fireFirst(): void {
    const [first] = this.#timers;
    if (first === undefined) return;
    this.#timers.delete(first[0]);
    first[1]();
  }
}

/** What can be seen of a run from outside. */
function play(script: readonly string[], quick: boolean): Log {
  const log: Log = [];
  const machine = makeMachine(log);
  machine.options.maxIterations = 100;
  if (quick) quicken(machine);
  const clock = new Clock(log);
  const inspect = (event: InspectionEvent): void => {
    if (event.type === '@xstate.microstep') {
      const { value, status } = event.snapshot as { value?: unknown; status: string };
      const taken = event._transitions.map((one) => `${one.source.id} ${one.eventType}`);
      log.push(`microstep ${event.event.type} to ${JSON.stringify(value)} ${status} by ${taken}`);
    } else if (event.type === '@xstate.action') log.push(`action ${event.action.type}`);
  };
  const actor = createActor(machine, { clock, inspect, input: 5 });
  actor.subscribe({
    next: ({ value, context, tags, status }) => log.push(JSON.stringify([value, context, [...tags], status])),
    complete: () => log.push('complete'),
    error: (error) => log.push(`error ${(error as Error).message}`),
  });
  actor.start();
  for (const step of script) {
    log.push(`> ${step}`);
    if (step === 'time') clock.fireFirst();
    else if (step === 'stop') actor.stop();
    else actor.send({ type: step as (typeof EVENTS)[number] });
  }
  const last = actor.getSnapshot();
  log.push(
    JSON.stringify([
      last.value,
      last.status,
      last.matches('a'),
      last.hasTag('third'),
      last.can({ type: 'end' }),
    ]),
  );
  log.push(JSON.stringify(last), JSON.stringify(actor.getPersistedSnapshot()));
  return log;
}

describe('a quickened machine', () => {
  it('does, tells and schedules exactly what XState has it do, whatever comes', () => {
    const script = fc.array(fc.constantFrom(...EVENTS.slice(0, -1), 'time', 'time'), { maxLength: 30 });
    fc.assert(
      fc.property(script, fc.constantFrom('', 'boom', 'stop'), (steps, last) => {
        const whole = last === '' ? steps : [...steps, last, 'next'];
        expect(play(whole, true)).toEqual(play(whole, false));
      }),
      { numRuns: 300 },
    );
  });

  it('is another one only if it is flat', () => {
    const flat = makeMachine([]);
    const { transition } = flat;
    quicken(flat);
    expect(flat.transition).not.toBe(transition);
    const nested = setup({}).createMachine({
      initial: 'a',
      states: { a: { initial: 'b', states: { b: {} } } },
    });
    const invoking = setup({ actors: { child: flat } }).createMachine({
      initial: 'a',
      states: { a: { invoke: { src: 'child', input: 1 } } },
    });
    const parallel = setup({}).createMachine({ type: 'parallel', states: { a: {}, b: {} } });
    for (const machine of [nested, invoking, parallel]) {
      const { transition: own, getInitialSnapshot } = machine;
      quicken(machine);
      expect(machine.transition).toBe(own);
      expect(machine.getInitialSnapshot).toBe(getInitialSnapshot);
    }
  });
});
