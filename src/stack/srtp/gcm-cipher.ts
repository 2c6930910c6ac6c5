import { putWord, wordAt } from '../../crypto/aes.js';
import { AesGcm, GCM_TAG_BYTES } from '../../crypto/aes-gcm.js';
import { copied, type PacketCipher, RTCP_CLEAR_BYTES, RTCP_INDEX, RTCP_WORD_BYTES } from './packet-cipher.js';

const NONCE_BYTES = 12;

/** AES-GCM (RFC 7714 8 and 9). */
export class GcmCipher implements PacketCipher {
  readonly #gcm: AesGcm;
  readonly #salt: Uint8Array;
  readonly #nonce = new Uint8Array(NONCE_BYTES);

  /**
   * @param key - session key
   * @param salt - session salt, 12 bytes
   */
  constructor(key: Uint8Array, salt: Uint8Array) {
    this.#gcm = new AesGcm(key);
    this.#salt = salt;
  }

  sealRtp(packet: Uint8Array, header: number, ssrc: number, roc: number, sequence: number): Uint8Array {
    const end = packet.length;
    const sealed = copied(packet, end, GCM_TAG_BYTES);
    this.#gcm.seal(this.#nonceFor(ssrc, roc, sequence), sealed, header, sealed, header, end, end);
    return sealed;
  }

  openRtp(
    packet: Uint8Array,
    header: number,
    ssrc: number,
    roc: number,
    sequence: number,
  ): Uint8Array | undefined {
    const end = packet.length - GCM_TAG_BYTES;
    const nonce = this.#nonceFor(ssrc, roc, sequence);
    if (!this.#gcm.matches(nonce, packet, header, packet, header, end, end)) return undefined;
    const opened = copied(packet, end);
    this.#gcm.decrypt(nonce, opened, header, end);
    return opened;
  }

  sealRtcp(packet: Uint8Array, ssrc: number, word: number): Uint8Array {
    const end = packet.length;
    const sealed = copied(packet, end, GCM_TAG_BYTES + RTCP_WORD_BYTES);
    const from = word < 0 ? RTCP_CLEAR_BYTES : end;
    const aad = associated(packet, from, word);
    this.#gcm.seal(this.#nonceForRtcp(ssrc, word), aad, aad.length, sealed, from, end, end);
    putWord(sealed, end + GCM_TAG_BYTES, word);
    return sealed;
  }

  openRtcp(packet: Uint8Array, ssrc: number, word: number): Uint8Array | undefined {
    const end = packet.length - GCM_TAG_BYTES - RTCP_WORD_BYTES;
    const from = word < 0 ? RTCP_CLEAR_BYTES : end;
    const aad = associated(packet, from, word);
    const nonce = this.#nonceForRtcp(ssrc, word);
    if (!this.#gcm.matches(nonce, aad, aad.length, packet, from, end, end)) return undefined;
    const opened = copied(packet, end);
    this.#gcm.decrypt(nonce, opened, from, end);
    return opened;
  }

  rtcpWordAt(packetBytes: number): number {
    return packetBytes - RTCP_WORD_BYTES;
  }

  #nonceForRtcp(ssrc: number, word: number): Uint8Array {
    const index = word & RTCP_INDEX;
    return this.#nonceFor(ssrc, index >>> 16, index & 0xffff);
  }

  /** Two zero bytes, SSRC and the 48-bit index, XOR the salt (RFC 7714 8.1, 9.1). */
  #nonceFor(ssrc: number, high: number, low: number): Uint8Array {
    const salt = this.#salt;
    const nonce = this.#nonce;
    putWord(nonce, 0, wordAt(salt, 0) ^ (ssrc >>> 16));
    putWord(nonce, 4, wordAt(salt, 4) ^ ((ssrc << 16) | (high >>> 16)));
    putWord(nonce, 8, wordAt(salt, 8) ^ ((high << 16) | low));
    return nonce;
  }
}

/** Associated data of an SRTCP packet: what is in the clear, then E flag and index (RFC 7714 9.2, 9.3). */
function associated(packet: Uint8Array, clearBytes: number, word: number): Uint8Array {
  const aad = copied(packet, clearBytes, RTCP_WORD_BYTES);
  putWord(aad, clearBytes, word);
  return aad;
}
