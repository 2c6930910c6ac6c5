import { createECDH, createPrivateKey, createPublicKey, diffieHellman } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { fromHex, toBase64Url, toHex } from './encoding.js';
import { agreementKeyPair, agreeOnSecret } from './key-agreement.js';

const bytes = (hex: string) => fromHex(hex.replace(/\s/g, '')) as Uint8Array;

const seeds = fc.uint8Array({ minLength: 32, maxLength: 32 });

describe('X25519', () => {
  const alice = bytes('77076d0a7318a57d3c16c17251b26645df4c2f87ebc0992ab177fba51db92c2a');
  const bob = bytes('de9edb7d7b7dc1b4d35b61c2ece435373f8343c85b78674dadfc7e146f882b4f');

  it('gives the key and the secret of RFC 7748 6.1', () => {
    const pair = agreementKeyPair('x25519', alice);
    expect(toHex(pair.publicKey)).toBe('8520f0098930a754748b7ddcb43ef75a0dbf3a0d26381af4eba4a98eaa9b4e6a');
    const secret = agreeOnSecret(pair, bob);
    expect(toHex(secret ?? expect.fail())).toBe(
      '4a5d9d5ba4ce2de1728e3bf480350f25e07e21c947d19e3376f09b3c1e161742',
    );
  });

  it('agrees with the platform for any two ends', () => {
    fc.assert(
      fc.property(seeds, seeds, (ofOne, ofOther) => {
        const one = agreementKeyPair('x25519', ofOne);
        const other = agreementKeyPair('x25519', ofOther);
        const jwk = { kty: 'OKP', crv: 'X25519' };
        const publicKey = createPublicKey({ key: { ...jwk, x: toBase64Url(one.publicKey) }, format: 'jwk' });
        const [d, x] = [toBase64Url(other.secretKey), toBase64Url(other.publicKey)];
        const privateKey = createPrivateKey({ key: { ...jwk, d, x }, format: 'jwk' });
        const secret = agreeOnSecret(one, other.publicKey) ?? expect.fail();
        expect(toHex(secret)).toBe(diffieHellman({ publicKey, privateKey }).toString('hex'));
        // the other end has it from what the first has left behind
        expect(agreeOnSecret(other, one.publicKey)).toEqual(secret);
      }),
      { numRuns: 10 },
    );
  });

  it('takes no key of another length, and none that leads to zeros', () => {
    const pair = agreementKeyPair('x25519', alice);
    for (const key of [
      new Uint8Array(32),
      new Uint8Array(31).fill(9),
      new Uint8Array(65),
      new Uint8Array(0),
    ]) {
      expect(agreeOnSecret(pair, key)).toBeUndefined();
    }
  });
});

describe('ECDH on P-256', () => {
  const secret = bytes('C88F01F5 10D9AC3F 70A292DA A2316DE5 44E9AAB8 AFE84049 C62A9C57 862D1433');
  const peer = bytes(`04 D12DFB52 89C8D4F8 1208B702 70398C34 2296970A 0BCCB74C 736FC755 4494BF63
    56FBF3CA 366CC23E 8157854C 13C58D6A AC23F046 ADA30F83 53E74F33 039872AB`);

  it('gives the key and the secret of RFC 5903 8.1', () => {
    const pair = agreementKeyPair('secp256r1', secret);
    expect(pair.publicKey).toEqual(
      bytes(`04 DAD0B653 94221CF9 B051E1FE CA5787D0 98DFE637 FC90B9EF 945D0C37 72581180
        5271A046 1CDB8252 D61F1C45 6FA3E59A B1F45B33 ACCF5F58 389E0577 B8990BB3`),
    );
    expect(agreeOnSecret(pair, peer)).toEqual(
      bytes('D6840F6B 42F6EDAF D13116E0 E1256520 2FEF8E9E CE7DCE03 812464D0 4B9442DE'),
    );
  });

  it('agrees with the platform for any two ends', () => {
    fc.assert(
      fc.property(seeds, seeds, (ofOne, ofOther) => {
        const one = agreementKeyPair('secp256r1', ofOne);
        const platform = createECDH('prime256v1');
        platform.setPrivateKey(agreementKeyPair('secp256r1', ofOther).secretKey);
        expect(toHex(agreeOnSecret(one, Uint8Array.from(platform.getPublicKey())) ?? expect.fail())).toBe(
          platform.computeSecret(one.publicKey).toString('hex'),
        );
      }),
      { numRuns: 10 },
    );
  });

  it('takes no point off the curve and none in another form', () => {
    const pair = agreementKeyPair('secp256r1', secret);
    const off = peer.slice();
    off[64] = (off[64] as number) ^ 1;
    const compressed = Uint8Array.of(3, ...peer.subarray(1, 33));
    for (const key of [off, compressed, new Uint8Array(65), new Uint8Array(32), new Uint8Array(0)]) {
      expect(agreeOnSecret(pair, key)).toBeUndefined();
    }
  });

  it('wants seeds of 32 bytes', () => {
    expect(() => agreementKeyPair('x25519', new Uint8Array(31))).toThrow(RangeError);
    expect(() => agreementKeyPair('secp256r1', new Uint8Array(33))).toThrow(RangeError);
  });
});
