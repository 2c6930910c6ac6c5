import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { bed, carries, connect, describe as describeAgent, leftovers, makeAgent, pass } from './testbed.js';

describe('a lossy path', () => {
  it('connects whatever happens to any three of the first packets, and leaves nothing', () => {
    const options = fc.record({
      full: fc.boolean(),
      components: fc.integer({ min: 1, max: 2 }),
      old: fc.boolean(),
      sameRole: fc.boolean(),
      early: fc.boolean(),
    });
    // 0 deliver, 1 drop, 2 duplicate, 3 delay, 4 reorder, 5 corrupt
    const strikes = fc.uniqueArray(fc.tuple(fc.nat(24), fc.integer({ min: 1, max: 5 })), {
      maxLength: 3,
      selector: ([at]) => at,
    });
    fc.assert(
      fc.property(options, strikes, ({ full, components, old, sameRole, early }, faults) => {
        const tape = Array.from({ length: 25 }, (_, i) => faults.find(([at]) => at === i)?.[1] ?? 0);
        const it = bed({}, tape);
        const specification = old ? 'rfc5245' : 'rfc8445';
        const nomination = old ? 'aggressive' : 'regular';
        const common = { components, specification, nomination } as const;
        const a = makeAgent(it.left, { ...common, role: 'controlling' });
        const b = makeAgent(it.right, { ...common, full, role: sameRole ? 'controlling' : 'controlled' });
        if (early) {
          a.agent.addRemote(describeAgent(b.agent, { lite: !full }));
          a.agent.start();
          pass(it, 150);
          b.agent.addRemote(describeAgent(a.agent));
          b.agent.start();
        } else connect(a.agent, b.agent, {}, { lite: !full });
        pass(it, 20_000);
        expect([a.agent.state, b.agent.state]).toEqual(['Completed', 'Completed']);
        it.kernel.enterLiveness();
        for (let one = 1; one <= components; one++) expect(carries(it, a, b, one)).toBe(true);
        expect(leftovers(it, a.agent, b.agent)).toEqual([]);
      }),
      { numRuns: 300 },
    );
  });

  it('gives the same run for the same seed', () => {
    const run = (): string => {
      const it = bed({ realms: { access: { loss: 0.3 } } });
      const a = makeAgent(it.left, { role: 'controlling' });
      const b = makeAgent(it.right);
      connect(a.agent, b.agent);
      pass(it, 60_000);
      return JSON.stringify(it.kernel.trace?.events.map(({ at, entity, body }) => [at, entity, body]));
    };
    expect(run()).toBe(run());
  });
});
