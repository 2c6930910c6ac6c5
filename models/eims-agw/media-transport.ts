import type { MediaDescription, SessionDescription } from '../../src/wire/sdp/index.js';
import type { Inlet } from './pipeline.js';

/** What carries the packets of a stream on one side: plain RTP, or what WebRTC has in its place. */
export interface MediaTransport {
  /** Port of RTP: even, the next is that of RTCP (RFC 3550 11). */
  readonly port: number;
  /** Takes RTP packets in the clear. */
  onRtp: Inlet;
  /** Takes RTCP datagrams in the clear. */
  onRtcp: Inlet;
  /** Packets that came and were neither. */
  readonly foreign: number;
  /** @returns whether there was somewhere to send it */
  sendRtp(packet: Uint8Array): boolean;
  sendRtcp(packet: Uint8Array): boolean;
  /** Learns of the far end from a description with one media line. */
  setRemote(session: SessionDescription, media: MediaDescription): void;
  /** The description with what the gateway chose in place of `$`. */
  describe(session: SessionDescription, media: MediaDescription): SessionDescription;
  close(): void;
}
