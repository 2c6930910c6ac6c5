import { type Parsed, parsed, unparsed } from '../wire/parsed.js';
import type { FrameIdentity, MediaFrame } from './frame.js';
import { IDENTITY_BYTES, readIdentity, writeIdentity } from './identity.js';
import type { Depacketized, Depacketizer, MediaPayload, Packetizer, ReceivedPayload } from './packetizer.js';
import { fillPicture } from './video-bits.js';

/** Bits of the payload descriptor (RFC 7741 4.2). */
const EXTENDED = 0x80;
const NON_REFERENCE = 0x20;
const START = 0x10;
const HAS_PICTURE_ID = 0x80;
const HAS_TL0PICIDX = 0x40;
const HAS_TID = 0x20;
const HAS_KEYIDX = 0x10;
const LONG_PICTURE_ID = 0x80;

/** Descriptor with the picture id in 15 bits, as this side sends it. */
const DESCRIPTOR_BYTES = 4;

/** Uncompressed data chunks (RFC 6386 9.1): three bytes, and for key frames a start code and the dimensions besides. */
const CHUNK_BYTES = 3;
const KEY_CHUNK_BYTES = 10;
const START_CODE = [0x9d, 0x01, 0x2a];
const WIDTH = 320;
const HEIGHT = 240;
const INTERFRAME = 0x01;
const SHOWN = 0x10;
const MAX_PARTITION = 0x7_ffff;

/** What stands before the coded picture in each packet (RFC 7741 4.2). */
export interface Vp8Descriptor {
  readonly nonReference: boolean;
  /** Whether the payload begins a partition. */
  readonly start: boolean;
  /** PID, 0 to 7. */
  readonly partition: number;
  /** 7 or 15 bits. */
  readonly pictureId?: number;
  readonly tl0PicIdx?: number;
  /** TID, Y and KEYIDX as they stand. */
  readonly layers?: number;
  /** Its size. */
  readonly bytes: number;
}

/** Reads a payload descriptor; reserved bits are ignored (RFC 7741 4.2). */
export function parseVp8Descriptor(payload: Uint8Array): Parsed<Vp8Descriptor> {
  const cutShort = unparsed('payload descriptor is cut short', payload.length);
  const first = payload[0];
  if (first === undefined) return cutShort;
  const head = {
    nonReference: (first & NON_REFERENCE) !== 0,
    start: (first & START) !== 0,
    partition: first & 7,
  };
  let at = 1;
  if ((first & EXTENDED) === 0) return parsed({ ...head, bytes: at });
  const flags = payload[at++];
  if (flags === undefined) return cutShort;
  const fields: { pictureId?: number; tl0PicIdx?: number; layers?: number } = {};
  if (flags & HAS_PICTURE_ID) {
    const high = payload[at++];
    if (high === undefined) return cutShort;
    fields.pictureId = high;
    if (high & LONG_PICTURE_ID) {
      const low = payload[at++];
      if (low === undefined) return cutShort;
      fields.pictureId = ((high & 0x7f) << 8) | low;
    }
  }
  if (flags & HAS_TL0PICIDX) {
    const index = payload[at++];
    if (index === undefined) return cutShort;
    fields.tl0PicIdx = index;
  }
  if (flags & (HAS_TID | HAS_KEYIDX)) {
    const layers = payload[at++];
    if (layers === undefined) return cutShort;
    fields.layers = layers;
  }
  return parsed({ ...head, ...fields, bytes: at });
}

/** VP8 with one partition a picture as far as RTP can tell (RFC 7741 4.4). */
export class Vp8Packetizer implements Packetizer {
  readonly #room: number;
  #pictureId = 0;

  /** @param maxPayloadBytes size of a payload, descriptor included */
  constructor(maxPayloadBytes: number) {
    this.#room = maxPayloadBytes - DESCRIPTOR_BYTES;
  }

  packetize(frame: MediaFrame): readonly MediaPayload[] {
    if (frame.kind !== 'video') return [];
    const picture = codePicture(frame.key, frame.bytes);
    if (frame.identity !== undefined) writeIdentity(picture, 8 * chunkBytes(frame.key), frame.identity);
    const id = this.#pictureId;
    // RFC 7741 4.2: a running index of the frames
    this.#pictureId = (id + 1) & 0x7fff;
    const made: MediaPayload[] = [];
    for (let at = 0; at < picture.length; at += this.#room) {
      const part = picture.subarray(at, at + this.#room);
      const payload = new Uint8Array(DESCRIPTOR_BYTES + part.length);
      payload[0] = EXTENDED | (at === 0 ? START : 0);
      payload[1] = HAS_PICTURE_ID;
      payload[2] = LONG_PICTURE_ID | (id >> 8);
      payload[3] = id;
      payload.set(part, DESCRIPTOR_BYTES);
      made.push({ payload, marker: at + part.length === picture.length, timeMs: frame.timeMs });
    }
    return made;
  }

  flush(): readonly MediaPayload[] {
    return [];
  }

  requestMode(): void {}
}

const chunkBytes = (key: boolean): number => (key ? KEY_CHUNK_BYTES : CHUNK_BYTES);

/** A picture without an identity yet (RFC 6386 9.1). */
function codePicture(key: boolean, wantedBytes: number): Uint8Array {
  const chunk = chunkBytes(key);
  const picture = new Uint8Array(Math.max(wantedBytes, chunk + IDENTITY_BYTES));
  // the other half would be the coefficients, which have a partition of their own (RFC 6386 9.5)
  const partition = Math.max((picture.length - chunk) >> 1, IDENTITY_BYTES);
  const tag = (key ? 0 : INTERFRAME) | SHOWN | (Math.min(partition, MAX_PARTITION) << 5);
  picture[0] = tag;
  picture[1] = tag >> 8;
  picture[2] = tag >> 16;
  if (key) {
    picture.set(START_CODE, CHUNK_BYTES);
    picture.set([WIDTH & 0xff, WIDTH >> 8, HEIGHT & 0xff, HEIGHT >> 8], CHUNK_BYTES + START_CODE.length);
  }
  fillPicture(picture, chunk);
  return picture;
}

/** Collects the packets of a picture: the first has S and partition 0, the last the marker (RFC 7741 4.5.1). */
export class Vp8Depacketizer implements Depacketizer {
  #key = false;
  #identity: FrameIdentity | undefined;
  #bytes = 0;
  /** Sequence number that the next packet of the picture must have; absent outside of pictures. */
  #next: number | undefined;

  depacketize({ payload, marker, timeMs, sequence }: ReceivedPayload): Parsed<Depacketized> {
    const read = parseVp8Descriptor(payload);
    if (!read.ok) {
      this.#next = undefined;
      return read;
    }
    const { start, partition, bytes } = read.value;
    const part = payload.subarray(bytes);
    if (start && partition === 0) {
      const first = part[0];
      if (first === undefined) return unparsed('a picture without its header', bytes);
      this.#key = (first & INTERFRAME) === 0;
      this.#identity = readIdentity(part, 8 * chunkBytes(this.#key));
      this.#bytes = 0;
    } else if (sequence !== this.#next) {
      // a part of a picture whose beginning or middle was lost
      this.#next = undefined;
      return parsed({ frames: [] });
    }
    this.#bytes += part.length;
    this.#next = marker ? undefined : sequence + 1;
    if (!marker) return parsed({ frames: [] });
    return parsed({
      frames: [
        {
          kind: 'video',
          timeMs,
          durationMs: 0,
          key: this.#key,
          bytes: this.#bytes,
          identity: this.#identity,
        },
      ],
    });
  }
}
