import { describe, expect, it } from 'vitest';
import { MissingPackets } from './missing-packets.js';
import { middleOf, ntpTime, shortToUs, shortUnits } from './ntp.js';
import { deterministicInterval, randomizedInterval, rtcpShares, timeoutInterval } from './rtcp-interval.js';
import { RtcpSchedule } from './rtcp-schedule.js';
import { SourceStatistics } from './source-statistics.js';

const G711 = 8000;

/** Packets of 20 ms that come when they should, give or take `lateUs`. */
function feed(
  statistics: SourceStatistics,
  sequences: readonly number[],
  lateUs: readonly number[] = [],
): string[] {
  return sequences.map((sequence, i) =>
    statistics.add(sequence & 0xffff, 160 * sequence, 100, 20_000 * sequence + (lateUs[i] ?? 0)),
  );
}

function started(sequence: number, minSequential = 2): SourceStatistics {
  return new SourceStatistics(sequence & 0xffff, G711, minSequential);
}

describe('the statistics of a source', () => {
  it('take it for valid after two packets in sequence, and count both (RFC 3550 A.1)', () => {
    const statistics = started(10);
    expect(feed(statistics, [10, 12, 14, 15, 16])).toEqual([
      'probation',
      'probation',
      'probation',
      'valid',
      'valid',
    ]);
    expect([statistics.received, statistics.lost, statistics.extendedHighest]).toEqual([3, 0, 16]);
  });

  it('count from the first packet where no probation is wanted, and from number 0 without a wrap', () => {
    const statistics = started(0, 0);
    expect(feed(statistics, [0, 1])).toEqual(['valid', 'valid']);
    expect([statistics.received, statistics.lost, statistics.extendedHighest]).toEqual([2, 0, 1]);
    const atWrap = started(65_535);
    feed(atWrap, [65_535, 65_536, 65_537]);
    expect([atWrap.received, atWrap.lost, atWrap.extendedHighest]).toEqual([3, 0, 1]);
  });

  it('give loss by hand: 4 of 12 lost is 85/256, then none, then less than none (RFC 3550 A.3)', () => {
    const statistics = started(1);
    // 1 to 12 expected; 3, 7, 8 and 10 lost
    feed(statistics, [1, 2, 4, 5, 6, 9, 11, 12]);
    const first = statistics.report(7, 0, 0);
    expect([first.fractionLost, first.cumulativeLost, first.highestSequence]).toEqual([85, 4, 12]);
    // 13 to 16 expected and received
    feed(statistics, [13, 14, 15, 16]);
    const second = statistics.report(7, 0, 0);
    expect([second.fractionLost, second.cumulativeLost]).toEqual([0, 4]);
    // one expected; it and six duplicates: 7 received, so 4 lost of all become -2
    feed(statistics, [17, 17, 17, 17, 17, 17, 17]);
    const third = statistics.report(7, 0, 0);
    expect([third.fractionLost, third.cumulativeLost]).toEqual([0, -2]);
    expect(statistics.lost).toBe(-2);
    // no packet since: no interval to divide by
    expect(statistics.report(7, 0, 0).fractionLost).toBe(0);
  });

  it('count cycles in the highest number, and take late packets for what they are', () => {
    const statistics = started(65_533);
    feed(statistics, [65_533, 65_534, 65_537, 65_535, 65_538]);
    // 65533 to 65538 expected, 65536 lost
    expect([statistics.received, statistics.lost, statistics.extendedHighest]).toEqual([5, 1, 0x1_0002]);
  });

  it('start anew when two packets in sequence come far away, and keep what was lost (RFC 3550 A.1)', () => {
    const statistics = started(1);
    expect(feed(statistics, [1, 2, 4, 30_000, 5, 40_000, 40_001, 40_003])).toEqual([
      ...['valid', 'valid', 'valid'].fill('probation', 0, 1),
      'jump',
      'valid',
      'jump',
      'valid',
      'valid',
    ]);
    // 3 lost before the start, 40002 after it
    expect([statistics.lost, statistics.received]).toEqual([2, 6]);
    expect(statistics.report(1, 0, 0).cumulativeLost).toBe(1);
  });

  it('give jitter by hand in timestamp units (RFC 3550 A.8)', () => {
    const statistics = started(1);
    // 2 is 2 ms late: D = 16, J = 1; 3 is in time again: D = 16, J = 1 + 15/16; 4 in time: J = 1.9375 * 15/16
    feed(statistics, [1, 2, 3, 4], [0, 2000, 0, 0]);
    expect(statistics.jitter).toBe(1.9375 - 1.9375 / 16);
    expect(statistics.report(1, 0, 0).jitter).toBe(1);
    expect(statistics.jitterMs).toBe((1000 * statistics.jitter) / 8000);
  });

  it('give jitter over the wrap of the timestamp', () => {
    const statistics = started(1);
    statistics.add(1, 0xffff_ffff - 79, 100, 0);
    statistics.add(2, 80, 100, 20_000);
    expect(statistics.jitter).toBe(0);
  });

  it('hold the bounds of their fields', () => {
    const statistics = started(1, 0);
    statistics.add(1, 0, 0, 0);
    statistics.report(1, 0, 0);
    statistics.add(2500, 0, 0, 0);
    // 2498 of 2499 is more than 255/256
    expect(statistics.report(1, 0, 0).fractionLost).toBe(255);
  });
});

describe('packets that are missing', () => {
  it('are asked for in order, again after a round trip, ten times at most, and not once they have come', () => {
    const missing = new MissingPackets();
    expect(missing.gap(65_535, 2)).toBe(true);
    expect(missing.take(0, 30_000)).toEqual([65_535, 0, 1]);
    missing.found(0);
    expect(missing.take(29_999, 30_000)).toEqual([]);
    expect(missing.take(30_000, 30_000)).toEqual([65_535, 1]);
    let requests = 2;
    for (let us = 60_000; missing.take(us, 30_000).length > 0; us += 30_000) requests += 1;
    expect(requests).toBe(10);
  });

  it('are given up when a gap is too long to be one', () => {
    const missing = new MissingPackets();
    missing.gap(1, 3);
    expect(missing.gap(10, 10 + 513)).toBe(false);
    expect(missing.take(0, 0)).toEqual([]);
    missing.gap(0, 400);
    missing.gap(500, 900);
    // the newest 512
    expect(missing.take(0, 0).length).toBe(512);
  });
});

describe('NTP time', () => {
  it('counts from 1900 with virtual time from 1970, and in 65536ths in its middle', () => {
    expect(ntpTime(1_500_000)).toEqual({ seconds: 2_208_988_801, fraction: 0x8000_0000 });
    expect(middleOf(ntpTime(1_500_000))).toBe(0x7e81_8000);
    expect(shortUnits(1_500_000)).toBe(98_304);
    expect(shortToUs(65_536)).toBe(1_000_000);
  });
});

describe('the interval of RTCP', () => {
  const shares = rtcpShares({ sessionKbps: 64 });
  const base = {
    shares,
    members: 2,
    senders: 2,
    weSent: true,
    averageBytes: 100,
    initial: false,
    profile: 'AVP',
  } as const;

  it('divides bandwidth by RFC 3556 3', () => {
    // 5 % of 64 kbit/s are 400 bytes a second
    expect(shares).toEqual({ senders: 100, receivers: 300 });
    expect(rtcpShares({ sessionKbps: 64, rsBps: 800 })).toEqual({ senders: 100, receivers: 300 });
    expect(rtcpShares({ sessionKbps: 64, rrBps: 4000 })).toEqual({ senders: 0, receivers: 500 });
    expect(rtcpShares({ rsBps: 0, rrBps: 0 })).toEqual({ senders: 0, receivers: 0 });
  });

  it('is by hand what steps 1 to 3 of RFC 3550 6.3.1 give', () => {
    expect(deterministicInterval(base)).toBe(5);
    expect(deterministicInterval({ ...base, initial: true })).toBe(2.5);
    // more than a quarter send: all share 400 bytes a second
    expect(deterministicInterval({ ...base, members: 100, senders: 26 })).toBe((100 * 100) / 400);
    // 20 of 100 send: they share 100 bytes a second, the other 80 share 300
    expect(deterministicInterval({ ...base, members: 100, senders: 20 })).toBe((100 * 20) / 100);
    expect(deterministicInterval({ ...base, members: 100, senders: 20, weSent: false })).toBe(
      (100 * 80) / 300,
    );
    // AVPF has no least interval for two (RFC 4585 3.5.1)
    expect(deterministicInterval({ ...base, profile: 'AVPF' })).toBe((100 * 2) / 400);
    const three = { ...base, profile: 'AVPF', members: 3, averageBytes: 10 } as const;
    expect(deterministicInterval({ ...three, initial: true })).toBe(1);
    expect(deterministicInterval(three)).toBe((10 * 3) / 400);
  });

  it('is endless for who has no bandwidth (RFC 3556 2)', () => {
    const noReceivers = { ...base, shares: { senders: 100, receivers: 0 }, senders: 1 };
    expect(deterministicInterval({ ...noReceivers, weSent: false })).toBe(Number.POSITIVE_INFINITY);
    expect(deterministicInterval(noReceivers)).toBe(5);
    // RS of zero: senders are treated as receivers
    expect(deterministicInterval({ ...base, shares: { senders: 0, receivers: 300 } })).toBe(5);
    expect(deterministicInterval({ ...base, shares: { senders: 0, receivers: 0 } })).toBe(
      Number.POSITIVE_INFINITY,
    );
  });

  it('is spread from a half to three halves and shortened by e - 3/2 (steps 4 and 5)', () => {
    expect(randomizedInterval(5, 0)).toBeCloseTo(2.5 / 1.21828, 4);
    expect(randomizedInterval(5, 0.5)).toBeCloseTo(5 / 1.21828, 4);
    expect(randomizedInterval(5, 1)).toBeCloseTo(7.5 / 1.21828, 4);
  });

  it('times participants out after five of 5 s or more, of any profile (RFC 3550 6.2, 6.3.5)', () => {
    expect(timeoutInterval({ ...base, profile: 'AVPF' }, 0)).toBe(25);
    expect(timeoutInterval(base, 8)).toBe(40);
    expect(timeoutInterval({ ...base, members: 100, senders: 20 }, 0)).toBeCloseTo((5 * 100 * 80) / 300);
  });
});

describe('the schedule', () => {
  const join = (uniform: number, profile: 'AVP' | 'AVPF' = 'AVP', trrIntervalUs = 0) => {
    const group = { members: 1, senders: 0, weSent: false };
    const schedule = new RtcpSchedule(
      {
        shares: rtcpShares({}),
        profile,
        trrIntervalUs,
        firstBytes: 128,
        nowUs: 0,
        uniform: () => uniform,
      },
      group,
    );
    return { schedule, group };
  };
  /** Td of 5 s and the middle of the random numbers. */
  const T = Math.ceil(5e6 / (Math.E - 1.5));

  it('begins with half the least interval and goes on with the whole (RFC 3550 6.3.2, 6.3.6)', () => {
    const { schedule } = join(0.5);
    expect(schedule.nextUs).toBe(Math.ceil(2.5e6 / (Math.E - 1.5)));
    expect(schedule.isDue(schedule.nextUs - 1)).toBe(false);
    expect(schedule.isDue(schedule.nextUs)).toBe(true);
    const first = schedule.nextUs;
    schedule.reported(first, 128);
    expect(schedule.nextUs).toBe(first + T);
  });

  it('reconsiders: a group that has grown meanwhile puts the packet off (RFC 3550 6.3.6)', () => {
    const { schedule, group } = join(0.5);
    schedule.reported(0, 128);
    group.members = 100;
    expect(schedule.isDue(T)).toBe(false);
    schedule.putOff();
    // 100 receivers with 128 bytes share 300 bytes a second
    expect(schedule.nextUs).toBe(Math.ceil((1e6 * 128 * 100) / 300 / (Math.E - 1.5)));
  });

  it('reconsiders in reverse by the numbers: half the members, half the way to tn and from tp (RFC 3550 6.3.4)', () => {
    const { schedule, group } = join(0.5);
    group.members = 4;
    schedule.reported(1_000_000, 128);
    expect(schedule.reconsider(2_000_000)).toBe(false);
    group.members = 2;
    expect(schedule.reconsider(2_000_000)).toBe(true);
    expect(schedule.nextUs).toBe(Math.ceil(2_000_000 + 0.5 * (1_000_000 + T - 2_000_000)));
    // tp is now half a second before 2 s, so that T has passed a half second earlier
    expect(schedule.isDue(1_500_000 + T - 1)).toBe(false);
    expect(schedule.isDue(1_500_000 + T)).toBe(true);
    expect(schedule.reconsider(2_000_000)).toBe(false);
  });

  it('lets feedback go early once, and then skips a regular packet (RFC 4585 3.5.2)', () => {
    const { schedule, group } = join(0.5, 'AVPF');
    group.members = 2;
    schedule.reported(0, 128);
    const interval = schedule.intervalUs;
    // two receivers with 128 bytes share 300 bytes a second
    expect(interval).toBe(Math.ceil((1e6 * 128 * 2) / 300 / (Math.E - 1.5)));
    expect(schedule.mayBeEarly).toBe(true);
    schedule.fedBack(128);
    expect(schedule.nextUs).toBe(2 * interval);
    expect(schedule.mayBeEarly).toBe(false);
    // tp is one interval on: T from there is tn
    expect(schedule.isDue(2 * interval)).toBe(true);
    expect(schedule.isDue(2 * interval - 1)).toBe(false);
    schedule.reported(2 * interval, 128);
    expect(schedule.mayBeEarly).toBe(true);
    group.members = 3;
    expect(schedule.mayBeEarly).toBe(false);
  });

  it('suppresses regular packets before trr-int unless there is feedback (RFC 4585 3.5.3)', () => {
    const { schedule } = join(0.5, 'AVPF', 1_000_000);
    const outcomes = [0, 400_000, 999_999, 999_999, 1_000_000, 1_500_000, 2_000_000].map((us, i) =>
      schedule.wantsReport(us, i === 3),
    );
    expect(outcomes).toEqual([true, false, false, true, true, false, true]);
  });

  it('averages sizes with the newest at a sixteenth (RFC 3550 6.3.3)', () => {
    const { schedule, group } = join(0.5, 'AVPF');
    group.members = 2;
    schedule.measured(128 + 160);
    schedule.putOff();
    expect(schedule.intervalUs).toBe(Math.ceil((1e6 * (128 + 10) * 2) / 300 / (Math.E - 1.5)));
  });
});
