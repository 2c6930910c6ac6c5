/**
 * RTCP packets (RFC 3550 6, RFC 4585 6, RFC 5104 4.3.1, reduced-size as in RFC 5506): a datagram is a list of packets. Others use
 * the exports below; `isRtcp` of `wire/rtp` tells RTCP from RTP on one port (RFC 5761).
 *
 * Kept as bytes: extended reports (RFC 3611), REMB, transport-wide congestion control, TMMBR and the other messages of
 * RFC 5104, profile-specific extensions of reports. The encryption prefix of RFC 3550 9.1 is not supported.
 */
export {
  type ApplicationDefined,
  FEEDBACK_FORMAT,
  type FullIntraRequest,
  type GenericNack,
  type Goodbye,
  type NackPair,
  type OtherFeedback,
  type PictureLossIndication,
  type ReceiverReport,
  type ReportBlock,
  RTCP_TYPE,
  type RtcpPacket,
  SDES,
  type SdesChunk,
  type SdesItem,
  type SenderReport,
  type SourceDescription,
  type UnknownRtcp,
} from './packet.js';
export { parseRtcp } from './parse.js';
export { serializeRtcp } from './serialize.js';
export { cnameOf, lostPackets, nackPairs, rtcpSummary, sdesItem, textOf } from './text.js';
export { validateRtcp } from './validate.js';
