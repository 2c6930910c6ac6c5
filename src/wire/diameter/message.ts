/** The data of an AVP: by its type in the dictionary, or bytes where the type is unknown or the data does not fit it. */
export type AvpValue = string | number | bigint | Uint8Array | readonly Avp[];

/** An attribute-value pair (RFC 6733 4.1). */
export interface Avp {
  readonly code: number;
  /** Vendor-Id, 0 for the IETF's. Written only where {@link AvpFlag.vendor} is set. */
  readonly vendor: number;
  /** The flags byte; see {@link AvpFlag}. */
  readonly flags: number;
  /**
   * Text for UTF8String, DiameterIdentity, DiameterURI and Address; a number for Integer32, Unsigned32, Enumerated and Time
   * (seconds since 1900); a bigint for Unsigned64; AVPs for Grouped; otherwise bytes.
   */
  readonly value: AvpValue;
}

/** The Diameter header (RFC 6733 3), without the length. */
export interface DiameterHeader {
  /** 1. */
  readonly version: number;
  /** The flags byte; see {@link MessageFlag} and {@link isRequest}. */
  readonly flags: number;
  /** Command code, 24 bits; a request and its answer have the same. */
  readonly command: number;
  readonly applicationId: number;
  /** Matches an answer with its request on one connection, 32 bits. */
  readonly hopByHop: number;
  /** With Origin-Host, detects duplicates end to end, 32 bits. */
  readonly endToEnd: number;
}

/** A Diameter message (RFC 6733 3). */
export interface DiameterMessage extends DiameterHeader {
  readonly avps: readonly Avp[];
}

/** Bits of the flags of a message (RFC 6733 3). */
export const MessageFlag = { request: 0x80, proxiable: 0x40, error: 0x20, retransmitted: 0x10 } as const;

/** Bits of the flags of an AVP (RFC 6733 4.1). */
export const AvpFlag = { vendor: 0x80, mandatory: 0x40, protected: 0x20 } as const;

/** Application-Id of the messages between peers (RFC 6733 2.4). */
export const BASE_APPLICATION = 0;
/** Application-Id of Cx and Dx (TS 29.229 5.1). */
export const CX_APPLICATION = 16777216;
/** Vendor-Id of 3GPP. */
export const VENDOR_3GPP = 10415;
/** Vendor-Id of ETSI. */
export const VENDOR_ETSI = 13019;

/** Whether the message is a request: the R bit (RFC 6733 3). */
export function isRequest(message: DiameterHeader): boolean {
  return (message.flags & MessageFlag.request) !== 0;
}
