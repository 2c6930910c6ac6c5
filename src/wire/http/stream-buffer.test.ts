import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { StreamBuffer } from './stream-buffer.js';

describe('StreamBuffer', () => {
  it('gives back the bytes in order, whatever the pieces, and counts their absolute offset', () => {
    const step = fc.oneof(
      fc.uint8Array({ maxLength: 3000 }).map((chunk) => ({ chunk, take: 0 })),
      fc.nat(2000).map((take) => ({ chunk: new Uint8Array(0), take })),
    );
    fc.assert(
      fc.property(fc.nat(100), fc.array(step, { maxLength: 20 }), (start, steps) => {
        const buffer = new StreamBuffer(start);
        let expected: number[] = [];
        let offset = start;
        for (const { chunk, take } of steps) {
          buffer.append(chunk);
          expected.push(...chunk);
          const count = Math.min(take, buffer.length);
          expect([...buffer.take(count)]).toEqual(expected.slice(0, count));
          expected = expected.slice(count);
          offset += count;
          expect(buffer.offset).toBe(offset);
          expect(buffer.length).toBe(expected.length);
          expect(buffer.at(0)).toBe(expected[0]);
          expect(buffer.at(buffer.length)).toBeUndefined();
        }
        expect([...buffer.view()]).toEqual(expected);
      }),
    );
  });

  it('never writes into a chunk it borrowed', () => {
    const chunk = Uint8Array.of(1, 2, 3);
    const buffer = new StreamBuffer();
    buffer.append(chunk);
    buffer.skip(1);
    buffer.append(Uint8Array.of(4, 5));
    expect([...buffer.view()]).toEqual([2, 3, 4, 5]);
    expect([...chunk]).toEqual([1, 2, 3]);
  });
});
