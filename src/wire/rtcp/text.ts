import { toUtf8 } from '../../crypto/encoding.js';
import { type NackPair, type RtcpPacket, SDES, type SdesItem } from './packet.js';

/** Packets a pair covers behind its first. */
const AFTER = 16;

/** An SDES item from its name and text, which may have 255 bytes of UTF-8. */
export function sdesItem(name: keyof typeof SDES, text: string): SdesItem {
  return { type: SDES[name], value: toUtf8(text) };
}

/** The canonical name of a source, if one of the packets has it. */
export function cnameOf(packets: readonly RtcpPacket[], ssrc: number): string | undefined {
  for (const packet of packets) {
    if (packet.type !== 'SDES') continue;
    const chunk = packet.chunks.find((one) => one.ssrc === ssrc);
    const item = chunk?.items.find(({ type }) => type === SDES.CNAME);
    if (item !== undefined) return textOf(item.value);
  }
  return undefined;
}

/** Bytes of an SDES item or a reason as text; bytes that are no UTF-8 show as replacement characters. */
export function textOf(value: Uint8Array): string {
  return DECODER.decode(value);
}

const DECODER = new TextDecoder('utf-8', { ignoreBOM: true });

/** The pairs that name lost packets (RFC 4585 6.2.1). */
export function nackPairs(lost: readonly number[]): NackPair[] {
  const pairs: { packetId: number; lostAfter: number }[] = [];
  for (const sequence of lost) {
    const last = pairs[pairs.length - 1];
    const after = last === undefined ? 0 : (sequence - last.packetId) & 0xffff;
    if (last !== undefined && after >= 1 && after <= AFTER) last.lostAfter |= 1 << (after - 1);
    else pairs.push({ packetId: sequence, lostAfter: 0 });
  }
  return pairs;
}

/** The sequence numbers pairs name, in their order. */
export function lostPackets(pairs: readonly NackPair[]): number[] {
  const lost: number[] = [];
  for (const { packetId, lostAfter } of pairs) {
    lost.push(packetId);
    for (let after = 1; after <= AFTER; after += 1) {
      if ((lostAfter >> (after - 1)) & 1) lost.push((packetId + after) & 0xffff);
    }
  }
  return lost;
}

/** One line for a trace: the types of the packets, such as `SR SDES NACK`. */
export function rtcpSummary(packets: readonly RtcpPacket[]): string {
  return packets
    .map((packet) => {
      if (packet.type === 'unknown') return `type ${packet.packetType}`;
      return 'format' in packet ? `${packet.type}/${packet.format}` : packet.type;
    })
    .join(' ');
}
