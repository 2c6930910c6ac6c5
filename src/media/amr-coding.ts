import { type Parsed, parsed, unparsed } from '../wire/parsed.js';
import { BitReader, BitWriter } from './bits.js';
import { FRAME_MS, type FrameIdentity, type SilenceFrame, type SpeechFrame } from './frame.js';
import {
  type DecodedSpeech,
  fillTemplate,
  type PayloadTemplate,
  type SpeechCoding,
  silenceFrame,
  speechBits,
  speechFrame,
} from './speech-coding.js';

/** What differs between the two codecs of RFC 4867. */
interface AmrFlavour {
  /** Bits of a frame by frame type, of which the last is SID (26.101 and 26.201, table 1a and clause 4.2). */
  readonly bits: readonly number[];
  /** Mode in which to begin where the session leaves a choice. */
  readonly firstMode: number;
  /** Bits of the mode indication at the end of a SID (26.101 4.2.3, 26.201 4.2.3). */
  readonly modeBits: number;
}

export const AMR: AmrFlavour = {
  bits: [95, 103, 118, 134, 148, 159, 204, 244, 39],
  // 12.2 kbit/s
  firstMode: 7,
  modeBits: 3,
};

export const AMR_WB: AmrFlavour = {
  bits: [132, 177, 253, 285, 317, 365, 397, 461, 477, 40],
  // 12.65 kbit/s, the lowest with full quality and the highest that mobile networks commonly allow
  firstMode: 2,
  modeBits: 4,
};

/** Frame types without data (RFC 4867 4.3.2). */
const SPEECH_LOST = 14;
const NO_DATA = 15;

/** No mode is requested (RFC 4867 4.3.1). */
const NO_REQUEST = 15;

/** Comfort noise parameters of a SID; its type bit follows, and then the mode (26.101 and 26.201, clause 4.2.3). */
const SID_PARAMETER_BITS = 35;

/** The modes of an fmtp `mode-set`; `undefined` where all are allowed (RFC 4867 8.1). */
export function modeSetOf(parameters: Readonly<Record<string, string>>, modes: number): number[] | undefined {
  const list = parameters['mode-set']?.split(',').map(Number);
  const allowed = list?.filter((mode) => Number.isInteger(mode) && mode >= 0 && mode < modes);
  return allowed === undefined || allowed.length === 0 ? undefined : allowed;
}

/** A SID_FIRST begins a silence, a SID_UPDATE is the third frame after it, then one in eight (26.093 5.1.1, 26.193 5.1.1). */
export const nextAmrSid = (index: number): number => index + (index === 0 ? 3 : 8);

/**
 * The bits of a SID without noise in its parameters.
 *
 * @param index of the frame in its silence: the first is a SID_FIRST, others are SID_UPDATE
 */
export function amrSid({ bits, modeBits }: AmrFlavour, index: number, mode: number): Uint8Array {
  const writer = new BitWriter(bits.at(-1) as number);
  for (let left = SID_PARAMETER_BITS; left > 0; left -= 7) writer.write(0, 7);
  writer.write(index === 0 ? 0 : 1, 1);
  writer.write(mode, modeBits);
  return writer.bytes;
}

/** More frames than a packet ever has here. */
const MAX_FRAMES = 16;

/** AMR and AMR-WB, bandwidth-efficient or octet-aligned, one channel (RFC 4867 4.3, 4.4). */
export class AmrCoding implements SpeechCoding {
  readonly #flavour: AmrFlavour;
  readonly #aligned: boolean;
  readonly #modeSet: readonly number[] | undefined;
  readonly #sidType: number;
  #mode: number;
  /** By mode and number of frames. */
  readonly #templates: PayloadTemplate[] = [];

  /** @param parameters of `a=fmtp`, of which `octet-align` and `mode-set` matter (RFC 4867 8.1, 8.2) */
  constructor(flavour: AmrFlavour, parameters: Readonly<Record<string, string>>) {
    this.#flavour = flavour;
    this.#aligned = parameters['octet-align'] === '1';
    this.#sidType = flavour.bits.length - 1;
    this.#modeSet = modeSetOf(parameters, this.#sidType);
    const { firstMode } = flavour;
    const open = this.#modeSet === undefined || this.#modeSet.includes(firstMode);
    this.#mode = open ? firstMode : Math.max(...(this.#modeSet as readonly number[]));
  }

  /** What is no mode of the session is ignored (RFC 4867 4.3.1). */
  requestMode(mode: number): void {
    if (mode >= this.#sidType || mode < 0) return;
    if (this.#modeSet === undefined || this.#modeSet.includes(mode)) this.#mode = mode;
  }

  encodeSpeech(identities: readonly (FrameIdentity | undefined)[]): Uint8Array {
    const count = identities.length;
    const index = this.#mode * MAX_FRAMES + count;
    const template = (this.#templates[index] ??= this.#encode(
      this.#mode,
      Array.from({ length: count }, () => speechBits(this.#flavour.bits[this.#mode] as number)),
    ));
    return fillTemplate(template, identities);
  }

  encodeSilence(index: number): Uint8Array {
    return this.#encode(this.#sidType, [amrSid(this.#flavour, index, this.#mode)]).bytes;
  }

  nextSilence(index: number): number {
    return nextAmrSid(index);
  }

  /** Frames of one type, none of them damaged and no mode requested. */
  #encode(type: number, frames: readonly Uint8Array[]): PayloadTemplate {
    const bits = this.#flavour.bits[type] as number;
    const count = frames.length;
    const aligned = this.#aligned;
    const size = aligned ? 8 + count * (8 + ((bits + 7) & ~7)) : 4 + count * (6 + bits);
    const writer = new BitWriter(size);
    writer.write(NO_REQUEST, 4);
    if (aligned) writer.align();
    for (let i = 1; i <= count; i++) {
      writer.write((i < count ? 0x20 : 0) | (type << 1) | 1, 6);
      if (aligned) writer.align();
    }
    const places: number[] = [];
    for (const frame of frames) {
      places.push(writer.at);
      writer.writeBytes(frame, bits);
      if (aligned) writer.align();
    }
    return { bytes: writer.bytes, places };
  }

  decode(payload: Uint8Array, timeMs: number): Parsed<DecodedSpeech> {
    const split = amrFrames(payload, this.#flavour, this.#aligned);
    if (!split.ok) return split;
    const { modeRequest, frames } = split.value;
    const decoded: (SpeechFrame | SilenceFrame)[] = [];
    let time = timeMs;
    for (const { type, good, at } of frames) {
      if (type < this.#sidType) {
        decoded.push(
          good
            ? speechFrame(payload, at, time, FRAME_MS)
            : { kind: 'speech', timeMs: time, durationMs: FRAME_MS, identity: undefined },
        );
      } else if (type !== SPEECH_LOST) decoded.push(silenceFrame(time, FRAME_MS));
      time += FRAME_MS;
    }
    // RFC 4867 4.3.1: requests that name no speech mode are ignored
    return parsed(modeRequest < this.#sidType ? { frames: decoded, modeRequest } : { frames: decoded });
  }
}

/** A frame of an AMR or AMR-WB payload. */
export interface AmrFrame {
  /** FT. */
  readonly type: number;
  /** Q: whether it came undamaged to the IP network. */
  readonly good: boolean;
  /** Where its bits begin in the payload, in bits. */
  readonly at: number;
}

/**
 * Takes a payload of one channel apart, without CRC, interleaving and robust sorting (RFC 4867 4.3, 4.4). A payload whose size is
 * not that of its contents is refused, as is one with a frame type that does not exist (4.5.1, 4.3.2).
 */
export function amrFrames(
  payload: Uint8Array,
  { bits }: AmrFlavour,
  aligned: boolean,
): Parsed<{ modeRequest: number; frames: AmrFrame[] }> {
  const reader = new BitReader(payload);
  const modeRequest = reader.read(4);
  if (aligned) reader.align();
  const entries: number[] = [];
  let entry: number;
  do {
    if (reader.left < 6) return unparsed('table of contents is cut short', payload.length);
    const offset = reader.at >> 3;
    entry = reader.read(6);
    if (aligned) reader.align();
    const type = (entry >> 1) & 15;
    // SPEECH_LOST is of AMR-WB alone (RFC 4867 4.3.2)
    const known = type < bits.length || type === NO_DATA || (type === SPEECH_LOST && bits.length > 9);
    if (!known) return unparsed(`frame type ${type} does not exist`, offset);
    entries.push(entry);
  } while (entry & 0x20);
  const frames: AmrFrame[] = [];
  for (const one of entries) {
    const type = (one >> 1) & 15;
    frames.push({ type, good: (one & 1) === 1, at: reader.at });
    reader.skip(bits[type] ?? 0);
    if (aligned) reader.align();
  }
  if (reader.left < 0)
    return unparsed('speech data is cut short', payload.length, `${-reader.left} bits more`);
  if (reader.left > 7) return unparsed('payload goes on behind its frames', reader.at >> 3);
  return parsed({ modeRequest, frames });
}
