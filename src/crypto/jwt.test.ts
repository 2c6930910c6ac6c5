import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { fromBase64Url, toBase64Url, toUtf8 } from './encoding.js';
import vectors from './fixtures/jws.json' with { type: 'json' };
import { type JsonObject, type JwtVerificationKey, parseJwt, signJwt, verifyJwt } from './jwt.js';
import { p256KeyPair } from './p256-key-pair.js';

const decode = (text: string) => fromBase64Url(text) as Uint8Array;
const hs256: JwtVerificationKey = { alg: 'HS256', secret: decode(vectors.hs256.secret) };
const es256: JwtVerificationKey = {
  alg: 'ES256',
  publicKey: Uint8Array.of(4, ...decode(vectors.es256.x), ...decode(vectors.es256.y)),
};
const pair = p256KeyPair(new Uint8Array(32).fill(9));
const signingKey = { alg: 'ES256', secretKey: pair.secretKey, kid: 'waf-1' } as const;
const key = { alg: 'ES256', publicKey: pair.publicKey } as const;

const failedPart = (token: string, expected: Parameters<typeof verifyJwt>[1]) => {
  const result = verifyJwt(token, expected);
  return result.ok ? 'none' : result.error.part;
};
const part = (value: unknown) => toBase64Url(toUtf8(JSON.stringify(value)));

describe('JSON Web Tokens', () => {
  it('verify the tokens of RFC 7515 A.1 and A.3 until they expire', () => {
    for (const [token, verificationKey] of [
      [vectors.hs256.token, hs256],
      [vectors.es256.token, es256],
    ] as const) {
      const verified = verifyJwt(token, { key: verificationKey, nowSeconds: 1300819379, issuer: 'joe' });
      expect(verified).toMatchObject({ ok: true, value: { claims: vectors.claims } });
      expect(failedPart(token, { key: verificationKey, nowSeconds: 1300819380 })).toBe('exp');
      expect(failedPart(token, { key: verificationKey, nowSeconds: 1300819380, leewaySeconds: 1 })).toBe(
        'none',
      );
    }
  });

  it('derive the public key of RFC 7515 A.3 from its secret', () => {
    expect(p256KeyPair(decode(vectors.es256.d)).publicKey).toEqual(es256.publicKey);
  });

  it('verify what was signed, with any claims, and give the same text twice', () => {
    fc.assert(
      fc.property(fc.dictionary(fc.string(), fc.jsonValue()), (raw) => {
        const claims = { iss: 'waf', data: JSON.parse(JSON.stringify(raw)) } as JsonObject;
        const token = signJwt(
          { alg: 'HS256', secret: hs256.alg === 'HS256' ? hs256.secret : toUtf8('') },
          claims,
        );
        expect(verifyJwt(token, { key: hs256, nowSeconds: 0 })).toMatchObject({
          ok: true,
          value: { claims },
        });
      }),
    );
    const token = signJwt(signingKey, { sub: 'alice' });
    expect(signJwt(signingKey, { sub: 'alice' })).toBe(token);
    expect(parseJwt(token)).toMatchObject({
      ok: true,
      value: { header: { alg: 'ES256', typ: 'JWT', kid: 'waf-1' } },
    });
  });

  it('refuse alg=none, another algorithm than that of the key, and unknown critical extensions', () => {
    const claims = part({ sub: 'mallory' });
    for (const alg of ['none', 'None', 'NONE', 'RS256', null, 1]) {
      for (const signature of ['', 'AAAA']) {
        expect(failedPart(`${part({ alg })}.${claims}.${signature}`, { key: hs256, nowSeconds: 0 })).toBe(
          'alg',
        );
      }
    }
    // The classic confusion: a public ES256 key taken for an HS256 secret.
    const forged = signJwt({ alg: 'HS256', secret: pair.publicKey }, { sub: 'mallory' });
    expect(failedPart(forged, { key, nowSeconds: 0 })).toBe('alg');
    const critical = signJwt(signingKey, {}, { crit: ['b64'], b64: false });
    expect(failedPart(critical, { key, nowSeconds: 0 })).toBe('header');
  });

  it('name the part that failed', () => {
    const good = signJwt(signingKey, { iss: 'waf', aud: ['wwsf', 'epcscf'], exp: 200, nbf: 100 });
    const at150 = { key, nowSeconds: 150, audience: 'wwsf' };
    expect(failedPart(good, at150)).toBe('none');
    expect(failedPart(good, { ...at150, nowSeconds: 99 })).toBe('nbf');
    expect(failedPart(good, { ...at150, nowSeconds: 200 })).toBe('exp');
    expect(failedPart(good, { ...at150, issuer: 'other' })).toBe('iss');
    expect(failedPart(good, { ...at150, audience: 'other' })).toBe('aud');
    expect(failedPart(good, { key, nowSeconds: 150 })).toBe('aud');
    expect(failedPart(good, { ...at150, key: () => undefined })).toBe('key');
    expect(
      failedPart(good, {
        ...at150,
        key: { alg: 'ES256', publicKey: es256.alg === 'ES256' ? es256.publicKey : key.publicKey },
      }),
    ).toBe('signature');
    expect(failedPart('a.b', at150)).toBe('form');
    expect(failedPart('e30.e30.e30.e30', at150)).toBe('form');
    expect(failedPart(`${part([])}.e30.`, at150)).toBe('header');
    expect(failedPart(`${part({ alg: 'ES256' })}.${part('text')}.`, at150)).toBe('claims');
    expect(failedPart(`${part({ alg: 'ES256' })}.e30.=`, at150)).toBe('signature');
    expect(failedPart(signJwt(signingKey, { exp: 'soon' }), { key, nowSeconds: 0 })).toBe('exp');
  });

  it('fail after any change of a character, and never throw', () => {
    const token = signJwt({ alg: 'HS256', secret: toUtf8('secret') }, { sub: 'alice' });
    const expected = { key: { alg: 'HS256', secret: toUtf8('secret') } as const, nowSeconds: 0 };
    expect(failedPart(token, expected)).toBe('none');
    fc.assert(
      fc.property(fc.nat(token.length - 1), fc.string({ minLength: 1, maxLength: 1 }), (index, char) => {
        fc.pre(token[index] !== char);
        expect(failedPart(token.slice(0, index) + char + token.slice(index + 1), expected)).not.toBe('none');
      }),
    );
    fc.assert(fc.property(fc.string(), (text) => failedPart(text, expected) !== 'none'));
  });
});
