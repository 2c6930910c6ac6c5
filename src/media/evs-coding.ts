import { type Parsed, parsed, unparsed } from '../wire/parsed.js';
import { AMR_WB, amrSid, modeSetOf, nextAmrSid } from './amr-coding.js';
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

/** Bit rates of EVS primary by the index of a ToC byte, in kbit/s; the last is SID (26.445 A.2.2.1.2). */
const PRIMARY_KBPS = [2.8, 7.2, 8, 9.6, 13.2, 16.4, 24.4, 32, 48, 64, 96, 128, 2.4];
/** Bytes of their frames: 20 ms each, all of them whole bytes (26.445 table A.1). */
const PRIMARY_BYTES = PRIMARY_KBPS.map((kbps) => Math.round((kbps * FRAME_MS) / 8));
const PRIMARY_SID = 12;

/** Bits of the frames of EVS AMR-WB IO are those of AMR-WB; its SID is type 9 (26.445 A.2.2.1.2). */
const IO_BITS = AMR_WB.bits;
const IO_SID = 9;

/** Frame types without data, in both modes (26.445 A.2.2.1.2). */
const SPEECH_LOST = 14;
const NO_DATA = 15;

/** The 3-bit request of the compact format by its code: AMR-WB modes, of which two cannot be asked for; 7 is none (26.445 A.2.1.2.1). */
const COMPACT_REQUESTS = [0, 1, 2, 4, 5, 7, 8];
const NO_COMPACT_REQUEST = 7;
/** The request byte that asks for nothing: type 7, value 15 (26.445 A.2.2.1.1). */
const NO_REQUEST = 0x7f;
const REQUEST_IO = 1;
/** The request types that name a bit rate of EVS primary: narrowband, wideband, super-wideband, fullband. */
const REQUESTS_PRIMARY = [0, 2, 3, 4];

/** Header bits of a request byte and of a ToC byte (26.445 A.2.2.1.1, A.2.2.1.2). */
const IS_REQUEST = 0x80;
const MORE = 0x40;
const IO = 0x20;
const GOOD = 0x10;

/** What a protected size stands for: a frame of EVS primary, or the 3-bit request and a frame of EVS AMR-WB IO. */
interface CompactForm {
  readonly io: boolean;
  readonly type: number;
}

/** Payload sizes that mean the compact format, in bytes (26.445 table A.1). */
const PROTECTED = new Map<number, CompactForm>([
  ...PRIMARY_BYTES.map((size, type) => [size, { io: false, type }] as const),
  // the SID of EVS AMR-WB IO has no compact format (A.2.1.3)
  ...IO_BITS.slice(0, IO_SID).map((bits, type) => [(bits + 3 + 7) >> 3, { io: true, type }] as const),
]);

/** 56 bits are either a primary frame of 2.8 kbit/s, which begins with 0, or a request, a ToC byte and a SID (26.445 A.2.1.3). */
const SPECIAL_BYTES = 7;

/** The highest bit rate in which to begin, where the session allows more; and the one without `br` (26.445 A.3.1). */
const FIRST_LIMIT_KBPS = 24.4;
const DEFAULT_KBPS = 13.2;
/** The lowest that is sent: frames of 2.8 kbit/s belong to a variable rate and are too small for an identity. */
const LOWEST = 1;

/** One frame in eight of a silence is sent (26.445 5.6.1.1). */
const SID_FRAMES = 8;

/** FD-CNG, wideband, 12.8 kHz, and nothing behind (26.445 7.2). */
const PRIMARY_SID_FRAME = Uint8Array.of(0x20, 0, 0, 0, 0, 0);

/** First byte of a frame, in front of the identity. In EVS primary it begins with the bandwidth and the coder (26.445 7.1). */
const LEAD = Uint8Array.of(0x40);
const LEAD_BITS = 8;

/** More frames than a packet ever has here. */
const MAX_FRAMES = 16;

/** EVS (26.445 annex A): compact where it can be, header-full for several frames and where `hf-only` says so. */
export class EvsCoding implements SpeechCoding {
  readonly #headerFullOnly: boolean;
  readonly #modeSet: readonly number[] | undefined;
  readonly #rates: readonly number[];
  #io: boolean;
  /** Index of the bit rate in EVS primary. */
  #primary: number;
  /** AMR-WB mode in EVS AMR-WB IO. */
  #mode: number;
  /** By ToC byte and number of frames. */
  readonly #templates: PayloadTemplate[] = [];

  /** @param parameters of `a=fmtp`, of which `br`, `evs-mode-switch`, `hf-only` and `mode-set` matter (26.445 A.3.1) */
  constructor(parameters: Readonly<Record<string, string>>) {
    this.#headerFullOnly = parameters['hf-only'] === '1';
    this.#io = parameters['evs-mode-switch'] === '1';
    this.#modeSet = modeSetOf(parameters, IO_SID);
    this.#mode =
      this.#modeSet?.includes(AMR_WB.firstMode) === false ? Math.max(...this.#modeSet) : AMR_WB.firstMode;
    const [low = DEFAULT_KBPS, high = low] = (parameters.br ?? `${DEFAULT_KBPS}`).split('-').map(Number);
    const rates = PRIMARY_KBPS.flatMap((kbps, index) =>
      index >= LOWEST && index < PRIMARY_SID && kbps >= low && kbps <= high ? [index] : [],
    );
    this.#rates = rates.length === 0 ? [PRIMARY_KBPS.indexOf(DEFAULT_KBPS)] : rates;
    const first = this.#rates.filter((index) => (PRIMARY_KBPS[index] as number) <= FIRST_LIMIT_KBPS).at(-1);
    this.#primary = first ?? (this.#rates[0] as number);
  }

  /** @param request the seven bits of a request byte: type and value (26.445 A.2.2.1.1) */
  requestMode(request: number): void {
    const type = request >> 4;
    const value = request & 15;
    if (type === REQUEST_IO && value < IO_SID && this.#modeSet?.includes(value) !== false) {
      this.#io = true;
      this.#mode = value;
    } else if (REQUESTS_PRIMARY.includes(type) && this.#rates.includes(value)) {
      this.#io = false;
      this.#primary = value;
    }
  }

  encodeSpeech(identities: readonly (FrameIdentity | undefined)[]): Uint8Array {
    const count = identities.length;
    const toc = this.#io ? IO | GOOD | this.#mode : this.#primary;
    const template = (this.#templates[toc * MAX_FRAMES + count] ??= this.#template(toc, count));
    return fillTemplate(template, identities);
  }

  #template(toc: number, count: number): PayloadTemplate {
    const bits = this.#io ? (IO_BITS[this.#mode] as number) : 8 * (PRIMARY_BYTES[this.#primary] as number);
    const frame = speechBits(bits, LEAD);
    if (count > 1 || this.#headerFullOnly) {
      const frames = Array.from({ length: count }, () => frame);
      const places = frames.map((_, i) => 8 * (count + i * frame.length) + LEAD_BITS);
      return { bytes: this.#headerFull(toc, frames), places };
    }
    return this.#io
      ? { bytes: compactIo(frame, bits), places: [COMPACT_IO_AT + LEAD_BITS] }
      : { bytes: frame, places: [LEAD_BITS] };
  }

  encodeSilence(index: number): Uint8Array {
    if (!this.#io) {
      return this.#headerFullOnly ? this.#headerFull(PRIMARY_SID, [PRIMARY_SID_FRAME]) : PRIMARY_SID_FRAME;
    }
    // with its request byte it has a size of its own (A.2.1.3)
    const sid = this.#headerFull(IO | GOOD | IO_SID, [amrSid(AMR_WB, index, this.#mode)], true);
    return this.#headerFullOnly ? sid.subarray(1) : sid;
  }

  nextSilence(index: number): number {
    return this.#io ? nextAmrSid(index) : index + SID_FRAMES;
  }

  /** ToC bytes and frames, with zeros behind them where the size would be a protected one (26.445 A.2.2, A.2.2.1.4.2). */
  #headerFull(toc: number, frames: readonly Uint8Array[], request = false): Uint8Array {
    const head = frames.length + (request ? 1 : 0);
    let size = head;
    for (const frame of frames) size += frame.length;
    if (!this.#headerFullOnly && !request) while (PROTECTED.has(size)) size++;
    const bytes = new Uint8Array(size);
    if (request) bytes[0] = IS_REQUEST | NO_REQUEST;
    bytes.fill(toc | MORE, request ? 1 : 0, head);
    bytes[head - 1] = toc;
    let at = head;
    for (const frame of frames) {
      bytes.set(frame, at);
      at += frame.length;
    }
    return bytes;
  }

  decode(payload: Uint8Array, timeMs: number): Parsed<DecodedSpeech> {
    const split = evsFrames(payload, this.#headerFullOnly);
    if (!split.ok) return split;
    const { modeRequest, frames } = split.value;
    const decoded: (SpeechFrame | SilenceFrame)[] = [];
    let time = timeMs;
    for (const { io, type, good, at } of frames) {
      const sid = io ? IO_SID : PRIMARY_SID;
      if (type < sid && good) decoded.push(speechFrame(payload, at + LEAD_BITS, time, FRAME_MS));
      else if (type < sid)
        decoded.push({ kind: 'speech', timeMs: time, durationMs: FRAME_MS, identity: undefined });
      else if (type !== SPEECH_LOST) decoded.push(silenceFrame(time, FRAME_MS));
      time += FRAME_MS;
    }
    return parsed(modeRequest === undefined ? { frames: decoded } : { frames: decoded, modeRequest });
  }
}

/** Where the first bit of a frame would be in the compact format of EVS AMR-WB IO, if it were not at the end. */
const COMPACT_IO_AT = 2;

/** The 3-bit request, the bits from the second on, and the first one at the end (26.445 A.2.1.2.2). */
function compactIo(frame: Uint8Array, bits: number): Uint8Array {
  const writer = new BitWriter(3 + bits);
  const reader = new BitReader(frame);
  writer.write(NO_COMPACT_REQUEST, 3);
  const first = reader.read(1);
  for (let left = bits - 1; left > 0; left--) writer.write(reader.read(1), 1);
  writer.write(first, 1);
  return writer.bytes;
}

/** A frame of an EVS payload. */
export interface EvsFrame {
  /** EVS AMR-WB IO, otherwise EVS primary. */
  readonly io: boolean;
  /** The index of its bit rate, as in a ToC byte. */
  readonly type: number;
  readonly good: boolean;
  /**
   * Where its bits begin in the payload, in bits. In the compact format of EVS AMR-WB IO this holds from its second bit on, the
   * first one is behind the others (26.445 A.2.1.2.2).
   */
  readonly at: number;
}

/** An EVS payload: frames and the mode that its sender wants, as type and value of a request byte. */
export interface EvsPayload {
  readonly frames: readonly EvsFrame[];
  readonly modeRequest?: number;
}

/**
 * Takes a payload apart: by its size it is of the compact format, or else header-full (26.445 A.2.1, A.2.2).
 *
 * @param headerFullOnly whether the session has no compact format, so that sizes mean nothing (`hf-only`, 26.445 A.3.1)
 */
export function evsFrames(payload: Uint8Array, headerFullOnly = false): Parsed<EvsPayload> {
  const form = headerFullOnly ? undefined : PROTECTED.get(payload.length);
  const special = payload.length === SPECIAL_BYTES && ((payload[0] as number) & IS_REQUEST) !== 0;
  if (form === undefined || special) return headerFull(payload, headerFullOnly);
  if (!form.io) return parsed({ frames: [{ ...form, good: true, at: 0 }] });
  const frames = [{ ...form, good: true, at: COMPACT_IO_AT }];
  const mode = COMPACT_REQUESTS[(payload[0] as number) >> 5];
  return parsed(mode === undefined ? { frames } : { frames, modeRequest: (REQUEST_IO << 4) | mode });
}

function headerFull(payload: Uint8Array, headerFullOnly: boolean): Parsed<EvsPayload> {
  let at = 0;
  let modeRequest: number | undefined;
  if (((payload[0] ?? 0) & IS_REQUEST) !== 0) modeRequest = (payload[at++] as number) & 0x7f;
  const entries: { io: boolean; type: number; good: boolean; bytes: number }[] = [];
  let toc: number | undefined;
  do {
    toc = payload[at];
    if (toc === undefined) return unparsed('table of contents is cut short', payload.length);
    if (toc & IS_REQUEST) return unparsed('a request among the table of contents', at);
    const io = (toc & IO) !== 0;
    const type = toc & 15;
    const bytes = io ? ((IO_BITS[type] ?? 0) + 7) >> 3 : (PRIMARY_BYTES[type] ?? 0);
    if (bytes === 0 && type !== SPEECH_LOST && type !== NO_DATA) {
      return unparsed(`frame type ${type} does not exist`, at);
    }
    // the Q bit is of EVS AMR-WB IO alone
    entries.push({ io, type, good: !io || (toc & GOOD) !== 0, bytes });
    at++;
  } while (toc & MORE);
  const frames: EvsFrame[] = [];
  for (const { bytes, ...entry } of entries) {
    if (at + bytes > payload.length) return unparsed('speech data is cut short', payload.length);
    frames.push({ ...entry, at: 8 * at });
    at += bytes;
  }
  if (headerFullOnly && at < payload.length) return unparsed('payload goes on behind its frames', at);
  for (; at < payload.length; at++) {
    if (payload[at] !== 0) return unparsed('payload goes on behind its frames', at, 'zeros');
  }
  return parsed(
    modeRequest === undefined || modeRequest === NO_REQUEST ? { frames } : { frames, modeRequest },
  );
}
