import { describe, expect, it } from 'vitest';
import { crc32, crc32c } from './crc.js';
import { fromHex, toHex, toUtf8 } from './encoding.js';
import vectors from './fixtures/crc.json' with { type: 'json' };
import { hmacSha1, hmacSha256, md5, sha1, sha256 } from './hash.js';

const bytes = (hex: string) => fromHex(hex) as Uint8Array;

describe('hashes', () => {
  it('agree with RFC 1321 A.5, RFC 3174 7.3 and RFC 6234 8.5 for "abc"', () => {
    expect(toHex(md5(toUtf8('abc')))).toBe('900150983cd24fb0d6963f7d28e17f72');
    expect(toHex(sha1(toUtf8('abc')))).toBe('a9993e364706816aba3e25717850c26c9cd0d89d');
    expect(toHex(sha256(toUtf8('abc')))).toBe(
      'ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad',
    );
  });

  it('agree with RFC 4231 4.2 to 4.4 for HMAC-SHA-256', () => {
    const cases = [
      [
        '0b'.repeat(20),
        toHex(toUtf8('Hi There')),
        'b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7',
      ],
      [
        toHex(toUtf8('Jefe')),
        toHex(toUtf8('what do ya want for nothing?')),
        '5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843',
      ],
      ['aa'.repeat(20), 'dd'.repeat(50), '773ea91e36800e46854db8ebd09181a72959098b3ef8c122d9635514ced565fe'],
    ] as const;
    for (const [key, data, mac] of cases) expect(toHex(hmacSha256(bytes(key), bytes(data)))).toBe(mac);
  });

  it('agree with RFC 2202 3 for HMAC-SHA-1', () => {
    expect(toHex(hmacSha1(bytes('0b'.repeat(20)), toUtf8('Hi There')))).toBe(
      'b617318655057264e28bc0b6fb378c8ef146be00',
    );
    expect(toHex(hmacSha1(toUtf8('Jefe'), toUtf8('what do ya want for nothing?')))).toBe(
      'effcdf6ae5eb2fa2d27416d5f184df9c259a7c79',
    );
  });
});

describe('cyclic redundancy checks', () => {
  it('agree with the published check values', () => {
    for (const { hex, crc32c: expected } of vectors.crc32c) expect(crc32c(bytes(hex))).toBe(Number(expected));
    for (const { hex, crc32: expected } of vectors.crc32) expect(crc32(bytes(hex))).toBe(Number(expected));
    expect(crc32(new Uint8Array(0))).toBe(0);
  });
});
