import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parseCandidate, serializeCandidate } from '../../wire/sdp/index.js';
import { candidatePriority, fromSdpCandidate, reflexivePriority, toSdpCandidate } from './candidate.js';
import { comparePriority, pairPriority } from './pair-priority.js';
import type { IceCandidate } from './types.js';

const priority = fc.integer({ min: 1, max: 2 ** 31 - 1 });

describe('the priority of a candidate', () => {
  it('is 2^24 type + 2^8 local + 256 - component, with the recommended preferences (RFC 8445 5.1.2)', () => {
    expect(candidatePriority({ type: 'host', component: 1 })).toBe(2130706431);
    expect(candidatePriority({ type: 'host', component: 2 })).toBe(2130706430);
    expect(candidatePriority({ type: 'prflx', component: 1 })).toBe(1862270975);
    expect(candidatePriority({ type: 'srflx', component: 1 })).toBe(1694498815);
    expect(candidatePriority({ type: 'relay', component: 1 })).toBe(16777215);
    expect(candidatePriority({ type: 'host', component: 1, rank: 1 })).toBe(2130706175);
  });

  it('over TCP tells directions apart and stays below UDP unless relayed (RFC 6544 4.2)', () => {
    const of = (type: 'host' | 'srflx', tcpType: 'active' | 'passive' | 'so'): number =>
      candidatePriority({ type, component: 1, tcpType });
    expect(of('host', 'active')).toBe(2 ** 24 * 90 + 2 ** 8 * (2 ** 13 * 6 + 8191) + 255);
    expect(of('host', 'active')).toBeGreaterThan(of('host', 'passive'));
    expect(of('host', 'passive')).toBeGreaterThan(of('host', 'so'));
    expect(of('srflx', 'so')).toBeGreaterThan(of('srflx', 'active'));
    expect(of('host', 'active')).toBeLessThan(candidatePriority({ type: 'srflx', component: 2, rank: 100 }));
  });

  it('becomes that of a peer-reflexive one in a check, the rest unchanged (RFC 8445 7.1.1)', () => {
    const candidate = { transport: 'udp', priority: 2130706175 } as IceCandidate;
    expect(reflexivePriority(candidate)).toBe(candidatePriority({ type: 'prflx', component: 1, rank: 1 }));
  });
});

describe('the priority of a pair', () => {
  const exact = (g: number, d: number): bigint => {
    const [low, high] = g < d ? [g, d] : [d, g];
    return 2n ** 32n * BigInt(low) + 2n * BigInt(high) + (g > d ? 1n : 0n);
  };

  it('is 2^32*MIN(G,D) + 2*MAX(G,D) + (G>D?1:0) (RFC 8445 6.1.2.3)', () => {
    fc.assert(
      fc.property(priority, priority, (g, d) => {
        const { high, low } = pairPriority(g, d);
        expect(low).toBeLessThan(2 ** 32);
        expect(2n ** 32n * BigInt(high) + BigInt(low)).toBe(exact(g, d));
      }),
    );
    const { high, low } = pairPriority(2130706431, 2130706175);
    expect(2n ** 32n * BigInt(high) + BigInt(low)).toBe(9151313343271665663n);
  });

  it('orders as the 64-bit numbers do, also where a double would not tell them apart', () => {
    const near = fc.constantFrom(2 ** 31 - 1, 2 ** 31 - 2, 2 ** 31 - 3, 1, 2);
    const pair = fc.tuple(fc.oneof(near, priority), fc.oneof(near, priority));
    fc.assert(
      fc.property(pair, pair, ([a, b], [c, d]) => {
        const difference = exact(c, d) - exact(a, b);
        const sign = difference < 0n ? -1 : difference > 0n ? 1 : 0;
        expect(Math.sign(comparePriority(pairPriority(a, b), pairPriority(c, d)))).toBe(sign);
      }),
    );
  });
});

describe('a candidate in SDP', () => {
  const udp: IceCandidate = {
    foundation: '1',
    component: 1,
    transport: 'udp',
    priority: 1694498815,
    address: { ip: '192.0.2.3', port: 45664 },
    type: 'srflx',
    related: { ip: '10.0.1.1', port: 8998 },
  };
  const tcp: IceCandidate = {
    foundation: '2',
    component: 2,
    transport: 'tcp',
    tcpType: 'active',
    priority: 5,
    address: { ip: '2001:db8::1', port: 9 },
    type: 'host',
  };

  it('comes back as it was', () => {
    for (const candidate of [udp, tcp]) {
      const text = serializeCandidate(toSdpCandidate(candidate));
      const read = parseCandidate(text);
      expect(read && fromSdpCandidate(read)).toEqual(candidate);
    }
    expect(serializeCandidate(toSdpCandidate(udp))).toBe(
      '1 1 udp 1694498815 192.0.2.3 45664 typ srflx raddr 10.0.1.1 rport 8998',
    );
    expect(serializeCandidate(toSdpCandidate(tcp))).toBe('2 2 tcp 5 2001:db8::1 9 typ host tcptype active');
  });

  it('is passed over where nobody could use it', () => {
    const bad = [
      '1 1 sctp 5 192.0.2.3 1 typ host',
      '1 1 UDP 5 3f5c.local 1 typ host',
      '1 1 UDP 5 192.0.2.3 0 typ host',
      '1 0 UDP 5 192.0.2.3 1 typ host',
      '1 1 UDP 0 192.0.2.3 1 typ host',
      '1 1 UDP 5 192.0.2.3 1 typ other',
      '1 1 TCP 5 192.0.2.3 1 typ host',
      '1 1 TCP 5 192.0.2.3 1 typ host tcptype sideways',
    ];
    for (const text of bad) {
      const read = parseCandidate(text);
      expect(read && fromSdpCandidate(read), text).toBeUndefined();
    }
  });
});
