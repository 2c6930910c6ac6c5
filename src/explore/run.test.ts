import { describe, expect, it } from 'vitest';
import { parseTape, seededChoices, tapeChoices } from '../kernel/index.js';
import type { Host } from '../network/index.js';
import {
  Coverage,
  defineScenario,
  runScenario,
  type Scenario,
  type Stage,
  type Step,
  type World,
} from './index.js';

/** Two hosts; `a` asks, `b` answers with the same bytes. */
interface Echo extends World {
  readonly a: Host;
  readonly heard: () => number;
  ask(): void;
  keep(what: string): void;
}

function echo(script: (stage: Stage<Echo>) => Generator<Step, void, void>): Scenario<Echo> {
  return defineScenario<Echo>({
    name: 'test/echo',
    title: 'Echo',
    clauses: [],
    description: 'One host asks, the other answers.',
    topology: {
      name: 'two hosts',
      options: {},
      network: { realms: { core: { latencyUs: 1000 } } },
      build: (kernel, network) => {
        const a = network.addHost({ name: 'a', role: 'A', addresses: { core: '2001:db8::1' } });
        const b = network.addHost({ name: 'b', role: 'B', addresses: { core: '2001:db8::2' } });
        let heard = 0;
        const kept: string[] = [];
        const asking = a.udp('core', 1, () => {
          heard++;
        });
        const answering = b.udp('core', 2, (data, from) => answering.send(data, from));
        return {
          kernel,
          network,
          a,
          heard: () => heard,
          ask: () => asking.send(Uint8Array.of(1), answering.local),
          keep: (what) => kept.push(what),
          leftovers: () => kept,
          close: () => {
            asking.close();
            answering.close();
          },
        };
      },
    },
    script,
  });
}

const asks = echo(function* ({ world, until }) {
  world.ask();
  yield until('an answer', () => world.heard() === 1, 100);
});

describe('a run', () => {
  it('passes when its script comes to its end and nothing is left', () => {
    // 1 ms there and 1 ms back
    expect(runScenario(asks)).toMatchObject({ verdict: 'pass', at: 2000, violations: [], tape: [] });
  });

  it('is violated by a condition that does not come true in time, and says what waited', () => {
    const tape = parseTape('a>b#0=drop');
    if (typeof tape === 'string') throw new Error(tape);
    const result = runScenario(asks, { choices: tapeChoices(tape, seededChoices(1)) });
    expect(result.verdict).toBe('violation');
    expect(result.violations[0]?.what).toContain("'an answer' did not come true within 100 ms");
    expect(result.tape).toEqual([{ point: 'a>b', index: 0, choice: 1 }]);
    expect(runScenario(asks, { choices: tapeChoices(result.tape, seededChoices(1)) }).violations).toEqual(
      result.violations,
    );
  });

  it('is violated by an expectation that does not hold, at that place', () => {
    const result = runScenario(
      echo(function* ({ world, pause, expect: wish }) {
        yield pause(5);
        wish('two answers', world.heard() === 2);
        throw new Error('the script goes no further');
      }),
    );
    expect(result).toMatchObject({ verdict: 'violation', at: 5000 });
    expect(result.violations[0]?.what).toBe('expected two answers');
  });

  it('is violated by what is left over at the end', () => {
    const result = runScenario(
      echo(function* ({ world, pause }) {
        world.keep('a: one context');
        yield pause(1);
      }),
    );
    expect(result.violations.map(({ what }) => what)).toEqual(['left over at the end: a: one context']);
  });

  it('is an error, not a violation, when a model throws', () => {
    const result = runScenario(
      echo(function* ({ world, pause }) {
        world.a.schedule(1000, () => {
          throw new Error('a fault of the model');
        });
        yield pause(5);
      }),
    );
    expect(result.verdict).toBe('error');
    expect(result.error).toContain('a failed at 1.000 ms');
    expect(result.error).toContain('a fault of the model');
  });

  it('is an error when a script throws, with what it threw', () => {
    const result = runScenario(
      echo(function* ({ pause }) {
        yield pause(1);
        throw new Error('a fault of the script');
      }),
    );
    expect(result).toMatchObject({ verdict: 'error', at: 1000 });
    expect(result.error).toContain('a fault of the script');
  });

  it('is an error when two entities answer each other for ever', () => {
    const result = runScenario(
      echo(function* ({ world, until }) {
        const again = (): void => {
          world.a.schedule(0, again);
        };
        again();
        yield until('never', () => false);
      }),
      { maxEvents: 1000 },
    );
    expect(result.verdict).toBe('error');
    expect(result.error).toContain('limit of events');
  });
});

describe('coverage', () => {
  it('counts what traces say and nothing else', () => {
    const result = runScenario(
      echo(function* ({ world, pause }) {
        world.a.realises('24371-6.4.2-04', 'no such row');
        yield pause(1);
      }),
    );
    const coverage = new Coverage();
    if (result.trace !== undefined) coverage.add('test/echo', result.trace);
    expect(coverage.scenariosOf('24371-6.4.2-04')).toEqual(['test/echo']);
    expect(coverage.scenariosOf('24371-6.4.2-05')).toEqual([]);
  });
});
