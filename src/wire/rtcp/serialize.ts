import { FEEDBACK_FORMAT, type ReportBlock, RTCP_TYPE, type RtcpPacket, type SdesChunk } from './packet.js';

const VERSION = 2;
const BLOCK_BYTES = 24;
/** Blocks, chunks and sources are counted in five bits. */
const MOST_COUNT = 31;
/** The length field counts words less one in 16 bits (RFC 3550 6.4.1). */
const MOST_BYTES = 4 * 0x1_0000;
const NONE = new Uint8Array(0);

/**
 * The bytes of a datagram with these packets, in this order (RFC 3550 6.1).
 *
 * @throws RangeError when a packet does not fit its fields: more than 31 blocks, chunks or sources, texts over 255 bytes,
 * byte strings that are not whole words, or padding that is not 4 to 252 bytes in fours
 */
export function serializeRtcp(packets: readonly RtcpPacket[]): Uint8Array {
  let total = 0;
  for (const packet of packets) total += packetBytes(packet);
  const bytes = new Uint8Array(total);
  const view = new DataView(bytes.buffer);
  let at = 0;
  for (const packet of packets) {
    const end = at + packetBytes(packet);
    const padding = packet.paddingBytes ?? 0;
    const [type, count] = typeAndCount(packet);
    bytes[at] = (VERSION << 6) | (padding > 0 ? 0x20 : 0) | count;
    bytes[at + 1] = type;
    view.setUint16(at + 2, (end - at) / 4 - 1);
    writeBody(packet, view, bytes, at + 4);
    if (padding > 0) bytes[end - 1] = padding;
    at = end;
  }
  return bytes;
}

/** Length of a packet with header and padding. */
function packetBytes(packet: RtcpPacket): number {
  const padding = packet.paddingBytes ?? 0;
  if (padding % 4 !== 0 || padding < 0 || padding > 252) {
    throw new RangeError(`${padding} bytes of RTCP padding are not 0 to 252 in fours (RFC 3550 6.4.1)`);
  }
  const bytes = 4 + bodyBytes(packet) + padding;
  if (bytes > MOST_BYTES)
    throw new RangeError(`an RTCP packet of ${bytes} bytes does not fit its length field`);
  return bytes;
}

function bodyBytes(packet: RtcpPacket): number {
  switch (packet.type) {
    case 'SR':
      return 24 + BLOCK_BYTES * packet.reports.length + wholeWords(packet.extension ?? NONE);
    case 'RR':
      return 4 + BLOCK_BYTES * packet.reports.length + wholeWords(packet.extension ?? NONE);
    case 'SDES':
      return packet.chunks.reduce((sum, chunk) => sum + chunkBytes(chunk), 0);
    case 'BYE':
      return 4 * packet.ssrcs.length + reasonBytes(packet.reason);
    case 'APP':
      return 8 + wholeWords(packet.data);
    case 'NACK':
      return 8 + 4 * packet.pairs.length;
    case 'PLI':
      return 8;
    case 'FIR':
      return 8 + 8 * packet.requests.length;
    case 'RTPFB':
    case 'PSFB':
      return 8 + wholeWords(packet.fci);
    case 'unknown':
      return wholeWords(packet.body);
  }
}

function typeAndCount(packet: RtcpPacket): [type: number, count: number] {
  switch (packet.type) {
    case 'SR':
    case 'RR':
      return [RTCP_TYPE[packet.type], counted(packet.reports.length)];
    case 'SDES':
      return [RTCP_TYPE.SDES, counted(packet.chunks.length)];
    case 'BYE':
      return [RTCP_TYPE.BYE, counted(packet.ssrcs.length)];
    case 'APP':
      return [RTCP_TYPE.APP, counted(packet.subtype)];
    case 'NACK':
      return [RTCP_TYPE.RTPFB, FEEDBACK_FORMAT.NACK];
    case 'PLI':
      return [RTCP_TYPE.PSFB, FEEDBACK_FORMAT.PLI];
    case 'FIR':
      return [RTCP_TYPE.PSFB, FEEDBACK_FORMAT.FIR];
    case 'RTPFB':
    case 'PSFB':
      return [RTCP_TYPE[packet.type], counted(packet.format)];
    case 'unknown':
      return [packet.packetType, counted(packet.count)];
  }
}

function writeBody(packet: RtcpPacket, view: DataView, bytes: Uint8Array, at: number): void {
  switch (packet.type) {
    case 'SR':
      view.setUint32(at, packet.ssrc);
      view.setUint32(at + 4, packet.ntpSeconds);
      view.setUint32(at + 8, packet.ntpFraction);
      view.setUint32(at + 12, packet.rtpTimestamp);
      view.setUint32(at + 16, packet.packetCount);
      view.setUint32(at + 20, packet.octetCount);
      writeReports(packet.reports, packet.extension, view, bytes, at + 24);
      break;
    case 'RR':
      view.setUint32(at, packet.ssrc);
      writeReports(packet.reports, packet.extension, view, bytes, at + 4);
      break;
    case 'SDES': {
      let next = at;
      for (const chunk of packet.chunks) {
        writeChunk(chunk, view, bytes, next);
        next += chunkBytes(chunk);
      }
      break;
    }
    case 'BYE': {
      const reasonAt = writeWords(packet.ssrcs, view, at);
      if (packet.reason === undefined) break;
      bytes[reasonAt] = packet.reason.length;
      bytes.set(packet.reason, reasonAt + 1);
      break;
    }
    case 'APP':
      view.setUint32(at, packet.ssrc);
      writeName(packet.name, bytes, at + 4);
      bytes.set(packet.data, at + 8);
      break;
    case 'unknown':
      bytes.set(packet.body, at);
      break;
    default:
      view.setUint32(at, packet.senderSsrc);
      view.setUint32(at + 4, packet.mediaSsrc);
      writeFeedback(packet, view, bytes, at + 8);
  }
}

type Feedback = Extract<RtcpPacket, { readonly senderSsrc: number }>;

function writeFeedback(packet: Feedback, view: DataView, bytes: Uint8Array, at: number): void {
  switch (packet.type) {
    case 'NACK':
      packet.pairs.forEach(({ packetId, lostAfter }, index) => {
        view.setUint16(at + 4 * index, packetId);
        view.setUint16(at + 4 * index + 2, lostAfter);
      });
      break;
    case 'FIR':
      packet.requests.forEach(({ ssrc, sequenceNumber }, index) => {
        view.setUint32(at + 8 * index, ssrc);
        bytes[at + 8 * index + 4] = sequenceNumber;
      });
      break;
    case 'PLI':
      break;
    default:
      bytes.set(packet.fci, at);
  }
}

function writeReports(
  reports: readonly ReportBlock[],
  extension: Uint8Array | undefined,
  view: DataView,
  bytes: Uint8Array,
  from: number,
): void {
  let at = from;
  for (const report of reports) {
    view.setUint32(at, report.ssrc);
    // eight bits unsigned, then 24 bits signed
    view.setInt32(at + 4, report.cumulativeLost);
    bytes[at + 4] = report.fractionLost;
    view.setUint32(at + 8, report.highestSequence);
    view.setUint32(at + 12, report.jitter);
    view.setUint32(at + 16, report.lastSr);
    view.setUint32(at + 20, report.delaySinceLastSr);
    at += BLOCK_BYTES;
  }
  if (extension !== undefined) bytes.set(extension, at);
}

/** A chunk ends with one zero byte at least and then at a whole word (RFC 3550 6.5). */
function chunkBytes({ items }: SdesChunk): number {
  let bytes = 4;
  for (const { type, value } of items) {
    if (type < 1 || type > 255) throw new RangeError(`SDES items have types 1 to 255, not ${type}`);
    bytes += 2 + textLength(value);
  }
  return bytes + 4 - (bytes % 4);
}

function writeChunk({ ssrc, items }: SdesChunk, view: DataView, bytes: Uint8Array, from: number): void {
  view.setUint32(from, ssrc);
  let at = from + 4;
  for (const { type, value } of items) {
    bytes[at] = type;
    bytes[at + 1] = value.length;
    bytes.set(value, at + 2);
    at += 2 + value.length;
  }
}

function writeWords(words: readonly number[], view: DataView, from: number): number {
  let at = from;
  for (const word of words) {
    view.setUint32(at, word);
    at += 4;
  }
  return at;
}

function writeName(name: string, bytes: Uint8Array, at: number): void {
  if (name.length !== 4)
    throw new RangeError(`the name of an APP packet has four characters, not ${name.length}`);
  for (let i = 0; i < 4; i += 1) bytes[at + i] = name.charCodeAt(i);
}

function reasonBytes(reason: Uint8Array | undefined): number {
  return reason === undefined ? 0 : 4 * Math.ceil((1 + textLength(reason)) / 4);
}

function textLength({ length }: Uint8Array): number {
  if (length > 255) throw new RangeError(`${length} bytes of text do not fit RTCP's 255`);
  return length;
}

function wholeWords({ length }: Uint8Array): number {
  if (length % 4 !== 0) throw new RangeError(`${length} bytes in an RTCP packet are not whole words`);
  return length;
}

function counted(count: number): number {
  if (count > MOST_COUNT) throw new RangeError(`${count} does not fit the five bits of an RTCP header`);
  return count;
}
