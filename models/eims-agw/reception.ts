import { rtpSequenceNumber, rtpTimestamp } from '../../src/wire/rtp/index.js';

/** Beyond this a sequence number counts as a new beginning (RFC 3550 A.1, MAX_DROPOUT). */
const MAX_DROPOUT = 3000;

/** What came in at one stream, counted from the headers alone (RFC 3550 A.3, A.8). */
export class Reception {
  packets = 0;
  octets = 0;
  /** Interarrival jitter in units of the RTP timestamp. */
  jitter = 0;
  #first = -1;
  #highest = 0;
  #transit = 0;

  /**
   * @param nowTicks present time in units of the RTP timestamp
   */
  count(packet: Uint8Array, nowTicks: number): void {
    const sequence = rtpSequenceNumber(packet);
    const transit = nowTicks - rtpTimestamp(packet);
    if (this.#first < 0) this.#begin(sequence);
    else {
      const ahead = (sequence - this.#highest) & 0xffff;
      if (ahead < MAX_DROPOUT) this.#highest += ahead;
      // late packets are among the expected already; anything else is another stream
      else if (0x10000 - ahead > MAX_DROPOUT) this.#begin(sequence);
      const change = transit - this.#transit;
      // a jump of the timestamp, as of a new source, is no jitter
      if (Math.abs(change) < 0x10000) this.jitter += (Math.abs(change) - this.jitter) / 16;
    }
    this.#transit = transit;
    this.packets++;
    this.octets += packet.length;
  }

  /** Percentage of the packets expected since the last beginning that did not come. */
  get lossPercent(): number {
    if (this.#first < 0) return 0;
    const expected = this.#highest - this.#first + 1;
    const received = this.packets - this.#before;
    return Math.max(0, (100 * (expected - received)) / expected);
  }

  /** Packets before the present stream began. */
  #before = 0;

  #begin(sequence: number): void {
    this.#first = sequence;
    this.#highest = sequence;
    this.#before = this.packets;
  }
}
