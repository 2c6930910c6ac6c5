import { type Parsed, parsed, unparsed } from '../parsed.js';

/** A header extension (RFC 3550 5.3.1). */
export interface RtpExtension {
  /** 16 bits "defined by profile"; 0xBEDE for the one-byte form of RFC 8285. */
  readonly profile: number;
  /** A multiple of four bytes. */
  readonly data: Uint8Array;
}

/** An RTP packet of version 2 (RFC 3550 5.1). */
export interface RtpPacket {
  readonly marker: boolean;
  /** 7 bits. */
  readonly payloadType: number;
  /** 16 bits. */
  readonly sequenceNumber: number;
  /** 32 bits, in units of the payload format's clock. */
  readonly timestamp: number;
  /** 32 bits. */
  readonly ssrc: number;
  /** Up to 15 contributing sources. */
  readonly csrcs: readonly number[];
  readonly extension?: RtpExtension;
  /** After parsing a view into the input. */
  readonly payload: Uint8Array;
  /** Bytes of padding behind the payload, 0 (no padding) to 255. */
  readonly paddingBytes: number;
}

const FIXED_BYTES = 12;
const VERSION = 2;

/**
 * The bytes of a packet; padding is zeros and its count (RFC 3550 5.1).
 * @throws RangeError when there are more than 15 contributing sources, or the extension is not whole words.
 */
export function serializeRtp(packet: RtpPacket): Uint8Array {
  const { csrcs, extension, payload, paddingBytes } = packet;
  if (csrcs.length > 15)
    throw new RangeError(`${csrcs.length} CSRCs do not fit an RTP header (RFC 3550 5.1)`);
  if (paddingBytes < 0 || paddingBytes > 255) {
    throw new RangeError(`${paddingBytes} bytes of RTP padding are not 0 to 255`);
  }
  const extensionBytes = extension?.data.length ?? 0;
  if (extensionBytes % 4 !== 0 || extensionBytes > 0xffff * 4) {
    throw new RangeError(`RTP extension of ${extensionBytes} bytes is not whole words (RFC 3550 5.3.1)`);
  }
  const headerBytes = FIXED_BYTES + 4 * csrcs.length + (extension ? 4 + extensionBytes : 0);
  const bytes = new Uint8Array(headerBytes + payload.length + paddingBytes);
  const view = new DataView(bytes.buffer);
  bytes[0] = (VERSION << 6) | (paddingBytes > 0 ? 0x20 : 0) | (extension ? 0x10 : 0) | csrcs.length;
  bytes[1] = (packet.marker ? 0x80 : 0) | (packet.payloadType & 0x7f);
  view.setUint16(2, packet.sequenceNumber);
  view.setUint32(4, packet.timestamp);
  view.setUint32(8, packet.ssrc);
  for (let i = 0; i < csrcs.length; i += 1) view.setUint32(FIXED_BYTES + 4 * i, csrcs[i] as number);
  if (extension) {
    const at = FIXED_BYTES + 4 * csrcs.length;
    view.setUint16(at, extension.profile);
    view.setUint16(at + 2, extensionBytes / 4);
    bytes.set(extension.data, at + 4);
  }
  bytes.set(payload, headerBytes);
  if (paddingBytes > 0) bytes[bytes.length - 1] = paddingBytes;
  return bytes;
}

/** Reads one packet (RFC 3550 5.1). The header and padding must fit the bytes; nothing else is judged. */
export function parseRtp(bytes: Uint8Array): Parsed<RtpPacket> {
  const first = bytes[0];
  if (first === undefined || bytes.length < FIXED_BYTES) {
    return unparsed('RTP header is cut short', bytes.length, '12 bytes');
  }
  if (first >> 6 !== VERSION) return unparsed(`RTP version ${first >> 6}`, 0, 'version 2');
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  const csrcCount = first & 15;
  let at = FIXED_BYTES + 4 * csrcCount;
  if (bytes.length < at) return unparsed('CSRC list is cut short', bytes.length, `${csrcCount} sources`);
  const csrcs: number[] = [];
  for (let i = 0; i < csrcCount; i += 1) csrcs.push(view.getUint32(FIXED_BYTES + 4 * i));
  let extension: RtpExtension | undefined;
  if (first & 0x10) {
    if (bytes.length < at + 4) return unparsed('extension header is cut short', bytes.length);
    const end = at + 4 + 4 * view.getUint16(at + 2);
    if (bytes.length < end) return unparsed('extension reaches beyond the packet', at + 2);
    extension = { profile: view.getUint16(at), data: bytes.subarray(at + 4, end) };
    at = end;
  }
  const paddingBytes = first & 0x20 ? (bytes[bytes.length - 1] as number) : 0;
  // RFC 3550 A.1: the count includes itself, so zero is invalid, and it cannot reach into the header.
  if (first & 0x20 && (paddingBytes === 0 || paddingBytes > bytes.length - at)) {
    return unparsed(`padding count ${paddingBytes} does not fit the packet`, bytes.length - 1);
  }
  const second = bytes[1] as number;
  return parsed({
    marker: (second & 0x80) !== 0,
    payloadType: second & 0x7f,
    sequenceNumber: view.getUint16(2),
    timestamp: view.getUint32(4),
    ssrc: view.getUint32(8),
    csrcs,
    ...(extension && { extension }),
    payload: bytes.subarray(at, bytes.length - paddingBytes),
    paddingBytes,
  });
}

/**
 * Bytes of the header with its sources and extension (RFC 3550 5.1, 5.3.1), for those who need no more of a packet than where
 * its payload begins.
 *
 * @param end - where the packet ends; what lies behind, such as an authentication tag, is not looked at
 * @returns -1 when the header does not fit; the version is not judged
 */
export function rtpHeaderBytes(bytes: Uint8Array, end: number = bytes.length): number {
  if (end < FIXED_BYTES) return -1;
  const first = bytes[0] as number;
  let at = FIXED_BYTES + 4 * (first & 15);
  if (first & 0x10) {
    if (end < at + 4) return -1;
    at += 4 + 4 * (((bytes[at + 2] as number) << 8) | (bytes[at + 3] as number));
  }
  return at > end ? -1 : at;
}

/** The sequence number in a header of at least 4 bytes. */
export function rtpSequenceNumber(bytes: Uint8Array): number {
  return ((bytes[2] as number) << 8) | (bytes[3] as number);
}

/** The timestamp in a header of at least 8 bytes. */
export function rtpTimestamp(bytes: Uint8Array): number {
  return wordAt(bytes, 4);
}

/** The synchronization source in a header of at least 12 bytes. */
export function rtpSsrc(bytes: Uint8Array): number {
  return wordAt(bytes, 8);
}

function wordAt(bytes: Uint8Array, at: number): number {
  return (
    (((bytes[at] as number) << 24) |
      ((bytes[at + 1] as number) << 16) |
      ((bytes[at + 2] as number) << 8) |
      (bytes[at + 3] as number)) >>>
    0
  );
}
