import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Endpoint } from '../../trace/index.js';
import { candidatePriority } from './candidate.js';
import { CandidatePair, type LocalBase, type PairOwner } from './candidate-pair.js';
import { Checklist, canPair, formPairs } from './checklist.js';
import { LocalCandidates, sameAddress } from './local-candidates.js';
import { comparePriority, pairPriority } from './pair-priority.js';
import { bed } from './testbed.js';
import type { IceBase, IceCandidate, IceRole, IceSpecification, TcpType } from './types.js';

function base(component: number, address: Endpoint, more: Partial<IceBase> = {}): IceBase {
  return {
    component,
    type: 'host',
    transport: 'udp',
    address,
    handler: undefined,
    send() {},
    close() {},
    ...more,
  };
}

const at = (ip: string, port = 1000): Endpoint => ({ ip, port });

function remote(
  component: number,
  address: Endpoint,
  rank = 0,
  foundation = 'r',
): { candidate: IceCandidate } {
  const priority = candidatePriority({ type: 'host', component, rank });
  return { candidate: { foundation, component, transport: 'udp', priority, address, type: 'host' } };
}

describe('candidates', () => {
  it('share a foundation exactly if type, base address, server and transport are the same (RFC 8445 5.1.1.3)', () => {
    const locals = new LocalCandidates();
    const one = locals.addBase(base(1, at('10.0.0.1', 1)));
    const two = locals.addBase(base(2, at('10.0.0.1', 2)));
    const other = locals.addBase(base(1, at('10.0.0.9', 1)));
    const tcp = locals.addBase(base(1, at('10.0.0.1', 9), { transport: 'tcp', tcpType: 'active' }));
    const first = { number: 0, ip: '192.0.2.1' };
    const second = { number: 1, ip: '192.0.2.2' };
    const r1 = locals.addServerReflexive(one, at('203.0.113.1', 1), first);
    const r2 = locals.addServerReflexive(two, at('203.0.113.1', 2), first);
    const r3 = locals.addServerReflexive(one, at('203.0.113.2', 1), second);
    expect(one.candidate.foundation).toBe(two.candidate.foundation);
    expect(r1?.foundation).toBe(r2?.foundation);
    const all = [one.candidate, other.candidate, tcp.candidate, r1, r3].map(
      (candidate) => candidate?.foundation,
    );
    expect(new Set(all).size).toBe(all.length);
    expect(new Set(locals.list.map(({ candidate }) => candidate.priority)).size).toBe(locals.list.length);
  });

  it('with the address and the base of another are redundant (RFC 8445 5.1.3)', () => {
    const locals = new LocalCandidates();
    const one = locals.addBase(base(1, at('192.0.2.7', 1)));
    expect(
      locals.addServerReflexive(one, at('192.0.2.7', 1), { number: 0, ip: '192.0.2.1' }),
    ).toBeUndefined();
    expect(
      locals.addServerReflexive(one, at('203.0.113.1', 1), { number: 0, ip: '192.0.2.1' }),
    ).toBeDefined();
    expect(
      locals.addServerReflexive(one, at('203.0.113.1', 1), { number: 1, ip: '192.0.2.2' }),
    ).toBeUndefined();
  });
});

describe('pairs', () => {
  it('are of one component, transport and address family, and link-local with link-local (RFC 8445 6.1.2.2)', () => {
    const local = (ip: string): IceCandidate => remote(1, at(ip)).candidate;
    expect(canPair(local('10.0.0.1'), local('10.0.0.2'))).toBe(true);
    expect(canPair(local('10.0.0.1'), local('2001:db8::2'))).toBe(false);
    expect(canPair(local('2001:db8::1'), local('2001:db8::2'))).toBe(true);
    expect(canPair(local('fe80::1'), local('2001:db8::2'))).toBe(false);
    expect(canPair(local('fe80::1'), local('fe80::2'))).toBe(true);
    expect(canPair(local('10.0.0.1'), { ...local('10.0.0.2'), component: 2 })).toBe(false);
    expect(canPair(local('10.0.0.1'), { ...local('10.0.0.2'), transport: 'tcp', tcpType: 'passive' })).toBe(
      false,
    );
  });

  it('over TCP are active to passive and simultaneous to simultaneous, never from passive (RFC 6544 6.2)', () => {
    const of = (tcpType: TcpType): IceCandidate => ({
      ...remote(1, at('10.0.0.1')).candidate,
      transport: 'tcp',
      tcpType,
    });
    const types: TcpType[] = ['active', 'passive', 'so'];
    const possible = types.flatMap((a) => types.filter((b) => canPair(of(a), of(b))).map((b) => `${a} ${b}`));
    expect(possible).toEqual(['active passive', 'so so']);
  });

  it('are those of the whole product, by priority, without those of the same base and remote (RFC 8445 6.1.2)', () => {
    const shape = fc.record({
      hosts: fc.integer({ min: 1, max: 4 }),
      reflexive: fc.array(fc.nat(3), { maxLength: 4 }),
      remotes: fc.integer({ min: 0, max: 5 }),
      role: fc.constantFrom<IceRole>('controlling', 'controlled'),
    });
    fc.assert(
      fc.property(shape, ({ hosts, reflexive, remotes, role }) => {
        const locals = new LocalCandidates();
        const bases: LocalBase[] = [];
        for (let i = 0; i < hosts; i++) bases.push(locals.addBase(base(1, at(`10.0.0.${i + 1}`))));
        reflexive.forEach((of, i) => {
          const from = bases[of % hosts] as LocalBase;
          locals.addServerReflexive(from, at('203.0.113.1', 2000 + i), { number: i, ip: `192.0.2.${i}` });
        });
        const far = Array.from({ length: remotes }, (_, i) => remote(1, at(`10.1.0.${i + 1}`), i));
        const pairs = formPairs(locals.list, far, role);
        // every pair of a base and a remote, once: reflexive candidates fall together with their bases
        expect(pairs).toHaveLength(hosts * remotes);
        expect(
          new Set(pairs.map(({ local, remote: one }) => `${bases.indexOf(local)} ${far.indexOf(one)}`)).size,
        ).toBe(pairs.length);
        const priorities = pairs.map(({ local, remote: one }) => {
          const [ours, theirs] = [local.candidate.priority, one.candidate.priority];
          return role === 'controlling' ? pairPriority(ours, theirs) : pairPriority(theirs, ours);
        });
        expect(priorities).toEqual([...priorities].sort(comparePriority));
      }),
    );
  });
});

describe('a checklist', () => {
  const it1 = bed();
  const owner: PairOwner = { id: 'test', host: it1.left, check: () => undefined as never };
  let number = 0;

  function list(specification: IceSpecification = 'rfc8445'): {
    checklist: Checklist;
    add(component: number, foundation: string, rank: number): CandidatePair;
  } {
    const checklist = new Checklist(specification);
    return {
      checklist,
      add(component, foundation, rank) {
        const locals = new LocalCandidates();
        const local = locals.addBase(base(component, at('10.0.0.1', 1000 + component)));
        const far = remote(component, at('10.1.0.1', number), rank, foundation);
        const pair = new CandidatePair(owner, ++number, local, far, 'controlling');
        checklist.insert(pair);
        return pair;
      },
    };
  }

  it('lets one pair of each foundation wait: lowest component, then highest priority (RFC 8445 6.1.2.6)', () => {
    const { checklist, add } = list();
    const a2 = add(2, 'a', 0);
    const a1low = add(1, 'a', 5);
    const a1 = add(1, 'a', 1);
    const b2 = add(2, 'b', 2);
    checklist.unfreezeFirst();
    expect([a2, a1low, a1, b2].map(({ state }) => state)).toEqual(['Frozen', 'Frozen', 'Waiting', 'Waiting']);
    checklist.unfreeze(a1.foundation);
    expect([a2, a1low].map(({ state }) => state)).toEqual(['Waiting', 'Waiting']);
  });

  it('checks triggered pairs first, then waiting ones by priority, then thaws foundations that rest (RFC 8445 6.1.4.2)', () => {
    const { checklist, add } = list();
    const high = add(1, 'a', 0);
    const low = add(1, 'b', 3);
    const frozen = add(1, 'a', 7);
    checklist.unfreezeFirst();
    checklist.enqueue(low);
    checklist.enqueue(low);
    expect(checklist.next()).toBe(low);
    low.send('perform');
    expect(checklist.next()).toBe(high);
    high.send('perform');
    // its foundation is being checked
    expect(checklist.next()).toBeUndefined();
    expect(checklist.hasWork).toBe(false);
    high.send('failure');
    expect(checklist.hasWork).toBe(true);
    expect(checklist.next()).toBe(frozen);
    expect(frozen.state).toBe('Waiting');
  });

  it('of RFC 5245 thaws the frozen pair of the highest priority whatever is under way (5.8)', () => {
    const { checklist, add } = list('rfc5245');
    const high = add(1, 'a', 0);
    const frozen = add(1, 'a', 7);
    checklist.unfreezeFirst();
    checklist.next()?.send('perform');
    expect(high.state).toBe('In-Progress');
    expect(checklist.next()).toBe(frozen);
  });

  it('is exhausted when all have succeeded or failed and no triggered check waits', () => {
    const { checklist, add } = list();
    const pair = add(1, 'a', 0);
    checklist.unfreezeFirst();
    expect(checklist.isExhausted).toBe(false);
    pair.send('perform');
    expect(checklist.isExhausted).toBe(false);
    pair.send('failure');
    expect(checklist.isExhausted).toBe(true);
    checklist.enqueue(pair);
    expect(checklist.isExhausted).toBe(false);
  });

  it('tells addresses apart by ip and port', () => {
    expect(sameAddress(at('10.0.0.1', 1), at('10.0.0.1', 1))).toBe(true);
    expect(sameAddress(at('10.0.0.1', 1), at('10.0.0.1', 2))).toBe(false);
    expect(sameAddress(at('10.0.0.1', 1), at('10.0.0.2', 1))).toBe(false);
  });
});
