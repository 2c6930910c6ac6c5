import { describe, expect, it } from 'vitest';
import { H264RtpPayload, OpusRtpPayload, Vp8RtpPayload } from 'werift';
import type { RtpMap } from '../wire/sdp/index.js';
import { createDepacketizer, createPacketizer } from './create-packetizer.js';
import type { MediaFrame, VideoFrame } from './frame.js';
import { AudioSource, VideoSource } from './frame-source.js';
import { codeSlices, parameterSets, parseH264Payload } from './h264.js';
import { MediaObserver } from './media-observer.js';
import { MediaSender } from './media-sender.js';
import type { MediaPayload } from './packetizer.js';
import { parseVp8Descriptor } from './vp8.js';

const VP8: RtpMap = { payloadType: 96, encoding: 'VP8', clockRate: 90_000 };
const H264: RtpMap = {
  payloadType: 102,
  encoding: 'H264',
  clockRate: 90_000,
  fmtp: 'profile-level-id=42e01f;packetization-mode=1;level-asymmetry-allowed=1',
};
const H264_SINGLE: RtpMap = { ...H264, fmtp: 'profile-level-id=42e01f' };

const picture = (number: number, key: boolean, bytes: number): VideoFrame => ({
  kind: 'video',
  timeMs: 40 * number,
  durationMs: 40,
  key,
  bytes,
  identity: { stream: 9, number, pitchHz: 0 },
});

function receive(map: RtpMap, payloads: readonly (MediaPayload & { sequence?: number })[]) {
  const depacketizer = createDepacketizer(map);
  return payloads.flatMap((one, i): readonly (MediaFrame | string)[] => {
    const read = depacketizer.depacketize({ sequence: i, ...one });
    return read.ok ? read.value.frames : [read.error.what];
  });
}

describe.each([
  ['VP8', VP8],
  ['H.264, non-interleaved', H264],
  ['H.264, single NAL units', H264_SINGLE],
])('%s', (_, map) => {
  const packets = createPacketizer(map);
  const key = packets.packetize(picture(0, true, 3600));
  const other = packets.packetize(picture(1, false, 900));

  it('sets the marker on the last packet of a picture alone, and gives all of them its time', () => {
    for (const [number, payloads] of [key, other].entries()) {
      expect(payloads.map(({ marker }) => marker)).toEqual(payloads.map((_, i) => i === payloads.length - 1));
      for (const { timeMs, payload } of payloads) {
        expect(timeMs).toBe(40 * number);
        expect(payload.length).toBeLessThanOrEqual(1200);
      }
    }
    expect(key.length).toBeGreaterThan(3);
    expect(other).toHaveLength(1);
  });

  it('is put together again with identity and size', () => {
    expect(receive(map, [...key, ...other])).toMatchObject([
      { kind: 'video', timeMs: 0, key: true, bytes: 3600, identity: { stream: 9, number: 0 } },
      { kind: 'video', timeMs: 40, key: false, bytes: 900, identity: { stream: 9, number: 1 } },
    ]);
  });

  it('gives no picture of which the middle is missing, and the next one all the same', () => {
    const numbered = [...key, ...other].map((one, sequence) => ({ ...one, sequence }));
    expect(
      receive(
        map,
        numbered.filter(({ sequence }) => sequence !== 2),
      ),
    ).toMatchObject([{ timeMs: 40 }]);
    const lastLost = numbered.filter(({ sequence }) => sequence !== key.length - 1);
    expect(receive(map, lastLost)).toMatchObject([{ timeMs: 40 }]);
  });

  it('is seen by an observer frame by frame, with what was lost', () => {
    const source = new VideoSource({ stream: 9 });
    const sender = new MediaSender({
      formats: [map],
      ssrc: 1,
      sequenceNumber: 65_000,
      timestamp: 4_294_900_000,
    });
    const observer = new MediaObserver([map]);
    let index = 0;
    for (let i = 0; i < 100; i++) {
      if (i === 50) source.requestKeyFrame();
      const sent = sender.send(source.next());
      const [first] = sent;
      expect(first?.timestamp).toBe((4_294_900_000 + i * 3600) >>> 0);
      for (const packet of sent) if (index++ !== 20) observer.receive(packet, i * 40_000);
    }
    const report = observer.report();
    expect(report).toMatchObject({ lost: 1, frames: 99, unrecognised: 0, malformed: 0, silences: [] });
    expect(report.sources).toMatchObject([{ stream: 9, missing: 1, runs: [{ from: 0 }, { to: 99 }] }]);
  });
});

describe('VP8 payloads', () => {
  it('have the descriptor of RFC 7741 4.2 with S on the first packet and 15 bits of picture id', () => {
    const packetizer = createPacketizer(VP8);
    for (let id = 0; id < 130; id++) {
      for (const [i, { payload }] of packetizer.packetize(picture(id, false, 2000)).entries()) {
        expect([...payload.subarray(0, 4)]).toEqual([i === 0 ? 0x90 : 0x80, 0x80, 0x80 | (id >> 8), id]);
        expect(parseVp8Descriptor(payload)).toMatchObject({
          value: { start: i === 0, partition: 0, pictureId: id, bytes: 4, nonReference: false },
        });
      }
    }
  });

  it('begin a key frame with a frame tag, the start code and the dimensions (RFC 6386 9.1)', () => {
    const [{ payload }] = createPacketizer(VP8).packetize(picture(0, true, 600)) as [MediaPayload];
    const tag = (payload[4] as number) | ((payload[5] as number) << 8) | ((payload[6] as number) << 16);
    // a key frame, version 0, shown; the first partition is half of what follows the ten bytes
    expect([tag & 1, (tag >> 1) & 7, (tag >> 4) & 1, tag >> 5]).toEqual([0, 0, 1, 295]);
    expect([...payload.subarray(7, 14)]).toEqual([0x9d, 0x01, 0x2a, 320 & 0xff, 320 >> 8, 240, 0]);
  });

  it('are read in the forms of RFC 7741 4.6', () => {
    expect(parseVp8Descriptor(Uint8Array.of(0x90, 0x80, 0x11, 0))).toMatchObject({
      value: { start: true, pictureId: 17, bytes: 3 },
    });
    expect(parseVp8Descriptor(Uint8Array.of(0x10))).toMatchObject({ value: { start: true, bytes: 1 } });
    expect(parseVp8Descriptor(Uint8Array.of(0x91, 0x80, 0x11))).toMatchObject({ value: { partition: 1 } });
    // picture id 4711, temporal layer 0 index 18, layers (RFC 7741 4.6.5)
    expect(parseVp8Descriptor(Uint8Array.of(0x80, 0xe0, 0x92, 0x67, 0x12, 0x80))).toMatchObject({
      value: { pictureId: 4711, tl0PicIdx: 18, layers: 0x80, bytes: 6 },
    });
    for (const cut of [[], [0x80], [0x80, 0x80], [0x80, 0x80, 0x80], [0x80, 0x40], [0x80, 0x10]]) {
      expect(parseVp8Descriptor(Uint8Array.from(cut))).toMatchObject({
        ok: false,
        error: { offset: cut.length },
      });
    }
  });

  it('are accepted by werift', () => {
    const packetizer = createPacketizer(VP8);
    for (const [number, key] of [true, false].entries()) {
      const payloads = packetizer.packetize(picture(number, key, 3000));
      const theirs = payloads.map(({ payload }) => Vp8RtpPayload.deSerialize(Buffer.from(payload)));
      expect(theirs.map((one) => [one.isPartitionHead, one.pictureId])).toEqual(
        payloads.map((_, i) => [i === 0, number]),
      );
      expect(theirs[0]?.isKeyframe).toBe(key);
      expect(theirs.reduce((sum, { payload }) => sum + payload.length, 0)).toBe(3000);
      expect(theirs[0]?.size0).toBe(((3000 - (key ? 10 : 3)) >> 1) & 7);
    }
  });
});

describe('H.264 payloads', () => {
  const sets = parameterSets(0x42e01f);

  it('begin a key frame with both parameter sets in a STAP-A, and fragment its slice (RFC 6184 5.7.1, 5.8)', () => {
    const payloads = createPacketizer(H264)
      .packetize(picture(0, true, 3000))
      .map(({ payload }) => payload);
    const [first, ...rest] = payloads as [Uint8Array, ...Uint8Array[]];
    // NRI 11 and type 24
    expect(first[0]).toBe(0x78);
    expect(parseH264Payload(first)).toEqual({ ok: true, value: { kind: 'units', units: sets } });
    // NRI 11 and type 28, then S or E or none with type 5
    expect(rest.map((payload) => [payload[0], payload[1]])).toEqual([
      [0x7c, 0x85],
      [0x7c, 0x05],
      [0x7c, 0x45],
    ]);
    const [slice] = codeSlices(picture(0, true, 3000), 0, Number.POSITIVE_INFINITY);
    const joined = rest.flatMap((payload) => [...payload.subarray(2)]);
    expect([0x65, ...joined]).toEqual([...(slice as Uint8Array)]);
  });

  it('are single NAL units in that mode, each slice with its own first macroblock', () => {
    const payloads = createPacketizer(H264_SINGLE)
      .packetize(picture(0, true, 3000))
      .map(({ payload }) => payload);
    expect(payloads.map(([header]) => (header as number) & 31)).toEqual([7, 8, 5, 5, 5]);
    // ue(100) is 0000001100101, and ue(7) behind it 0001000 (H.264 9.1)
    expect([...(payloads[3] as Uint8Array).subarray(1, 3)]).toEqual([0b0000_0011, 0b0010_1000]);
  });

  it('contain no start code (H.264 7.4.1.1)', () => {
    for (const key of [true, false]) {
      for (let number = 0; number < 300; number++) {
        for (const slice of codeSlices(picture(number * 0x10101, key, 400), number & 15, 100)) {
          for (let i = 2; i < slice.length; i++) {
            const triple =
              ((slice[i - 2] as number) << 16) | ((slice[i - 1] as number) << 8) | (slice[i] as number);
            expect(triple).toBeGreaterThan(3);
          }
        }
      }
    }
  });

  it('are refused when cut short, and ignored when their type is reserved', () => {
    const failure = (...bytes: number[]) => {
      const read = parseH264Payload(Uint8Array.from(bytes));
      return read.ok ? read.value.kind : `${read.error.what} at ${read.error.offset}`;
    };
    expect(failure()).toBe('a payload without a NAL unit at 0');
    expect(failure(0x78)).toBe('an aggregation packet without a NAL unit at 1');
    expect(failure(0x78, 0)).toBe('size of an aggregation unit is cut short at 2');
    expect(failure(0x78, 0, 3, 0x67)).toBe('an aggregation unit of 3 bytes at 1');
    expect(failure(0x78, 0, 0)).toBe('an aggregation unit of 0 bytes at 1');
    expect(failure(0x7c)).toBe('fragmentation unit is cut short at 1');
    expect(failure(0x7c, 0xc5)).toBe('a fragment is the start and the end at 1');
    expect(failure(0x79)).toBe('NAL unit type 25 is of the interleaved mode at 0');
    expect(failure(0x7e)).toBe('ignored');
    expect(failure(0x60)).toBe('ignored');
    expect(failure(0x61, 1)).toBe('units');
  });

  it('are put together by werift to what was sent', () => {
    const payloads = createPacketizer(H264)
      .packetize(picture(0, true, 3000))
      .map(({ payload }) => payload);
    let fragment: Buffer | undefined;
    const stream: number[] = [];
    for (const payload of payloads) {
      const theirs = H264RtpPayload.deSerialize(Buffer.from(payload), fragment);
      fragment = theirs.fragment;
      if (theirs.payload) stream.push(...theirs.payload);
    }
    const units = [...sets, ...codeSlices(picture(0, true, 3000), 0, Number.POSITIVE_INFINITY)];
    expect(stream).toEqual(units.flatMap((unit) => [0, 0, 0, 1, ...unit]));
  });

  it('are accepted by werift in Opus besides', () => {
    const packetizer = createPacketizer({
      payloadType: 111,
      encoding: 'opus',
      clockRate: 48_000,
      channels: 2,
    });
    const [one] = packetizer.packetize(new AudioSource({ stream: 1 }).next());
    const payload = Buffer.from(one?.payload ?? []);
    expect(OpusRtpPayload.deSerialize(payload).payload).toEqual(payload);
  });
});
