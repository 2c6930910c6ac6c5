import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { RtpMap } from '../wire/sdp/index.js';
import { AMR, AMR_WB, amrFrames } from './amr-coding.js';
import { BitReader } from './bits.js';
import { codecOf } from './codec.js';
import { createDepacketizer, createPacketizer, packetMs } from './create-packetizer.js';
import { evsFrames } from './evs-coding.js';
import type { MediaFrame, SpeechFrame } from './frame.js';
import { decodeALaw, decodeMuLaw, encodeALaw, encodeMuLaw } from './g711.js';
import { readIdentity, writeIdentity } from './identity.js';
import { opusFrames } from './opus-coding.js';
import { PcmCoding } from './pcm-coding.js';
import { dominantFrequency } from './tone.js';

const map = (encoding: string, clockRate: number, fmtp?: string): RtpMap => ({
  payloadType: 96,
  encoding,
  clockRate,
  ...(fmtp === undefined ? {} : { fmtp }),
});

const speech = (number: number): SpeechFrame => ({
  kind: 'speech',
  timeMs: number * 20,
  durationMs: 20,
  identity: { stream: 0xbeef, number, pitchHz: 440 },
});

/** The payloads of that many frames of speech. */
const payloads = (of: RtpMap, frames: number, ptimeMs = 20): Uint8Array[] => {
  const packetizer = createPacketizer(of, { ptimeMs });
  return Array.from({ length: frames }, (_, i) => packetizer.packetize(speech(i)))
    .flat()
    .map(({ payload }) => payload);
};

const sid = (of: RtpMap, frames = 1): Uint8Array[] => {
  const packetizer = createPacketizer(of);
  return Array.from({ length: frames }, (_, i) =>
    packetizer.packetize({ kind: 'silence', timeMs: 20 * i, durationMs: 20 }),
  )
    .flat()
    .map(({ payload }) => payload);
};

function framesOf(of: RtpMap, payload: Uint8Array): readonly MediaFrame[] {
  const read = createDepacketizer(of).depacketize({ payload, marker: false, timeMs: 0, sequence: 0 });
  if (!read.ok) throw new Error(read.error.what);
  return read.value.frames;
}

/** Bytes of text such as `1111 0 0100 1`, filled up with ones as speech bits to so many bits, then with zeros. */
function bytesOf(head: string, bits: number): Uint8Array {
  const all = head
    .replaceAll(' ', '')
    .padEnd(bits, '1')
    .padEnd(Math.ceil(bits / 8) * 8, '0');
  return Uint8Array.from(all.match(/.{8}/g) ?? [], (byte) => Number.parseInt(byte, 2));
}

function failure(read: { ok: boolean; error?: { what: string; offset: number } }): string {
  return read.ok ? 'was read' : `${read.error?.what} at ${read.error?.offset}`;
}

describe('AMR and AMR-WB', () => {
  it('reads the single frame of RFC 4867 4.3.5.1', () => {
    // 4 + 6 + 148 bits, and two of padding
    const payload = bytesOf('1111 0 0100 1', 158);
    expect(payload).toHaveLength(20);
    expect(amrFrames(payload, AMR, false)).toEqual({
      ok: true,
      value: { modeRequest: 15, frames: [{ type: 4, good: true, at: 10 }] },
    });
  });

  it('reads the four frames of RFC 4867 4.3.5.2, one of which has no data', () => {
    const payload = bytesOf('0001 1 0000 1 1 1001 1 1 1111 1 0 0001 1', 28 + 132 + 40 + 177);
    expect(payload).toHaveLength(48);
    const read = amrFrames(payload, AMR_WB, false);
    expect(read).toEqual({
      ok: true,
      value: {
        modeRequest: 1,
        frames: [
          { type: 0, good: true, at: 28 },
          { type: 9, good: true, at: 160 },
          { type: 15, good: true, at: 200 },
          { type: 1, good: true, at: 200 },
        ],
      },
    });
    const frames = framesOf(map('AMR-WB', 16_000), payload);
    expect(frames.map(({ kind, timeMs }) => [kind, timeMs])).toEqual([
      ['speech', 0],
      ['silence', 20],
      ['silence', 40],
      ['speech', 60],
    ]);
  });

  it('reads the two octet-aligned frames of RFC 4867 4.4.5.1', () => {
    const frame = bytesOf('', 159);
    const payload = Uint8Array.of(0x60, 0b1_0101_1_00, 0b0_0101_1_00, ...frame, ...frame);
    expect(amrFrames(payload, AMR, true)).toEqual({
      ok: true,
      value: {
        modeRequest: 6,
        frames: [
          { type: 5, good: true, at: 24 },
          { type: 5, good: true, at: 24 + 160 },
        ],
      },
    });
  });

  it('writes those headers, with the bits of each mode and zeros behind', () => {
    const [single] = payloads(map('AMR', 8000, 'mode-set=4'), 1) as [Uint8Array];
    expect(single).toHaveLength(20);
    // CMR=15, F=0, FT=4, Q=1
    expect([single[0], (single[1] as number) >> 6]).toEqual([0b1111_0010, 0b01]);
    expect((single[19] as number) & 3).toBe(0);
    const [aligned] = payloads(map('AMR', 8000, 'octet-align=1;mode-set=5'), 2, 40) as [Uint8Array];
    expect([...aligned.subarray(0, 3)]).toEqual([0xf0, 0b1_0101_1_00, 0b0_0101_1_00]);
    expect(aligned).toHaveLength(3 + 20 + 20);
    expect((aligned[22] as number) & 1).toBe(0);
  });

  it.each([
    ['AMR', 8000, [95, 103, 118, 134, 148, 159, 204, 244]],
    ['AMR-WB', 16_000, [132, 177, 253, 285, 317, 365, 397, 461, 477]],
  ] as const)('has the frame sizes of %s in both forms', (name, clock, sizes) => {
    for (const [mode, bits] of sizes.entries()) {
      const [efficient] = payloads(map(name, clock, `mode-set=${mode}`), 1);
      expect(efficient).toHaveLength(Math.ceil((10 + bits) / 8));
      const [aligned] = payloads(map(name, clock, `octet-align=1; mode-set=${mode}`), 1);
      expect(aligned).toHaveLength(2 + Math.ceil(bits / 8));
    }
  });

  it('sends SID_FIRST, a SID_UPDATE three frames later and one in eight from there (26.093 5.1.1)', () => {
    const packetizer = createPacketizer(map('AMR', 8000, 'octet-align=1'));
    expect([-2, -1].map((i) => packetizer.packetize(speech(i))[0]?.marker)).toEqual([true, false]);
    const sent: [number, number][] = [];
    for (let i = 0; i < 30; i++) {
      for (const one of packetizer.packetize({ kind: 'silence', timeMs: 20 * i, durationMs: 20 })) {
        // FT=8; the SID type is the 36th bit
        expect([one.payload.length, one.payload[1], one.marker]).toEqual([7, 0b0_1000_1_00, false]);
        sent.push([i, ((one.payload[6] as number) >> 4) & 1]);
      }
    }
    expect(sent).toEqual([
      [0, 0],
      [3, 1],
      [11, 1],
      [19, 1],
      [27, 1],
    ]);
    const [talk] = packetizer.packetize(speech(31));
    expect(talk?.marker).toBe(true);
    expect(packetizer.packetize(speech(32))[0]?.marker).toBe(false);
  });

  it('refuses payloads whose size is not that of their frames, and frame types that do not exist', () => {
    const good = bytesOf('1111 0 0010 1', 10 + 253);
    const read = (payload: Uint8Array) => failure(amrFrames(payload, AMR_WB, false));
    expect(read(good)).toBe('was read');
    expect(read(good.subarray(0, 32))).toBe('speech data is cut short at 32');
    expect(read(Uint8Array.of(...good, 0))).toBe('payload goes on behind its frames at 32');
    expect(read(Uint8Array.of(0xf7))).toBe('table of contents is cut short at 1');
    expect(read(bytesOf('1111 0 1010 1', 50))).toBe('frame type 10 does not exist at 0');
    expect(read(bytesOf('1111 0 1110 1', 10))).toBe('was read');
    expect(failure(amrFrames(bytesOf('1111 0 1110 1', 10), AMR, false))).toBe(
      'frame type 14 does not exist at 0',
    );
  });

  it('takes no identity from a frame that was damaged', () => {
    const of = map('AMR', 8000, 'octet-align=1');
    const [payload] = payloads(of, 1) as [Uint8Array];
    expect(framesOf(of, payload)).toMatchObject([{ identity: { number: 0 } }]);
    payload[1] = (payload[1] as number) & ~4;
    expect(framesOf(of, payload)).toMatchObject([{ kind: 'speech', identity: undefined }]);
  });
});

describe('EVS', () => {
  const evs = (fmtp: string) => map('EVS', 16_000, fmtp);

  it('sends frames of the protected sizes of 26.445 table A.1 in the compact format', () => {
    const sizes = {
      7.2: 144,
      8: 160,
      9.6: 192,
      13.2: 264,
      16.4: 328,
      24.4: 488,
      32: 640,
      48: 960,
      64: 1280,
      96: 1920,
      128: 2560,
    };
    for (const [rate, bits] of Object.entries(sizes)) {
      const [payload] = payloads(evs(`br=${rate}`), 1) as [Uint8Array];
      expect(payload).toHaveLength(bits / 8);
      expect(framesOf(evs(''), payload)).toMatchObject([{ identity: { number: 0 } }]);
    }
    const io = [136, 184, 256, 288, 320, 368, 400, 464, 480];
    for (const [mode, bits] of io.entries()) {
      const of = evs(`evs-mode-switch=1;mode-set=${mode}`);
      const [payload] = payloads(of, 1) as [Uint8Array];
      expect(payload).toHaveLength(bits / 8);
      // no mode is requested
      expect((payload[0] as number) >> 5).toBe(7);
      expect(evsFrames(payload)).toMatchObject({ ok: true, value: { frames: [{ io: true, type: mode }] } });
    }
    expect(sid(evs(''))).toMatchObject([{ length: 6 }]);
  });

  it('puts the first bit of a frame of EVS AMR-WB IO behind the others (26.445 A.2.1.2.2)', () => {
    const [full] = payloads(evs('evs-mode-switch=1;hf-only=1;mode-set=0'), 1) as [Uint8Array];
    const [compact] = payloads(evs('evs-mode-switch=1;mode-set=0'), 1) as [Uint8Array];
    const bits = (bytes: Uint8Array, from: number, count: number) => {
      const reader = new BitReader(bytes);
      reader.skip(from);
      return Array.from({ length: count }, () => reader.read(1)).join('');
    };
    const frame = bits(full, 8, 132);
    expect(bits(compact, 3, 132)).toBe(frame.slice(1) + frame.slice(0, 1));
  });

  it('sends ToC bytes in the header-full format, alone or for several frames', () => {
    const [full] = payloads(evs('hf-only=1; br=13.2'), 1) as [Uint8Array];
    expect([full.length, full[0]]).toEqual([34, 0x04]);
    const [three] = payloads(evs('br=24.4'), 3, 60) as [Uint8Array];
    expect([three.length, ...three.subarray(0, 3)]).toEqual([3 + 3 * 61, 0x46, 0x46, 0x06]);
    const [io] = payloads(evs('evs-mode-switch=1'), 2, 40) as [Uint8Array];
    expect([io.length, ...io.subarray(0, 2)]).toEqual([2 + 2 * 32, 0x72, 0x32]);
  });

  it('never has a protected size in the header-full format, unless there is no other format (26.445 A.2.2)', () => {
    for (const br of ['7.2', '8', '9.6', '13.2', '16.4', '24.4', '32', '48']) {
      for (let count = 1; count <= 6; count++) {
        const [payload] = payloads(evs(`br=${br}`), count, count * 20) as [Uint8Array];
        const read = evsFrames(payload);
        expect(read).toMatchObject({ ok: true, value: { frames: { length: count } } });
        expect(framesOf(evs(''), payload)).toMatchObject(Array(count).fill({ identity: { stream: 0xbeef } }));
      }
    }
  });

  it('pads a header-full payload that would have a protected size (26.445 A.2.2.1.4.2)', () => {
    // two frames of 9.6 kbit/s and their ToC are 50 bytes, as is AMR-WB IO at 19.85 kbit/s
    const [padded] = payloads(evs('br=9.6'), 2, 40) as [Uint8Array];
    expect([padded.length, padded[50]]).toEqual([51, 0]);
    expect(payloads(evs('br=9.6;hf-only=1'), 2, 40)[0]).toHaveLength(50);
  });

  it('sends the SID of EVS AMR-WB IO with a request byte', () => {
    // ToC and 40 bits of SID are 48 bits, which is a primary SID, so the request byte comes with them (A.2.1.3)
    expect(sid(evs('evs-mode-switch=1'))[0]?.subarray(0, 2)).toEqual(Uint8Array.of(0xff, 0x39));
    expect(sid(evs('evs-mode-switch=1'))[0]).toHaveLength(7);
    expect(sid(evs('evs-mode-switch=1;hf-only=1'))[0]).toHaveLength(6);
    for (const fmtp of ['evs-mode-switch=1', 'evs-mode-switch=1;hf-only=1', 'hf-only=1', '']) {
      expect(framesOf(evs(fmtp), sid(evs(fmtp))[0] as Uint8Array)).toMatchObject([{ kind: 'silence' }]);
    }
  });

  it('tells 56 bits of EVS primary from a SID of EVS AMR-WB IO by the first bit (26.445 A.2.1.3)', () => {
    expect(evsFrames(Uint8Array.of(0x7f, 1, 2, 3, 4, 5, 6))).toMatchObject({
      value: { frames: [{ io: false, type: 0 }] },
    });
    expect(evsFrames(Uint8Array.of(0xff, 0x39, 2, 3, 4, 5, 6))).toMatchObject({
      value: { frames: [{ io: true, type: 9 }] },
    });
  });

  it('reads and obeys mode requests of both formats', () => {
    const [full] = payloads(evs('hf-only=1'), 1) as [Uint8Array];
    const request = (payload: Uint8Array) => {
      const read = evsFrames(payload);
      return read.ok ? read.value.modeRequest : read.error.what;
    };
    // wideband, 24.4 kbit/s
    expect(request(Uint8Array.of(0xa6, ...full))).toBe(0x26);
    expect(request(Uint8Array.of(0xff, ...full))).toBeUndefined();
    const [compact] = payloads(evs('evs-mode-switch=1'), 1) as [Uint8Array];
    // code 3 is 15.85 kbit/s, mode 4
    expect(request(compact.map((b, i) => (i ? b : (b & 0x1f) | 0x60)))).toBe(0x14);
    const packetizer = createPacketizer(evs('br=13.2-24.4'));
    const size = () => packetizer.packetize(speech(0))[0]?.payload.length;
    expect(size()).toBe(61);
    packetizer.requestMode(0x24);
    expect(size()).toBe(33);
    // 9.6 kbit/s is not allowed
    packetizer.requestMode(0x23);
    expect(size()).toBe(33);
    packetizer.requestMode(0x18);
    expect(size()).toBe(60);
  });

  it('refuses what is neither format', () => {
    expect(failure(evsFrames(new Uint8Array(0)))).toBe('table of contents is cut short at 0');
    expect(failure(evsFrames(Uint8Array.of(0x46, 0x46)))).toBe('table of contents is cut short at 2');
    expect(failure(evsFrames(Uint8Array.of(0x0d, 1)))).toBe('frame type 13 does not exist at 0');
    expect(failure(evsFrames(Uint8Array.of(0x04, 1)))).toBe('speech data is cut short at 2');
    expect(failure(evsFrames(Uint8Array.of(0x44, 0x84)))).toBe('a request among the table of contents at 1');
    expect(failure(evsFrames(Uint8Array.of(0x0f, 0, 1)))).toBe('payload goes on behind its frames at 2');
  });
});

describe('Opus', () => {
  const opus = map('opus', 48_000);
  const read = (...bytes: number[]) => {
    const split = opusFrames(Uint8Array.from(bytes));
    return split.ok
      ? [split.value.durationMs, ...split.value.frames.map((frame) => [...frame])]
      : split.error.what;
  };

  it('has a TOC byte for 20 ms and the bytes that the bit rate leaves', () => {
    const [payload] = payloads(opus, 1) as [Uint8Array];
    // 32 kbit/s are 80 bytes in 20 ms
    expect([payload.length, payload[0]]).toEqual([80, 0x78]);
    expect(payloads(map('opus', 48_000, 'maxaveragebitrate=16000'), 1)[0]).toHaveLength(40);
    expect(payloads(map('opus', 48_000, 'maxaveragebitrate=1'), 1)[0]).toHaveLength(15);
    expect(payloads(opus, 2, 40)[0]?.subarray(0, 1)).toEqual(Uint8Array.of(0x79));
    expect(payloads(opus, 3, 60)[0]?.subarray(0, 2)).toEqual(Uint8Array.of(0x7b, 3));
  });

  it('takes packets of every code apart (RFC 6716 3.2)', () => {
    expect(read(0x78, 1, 2, 3)).toEqual([20, [1, 2, 3]]);
    expect(read(0x78)).toEqual([20, []]);
    expect(read(0x79, 1, 2, 3, 4)).toEqual([20, [1, 2], [3, 4]]);
    expect(read(0x7a, 1, 9, 8, 7)).toEqual([20, [9], [8, 7]]);
    expect(read(0x7b, 3, 1, 2, 3)).toEqual([20, [1], [2], [3]]);
    // variable sizes; two bytes of padding, one of which tells their number
    expect(read(0x7b, 0x82, 0, 1, 2)).toEqual([20, [], [1, 2]]);
    expect(read(0x7b, 0x42, 1, 1, 2, 0)).toEqual([20, [1], [2]]);
    expect(opusFrames(Uint8Array.of(0x7a, 252, 1, ...new Array(300).fill(0)))).toMatchObject({
      value: { frames: [{ length: 256 }, { length: 44 }] },
    });
  });

  it('knows the durations of all configurations (RFC 6716 table 2)', () => {
    const durations = Array.from({ length: 32 }, (_, config) => {
      const split = opusFrames(Uint8Array.of(config << 3));
      return split.ok ? split.value.durationMs : 0;
    });
    const silk = [10, 20, 40, 60];
    const celt = [2.5, 5, 10, 20];
    expect(durations).toEqual([
      ...silk,
      ...silk,
      ...silk,
      10,
      20,
      10,
      20,
      ...celt,
      ...celt,
      ...celt,
      ...celt,
    ]);
  });

  it('refuses what breaks the rules R1 to R7 (RFC 6716 3.4)', () => {
    expect(read()).toBe('an Opus packet without a byte');
    expect(failure(opusFrames(new Uint8Array(1277).fill(0x78)))).toBe('a frame of 1276 bytes at 1');
    expect(read(0x79, 1)).toBe('two equal frames in an odd number of bytes');
    expect(read(0x7a)).toBe('length of the first frame is cut short');
    expect(read(0x7a, 252)).toBe('length of the first frame is cut short');
    expect(read(0x7a, 2, 1)).toBe('first frame reaches beyond the packet');
    expect(read(0x7b)).toBe('frame count is missing');
    expect(read(0x7b, 0)).toBe('0 frames of 20 ms');
    expect(read(0x7b, 7)).toBe('7 frames of 20 ms');
    expect(read(0x7b, 2, 1)).toBe('1 bytes are not 2 equal frames');
    expect(read(0x7b, 0x42, 5, 1)).toBe('5 bytes of padding do not fit');
    expect(read(0x7b, 0x42)).toBe('length of the padding is cut short');
    expect(read(0x7b, 0x82, 5, 1)).toBe('frames reach beyond the packet');
    expect(read(0x7b, 0x82)).toBe('length of frame 1 is cut short');
  });

  it('sends every frame of a silence, or one in 400 ms where the far end wants DTX (RFC 7587 3.1.3)', () => {
    expect(sid(opus, 40)).toHaveLength(40);
    const dtx = map('opus', 48_000, 'usedtx=1');
    expect(sid(dtx, 41).map((payload) => [...payload])).toEqual([[0x78], [0x78], [0x78]]);
    for (const payload of [...sid(opus), ...sid(dtx)]) {
      expect(framesOf(opus, payload)).toEqual([{ kind: 'silence', timeMs: 0, durationMs: 20 }]);
    }
  });

  it('has packets of the length that ptime, minptime and maxptime leave', () => {
    const length = (fmtp: string, ptimeMs?: number) => packetMs(map('opus', 48_000, fmtp), ptimeMs);
    expect([length('minptime=10'), length('minptime=10', 10), length('', 50), length('', 400)]).toEqual([
      20, 20, 40, 120,
    ]);
    expect([length('minptime=60'), length('maxptime=40', 60), length('maxptime=3', 60)]).toEqual([
      60, 40, 20,
    ]);
  });
});

describe('G.711', () => {
  const identity = { stream: 513, number: 70_000, pitchHz: 880 };

  it('carries a tone that a listener finds, and an identity beside it', () => {
    for (const law of ['PCMU', 'PCMA'] as const) {
      for (const pitchHz of [440, 880, 3980]) {
        const coding = new PcmCoding(law);
        const frames = Array.from({ length: 5 }, (_, i) =>
          coding.encodeSpeech([{ stream: 7, number: i, pitchHz }]),
        );
        expect(dominantFrequency(law, frames)).toBe(pitchHz);
        expect(coding.decode(frames[3] as Uint8Array, 0)).toMatchObject({
          value: { frames: [{ identity: { stream: 7, number: 3, pitchHz } }] },
        });
      }
    }
  });

  it('keeps the identity when every sample is companded by the other law, and halved in level', () => {
    const [u, a] = [new PcmCoding('PCMU'), new PcmCoding('PCMA')];
    const inMu = u.encodeSpeech([identity]);
    const inA = inMu.map((byte) => encodeALaw(decodeMuLaw(byte)));
    expect(a.decode(inA, 0)).toMatchObject({ value: { frames: [{ identity }] } });
    const back = inA.map((byte) => encodeMuLaw(decodeALaw(byte) / 2));
    expect(u.decode(back, 0)).toMatchObject({ value: { frames: [{ identity }] } });
  });

  it('is silent in the codes of zero, and in those next to them', () => {
    for (const [law, zero] of [
      ['PCMU', 0xff],
      ['PCMA', 0xd5],
    ] as const) {
      const of = map(law, 8000);
      expect(sid(of)[0]).toEqual(new Uint8Array(160).fill(zero));
      const quiet = Uint8Array.from({ length: 160 }, (_, i) => zero ^ (i & 0x81));
      expect(framesOf(of, quiet)).toMatchObject([{ kind: 'silence' }]);
      expect(
        framesOf(
          of,
          quiet.map((b, i) => (i === 80 ? b ^ 0x40 : b)),
        ),
      ).toMatchObject([{ kind: 'speech' }]);
    }
  });

  it('takes packets of any length', () => {
    const of = map('PCMA', 8000);
    const [payload] = payloads(of, 3, 60) as [Uint8Array];
    expect(framesOf(of, payload)).toMatchObject(
      [0, 1, 2].map((number) => ({ timeMs: 20 * number, identity: { number } })),
    );
    expect(framesOf(of, payload.subarray(0, 200))).toMatchObject([{ durationMs: 20 }, { durationMs: 5 }]);
  });
});

describe('an identity', () => {
  it('is read back from any bit, and leaves the bits round it alone', () => {
    fc.assert(
      fc.property(
        fc.nat(0xffff),
        fc.nat(0xff_ffff),
        fc.nat(199),
        fc.nat(40),
        fc.constantFrom(0, 0xff),
        (stream, number, pitch, at, fill) => {
          const bytes = new Uint8Array(16).fill(fill);
          const identity = { stream, number, pitchHz: 20 * pitch };
          writeIdentity(bytes, at, identity);
          expect(readIdentity(bytes, at)).toEqual(identity);
          const reader = new BitReader(bytes);
          for (let bit = 0; bit < 128; bit++) {
            const value = reader.read(1);
            if (bit < at || bit >= at + 64) expect(value).toBe(fill & 1);
          }
        },
      ),
    );
  });

  it('is not found in constant bytes, nor where a bit is wrong', () => {
    for (const fill of [0, 0xff, 0x55, 0xd5])
      expect(readIdentity(new Uint8Array(9).fill(fill), 0)).toBeUndefined();
    const bytes = new Uint8Array(8);
    writeIdentity(bytes, 0, { stream: 1, number: 2, pitchHz: 40 });
    for (let bit = 0; bit < 64; bit++) {
      const wrong = bytes.map((byte, i) => (i === bit >> 3 ? byte ^ (0x80 >> (bit & 7)) : byte));
      expect(readIdentity(wrong, 0)).toBeUndefined();
    }
    expect(readIdentity(bytes.subarray(0, 7), 0)).toBeUndefined();
  });
});

describe('a payload format', () => {
  it('ends a packet where time is missing, and fills none with what came later', () => {
    const packetizer = createPacketizer(map('AMR-WB', 16_000, 'octet-align=1'), { ptimeMs: 60 });
    const made = [0, 1, 3, 4, 5, 6].flatMap((i) => packetizer.packetize(speech(i)));
    // two frames, and three
    expect(made.map(({ timeMs, payload }) => [timeMs, payload.length])).toEqual([
      [0, 1 + 2 * 33],
      [60, 1 + 3 * 33],
    ]);
    expect(packetizer.flush()).toMatchObject([{ timeMs: 120 }]);
    expect(packetizer.flush()).toEqual([]);
  });

  it('is known by its name in any case, by its clock rate, and not in variants with other bits', () => {
    expect(codecOf(map('OPUS', 48_000))?.name).toBe('opus');
    expect(codecOf(map('amr-wb', 16_000))?.name).toBe('AMR-WB');
    expect(codecOf(map('telephone-event', 48_000))?.name).toBe('telephone-event');
    for (const unknown of [
      map('opus', 16_000),
      map('G729', 8000),
      map('telephone-event', 0),
      map('AMR', 8000, 'octet-align=1;crc=1'),
      map('AMR', 8000, 'robust-sorting=1'),
      map('AMR-WB', 16_000, 'interleaving=4'),
      { ...map('EVS', 16_000), channels: 2 },
      map('H264', 90_000, 'packetization-mode=2'),
    ]) {
      expect(codecOf(unknown)).toBeUndefined();
      expect(() => createPacketizer(unknown)).toThrow(RangeError);
      expect(() => createDepacketizer(unknown)).toThrow(RangeError);
    }
  });

  const formats = [
    map('PCMU', 8000),
    map('PCMA', 8000),
    map('opus', 48_000),
    map('AMR', 8000),
    map('AMR', 8000, 'octet-align=1'),
    map('AMR-WB', 16_000),
    map('AMR-WB', 16_000, 'octet-align=1'),
    map('EVS', 16_000),
    map('EVS', 16_000, 'hf-only=1'),
    map('telephone-event', 8000),
    map('CN', 8000),
    map('H264', 90_000),
    map('VP8', 90_000),
  ];

  it('never throws on garbage, gives no identity of it, and errors lie within it', () => {
    fc.assert(
      fc.property(
        fc.constantFrom(...formats),
        fc.array(
          fc.record({ payload: fc.uint8Array({ maxLength: 70 }), marker: fc.boolean(), timeMs: fc.nat(3) }),
          {
            maxLength: 8,
          },
        ),
        (format, received) => {
          const depacketizer = createDepacketizer(format);
          for (const [sequence, one] of received.entries()) {
            const read = depacketizer.depacketize({ ...one, sequence });
            if (!read.ok) {
              expect(read.error.offset).toBeGreaterThanOrEqual(0);
              expect(read.error.offset).toBeLessThanOrEqual(one.payload.length);
              continue;
            }
            for (const frame of read.value.frames) {
              if (frame.kind === 'speech' || frame.kind === 'video') expect(frame.identity).toBeUndefined();
            }
          }
        },
      ),
      { numRuns: 2000 },
    );
  });

  it('never throws on payloads of its own with bytes changed, cut or added', () => {
    fc.assert(
      fc.property(
        fc.constantFrom(...formats.slice(0, 9)),
        fc.constantFrom(20, 40, 60),
        fc.nat(200),
        fc.nat(255),
        fc.nat(200),
        (format, ptimeMs, at, value, length) => {
          const [payload] = payloads(format, ptimeMs / 20, ptimeMs) as [Uint8Array];
          const changed = new Uint8Array(length);
          changed.set(payload.subarray(0, length));
          if (at < length) changed[at] = value;
          const read = createDepacketizer(format).depacketize({
            payload: changed,
            marker: true,
            timeMs: 0,
            sequence: 1,
          });
          if (!read.ok) expect(read.error.offset).toBeLessThanOrEqual(length);
        },
      ),
      { numRuns: 1000 },
    );
  });
});
