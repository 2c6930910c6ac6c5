import { type Parsed, parsed, unparsed } from '../wire/parsed.js';
import { FRAME_MS, type FrameIdentity } from './frame.js';
import {
  type DecodedSpeech,
  fillTemplate,
  type PayloadTemplate,
  type SpeechCoding,
  silenceFrame,
  speechBits,
  speechFrame,
} from './speech-coding.js';

/** Configuration 15, mono: hybrid mode, fullband, frames of 20 ms (RFC 6716 3.1, table 2). */
const TOC_SPEECH = 15 << 3;

/** A frame of 20 ms of CELT, fullband, that decodes to silence: configuration 31, mono (RFC 6716 3.1). */
const SILENCE = Uint8Array.of(31 << 3, 0xff, 0xfe);

/** A packet whose only frame has no bytes: discontinuous transmission (RFC 6716 3.2.1). */
const DTX = Uint8Array.of(TOC_SPEECH);

/** While nothing is said, one frame in 400 ms is sent, as encoders do to refresh the noise. RFC 7587 3.1.3 leaves the rate open. */
const DTX_FRAMES = 20;

/** Frames with up to two bytes hold no sound: none at all, or CELT's silence. */
const SILENT_BYTES = 2;

/** RFC 7587 3.1.1 for fullband speech; 6.1 for the range of `maxaveragebitrate`. */
const DEFAULT_BITRATE = 32_000;
const MIN_BITRATE = 6000;
const MAX_BITRATE = 510_000;

/** RFC 6716 3.2.1, rule R2. */
const MAX_FRAME_BYTES = 1275;
/** RFC 6716 3.2.5, rule R5. */
const MAX_PACKET_MS = 120;

/** Frame durations of the three modes in the order of the configurations (RFC 6716 table 2). */
const SILK_MS = [10, 20, 40, 60];
const HYBRID_MS = [10, 20];
const CELT_MS = [2.5, 5, 10, 20];

/** Opus (RFC 7587): an RTP payload is one Opus packet. */
export class OpusCoding implements SpeechCoding {
  readonly #frameBytes: number;
  readonly #dtx: boolean;
  /** By the number of frames. */
  readonly #templates: PayloadTemplate[] = [];

  /** @param parameters of `a=fmtp`, of which `maxaveragebitrate` and `usedtx` tell what the far end wants (RFC 7587 6.1) */
  constructor(parameters: Readonly<Record<string, string>>) {
    const wanted = Number(parameters.maxaveragebitrate ?? DEFAULT_BITRATE);
    const bitrate = Number.isFinite(wanted)
      ? Math.min(Math.max(wanted, MIN_BITRATE), MAX_BITRATE)
      : DEFAULT_BITRATE;
    // the TOC byte is part of the bit rate
    this.#frameBytes = Math.floor((bitrate * FRAME_MS) / 8000) - 1;
    this.#dtx = parameters.usedtx === '1';
  }

  /** Frames of one size: a code 0 packet of one, code 1 of two, code 3 of more (RFC 6716 3.2). */
  encodeSpeech(identities: readonly (FrameIdentity | undefined)[]): Uint8Array {
    const count = identities.length;
    const template = (this.#templates[count] ??= this.#template(count));
    return fillTemplate(template, identities);
  }

  #template(count: number): PayloadTemplate {
    const headerBytes = count > 2 ? 2 : 1;
    const frame = speechBits(8 * this.#frameBytes);
    const bytes = new Uint8Array(headerBytes + count * frame.length);
    const places: number[] = [];
    bytes[0] = TOC_SPEECH | (count === 1 ? 0 : count === 2 ? 1 : 3);
    if (count > 2) bytes[1] = count;
    for (let at = headerBytes; at < bytes.length; at += frame.length) {
      bytes.set(frame, at);
      places.push(8 * at);
    }
    return { bytes, places };
  }

  encodeSilence(): Uint8Array {
    return this.#dtx ? DTX : SILENCE;
  }

  nextSilence(index: number): number {
    return index + (this.#dtx ? DTX_FRAMES : 1);
  }

  decode(payload: Uint8Array, timeMs: number): Parsed<DecodedSpeech> {
    const split = opusFrames(payload);
    if (!split.ok) return split;
    const { durationMs, frames } = split.value;
    return parsed({
      frames: frames.map((frame, i) =>
        frame.length <= SILENT_BYTES
          ? silenceFrame(timeMs + i * durationMs, durationMs)
          : speechFrame(frame, 0, timeMs + i * durationMs, durationMs),
      ),
    });
  }
}

/** The frames of an Opus packet. */
export interface OpusPacket {
  /** Duration of each frame: 2.5, 5, 10, 20, 40 or 60 ms. */
  readonly durationMs: number;
  /** Whether the frames are stereo. */
  readonly stereo: boolean;
  readonly frames: readonly Uint8Array[];
}

/** Takes an Opus packet apart by the rules R1 to R7 (RFC 6716 3.4). The frames are views of the input. */
export function opusFrames(packet: Uint8Array): Parsed<OpusPacket> {
  const toc = packet[0];
  if (toc === undefined) return unparsed('an Opus packet without a byte', 0, 'a TOC byte');
  const durationMs = durationOf(toc >> 3);
  const head = { durationMs, stereo: (toc & 4) !== 0 };
  const code = toc & 3;
  if (code === 3) return manyFrames(packet, head);
  if (code === 0) return cut(packet, 1, [packet.length - 1], head);
  let sizes: readonly number[];
  let at = 1;
  if (code === 1) {
    const size = (packet.length - 1) / 2;
    if (!Number.isInteger(size)) return unparsed('two equal frames in an odd number of bytes', packet.length);
    sizes = [size, size];
  } else {
    const first = frameLength(packet, 1);
    if (first === undefined) return unparsed('length of the first frame is cut short', packet.length);
    at = first.at;
    if (first.length > packet.length - at) return unparsed('first frame reaches beyond the packet', 1);
    sizes = [first.length, packet.length - at - first.length];
  }
  return cut(packet, at, sizes, head);
}

type Head = Omit<OpusPacket, 'frames'>;

/** Code 3 (RFC 6716 3.2.5). */
function manyFrames(packet: Uint8Array, head: Head): Parsed<OpusPacket> {
  const second = packet[1];
  if (second === undefined) return unparsed('frame count is missing', 1);
  const count = second & 0x3f;
  if (count === 0 || count * head.durationMs > MAX_PACKET_MS) {
    return unparsed(`${count} frames of ${head.durationMs} ms`, 1, '1 frame at least, 120 ms at most');
  }
  let at = 2;
  let padding = 0;
  if (second & 0x40) {
    let byte: number | undefined;
    do {
      byte = packet[at++];
      if (byte === undefined) return unparsed('length of the padding is cut short', packet.length);
      padding += byte === 255 ? 254 : byte;
    } while (byte === 255);
  }
  const end = packet.length - padding;
  if (end < at) return unparsed(`${padding} bytes of padding do not fit`, 2);
  const sizes: number[] = [];
  if (second & 0x80) {
    let total = 0;
    for (let i = 0; i < count - 1; i++) {
      const next = frameLength(packet.subarray(0, end), at);
      if (next === undefined) return unparsed(`length of frame ${i + 1} is cut short`, end);
      at = next.at;
      total += next.length;
      sizes.push(next.length);
    }
    if (total > end - at) return unparsed('frames reach beyond the packet', at);
    sizes.push(end - at - total);
  } else {
    const size = (end - at) / count;
    if (!Number.isInteger(size)) return unparsed(`${end - at} bytes are not ${count} equal frames`, at);
    for (let i = 0; i < count; i++) sizes.push(size);
  }
  return cut(packet, at, sizes, head);
}

function cut(packet: Uint8Array, start: number, sizes: readonly number[], head: Head): Parsed<OpusPacket> {
  let at = start;
  const frames: Uint8Array[] = [];
  for (const size of sizes) {
    if (size > MAX_FRAME_BYTES) return unparsed(`a frame of ${size} bytes`, at, 'up to 1275');
    frames.push(packet.subarray(at, at + size));
    at += size;
  }
  return parsed({ ...head, frames });
}

/** A length in one or two bytes (RFC 6716 3.2.1). */
function frameLength(packet: Uint8Array, at: number): { length: number; at: number } | undefined {
  const first = packet[at];
  if (first === undefined) return undefined;
  if (first < 252) return { length: first, at: at + 1 };
  const second = packet[at + 1];
  return second === undefined ? undefined : { length: 4 * second + first, at: at + 2 };
}

function durationOf(config: number): number {
  if (config < 12) return SILK_MS[config & 3] as number;
  if (config < 16) return HYBRID_MS[config & 1] as number;
  return CELT_MS[config & 3] as number;
}
