import { createHmac } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { fromHex, toHex } from './encoding.js';
import { sha256 } from './hash.js';
import { RunningSha256 } from './running-sha256.js';
import { tlsPrf } from './tls-prf.js';

const bytes = (hex: string) => fromHex(hex) as Uint8Array;

/** RFC 5246 5, word for word, over the platform's HMAC. */
function reference(secret: Uint8Array, label: string, seed: Uint8Array, length: number): Buffer {
  const hmac = (...parts: Uint8Array[]) => createHmac('sha256', secret).update(Buffer.concat(parts)).digest();
  const labelled = Buffer.concat([Buffer.from(label), seed]);
  let output = Buffer.alloc(0);
  for (let a = hmac(labelled); output.length < length; a = hmac(a))
    output = Buffer.concat([output, hmac(a, labelled)]);
  return output.subarray(0, length);
}

describe('the PRF of TLS 1.2', () => {
  it('gives the test vector for SHA-256 that the TLS working group published', () => {
    const secret = bytes('9bbe436ba940f017b17652849a71db35');
    const seed = bytes('a0ba9f936cda311827a6f796ffd5198c');
    expect(toHex(tlsPrf(secret, 'test label', seed, 100))).toBe(
      'e3f229ba727be17b8d122620557cd453c2aab21d07c3d495329b52d4e61edb5a6b301791e90d35c9c9a46b4e14baf9af' +
        '0fa022f7077def17abfd3797c0564bab4fbc91666e9def9b97fce34f796789baa48082d122ee42c5a72e5a5110fff701' +
        '87347b66',
    );
  });

  it('is what the RFC says for any input and length', () => {
    const some = fc.uint8Array({ maxLength: 80 });
    fc.assert(
      fc.property(
        some,
        fc.constantFrom('key expansion', 'x'),
        some,
        fc.nat(130),
        (secret, label, seed, length) => {
          expect(toHex(tlsPrf(secret, label, seed, length))).toBe(
            reference(secret, label, seed, length).toString('hex'),
          );
        },
      ),
    );
  });
});

describe('the running SHA-256', () => {
  it('gives the hash of what came so far, however it was cut, and goes on', () => {
    fc.assert(
      fc.property(fc.array(fc.uint8Array({ maxLength: 100 })), (pieces) => {
        const running = new RunningSha256();
        const whole: number[] = [];
        for (const piece of pieces) {
          running.update(piece);
          whole.push(...piece);
          expect(running.digest()).toEqual(sha256(Uint8Array.from(whole)));
        }
      }),
    );
  });
});
