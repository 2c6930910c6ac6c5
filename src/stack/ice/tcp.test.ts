import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Host } from '../../network/index.js';
import { framePacket } from '../../wire/rfc4571/index.js';
import { type TcpBase, tcpBase, udpBase } from './index.js';
import { bed, connect, leftovers, makeAgent, pass } from './testbed.js';
import type { TcpType } from './types.js';

const RTP = Uint8Array.of(0x80, 7);

function tcp(host: Host, ...types: readonly TcpType[]): TcpBase[] {
  return types.map((tcpType, i) =>
    tcpBase(host, { realm: 'access', tcpType, ...(tcpType === 'active' ? {} : { port: 7000 + i }) }),
  );
}

describe('ICE-TCP', () => {
  const ways: [readonly TcpType[], readonly TcpType[], string, string][] = [
    [['active'], ['passive'], 'active', 'passive'],
    [['passive'], ['active'], 'passive', 'active'],
    [['so'], ['so'], 'so', 'so'],
    // the priorities prefer active, of the controlling agent first
    [['active', 'passive', 'so'], ['active', 'passive', 'so'], 'active', 'passive'],
  ];
  for (const [ours, theirs, local, remote] of ways) {
    for (const full of [true, false]) {
      // a lite agent opens no connection (RFC 6544 4.4)
      if (!full && !theirs.includes('passive')) continue;
      it(`connects ${ours} to ${theirs}${full ? '' : ' of a lite agent'} (RFC 6544 6.2, 7)`, () => {
        const it = bed();
        const a = makeAgent(it.left, { role: 'controlling', bases: tcp(it.left, ...ours) });
        const b = makeAgent(it.right, { full, bases: tcp(it.right, ...theirs) });
        connect(a.agent, b.agent, {}, { lite: !full });
        pass(it, 5000);
        expect([a.agent.state, b.agent.state]).toEqual(['Completed', 'Completed']);
        const pair = a.agent.selected(1);
        expect(pair?.local).toMatchObject({ transport: 'tcp', tcpType: local });
        expect(pair?.remote).toMatchObject({ transport: 'tcp', tcpType: remote });
        // from a new port, which nobody had told of: peer-reflexive at both ends (RFC 6544 7.1, 7.2)
        if (local === 'active') {
          expect(pair?.local.type).toBe('prflx');
          expect(b.agent.selected(1)?.remote.address).toEqual(pair?.local.address);
        }
        expect(a.agent.send(1, RTP)).toBe(true);
        expect(b.agent.send(1, RTP)).toBe(true);
        pass(it, 100);
        expect([a.data, b.data]).toEqual([['1 7'], ['1 7']]);
        pass(it, 5000);
        // every other connection is closed (RFC 6544 8)
        const open = it.left.describeSockets().filter((text) => / open$/.test(text));
        expect(open).toHaveLength(1);
        expect(leftovers(it, a.agent, b.agent)).toEqual([]);
      });
    }
  }

  it('with simultaneous open crosses its SYNs and uses one connection', () => {
    const it = bed();
    const a = makeAgent(it.left, { role: 'controlling', bases: tcp(it.left, 'so') });
    const b = makeAgent(it.right, { bases: tcp(it.right, 'so') });
    connect(a.agent, b.agent);
    pass(it, 1000);
    const syns = it.kernel.trace?.of('packet.sent').filter(({ body }) => body.packet.tcp?.flags === 2);
    expect(syns?.map(({ at, entity, body: { packet } }) => `${at} ${entity} ${packet.src.port}`)).toEqual([
      '0 left 7000',
      '0 right 7000',
    ]);
    expect(a.events.at(-1)).toBe('selected 1 host 10.0.0.1:7000 10.0.0.2:7000');
    expect(leftovers(it, a.agent, b.agent)).toEqual([]);
  });

  it('with simultaneous open works however late the other side starts', () => {
    fc.assert(
      fc.property(fc.nat(200), (lateMs) => {
        const it = bed();
        const a = makeAgent(it.left, { role: 'controlling', bases: tcp(it.left, 'so') });
        const b = makeAgent(it.right, { bases: tcp(it.right, 'so') });
        a.agent.addRemote({ ...b.agent.credentials, candidates: b.agent.localCandidates });
        a.agent.start();
        pass(it, lateMs);
        b.agent.addRemote({ ...a.agent.credentials, candidates: a.agent.localCandidates });
        b.agent.start();
        pass(it, 2000);
        expect([a.agent.state, b.agent.state]).toEqual(['Completed', 'Completed']);
        expect(leftovers(it, a.agent, b.agent)).toEqual([]);
      }),
      { numRuns: 60 },
    );
  });

  it('connects whatever is lost, doubled, late or overtaken among the first packets', () => {
    // not 5, a reset by a box in the network: that pair fails
    fc.assert(
      fc.property(fc.array(fc.nat(4), { maxLength: 10 }), fc.nat(3), (tape, way) => {
        const [ours, theirs] = ways[way] as (typeof ways)[number];
        const it = bed({}, tape);
        const a = makeAgent(it.left, { role: 'controlling', bases: tcp(it.left, ...ours) });
        const b = makeAgent(it.right, { bases: tcp(it.right, ...theirs) });
        connect(a.agent, b.agent);
        pass(it, 38_000);
        expect([a.agent.state, b.agent.state]).toEqual(['Completed', 'Completed']);
        it.kernel.enterLiveness();
        a.agent.close();
        b.agent.close();
        pass(it, 70_000);
        expect(leftovers(it, a.agent, b.agent)).toEqual([]);
      }),
      { numRuns: 150 },
    );
  });

  it('takes UDP where that works and TCP where it does not', () => {
    for (const blocked of [false, true]) {
      const it = bed();
      const bases = (host: Host): (ReturnType<typeof udpBase> | TcpBase)[] => [
        udpBase(host, { realm: 'access', port: 5000 }),
        ...tcp(host, host === it.left ? 'active' : 'passive'),
      ];
      const a = makeAgent(it.left, { role: 'controlling', bases: bases(it.left) });
      const b = makeAgent(it.right, { full: false, bases: bases(it.right) });
      const candidates = b.agent.localCandidates.map((one) =>
        // a firewall that drops UDP: nothing is there
        blocked && one.transport === 'udp' ? { ...one, address: { ip: '10.0.0.99', port: 5000 } } : one,
      );
      connect(a.agent, b.agent, {}, { lite: true, candidates });
      pass(it, 5000);
      expect(a.agent.selected(1)?.local.transport).toBe(blocked ? 'tcp' : 'udp');
      expect(leftovers(it, a.agent, b.agent)).toEqual([]);
    }
  });

  it('nominates regularly although aggressive (RFC 6544 8)', () => {
    const it = bed();
    const old = { specification: 'rfc5245', nomination: 'aggressive' } as const;
    const a = makeAgent(it.left, { ...old, role: 'controlling', bases: tcp(it.left, 'active') });
    const b = makeAgent(it.right, { ...old, bases: tcp(it.right, 'passive') });
    connect(a.agent, b.agent);
    // open after 40 ms, checked after 80: aggressive would be done; the nomination takes 40 more
    pass(it, 110);
    expect(a.agent.state).toBe('Running');
    pass(it, 1000);
    expect(a.agent.state).toBe('Completed');
    expect(leftovers(it, a.agent, b.agent)).toEqual([]);
  });

  it('fails where nobody listens, without waiting for an answer (RFC 6544 7.1)', () => {
    const it = bed();
    const a = makeAgent(it.left, { role: 'controlling', pacMs: 0, bases: tcp(it.left, 'active') });
    const b = makeAgent(it.right, { bases: tcp(it.right, 'passive') });
    const [passive] = b.agent.localCandidates;
    if (passive === undefined) throw new Error('no candidate');
    const closed = { ...passive, address: { ip: '10.0.0.2', port: 7999 } };
    connect(a.agent, b.agent, {}, { candidates: [closed] });
    pass(it, 100);
    expect(a.agent.state).toBe('Failed');
    expect(leftovers(it, a.agent, b.agent)).toEqual([]);
  });

  it('keeps the connection over a restart (RFC 6544 9.2)', () => {
    const it = bed();
    const a = makeAgent(it.left, { role: 'controlling', bases: tcp(it.left, 'active') });
    const b = makeAgent(it.right, { bases: tcp(it.right, 'passive') });
    connect(a.agent, b.agent);
    pass(it, 5000);
    const before = a.agent.selected(1);
    a.agent.restart();
    b.agent.restart();
    connect(a.agent, b.agent);
    pass(it, 5000);
    expect(a.agent.selected(1)?.local.address).toEqual(before?.local.address);
    expect(a.agent.send(1, RTP)).toBe(true);
    pass(it, 100);
    expect(b.data).toEqual(['1 7']);
    expect(leftovers(it, a.agent, b.agent)).toEqual([]);
  });

  it('gives no more than five connections to one address at a time (RFC 6544 12)', () => {
    const it = bed();
    const [base] = tcp(it.left, 'active');
    for (let port = 1; port <= 8; port++) base?.send(RTP, { ip: '10.0.0.2', port });
    expect(it.left.openSockets).toBe(5);
    const reasons: string[] = [];
    if (base !== undefined) {
      base.handler = { onPacket() {}, onUnreachable: (to, why) => reasons.push(`${to.port} ${why}`) };
    }
    pass(it, 200);
    expect(reasons).toHaveLength(8);
    base?.close();
    expect(it.left.openSockets).toBe(0);
  });

  it('takes packets that come in pieces or several at once, and drops data of strangers', () => {
    const it = bed();
    const a = makeAgent(it.left, { bases: tcp(it.left, 'passive') });
    const stream = it.right.connect('access', { ip: '10.0.0.1', port: 7000 });
    const frame = framePacket(RTP);
    stream.write(new Uint8Array([...frame, ...frame, ...frame.subarray(0, 1)]));
    pass(it, 100);
    expect(a.agent.drops.source).toBe(2);
    stream.write(frame.subarray(1));
    pass(it, 100);
    expect(a.agent.drops.source).toBe(3);
    expect(a.data).toEqual([]);
    stream.close();
    expect(leftovers(it, a.agent)).toEqual([]);
  });
});
