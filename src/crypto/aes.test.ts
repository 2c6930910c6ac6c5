import { ctr, gcm } from '@noble/ciphers/aes.js';
import { hmac } from '@noble/hashes/hmac.js';
import { sha1 } from '@noble/hashes/legacy.js';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Aes, wordAt } from './aes.js';
import { AesGcm, GCM_TAG_BYTES } from './aes-gcm.js';
import { fromHex, toHex } from './encoding.js';
import { HmacSha1 } from './hmac-sha1.js';

const hex = (text: string): Uint8Array => fromHex(text.replaceAll(' ', '')) as Uint8Array;
const key = fc
  .constantFrom(16, 24, 32)
  .chain((length) => fc.uint8Array({ minLength: length, maxLength: length }));
const data = fc.uint8Array({ maxLength: 200 });

function encrypted(keyHex: string, blockHex: string): string {
  const aes = new Aes(hex(keyHex));
  const block = hex(blockHex);
  aes.encrypt(wordAt(block, 0), wordAt(block, 4), wordAt(block, 8), wordAt(block, 12));
  return [...aes.block].map((word) => (word >>> 0).toString(16).padStart(8, '0')).join('');
}

describe('AES', () => {
  it('gives the cipher texts of FIPS 197 Appendix C for all three key lengths', () => {
    const plain = '00112233445566778899aabbccddeeff';
    const keys = '000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f';
    expect(encrypted(keys.slice(0, 32), plain)).toBe('69c4e0d86a7b0430d8cdb78070b4c55a');
    expect(encrypted(keys.slice(0, 48), plain)).toBe('dda97ca4864cdfe06eaf70a0ec0d7191');
    expect(encrypted(keys, plain)).toBe('8ea2b7ca516745bfeafc49904b496089');
  });

  it('gives the counter mode of SP 800-38A F.5.1', () => {
    const text = hex(
      '6bc1bee22e409f96e93d7e117393172a ae2d8a571e03ac9c9eb76fac45af8e51' +
        '30c81c46a35ce411e5fbc1191a0a52ef f69f2445df4f9b17ad2b417be66c3710',
    );
    const aes = new Aes(hex('2b7e151628aed2a6abf7158809cf4f3c'));
    aes.counterMode(0xf0f1f2f3, 0xf4f5f6f7, 0xf8f9fafb, 0xfcfdfeff, text, 0, text.length);
    expect(toHex(text)).toBe(
      '874d6191b620e3261bef6864990db6ce9806f66b7970fdff8617187bb9fffdff' +
        '5ae4df3edbd5d35e5b4f09020db03eab1e031dda2fbe03d1792170a0f3009cee',
    );
  });

  it('refuses a key of another length', () => {
    expect(() => new Aes(new Uint8Array(15))).toThrow(RangeError);
  });

  it('counts as @noble does, at any offset, and touches nothing else', () => {
    fc.assert(
      fc.property(
        key,
        data,
        fc.nat(20),
        fc.uint8Array({ minLength: 14, maxLength: 14 }),
        (k, text, lead, iv) => {
          // the last two bytes of the counter block start at zero, so that no carry leaves its last word
          const block = Uint8Array.of(...iv, 0, 0);
          const buffer = Uint8Array.of(...new Uint8Array(lead).fill(7), ...text, 9);
          new Aes(k).counterMode(
            wordAt(block, 0),
            wordAt(block, 4),
            wordAt(block, 8),
            wordAt(block, 12),
            buffer,
            lead,
            lead + text.length,
          );
          const expected = text.length === 0 ? text : ctr(k, block).encrypt(text);
          expect(buffer).toEqual(Uint8Array.of(...new Uint8Array(lead).fill(7), ...expected, 9));
        },
      ),
    );
  });
});

describe('AES-GCM', () => {
  it('gives cases 1, 2 and 4 of the GCM specification', () => {
    const tagOf = (k: string, iv: string, aad: string, text: string): string => {
      const plain = hex(text);
      const buffer = new Uint8Array(plain.length + GCM_TAG_BYTES);
      buffer.set(plain);
      const associated = hex(aad);
      new AesGcm(hex(k)).seal(hex(iv), associated, associated.length, buffer, 0, plain.length, plain.length);
      return toHex(buffer);
    };
    const zeros = (count: number): string => '00'.repeat(count);
    expect(tagOf(zeros(16), zeros(12), '', '')).toBe('58e2fccefa7e3061367f1d57a4e7455a');
    expect(tagOf(zeros(16), zeros(12), '', zeros(16))).toBe(
      '0388dace60b6a392f328c2b971b2fe78ab6e47d42cec13bdf53a67b21257bddf',
    );
    expect(
      tagOf(
        'feffe9928665731c6d6a8f9467308308',
        'cafebabefacedbaddecaf888',
        'feedfacedeadbeeffeedfacedeadbeefabaddad2',
        'd9313225f88406e5a55909c5aff5269a86a7a9531534f7da2e4c303d8a318a72' +
          '1c3c0c95956809532fcf0e2449a6b525b16aedf5aa0de657ba637b39',
      ),
    ).toBe(
      '42831ec2217774244b7221b784d0d49ce3aa212f2c02a4e035c17e2329aca12e' +
        '21d514b25466931c7d8f6a5aac84aa051ba30b396a0aac973d58e091' +
        '5bc94fbc3221a5db94fae95ae7121a47',
    );
  });

  it('seals as @noble does and opens what was sealed; a changed bit anywhere is seen and nothing is decrypted', () => {
    const nonce = fc.uint8Array({ minLength: 12, maxLength: 12 });
    fc.assert(
      fc.property(key, nonce, data, data, fc.nat(), (k, iv, aad, text, flip) => {
        const cipher = new AesGcm(k);
        const sealed = new Uint8Array(text.length + GCM_TAG_BYTES);
        sealed.set(text);
        cipher.seal(iv, aad, aad.length, sealed, 0, text.length, text.length);
        expect(sealed).toEqual(gcm(k, iv, aad).encrypt(text));
        const changed = sealed.slice();
        const bit = flip % (8 * changed.length);
        changed[bit >> 3] = (changed[bit >> 3] as number) ^ (1 << (bit & 7));
        const untouched = changed.slice();
        expect(cipher.open(iv, aad, aad.length, changed, 0, text.length, text.length)).toBe(false);
        expect(changed).toEqual(untouched);
        expect(cipher.open(iv, aad, aad.length, sealed, 0, text.length, text.length)).toBe(true);
        expect(sealed.slice(0, text.length)).toEqual(text);
      }),
    );
  });
});

describe('HMAC-SHA1 with a kept key', () => {
  it('gives cases 1 and 2 of RFC 2202 3', () => {
    const digestOf = (k: Uint8Array, message: string): string => {
      const mac = new HmacSha1(k);
      const bytes = new TextEncoder().encode(message);
      mac.digest(bytes, bytes.length);
      const digest = new Uint8Array(20);
      mac.write(digest, 0, 20);
      return toHex(digest);
    };
    expect(digestOf(new Uint8Array(20).fill(0x0b), 'Hi There')).toBe(
      'b617318655057264e28bc0b6fb378c8ef146be00',
    );
    expect(digestOf(new TextEncoder().encode('Jefe'), 'what do ya want for nothing?')).toBe(
      'effcdf6ae5eb2fa2d27416d5f184df9c259a7c79',
    );
  });

  it('agrees with @noble for every length over two blocks', () => {
    const text = Uint8Array.from({ length: 140 }, (_, i) => i);
    const mac = new HmacSha1(text.subarray(0, 20));
    for (let length = 0; length <= text.length; length += 1) {
      mac.digest(text, length);
      const expected = hmac(sha1, text.subarray(0, 20), text.subarray(0, length));
      expect(mac.equals(expected, 0, 20), `${length} bytes`).toBe(true);
    }
  });

  it('agrees with @noble for keys and messages of any length, with and without a word behind them', () => {
    const word = fc.option(fc.nat(0xffff_ffff), { nil: undefined });
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 100 }), data, fc.nat(10), word, (k, text, extra, suffix) => {
        const mac = new HmacSha1(k);
        const message = Uint8Array.of(...text, ...new Uint8Array(extra));
        const tail = suffix === undefined ? [] : [24, 16, 8, 0].map((shift) => (suffix >>> shift) & 255);
        const expected = hmac(sha1, k, Uint8Array.of(...text, ...tail));
        // twice: nothing of a message is left for the next
        mac.digest(message, message.length);
        mac.digest(message, text.length, suffix);
        const digest = new Uint8Array(24);
        mac.write(digest, 2, 20);
        expect(digest.slice(2, 22)).toEqual(expected);
        expect(mac.equals(digest, 2, 20)).toBe(true);
        digest[11] = (digest[11] as number) ^ 1;
        expect(mac.equals(digest, 2, 20)).toBe(false);
        expect(mac.equals(digest, 2, 9)).toBe(true);
      }),
      { numRuns: 500 },
    );
  });
});
