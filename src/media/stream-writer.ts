import type { RtpMap } from '../wire/sdp/index.js';
import { codecOf } from './codec.js';
import { createPacketizer, type PacketizerOptions } from './create-packetizer.js';
import type { MediaFrame } from './frame.js';
import type { MediaPayload, Packetizer } from './packetizer.js';

/** A payload with what its RTP header needs. */
export interface WrittenPayload {
  readonly payload: Uint8Array;
  readonly marker: boolean;
  readonly payloadType: number;
  /** In units of the format's clock since the stream began, without wrap. */
  readonly ticks: number;
}

interface Format {
  readonly map: RtpMap;
  readonly packetizer: Packetizer;
}

const NOTHING: readonly WrittenPayload[] = [];

/** Puts frames into payloads of the formats of a session: codec, digits and comfort noise. */
export class StreamWriter {
  readonly #codec: Format;
  readonly #events: Format | undefined;
  readonly #noise: Format | undefined;
  /** Whether the frame before was left to comfort noise, so that a talkspurt begins with the next. */
  #quiet = false;

  /** @throws RangeError when none of the formats is a speech or video codec that {@link codecOf} knows */
  constructor(formats: readonly RtpMap[], options: PacketizerOptions) {
    const codec = formats.find((map) => {
      const role = codecOf(map)?.role;
      return role === 'speech' || role === 'video';
    });
    if (codec === undefined) {
      const names = formats.map(({ encoding }) => encoding).join(', ');
      throw new RangeError(`no codec to send among [${names}]`);
    }
    const format = (map: RtpMap | undefined): Format | undefined =>
      map === undefined ? undefined : { map, packetizer: createPacketizer(map, options) };
    const named = (name: string): RtpMap[] => formats.filter((map) => codecOf(map)?.name === name);
    const sameClock = ({ clockRate }: RtpMap): boolean => clockRate === codec.clockRate;
    this.#codec = { map: codec, packetizer: createPacketizer(codec, options) };
    const events = named('telephone-event');
    // RFC 4733 2.1: the timestamps of events are those of the audio
    this.#events = format(events.find(sameClock) ?? events[0]);
    // RFC 3389 2: for codecs that have no comfort noise themselves
    const lacksNoise = /^PCM[UA]$/i.test(codec.encoding);
    this.#noise = lacksNoise ? format(named('CN').find(sameClock)) : undefined;
  }

  /** The codec of speech or pictures. */
  get codec(): RtpMap {
    return this.#codec.map;
  }

  /** Whether digits can be sent. */
  get hasEvents(): boolean {
    return this.#events !== undefined;
  }

  requestMode(mode: number): void {
    this.#codec.packetizer.requestMode(mode);
  }

  write(frame: MediaFrame): readonly WrittenPayload[] {
    if (frame.kind === 'dtmf') return this.#beside(this.#events, frame);
    if (frame.kind === 'silence' && this.#noise !== undefined) {
      const written = this.#beside(this.#noise, frame);
      this.#quiet = true;
      return written;
    }
    const payloads = this.#codec.packetizer.packetize(frame);
    if (payloads.length === 0) return NOTHING;
    const written = this.#finish(this.#codec.map, payloads);
    const [first] = written;
    if (!this.#quiet || first === undefined) return written;
    this.#quiet = false;
    return [{ ...first, marker: true }, ...written.slice(1)];
  }

  /** What still waits to fill a packet. */
  flush(): readonly WrittenPayload[] {
    return this.#finish(this.#codec.map, this.#codec.packetizer.flush());
  }

  #beside(format: Format | undefined, frame: MediaFrame): readonly WrittenPayload[] {
    if (format === undefined) return NOTHING;
    const own = this.#finish(format.map, format.packetizer.packetize(frame));
    const before = this.flush();
    return before.length === 0 ? own : [...before, ...own];
  }

  #finish({ payloadType, clockRate }: RtpMap, payloads: readonly MediaPayload[]): readonly WrittenPayload[] {
    if (payloads.length === 0) return NOTHING;
    return payloads.map(({ payload, marker, timeMs }) => ({
      payload,
      marker,
      payloadType,
      ticks: Math.round((timeMs * clockRate) / 1000),
    }));
  }
}
