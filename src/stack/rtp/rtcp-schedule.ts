import {
  deterministicInterval,
  type IntervalInput,
  type RtcpShares,
  randomizedInterval,
  timeoutInterval,
} from './rtcp-interval.js';

/** The participants as far as they set the pace (RFC 3550 6.3), this one counted. */
export interface Group {
  readonly members: number;
  readonly senders: number;
  readonly weSent: boolean;
}

/** What a schedule starts from. */
export interface ScheduleOptions {
  readonly shares: RtcpShares;
  readonly profile: 'AVP' | 'AVPF';
  /** T_rr_interval (RFC 4585 3.4 m), 0 for none. */
  readonly trrIntervalUs: number;
  /** Probable size of the first packet, with the headers below. */
  readonly firstBytes: number;
  readonly nowUs: number;
  /** Draws a number of at least 0 and less than 1. */
  readonly uniform: () => number;
}

/** Weight of the last packet in the average (RFC 3550 6.3.3). */
const NEWEST = 1 / 16;
/** How often to look for silent members where there is no bandwidth to report with. */
const IDLE_INTERVAL_S = 5;

/** The variables of RFC 3550 6.3 and RFC 4585 3.4, and what happens to them. Times are in microseconds. */
export class RtcpSchedule {
  /** tn, when to look next. */
  nextUs: number;
  readonly #options: ScheduleOptions;
  #group: Group;
  /** tp. */
  #previousUs: number;
  #pmembers = 1;
  #averageBytes: number;
  #initial = true;
  /** The random number with which T will be calculated next. */
  #uniform: number;
  /** The last T. */
  #intervalUs: number;
  #allowEarly = true;
  /** t_rr_last. */
  #regularUs: number | undefined;

  /** Joins the session (RFC 3550 6.3.2). */
  constructor(options: ScheduleOptions, group: Group) {
    this.#options = options;
    this.#group = group;
    this.#averageBytes = options.firstBytes;
    this.#uniform = options.uniform();
    this.#previousUs = options.nowUs;
    this.#intervalUs = this.#calculate();
    this.nextUs = this.#previousUs + this.#intervalUs;
  }

  /** Whether this participant has bandwidth to send RTCP with (RFC 3556 2). */
  get mayReport(): boolean {
    return Number.isFinite(deterministicInterval(this.#input));
  }

  /** Whether no packet has been sent. */
  get initial(): boolean {
    return this.#initial;
  }

  /** T as last calculated. */
  get intervalUs(): number {
    return this.#intervalUs;
  }

  /** After how much silence a member is gone (RFC 3550 6.3.5). */
  get timeoutUs(): number {
    return 1e6 * timeoutInterval(this.#input, this.#options.trrIntervalUs / 1e6);
  }

  /** Whether it is time, T calculated anew (RFC 3550 6.3.6). */
  isDue(nowUs: number): boolean {
    return this.#previousUs + this.#drawn() <= nowUs;
  }

  /** It is not time yet. */
  putOff(): void {
    this.#intervalUs = this.#calculate();
    this.nextUs = this.#previousUs + this.#intervalUs;
    this.#pmembers = this.#group.members;
  }

  /**
   * Whether a regular packet is to be sent now that it is time (RFC 4585 3.5.3).
   *
   * @param feedback - whether there is any to send with it
   */
  wantsReport(nowUs: number, feedback: boolean): boolean {
    if (!this.mayReport) return false;
    const { trrIntervalUs, uniform } = this.#options;
    if (trrIntervalUs === 0 || this.#regularUs === undefined) {
      this.#regularUs = nowUs;
      return true;
    }
    if (this.#regularUs + (0.5 + uniform()) * trrIntervalUs > nowUs) return feedback;
    this.#regularUs = nowUs;
    return true;
  }

  /**
   * A regular packet has been sent, or suppressed (RFC 3550 6.3.6, RFC 4585 3.5.3).
   *
   * @param bytes - its size with the headers below; `undefined` if it was suppressed
   */
  reported(nowUs: number, bytes: number | undefined): void {
    if (bytes !== undefined) {
      this.#initial = false;
      this.measured(bytes);
    }
    this.#previousUs = nowUs;
    this.#intervalUs = this.#calculate();
    this.nextUs = nowUs + this.#intervalUs;
    this.#pmembers = this.#group.members;
    this.#allowEarly = true;
  }

  /** Whether feedback may be sent at once (RFC 4585 3.5.2); with more than two members it waits for tn. */
  get mayBeEarly(): boolean {
    return this.#allowEarly && this.#group.members <= 2 && this.mayReport;
  }

  /** Feedback has been sent early: one regular packet is skipped (RFC 4585 3.4, 3.5.2 step 6). */
  fedBack(bytes: number): void {
    this.measured(bytes);
    this.#allowEarly = false;
    this.nextUs = this.#previousUs + 2 * this.#intervalUs;
    this.#previousUs += this.#intervalUs;
  }

  /** A packet has been sent or received (RFC 3550 6.3.3). */
  measured(bytes: number): void {
    this.#averageBytes += NEWEST * (bytes - this.#averageBytes);
  }

  /** Reverse reconsideration, if the group is smaller (RFC 3550 6.3.4); whether tn has changed. */
  reconsider(nowUs: number): boolean {
    const { members } = this.#group;
    if (members >= this.#pmembers) return false;
    const factor = members / this.#pmembers;
    this.nextUs = Math.ceil(nowUs + factor * (this.nextUs - nowUs));
    this.#previousUs = nowUs - factor * (nowUs - this.#previousUs);
    this.#pmembers = members;
    return true;
  }

  /**
   * Begins to leave a large group (RFC 3550 6.3.7).
   *
   * @param group - counts those who say goodbye
   * @param bytes - size of the packet with BYE
   */
  leave(nowUs: number, group: Group, bytes: number): void {
    this.#group = group;
    this.#pmembers = 1;
    this.#initial = true;
    this.#averageBytes = bytes;
    this.#previousUs = nowUs;
    this.#intervalUs = this.#calculate();
    this.nextUs = nowUs + this.#intervalUs;
  }

  get #input(): IntervalInput {
    const { shares, profile } = this.#options;
    const { members, senders, weSent } = this.#group;
    const initial = this.#initial;
    return { shares, profile, members, senders, weSent, averageBytes: this.#averageBytes, initial };
  }

  /** T with the random number at hand. */
  #drawn(): number {
    const deterministic = deterministicInterval(this.#input);
    const seconds = Number.isFinite(deterministic) ? deterministic : IDLE_INTERVAL_S;
    return Math.ceil(1e6 * randomizedInterval(seconds, this.#uniform));
  }

  /** T, and a new random number for the next. */
  #calculate(): number {
    const interval = this.#drawn();
    this.#uniform = this.#options.uniform();
    return interval;
  }
}
