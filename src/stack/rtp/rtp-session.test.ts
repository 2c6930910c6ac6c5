import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { hashTrace } from '../../trace/index.js';
import {
  cnameOf,
  lostPackets,
  parseRtcp,
  type RtcpPacket,
  rtcpSummary,
  sdesItem,
  serializeRtcp,
  validateRtcp,
} from '../../wire/rtcp/index.js';
import { RtpSession } from './index.js';
import { rtpPacket, Testbed } from './testbed.js';

const SECOND = 1_000_000;
const COMPENSATION = Math.E - 1.5;

/** The only report block of a datagram, or of several the first. */
function blockOf(packets: readonly RtcpPacket[]) {
  const [report] = packets;
  return report?.type === 'SR' || report?.type === 'RR' ? report.reports[0] : undefined;
}

describe('a session', () => {
  it('sends compound packets in their time: SR while it sends, else RR, always with CNAME', () => {
    const bed = new Testbed();
    bed.stream(65_000, 1000);
    bed.run(60 * SECOND);
    const left = bed.sentBy('left');
    const right = bed.sentBy('right');
    for (const { packets } of bed.sent) expect(validateRtcp(packets)).toEqual([]);
    expect(cnameOf(left[0]?.packets ?? [], 1)).toBe('left');
    // the first after 2.5 s, give or take its half, the others after 5 s (RFC 3550 6.3.1)
    for (const list of [left, right]) {
      const [first] = list;
      expect(first?.us).toBeGreaterThanOrEqual((0.5 * 2.5 * SECOND) / COMPENSATION);
      list.slice(1).forEach(({ us }, i) => {
        const gap = us - (list[i]?.us ?? 0);
        expect(gap).toBeGreaterThanOrEqual((0.5 * 5 * SECOND) / COMPENSATION);
        expect(gap).toBeLessThanOrEqual((3 * 1.5 * 5 * SECOND) / COMPENSATION);
      });
      expect(list.length).toBeGreaterThanOrEqual(8);
      expect(list.length).toBeLessThanOrEqual(20);
    }
    // it sends for 20 s and is a sender for two intervals more
    expect(left.filter(({ us }) => us < 20 * SECOND).every(({ packets }) => packets[0]?.type === 'SR')).toBe(
      true,
    );
    expect(left.filter(({ us }) => us > 40 * SECOND).every(({ packets }) => packets[0]?.type === 'RR')).toBe(
      true,
    );
    expect(right.every(({ packets }) => packets[0]?.type === 'RR')).toBe(true);
  });

  it('reports every 5 s on average over an hour (RFC 3550 6.3.1)', () => {
    const bed = new Testbed();
    bed.run(3600 * SECOND);
    expect(bed.sentBy('left').length).toBeGreaterThan(3600 / 5.5);
    expect(bed.sentBy('left').length).toBeLessThan(3600 / 4.5);
  });

  it('tells the instant in NTP and in media time, and what it has sent (RFC 3550 6.4.1)', () => {
    const bed = new Testbed();
    bed.stream(10, 500);
    bed.run(9 * SECOND);
    const sent = bed.sentBy('left').at(-1);
    const report = sent?.packets[0];
    if (sent === undefined || report?.type !== 'SR') throw new Error('no SR');
    expect(report.ntpSeconds).toBe(2_208_988_800 + Math.floor(sent.us / SECOND));
    expect(report.ntpFraction / 2 ** 32).toBeCloseTo((sent.us % SECOND) / SECOND, 6);
    // number 10 left at 0 with timestamp 1600, 8 units a millisecond
    expect(report.rtpTimestamp).toBe(1600 + Math.round((sent.us * 8) / 1000));
    expect(report.packetCount).toBe(1 + Math.floor(sent.us / 20_000));
    expect(report.octetCount).toBe(160 * report.packetCount);
  });

  it('reports the losses of its peer, and knows by the peer those of its own', () => {
    const bed = new Testbed();
    // from 100 on, every tenth packet is lost
    bed.stream(100, 200, new Set(Array.from({ length: 20 }, (_, i) => 105 + 10 * i)));
    bed.run(20 * SECOND);
    expect(bed.right.report()).toMatchObject({
      received: 180,
      lost: 20,
      receivedBytes: 180 * 160,
      jitterMs: 0,
    });
    expect(bed.left.report()).toMatchObject({ sent: 200, sentBytes: 200 * 160, received: 0 });
    expect(bed.left.report().remote?.lost).toBe(20);
    const blocks = bed.sentBy('right').flatMap(({ packets }) => blockOf(packets) ?? []);
    // no more blocks after the source has fallen silent (RFC 3550 6.4)
    expect(blocks.length).toBeLessThanOrEqual(2);
    expect(blocks.at(-1)).toMatchObject({ ssrc: 1, cumulativeLost: 20, highestSequence: 299 });
    expect(blocks.reduce((sum, { fractionLost }) => sum + fractionLost, 0)).toBeGreaterThan(20);
  });

  it('measures the round trip: 50 ms each way are 100 ms (RFC 3550 6.4.1)', () => {
    const bed = new Testbed();
    bed.stream(1, 1500);
    bed.run(30 * SECOND);
    // LSR and DLSR count in 15 us
    expect(Math.abs((bed.left.report().rttMs ?? 0) - 100)).toBeLessThan(0.05);
    expect(bed.right.report().rttMs).toBeUndefined();
  });

  it('gives its number of packets, not more, when its source changes and when one is forgotten', () => {
    const bed = new Testbed();
    for (let i = 0; i < 10; i += 1) bed.right.receiveRtp(rtpPacket(5, i));
    for (let i = 0; i < 10; i += 2) bed.right.receiveRtp(rtpPacket(6, 65_534 + i));
    for (let i = 1; i < 10; i += 1) bed.right.receiveRtp(rtpPacket(6, 65_545 + i));
    const before = bed.right.report();
    expect(before).toMatchObject({ received: 19, lost: 0 });
    bed.run(60 * SECOND);
    expect(bed.right.report()).toMatchObject({ received: 19, lost: 0 });
  });

  it('says what a packet is: a collision, no RTP, or from one source too many', () => {
    const { right } = new Testbed();
    expect(right.receiveRtp(rtpPacket(2, 1))).toBe('collision');
    expect(right.receiveRtp(new Uint8Array(11))).toBe('malformed');
    expect(right.receiveRtp(new Uint8Array(50))).toBe('malformed');
    const padded = rtpPacket(9, 1);
    padded[0] = 0xa0;
    padded[padded.length - 1] = 161;
    expect(right.receiveRtp(padded)).toBe('malformed');
    expect(right.report()).toMatchObject({ received: 0, collisions: 1 });
    const verdicts = Array.from({ length: 1100 }, (_, i) => right.receiveRtp(rtpPacket(100 + i, 1)));
    expect(verdicts.filter((verdict) => verdict === 'probation').length).toBe(1024);
    expect(verdicts.at(-1)).toBe('malformed');
  });

  it('counts and leaves RTCP that cannot be read or is no compound, unless reduced size was agreed', () => {
    const bed = new Testbed({ right: { reducedSize: true } });
    const pli = serializeRtcp([{ type: 'PLI', senderSsrc: 9, mediaSsrc: 1 }]);
    for (const session of [bed.left, bed.right]) {
      session.receiveRtcp(pli);
      session.receiveRtcp(pli.subarray(0, 11));
      session.receiveRtcp(new Uint8Array(0));
    }
    expect(bed.left.report()).toMatchObject({ rtcpReceived: 0, rtcpInvalid: 3 });
    expect(bed.right.report()).toMatchObject({ rtcpReceived: 1, rtcpInvalid: 2 });
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 60 }), (bytes) => {
        bed.right.receiveRtcp(bytes);
        bed.right.receiveRtp(bytes);
      }),
    );
  });

  it('has no RTCP with RS and RR of zero, and none of receivers with RR of zero (RFC 3556 2)', () => {
    const none = new Testbed({ both: { bandwidth: { rsBps: 0, rrBps: 0 } } });
    none.stream(1, 100);
    none.run(10 * SECOND);
    none.left.bye();
    expect(none.sent).toEqual([]);
    expect(none.kernel.pending).toBe(0);
    expect(none.right.report().received).toBe(100);

    const senders = new Testbed({ both: { bandwidth: { rsBps: 2000, rrBps: 0 } } });
    senders.stream(1, 1000);
    senders.run(60 * SECOND);
    expect(senders.sentBy('right')).toEqual([]);
    expect(senders.sentBy('left').length).toBeGreaterThan(2);
    expect(senders.sentBy('left').every(({ packets }) => packets[0]?.type === 'SR')).toBe(true);
  });

  it('is the same twice, and another with another seed', () => {
    const run = (seed: number): string => {
      const bed = new Testbed({ seed, trace: true });
      bed.stream(1, 100);
      bed.run(30 * SECOND);
      const trace = bed.kernel.trace;
      if (trace === undefined) throw new Error('no trace');
      for (const { body } of trace.events) expect(body.kind).not.toBe('unexpected');
      return `${hashTrace(trace)} ${bed.sent.map(({ us }) => us).join()}`;
    };
    expect(run(1)).toBe(run(1));
    expect(run(1)).not.toBe(run(2));
  });
});

describe('leaving', () => {
  it('takes a BYE with its reason, at once, and leaves no timer (RFC 3550 6.3.7)', () => {
    const byes: string[] = [];
    const bed = new Testbed({ right: { onBye: (ssrc, reason) => byes.push(`${ssrc} ${reason}`) } });
    bed.stream(1, 10);
    bed.run(SECOND);
    bed.left.bye('call over');
    bed.left.bye('again');
    expect(bed.sent.map(({ packets }) => rtcpSummary(packets))).toEqual(['SR SDES BYE']);
    expect(validateRtcp(bed.sent[0]?.packets ?? [])).toEqual([]);
    bed.run(SECOND);
    expect(byes).toEqual(['1 call over']);
    // a straggler does not bring it back (RFC 3550 6.2.1)
    bed.right.receiveRtp(rtpPacket(1, 11));
    expect(bed.right.group).toMatchObject({ members: 1, senders: 0 });
    expect(bed.right.report().received).toBe(11);
    bed.right.close();
    bed.left.close();
    expect(bed.kernel.pending).toBe(0);
    bed.run(60 * SECOND);
    expect(bed.sent.length).toBe(1);
  });

  it('in silence sends nothing and leaves no timer', () => {
    const bed = new Testbed();
    bed.stream(1, 10);
    bed.run(SECOND);
    bed.left.close();
    bed.right.close();
    bed.right.close();
    bed.left.bye();
    expect([bed.kernel.pending, bed.sent.length]).toEqual([0, 0]);
  });

  it('is not told by who has never said anything (RFC 3550 6.3.7)', () => {
    const bed = new Testbed();
    bed.run(100_000);
    bed.right.bye();
    bed.left.close();
    expect([bed.kernel.pending, bed.sent.length]).toEqual([0, 0]);
  });

  it('takes its turn among more than 50, later the more others leave (RFC 3550 6.3.7)', () => {
    const leaveAmong = (members: number, others: number): number => {
      const bed = new Testbed();
      bed.right.close();
      const say = (ssrc: number, last: RtcpPacket[]): void =>
        bed.left.receiveRtcp(serializeRtcp([{ type: 'RR', ssrc, reports: [] }, ...last]));
      for (let ssrc = 100; ssrc < 100 + members - 1; ssrc += 1) say(ssrc, []);
      bed.left.sentRtp(rtpPacket(1, 1));
      const from = bed.kernel.now;
      bed.left.bye();
      for (let ssrc = 100; ssrc < 100 + others; ssrc += 1) say(ssrc, [{ type: 'BYE', ssrcs: [ssrc] }]);
      bed.run(600 * SECOND);
      expect(bed.kernel.pending).toBe(0);
      const byes = bed.sentBy('left', 'BYE');
      expect(byes.length).toBe(1);
      return (byes[0]?.us ?? 0) - from;
    };
    expect(leaveAmong(50, 0)).toBe(0);
    const alone = leaveAmong(51, 0);
    expect(alone).toBeGreaterThanOrEqual((0.5 * 2.5 * SECOND) / COMPENSATION);
    expect(alone).toBeLessThanOrEqual((1.5 * 2.5 * SECOND) / COMPENSATION);
    expect(leaveAmong(300, 250)).toBeGreaterThan((1.5 * 2.5 * SECOND) / COMPENSATION);
  });

  it('of others brings the next report forward (RFC 3550 6.3.4)', () => {
    const nextAfter = (leavers: number): number => {
      const bed = new Testbed();
      bed.right.close();
      for (let ssrc = 100; ssrc < 1100; ssrc += 1) {
        bed.left.receiveRtcp(serializeRtcp([{ type: 'RR', ssrc, reports: [] }]));
      }
      // the first packet is put off by a thousand members, at least to 1000 * 60 / 300 * 0.5 / 1.22 s
      bed.run(20 * SECOND);
      const sent = bed.sent.length;
      for (let ssrc = 100; ssrc < 100 + leavers; ssrc += 1) {
        bed.left.receiveRtcp(
          serializeRtcp([
            { type: 'RR', ssrc, reports: [] },
            { type: 'BYE', ssrcs: [ssrc] },
          ]),
        );
      }
      bed.run(1000 * SECOND);
      return bed.sent[sent]?.us ?? 0;
    };
    expect(nextAfter(990)).toBeLessThan(nextAfter(0) / 2);
  });

  it('is noticed after five intervals of silence (RFC 3550 6.3.5)', () => {
    const gone: number[] = [];
    const bed = new Testbed({ right: { onTimeout: (ssrc) => gone.push(ssrc) } });
    bed.stream(1, 10);
    bed.run(SECOND);
    bed.left.close();
    bed.run(24 * SECOND);
    expect(gone).toEqual([]);
    bed.run(20 * SECOND);
    expect(gone).toEqual([1]);
  });
});

describe('feedback', () => {
  const both = { profile: 'AVPF', nack: true } as const;

  it('asks for lost packets at once and has them again (RFC 4585 6.2.1)', () => {
    const resent: Uint8Array[] = [];
    const bed: Testbed = new Testbed({
      both,
      left: {
        retransmissionPackets: 64,
        resend: (packet) => {
          resent.push(packet);
          bed.hosts.right.schedule(50_000, () => bed.right.receiveRtp(packet));
        },
      },
    });
    bed.stream(65_530, 30, new Set([65_535, 65_536, 65_540]));
    bed.run(2 * SECOND);
    const [first] = bed.sentBy('right', 'NACK');
    // 65537 is sent at 140 ms and comes 50 ms later
    expect(first?.us).toBe(190_000);
    expect(rtcpSummary(first?.packets ?? [])).toBe('RR SDES NACK');
    const nack = first?.packets.at(-1);
    expect(nack?.type === 'NACK' && [nack.senderSsrc, nack.mediaSsrc, lostPackets(nack.pairs)]).toEqual([
      2,
      1,
      [65_535, 0],
    ]);
    // the second gap waits for the next regular packet, since one early packet is allowed (RFC 4585 3.5.2)
    const [, second] = bed.sentBy('right', 'NACK');
    expect(second?.us).toBeGreaterThan(300_000);
    expect(resent).toEqual([65_535, 65_536, 65_540].map((sequence) => rtpPacket(1, sequence)));
    expect(bed.right.report()).toMatchObject({ received: 30, lost: 0 });
    expect(bed.left.report().sent).toBe(33);
  });

  it('answers a request that crosses its answer once, and no request for what it has not', () => {
    const resent: number[] = [];
    const bed = new Testbed({
      both,
      left: { retransmissionPackets: 4, resend: (packet) => resent.push(packet[3] as number) },
    });
    for (let i = 1; i <= 10; i += 1) bed.left.sentRtp(rtpPacket(1, i));
    const ask = (mediaSsrc: number, packetId: number): void =>
      bed.left.receiveRtcp(
        serializeRtcp([
          { type: 'RR', ssrc: 2, reports: [] },
          { type: 'NACK', senderSsrc: 2, mediaSsrc, pairs: [{ packetId, lostAfter: 0 }] },
        ]),
      );
    for (const packetId of [7, 7, 6, 10, 11]) ask(1, packetId);
    ask(3, 9);
    expect(resent).toEqual([7, 10]);
  });

  it('goes alone where reduced size was agreed, and not at all with AVP', () => {
    const reduced = new Testbed({ both: { ...both, reducedSize: true } });
    reduced.stream(1, 10, new Set([5]));
    reduced.run(SECOND);
    expect(rtcpSummary(reduced.sentBy('right', 'NACK')[0]?.packets ?? [])).toBe('NACK');
    expect(reduced.left.report().rtcpInvalid).toBe(0);

    const plain = new Testbed({ both: { nack: true } });
    plain.stream(1, 10, new Set([5]));
    plain.run(20 * SECOND);
    expect(plain.sentBy('right', 'NACK')).toEqual([]);
    expect(plain.right.requestKeyFrame(1)).toBe(false);
  });

  it('asks for key frames and passes requests up no more often than it may', () => {
    const asked: string[] = [];
    const bed: Testbed = new Testbed({
      both: { profile: 'AVPF' },
      left: { onKeyFrameRequest: (kind) => asked.push(`${kind} ${bed.kernel.now}`) },
    });
    bed.stream(1, 200);
    bed.run(100_000);
    expect(bed.right.requestKeyFrame(1)).toBe(true);
    expect(bed.right.requestKeyFrame(1)).toBe(false);
    bed.run(500_000);
    expect(bed.right.requestKeyFrame(1, 'FIR')).toBe(true);
    bed.run(2 * SECOND);
    expect(bed.right.requestKeyFrame(1, 'FIR')).toBe(true);
    bed.run(SECOND);
    expect(asked[0]).toBe('PLI 150000');
    expect(asked.map((one) => one.split(' ')[0])).toEqual(['PLI', 'FIR', 'FIR']);
    const requests = bed.sent.flatMap(({ packets }) =>
      packets.flatMap((one) => (one.type === 'FIR' ? one.requests : [])),
    );
    expect(requests).toEqual([
      { ssrc: 1, sequenceNumber: 0 },
      { ssrc: 1, sequenceNumber: 1 },
    ]);
    // the same again is a repetition (RFC 5104 4.3.1.1), and within half a second another is held back
    const again = (sequenceNumber: number): void =>
      bed.left.receiveRtcp(
        serializeRtcp([
          { type: 'RR', ssrc: 2, reports: [] },
          { type: 'FIR', senderSsrc: 2, mediaSsrc: 0, requests: [{ ssrc: 1, sequenceNumber }] },
        ]),
      );
    again(1);
    expect(asked.length).toBe(3);
    again(2);
    again(3);
    expect(asked.length).toBe(4);
  });

  it('reports without a least interval with AVPF, within its bandwidth (RFC 4585 3.4 d)', () => {
    const bed = new Testbed({ both: { profile: 'AVPF' } });
    bed.stream(1, 3000);
    bed.run(60 * SECOND);
    const bytes = bed.sent.reduce((sum, one) => sum + one.bytes.length + 28, 0);
    // 5 % of 64 kbit/s are 400 bytes a second for both; without reconsideration it would be used up
    expect(bytes / 60).toBeGreaterThan(200);
    expect(bytes / 60).toBeLessThan(480);
    const slow = new Testbed({ both: { profile: 'AVPF', trrIntervalMs: 5000 } });
    slow.stream(1, 3000);
    slow.run(60 * SECOND);
    expect(slow.sentBy('left').length).toBeGreaterThanOrEqual(8);
    expect(slow.sentBy('left').length).toBeLessThanOrEqual(20);
  });
});

describe('members', () => {
  it('are sources in sequence, contributing sources and who sends RTCP; 40 of them fill two reports', () => {
    const bed = new Testbed();
    for (let ssrc = 100; ssrc < 140; ssrc += 1) {
      bed.right.receiveRtp(rtpPacket(ssrc, 1));
      bed.right.receiveRtp(rtpPacket(ssrc, 2));
    }
    bed.right.receiveRtp(rtpPacket(100, 3, [7, 8]));
    bed.right.receiveRtcp(
      serializeRtcp([
        { type: 'RR', ssrc: 300, reports: [] },
        { type: 'SDES', chunks: [{ ssrc: 301, items: [sdesItem('CNAME', 'x')] }] },
      ]),
    );
    expect(bed.right.group).toMatchObject({ members: 1 + 40 + 2 + 2, senders: 40 });
    bed.run(20 * SECOND);
    const [first] = bed.sentBy('right');
    expect(rtcpSummary(first?.packets ?? [])).toBe('RR RR SDES');
    const sizes = first?.packets.map((packet) => (packet.type === 'RR' ? packet.reports.length : 0));
    expect(sizes).toEqual([31, 9, 0]);
  });

  it('draw their own source at random, of the host', () => {
    const bed = new Testbed();
    const session = new RtpSession(bed.hosts.left, {
      id: 'media/2 rtcp',
      cname: 'x',
      clockRateHz: 48_000,
      sendRtcp: () => {},
    });
    expect(session.ssrc).toBeGreaterThan(0);
    expect(parseRtcp(new Uint8Array(0)).ok).toBe(false);
    session.close();
  });
});
