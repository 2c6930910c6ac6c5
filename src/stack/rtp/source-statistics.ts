import type { ReportBlock } from '../../wire/rtcp/index.js';

const SEQUENCES = 0x1_0000;
/** Limits of RFC 3550 A.1. */
const MAX_DROPOUT = 3000;
const MAX_MISORDER = 100;
/** Bounds of the signed 24-bit count of lost packets (RFC 3550 A.3). */
const MOST_LOST = 0x7f_ffff;
const LEAST_LOST = -0x80_0000;
/** No sequence number: so that no packet has it. */
const NONE = -1;

/** What a packet is to its source (RFC 3550 A.1). */
export type SourceVerdict = 'valid' | 'probation' | 'jump';

/**
 * What is known of the packets of one source: sequence numbers, losses and jitter (RFC 3550 A.1, A.3, A.8). The packets of the
 * probation count once it is passed, which A.1 leaves to the implementation.
 */
export class SourceStatistics {
  readonly #clockRateHz: number;
  readonly #minSequential: number;
  #probation: number;
  /** base_seq: of the first packet that counts. */
  #base: number;
  /** max_seq, and the shifted count of its cycles. */
  #highest: number;
  #cycles = 0;
  /** bad_seq: what would make a jump a new start. */
  #afterJump = NONE;
  #received = 0;
  #expectedPrior = 0;
  #receivedPrior = 0;
  /** Of the counts before the last new start. */
  #receivedBefore = 0;
  #lostBefore = 0;
  #payloadBytes = 0;
  #jitter = 0;
  #lastArrival = NONE;
  #lastTimestamp = 0;

  /**
   * @param sequence - of the packet that is about to be counted
   * @param minSequential - packets in sequence that make the source valid
   */
  constructor(sequence: number, clockRateHz: number, minSequential: number) {
    this.#clockRateHz = clockRateHz;
    this.#minSequential = minSequential;
    this.#probation = minSequential;
    this.#base = sequence;
    // below zero rather than 65535, so that the first packet wraps nothing
    this.#highest = sequence - 1;
  }

  /** Whether enough packets have come in sequence. */
  get valid(): boolean {
    return this.#probation === 0;
  }

  /** Highest sequence number received, with its cycles in the upper 16 bits. */
  get extendedHighest(): number {
    return (this.#cycles + this.#highest) >>> 0;
  }

  /** Packets received, with late and duplicate ones. */
  get received(): number {
    return this.#receivedBefore + this.#received;
  }

  get payloadBytes(): number {
    return this.#payloadBytes;
  }

  /** Expected less received; negative with duplicates. */
  get lost(): number {
    return this.#lostBefore + (this.valid ? this.#expected - this.#received : 0);
  }

  /** In units of the timestamp. */
  get jitter(): number {
    return this.#jitter;
  }

  get jitterMs(): number {
    return (1000 * this.#jitter) / this.#clockRateHz;
  }

  /**
   * Counts a packet.
   *
   * @param arrivalUs - when it came, in microseconds
   */
  add(sequence: number, timestamp: number, payloadBytes: number, arrivalUs: number): SourceVerdict {
    const verdict = this.#place(sequence);
    if (verdict === 'jump') return verdict;
    this.#payloadBytes += payloadBytes;
    this.#measure(timestamp, arrivalUs);
    return verdict;
  }

  /** The block of a report, which begins the next interval (RFC 3550 6.4.1, A.3). */
  report(ssrc: number, lastSr: number, delaySinceLastSr: number): ReportBlock {
    const expected = this.#expected;
    const expectedInterval = expected - this.#expectedPrior;
    const lostInterval = expectedInterval - (this.#received - this.#receivedPrior);
    this.#expectedPrior = expected;
    this.#receivedPrior = this.#received;
    const fraction = lostInterval <= 0 || expectedInterval === 0 ? 0 : (lostInterval << 8) / expectedInterval;
    return {
      ssrc,
      // all lost would be 256, one more than the field holds
      fractionLost: Math.min(255, Math.floor(fraction)),
      cumulativeLost: Math.max(LEAST_LOST, Math.min(MOST_LOST, expected - this.#received)),
      highestSequence: this.extendedHighest,
      jitter: Math.floor(this.#jitter),
      lastSr,
      delaySinceLastSr,
    };
  }

  get #expected(): number {
    return this.#cycles + this.#highest - this.#base + 1;
  }

  /** update_seq of RFC 3550 A.1. */
  #place(sequence: number): SourceVerdict {
    const ahead = (sequence - this.#highest) & 0xffff;
    if (this.#probation > 0) return this.#prove(sequence, ahead);
    if (ahead < MAX_DROPOUT) {
      if (sequence < this.#highest) this.#cycles += SEQUENCES;
      this.#highest = sequence;
    } else if (ahead <= SEQUENCES - MAX_MISORDER) {
      if (sequence !== this.#afterJump) {
        this.#afterJump = (sequence + 1) & 0xffff;
        return 'jump';
      }
      this.#receivedBefore += this.#received;
      this.#lostBefore += this.#expected - this.#received;
      this.#start(sequence, 0);
    }
    this.#received += 1;
    return 'valid';
  }

  #prove(sequence: number, ahead: number): SourceVerdict {
    this.#probation = ahead === 1 ? this.#probation - 1 : this.#minSequential - 1;
    this.#highest = sequence;
    if (this.#probation > 0) return 'probation';
    this.#start(sequence, Math.max(0, this.#minSequential - 1));
    this.#received += 1;
    return 'valid';
  }

  /** init_seq of RFC 3550 A.1; so many packets before this one count, too. */
  #start(sequence: number, before: number): void {
    this.#base = sequence - before;
    this.#highest = sequence;
    this.#cycles = 0;
    this.#afterJump = NONE;
    this.#received = before;
    this.#expectedPrior = 0;
    this.#receivedPrior = 0;
  }

  /** RFC 3550 A.8. */
  #measure(timestamp: number, arrivalUs: number): void {
    const arrival = Math.floor((arrivalUs * this.#clockRateHz) / 1e6);
    if (this.#lastArrival !== NONE) {
      const d = Math.abs(arrival - this.#lastArrival - ((timestamp - this.#lastTimestamp) | 0));
      this.#jitter += (d - this.#jitter) / 16;
    }
    this.#lastArrival = arrival;
    this.#lastTimestamp = timestamp;
  }
}
