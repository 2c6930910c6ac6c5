import { type Parsed, parsed, unparsed } from '../wire/parsed.js';
import type { FrameIdentity, VideoFrame } from './frame.js';
import { fillPicture, HALVED_BYTES, readHalved, writeHalved } from './video-bits.js';

/** NAL unit types (H.264 table 7-1; RFC 6184 table 1). */
export const NAL_SLICE = 1;
export const NAL_IDR_SLICE = 5;
export const NAL_SPS = 7;
export const NAL_PPS = 8;
export const NAL_STAP_A = 24;
export const NAL_FU_A = 28;

/** RFC 6184 5.3: parameter sets and IDR slices are of the highest importance, other slices of the next. */
const NRI_HIGHEST = 0x60;
const NRI_HIGH = 0x40;

/** A picture of 320 by 240 in macroblocks, row by row. */
const WIDTH_MBS = 20;
const HEIGHT_MBS = 15;
const MACROBLOCKS = WIDTH_MBS * HEIGHT_MBS;

/** Profiles whose sequence parameter set says more about colours (H.264 7.3.2.1.1). */
const HIGH_PROFILES = [44, 83, 86, 100, 110, 118, 122, 128, 134, 135, 138, 139, 244];

/** Bits as text, since the syntax elements of H.264 have no fixed sizes. */
class Syntax {
  #bits = '';

  u(value: number, count: number): this {
    this.#bits += value.toString(2).padStart(count, '0');
    return this;
  }

  /** Exp-Golomb code of a value from 0 on (H.264 9.1). */
  ue(value: number): this {
    const code = (value + 1).toString(2);
    this.#bits += '0'.repeat(code.length - 1) + code;
    return this;
  }

  /** The bytes behind a NAL unit header, filled up with `fill` bits. */
  nal(header: number, fill: '0' | '1'): Uint8Array {
    const bits = this.#bits.padEnd(Math.ceil(this.#bits.length / 8) * 8, fill);
    return Uint8Array.of(header, ...(bits.match(/.{8}/g) ?? []).map((byte) => Number.parseInt(byte, 2)));
  }
}

/**
 * The sequence and picture parameter sets (H.264 7.3.2.1, 7.3.2.2).
 *
 * @param profileLevelId the three bytes of `profile-level-id` (RFC 6184 8.1)
 */
export function parameterSets(profileLevelId: number): readonly [sps: Uint8Array, pps: Uint8Array] {
  const profile = profileLevelId >> 16;
  const sps = new Syntax().u(profileLevelId, 24).ue(0);
  // 4:2:0, eight bits, no scaling matrix
  if (HIGH_PROFILES.includes(profile)) sps.ue(1).ue(0).ue(0).u(0, 2);
  // frame_num in four bits; output in decoding order; one reference frame; progressive, not cropped
  sps
    .ue(0)
    .ue(2)
    .ue(1)
    .u(0, 1)
    .ue(WIDTH_MBS - 1)
    .ue(HEIGHT_MBS - 1)
    .u(0b1100, 4)
    .u(1, 1);
  // CAVLC, one slice group, no weights, no offsets
  const pps = new Syntax().ue(0).ue(0).u(0, 2).ue(0).ue(0).ue(0).u(0, 3).ue(0).ue(0).ue(0).u(0, 3).u(1, 1);
  return [sps.nal(NRI_HIGHEST | NAL_SPS, '0'), pps.nal(NRI_HIGHEST | NAL_PPS, '0')];
}

/** Where the identity stands in the first slice of a picture: behind the NAL unit header and the longest slice header. */
const IDENTITY_AT = 4;

/** Slice headers by what they depend on: whether it is an IDR picture, `frame_num`, and the first macroblock. */
const headers = new Map<number, Uint8Array>();

function sliceHeader(key: boolean, frameNumber: number, firstMacroblock: number): Uint8Array {
  const index = (firstMacroblock << 5) | (frameNumber << 1) | (key ? 1 : 0);
  const made = headers.get(index);
  if (made !== undefined) return made;
  // H.264 7.3.3: 7 is an I and 5 a P slice, as are all others of the picture
  const syntax = new Syntax()
    .ue(firstMacroblock)
    .ue(key ? 7 : 5)
    .ue(0)
    .u(frameNumber, 4);
  // idr_pic_id and decoded reference picture marking, or references and marking; no change of the quantiser
  if (key) syntax.ue(0).u(0, 2).ue(0);
  else syntax.u(0, 3).ue(0);
  const header = syntax.nal(key ? NRI_HIGHEST | NAL_IDR_SLICE : NRI_HIGH | NAL_SLICE, '1');
  headers.set(index, header);
  return header;
}

/**
 * The slices of a picture.
 *
 * @param frameNumber frames since the last key frame, modulo 16
 * @param maxSliceBytes how large a slice may be; one slice holds all where that is `Infinity`
 */
export function codeSlices(
  { key, bytes, identity }: VideoFrame,
  frameNumber: number,
  maxSliceBytes: number,
): readonly Uint8Array[] {
  const total = Math.max(bytes, IDENTITY_AT + HALVED_BYTES);
  const count = Math.min(Math.max(Math.ceil(total / maxSliceBytes), 1), MACROBLOCKS);
  const perSlice = Math.ceil(total / count);
  const rows = Math.floor(MACROBLOCKS / count);
  return Array.from({ length: count }, (_, i) => {
    const header = sliceHeader(key, frameNumber, i * rows);
    const size = Math.min(perSlice, total - i * perSlice);
    const slice = new Uint8Array(Math.max(size, header.length));
    fillPicture(slice, 0);
    slice.set(header);
    if (i === 0 && identity !== undefined) writeHalved(slice, IDENTITY_AT, identity);
    return slice;
  });
}

/** The identity in the first slice of a picture. */
export function sliceIdentity(slice: Uint8Array): FrameIdentity | undefined {
  return readHalved(slice, IDENTITY_AT);
}

/** What an RTP payload holds of NAL units (RFC 6184 5.2). */
export type H264Payload =
  | { readonly kind: 'units'; readonly units: readonly Uint8Array[] }
  | {
      readonly kind: 'fragment';
      readonly start: boolean;
      readonly end: boolean;
      /** The header of the NAL unit that was fragmented. */
      readonly header: number;
      readonly data: Uint8Array;
    }
  /** Reserved types, which receivers ignore (RFC 6184 table 3). */
  | { readonly kind: 'ignored' };

/** Takes a payload of the single NAL unit or the non-interleaved mode apart (RFC 6184 5.6, 5.7.1, 5.8). */
export function parseH264Payload(payload: Uint8Array): Parsed<H264Payload> {
  const first = payload[0];
  if (first === undefined) return unparsed('a payload without a NAL unit', 0);
  const type = first & 31;
  if (type === 0 || type > 29) return parsed({ kind: 'ignored' });
  if (type < NAL_STAP_A) return parsed({ kind: 'units', units: [payload] });
  if (type === NAL_STAP_A) return aggregated(payload);
  if (type !== NAL_FU_A) return unparsed(`NAL unit type ${type} is of the interleaved mode`, 0);
  const second = payload[1];
  if (second === undefined) return unparsed('fragmentation unit is cut short', 1, 'an FU header');
  const start = (second & 0x80) !== 0;
  const end = (second & 0x40) !== 0;
  // RFC 6184 5.8: a fragment is never both
  if (start && end) return unparsed('a fragment is the start and the end', 1);
  const header = (first & 0xe0) | (second & 31);
  return parsed({ kind: 'fragment', start, end, header, data: payload.subarray(2) });
}

function aggregated(payload: Uint8Array): Parsed<H264Payload> {
  const units: Uint8Array[] = [];
  for (let at = 1; at < payload.length; ) {
    const low = payload[at + 1];
    if (low === undefined) return unparsed('size of an aggregation unit is cut short', payload.length);
    const size = ((payload[at] as number) << 8) | low;
    at += 2;
    if (size === 0 || at + size > payload.length) {
      return unparsed(`an aggregation unit of ${size} bytes`, at - 2, `1 to ${payload.length - at}`);
    }
    units.push(payload.subarray(at, at + size));
    at += size;
  }
  return units.length === 0
    ? unparsed('an aggregation packet without a NAL unit', 1)
    : parsed({ kind: 'units', units });
}
