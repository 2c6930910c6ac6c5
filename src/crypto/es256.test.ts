import { createPublicKey, verify } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { fromHex, toBase64Url, toHex, toUtf8 } from './encoding.js';
import { signEs256, verifyEs256 } from './es256.js';
import { Memo, memoKey } from './memo.js';
import { p256KeyPair } from './p256-key-pair.js';

const bytes = (hex: string) => fromHex(hex) as Uint8Array;

describe('ES256', () => {
  it('signs RFC 6979 A.2.5 (SHA-256) to the published R and S', () => {
    const { secretKey, publicKey } = p256KeyPair(
      bytes('C9AFA9D845BA75166B5C215767B1D6934E50C3DB36E89B127B8A622B120F6721'),
    );
    const cases = [
      [
        'sample',
        'efd48b2aacb6a8fd1140dd9cd45e81d69d2c877b56aaf991c34d0ea84eaf3716',
        'f7cb1c942d657c41d436c7a1b6e29f65f3e900dbb9aff4064dc4ab2f843acda8',
      ],
      [
        'test',
        'f1abb023518351cd71d881567b1ea663ed3efcf6c5132b354f28d3b0b7d38367',
        '019f4113742a2b14bd25926b49c649155f267e60d3814b4c0cc84250e46f0083',
      ],
    ] as const;
    for (const [message, r, s] of cases) {
      const signature = signEs256(secretKey, toUtf8(message));
      expect(toHex(signature)).toBe(r + s);
      expect(verifyEs256(publicKey, toUtf8(message), signature)).toBe(true);
    }
  });

  it('makes signatures the platform verifies', () => {
    const { secretKey, publicKey } = p256KeyPair(new Uint8Array(32).fill(7));
    const key = createPublicKey({
      key: {
        kty: 'EC',
        crv: 'P-256',
        x: toBase64Url(publicKey.subarray(1, 33)),
        y: toBase64Url(publicKey.subarray(33)),
      },
      format: 'jwk',
    });
    const message = toUtf8('judged by another implementation');
    const signature = signEs256(secretKey, message);
    expect(verify('sha256', message, { key, dsaEncoding: 'ieee-p1363' }, signature)).toBe(true);
  });

  it('refuses a signature over another message, by another key, or of another form, and never throws', () => {
    const one = p256KeyPair(new Uint8Array(32).fill(1));
    const two = p256KeyPair(new Uint8Array(32).fill(2));
    const message = toUtf8('m');
    const signature = signEs256(one.secretKey, message);
    const changed = signature.map((byte, i) => (i === 40 ? byte ^ 1 : byte));
    expect(verifyEs256(one.publicKey, message, signature)).toBe(true);
    expect(verifyEs256(one.publicKey, message, changed)).toBe(false);
    expect(verifyEs256(one.publicKey, message, signature)).toBe(true);
    expect(verifyEs256(one.publicKey, toUtf8('n'), signature)).toBe(false);
    expect(verifyEs256(two.publicKey, message, signature)).toBe(false);
    expect(verifyEs256(one.publicKey, message, signature.subarray(1))).toBe(false);
    expect(verifyEs256(one.publicKey, message, new Uint8Array(64))).toBe(false);
    fc.assert(
      fc.property(
        fc.uint8Array({ maxLength: 70 }),
        fc.uint8Array({ minLength: 64, maxLength: 64 }),
        (key, sig) => {
          expect(verifyEs256(key, message, sig)).toBe(false);
        },
      ),
      { numRuns: 50 },
    );
  });

  it('takes any 32 bytes as a seed and nothing else', () => {
    expect(p256KeyPair(new Uint8Array(32).fill(255)).secretKey).toHaveLength(32);
    expect(toHex(p256KeyPair(new Uint8Array(32)).secretKey)).toBe(`${'00'.repeat(31)}01`);
    expect(() => p256KeyPair(new Uint8Array(31))).toThrow(RangeError);
  });
});

describe('Memo', () => {
  it('computes once a key and forgets the oldest when full', () => {
    const memo = new Memo<number>(2);
    let computed = 0;
    const get = (key: string) =>
      memo.get(key, () => {
        computed += 1;
        return computed;
      });
    expect([get('a'), get('a'), get('b'), get('c'), get('a')]).toEqual([1, 1, 2, 3, 4]);
    expect(memo.size).toBe(2);
  });

  it('tells apart byte strings that join to the same bytes', () => {
    expect(memoKey(Uint8Array.of(1, 2), Uint8Array.of(3))).not.toBe(
      memoKey(Uint8Array.of(1), Uint8Array.of(2, 3)),
    );
  });
});
