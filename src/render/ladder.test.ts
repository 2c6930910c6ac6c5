import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { arbitraryTrace } from './fixtures/arbitrary-trace.js';
import { rtpPacket, SampleTrace, sampleCall, stunMessage } from './fixtures/sample-trace.js';
import { simulatedExchange } from './fixtures/simulated-exchange.js';
import { type Arrow, type Ladder, ladderOf } from './ladder.js';

const arrowsOf = (ladder: Ladder): Arrow[] => ladder.steps.filter((step) => step.kind === 'arrow');

const pair = (): SampleTrace =>
  new SampleTrace().host('alice', 'WIC', '10.0.0.1').host('bob', 'UE', '10.0.0.2');

describe('messages', () => {
  it('pair by key on a stream, and through the packet for a datagram', () => {
    const sample = pair();
    sample.message('alice', 'bob', 'INVITE', { key: 'k', transport: 'wss', latencyUs: 7_000 });
    sample.at(1_000).message('alice', 'bob', 'BYE', { latencyUs: 3_000 });
    const ladder = ladderOf(sample.end());
    expect(ladder.lifelines).toEqual([
      { name: 'alice', role: 'WIC' },
      { name: 'bob', role: 'UE' },
    ]);
    expect(arrowsOf(ladder)).toMatchObject([
      { number: 1, from: 0, to: 1, summary: 'INVITE', secure: true, sentAt: 0, receivedAt: 7_000 },
      { number: 2, from: 0, to: 1, summary: 'BYE', secure: false, sentAt: 1_000, receivedAt: 4_000 },
    ]);
    expect(arrowsOf(ladder).every((arrow) => arrow.lost === undefined)).toBe(true);
  });

  it('show every retransmission, the lost one with its reason', () => {
    const sample = pair();
    sample.message('alice', 'bob', 'INVITE', { drop: 'fault' });
    sample.at(500_000).message('alice', 'bob', 'INVITE');
    const [first, second] = arrowsOf(ladderOf(sample.end()));
    expect(first).toMatchObject({ lost: 'fault', from: 0, to: 1 });
    expect(first?.receivedAt).toBeUndefined();
    expect(second).toMatchObject({ sentAt: 500_000, receivedAt: 510_000 });
  });

  it('that arrive twice have a second arrow marked as a duplicate, at the time of its arrival', () => {
    const sample = pair();
    sample.message('alice', 'bob', 'INVITE', { copies: 2 });
    const ladder = ladderOf(sample.end());
    expect(arrowsOf(ladder).map(({ at, duplicate }) => [at, duplicate])).toEqual([
      [0, false],
      [20_000, true],
    ]);
    expect(ladder.protocols).toEqual([{ protocol: 'SIP', arrows: 1, packets: 1, lost: 0 }]);
  });

  it('that nobody received say whether they were under way or lay unread', () => {
    const sample = pair();
    const unread = sample.message('alice', 'bob', 'INVITE', { copies: 0 });
    sample.event('bob', { kind: 'packet.delivered', packet: unread + 1 });
    sample.message('alice', 'bob', 'ACK', { copies: 0 });
    expect(arrowsOf(ladderOf(sample.end())).map(({ lost }) => lost)).toEqual([
      'delivered, not read',
      'under way at the end',
    ]);
  });

  it('from and to ends that are no hosts have lifelines of their own', () => {
    const sample = pair();
    const local = sample.endpoint('alice');
    const remote = { ip: '192.0.2.9', port: 5060 };
    const message = { protocol: 'SIP', summary: 'OPTIONS', transport: 'udp', local, remote } as const;
    sample.event('alice', { kind: 'message.sent', message });
    sample.event('alice', { kind: 'message.received', message });
    const ladder = ladderOf(sample.end());
    expect(ladder.lifelines.map(({ name }) => name)).toEqual(['alice', '192.0.2.9:5060']);
    expect(arrowsOf(ladder)).toMatchObject([
      { from: 0, to: 1 },
      { from: 1, to: 0 },
    ]);
  });

  it('go from end to end through a host that passes datagrams on', () => {
    const sample = new SampleTrace()
      .host('alice', 'WIC', '10.0.0.1')
      .host('nat', 'NAT', '10.0.0.9')
      .host('bob', 'UE', '10.0.0.2');
    const bytes = new TextEncoder().encode('INVITE');
    const local = sample.endpoint('alice');
    const remote = sample.endpoint('bob');
    const message = { protocol: 'SIP', summary: 'INVITE', transport: 'udp', local, remote } as const;
    const sent = sample.event('alice', { kind: 'message.sent', message });
    const first = sample.packet('alice', 'nat', bytes, { cause: sent });
    const atNat = sample.event('nat', { kind: 'packet.delivered', packet: first }, first);
    const second = sample.packet('nat', 'bob', bytes, { cause: atNat });
    const atBob = sample.event('bob', { kind: 'packet.delivered', packet: second }, second);
    sample.event(
      'bob',
      { kind: 'message.received', message: { ...message, local: remote, remote: local } },
      atBob,
    );
    const ladder = ladderOf(sample.end());
    expect(ladder.lifelines.map(({ name }) => name)).toEqual(['alice', 'bob']);
    expect(arrowsOf(ladder)).toHaveLength(1);
    expect(arrowsOf(ladder)[0]?.lost).toBeUndefined();
  });

  it('that could not be read arrive all the same, and a note says why', () => {
    const sample = pair();
    const sent = sample.message('alice', 'bob', 'garbage', { copies: 0 });
    const delivered = sample.event('bob', { kind: 'packet.delivered', packet: sent + 1 }, sent + 1);
    sample.event('bob', { kind: 'message.rejected', protocol: 'SIP', reason: 'no start line' }, delivered);
    const { steps } = ladderOf(sample.end());
    expect(steps).toMatchObject([
      { kind: 'arrow', receivedAt: 0 },
      { kind: 'note', style: 'failure', lifeline: 1, text: 'SIP message rejected: no start line' },
    ]);
    expect((steps[0] as Arrow).lost).toBeUndefined();
  });

  it('are all there, once each and numbered in order', () => {
    fc.assert(
      fc.property(arbitraryTrace(), (trace) => {
        const arrows = arrowsOf(ladderOf(trace));
        expect(arrows.map(({ number }) => number)).toEqual(arrows.map((_, index) => index + 1));
        const events = new Set(arrows.filter(({ duplicate }) => !duplicate).map(({ event }) => event));
        for (const { id } of trace.of('message.sent')) expect(events.has(id)).toBe(true);
        const flowing = arrows.filter(({ protocol }) => protocol === 'RTP' || protocol === 'STUN');
        const datagrams = trace.of('packet.sent').filter(({ cause }) => cause === 0);
        expect(flowing.reduce((sum, { count }) => sum + count, 0)).toBe(datagrams.length);
      }),
      { numRuns: 50 },
    );
  });
});

describe('packets of no message', () => {
  it('become one arrow each way when they are RTP, side by side, with the packets lost on the way', () => {
    const arrows = arrowsOf(ladderOf(sampleCall())).filter(({ protocol }) => protocol === 'RTP');
    expect(arrows.map(({ summary, count, from, to }) => ({ summary, count, from, to }))).toEqual([
      // 101 packets 20 ms apart span 2.0 s.
      { summary: 'audio x 101, 2.0 s', count: 101, from: 0, to: 2 },
      { summary: 'audio x 101, 2.0 s, 1 lost', count: 101, from: 2, to: 0 },
    ]);
  });

  it.each([true, false])(
    'have the medium that a session description gives their port, and protection after DTLS (%s)',
    (handshake) => {
      const sample = pair();
      const text =
        'INVITE\r\n\r\nv=0\r\nc=IN IP4 10.0.0.2\r\nm=audio 9 RTP/AVP 0\r\nm=video 40000 UDP/TLS/RTP/SAVPF 96\r\n';
      sample.message('bob', 'alice', 'INVITE', { text });
      if (handshake)
        sample.datagram('alice', 'bob', Uint8Array.of(22, 254, 253, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0));
      sample.datagram('alice', 'bob', rtpPacket(1, 96));
      sample.datagram('alice', 'bob', rtpPacket(1, 8), { port: 50_000 });
      sample.datagram('alice', 'bob', rtpPacket(1, 97), { port: 50_002 });
      sample.datagram('alice', 'bob', Uint8Array.of(0x80, 200, 0, 0), { port: 50_002 });
      expect(
        arrowsOf(ladderOf(sample.end()))
          .slice(handshake ? 2 : 1)
          .map(({ protocol, summary, secure }) => [protocol, summary, secure]),
      ).toEqual([
        [handshake ? 'SRTP' : 'RTP', 'video', handshake],
        ['RTP', 'audio', false],
        ['RTP', '', false],
        ['RTCP', '', false],
      ]);
    },
  );

  it('begin another arrow after a pause, and keep requests and responses of STUN apart', () => {
    const sample = pair();
    sample.datagram('alice', 'bob', rtpPacket(1));
    sample.at(1_500_000).datagram('alice', 'bob', rtpPacket(2));
    sample.datagram('alice', 'bob', stunMessage(0x0001, 1));
    sample.datagram('bob', 'alice', stunMessage(0x0101, 1));
    sample.at(6_500_000).datagram('alice', 'bob', stunMessage(0x0001, 2));
    sample.datagram('bob', 'alice', stunMessage(0x0111, 2));
    expect(arrowsOf(ladderOf(sample.end())).map(({ summary }) => summary)).toEqual([
      'audio',
      'audio',
      'Binding request x 2, 5.0 s',
      'Binding response',
      'Binding error response',
    ]);
  });

  it('are named by their DTLS handshake messages', () => {
    const sample = pair();
    const record = (type: number, epoch: number, ...body: number[]): number[] => [
      ...[type, 0xfe, 0xfd, 0, epoch, 0, 0, 0, 0, 0, 0, 0, body.length],
      ...body,
    ];
    sample.datagram('alice', 'bob', Uint8Array.from(record(22, 0, 1, 0, 0, 0)));
    const flight = [...record(22, 0, 16), ...record(20, 0, 1), ...record(22, 1, 99)];
    sample.datagram('alice', 'bob', Uint8Array.from(flight));
    sample.datagram('alice', 'bob', Uint8Array.from([...record(23, 1, 5, 5), ...record(23, 1, 6)]));
    expect(arrowsOf(ladderOf(sample.end())).map(({ protocol, summary }) => `${protocol} ${summary}`)).toEqual(
      [
        'DTLS ClientHello',
        'DTLS ClientKeyExchange, ChangeCipherSpec, encrypted handshake',
        'DTLS application data',
      ],
    );
  });
});

describe('lifelines and notes', () => {
  it('stand in the order asked for, others in order of first use', () => {
    const ladder = ladderOf(sampleCall(), { lifelines: ['bob', 'nobody', 'ep-cscf'] });
    expect(ladder.lifelines.map(({ name }) => name)).toEqual(['bob', 'ep-cscf', 'alice']);
    expect(arrowsOf(ladder)[0]).toMatchObject({ from: 2, to: 1 });
  });

  it('show state changes on demand only', () => {
    const styles = (states: boolean): string[] =>
      ladderOf(sampleCall(), { states, settling: true }).steps.flatMap((step) =>
        step.kind === 'note' ? [step.style] : [],
      );
    expect(styles(false)).toEqual(['step', 'note', 'phase', 'failure']);
    expect(styles(true)).toEqual(['step', 'state', 'note', 'phase', 'failure']);
  });
});

it('a run of the network without faults has no lost arrow', () => {
  const ladder = ladderOf(simulatedExchange());
  expect(ladder.protocols.map(({ protocol }) => protocol)).toEqual(['TLS', 'SIP', 'HTTP', 'STUN', 'RTP']);
  expect(arrowsOf(ladder).filter(({ lost }) => lost !== undefined)).toEqual([]);
});
