import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { FrameReader, framePacket, MOST_FRAMED_BYTES } from './index.js';

describe('frames of RFC 4571', () => {
  it('have the length in front, most significant byte first', () => {
    expect([...framePacket(Uint8Array.of(7, 8, 9))]).toEqual([0, 3, 7, 8, 9]);
    expect([...framePacket(new Uint8Array(0x1234)).subarray(0, 2)]).toEqual([0x12, 0x34]);
    expect(() => framePacket(new Uint8Array(MOST_FRAMED_BYTES + 1))).toThrow(RangeError);
  });

  it('come out as they went in, wherever the stream is cut, without the null packets', () => {
    const packets = fc.array(fc.uint8Array({ maxLength: 700 }), { maxLength: 8 });
    fc.assert(
      fc.property(packets, fc.array(fc.nat(400), { maxLength: 30 }), (sent, cuts) => {
        const stream = new Uint8Array(sent.flatMap((packet) => [...framePacket(packet)]));
        const reader = new FrameReader();
        const received: Uint8Array[] = [];
        let at = 0;
        for (const cut of [...cuts, stream.length]) {
          received.push(...reader.push(stream.subarray(at, at + cut)));
          at = Math.min(stream.length, at + cut);
        }
        expect(received.map((one) => [...one])).toEqual(
          sent.filter(({ length }) => length > 0).map((one) => [...one]),
        );
        expect(reader.waiting).toBe(0);
      }),
    );
  });

  it('of any bytes whatever never keep more than one frame', () => {
    fc.assert(
      fc.property(fc.array(fc.uint8Array({ maxLength: 90_000, size: 'max' }), { maxLength: 4 }), (parts) => {
        const reader = new FrameReader();
        for (const part of parts) {
          reader.push(part);
          expect(reader.waiting).toBeLessThanOrEqual(MOST_FRAMED_BYTES + 1);
        }
      }),
      { numRuns: 30 },
    );
  });
});
