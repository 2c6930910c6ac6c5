import { parseRtp } from '../../src/wire/rtp/index.js';
import type { RtpMap } from '../../src/wire/sdp/index.js';
import { dominantFrequency } from './tone.js';

/** What came in on a stream. */
export interface Heard {
  /** RTP packets of the agreed formats. */
  readonly packets: number;
  /** Packets that were expected by their sequence numbers and did not come (RFC 3550 A.3). */
  readonly lost: number;
  /** The strongest frequency of the last 100 ms, to 10 Hz; absent for silence and codecs other than G.711. */
  readonly dominantFrequencyHz: number | undefined;
}

/** Packets that are kept to listen to on demand. */
const KEPT = 5;

/** Half of the sequence numbers: what is further ahead is behind (RFC 3550 A.1). */
const HALF = 0x8000;

/** Counts the RTP packets of a stream and keeps the last ones. */
export class RtpListener {
  /** Packets of the agreed formats. */
  packets = 0;
  /** Packets that are no RTP, or of a format that was not agreed. */
  foreign = 0;
  #formats = new Map<number, string>();
  #ssrc: number | undefined;
  #first = 0;
  #highest = 0;
  #ofSource = 0;
  #lostBefore = 0;
  /** The last packets by sequence number modulo {@link KEPT}. */
  readonly #last: { sequence: number; payload: Uint8Array; encoding: string }[] = [];

  /** Sets the formats of the own description, which peers may send. */
  expect(formats: readonly RtpMap[]): void {
    this.#formats = new Map(formats.map(({ payloadType, encoding }) => [payloadType, encoding]));
  }

  receive(bytes: Uint8Array): void {
    const read = parseRtp(bytes);
    const encoding = read.ok ? this.#formats.get(read.value.payloadType) : undefined;
    if (!read.ok || encoding === undefined) {
      this.foreign++;
      return;
    }
    const { ssrc, sequenceNumber, payload } = read.value;
    if (ssrc !== this.#ssrc) this.#restart(ssrc, sequenceNumber);
    this.packets++;
    this.#ofSource++;
    const ahead = (sequenceNumber - this.#highest) & 0xffff;
    if (ahead < HALF) this.#highest += ahead;
    const sequence = ahead < HALF ? this.#highest : this.#highest - (0x1_0000 - ahead);
    const slot = ((sequence % KEPT) + KEPT) % KEPT;
    const kept = this.#last[slot];
    if (kept === undefined || kept.sequence < sequence) this.#last[slot] = { sequence, payload, encoding };
  }

  get heard(): Heard {
    const recent = this.#last.filter((one) => one !== undefined && one.sequence > this.#highest - KEPT);
    recent.sort((a, b) => a.sequence - b.sequence);
    const encoding = recent.at(-1)?.encoding ?? '';
    const frames = recent.filter((one) => one.encoding === encoding).map(({ payload }) => payload);
    const lost = this.#lostBefore + this.#lost();
    return { packets: this.packets, lost, dominantFrequencyHz: dominantFrequency(encoding, frames) };
  }

  /** Another source: what the one before lost is kept (RFC 3550 8.2). */
  #restart(ssrc: number, sequence: number): void {
    this.#lostBefore += this.#lost();
    this.#ssrc = ssrc;
    this.#first = sequence;
    this.#highest = sequence;
    this.#ofSource = 0;
    this.#last.length = 0;
  }

  #lost(): number {
    if (this.#ssrc === undefined) return 0;
    return Math.max(0, this.#highest - this.#first + 1 - this.#ofSource);
  }
}
