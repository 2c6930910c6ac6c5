import type { Timer } from '../../src/kernel/index.js';
import type { Host } from '../../src/network/index.js';
import { serializeRtp } from '../../src/wire/rtp/index.js';
import type { RtpMap } from '../../src/wire/sdp/index.js';
import { FRAME_MS, type FrameLoop, toneFrames } from './tone.js';

const FRAME_US = FRAME_MS * 1000;

/** Sends a tone as RTP, a packet every 20 ms. */
export class ToneSender {
  /** Packets sent. */
  sent = 0;
  readonly #host: Host;
  readonly #frequencyHz: number;
  readonly #transmit: (packet: Uint8Array) => void;
  readonly #ssrc: number;
  #sequence: number;
  #timestamp: number;
  #payloadType = 0;
  #loop: FrameLoop | undefined;
  #timer: Timer | undefined;
  /** When the next packet would have been due, in microseconds; what lies between is silence. */
  #dueUs: number | undefined;
  #marker = true;

  /** @param frequencyHz see {@link toneFrames} */
  constructor(host: Host, frequencyHz: number, transmit: (packet: Uint8Array) => void) {
    this.#host = host;
    this.#frequencyHz = frequencyHz;
    this.#transmit = transmit;
    // RFC 3550 5.1: all three start at random
    const random = host.random('rtp');
    this.#ssrc = random.uint32();
    this.#sequence = random.below(0x1_0000);
    this.#timestamp = random.uint32();
  }

  /** Begins to send in a codec; nothing where none of its frames can be made. */
  start({ encoding, payloadType, fmtp }: RtpMap): void {
    this.stop();
    this.#loop = toneFrames(encoding, this.#frequencyHz, fmtp);
    if (this.#loop === undefined) return;
    this.#payloadType = payloadType;
    // RFC 3551 4.1: the marker shows where a talkspurt begins
    this.#marker = true;
    const { now } = this.#host.kernel;
    if (this.#dueUs !== undefined && now > this.#dueUs) {
      const missed = Math.round((now - this.#dueUs) / FRAME_US);
      this.#timestamp = (this.#timestamp + missed * this.#loop.timestampStep) >>> 0;
    }
    this.#tick();
  }

  stop(): void {
    if (this.#timer !== undefined) this.#host.cancel(this.#timer);
    this.#timer = undefined;
  }

  readonly #tick = (): void => {
    const loop = this.#loop;
    if (loop === undefined) return;
    const { frames, timestampStep } = loop;
    const packet = serializeRtp({
      marker: this.#marker,
      payloadType: this.#payloadType,
      sequenceNumber: this.#sequence,
      timestamp: this.#timestamp,
      ssrc: this.#ssrc,
      csrcs: NO_SOURCES,
      payload: frames[this.sent % frames.length] as Uint8Array,
      paddingBytes: 0,
    });
    this.#marker = false;
    this.#sequence = (this.#sequence + 1) & 0xffff;
    this.#timestamp = (this.#timestamp + timestampStep) >>> 0;
    this.#dueUs = this.#host.kernel.now + FRAME_US;
    this.sent++;
    this.#timer = this.#host.schedule(FRAME_US, this.#tick);
    this.#transmit(packet);
  };
}

const NO_SOURCES: readonly number[] = [];
