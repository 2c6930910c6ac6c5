import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  constantTimeEqual,
  fromBase64,
  fromBase64Url,
  fromHex,
  fromUtf8,
  toBase64,
  toBase64Url,
  toHex,
  toUtf8,
} from './encoding.js';

describe('text encodings', () => {
  it('encode the vectors of RFC 4648 10', () => {
    const vectors = [
      ['', ''],
      ['f', 'Zg=='],
      ['fo', 'Zm8='],
      ['foo', 'Zm9v'],
      ['foob', 'Zm9vYg=='],
      ['fooba', 'Zm9vYmE='],
      ['foobar', 'Zm9vYmFy'],
    ] as const;
    for (const [plain, encoded] of vectors) {
      expect(toBase64(toUtf8(plain))).toBe(encoded);
      expect(fromBase64(encoded)).toEqual(toUtf8(plain));
    }
    expect(toBase64Url(Uint8Array.of(0xfb, 0xff))).toBe('-_8');
    expect(toHex(toUtf8('foobar'))).toBe('666f6f626172');
  });

  it('give back every byte string, as the platform encodes it', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 100 }), (bytes) => {
        expect(toBase64(bytes)).toBe(Buffer.from(bytes).toString('base64'));
        expect(toBase64Url(bytes)).toBe(Buffer.from(bytes).toString('base64url'));
        expect(fromBase64(toBase64(bytes))).toEqual(bytes);
        expect(fromBase64Url(toBase64Url(bytes))).toEqual(bytes);
        expect(fromHex(toHex(bytes))).toEqual(bytes);
        expect(fromHex(toHex(bytes).toUpperCase())).toEqual(bytes);
      }),
    );
  });

  it('decode only what they would have encoded, and never throw', () => {
    for (const bad of ['Zg', 'Zg=', 'Zh==', 'Z===', 'Zm9v=', '====', 'Zm9v\n', 'Zm-v', 'Zm9é']) {
      expect(fromBase64(bad), bad).toBeUndefined();
    }
    for (const bad of ['Z', 'Zh', 'Zg==', 'Zm+v']) expect(fromBase64Url(bad), bad).toBeUndefined();
    for (const bad of ['0', '0g', '0x', ' 0', '`a']) expect(fromHex(bad), bad).toBeUndefined();
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (text) => {
        const base64 = fromBase64(text);
        if (base64 !== undefined) expect(toBase64(base64)).toBe(text);
        const base64Url = fromBase64Url(text);
        if (base64Url !== undefined) expect(toBase64Url(base64Url)).toBe(text);
        const hex = fromHex(text);
        if (hex !== undefined) expect(toHex(hex)).toBe(text.toLowerCase());
      }),
    );
  });

  it('read UTF-8 strictly and keep a byte order mark', () => {
    expect(fromUtf8(Uint8Array.of(0xc3, 0x28))).toBeUndefined();
    expect(fromUtf8(Uint8Array.of(0xef, 0xbb, 0xbf, 0x41))).toBe('\ufeffA');
    expect(fromUtf8(toUtf8('☎'))).toBe('☎');
  });

  it('compare in full: equal only when every byte is', () => {
    expect(constantTimeEqual(Uint8Array.of(1, 2), Uint8Array.of(1, 2))).toBe(true);
    expect(constantTimeEqual(Uint8Array.of(1, 2), Uint8Array.of(1, 3))).toBe(false);
    expect(constantTimeEqual(Uint8Array.of(1, 2), Uint8Array.of(0, 2))).toBe(false);
    expect(constantTimeEqual(Uint8Array.of(1, 2), Uint8Array.of(1))).toBe(false);
  });
});
