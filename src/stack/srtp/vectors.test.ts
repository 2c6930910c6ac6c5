import { ctr, gcm } from '@noble/ciphers/aes.js';
import { describe, expect, it } from 'vitest';
import { fromHex, toHex } from '../../crypto/index.js';
import { CounterModeCipher } from './counter-mode-cipher.js';
import { GcmCipher } from './gcm-cipher.js';
import { deriveSessionKey, LABEL } from './key-derivation.js';

const hex = (text: string): Uint8Array => fromHex(text.replaceAll(/\s/g, '').toLowerCase()) as Uint8Array;

describe('AES counter mode of SRTP', () => {
  // RFC 3711 B.2 has no RTP packet: one of zeros shows the keystream
  const keys = {
    encryption: hex('2B7E151628AED2A6ABF7158809CF4F3C'),
    authentication: new Uint8Array(20),
    salt: hex('F0F1F2F3F4F5F6F7F8F9FAFBFCFD'),
  };

  it('gives the keystream of RFC 3711 B.2 to its last blocks', () => {
    const sealed = new CounterModeCipher(keys, 10).sealRtp(new Uint8Array(1_044_512), 0, 0, 0, 0);
    expect(toHex(sealed.subarray(0, 48))).toBe(
      'e03ead0935c95e80e166b16dd92b4eb4d23513162b02d0f72a43a2fe4a5f97ab41e95b3bb0a2e8dd477901e4fca894c0',
    );
    expect(toHex(sealed.subarray(1_044_512 - 48, 1_044_512))).toBe(
      'ec8cdf7398607cb0f2d21675ea9ea1e4362b7c3c6773516318a077d7fc5073ae6a2cc3787889374fbeb4c81b17ba6c44',
    );
  });
});

describe('key derivation', () => {
  it('gives the session keys of RFC 3711 B.3', () => {
    const master = {
      key: hex('E1F97A0D3E018BE0D64FA32C06DE4139'),
      salt: hex('0EC675AD498AFEEBB6960B3AABE6'),
    };
    expect(toHex(deriveSessionKey(master, LABEL.encryption, 16))).toBe('c61e7a93744f39ee10734afe3ff7a087');
    expect(toHex(deriveSessionKey(master, LABEL.salt, 14))).toBe('30cbbc08863d8c85d49db34a9ae1');
    expect(deriveSessionKey(master, LABEL.authentication, 94)).toEqual(
      hex(`CEBE321F6FF7716B6FD4AB49AF256A15 6D38BAA48F0A0ACF3C34E2359E6CDBCE
        E049646C43D9327AD175578EF7227098 6371C10C9A369AC2F94A8C5FBCDDDC25
        6D6E919A48B610EF17C2041E47403576 6B68642C59BBFC2F34DB60DBDFB2`),
    );
  });

  it('gives the session keys of RFC 6188 7.2 from a master key of 256 bits', () => {
    const master = {
      key: hex('f0f04914b513f2763a1b1fa130f10e29 98f6f6e43e4309d1e622a0e332b9f1b6'),
      salt: hex('3b04803de51ee7c96423ab5b78d2'),
    };
    expect(toHex(deriveSessionKey(master, LABEL.encryption, 32))).toBe(
      '5ba1064e30ec51613cad926c5a28ef731ec7fb397f70a960653caf06554cd8c4',
    );
    expect(toHex(deriveSessionKey(master, LABEL.salt, 14))).toBe('fa31791685ca444a9e07c6c64e93');
    expect(toHex(deriveSessionKey(master, LABEL.authentication, 20))).toBe(
      'fd9c32d39ed5fbb5a9dc96b30818454d1313dc05',
    );
  });
});

describe('AES-GCM of SRTP', () => {
  const salt = hex('517569642070726f2071756f');
  const key128 = hex('000102030405060708090a0b0c0d0e0f');
  const key256 = hex('000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f');
  const rtp = hex(`8040f17b 8041f8d3 5501a0b2 47616c6c 69612065 7374206f 6d6e6973 20646976
    69736120 696e2070 61727465 73207472 6573`);
  const rtcp = hex(`81c8000d 4d617273 4e545031 4e545032 52545020 0000042a 0000e930 4c756e61
    deadbeef deadbeef deadbeef deadbeef deadbeef`);
  const index = 0x000005d4;

  it.each([
    [
      '16.1.1',
      key128,
      `8040f17b 8041f8d3 5501a0b2 f24de3a3 fb34de6c acba861c 9d7e4bca be633bd5
      0d294e6f 42a5f47a 51c7d19b 36de3adf 8833899d 7f27beb1 6a9152cf 765ee439 0cce`,
    ],
    [
      '16.2.1',
      key256,
      `8040f17b 8041f8d3 5501a0b2 32b1de78 a822fe12 ef9f78fa 332e33aa b1801238
      9a58e2f3 b50b2a02 76ffae0f 1ba63799 b87b7aa3 db36dfff d6b0f9bb 7878d7a7 6c13`,
    ],
  ])('gives the RTP packet of RFC 7714 %s, and opens it', (_, key, expected) => {
    const sealed = new GcmCipher(key, salt).sealRtp(rtp, 12, 0x5501a0b2, 0, 0xf17b);
    expect(toHex(sealed)).toBe(toHex(hex(expected)));
    expect(new GcmCipher(key, salt).openRtp(sealed, 12, 0x5501a0b2, 0, 0xf17b)).toEqual(rtp);
  });

  it.each([
    [
      '17.1',
      key128,
      index | 0x80000000,
      `81c8000d 4d617273 63e94885 dcdab67c a727d766 2f6b7e99 7ff5c0f7 6c06f32d c676a5f1
      730d6fda 4ce09b46 86303ded 0bb9275b c84aa458 96cf4d2f c5abf872 45d9eade 800005d4`,
    ],
    [
      '17.2',
      key256,
      index | 0x80000000,
      `81c8000d 4d617273 d50ae4d1 f5ce5d30 4ba297e4 7d470c28 2c3ece5d bffe0a50 a2eaa5c1
      110555be 8415f658 c61de047 6f1b6fad 1d1eb30c 4446839f 57ff6f6c b26ac3be 800005d4`,
    ],
    [
      '17.3',
      key128,
      index,
      `81c8000d 4d617273 4e545031 4e545032 52545020 0000042a 0000e930 4c756e61 deadbeef
      deadbeef deadbeef deadbeef deadbeef 841dd968 3dd78ec9 2ae58790 125f62b3 000005d4`,
    ],
    [
      '17.4',
      key256,
      index,
      `81c8000d 4d617273 4e545031 4e545032 52545020 0000042a 0000e930 4c756e61 deadbeef
      deadbeef deadbeef deadbeef deadbeef 91db4afb feee5a97 8fab4393 ed2615fe 000005d4`,
    ],
  ])('gives the RTCP packet of RFC 7714 %s, and opens it', (_, key, word, expected) => {
    const cipher = new GcmCipher(key, salt);
    const sealed = cipher.sealRtcp(rtcp, 0x4d617273, word);
    expect(toHex(sealed)).toBe(toHex(hex(expected)));
    expect(cipher.openRtcp(sealed, 0x4d617273, word)).toEqual(rtcp);
  });

  it('has the whole rollover counter in its IV, as counter mode has (RFC 7714 8.1, RFC 3711 4.1.1)', () => {
    // 00 00 SSRC ROC SEQ and the salt
    const iv = hex('51753c6580c2 607b6529 8414');
    const sealed = new GcmCipher(key128, salt).sealRtp(rtp, 12, 0x5501a0b2, 0x12144558, 0xf17b);
    expect(sealed.slice(12)).toEqual(gcm(key128, iv, rtp.slice(0, 12)).encrypt(rtp.slice(12)));

    const keys = { encryption: key128, authentication: new Uint8Array(20), salt: new Uint8Array(14) };
    const counter = new CounterModeCipher(keys, 4).sealRtp(rtp, 12, 0x5501a0b2, 0x12345678, 0xf17b);
    const block = hex('00000000 5501a0b2 12345678 f17b 0000');
    expect(counter.slice(12, -4)).toEqual(ctr(key128, block).encrypt(rtp.slice(12)));
  });
});
