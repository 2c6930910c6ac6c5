import { Transcoder } from '../../src/media/index.js';
import { parseRtcp, type ReportBlock, type RtcpPacket, serializeRtcp } from '../../src/wire/rtcp/index.js';
import { parseRtp, serializeRtp } from '../../src/wire/rtp/index.js';
import type { Drops } from './drops.js';
import type { Translation } from './formats.js';
import type { Sink, Stage } from './pipeline.js';

/** Rewrites the payload type of packets whose format has another one on the far side. */
export function relabel(types: ReadonlyMap<number, number>): Stage {
  return (packet) => {
    const second = packet[1] as number;
    const type = types.get(second & 0x7f);
    if (type === undefined) return packet;
    // what a socket gave may be on its way elsewhere too
    const copy = packet.slice();
    copy[1] = (second & 0x80) | type;
    return copy;
  };
}

/** The codec change of one direction, as a translator of RFC 3550 7.1. */
export class Translator {
  readonly #transcoder: Transcoder;
  readonly #inClock: number;
  readonly #outClock: number;
  readonly #drops: Drops;
  readonly #asIs: readonly number[];
  readonly #onFirst: () => void;
  /** The translator of the other direction. */
  reverse: Translator | undefined;
  /** Packets and bytes of payload sent, for sender reports (RFC 3550 7.2). */
  packets = 0;
  octets = 0;
  #requested: number | undefined;

  /** @param onFirst called with the first packet that is translated */
  constructor(
    translation: Extract<Translation, { kind: 'transcode' }>,
    ptimeMs: number | undefined,
    drops: Drops,
    onFirst: () => void,
  ) {
    const { from, to, asIs } = translation;
    this.#asIs = asIs;
    this.#transcoder = new Transcoder({ from, to, ...(ptimeMs === undefined ? {} : { ptimeMs }) });
    this.#inClock = from[0]?.clockRate ?? 1;
    this.#outClock = to[0]?.clockRate ?? 1;
    this.#drops = drops;
    this.#onFirst = onFirst;
  }

  /** Sends on what a packet becomes. */
  translate(packet: Uint8Array, sink: Sink): void {
    if (this.#asIs.length > 0 && this.#asIs.includes((packet[1] as number) & 0x7f)) {
      sink(packet);
      return;
    }
    const read = parseRtp(packet);
    if (!read.ok) {
      this.#drops.format++;
      return;
    }
    const transcoder = this.#transcoder;
    const unread = transcoder.foreign + transcoder.malformed;
    for (const made of transcoder.transcode(read.value)) {
      if (this.packets === 0) this.#onFirst();
      this.packets++;
      this.octets += made.payload.length;
      sink(serializeRtp(made));
    }
    this.#drops.format += transcoder.foreign + transcoder.malformed - unread;
    const { modeRequest } = transcoder;
    if (modeRequest !== undefined && modeRequest !== this.#requested) {
      this.#requested = modeRequest;
      this.reverse?.requestMode(modeRequest);
    }
  }

  /** What the receiver wants to hear (RFC 4867 4.3.1). */
  requestMode(mode: number): void {
    this.#transcoder.requestMode(mode);
  }

  /** A sender report on the stream as it is after the codec change (RFC 3550 7.2). */
  senderReport(
    rtpTimestamp: number,
  ): { rtpTimestamp: number; packetCount: number; octetCount: number } | undefined {
    const changed = this.#transcoder.outgoingTimestamp(rtpTimestamp);
    if (changed === undefined) return undefined;
    return { rtpTimestamp: changed, packetCount: this.packets >>> 0, octetCount: this.octets >>> 0 };
  }

  /** Jitter measured behind the codec change in the units before it. */
  incomingJitter(jitter: number): number {
    return Math.round((jitter * this.#inClock) / this.#outClock) >>> 0;
  }
}

/** What of RTCP has to change between two sides. */
export interface RtcpChange {
  /** Of the stream that the sender of the RTCP sends. */
  readonly own: Translator | undefined;
  /** Of the stream that it receives. */
  readonly heard: Translator | undefined;
  /** Whether the far side knows no feedback (RTP/AVP; RFC 4585 5). */
  readonly withoutFeedback: boolean;
}

const FEEDBACK: ReadonlySet<RtcpPacket['type']> = new Set(['NACK', 'PLI', 'FIR', 'RTPFB', 'PSFB']);

/**
 * RTCP as the other side has to see it: times and counts of streams whose codec changes, without what its profile does not have.
 *
 * @returns `undefined` when it cannot be read, or nothing is left of it
 */
export function changeRtcp(datagram: Uint8Array, change: RtcpChange): Uint8Array | undefined {
  const read = parseRtcp(datagram);
  if (!read.ok) return undefined;
  const packets = read.value.flatMap((packet) => changed(packet, change));
  return packets.length === 0 ? undefined : serializeRtcp(packets);
}

function changed(packet: RtcpPacket, change: RtcpChange): readonly RtcpPacket[] {
  if (change.withoutFeedback && FEEDBACK.has(packet.type)) return [];
  if (packet.type === 'RR') return [{ ...packet, reports: blocks(packet.reports, change) }];
  if (packet.type !== 'SR') return [packet];
  const reports = blocks(packet.reports, change);
  if (change.own === undefined) return [{ ...packet, reports }];
  const sent = change.own.senderReport(packet.rtpTimestamp);
  // before the first packet there is no time to tell
  if (sent === undefined) return [{ type: 'RR', ssrc: packet.ssrc, reports }];
  return [{ ...packet, ...sent, reports }];
}

function blocks(reports: readonly ReportBlock[], { heard }: RtcpChange): readonly ReportBlock[] {
  if (heard === undefined) return reports;
  return reports.map((block) => ({ ...block, jitter: heard.incomingJitter(block.jitter) }));
}
