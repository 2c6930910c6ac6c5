import { rtpSequenceNumber } from '../../wire/rtp/index.js';

/** The last RTP packets sent, to send again on request (RFC 4585 6.2.1). */
export class RetransmissionBuffer {
  readonly #capacity: number;
  readonly #slots: ({ readonly packet: Uint8Array; resentUs: number } | undefined)[] = [];

  /** @param capacity - packets kept, 0 to 32768 */
  constructor(capacity: number) {
    this.#capacity = capacity;
  }

  /** Keeps a packet, whose bytes must not change afterwards. */
  keep(packet: Uint8Array): void {
    if (this.#capacity === 0) return;
    const resentUs = Number.NEGATIVE_INFINITY;
    this.#slots[rtpSequenceNumber(packet) % this.#capacity] = { packet, resentUs };
  }

  /**
   * The packet of that number, unless it is gone or was given out less than `gapUs` ago, so that a request that crosses its
   * answer gets no other.
   */
  take(sequence: number, nowUs: number, gapUs: number): Uint8Array | undefined {
    const slot = this.#slots[sequence % this.#capacity];
    if (slot === undefined || rtpSequenceNumber(slot.packet) !== sequence) return undefined;
    if (nowUs - slot.resentUs < gapUs) return undefined;
    slot.resentUs = nowUs;
    return slot.packet;
  }
}
