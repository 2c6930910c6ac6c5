import { expect, it } from 'vitest';
import type { RtpMap } from '../wire/sdp/index.js';
import { createDepacketizer, createPacketizer } from './create-packetizer.js';
import { AudioSource } from './frame-source.js';
import { MediaSender } from './media-sender.js';
import { Transcoder } from './transcoder.js';

const map = (encoding: string, clockRate: number, fmtp = ''): RtpMap => ({
  payloadType: 96,
  encoding,
  clockRate,
  fmtp,
});

const FORMATS = {
  PCMU: map('PCMU', 8000),
  Opus: map('opus', 48_000),
  AMR: map('AMR', 8000),
  'AMR-WB': map('AMR-WB', 16_000),
  EVS: map('EVS', 16_000),
  'EVS AMR-WB IO': map('EVS', 16_000, 'evs-mode-switch=1'),
};

const ROUND = 5000;
const ROUNDS = 8;

/** Processor time of one step in the quickest round, in microseconds: other processes do not count. */
function fastestUs(step: (i: number) => void): number {
  let fastest = Number.POSITIVE_INFINITY;
  for (let round = 0; round < ROUNDS; round++) {
    const start = process.cpuUsage();
    for (let i = 0; i < ROUND; i++) step(round * ROUND + i);
    const { user, system } = process.cpuUsage(start);
    fastest = Math.min(fastest, (user + system) / ROUND);
  }
  return fastest;
}

it.each(Object.keys(FORMATS) as (keyof typeof FORMATS)[])(
  'packs and unpacks a frame of %s in 5 us',
  (name) => {
    const source = new AudioSource({ stream: 1, pitchHz: 440 });
    const packetizer = createPacketizer(FORMATS[name]);
    const depacketizer = createDepacketizer(FORMATS[name]);
    const us = fastestUs((sequence) => {
      for (const one of packetizer.packetize(source.next())) depacketizer.depacketize({ ...one, sequence });
    });
    expect(us).toBeLessThan(5);
  },
);

it.each([
  ['Opus', 'AMR-WB'],
  ['AMR-WB', 'Opus'],
  ['Opus', 'PCMU'],
  ['PCMU', 'Opus'],
  ['EVS AMR-WB IO', 'Opus'],
] as const)('transcodes a packet of %s to %s in 10 us', (from, to) => {
  const source = new AudioSource({ stream: 1, pitchHz: 440 });
  const start = { ssrc: 1, sequenceNumber: 0, timestamp: 0 };
  const sender = new MediaSender({ formats: [FORMATS[from]], ...start });
  const packets = Array.from({ length: ROUND * ROUNDS }, () => sender.send(source.next())).flat();
  const transcoder = new Transcoder({ from: [FORMATS[from]], to: [FORMATS[to]] });
  let made = 0;
  const us = fastestUs((i) => {
    made += transcoder.transcode(packets[i] as (typeof packets)[number]).length;
  });
  expect(made).toBe(packets.length);
  expect(us).toBeLessThan(10);
});
