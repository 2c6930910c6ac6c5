import { type IpAddress, parseIp } from './address.js';

/** Protocol numbers (IANA; RFC 768, RFC 9293). */
export const IP_PROTOCOL = { tcp: 6, udp: 17 } as const;

/** Control bits of a TCP header, low byte (RFC 9293 3.1). */
export const TCP_FLAG = {
  fin: 0x01,
  syn: 0x02,
  rst: 0x04,
  psh: 0x08,
  ack: 0x10,
  urg: 0x20,
  ece: 0x40,
  cwr: 0x80,
} as const;

/** A transport address; `ip` in any text form `parseIp` reads. */
export interface IpEndpoint {
  readonly ip: string;
  readonly port: number;
}

/** Fields of the IP header a sender chooses. */
export interface IpFields {
  /** IPv4 Identification, 0 to 65535 (RFC 791 3.1). Default 0; not carried over IPv6. */
  readonly identification?: number;
  /** Time to live or hop limit. Default 64. */
  readonly hopLimit?: number;
  /** IPv4 DSCP and ECN, IPv6 traffic class (RFC 2474, RFC 3168). Default 0. */
  readonly trafficClass?: number;
  /** IPv6 flow label, 20 bits (RFC 6437). Default 0; not carried over IPv4. */
  readonly flowLabel?: number;
}

export interface UdpDatagramInit extends IpFields {
  readonly src: IpEndpoint;
  readonly dst: IpEndpoint;
  readonly payload: Uint8Array;
}

export interface TcpSegmentInit extends IpFields {
  readonly src: IpEndpoint;
  readonly dst: IpEndpoint;
  /** 32-bit sequence number. */
  readonly seq: number;
  /** 32-bit acknowledgment number, meaningful with the ACK flag. */
  readonly ack: number;
  /** {@link TCP_FLAG} bits. */
  readonly flags: number;
  /** 0 to 65535. */
  readonly window: number;
  readonly payload: Uint8Array;
  /** Maximum segment size option, for SYN segments (RFC 9293 3.7.1). */
  readonly mss?: number;
  /** All options as bytes, a multiple of four up to 40, instead of `mss`. */
  readonly options?: Uint8Array;
}

const NO_OPTIONS = new Uint8Array(0);
const UDP_HEADER_BYTES = 8;
const TCP_HEADER_BYTES = 20;

/**
 * A whole IP packet with a UDP datagram (RFC 768), checksums filled in.
 * @throws RangeError when an address is not one, the families differ, or the packet exceeds 65535 bytes.
 */
export function udpDatagram(init: UdpDatagramInit): Uint8Array {
  const length = UDP_HEADER_BYTES + init.payload.length;
  const { bytes, view, at, pseudoSum } = ipHeader(init, IP_PROTOCOL.udp, length);
  view.setUint16(at, init.src.port);
  view.setUint16(at + 2, init.dst.port);
  view.setUint16(at + 4, length);
  bytes.set(init.payload, at + UDP_HEADER_BYTES);
  // RFC 768: a checksum that computes to zero is sent as all ones; zero means there is none.
  view.setUint16(at + 6, internetChecksum(bytes, at, pseudoSum) || 0xffff);
  return bytes;
}

/**
 * A whole IP packet with a TCP segment (RFC 9293 3.1), checksums filled in. The urgent pointer is 0.
 * @throws RangeError as {@link udpDatagram}, and when the options have no length of whole words up to 40 bytes.
 */
export function tcpSegment(init: TcpSegmentInit): Uint8Array {
  const options =
    init.options ??
    (init.mss === undefined ? NO_OPTIONS : Uint8Array.of(2, 4, (init.mss >> 8) & 255, init.mss & 255));
  if (options.length % 4 !== 0 || options.length > 40) {
    throw new RangeError(
      `TCP options of ${options.length} bytes are not whole words up to 40 (RFC 9293 3.1)`,
    );
  }
  const headerLength = TCP_HEADER_BYTES + options.length;
  const { bytes, view, at, pseudoSum } = ipHeader(init, IP_PROTOCOL.tcp, headerLength + init.payload.length);
  view.setUint16(at, init.src.port);
  view.setUint16(at + 2, init.dst.port);
  view.setUint32(at + 4, init.seq);
  view.setUint32(at + 8, init.ack);
  view.setUint8(at + 12, (headerLength / 4) << 4);
  view.setUint8(at + 13, init.flags);
  view.setUint16(at + 14, init.window);
  bytes.set(options, at + TCP_HEADER_BYTES);
  bytes.set(init.payload, at + headerLength);
  view.setUint16(at + 16, internetChecksum(bytes, at, pseudoSum));
  return bytes;
}

interface Started {
  readonly bytes: Uint8Array;
  readonly view: DataView;
  /** Where the transport header begins. */
  readonly at: number;
  readonly pseudoSum: number;
}

function ipHeader(init: UdpDatagramInit | TcpSegmentInit, protocol: number, length: number): Started {
  const src = address(init.src.ip);
  const dst = address(init.dst.ip);
  if (src.family !== dst.family) {
    throw new RangeError(`${init.src.ip} and ${init.dst.ip} are of different families`);
  }
  const at = src.family === 4 ? 20 : 40;
  const total = at + length;
  if (total > 0xffff) throw new RangeError(`IP packet of ${total} bytes exceeds 65535 (RFC 791 3.1)`);
  const bytes = new Uint8Array(total);
  const view = new DataView(bytes.buffer);
  const trafficClass = init.trafficClass ?? 0;
  const hopLimit = init.hopLimit ?? 64;
  if (src.family === 4) {
    view.setUint8(0, 0x45);
    view.setUint8(1, trafficClass);
    view.setUint16(2, total);
    view.setUint16(4, init.identification ?? 0);
    // Don't Fragment: an atomic datagram (RFC 6864 4.1), since this network does not fragment.
    view.setUint16(6, 0x4000);
    view.setUint8(8, hopLimit);
    view.setUint8(9, protocol);
    bytes.set(src.bytes, 12);
    bytes.set(dst.bytes, 16);
    view.setUint16(10, internetChecksum(bytes.subarray(0, 20), 0, 0));
  } else {
    view.setUint32(0, 0x6000_0000 | (trafficClass << 20) | ((init.flowLabel ?? 0) & 0xf_ffff));
    view.setUint16(4, length);
    view.setUint8(6, protocol);
    view.setUint8(7, hopLimit);
    bytes.set(src.bytes, 8);
    bytes.set(dst.bytes, 24);
  }
  return { bytes, view, at, pseudoSum: pseudoHeaderSum(src, dst, protocol, length) };
}

function address(text: string): IpAddress {
  const parsed = parseIp(text);
  if (parsed === undefined) throw new RangeError(`${JSON.stringify(text)} is not an IP address`);
  return parsed;
}

/** The sum over the pseudo-header (RFC 768, RFC 8200 8.1), to start a transport checksum with. */
export function pseudoHeaderSum(src: IpAddress, dst: IpAddress, protocol: number, length: number): number {
  return src.wordSum + dst.wordSum + protocol + length;
}

/**
 * The checksum of RFC 1071 over the bytes from `from` on; 0 over bytes that already hold a good checksum.
 * @param initialSum - a sum to start with, such as that of a pseudo-header.
 */
export function internetChecksum(bytes: Uint8Array, from: number, initialSum: number): number {
  let sum = initialSum;
  const even = bytes.length - ((bytes.length - from) & 1);
  // At most 2^15 words of 16 bits: the sum stays far below 2^53.
  for (let i = from; i < even; i += 2) sum += ((bytes[i] as number) << 8) | (bytes[i + 1] as number);
  if (even < bytes.length) sum += (bytes[even] as number) << 8;
  while (sum > 0xffff) sum = (sum & 0xffff) + Math.floor(sum / 0x10000);
  return ~sum & 0xffff;
}
