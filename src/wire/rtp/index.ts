/**
 * RTP packets (RFC 3550 5) and the rule that tells the protocols on a media port apart (RFC 7983). Others use the exports
 * below; RTCP is in `wire/rtcp`, SRTP in `stack/srtp`. The functions that read one field each are for paths where a packet object
 * would cost too much.
 *
 * Not supported: the elements inside a header extension (RFC 8285).
 */
export { demux, demuxPacket, isRtcp, type MuxedProtocol } from './demux.js';
export {
  parseRtp,
  type RtpExtension,
  type RtpPacket,
  rtpHeaderBytes,
  rtpSequenceNumber,
  rtpSsrc,
  rtpTimestamp,
  serializeRtp,
} from './packet.js';
