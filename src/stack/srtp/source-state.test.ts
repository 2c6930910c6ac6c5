import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ReplayList } from './replay-list.js';
import { SourceState } from './source-state.js';

/** The pseudocode of RFC 3711 Appendix A with a ROC of 0. */
function guess(highest: number, sequence: number): number {
  if (highest < 32_768) return sequence - highest > 32_768 ? 0xffff_ffff : 0;
  return highest - 32_768 > sequence ? 1 : 0;
}

describe('the rollover counter of a packet', () => {
  it('is estimated as in RFC 3711 Appendix A, for any pair of sequence numbers', () => {
    const pairs = fc.oneof(
      fc.tuple(fc.nat(0xffff), fc.nat(0xffff)),
      fc.tuple(fc.nat(0xffff), fc.integer({ min: -1, max: 1 })).map(([highest, off]) => {
        return [highest, (highest + 32_768 + off) & 0xffff] as const;
      }),
    );
    fc.assert(
      fc.property(pairs, ([highest, sequence]) => {
        expect(new SourceState(highest, 64).estimate(sequence)).toBe(guess(highest, sequence));
      }),
      { numRuns: 2000 },
    );
  });
});

describe('a replay list', () => {
  it('knows what a set of indices and a window know, whatever comes in whatever order', () => {
    // mostly in order, so that the ring is full when something leaps
    const steps = fc.array(
      fc.oneof(
        { weight: 8, arbitrary: fc.constant(1) },
        { weight: 2, arbitrary: fc.integer({ min: -3, max: 3 }) },
        { weight: 1, arbitrary: fc.integer({ min: -150, max: 300 }) },
      ),
      { minLength: 100, maxLength: 300 },
    );
    fc.assert(
      fc.property(steps, fc.constantFrom(64, 100, 128, 1024), (aheads, window) => {
        const list = new ReplayList(window);
        const received = new Set<number>();
        let highest = 100_000;
        for (const ahead of aheads) {
          const index = highest + ahead;
          expect(list.seen(index, ahead)).toBe(ahead <= -window || received.has(index));
          list.add(index, ahead);
          received.add(index);
          highest = Math.max(highest, index);
        }
      }),
      { numRuns: 300 },
    );
  });
});
