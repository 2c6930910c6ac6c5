/** What shares a media port; `drop` is everything without a range of its own. */
export type MuxedProtocol = 'stun' | 'zrtp' | 'dtls' | 'turnChannel' | 'rtp' | 'drop';

/**
 * The protocol of a packet on a media port by its first byte (RFC 7983 7).
 * @param firstByte - 0 to 255; `undefined`, as of an empty packet, is dropped.
 * @returns `rtp` for RTP and RTCP alike, see {@link isRtcp}.
 */
export function demux(firstByte: number | undefined): MuxedProtocol {
  if (firstByte === undefined) return 'drop';
  if (firstByte <= 3) return 'stun';
  if (firstByte < 16) return 'drop';
  if (firstByte <= 19) return 'zrtp';
  if (firstByte <= 63) return 'dtls';
  if (firstByte <= 79) return 'turnChannel';
  return firstByte >= 128 && firstByte <= 191 ? 'rtp' : 'drop';
}

/**
 * Whether a packet that {@link demux} calls `rtp` is RTCP, when both share a port (RFC 5761 4).
 * @param secondByte - 192 to 223 is RTCP: RTP payload types 64 to 95 with the marker bit are not used.
 */
export function isRtcp(secondByte: number | undefined): boolean {
  return secondByte !== undefined && secondByte >= 192 && secondByte <= 223;
}

/**
 * The protocol of a packet on a port that RTP and RTCP share (RFC 7983 7 and RFC 5761 4). Whether they share it is agreed in
 * SDP: `a=rtcp-mux` (RFC 5761 5.1.1), without a fallback `a=rtcp-mux-only` (RFC 8858).
 */
export function demuxPacket(packet: Uint8Array): MuxedProtocol | 'rtcp' {
  const protocol = demux(packet[0]);
  return protocol === 'rtp' && isRtcp(packet[1]) ? 'rtcp' : protocol;
}
