import { Aes, putWord, wordAt } from '../../crypto/aes.js';
import { HmacSha1 } from '../../crypto/hmac-sha1.js';
import { copied, type PacketCipher, RTCP_CLEAR_BYTES, RTCP_INDEX, RTCP_WORD_BYTES } from './packet-cipher.js';

/** The session keys of RTP or of RTCP (RFC 3711 4.3). */
export interface CounterModeKeys {
  readonly encryption: Uint8Array;
  readonly authentication: Uint8Array;
  readonly salt: Uint8Array;
}

/** AES in counter mode with HMAC-SHA1 (RFC 3711 4.1.1, 4.2.1). */
export class CounterModeCipher implements PacketCipher {
  readonly #aes: Aes;
  readonly #mac: HmacSha1;
  readonly #tagBytes: number;
  /** The salt times 2^16 in words. */
  readonly #salt: readonly [number, number, number, number];

  /** @param keys - session keys; the salt has 14 bytes */
  constructor(keys: CounterModeKeys, tagBytes: number) {
    this.#aes = new Aes(keys.encryption);
    this.#mac = new HmacSha1(keys.authentication);
    const salt = copied(keys.salt, keys.salt.length, 2);
    this.#salt = [wordAt(salt, 0), wordAt(salt, 4), wordAt(salt, 8), wordAt(salt, 12)];
    this.#tagBytes = tagBytes;
  }

  sealRtp(packet: Uint8Array, header: number, ssrc: number, roc: number, sequence: number): Uint8Array {
    const end = packet.length;
    const sealed = copied(packet, end, this.#tagBytes);
    this.#crypt(sealed, header, end, ssrc, roc, sequence);
    this.#mac.digest(sealed, end, roc);
    this.#mac.write(sealed, end, this.#tagBytes);
    return sealed;
  }

  openRtp(
    packet: Uint8Array,
    header: number,
    ssrc: number,
    roc: number,
    sequence: number,
  ): Uint8Array | undefined {
    const end = packet.length - this.#tagBytes;
    this.#mac.digest(packet, end, roc);
    if (!this.#mac.equals(packet, end, this.#tagBytes)) return undefined;
    const opened = copied(packet, end);
    this.#crypt(opened, header, end, ssrc, roc, sequence);
    return opened;
  }

  sealRtcp(packet: Uint8Array, ssrc: number, word: number): Uint8Array {
    const end = packet.length;
    const authenticated = end + RTCP_WORD_BYTES;
    const sealed = copied(packet, end, RTCP_WORD_BYTES + this.#tagBytes);
    if (word < 0) this.#cryptRtcp(sealed, end, ssrc, word);
    putWord(sealed, end, word);
    this.#mac.digest(sealed, authenticated);
    this.#mac.write(sealed, authenticated, this.#tagBytes);
    return sealed;
  }

  openRtcp(packet: Uint8Array, ssrc: number, word: number): Uint8Array | undefined {
    const authenticated = packet.length - this.#tagBytes;
    this.#mac.digest(packet, authenticated);
    if (!this.#mac.equals(packet, authenticated, this.#tagBytes)) return undefined;
    const end = authenticated - RTCP_WORD_BYTES;
    const opened = copied(packet, end);
    if (word < 0) this.#cryptRtcp(opened, end, ssrc, word);
    return opened;
  }

  rtcpWordAt(packetBytes: number): number {
    return packetBytes - this.#tagBytes - RTCP_WORD_BYTES;
  }

  #cryptRtcp(data: Uint8Array, to: number, ssrc: number, word: number): void {
    const index = word & RTCP_INDEX;
    this.#crypt(data, RTCP_CLEAR_BYTES, to, ssrc, index >>> 16, index & 0xffff);
  }

  /** IV = salt * 2^16 XOR SSRC * 2^64 XOR index * 2^16 (RFC 3711 4.1.1); the index in its upper 32 and lower 16 bits. */
  #crypt(data: Uint8Array, from: number, to: number, ssrc: number, high: number, low: number): void {
    const [a, b, c, d] = this.#salt;
    this.#aes.counterMode(a, b ^ ssrc, c ^ high, d ^ (low << 16), data, from, to);
  }
}
