import { X509Certificate } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { certificatePublicKey, selfSignedCertificate } from './certificate.js';
import { certificateFingerprint } from './fingerprint.js';

const certificate = selfSignedCertificate(new Uint8Array(32).fill(9), 'gateway');

describe('self-signed certificates', () => {
  it('are what the platform takes for one of that key and name, signed by itself', () => {
    const judged = new X509Certificate(certificate.der);
    expect(judged.subject).toBe('CN=gateway');
    expect(judged.issuer).toBe('CN=gateway');
    expect(judged.verify(judged.publicKey)).toBe(true);
    expect(judged.publicKey.asymmetricKeyDetails?.namedCurve).toBe('prime256v1');
    expect(judged.validFrom).toBe('Jan  1 00:00:00 2020 GMT');
    expect(judged.validTo).toBe('Dec 31 23:59:59 2049 GMT');
    const { x, y } = judged.publicKey.export({ format: 'jwk' });
    const point = [4, ...Buffer.from(x as string, 'base64url'), ...Buffer.from(y as string, 'base64url')];
    expect([...certificate.keyPair.publicKey]).toEqual(point);
  });

  it('have the fingerprints the platform computes', () => {
    const judged = new X509Certificate(certificate.der);
    expect(certificateFingerprint(certificate.der)).toBe(judged.fingerprint256);
    expect(certificateFingerprint(certificate.der, 'sha-512')).toBe(judged.fingerprint512);
    expect(certificateFingerprint(certificate.der, 'sha-1')).toBe(judged.fingerprint);
    expect(certificateFingerprint(certificate.der, 'sha-384')).toMatch(/^([0-9A-F]{2}:){47}[0-9A-F]{2}$/);
  });

  it('are the same whenever they are made of the same seed and name, and others otherwise', () => {
    expect(selfSignedCertificate(new Uint8Array(32).fill(9), 'gateway').der).toEqual(certificate.der);
    expect(selfSignedCertificate(new Uint8Array(32).fill(8), 'gateway').der).not.toEqual(certificate.der);
    expect(selfSignedCertificate(new Uint8Array(32).fill(9), 'phone').der).not.toEqual(certificate.der);
  });

  it('give their key back, and damaged ones give none or a key without an exception', () => {
    expect(certificatePublicKey(certificate.der)).toEqual(certificate.keyPair.publicKey);
    for (let length = 0; length < certificate.der.length; length += 1) {
      expect(certificatePublicKey(certificate.der.subarray(0, length))).toBeUndefined();
    }
    for (let at = 0; at < certificate.der.length; at += 1) {
      const damaged = certificate.der.slice();
      damaged[at] = (damaged[at] as number) ^ 0x55;
      const key = certificatePublicKey(damaged);
      expect(key === undefined || key.length === 65).toBe(true);
    }
  });
});
