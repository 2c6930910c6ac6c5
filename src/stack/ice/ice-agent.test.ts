import { describe, expect, it } from 'vitest';
import { parseStun } from '../../wire/stun/index.js';
import { udpBase } from './index.js';
import {
  type Bed,
  bed,
  carries,
  connect,
  describe as describeAgent,
  leftovers,
  makeAgent,
  pass,
  stunPackets,
  stunServer,
  type Told,
} from './testbed.js';
import type { IceAgentOptions, IceCandidate } from './types.js';

const RTP = Uint8Array.of(0x80, 7);

/** The tie-breaker of the first check that a host sent. */
function tieBreaker({ kernel }: Bed, who: string): string {
  for (const { body } of kernel.trace?.of('packet.sent') ?? []) {
    const read = parseStun(body.packet.data);
    if (body.packet.from !== who || !read.ok || read.value.class !== 'request') continue;
    for (const one of read.value.attributes) if ('tieBreaker' in one) return one.tieBreaker;
  }
  throw new Error(`${who} has sent no check`);
}

const fakeCandidate: IceCandidate = {
  foundation: '99',
  component: 1,
  transport: 'udp',
  priority: 2130706431,
  address: { ip: '10.0.0.77', port: 5000 },
  type: 'host',
};

describe('two full agents', () => {
  it('select a pair with regular nomination: a check each, then one more with USE-CANDIDATE after Ta', () => {
    const it = bed();
    const a = makeAgent(it.left, { role: 'controlling' });
    const b = makeAgent(it.right);
    connect(a.agent, b.agent);
    pass(it, 1000);
    expect(a.events).toEqual(['gathered', 'selected 1 host 10.0.0.1:5000 10.0.0.2:5000']);
    expect(b.events).toEqual(['gathered', 'selected 1 host 10.0.0.2:5000 10.0.0.1:5000']);
    expect(stunPackets(it)).toEqual([
      'left request',
      'right request',
      'right success',
      'left success',
      'left request use',
      'right success',
    ]);
    // 40 ms for the first check, its nomination Ta = 50 ms after it began, 40 ms for that
    const completed = it.kernel.trace?.of('state').filter(({ body }) => body.to === 'Completed');
    expect(completed?.map(({ at, entity }) => `${entity} ${at}`)).toEqual(['right 70000', 'left 90000']);
    expect(carries(it, a, b)).toBe(true);
    expect(leftovers(it, a.agent, b.agent)).toEqual([]);
  });

  it('of RFC 5245 select with aggressive nomination after one check', () => {
    const it = bed();
    const old = { specification: 'rfc5245', nomination: 'aggressive' } as const;
    const a = makeAgent(it.left, { ...old, role: 'controlling' });
    const b = makeAgent(it.right, old);
    connect(a.agent, b.agent);
    pass(it, 1000);
    expect(stunPackets(it)[0]).toBe('left request use');
    const completed = it.kernel.trace?.of('state').filter(({ body }) => body.to === 'Completed');
    expect(completed?.map(({ at, entity }) => `${entity} ${at}`)).toEqual(['left 40000', 'right 40000']);
    expect(carries(it, a, b)).toBe(true);
    expect(leftovers(it, a.agent, b.agent)).toEqual([]);
  });

  it('nominate regularly although aggressive where the peer says ice2 (RFC 8445 10)', () => {
    const it = bed();
    const a = makeAgent(it.left, { specification: 'rfc5245', nomination: 'aggressive', role: 'controlling' });
    const b = makeAgent(it.right);
    expect(a.agent.iceOptions).toEqual([]);
    expect(b.agent.iceOptions).toEqual(['ice2']);
    connect(a.agent, b.agent);
    pass(it, 1000);
    expect(stunPackets(it).filter((one) => one.endsWith('use'))).toEqual(['left request use']);
    expect(a.agent.state).toBe('Completed');
    expect(leftovers(it, a.agent, b.agent)).toEqual([]);
  });

  it('end on the pair of highest priority when an aggressive peer nominates several (RFC 8445 8.1.1)', () => {
    const it = bed();
    const a = makeAgent(it.left, {
      specification: 'rfc5245',
      nomination: 'aggressive',
      role: 'controlling',
      bases: [
        udpBase(it.left, { realm: 'access', port: 5000 }),
        udpBase(it.left, { realm: 'access', port: 5002 }),
      ],
    });
    const b = makeAgent(it.right);
    // the better pair's first check is lost, the worse one wins at first
    const [best] = a.agent.localCandidates;
    connect(a.agent, b.agent, {}, { options: [] });
    it.network.link('left', 'right').partition();
    pass(it, 10);
    it.network.link('left', 'right').heal();
    pass(it, 3000);
    expect(a.agent.selected(1)?.local).toEqual(best);
    expect(b.agent.selected(1)?.remote).toEqual(best);
    expect(carries(it, a, b)).toBe(true);
    expect(leftovers(it, a.agent, b.agent)).toEqual([]);
  });

  it('with both in the same role settle it by tie-breaker and 487 (RFC 8445 7.3.1.1)', () => {
    for (const role of ['controlling', 'controlled'] as const) {
      for (const specification of ['rfc8445', 'rfc5245'] as const) {
        for (const seed of [1, 2, 3, 4]) {
          const it = bed({}, [], { seed });
          const a = makeAgent(it.left, { role, specification });
          const b = makeAgent(it.right, { role, specification });
          connect(a.agent, b.agent);
          pass(it, 2000);
          // the larger value controls
          const leftIsLarger = tieBreaker(it, 'left') >= tieBreaker(it, 'right');
          const roles = leftIsLarger ? ['controlling', 'controlled'] : ['controlled', 'controlling'];
          expect([a.agent.role, b.agent.role]).toEqual(roles);
          expect(stunPackets(it).some((one) => one.endsWith('487'))).toBe(true);
          expect([a.agent.state, b.agent.state]).toEqual(['Completed', 'Completed']);
          expect(carries(it, a, b)).toBe(true);
          expect(leftovers(it, a.agent, b.agent)).toEqual([]);
        }
      }
    }
  });

  it('answer checks that come before the description, and act on them once it is there (RFC 8445 7.3)', () => {
    const it = bed();
    const a = makeAgent(it.left, { role: 'controlling' });
    const b = makeAgent(it.right);
    a.agent.addRemote(describeAgent(b.agent));
    a.agent.start();
    pass(it, 200);
    // the peer answered, so the pair is valid here and may carry data
    expect(a.agent.send(1, RTP)).toBe(true);
    expect(a.agent.state).toBe('Completed');
    pass(it, 100);
    expect(b.data).toEqual(['1 7']);
    expect(b.agent.state).toBe('Gathering');
    b.agent.addRemote(describeAgent(a.agent));
    b.agent.start();
    pass(it, 200);
    expect(b.agent.state).toBe('Completed');
    expect(carries(it, a, b)).toBe(true);
    expect(leftovers(it, a.agent, b.agent)).toEqual([]);
  });

  it('check at once the way that a check came from, whatever became of their own (RFC 8445 7.3.1.4)', () => {
    // the second packet is the right one's first check; repeated it would be after 500 ms
    const it = bed({}, [0, 1]);
    const a = makeAgent(it.left, { role: 'controlling' });
    const b = makeAgent(it.right);
    connect(a.agent, b.agent);
    pass(it, 95);
    expect([a.agent.state, b.agent.state]).toEqual(['Completed', 'Completed']);
    expect(leftovers(it, a.agent, b.agent)).toEqual([]);
  });

  it('select a pair a component, or one where the peer multiplexes (RFC 8445 6.1.2.2)', () => {
    for (const components of [1, 2]) {
      const it = bed();
      const a = makeAgent(it.left, { role: 'controlling', components: 2 });
      const b = makeAgent(it.right, { components });
      connect(a.agent, b.agent);
      pass(it, 2000);
      expect([a.agent.state, b.agent.state]).toEqual(['Completed', 'Completed']);
      for (let one = 1; one <= components; one++) expect(carries(it, a, b, one)).toBe(true);
      expect(a.agent.send(components + 1, RTP)).toBe(false);
      expect(leftovers(it, a.agent, b.agent)).toEqual([]);
    }
  });

  it('wait for a better pair only so long (RFC 8445 8.1.1 leaves it open)', () => {
    const it = bed();
    const a = makeAgent(it.left, { role: 'controlling', patienceMs: 300 });
    const b = makeAgent(it.right);
    const [host] = b.agent.localCandidates as [IceCandidate];
    connect(a.agent, b.agent, {}, { candidates: [fakeCandidate, { ...host, priority: 5 }] });
    pass(it, 2000);
    const completed = it.kernel.trace?.of('state').filter(({ body }) => body.to === 'Completed') ?? [];
    const left = completed.find(({ entity }) => entity === 'left')?.at ?? 0;
    // the second check starts at Ta or is triggered earlier, succeeds by 100 ms, then 300 ms of patience and one more check
    expect(left).toBeGreaterThan(340_000);
    expect(left).toBeLessThan(550_000);
    expect(carries(it, a, b)).toBe(true);
    // the better pair's check is not repeated any more (RFC 8445 8.1.2)
    pass(it, 20_000);
    const toNobody = it.kernel.trace?.of('packet.sent').filter(({ body }) => body.packet.to === '') ?? [];
    expect(toNobody.length).toBeGreaterThan(0);
    expect(Math.max(...toNobody.map(({ at }) => at))).toBeLessThan(left);
    expect(leftovers(it, a.agent, b.agent)).toEqual([]);
  });

  it('fail when no pair works, not before the PAC timer (RFC 8863 4), and then a restart may help', () => {
    const it = bed();
    const a = makeAgent(it.left, { role: 'controlling' });
    const b = makeAgent(it.right);
    it.network.partition('left', 'right');
    connect(a.agent, b.agent);
    pass(it, 39_400);
    expect(a.agent.state).toBe('Running');
    pass(it, 200);
    expect([a.agent.state, b.agent.state]).toEqual(['Failed', 'Failed']);
    expect(a.events.at(-1)).toBe('failed: no pair works');
    expect(a.agent.send(1, RTP)).toBe(false);
    it.network.heal();
    a.agent.restart();
    b.agent.restart();
    connect(a.agent, b.agent);
    pass(it, 1000);
    expect(carries(it, a, b)).toBe(true);
    expect(leftovers(it, a.agent, b.agent)).toEqual([]);
  });

  it('without a common candidate fail when the PAC timer fires; one of RFC 5245 at once', () => {
    const it = bed();
    const a = makeAgent(it.left, { role: 'controlling' });
    const b = makeAgent(it.right, { specification: 'rfc5245' });
    connect(a.agent, b.agent, { candidates: [] }, { candidates: [{ ...fakeCandidate, component: 3 }] });
    pass(it, 20);
    expect([a.agent.state, b.agent.state]).toEqual(['Running', 'Failed']);
    pass(it, 39_500);
    expect(a.agent.state).toBe('Failed');
    expect(leftovers(it, a.agent, b.agent)).toEqual([]);
  });

  it('do not fail while more candidates are to come, and take them as they come (RFC 8838)', () => {
    const it = bed();
    const a = makeAgent(it.left, { role: 'controlling', pacMs: 0 });
    const b = makeAgent(it.right, { pacMs: 0 });
    const trickle = { candidates: [], endOfCandidates: false };
    connect(a.agent, b.agent, trickle, trickle);
    pass(it, 1000);
    expect([a.agent.state, b.agent.state]).toEqual(['Running', 'Running']);
    a.agent.addRemote(describeAgent(b.agent));
    pass(it, 1000);
    expect([a.agent.state, b.agent.state]).toEqual(['Completed', 'Completed']);
    expect(carries(it, a, b)).toBe(true);
    expect(leftovers(it, a.agent, b.agent)).toEqual([]);
  });

  it('pace all checks of a host: Ta in an agent, 5 ms between agents (RFC 8445 14.2)', () => {
    const it = bed();
    const many = Array.from({ length: 4 }, (_, i) => {
      const options = (host: typeof it.left): Partial<IceAgentOptions> => ({
        id: `ice/${i}`,
        bases: [udpBase(host, { realm: 'access', port: 6000 + 2 * i })],
      });
      const a = makeAgent(it.left, { ...options(it.left), role: 'controlling' });
      const b = makeAgent(it.right, options(it.right));
      connect(a.agent, b.agent, {}, { candidates: [fakeCandidate, ...b.agent.localCandidates] });
      return [a.agent, b.agent];
    }).flat();
    pass(it, 2000);
    const requests = it.kernel.trace?.of('packet.sent').filter(({ body: { packet } }) => {
      return packet.from === 'left' && packet.data[0] === 0 && packet.data[1] === 1;
    });
    const starts = requests?.map(({ at }) => at).filter((at) => at < 500_000) ?? [];
    starts.slice(1).forEach((at, i) => {
      expect(at - (starts[i] as number)).toBeGreaterThanOrEqual(5_000);
    });
    expect(many.map(({ state }) => state)).toEqual(many.map(() => 'Completed'));
    expect(leftovers(it, ...many)).toEqual([]);
  });

  it('keep to the limit of pairs (RFC 8445 6.1.2.5)', () => {
    const it = bed();
    const a = makeAgent(it.left, { role: 'controlling', mostPairs: 10 });
    const b = makeAgent(it.right);
    const far = Array.from({ length: 50 }, (_, i) => ({
      ...fakeCandidate,
      priority: 1000 + i,
      address: { ip: '10.0.0.77', port: 1000 + i },
    }));
    connect(a.agent, b.agent, {}, { candidates: [...b.agent.localCandidates, ...far] });
    pass(it, 100);
    const pairs = it.kernel.trace?.of('state').filter(({ entity, body }) => {
      return entity === 'left' && body.machine === 'candidate pair' && body.from === '';
    });
    expect(pairs).toHaveLength(10);
    pass(it, 2000);
    expect(a.agent.state).toBe('Completed');
    expect(leftovers(it, a.agent, b.agent)).toEqual([]);
  });
});

describe('two full agents behind translators that map and let in by every port', () => {
  it('fail, although each check that arrives makes another peer-reflexive candidate', () => {
    const it = bed();
    const server = stunServer(it.server);
    const agents = (['controlling', 'controlled'] as const).map((role, i) => {
      const inside = { realm: `home${i}`, ip: '192.168.0.1' };
      const outside = { realm: 'access', ip: `203.0.113.${i + 1}` };
      const mapping = 'address-and-port-dependent';
      it.network.addNat({ name: `nat${i}`, inside, outside, mapping, filtering: 'endpoint-independent' });
      const addresses = { [`home${i}`]: '192.168.0.2' };
      const host = it.network.addHost({ name: `behind${i}`, role: 'WIC', addresses });
      const told = makeAgent(host, { role, stunServers: [server.local], mostPairs: 20 });
      told.agent.gather();
      return told;
    });
    const [a, b] = agents as [Told, Told];
    pass(it, 1000);
    connect(a.agent, b.agent);
    pass(it, 45_000);
    expect([a, b].map(({ events }) => events.at(-1))).toEqual(Array(2).fill('failed: no pair works'));
    server.close();
    expect(leftovers(it, a.agent, b.agent)).toEqual([]);
  });
});

describe('a full and a lite agent', () => {
  it('select a pair, whoever offers; the lite one asks nothing (RFC 8445 6.1.1, 7.3.2)', () => {
    for (const role of ['controlling', 'controlled'] as const) {
      for (const components of [1, 2]) {
        const it = bed();
        const a = makeAgent(it.left, { role, components });
        const b = makeAgent(it.right, { full: false, role: 'controlling', components });
        expect(b.agent.role).toBe('controlled');
        connect(a.agent, b.agent, {}, { lite: true });
        expect(a.agent.role).toBe('controlling');
        pass(it, 3000);
        expect([a.agent.state, b.agent.state]).toEqual(['Completed', 'Completed']);
        expect(stunPackets(it).filter((one) => one.startsWith('right'))).toEqual(
          Array.from({ length: 2 * components }, () => 'right success'),
        );
        for (let one = 1; one <= components; one++) expect(carries(it, a, b, one)).toBe(true);
        expect(leftovers(it, a.agent, b.agent)).toEqual([]);
      }
    }
  });

  it('let the lite one send nothing before each component has a pair (RFC 8445 12.1.1)', () => {
    const it = bed();
    const a = makeAgent(it.left, { role: 'controlling' });
    const b = makeAgent(it.right, { full: false });
    connect(a.agent, b.agent, {}, { lite: true });
    pass(it, 60);
    expect(b.agent.send(1, RTP)).toBe(false);
    expect(a.agent.send(1, RTP)).toBe(true);
    pass(it, 30);
    expect(b.agent.send(1, RTP)).toBe(true);
    expect(leftovers(it, a.agent, b.agent)).toEqual([]);
  });

  it('of RFC 5245 with aggressive nomination: the lite one takes the pair of highest priority', () => {
    const it = bed();
    const bases = [5000, 5002].map((port) => udpBase(it.left, { realm: 'access', port }));
    const old = { specification: 'rfc5245', nomination: 'aggressive' } as const;
    const a = makeAgent(it.left, { ...old, role: 'controlling', bases });
    const b = makeAgent(it.right, { full: false, specification: 'rfc5245' });
    connect(a.agent, b.agent, {}, { lite: true });
    pass(it, 3000);
    expect(b.agent.selected(1)?.remote.address).toEqual({ ip: '10.0.0.1', port: 5000 });
    expect(carries(it, a, b)).toBe(true);
    expect(leftovers(it, a.agent, b.agent)).toEqual([]);
  });

  it('two lite ones take the only pair there is and check nothing (RFC 8445 8.2)', () => {
    const it = bed();
    const a = makeAgent(it.left, { full: false });
    const b = makeAgent(it.right, { full: false });
    connect(a.agent, b.agent, { lite: true }, { lite: true });
    expect([a.agent.state, b.agent.state]).toEqual(['Completed', 'Completed']);
    pass(it, 1000);
    expect(stunPackets(it)).toEqual([]);
    // without checks nobody has shown who they are, but the pair is the selected one
    expect(carries(it, a, b)).toBe(true);
    expect(leftovers(it, a.agent, b.agent)).toEqual([]);
  });
});
