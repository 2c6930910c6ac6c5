import { type Parsed, parsed, unparsed } from '../parsed.js';
import {
  FEEDBACK_FORMAT,
  type OtherFeedback,
  type ReportBlock,
  RTCP_TYPE,
  type RtcpPacket,
  type SdesChunk,
  type SdesItem,
} from './packet.js';

const VERSION = 2;
const BLOCK_BYTES = 24;

/** The packet being read: `from` is where its body begins, `end` where that ends without padding. */
interface Frame {
  readonly view: DataView;
  readonly bytes: Uint8Array;
  readonly count: number;
  readonly from: number;
  readonly end: number;
}

/**
 * Reads the packets of a datagram (RFC 3550 6.1, RFC 5506). Their lengths must add up to its own, and what a packet says to
 * contain must be in it; order, padding and unknown types are left to `validateRtcp`. Byte strings are views into `bytes`.
 */
export function parseRtcp(bytes: Uint8Array): Parsed<readonly RtcpPacket[]> {
  if (bytes.length === 0) return unparsed('RTCP datagram is empty', 0, '4 bytes');
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  const packets: RtcpPacket[] = [];
  for (let at = 0; at < bytes.length; ) {
    if (bytes.length < at + 4) return unparsed('RTCP header is cut short', bytes.length, '4 bytes');
    const first = bytes[at] as number;
    if (first >> 6 !== VERSION) return unparsed(`RTCP version ${first >> 6}`, at, 'version 2');
    const end = at + 4 + 4 * view.getUint16(at + 2);
    if (end > bytes.length) return unparsed('RTCP packet reaches beyond the datagram', at + 2);
    const paddingBytes = first & 0x20 ? (bytes[end - 1] as number) : 0;
    if (first & 0x20 && (paddingBytes === 0 || paddingBytes % 4 !== 0 || paddingBytes > end - at - 4)) {
      return unparsed(`padding count ${paddingBytes} does not fit the packet`, end - 1, 'a multiple of 4');
    }
    const frame = { view, bytes, count: first & 31, from: at + 4, end: end - paddingBytes };
    const packet = parsePacket(bytes[at + 1] as number, frame);
    if (!packet.ok) return packet;
    packets.push(paddingBytes > 0 ? { ...packet.value, paddingBytes } : packet.value);
    at = end;
  }
  return parsed(packets);
}

function parsePacket(packetType: number, frame: Frame): Parsed<RtcpPacket> {
  switch (packetType) {
    case RTCP_TYPE.SR:
      return parseSenderReport(frame);
    case RTCP_TYPE.RR:
      return parseReceiverReport(frame);
    case RTCP_TYPE.SDES:
      return parseSourceDescription(frame);
    case RTCP_TYPE.BYE:
      return parseGoodbye(frame);
    case RTCP_TYPE.APP:
      return parseApplication(frame);
    case RTCP_TYPE.RTPFB:
      return parseFeedback('RTPFB', frame);
    case RTCP_TYPE.PSFB:
      return parseFeedback('PSFB', frame);
    default: {
      const { bytes, count, from, end } = frame;
      return parsed({ type: 'unknown', packetType, count, body: bytes.subarray(from, end) });
    }
  }
}

function parseSenderReport(frame: Frame): Parsed<RtcpPacket> {
  const { view, from, end } = frame;
  if (end < from + 24) return cutShort('sender info', end, 24);
  const reports = parseReports(frame, from + 24);
  if (!reports.ok) return reports;
  return parsed({
    type: 'SR',
    ssrc: view.getUint32(from),
    ntpSeconds: view.getUint32(from + 4),
    ntpFraction: view.getUint32(from + 8),
    rtpTimestamp: view.getUint32(from + 12),
    packetCount: view.getUint32(from + 16),
    octetCount: view.getUint32(from + 20),
    ...reports.value,
  });
}

function parseReceiverReport(frame: Frame): Parsed<RtcpPacket> {
  const { view, from, end } = frame;
  if (end < from + 4) return cutShort('SSRC', end, 4);
  const reports = parseReports(frame, from + 4);
  if (!reports.ok) return reports;
  return parsed({ type: 'RR', ssrc: view.getUint32(from), ...reports.value });
}

interface Reports {
  readonly reports: readonly ReportBlock[];
  readonly extension?: Uint8Array;
}

function parseReports({ view, bytes, count, end }: Frame, from: number): Parsed<Reports> {
  const reports: ReportBlock[] = [];
  let at = from;
  for (; reports.length < count; at += BLOCK_BYTES) {
    if (end < at + BLOCK_BYTES) return cutShort('report block', end, BLOCK_BYTES);
    reports.push({
      ssrc: view.getUint32(at),
      fractionLost: bytes[at + 4] as number,
      cumulativeLost: (view.getInt32(at + 4) << 8) >> 8,
      highestSequence: view.getUint32(at + 8),
      jitter: view.getUint32(at + 12),
      lastSr: view.getUint32(at + 16),
      delaySinceLastSr: view.getUint32(at + 20),
    });
  }
  return parsed(at === end ? { reports } : { reports, extension: bytes.subarray(at, end) });
}

function parseSourceDescription({ view, bytes, count, from, end }: Frame): Parsed<RtcpPacket> {
  const chunks: SdesChunk[] = [];
  let at = from;
  while (chunks.length < count) {
    if (end < at + 4) return cutShort('SDES chunk', end, 4);
    const ssrc = view.getUint32(at);
    const items: SdesItem[] = [];
    at += 4;
    while (at < end && bytes[at] !== 0) {
      const length = bytes[at + 1];
      if (at + 1 >= end || length === undefined || at + 2 + length > end) {
        return unparsed('SDES item reaches beyond the packet', at);
      }
      items.push({ type: bytes[at] as number, value: bytes.subarray(at + 2, at + 2 + length) });
      at += 2 + length;
    }
    // a list of items that fills the packet without its zero byte is let pass
    at = Math.min(end, from + 4 * (Math.floor((at - from) / 4) + 1));
    chunks.push({ ssrc, items });
  }
  return parsed({ type: 'SDES', chunks });
}

function parseGoodbye({ view, bytes, count, from, end }: Frame): Parsed<RtcpPacket> {
  const reasonAt = from + 4 * count;
  if (end < reasonAt) return cutShort('list of sources', end, 4 * count);
  const ssrcs: number[] = [];
  for (let at = from; at < reasonAt; at += 4) ssrcs.push(view.getUint32(at));
  if (reasonAt === end) return parsed({ type: 'BYE', ssrcs });
  const length = bytes[reasonAt] as number;
  if (reasonAt + 1 + length > end) return unparsed('reason of BYE reaches beyond the packet', reasonAt);
  return parsed({ type: 'BYE', ssrcs, reason: bytes.subarray(reasonAt + 1, reasonAt + 1 + length) });
}

function parseApplication({ view, bytes, count, from, end }: Frame): Parsed<RtcpPacket> {
  if (end < from + 8) return cutShort('APP header', end, 8);
  const name = String.fromCharCode(...bytes.subarray(from + 4, from + 8));
  const data = bytes.subarray(from + 8, end);
  return parsed({ type: 'APP', subtype: count, ssrc: view.getUint32(from), name, data });
}

function parseFeedback(type: OtherFeedback['type'], frame: Frame): Parsed<RtcpPacket> {
  const { view, bytes, count: format, from, end } = frame;
  if (end < from + 8) return cutShort('feedback header', end, 8);
  const senderSsrc = view.getUint32(from);
  const mediaSsrc = view.getUint32(from + 4);
  const fciBytes = end - from - 8;
  if (type === 'RTPFB' && format === FEEDBACK_FORMAT.NACK) {
    const pairs = [];
    for (let at = from + 8; at < end; at += 4) {
      pairs.push({ packetId: view.getUint16(at), lostAfter: view.getUint16(at + 2) });
    }
    return parsed({ type: 'NACK', senderSsrc, mediaSsrc, pairs });
  }
  if (type === 'PSFB' && format === FEEDBACK_FORMAT.PLI && fciBytes === 0) {
    return parsed({ type: 'PLI', senderSsrc, mediaSsrc });
  }
  if (type === 'PSFB' && format === FEEDBACK_FORMAT.FIR && fciBytes % 8 === 0) {
    const requests = [];
    for (let at = from + 8; at < end; at += 8) {
      requests.push({ ssrc: view.getUint32(at), sequenceNumber: bytes[at + 4] as number });
    }
    return parsed({ type: 'FIR', senderSsrc, mediaSsrc, requests });
  }
  return parsed({ type, format, senderSsrc, mediaSsrc, fci: bytes.subarray(from + 8, end) });
}

function cutShort(what: string, offset: number, bytes: number): ReturnType<typeof unparsed> {
  return unparsed(`${what} is cut short`, offset, `${bytes} bytes`);
}
