import type { ActorRefFrom } from 'xstate';
import type { Host } from '../../network/index.js';
import { type RtcpPacket, serializeRtcp } from '../../wire/rtcp/index.js';
import { rtcpShares } from './rtcp-interval.js';
import { type RtcpEvent, type RtcpPort, rtcpMachine } from './rtcp-machine.js';
import { type Group, RtcpSchedule } from './rtcp-schedule.js';
import type { RtpSessionOptions } from './types.js';

/** IPv4 and UDP (RFC 3550 6.2). */
const LOWER_BYTES = 28;
/** The intervals after which a sender is none (RFC 3550 6.3.5). */
const SENDER_INTERVALS = 2;

/** What a participant has to say. */
export interface RtcpContent {
  readonly group: Group;
  /** Whether this end has sent RTP, ever. */
  hasSent(): boolean;
  /** SR or RR with its blocks, and SDES. */
  takeReport(nowUs: number): RtcpPacket[];
  /** Feedback that is due; it counts as given. */
  takeFeedback(nowUs: number): RtcpPacket[];
  /** Whether there is feedback to give. */
  hasFeedback(): boolean;
  /** Forgets senders and members not heard since then. */
  expire(senderUs: number, memberUs: number): void;
}

/** Sends the RTCP of a participant in its time. */
export class RtcpSender implements RtcpPort {
  /** Datagrams sent. */
  sent = 0;
  readonly #host: Host;
  readonly #options: RtpSessionOptions;
  readonly #content: RtcpContent;
  readonly #schedule: RtcpSchedule;
  readonly #overheadBytes: number;
  readonly #actor: ActorRefFrom<typeof rtcpMachine>;
  #goodbye: RtcpPacket | undefined;
  /** Who is left after {@link startOver}. */
  #leaving: { members: number; senders: number; weSent: boolean } | undefined;
  #over = false;

  /**
   * Joins the session.
   *
   * @returns `undefined` where both bandwidths are 0, so that there is no RTCP (RFC 3556 2)
   */
  static join(host: Host, options: RtpSessionOptions, content: RtcpContent): RtcpSender | undefined {
    const { senders, receivers } = rtcpShares(options.bandwidth ?? {});
    return senders + receivers === 0 ? undefined : new RtcpSender(host, options, content);
  }

  private constructor(host: Host, options: RtpSessionOptions, content: RtcpContent) {
    this.#host = host;
    this.#options = options;
    this.#content = content;
    this.#overheadBytes = options.overheadBytes ?? LOWER_BYTES;
    const { now } = host.kernel;
    const random = host.random('rtcp');
    this.#schedule = new RtcpSchedule(
      {
        shares: rtcpShares(options.bandwidth ?? {}),
        profile: options.profile ?? 'AVP',
        trrIntervalUs: 1000 * (options.trrIntervalMs ?? 0),
        firstBytes: this.#overheadBytes + serializeRtcp(content.takeReport(now)).length,
        nowUs: now,
        uniform: () => random.uniform(),
      },
      content.group,
    );
    this.#actor = host.spawn(rtcpMachine, { id: options.id, port: this });
    this.#tell({ type: 'join' });
  }

  /** A datagram has come (RFC 3550 6.3.3, 6.3.4, 6.3.7). */
  received(bytes: number, goodbyes: number): void {
    if (this.#leaving === undefined) this.#schedule.measured(bytes + this.#overheadBytes);
    else if (goodbyes > 0) {
      this.#leaving.members += goodbyes;
      this.#schedule.measured(bytes + this.#overheadBytes);
    }
  }

  /** The group may have become smaller (RFC 3550 6.3.4). */
  reconsider(): void {
    if (this.#over || this.#leaving !== undefined) return;
    if (this.#schedule.reconsider(this.#host.kernel.now)) this.#tell({ type: 'reconsider' });
  }

  /** There is feedback to give (RFC 4585 3.5.2); whether it goes out now or within `mostDelayUs`. */
  offerFeedback(mostDelayUs: number): boolean {
    if (this.#over || this.#leaving !== undefined || !this.#schedule.mayReport) return false;
    const early = this.#schedule.mayBeEarly;
    if (!early && this.#schedule.nextUs - this.#host.kernel.now >= mostDelayUs) return false;
    this.#tell({ type: 'feedback', early });
    return true;
  }

  /** Leaves with a BYE (RFC 3550 6.3.7). */
  leave(goodbye: RtcpPacket): void {
    if (this.#goodbye !== undefined) return;
    this.#goodbye = goodbye;
    this.#tell({ type: 'leave', members: this.#content.group.members });
  }

  /** Ends in silence. */
  stop(): void {
    this.#tell({ type: 'stop' });
    this.#over = true;
  }

  msToNext(): number {
    return Math.max(0, this.#schedule.nextUs - this.#host.kernel.now) / 1000;
  }

  isDue(): boolean {
    return this.#schedule.isDue(this.#host.kernel.now);
  }

  report(): void {
    const { now } = this.#host.kernel;
    this.#expire(now);
    const wanted = this.#schedule.wantsReport(now, this.#content.hasFeedback());
    const packets = wanted
      ? [...this.#content.takeReport(now), ...this.#content.takeFeedback(now)]
      : undefined;
    this.#schedule.reported(now, packets && this.#send(packets));
  }

  putOff(): void {
    this.#expire(this.#host.kernel.now);
    this.#schedule.putOff();
  }

  giveFeedback(): void {
    const { now } = this.#host.kernel;
    const feedback = this.#content.takeFeedback(now);
    const packets = this.#options.reducedSize ? feedback : [...this.#content.takeReport(now), ...feedback];
    this.#schedule.fedBack(this.#send(packets));
  }

  startOver(): void {
    this.#leaving = { members: 1, senders: 0, weSent: false };
    const { now } = this.#host.kernel;
    const bytes = serializeRtcp(this.#farewell(now)).length + this.#overheadBytes;
    this.#schedule.leave(now, this.#leaving, bytes);
  }

  sayGoodbye(): void {
    this.#over = true;
    // who has never sent anything does not say that it stops (RFC 3550 6.3.7)
    if (this.sent === 0 && !this.#content.hasSent()) return;
    this.#send(this.#farewell(this.#host.kernel.now));
  }

  #farewell(nowUs: number): RtcpPacket[] {
    const report = this.#content.takeReport(nowUs);
    return this.#goodbye === undefined ? report : [...report, this.#goodbye];
  }

  #expire(nowUs: number): void {
    const { intervalUs, timeoutUs } = this.#schedule;
    if (this.#leaving === undefined) {
      this.#content.expire(nowUs - SENDER_INTERVALS * intervalUs, nowUs - timeoutUs);
      this.#schedule.reconsider(nowUs);
    }
  }

  #send(packets: readonly RtcpPacket[]): number {
    const bytes = serializeRtcp(packets);
    this.sent += 1;
    this.#options.sendRtcp(bytes);
    return bytes.length + this.#overheadBytes;
  }

  #tell(event: RtcpEvent): void {
    if (!this.#over) this.#actor.send(event);
  }
}
