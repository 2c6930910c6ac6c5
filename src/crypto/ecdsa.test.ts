import { createPublicKey, verify as platformVerify } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { signP256Hash, verifyP256Hash } from './ecdsa.js';
import { fromHex, toBase64Url, toHex, toUtf8 } from './encoding.js';
import { signEs256 } from './es256.js';
import { sha256 } from './hash.js';
import { p256KeyPair } from './p256-key-pair.js';

const { secretKey, publicKey } = p256KeyPair(
  fromHex('C9AFA9D845BA75166B5C215767B1D6934E50C3DB36E89B127B8A622B120F6721') as Uint8Array,
);

describe('ECDSA signatures in DER', () => {
  it('are the R and S of RFC 6979 A.2.5 for "sample", with a zero before a first bit of one', () => {
    expect(toHex(signP256Hash(secretKey, sha256(toUtf8('sample'))))).toBe(
      '3046022100efd48b2aacb6a8fd1140dd9cd45e81d69d2c877b56aaf991c34d0ea84eaf3716' +
        '022100f7cb1c942d657c41d436c7a1b6e29f65f3e900dbb9aff4064dc4ab2f843acda8',
    );
  });

  it('are good to the platform and to us, for any message; damaged ones are not', () => {
    const jwk = {
      kty: 'EC',
      crv: 'P-256',
      x: toBase64Url(publicKey.subarray(1, 33)),
      y: toBase64Url(publicKey.subarray(33)),
    };
    const key = createPublicKey({ key: jwk, format: 'jwk' });
    fc.assert(
      fc.property(
        fc.uint8Array({ maxLength: 40 }),
        fc.nat(),
        fc.integer({ min: 1, max: 255 }),
        (message, at, flip) => {
          const signature = signP256Hash(secretKey, sha256(message));
          expect(platformVerify('sha256', message, key, signature)).toBe(true);
          expect(verifyP256Hash(publicKey, sha256(message), signature)).toBe(true);
          const damaged = signature.slice();
          const place = at % damaged.length;
          damaged[place] = (damaged[place] as number) ^ flip;
          expect(verifyP256Hash(publicKey, sha256(message), damaged)).toBe(false);
          const otherHash = sha256(Uint8Array.of(...message, 1));
          expect(verifyP256Hash(publicKey, otherHash, signature)).toBe(false);
        },
      ),
      { numRuns: 20 },
    );
  });

  it('are verified when another made them', () => {
    // the same signature in the other form, so that nothing is known of it here
    const compact = signEs256(secretKey, toUtf8('elsewhere'));
    const integer = (part: Uint8Array) => {
      let digits = [...part];
      while (digits[0] === 0) digits = digits.slice(1);
      if ((digits[0] as number) >= 0x80) digits.unshift(0);
      return [2, digits.length, ...digits];
    };
    const inner = [...integer(compact.subarray(0, 32)), ...integer(compact.subarray(32))];
    const der = Uint8Array.of(0x30, inner.length, ...inner);
    expect(verifyP256Hash(publicKey, sha256(toUtf8('elsewhere')), der)).toBe(true);
  });

  it('are taken in DER only', () => {
    const hash = sha256(toUtf8('sample'));
    const good = signP256Hash(secretKey, hash);
    const forms = [
      Uint8Array.of(),
      good.subarray(0, -1),
      Uint8Array.of(...good, 0),
      // a needless zero, a length of two bytes, a negative number, no number
      Uint8Array.of(0x30, 0x47, 2, 0x22, 0, ...good.subarray(4)),
      Uint8Array.of(0x30, 0x81, ...good.subarray(1)),
      Uint8Array.of(0x30, 0x45, 2, 0x20, ...good.subarray(5)),
      Uint8Array.of(0x30, 4, 2, 0, 2, 0),
      Uint8Array.of(0x30, 6, 2, 1, 0, 2, 1, 0),
    ];
    for (const form of forms) expect(verifyP256Hash(publicKey, hash, form)).toBe(false);
    expect(verifyP256Hash(publicKey.subarray(1), hash, good)).toBe(false);
  });
});
