import { MissingPackets } from './missing-packets.js';
import type { SourceStatistics } from './source-statistics.js';

/** Sources kept, so that forged ones do not take all memory. */
const MOST_PARTICIPANTS = 1024;

/** Another participant of the session (RFC 3550 6.2.1). */
export interface Participant {
  readonly ssrc: number;
  /** Of its RTP packets; absent until there is one. */
  statistics: SourceStatistics | undefined;
  readonly missing: MissingPackets;
  /** Whether it counts as a member: it has sent RTP in sequence, or RTCP. */
  member: boolean;
  /** Whether it is in the table of senders. */
  sender: boolean;
  /** It has said goodbye; stragglers do not bring it back (RFC 3550 6.2.1). */
  left: boolean;
  /** When the last packet of either kind came, and the last of RTP. */
  heardUs: number;
  sentUs: number;
  /** Whether RTP has come since the last report. */
  active: boolean;
  /** Middle of the NTP timestamp of its last SR and when it came; 0 without one. */
  lastSr: number;
  lastSrUs: number;
  /** Sequence number of its last FIR (RFC 5104 4.3.1.1). */
  lastFir: number | undefined;
}

/** The tables of members and senders (RFC 3550 6.3). */
export class Participants {
  readonly #bySsrc = new Map<number, Participant>();
  #members = 0;
  #senders = 0;

  /** Other members. */
  get members(): number {
    return this.#members;
  }

  /** Other senders. */
  get senders(): number {
    return this.#senders;
  }

  get(ssrc: number): Participant | undefined {
    return this.#bySsrc.get(ssrc);
  }

  [Symbol.iterator](): IterableIterator<Participant> {
    return this.#bySsrc.values();
  }

  /** The participant of that source, made if it is new; `undefined` when there are too many. */
  find(ssrc: number, nowUs: number): Participant | undefined {
    const known = this.#bySsrc.get(ssrc);
    if (known !== undefined || this.#bySsrc.size >= MOST_PARTICIPANTS) return known;
    const made: Participant = {
      ssrc,
      statistics: undefined,
      missing: new MissingPackets(),
      member: false,
      sender: false,
      left: false,
      heardUs: nowUs,
      sentUs: Number.NEGATIVE_INFINITY,
      active: false,
      lastSr: 0,
      lastSrUs: 0,
      lastFir: undefined,
    };
    this.#bySsrc.set(ssrc, made);
    return made;
  }

  /** It has proved itself (RFC 3550 6.3.3). */
  admit(participant: Participant): void {
    if (participant.member || participant.left) return;
    participant.member = true;
    this.#members += 1;
  }

  /** It has sent RTP. */
  addSender(participant: Participant): void {
    if (participant.sender || participant.left) return;
    participant.sender = true;
    this.#senders += 1;
  }

  /** It has said goodbye (RFC 3550 6.3.4). */
  leave(participant: Participant): void {
    this.#remove(participant);
    participant.left = true;
  }

  /**
   * Looks for who has fallen silent (RFC 3550 6.3.5): senders since `senderUs`, all others since `memberUs`.
   *
   * @param removed - is told of each participant that is forgotten, and whether it was a member
   */
  expire(
    senderUs: number,
    memberUs: number,
    removed: (participant: Participant, member: boolean) => void,
  ): void {
    for (const participant of this.#bySsrc.values()) {
      if (participant.sender && participant.sentUs < senderUs) {
        participant.sender = false;
        this.#senders -= 1;
      }
      if (participant.heardUs >= memberUs) continue;
      const { member } = participant;
      this.#remove(participant);
      this.#bySsrc.delete(participant.ssrc);
      removed(participant, member);
    }
  }

  #remove(participant: Participant): void {
    if (participant.member) this.#members -= 1;
    if (participant.sender) this.#senders -= 1;
    participant.member = false;
    participant.sender = false;
  }
}
