/**
 * RTP sessions (RFC 3550, RFC 4585): statistics of what is sent and received, RTCP reports in their time, feedback. Media
 * packets go round the machine: their owner tells a session of each with `sentRtp` and `receiveRtp`, which count and no more.
 * The times of RTCP are a state machine's. What is given to a session and comes from it is in the clear: SRTP is `stack/srtp`,
 * and which protocol a packet on a shared port is, `demuxPacket` of `wire/rtp` tells.
 *
 * Not supported: more than one source of one's own, a new SSRC after a collision (RFC 3550 8.2; collisions are counted), mixers
 * and translators, clock rates that differ between payload types (RFC 7160), retransmission as a stream of its own (RFC 4588;
 * packets go again as they were), early feedback among more than two members (it waits for the regular packet), extended
 * reports (RFC 3611), congestion control.
 */
export type { Group } from './rtcp-schedule.js';
export { RtpSession } from './rtp-session.js';
export type { RtcpBandwidth, RtpReport, RtpSessionOptions, RtpVerdict } from './types.js';
