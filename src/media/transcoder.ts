import type { RtpPacket } from '../wire/rtp/index.js';
import type { RtpMap } from '../wire/sdp/index.js';
import { codecOf } from './codec.js';
import { packetMs } from './create-packetizer.js';
import { FRAME_MS, type MediaFrame } from './frame.js';
import { type ReadPacket, StreamReader } from './stream-reader.js';
import { StreamWriter } from './stream-writer.js';

/** Between which formats, in one direction. */
export interface TranscoderOptions {
  /** Formats that come in: the codec, `telephone-event` and `CN`. */
  readonly from: readonly RtpMap[];
  /** Formats to go out, the codec first. */
  readonly to: readonly RtpMap[];
  /** `a=ptime` of the far end: sound in a packet that goes out. Default 20. */
  readonly ptimeMs?: number;
}

const NOTHING: readonly RtpPacket[] = [];

/** Packets by which one may be late and still find its place. */
const REORDER = 64;

/**
 * Changes the codec of a stream in one direction, packet by packet, as a translator of RFC 3550 7.1: the SSRC stays, timestamps
 * are those of the other clock, and a hole in the sequence that comes in is one in the sequence that goes out, of as many
 * packets as were lost. Frames keep their identities. A late packet takes its place in the hole where packets have the same
 * durations on both sides, and is dropped otherwise, as are duplicates.
 */
export class Transcoder {
  /** Packets that came in twice. */
  duplicates = 0;
  /** Packets that came too late for a place. */
  tooLate = 0;
  /** Packets of formats that were not agreed. */
  foreign = 0;
  /** Packets whose payload could not be read. */
  malformed = 0;
  /** Reports on digits for which the other side has no format. */
  undelivered = 0;
  /** The mode that the sender of this stream wants to receive: to be given to the transcoder of the other direction. */
  modeRequest: number | undefined;
  readonly #options: TranscoderOptions;
  readonly #reader: StreamReader;
  readonly #inClock: number;
  readonly #outFrames: number;
  #writer: StreamWriter;
  #requested: number | undefined;
  #timestamp = 0;
  /** Sequence number of the next packet that goes out, without wrap. */
  #next = 0;
  /** Frames of 20 ms in the packets that come in. */
  #inFrames = 1;
  /** Places that were left in the sequence for packets that may come late, by their sequence numbers. */
  readonly #holes = new Map<number, number>();

  /** @throws RangeError when one side has no speech codec */
  constructor(options: TranscoderOptions) {
    const codec = options.from.find((map) => codecOf(map)?.role === 'speech');
    if (codec === undefined) throw new RangeError('no speech codec to transcode from');
    this.#options = options;
    this.#inClock = codec.clockRate;
    this.#reader = new StreamReader(options.from);
    this.#writer = new StreamWriter(options.to, options);
    const { codec: outCodec } = this.#writer;
    if (codecOf(outCodec)?.role !== 'speech') throw new RangeError('no speech codec to transcode to');
    this.#outFrames = packetMs(outCodec, options.ptimeMs) / FRAME_MS;
  }

  /** The packets that this one completes. */
  transcode(packet: RtpPacket): readonly RtpPacket[] {
    const read = this.#reader.read(packet);
    if (read.restarted) this.#restart(packet);
    const { arrival } = read;
    if (arrival.order === 'duplicate') {
      this.duplicates++;
      return NOTHING;
    }
    if (read.modeRequest !== undefined) this.modeRequest = read.modeRequest;
    if (arrival.order === 'late') return this.#late(packet, read);
    if (arrival.gap > 0) this.#leaveOut(arrival.extended, arrival.gap);
    if (read.format === undefined || read.error !== undefined) {
      if (read.format === undefined) this.foreign++;
      else this.malformed++;
      this.#next++;
      return NOTHING;
    }
    this.#measure(read.frames);
    return this.#write(packet, read);
  }

  #measure(frames: readonly MediaFrame[]): void {
    const first = frames[0];
    const last = frames.at(-1);
    if (first?.kind !== 'speech' || last === undefined) return;
    this.#inFrames = (last.timeMs + last.durationMs - first.timeMs) / FRAME_MS;
  }

  #write(packet: RtpPacket, { frames }: ReadPacket): readonly RtpPacket[] {
    const writer = this.#writer;
    const made: RtpPacket[] = [];
    for (const frame of frames) {
      if (frame.kind === 'dtmf' && !writer.hasEvents) this.undelivered++;
      for (const written of writer.write(frame)) made.push(this.#packet(packet, written, this.#next++));
    }
    return made;
  }

  #packet(
    { ssrc, csrcs }: RtpPacket,
    written: { payload: Uint8Array; marker: boolean; payloadType: number; ticks: number },
    sequence: number,
  ): RtpPacket {
    return {
      marker: written.marker,
      payloadType: written.payloadType,
      sequenceNumber: sequence & 0xffff,
      timestamp: (this.#timestamp + written.ticks) >>> 0,
      ssrc,
      csrcs,
      payload: written.payload,
      paddingBytes: 0,
    };
  }

  /** Leaves the places of lost packets empty (RFC 3550 7.1). */
  #leaveOut(extended: number, gap: number): void {
    const sameSize = this.#inFrames === this.#outFrames;
    if (sameSize) {
      for (let i = Math.max(gap - REORDER, 0); i < gap; i++) {
        this.#holes.set(extended - gap + i, this.#next + i);
      }
      for (const key of this.#holes.keys()) {
        if (this.#holes.size <= REORDER) break;
        this.#holes.delete(key);
      }
    }
    this.#next += Math.round((gap * this.#inFrames) / this.#outFrames);
  }

  /** Only speech in packets of one frame does without what came before it. */
  #late(packet: RtpPacket, { arrival, frames, format }: ReadPacket): readonly RtpPacket[] {
    const place = this.#holes.get(arrival.extended);
    const [frame] = frames;
    this.#holes.delete(arrival.extended);
    const alone = frames.length === 1 && this.#outFrames === 1 && frame?.kind === 'speech';
    if (place === undefined || !alone || format === undefined) {
      this.tooLate++;
      return NOTHING;
    }
    return this.#writer.write(frame).map((written) => this.#packet(packet, written, place));
  }

  /** The same time in the clock of the stream that goes out, for sender reports; `undefined` before the first packet. */
  outgoingTimestamp(timestamp: number): number | undefined {
    const timeMs = this.#reader.timeMsOf(this.#inClock, timestamp);
    if (timeMs === undefined) return undefined;
    return (this.#timestamp + Math.round((timeMs * this.#writer.codec.clockRate) / 1000)) >>> 0;
  }

  /** Obeys a codec mode request of the side that this stream goes to (RFC 4867 4.3.1). */
  requestMode(mode: number): void {
    this.#requested = mode;
    this.#writer.requestMode(mode);
  }

  #restart({ sequenceNumber, timestamp }: RtpPacket): void {
    this.#next = sequenceNumber;
    this.#timestamp = timestamp;
    this.#inFrames = 1;
    this.#holes.clear();
    this.#writer = new StreamWriter(this.#options.to, this.#options);
    if (this.#requested !== undefined) this.#writer.requestMode(this.#requested);
  }
}
