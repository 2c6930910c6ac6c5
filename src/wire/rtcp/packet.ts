/** A report on what was received from one source (RFC 3550 6.4.1). */
export interface ReportBlock {
  /** The source reported on. */
  readonly ssrc: number;
  /** Lost since the last report, 0 to 255 in units of 1/256. */
  readonly fractionLost: number;
  /** Packets lost since the beginning, -2^23 to 2^23-1; negative with duplicates. */
  readonly cumulativeLost: number;
  /** Highest sequence number received, with the count of its cycles in the upper 16 bits. */
  readonly highestSequence: number;
  /** In units of the RTP timestamp. */
  readonly jitter: number;
  /** The middle 32 bits of the NTP timestamp of the last SR from the source, 0 without one. */
  readonly lastSr: number;
  /** From that SR to this report, in units of 1/65536 second. */
  readonly delaySinceLastSr: number;
}

interface Padded {
  /** Bytes of padding at the end, a multiple of 4 and at most 252; absent without padding (RFC 3550 6.4.1). */
  readonly paddingBytes?: number;
}

/** Sender report (RFC 3550 6.4.1). */
export interface SenderReport extends Padded {
  readonly type: 'SR';
  readonly ssrc: number;
  /** Seconds and fractions (in 2^-32 s) of the NTP timestamp. */
  readonly ntpSeconds: number;
  readonly ntpFraction: number;
  /** The same instant in units of the media clock. */
  readonly rtpTimestamp: number;
  readonly packetCount: number;
  /** Payload only, modulo 2^32. */
  readonly octetCount: number;
  /** Up to 31. */
  readonly reports: readonly ReportBlock[];
  /** Profile-specific extensions behind the reports (RFC 3550 6.4.3), whole words; absent if there are none. */
  readonly extension?: Uint8Array;
}

/** Receiver report (RFC 3550 6.4.2). */
export interface ReceiverReport extends Padded {
  readonly type: 'RR';
  readonly ssrc: number;
  readonly reports: readonly ReportBlock[];
  readonly extension?: Uint8Array;
}

/** An item of a source description (RFC 3550 6.5). */
export interface SdesItem {
  /** 1 to 255; see {@link SDES}. */
  readonly type: number;
  /** Up to 255 bytes, UTF-8 where the peer keeps to the rules; see `sdesItem` and `textOf`. */
  readonly value: Uint8Array;
}

/** What a source says of itself. */
export interface SdesChunk {
  readonly ssrc: number;
  readonly items: readonly SdesItem[];
}

/** Source description (RFC 3550 6.5). */
export interface SourceDescription extends Padded {
  readonly type: 'SDES';
  readonly chunks: readonly SdesChunk[];
}

/** Goodbye (RFC 3550 6.6). */
export interface Goodbye extends Padded {
  readonly type: 'BYE';
  readonly ssrcs: readonly number[];
  /** UTF-8, up to 255 bytes. */
  readonly reason?: Uint8Array;
}

/** Application-defined (RFC 3550 6.7). */
export interface ApplicationDefined extends Padded {
  readonly type: 'APP';
  /** 5 bits. */
  readonly subtype: number;
  readonly ssrc: number;
  /** Four characters, one byte each. */
  readonly name: string;
  /** Whole words. */
  readonly data: Uint8Array;
}

/** A lost packet, and which of the 16 after it are lost, too: bit 0 is the next one (RFC 4585 6.2.1). */
export interface NackPair {
  readonly packetId: number;
  readonly lostAfter: number;
}

/** Generic NACK, RTPFB with FMT 1 (RFC 4585 6.2.1). */
export interface GenericNack extends Padded {
  readonly type: 'NACK';
  readonly senderSsrc: number;
  readonly mediaSsrc: number;
  readonly pairs: readonly NackPair[];
}

/** Picture loss indication, PSFB with FMT 1 (RFC 4585 6.3.1). */
export interface PictureLossIndication extends Padded {
  readonly type: 'PLI';
  readonly senderSsrc: number;
  readonly mediaSsrc: number;
}

/** Full intra request, PSFB with FMT 4 (RFC 5104 4.3.1). */
export interface FullIntraRequest extends Padded {
  readonly type: 'FIR';
  readonly senderSsrc: number;
  /** 0 by the rule (RFC 5104 4.3.1.2). */
  readonly mediaSsrc: number;
  readonly requests: readonly { readonly ssrc: number; readonly sequenceNumber: number }[];
}

/** Any other feedback (RFC 4585 6.1): transport-wide, TMMBR, SLI, RPSI, REMB and other application-layer feedback. */
export interface OtherFeedback extends Padded {
  /** Transport-layer or payload-specific. */
  readonly type: 'RTPFB' | 'PSFB';
  /** FMT, 5 bits; 15 of PSFB is application-layer feedback such as REMB. */
  readonly format: number;
  readonly senderSsrc: number;
  readonly mediaSsrc: number;
  /** Feedback control information, whole words. */
  readonly fci: Uint8Array;
}

/** A packet of a type not known here, such as XR (207). */
export interface UnknownRtcp extends Padded {
  readonly type: 'unknown';
  readonly packetType: number;
  /** The five bits behind the padding bit. */
  readonly count: number;
  /** What follows the first word, whole words. */
  readonly body: Uint8Array;
}

/** One packet of a compound. Byte strings are views into the input after parsing. */
export type RtcpPacket =
  | SenderReport
  | ReceiverReport
  | SourceDescription
  | Goodbye
  | ApplicationDefined
  | GenericNack
  | PictureLossIndication
  | FullIntraRequest
  | OtherFeedback
  | UnknownRtcp;

/** Types of SDES items (RFC 3550 6.5.1 to 6.5.8, RFC 8852, RFC 8843 for MID). */
export const SDES = {
  CNAME: 1,
  NAME: 2,
  EMAIL: 3,
  PHONE: 4,
  LOC: 5,
  TOOL: 6,
  NOTE: 7,
  PRIV: 8,
  RtpStreamId: 12,
  RepairedRtpStreamId: 13,
  MID: 15,
} as const;

/** RTCP packet types (RFC 3550 12.1, RFC 4585 6.1). */
export const RTCP_TYPE = { SR: 200, RR: 201, SDES: 202, BYE: 203, APP: 204, RTPFB: 205, PSFB: 206 } as const;

/** Feedback message types (RFC 4585 6.2 and 6.3, RFC 5104 4.3.1). */
export const FEEDBACK_FORMAT = { NACK: 1, PLI: 1, FIR: 4, AFB: 15 } as const;
