import { ReplayList } from './replay-list.js';

/** Half of the sequence numbers. */
const HALF = 0x8000;
const SEQUENCES = 0x1_0000;

/** What is kept of a source of RTP (RFC 3711 3.2.1): rollover counter, highest sequence number, replay list. */
export class SourceState {
  readonly #replay: ReplayList;
  /** ROC, 32 bits. */
  #rollovers = 0;
  /** s_l. */
  #highest: number;
  /** How far the packet last looked at is ahead of the newest. */
  #ahead = 0;

  /** @param sequence - sequence number of the first packet, which sets s_l (RFC 3711 3.3.1) */
  constructor(sequence: number, replayWindow: number) {
    this.#highest = sequence;
    this.#replay = new ReplayList(replayWindow);
  }

  /** The rollover counter of a packet by the estimate of RFC 3711 3.3.1 and Appendix A. */
  estimate(sequence: number): number {
    let ahead = ((sequence - this.#highest) << 16) >> 16;
    // either is as close; the pseudocode stays in the present cycle
    if (ahead === -HALF && sequence > this.#highest) ahead = HALF;
    this.#ahead = ahead;
    const sum = this.#highest + ahead;
    const cycles = sum < 0 ? -1 : sum >= SEQUENCES ? 1 : 0;
    return (this.#rollovers + cycles) >>> 0;
  }

  /** Whether the packet {@link estimate} has looked at was seen before or is too old. */
  seen(sequence: number): boolean {
    return this.#replay.seen(sequence, this.#ahead);
  }

  /** Notes the packet {@link estimate} has looked at, once it is known to be good. */
  add(sequence: number, rollovers: number): void {
    this.#replay.add(sequence, this.#ahead);
    if (this.#ahead <= 0) return;
    this.#highest = sequence;
    this.#rollovers = rollovers;
  }
}

/** What is kept of a source of RTCP that is received: the highest index and a replay list (RFC 3711 3.4). */
export class RtcpSourceState {
  readonly #replay: ReplayList;
  #highest: number;

  constructor(index: number, replayWindow: number) {
    this.#highest = index;
    this.#replay = new ReplayList(replayWindow);
  }

  seen(index: number): boolean {
    return this.#replay.seen(index, index - this.#highest);
  }

  add(index: number): void {
    this.#replay.add(index, index - this.#highest);
    if (index > this.#highest) this.#highest = index;
  }
}
