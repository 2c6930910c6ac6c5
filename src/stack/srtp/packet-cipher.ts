/**
 * What a profile does to a packet once its index is known. The context has seen that header, tag and index fit the bytes.
 * Inputs stay as they are; outputs are bytes of their own.
 */
export interface PacketCipher {
  /** @param header - bytes of the RTP header, which stay in the clear */
  sealRtp(packet: Uint8Array, header: number, ssrc: number, roc: number, sequence: number): Uint8Array;
  /** The packet, or `undefined` if the tag is wrong. */
  openRtp(
    packet: Uint8Array,
    header: number,
    ssrc: number,
    roc: number,
    sequence: number,
  ): Uint8Array | undefined;
  /** @param word - E flag and SRTCP index (RFC 3711 3.4), signed */
  sealRtcp(packet: Uint8Array, ssrc: number, word: number): Uint8Array;
  openRtcp(packet: Uint8Array, ssrc: number, word: number): Uint8Array | undefined;
  /** Where E flag and index stand in a packet of that length. */
  rtcpWordAt(packetBytes: number): number;
}

/** Of an RTCP packet these stay in the clear: its first word and its SSRC (RFC 3711 3.4). */
export const RTCP_CLEAR_BYTES = 8;
/** E flag and index. */
export const RTCP_WORD_BYTES = 4;
/** The index in E flag and index. */
export const RTCP_INDEX = 0x7fff_ffff;

/** A copy of the first bytes in an array with room for more. */
export function copied(packet: Uint8Array, bytes: number, room = 0): Uint8Array {
  const copy = new Uint8Array(bytes + room);
  copy.set(packet.length === bytes ? packet : packet.subarray(0, bytes));
  return copy;
}
