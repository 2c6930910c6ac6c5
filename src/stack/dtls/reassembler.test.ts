import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Reassembler } from './reassembler.js';
import { ReplayWindow } from './replay-window.js';

const content = (length: number, messageSeq: number) =>
  Uint8Array.from({ length }, (_, at) => (at * 7 + messageSeq) & 0xff);

const fragmentOf = (messageSeq: number, length: number, from: number, to: number) => ({
  messageType: 11,
  messageSeq,
  length,
  fragmentOffset: from,
  fragment: content(length, messageSeq).subarray(from, to),
});

describe('reassembly', () => {
  it('gives every message once, whole and in order, however its fragments lie, overlap and come', () => {
    const length = 100;
    const cut = fc.tuple(fc.nat(3), fc.nat(length), fc.nat(length));
    fc.assert(
      fc.property(fc.array(cut, { maxLength: 60 }), (cuts) => {
        const reassembler = new Reassembler(0);
        const taken: number[] = [];
        const drain = () => {
          for (let one = reassembler.take(); one !== undefined; one = reassembler.take()) {
            expect(one.body).toEqual(content(length, one.messageSeq));
            taken.push(one.messageSeq);
          }
        };
        const covered = Array.from({ length: 4 }, () => new Set<number>());
        for (const [messageSeq, a, b] of cuts) {
          const [from, to] = [Math.min(a, b), Math.max(a, b)];
          for (let at = from; at < to; at += 1) covered[messageSeq]?.add(at);
          reassembler.add(fragmentOf(messageSeq, length, from, to));
          drain();
          const whole = covered.findIndex(({ size }) => size < length);
          expect(taken).toEqual([0, 1, 2, 3].slice(0, whole === -1 ? 4 : whole));
        }
      }),
      { numRuns: 300 },
    );
  });

  it('takes messages without a body', () => {
    const reassembler = new Reassembler(0);
    reassembler.add(fragmentOf(0, 0, 0, 0));
    expect(reassembler.take()?.body).toHaveLength(0);
  });

  it('tells old fragments, fragments too far ahead, oversized and contradictory ones', () => {
    const reassembler = new Reassembler(2);
    expect(reassembler.add(fragmentOf(1, 10, 0, 5))).toBe('old');
    expect(reassembler.add(fragmentOf(10, 10, 0, 5))).toBe('bad');
    expect(reassembler.add(fragmentOf(2, 32_769, 0, 5))).toBe('oversized');
    expect(reassembler.add(fragmentOf(2, 10, 0, 5))).toBe('taken');
    expect(reassembler.add(fragmentOf(2, 11, 5, 11))).toBe('bad');
    // the latest counts, so that a forged one does not shut out what the peer repeats
    expect(reassembler.add(fragmentOf(2, 10, 5, 10))).toBe('bad');
    expect(reassembler.take()).toBeUndefined();
    expect(reassembler.add(fragmentOf(2, 10, 0, 5))).toBe('taken');
    expect(reassembler.take()?.body).toEqual(content(10, 2));
  });

  it('begins with any message if nothing is known, and keeps no more than two', () => {
    const reassembler = new Reassembler(undefined);
    expect([0, 1, 2].map((one) => reassembler.add(fragmentOf(one, 10, 0, 5)))).toEqual([
      'taken',
      'taken',
      'bad',
    ]);
    reassembler.add(fragmentOf(1, 10, 5, 10));
    expect(reassembler.take()?.messageSeq).toBe(1);
    expect(reassembler.next).toBe(2);
    reassembler.reset();
    expect(reassembler.next).toBeUndefined();
    expect(reassembler.take()).toBeUndefined();
  });
});

describe('the replay window', () => {
  it('knows of the last 64 numbers whether they have been, and nothing of those before', () => {
    fc.assert(
      fc.property(fc.array(fc.nat(200), { maxLength: 100 }), fc.constantFrom(0, 2 ** 40), (numbers, base) => {
        const window = new ReplayWindow();
        const seen = new Set<number>();
        for (const number of numbers.map((one) => one + base)) {
          const highest = Math.max(-1, ...seen);
          const expected = number <= highest - 64 ? 'too old' : seen.has(number) ? 'duplicate' : 'new';
          expect(window.check(number)).toBe(expected);
          if (expected === 'new') {
            window.mark(number);
            seen.add(number);
          }
        }
      }),
      { numRuns: 500 },
    );
  });
});
