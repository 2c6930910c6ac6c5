import { type Parsed, parsed } from '../wire/parsed.js';
import type { FrameIdentity, MediaFrame } from './frame.js';
import {
  codeSlices,
  NAL_FU_A,
  NAL_IDR_SLICE,
  NAL_SLICE,
  NAL_STAP_A,
  parameterSets,
  parseH264Payload,
  sliceIdentity,
} from './h264.js';
import type { Depacketized, Depacketizer, MediaPayload, Packetizer, ReceivedPayload } from './packetizer.js';

/** Baseline profile, level 1: what is meant where `profile-level-id` is absent (RFC 6184 8.1). */
const DEFAULT_PROFILE_LEVEL_ID = 0x42000a;

const FU_HEADER_BYTES = 2;

/** H.264 in the single NAL unit mode and in the non-interleaved mode (RFC 6184 6.2, 6.3). */
export class H264Packetizer implements Packetizer {
  readonly #maxBytes: number;
  readonly #nonInterleaved: boolean;
  readonly #sets: readonly [Uint8Array, Uint8Array];
  #sinceKey = 0;

  /** @param parameters of `a=fmtp`, of which `packetization-mode` and `profile-level-id` matter (RFC 6184 8.1) */
  constructor(parameters: Readonly<Record<string, string>>, maxPayloadBytes: number) {
    this.#maxBytes = maxPayloadBytes;
    this.#nonInterleaved = parameters['packetization-mode'] === '1';
    const id = parameters['profile-level-id'] ?? '';
    this.#sets = parameterSets(
      /^[0-9a-f]{6}$/i.test(id) ? Number.parseInt(id, 16) : DEFAULT_PROFILE_LEVEL_ID,
    );
  }

  packetize(frame: MediaFrame): readonly MediaPayload[] {
    if (frame.kind !== 'video') return [];
    this.#sinceKey = frame.key ? 0 : (this.#sinceKey + 1) & 15;
    const limit = this.#nonInterleaved ? Number.POSITIVE_INFINITY : this.#maxBytes;
    const payloads: Uint8Array[] = [];
    if (frame.key) payloads.push(...(this.#nonInterleaved ? [aggregate(this.#sets)] : this.#sets));
    for (const slice of codeSlices(frame, this.#sinceKey, limit)) {
      if (slice.length <= this.#maxBytes) payloads.push(slice);
      else payloads.push(...fragments(slice, this.#maxBytes - FU_HEADER_BYTES));
    }
    // RFC 6184 5.1: the marker is set on the very last packet of the access unit
    return payloads.map((payload, i) => ({
      payload,
      marker: i === payloads.length - 1,
      timeMs: frame.timeMs,
    }));
  }

  flush(): readonly MediaPayload[] {
    return [];
  }

  requestMode(): void {}
}

/** A STAP-A, whose NRI is the highest of its units (RFC 6184 5.7, 5.7.1). */
function aggregate(units: readonly Uint8Array[]): Uint8Array {
  const bytes = new Uint8Array(1 + units.reduce((sum, unit) => sum + 2 + unit.length, 0));
  let at = 1;
  let importance = 0;
  for (const unit of units) {
    importance = Math.max(importance, (unit[0] as number) & 0x60);
    bytes[at] = unit.length >> 8;
    bytes[at + 1] = unit.length;
    bytes.set(unit, at + 2);
    at += 2 + unit.length;
  }
  bytes[0] = importance | NAL_STAP_A;
  return bytes;
}

/** FU-As of a NAL unit, whose own header goes into theirs (RFC 6184 5.8). */
function fragments(unit: Uint8Array, room: number): Uint8Array[] {
  const header = unit[0] as number;
  const made: Uint8Array[] = [];
  for (let at = 1; at < unit.length; at += room) {
    const data = unit.subarray(at, at + room);
    const payload = new Uint8Array(FU_HEADER_BYTES + data.length);
    payload[0] = (header & 0xe0) | NAL_FU_A;
    payload[1] = (at === 1 ? 0x80 : 0) | (at + data.length === unit.length ? 0x40 : 0) | (header & 31);
    payload.set(data, FU_HEADER_BYTES);
    made.push(payload);
  }
  return made;
}

/** Bytes of a slice that are looked into for an identity. */
const LOOK_BYTES = 64;

/** Collects the NAL units of a picture up to the marker; a picture with a gap in it is not given. */
export class H264Depacketizer implements Depacketizer {
  #timeMs = Number.NaN;
  #next = 0;
  #key = false;
  #bytes = 0;
  #slices = 0;
  #whole = true;
  #identity: FrameIdentity | undefined;
  /** Start of the NAL unit whose fragments are coming in. */
  #begun: Uint8Array | undefined;

  depacketize({ payload, marker, timeMs, sequence }: ReceivedPayload): Parsed<Depacketized> {
    if (timeMs !== this.#timeMs) this.#begin(timeMs);
    else if (sequence !== this.#next) this.#whole = false;
    this.#next = sequence + 1;
    const read = parseH264Payload(payload);
    if (!read.ok) {
      this.#whole = false;
      return read;
    }
    const { value } = read;
    if (value.kind === 'units') for (const unit of value.units) this.#take(unit, unit.length);
    if (value.kind === 'fragment') this.#fragment(value);
    if (!marker) return parsed({ frames: [] });
    const done = this.#whole && this.#slices > 0 && this.#begun === undefined;
    const frame = {
      kind: 'video',
      timeMs,
      durationMs: 0,
      key: this.#key,
      bytes: this.#bytes,
      identity: this.#identity,
    } as const;
    this.#timeMs = Number.NaN;
    return parsed({ frames: done ? [frame] : [] });
  }

  #begin(timeMs: number): void {
    this.#timeMs = timeMs;
    this.#key = false;
    this.#bytes = 0;
    this.#slices = 0;
    this.#whole = true;
    this.#identity = undefined;
    this.#begun = undefined;
  }

  #fragment(part: { start: boolean; end: boolean; header: number; data: Uint8Array }): void {
    if (part.start) {
      const look = part.data.subarray(0, LOOK_BYTES);
      this.#begun = Uint8Array.of(part.header, ...look);
      this.#bytes += 1;
    } else if (this.#begun === undefined) {
      this.#whole = false;
      return;
    }
    this.#bytes += part.data.length;
    if (!part.end) return;
    this.#take(this.#begun as Uint8Array, 0);
    this.#begun = undefined;
  }

  /** @param bytes what it adds to the size of the picture */
  #take(unit: Uint8Array, bytes: number): void {
    const type = (unit[0] as number) & 31;
    if (type < NAL_SLICE || type > NAL_IDR_SLICE) return;
    if (this.#slices === 0) this.#identity = sliceIdentity(unit);
    this.#slices++;
    this.#bytes += bytes;
    if (type === NAL_IDR_SLICE) this.#key = true;
  }
}
