import { type Finding, type Parsed, parsed, unparsed } from '../parsed.js';
import { formatIp, ipFromBytes } from './address.js';
import { IP_PROTOCOL, internetChecksum, pseudoHeaderSum } from './packet.js';

export interface UdpTransport {
  readonly protocol: 'udp';
  readonly srcPort: number;
  readonly dstPort: number;
  readonly payload: Uint8Array;
}

export interface TcpTransport {
  readonly protocol: 'tcp';
  readonly srcPort: number;
  readonly dstPort: number;
  readonly seq: number;
  readonly ack: number;
  readonly flags: number;
  readonly window: number;
  /** From the options, when they hold one. */
  readonly mss?: number;
  /** The options as they stand. */
  readonly options: Uint8Array;
  readonly payload: Uint8Array;
}

/** Anything else behind the IP header, including fragments and IPv6 extension headers. */
export interface OtherTransport {
  readonly protocol: 'other';
  readonly number: number;
  readonly payload: Uint8Array;
}

/** A parsed IP packet. Payloads are views into the input. */
export interface IpPacket {
  readonly version: 4 | 6;
  /** Canonical text. */
  readonly src: string;
  readonly dst: string;
  readonly hopLimit: number;
  readonly trafficClass: number;
  /** IPv4 only, otherwise 0. */
  readonly identification: number;
  /** IPv6 only, otherwise 0. */
  readonly flowLabel: number;
  readonly transport: UdpTransport | TcpTransport | OtherTransport;
  /** Checksums that are wrong. */
  readonly findings: readonly Finding[];
}

/** Reads one IP packet (RFC 791 3.1, RFC 8200 3); a wrong checksum is a finding, not an error. Bytes beyond its length are ignored. */
export function parseIpPacket(bytes: Uint8Array): Parsed<IpPacket> {
  const version = (bytes[0] ?? 0) >> 4;
  if (version === 4) return parseV4(bytes);
  if (version === 6) return parseV6(bytes);
  return unparsed(bytes.length === 0 ? 'no bytes' : `IP version ${version}`, 0, 'version 4 or 6');
}

function parseV4(bytes: Uint8Array): Parsed<IpPacket> {
  const view = viewOf(bytes);
  const headerLength = ((bytes[0] as number) & 15) * 4;
  if (headerLength < 20) return unparsed('IPv4 header length below 20', 0, '5 or more words');
  if (bytes.length < headerLength) return unparsed('IPv4 header is cut short', bytes.length);
  const total = view.getUint16(2);
  if (total < headerLength) return unparsed('total length is below the header length', 2);
  if (total > bytes.length) return unparsed('packet is cut short', bytes.length, `${total} bytes`);
  const findings: Finding[] = [];
  if (internetChecksum(bytes.subarray(0, headerLength), 0, 0) !== 0) {
    findings.push({ what: 'header checksum is wrong', where: 'IPv4', rule: 'RFC 791 3.1' });
  }
  const fragment = (view.getUint16(6) & 0x3fff) !== 0;
  return build(bytes.subarray(0, total), headerLength, {
    version: 4,
    src: bytes.slice(12, 16),
    dst: bytes.slice(16, 20),
    hopLimit: view.getUint8(8),
    trafficClass: view.getUint8(1),
    identification: view.getUint16(4),
    flowLabel: 0,
    number: view.getUint8(9),
    opaque: fragment,
    findings,
  });
}

function parseV6(bytes: Uint8Array): Parsed<IpPacket> {
  if (bytes.length < 40) return unparsed('IPv6 header is cut short', bytes.length, '40 bytes');
  const view = viewOf(bytes);
  const total = 40 + view.getUint16(4);
  if (total > bytes.length) return unparsed('packet is cut short', bytes.length, `${total} bytes`);
  const first = view.getUint32(0);
  return build(bytes.subarray(0, total), 40, {
    version: 6,
    src: bytes.slice(8, 24),
    dst: bytes.slice(24, 40),
    hopLimit: view.getUint8(7),
    trafficClass: (first >>> 20) & 255,
    identification: 0,
    flowLabel: first & 0xf_ffff,
    number: view.getUint8(6),
    opaque: false,
    findings: [],
  });
}

interface Header {
  readonly version: 4 | 6;
  readonly src: Uint8Array;
  readonly dst: Uint8Array;
  readonly hopLimit: number;
  readonly trafficClass: number;
  readonly identification: number;
  readonly flowLabel: number;
  readonly number: number;
  /** The transport header is not readable here. */
  readonly opaque: boolean;
  readonly findings: Finding[];
}

function build(packet: Uint8Array, at: number, header: Header): Parsed<IpPacket> {
  const { src, dst, number, opaque, findings, ...fields } = header;
  const known = !opaque && (number === IP_PROTOCOL.udp || number === IP_PROTOCOL.tcp);
  const transport = known
    ? (number === IP_PROTOCOL.udp ? parseUdp : parseTcp)(packet, at)
    : parsed<OtherTransport>({ protocol: 'other', number, payload: packet.subarray(at) });
  if (!transport.ok) return transport;
  // RFC 768: over IPv4 a UDP checksum of zero means the sender computed none.
  const unchecked =
    number === IP_PROTOCOL.udp && header.version === 4 && packet[at + 6] === 0 && packet[at + 7] === 0;
  if (known && !unchecked) {
    const sum = pseudoHeaderSum(ipFromBytes(src), ipFromBytes(dst), number, packet.length - at);
    if (internetChecksum(packet, at, sum) !== 0) {
      const udp = number === IP_PROTOCOL.udp;
      findings.push({
        what: 'checksum is wrong',
        where: udp ? 'UDP' : 'TCP',
        rule: udp ? 'RFC 768' : 'RFC 9293 3.1',
      });
    }
  }
  return parsed({
    ...fields,
    src: formatIp(src),
    dst: formatIp(dst),
    transport: transport.value,
    findings,
  });
}

function parseUdp(packet: Uint8Array, at: number): Parsed<UdpTransport> {
  if (packet.length - at < 8) return unparsed('UDP header is cut short', packet.length, '8 bytes');
  const view = viewOf(packet);
  const length = view.getUint16(at + 4);
  if (length !== packet.length - at) {
    return unparsed('UDP length differs from that of the packet', at + 4, String(packet.length - at));
  }
  return parsed({
    protocol: 'udp',
    srcPort: view.getUint16(at),
    dstPort: view.getUint16(at + 2),
    payload: packet.subarray(at + 8),
  });
}

function parseTcp(packet: Uint8Array, at: number): Parsed<TcpTransport> {
  if (packet.length - at < 20) return unparsed('TCP header is cut short', packet.length, '20 bytes');
  const view = viewOf(packet);
  const headerLength = (view.getUint8(at + 12) >> 4) * 4;
  if (headerLength < 20 || headerLength > packet.length - at) {
    return unparsed(`TCP data offset of ${headerLength} bytes`, at + 12, '20 to the packet length');
  }
  const options = packet.subarray(at + 20, at + headerLength);
  const mss = maximumSegmentSize(options);
  return parsed({
    protocol: 'tcp',
    srcPort: view.getUint16(at),
    dstPort: view.getUint16(at + 2),
    seq: view.getUint32(at + 4),
    ack: view.getUint32(at + 8),
    flags: view.getUint8(at + 13),
    window: view.getUint16(at + 14),
    ...(mss !== undefined && { mss }),
    options,
    payload: packet.subarray(at + headerLength),
  });
}

/** RFC 9293 3.2: kind 0 ends the list, kind 1 is one byte of padding, kind 2 is the maximum segment size. */
function maximumSegmentSize(options: Uint8Array): number | undefined {
  for (let at = 0; at < options.length; ) {
    const kind = options[at];
    if (kind === 0) return undefined;
    if (kind === 1) {
      at += 1;
      continue;
    }
    const length = options[at + 1] ?? 0;
    if (length < 2 || at + length > options.length) return undefined;
    if (kind === 2 && length === 4) {
      return ((options[at + 2] as number) << 8) | (options[at + 3] as number);
    }
    at += length;
  }
  return undefined;
}

function viewOf(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
}
