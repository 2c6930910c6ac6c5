/**
 * Packets on a byte stream (RFC 4571 2): each behind its length in 16 bits. ICE-TCP has them for STUN, DTLS, RTP and RTCP alike
 * (RFC 6544 3). `framePacket` writes, `FrameReader` reads a stream piece by piece.
 *
 * Not supported: the session descriptions of RFC 4571 4.
 */
export { FRAME_HEADER_BYTES, FrameReader, framePacket, MOST_FRAMED_BYTES } from './frame.js';
