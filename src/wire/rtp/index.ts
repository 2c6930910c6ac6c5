/**
 * RTP packets (RFC 3550 5) and the rule that tells the protocols on a media port apart (RFC 7983). Others use the exports
 * below.
 *
 * Not supported: RTCP packets beyond telling them apart, the elements inside a header extension (RFC 8285), SRTP.
 */
export { demux, isRtcp, type MuxedProtocol } from './demux.js';
export { parseRtp, type RtpExtension, type RtpPacket, serializeRtp } from './packet.js';
