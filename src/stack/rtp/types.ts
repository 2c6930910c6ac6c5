/** How a session's RTCP is paced (RFC 3550 6.2, RFC 3556). */
export interface RtcpBandwidth {
  /** `b=AS` in kbit/s, of which 5 % are for RTCP; 64 unless told. */
  readonly sessionKbps?: number;
  /** `b=RS`, bit/s of RTCP for active senders. With neither, a quarter of the 5 %. */
  readonly rsBps?: number;
  /** `b=RR`, bit/s of RTCP for receivers. Both zero: no RTCP at all. */
  readonly rrBps?: number;
}

/** How a session is set up. */
export interface RtpSessionOptions {
  /** Name of its machine in the trace, such as `media/1 rtcp`; unique on its host. */
  readonly id: string;
  /** Own synchronization source; drawn from the host's random stream `rtp` unless told. */
  readonly ssrc?: number;
  /** Canonical name (RFC 3550 6.5.1, RFC 7022), up to 255 bytes. */
  readonly cname: string;
  /** Units of the RTP timestamp in a second: 8000, 16000, 48000, 90000. */
  readonly clockRateHz: number;
  /** `AVPF` has feedback by RFC 4585 and no least interval of 5 s; `AVP` unless told. */
  readonly profile?: 'AVP' | 'AVPF';
  readonly bandwidth?: RtcpBandwidth;
  /** `a=rtcp-fb` `trr-int` (RFC 4585 4.2): least time between regular packets, milliseconds; 0 unless told. */
  readonly trrIntervalMs?: number;
  /** `a=rtcp-rsize` (RFC 5506): feedback goes without a report. */
  readonly reducedSize?: boolean;
  /** Bytes below RTCP in every datagram (RFC 3550 6.2, RFC 3711 3.4): 28 for IPv4 and UDP unless told, 14 more with SRTCP. */
  readonly overheadBytes?: number;
  /** Packets of a new source before it counts (RFC 3550 A.1); 2 unless told. */
  readonly minSequential?: number;
  /** `a=rtcp-fb` `nack`: ask for lost packets. AVPF only. */
  readonly nack?: boolean;
  /** RTP packets kept to answer NACKs with; 0, none, unless told. Under SRTP the context has to allow `repeats`. */
  readonly retransmissionPackets?: number;
  /** Takes the bytes of an RTCP datagram to the wire. */
  readonly sendRtcp: (bytes: Uint8Array) => void;
  /** Takes an RTP packet to the wire again, as the peer asked (RFC 4585 6.2.1). */
  readonly resend?: (packet: Uint8Array) => void;
  /** The peer wants a picture that needs no other (PLI or FIR), at most one call in {@link RtpSessionOptions.keyFrameGapMs}. */
  readonly onKeyFrameRequest?: (kind: 'PLI' | 'FIR') => void;
  /** Least time between two requests for a key frame, sent or passed up, milliseconds; 500 unless told. */
  readonly keyFrameGapMs?: number;
  /** A source said goodbye. */
  readonly onBye?: (ssrc: number, reason: string) => void;
  /** A source has not been heard for five intervals (RFC 3550 6.3.5). */
  readonly onTimeout?: (ssrc: number) => void;
}

/** What to do with an RTP packet that came (RFC 3550 A.1, 8.2). */
export type RtpVerdict =
  /** From a known source in an expected place. */
  | 'valid'
  /** From a source that has yet to send a few packets in sequence. */
  | 'probation'
  /** A sequence number far from the last; the next one decides. */
  | 'jump'
  /** Carries this end's own SSRC. */
  | 'collision'
  /** No RTP, or more sources than are kept. */
  | 'malformed';

/** How a session fares. */
export interface RtpReport {
  /** RTP packets and payload bytes sent. */
  readonly sent: number;
  readonly sentBytes: number;
  /** RTP packets received from valid sources, late and duplicate ones included (RFC 3550 A.3). */
  readonly received: number;
  readonly receivedBytes: number;
  /** Expected less received, over all sources; negative with duplicates. */
  readonly lost: number;
  /** Interarrival jitter of the source heard last, milliseconds (RFC 3550 A.8). */
  readonly jitterMs: number;
  /** Round-trip time by the last report of the peer that gave one (RFC 3550 6.4.1), milliseconds. */
  readonly rttMs: number | undefined;
  /** What the peer reports of our packets. */
  readonly remote:
    | { readonly lost: number; readonly fractionLost: number; readonly jitterMs: number }
    | undefined;
  readonly rtcpSent: number;
  readonly rtcpReceived: number;
  /** RTCP datagrams that could not be read or broke RFC 3550 A.2. */
  readonly rtcpInvalid: number;
  /** Packets that carried this end's own SSRC (RFC 3550 8.2). */
  readonly collisions: number;
}
