import { p256 } from '@noble/curves/nist.js';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { fromHex, toHex, toUtf8 } from './encoding.js';
import { sha256 } from './hash.js';
import { signHash } from './p256-sign.js';

const bytes32 = fc.uint8Array({ minLength: 32, maxLength: 32 });

describe('a P-256 signature', () => {
  it('is that of RFC 6979 A.2.5 for "sample" and "test"', () => {
    const key = fromHex('C9AFA9D845BA75166B5C215767B1D6934E50C3DB36E89B127B8A622B120F6721') as Uint8Array;
    const sign = (text: string): string => toHex(signHash(key, sha256(toUtf8(text)))).toUpperCase();
    expect(sign('sample')).toBe(
      'EFD48B2AACB6A8FD1140DD9CD45E81D69D2C877B56AAF991C34D0EA84EAF3716' +
        'F7CB1C942D657C41D436C7A1B6E29F65F3E900DBB9AFF4064DC4AB2F843ACDA8',
    );
    expect(sign('test')).toBe(
      'F1ABB023518351CD71D881567B1EA663ED3EFCF6C5132B354F28D3B0B7D38367' +
        '019F4113742A2B14BD25926B49C649155F267E60D3814B4C0CC84250E46F0083',
    );
  });

  it('is bit for bit that of @noble/curves, for any key and hash', () => {
    fc.assert(
      fc.property(bytes32, bytes32, (seed, hash) => {
        fc.pre(p256.utils.isValidSecretKey(seed));
        const theirs = p256.sign(hash, seed, { prehash: false, lowS: false });
        expect(toHex(signHash(seed, hash))).toBe(toHex(theirs));
      }),
      { numRuns: 50, examples: [[new Uint8Array(32).fill(1), new Uint8Array(32).fill(255)]] },
    );
  });

  it('is refused for a key out of range', () => {
    for (const key of [new Uint8Array(32), new Uint8Array(32).fill(255)])
      expect(() => signHash(key, new Uint8Array(32))).toThrow();
  });
});
