import type { RtpPacket } from '../wire/rtp/index.js';
import type { RtpMap } from '../wire/sdp/index.js';
import type { PacketizerOptions } from './create-packetizer.js';
import type { MediaFrame } from './frame.js';
import { StreamWriter, type WrittenPayload } from './stream-writer.js';

/** How a stream begins. */
export interface MediaSenderOptions extends PacketizerOptions {
  /** Formats that the far end takes, best first: the first codec of speech or video, `telephone-event` and `CN` besides. */
  readonly formats: readonly RtpMap[];
  readonly ssrc: number;
  /** Of the first packet: random, as RFC 3550 5.1 wants both. */
  readonly sequenceNumber: number;
  readonly timestamp: number;
}

/** Makes RTP packets of the frames of a source. */
export class MediaSender {
  /** Packets and bytes of payload so far, as sender reports count them (RFC 3550 6.4.1). */
  packets = 0;
  octets = 0;
  readonly #writer: StreamWriter;
  readonly #ssrc: number;
  readonly #timestamp: number;
  #sequence: number;

  /** @throws RangeError when there is no codec among the formats */
  constructor(options: MediaSenderOptions) {
    this.#writer = new StreamWriter(options.formats, options);
    this.#ssrc = options.ssrc;
    this.#timestamp = options.timestamp;
    this.#sequence = options.sequenceNumber;
  }

  /** The packets that this frame completes; none for digits without `telephone-event` and for silence that is not sent. */
  send(frame: MediaFrame): readonly RtpPacket[] {
    return this.#packets(this.#writer.write(frame));
  }

  /** What still waits to fill a packet, when the source pauses or ends. */
  flush(): readonly RtpPacket[] {
    return this.#packets(this.#writer.flush());
  }

  /** Obeys a codec mode request that the far end sent (RFC 4867 4.3.1; for EVS see 26.445 A.2.2.1.1). */
  requestMode(mode: number): void {
    this.#writer.requestMode(mode);
  }

  /** The timestamp of a time of the source in the clock of its codec, for sender reports. */
  timestampOf(timeMs: number): number {
    return (this.#timestamp + Math.round((timeMs * this.#writer.codec.clockRate) / 1000)) >>> 0;
  }

  #packets(written: readonly WrittenPayload[]): readonly RtpPacket[] {
    return written.map(({ payload, marker, payloadType, ticks }) => {
      const sequenceNumber = this.#sequence;
      this.#sequence = (sequenceNumber + 1) & 0xffff;
      this.packets++;
      this.octets += payload.length;
      const timestamp = (this.#timestamp + ticks) >>> 0;
      return {
        marker,
        payloadType,
        sequenceNumber,
        timestamp,
        ssrc: this.#ssrc,
        csrcs: NO_SOURCES,
        payload,
        paddingBytes: 0,
      };
    });
  }
}

const NO_SOURCES: readonly number[] = [];
