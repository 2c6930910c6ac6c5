import { toUtf8 } from '../../crypto/index.js';
import type { Host } from '../../network/index.js';
import {
  parseRtcp,
  type ReportBlock,
  type RtcpPacket,
  SDES,
  sdesItem,
  textOf,
} from '../../wire/rtcp/index.js';
import { rtpHeaderBytes, rtpSequenceNumber, rtpSsrc, rtpTimestamp } from '../../wire/rtp/index.js';
import { Feedback, MOST_FEEDBACK_DELAY_US } from './feedback.js';
import { middleOf, ntpTime, shortToUs, shortUnits } from './ntp.js';
import { type Participant, Participants } from './participants.js';
import type { Group } from './rtcp-schedule.js';
import { type RtcpContent, RtcpSender } from './rtcp-sender.js';
import { SourceStatistics } from './source-statistics.js';
import type { RtpReport, RtpSessionOptions, RtpVerdict } from './types.js';

/** Packets in sequence that make a source valid (RFC 3550 A.1). */
const MIN_SEQUENTIAL = 2;
/** Blocks a report holds (RFC 3550 6.4.1). */
const MOST_BLOCKS = 31;

/**
 * One RTP session at a host (RFC 3550): its own source, the statistics of the others, and its RTCP. Media packets only pass by
 * to be counted. With `bye` or `close` its timer ends.
 *
 * @example
 * ```ts
 * const session = new RtpSession(host, {
 *   id: 'media/1 rtcp',
 *   ssrc: 0x1234,
 *   cname: 'a1b2c3',
 *   clockRateHz: 8000,
 *   sendRtcp: (bytes) => socket.send(bytes, peer),
 * });
 * session.sentRtp(packet);
 * session.bye();
 * ```
 */
export class RtpSession {
  /** The source this end sends as. */
  readonly ssrc: number;
  /** Who takes part, by the tables of RFC 3550 6.3. */
  readonly group: Group;
  readonly #host: Host;
  readonly #options: RtpSessionOptions;
  readonly #participants = new Participants();
  readonly #feedback: Feedback;
  readonly #rtcp: RtcpSender | undefined;
  readonly #minSequential: number;
  #weSent = false;
  #sent = 0;
  #sentBytes = 0;
  #lastSentUs = 0;
  #lastTimestamp = 0;
  /** The source heard last, and counts of those that are forgotten. */
  #heardLast: SourceStatistics | undefined;
  #forgotten = { received: 0, bytes: 0, lost: 0 };
  #rttUs: number | undefined;
  #remote: ReportBlock | undefined;
  #rtcpReceived = 0;
  #rtcpInvalid = 0;
  #collisions = 0;

  /** Joins the session (RFC 3550 6.3.2). */
  constructor(host: Host, options: RtpSessionOptions) {
    this.#host = host;
    this.#options = options;
    this.ssrc = options.ssrc ?? host.random('rtp').uint32();
    this.#minSequential = options.minSequential ?? MIN_SEQUENTIAL;
    this.#feedback = new Feedback(options, this.ssrc);
    this.group = groupOf(this.#participants, () => this.#weSent);
    this.#rtcp = RtcpSender.join(host, options, this.#content());
  }

  /** Counts an RTP packet of this end's source as it is sent, in the clear; it is kept if retransmission is on. */
  sentRtp(packet: Uint8Array): void {
    this.#feedback.keep(packet);
    this.#lastSentUs = this.#host.kernel.now;
    this.#lastTimestamp = rtpTimestamp(packet);
    this.#countSent(packet);
    if (this.#weSent) return;
    this.#weSent = true;
    this.#rtcp?.reconsider();
  }

  /** Counts an RTP packet that came, in the clear. */
  receiveRtp(packet: Uint8Array): RtpVerdict {
    const payloadBytes = payloadBytesOf(packet);
    if (payloadBytes < 0) return 'malformed';
    const ssrc = rtpSsrc(packet);
    if (ssrc === this.ssrc) {
      this.#collisions += 1;
      return 'collision';
    }
    const { now } = this.#host.kernel;
    const participant = this.#participants.find(ssrc, now);
    if (participant === undefined) return 'malformed';
    const sequence = rtpSequenceNumber(packet);
    const statistics = (participant.statistics ??= new SourceStatistics(
      sequence,
      this.#options.clockRateHz,
      this.#minSequential,
    ));
    const ahead = statistics.valid ? (sequence - statistics.extendedHighest) & 0xffff : 1;
    const verdict = statistics.add(sequence, rtpTimestamp(packet), payloadBytes, now);
    participant.heardUs = now;
    if (verdict !== 'valid') return verdict;
    participant.sentUs = now;
    participant.active = true;
    this.#heardLast = statistics;
    this.#participants.admit(participant);
    this.#participants.addSender(participant);
    const contributors = (packet[0] as number) & 15;
    if (contributors > 0) this.#hearContributors(packet, contributors, now);
    if (ahead !== 1) {
      const lost = this.#feedback.noteSequence(participant, sequence, ahead);
      if (lost) this.#offerFeedback();
    }
    return 'valid';
  }

  /** Takes an RTCP datagram, in the clear. What cannot be read, or breaks RFC 3550 A.2, is counted and left. */
  receiveRtcp(bytes: Uint8Array): void {
    const read = parseRtcp(bytes);
    const packets = read.ok ? read.value : [];
    const [first] = packets;
    const lawful = first?.type === 'SR' || first?.type === 'RR' || this.#options.reducedSize === true;
    if (first === undefined || !lawful) {
      this.#rtcpInvalid += 1;
      return;
    }
    this.#rtcpReceived += 1;
    const { now } = this.#host.kernel;
    for (const packet of packets) this.#take(packet, now);
    const goodbyes = packets.filter(({ type }) => type === 'BYE').length;
    this.#rtcp?.received(bytes.length, goodbyes);
    if (goodbyes > 0) this.#rtcp?.reconsider();
  }

  /**
   * Asks a source for a picture that needs no other: by PLI after losses, by FIR otherwise (RFC 5104 4.3.1.2).
   *
   * @returns whether the request goes out: not with AVP, not within `keyFrameGapMs` of the last, not when RTCP has no room
   * for it within a second (RFC 4585 3.5.2 step 4a)
   */
  requestKeyFrame(ssrc: number, kind: 'PLI' | 'FIR' = 'PLI'): boolean {
    return this.#feedback.requestKeyFrame(ssrc, kind, this.#host.kernel.now, () => this.#offerFeedback());
  }

  /** Leaves the session with a BYE (RFC 3550 6.3.7): at once, but in its turn in a group of more than 50. */
  bye(reason?: string): void {
    const text = reason === undefined ? {} : { reason: toUtf8(reason) };
    this.#rtcp?.leave({ type: 'BYE', ssrcs: [this.ssrc], ...text });
  }

  /** Ends the session's timer at once and in silence. */
  close(): void {
    this.#rtcp?.stop();
  }

  /** How the session fares. */
  report(): RtpReport {
    let { received, bytes, lost } = this.#forgotten;
    for (const { statistics } of this.#participants) {
      if (statistics?.valid !== true) continue;
      received += statistics.received;
      bytes += statistics.payloadBytes;
      lost += statistics.lost;
    }
    const remote = this.#remote;
    return {
      sent: this.#sent,
      sentBytes: this.#sentBytes,
      received,
      receivedBytes: bytes,
      lost,
      jitterMs: this.#heardLast?.jitterMs ?? 0,
      rttMs: this.#rttUs === undefined ? undefined : this.#rttUs / 1000,
      remote: remote && {
        lost: remote.cumulativeLost,
        fractionLost: remote.fractionLost / 256,
        jitterMs: (1000 * remote.jitter) / this.#options.clockRateHz,
      },
      rtcpSent: this.#rtcp?.sent ?? 0,
      rtcpReceived: this.#rtcpReceived,
      rtcpInvalid: this.#rtcpInvalid,
      collisions: this.#collisions,
    };
  }

  #content(): RtcpContent {
    return {
      group: this.group,
      hasSent: () => this.#sent > 0,
      hasFeedback: () => this.#feedback.waiting,
      takeReport: (nowUs) => this.#takeReport(nowUs),
      takeFeedback: (nowUs) => this.#feedback.take(nowUs, this.#participants, this.#rttUs ?? 0),
      expire: (senderUs, memberUs) => this.#expire(senderUs, memberUs),
    };
  }

  #takeReport(nowUs: number): RtcpPacket[] {
    const blocks: ReportBlock[] = [];
    for (const participant of this.#participants) {
      const { ssrc, statistics, active, lastSr, lastSrUs } = participant;
      // reported are sources that have sent since the last report (RFC 3550 6.4)
      if (!active || statistics === undefined) continue;
      participant.active = false;
      blocks.push(statistics.report(ssrc, lastSr, lastSr === 0 ? 0 : shortUnits(nowUs - lastSrUs)));
    }
    const reports = blocks.slice(0, MOST_BLOCKS);
    const packets: RtcpPacket[] = [
      this.#weSent ? this.#senderReport(nowUs, reports) : { type: 'RR', ssrc: this.ssrc, reports },
    ];
    for (let at = MOST_BLOCKS; at < blocks.length; at += MOST_BLOCKS) {
      packets.push({ type: 'RR', ssrc: this.ssrc, reports: blocks.slice(at, at + MOST_BLOCKS) });
    }
    const items = [sdesItem('CNAME', this.#options.cname)];
    packets.push({ type: 'SDES', chunks: [{ ssrc: this.ssrc, items }] });
    return packets;
  }

  #expire(senderUs: number, memberUs: number): void {
    if (this.#lastSentUs < senderUs) this.#weSent = false;
    this.#participants.expire(senderUs, memberUs, ({ ssrc, statistics }, member) => {
      if (statistics?.valid === true) {
        this.#forgotten.received += statistics.received;
        this.#forgotten.bytes += statistics.payloadBytes;
        this.#forgotten.lost += statistics.lost;
      }
      if (member) this.#options.onTimeout?.(ssrc);
    });
  }

  /** The timestamp of the report is that of the media at this instant, sampled or not (RFC 3550 6.4.1). */
  #senderReport(nowUs: number, reports: readonly ReportBlock[]): RtcpPacket {
    const { seconds, fraction } = ntpTime(nowUs);
    const elapsed = Math.round(((nowUs - this.#lastSentUs) * this.#options.clockRateHz) / 1e6);
    return {
      type: 'SR',
      ssrc: this.ssrc,
      ntpSeconds: seconds,
      ntpFraction: fraction,
      rtpTimestamp: (this.#lastTimestamp + elapsed) >>> 0,
      packetCount: this.#sent >>> 0,
      octetCount: this.#sentBytes >>> 0,
      reports,
    };
  }

  #countSent(packet: Uint8Array): void {
    this.#sent += 1;
    this.#sentBytes += Math.max(0, payloadBytesOf(packet));
  }

  #offerFeedback(): boolean {
    if (this.#options.profile !== 'AVPF') return false;
    return this.#rtcp?.offerFeedback(MOST_FEEDBACK_DELAY_US) ?? false;
  }

  /** Contributing sources are members, too (RFC 3550 6.3.3). */
  #hearContributors(packet: Uint8Array, count: number, nowUs: number): void {
    const view = new DataView(packet.buffer, packet.byteOffset, packet.length);
    for (let i = 0; i < count; i += 1) this.#hear(view.getUint32(12 + 4 * i), nowUs);
  }

  #hear(ssrc: number, nowUs: number): Participant | undefined {
    if (ssrc === this.ssrc) {
      this.#collisions += 1;
      return undefined;
    }
    const participant = this.#participants.find(ssrc, nowUs);
    if (participant === undefined) return undefined;
    participant.heardUs = nowUs;
    this.#participants.admit(participant);
    return participant;
  }

  #take(packet: RtcpPacket, nowUs: number): void {
    switch (packet.type) {
      case 'SR': {
        const sender = this.#hear(packet.ssrc, nowUs);
        if (sender === undefined) return;
        sender.lastSr = middleOf({ seconds: packet.ntpSeconds, fraction: packet.ntpFraction });
        sender.lastSrUs = nowUs;
        this.#takeBlocks(packet.reports, nowUs);
        break;
      }
      case 'RR':
        if (this.#hear(packet.ssrc, nowUs) !== undefined) this.#takeBlocks(packet.reports, nowUs);
        break;
      case 'SDES':
        for (const { ssrc, items } of packet.chunks) {
          if (items.some(({ type }) => type === SDES.CNAME)) this.#hear(ssrc, nowUs);
        }
        break;
      case 'BYE':
        for (const ssrc of packet.ssrcs) this.#takeGoodbye(ssrc, packet.reason);
        break;
      case 'NACK':
      case 'PLI':
      case 'FIR': {
        const from = this.#hear(packet.senderSsrc, nowUs);
        if (from === undefined) return;
        for (const again of this.#feedback.receive(packet, from, nowUs, this.#rttUs ?? 0)) {
          this.#countSent(again);
          this.#options.resend?.(again);
        }
        break;
      }
      default:
    }
  }

  #takeGoodbye(ssrc: number, reason: Uint8Array | undefined): void {
    const participant = this.#participants.get(ssrc);
    if (participant === undefined || participant.left) return;
    this.#participants.leave(participant);
    this.#options.onBye?.(ssrc, reason === undefined ? '' : textOf(reason));
  }

  #takeBlocks(reports: readonly ReportBlock[], nowUs: number): void {
    const block = reports.find(({ ssrc }) => ssrc === this.ssrc);
    if (block === undefined) return;
    this.#remote = block;
    if (block.lastSr === 0) return;
    // A - LSR - DLSR (RFC 3550 6.4.1); clocks of 15 us may make it a little less than nothing
    const units = (middleOf(ntpTime(nowUs)) - block.lastSr - block.delaySinceLastSr) | 0;
    this.#rttUs = shortToUs(Math.max(0, units));
  }
}

/** Bytes of the payload of an RTP packet; -1 for what is none. */
function payloadBytesOf(packet: Uint8Array): number {
  const header = rtpHeaderBytes(packet);
  const first = packet[0] as number;
  if (header < 0 || first >> 6 !== 2) return -1;
  const padding = first & 0x20 ? (packet[packet.length - 1] as number) : 0;
  return packet.length - header - padding;
}

function groupOf(participants: Participants, weSent: () => boolean): Group {
  return {
    get members() {
      return 1 + participants.members;
    },
    get senders() {
      return participants.senders + (weSent() ? 1 : 0);
    },
    get weSent() {
      return weSent();
    },
  };
}
