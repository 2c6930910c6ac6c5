import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parseStun } from '../../wire/stun/index.js';
import { type Bed, bed, connect, leftovers, makeAgent, pass } from './testbed.js';

const RTP = Uint8Array.of(0x80, 7);

interface Sent {
  readonly at: number;
  readonly kind: string;
  readonly transactionId: string;
}

/** STUN packets that a host sent from a time on. */
function sentBy({ kernel }: Bed, who: string, fromUs: number): Sent[] {
  return (kernel.trace?.of('packet.sent') ?? []).flatMap(({ at, body: { packet } }) => {
    const read = parseStun(packet.data);
    if (packet.from !== who || at < fromUs || !read.ok) return [];
    const { class: kind, transactionId } = read.value;
    return [{ at, kind, transactionId: transactionId.join() }];
  });
}

function connected(full = true): Bed & { a: ReturnType<typeof makeAgent>; b: ReturnType<typeof makeAgent> } {
  const it = bed();
  const a = makeAgent(it.left, { role: 'controlling' });
  const b = makeAgent(it.right, { full });
  connect(a.agent, b.agent, {}, { lite: !full });
  pass(it, 1000);
  expect([a.agent.state, b.agent.state]).toEqual(['Completed', 'Completed']);
  return { ...it, a, b };
}

describe('consent', () => {
  it('is asked for every 4 to 6 s with a new transaction each, never twice (RFC 7675 5.1)', () => {
    const it = connected();
    const from = it.kernel.now;
    pass(it, 600_000);
    for (const who of ['left', 'right']) {
      const requests = sentBy(it, who, from).filter(({ kind }) => kind === 'request');
      // 600 s at 5 s on average
      expect(requests.length).toBeGreaterThan(105);
      expect(requests.length).toBeLessThan(140);
      expect(new Set(requests.map(({ transactionId }) => transactionId)).size).toBe(requests.length);
      requests.slice(1).forEach(({ at }, i) => {
        const gap = at - (requests[i] as Sent).at;
        expect(gap).toBeGreaterThanOrEqual(4_000_000);
        expect(gap).toBeLessThanOrEqual(6_000_001);
      });
      // it takes the place of keepalives (RFC 7675 4)
      expect(sentBy(it, who, from).filter(({ kind }) => kind === 'indication')).toEqual([]);
    }
    expect(it.a.agent.send(1, RTP)).toBe(true);
    expect(leftovers(it, it.a.agent, it.b.agent)).toEqual([]);
  });

  it('is answered by a lite agent, which asks for none (RFC 7675 5.1)', () => {
    const it = connected(false);
    const from = it.kernel.now;
    pass(it, 60_000);
    const kinds = sentBy(it, 'right', from).map(({ kind }) => kind);
    expect(kinds.filter((kind) => kind === 'request')).toEqual([]);
    expect(kinds.filter((kind) => kind === 'success').length).toBeGreaterThanOrEqual(10);
    expect(leftovers(it, it.a.agent, it.b.agent)).toEqual([]);
  });

  it('expires 30 s after the last good answer, and sending stops at once', () => {
    const cut = fc.integer({ min: 0, max: 20_000 });
    fc.assert(
      fc.property(cut, fc.boolean(), (afterMs, oneWay) => {
        const it = connected();
        pass(it, afterMs);
        if (oneWay) it.network.link('right', 'left').partition();
        else it.network.partition('left', 'right');
        const cutAt = it.kernel.now;
        let lastSent = cutAt;
        for (let i = 0; i < 400 && it.a.agent.send(1, RTP); i++) {
          lastSent = it.kernel.now;
          pass(it, 100);
        }
        // the last answer arrived at most a check and its way before the cut
        expect(lastSent - cutAt).toBeLessThanOrEqual(30_000_000);
        expect(lastSent - cutAt).toBeGreaterThanOrEqual(30_000_000 - 6_000_000 - 140_000);
        pass(it, 100);
        expect(it.a.events.at(-1)).toBe('consent 1 expired');
        expect(it.a.agent.selected(1)).toBeUndefined();
        // answers after the expiry do not bring it back
        it.network.heal();
        pass(it, 10_000);
        expect(it.a.agent.send(1, RTP)).toBe(false);
        expect(leftovers(it, it.a.agent, it.b.agent)).toEqual([]);
      }),
      { numRuns: 30 },
    );
  });

  it('survives answers that are lost as long as one in 30 s gets through', () => {
    const it = connected();
    for (let i = 0; i < 10; i++) {
      it.network.partition('left', 'right');
      // at most 6.1 s since the last answer, and 6.1 s to the next
      pass(it, 17_000);
      it.network.heal();
      pass(it, 6_500);
      expect(it.a.agent.send(1, RTP)).toBe(true);
    }
    expect(leftovers(it, it.a.agent, it.b.agent)).toEqual([]);
  });

  it('is revoked by an authenticated 403 (RFC 7675 5.2)', () => {
    const it = connected();
    it.b.agent.refuseConsent();
    pass(it, 6_100);
    expect(it.a.events.at(-1)).toBe('consent 1 revoked');
    expect(it.a.agent.send(1, RTP)).toBe(false);
    expect(it.b.agent.send(1, RTP)).toBe(true);
    expect(leftovers(it, it.a.agent, it.b.agent)).toEqual([]);
  });

  it('comes back with a restart', () => {
    const it = connected();
    it.network.partition('left', 'right');
    pass(it, 40_000);
    it.network.heal();
    it.a.agent.restart();
    it.b.agent.restart();
    connect(it.a.agent, it.b.agent);
    pass(it, 1000);
    expect(it.a.agent.send(1, RTP)).toBe(true);
    pass(it, 60_000);
    expect(it.a.agent.send(1, RTP)).toBe(true);
    expect(it.b.agent.send(1, RTP)).toBe(true);
    expect(leftovers(it, it.a.agent, it.b.agent)).toEqual([]);
  });

  it('ends with the agent, or with the machine of another pair after a restart', () => {
    const it = connected();
    it.a.agent.restart();
    it.b.agent.restart();
    connect(it.a.agent, it.b.agent);
    pass(it, 20_000);
    const from = it.kernel.now;
    pass(it, 30_000);
    expect(sentBy(it, 'left', from).filter(({ kind }) => kind === 'request').length).toBeLessThanOrEqual(8);
    expect(leftovers(it, it.a.agent, it.b.agent)).toEqual([]);
  });
});

describe('keepalives', () => {
  it('are Binding indications after Tr of silence where consent is not asked for (RFC 8445 11)', () => {
    const it = bed();
    const a = makeAgent(it.left, { role: 'controlling', consent: false });
    const b = makeAgent(it.right, { full: false, keepaliveMs: 20_000 });
    connect(a.agent, b.agent, {}, { lite: true });
    pass(it, 1000);
    const from = it.kernel.now;
    pass(it, 59_500);
    expect(sentBy(it, 'left', from).map(({ kind }) => kind)).toEqual(Array(4).fill('indication'));
    expect(sentBy(it, 'right', from).map(({ kind }) => kind)).toEqual(Array(3).fill('indication'));
    expect(leftovers(it, a.agent, b.agent)).toEqual([]);
  });

  it('are not needed while data is sent, and come Tr after the last of it', () => {
    const it = bed();
    const a = makeAgent(it.left, { role: 'controlling', consent: false });
    const b = makeAgent(it.right, { full: false });
    connect(a.agent, b.agent, {}, { lite: true });
    pass(it, 1000);
    const from = it.kernel.now;
    for (let i = 0; i < 30; i++) {
      a.agent.send(1, RTP);
      pass(it, 2000);
    }
    const last = it.kernel.now - 2_000_000;
    expect(sentBy(it, 'left', from)).toEqual([]);
    pass(it, 20_000);
    expect(sentBy(it, 'left', from).map(({ at }) => at - last)).toEqual([15_000_000]);
    expect(leftovers(it, a.agent, b.agent)).toEqual([]);
  });
});
