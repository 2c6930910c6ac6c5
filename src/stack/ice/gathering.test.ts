import { describe, expect, it } from 'vitest';
import {
  bed,
  carries,
  connect,
  leftovers,
  makeAgent,
  NattedBase,
  pass,
  relayAt,
  stunServer,
} from './testbed.js';

describe('behind a NAT', () => {
  it('both ends learn the peer-reflexive candidate (RFC 8445 7.2.5.3.1, 7.3.1.3)', () => {
    for (const full of [true, false]) {
      const it = bed();
      const nat = new NattedBase(it.server, { ip: '192.168.0.5', port: 4000 }, 40_000);
      const a = makeAgent(it.left, { role: 'controlling', bases: [nat] });
      const b = makeAgent(it.right, { full });
      connect(a.agent, b.agent, {}, { lite: !full });
      pass(it, 2000);
      expect(a.events.at(-1)).toBe('selected 1 prflx 192.0.2.9:40000 10.0.0.2:5000');
      expect(b.agent.selected(1)?.remote).toMatchObject({
        type: 'prflx',
        address: { ip: '192.0.2.9', port: 40_000 },
        // 2^24 * 110 and the rest as that of the host candidate (RFC 8445 7.1.1)
        priority: 1862270975,
      });
      expect(carries(it, a, b)).toBe(true);
      expect(leftovers(it, a.agent, b.agent)).toEqual([]);
    }
  });

  it('the server-reflexive candidate is gathered, and its pair is the one selected', () => {
    const it = bed();
    const stun = stunServer(
      it.network.addHost({ name: 's', role: 'STUN', addresses: { access: '192.0.2.50' } }),
    );
    const nat = new NattedBase(it.server, { ip: '192.168.0.5', port: 4000 }, 40_000);
    const a = makeAgent(it.left, { role: 'controlling', bases: [nat], stunServers: [stun.local] });
    const b = makeAgent(it.right);
    a.agent.gather();
    expect(a.events).toEqual([]);
    pass(it, 200);
    expect(a.events).toEqual(['gathered']);
    expect(a.agent.localCandidates[1]).toMatchObject({
      type: 'srflx',
      address: { ip: '192.0.2.9', port: 40_000 },
      related: { ip: '192.168.0.5', port: 4000 },
      priority: 1694498815,
    });
    connect(a.agent, b.agent);
    pass(it, 1000);
    expect(a.agent.selected(1)?.local.type).toBe('srflx');
    expect(b.agent.selected(1)?.remote.type).toBe('srflx');
    expect(carries(it, a, b)).toBe(true);
    stun.close();
    expect(leftovers(it, a.agent, b.agent)).toEqual([]);
  });

  it('bindings are refreshed until ICE has completed (RFC 8445 5.1.1.4), and dead servers are given up in time', () => {
    const it = bed();
    const stun = stunServer(it.server);
    const dead = { ip: '192.0.2.9', port: 9999 };
    const nat = it.network.addHost({ name: 'nat', role: 'NAT', addresses: { access: '203.0.113.1' } });
    const base = new NattedBase(nat, { ip: '192.168.0.5', port: 4000 }, 40_000);
    const a = makeAgent(it.left, {
      role: 'controlling',
      bases: [base],
      stunServers: [stun.local, dead],
      gatheringMs: 2000,
    });
    const b = makeAgent(it.right, { stunServers: [stun.local] });
    const asked = (who: string): number =>
      it.kernel.trace
        ?.of('packet.sent')
        .filter(({ body: { packet } }) => packet.from === who && packet.dst.port === 3478).length ?? 0;
    a.agent.gather();
    b.agent.gather();
    pass(it, 1900);
    expect(a.events).toEqual([]);
    // not behind a NAT: what the server sees is the host candidate, and there is no binding to keep
    expect(b.events).toEqual(['gathered']);
    expect(b.agent.localCandidates).toHaveLength(1);
    pass(it, 200);
    expect(a.events).toEqual(['gathered']);
    expect([asked('nat'), asked('right')]).toEqual([1, 1]);
    pass(it, 40_000);
    expect([asked('nat'), asked('right')]).toEqual([3, 1]);
    connect(a.agent, b.agent);
    pass(it, 40_000);
    expect(a.agent.state).toBe('Completed');
    expect([asked('nat'), asked('right')]).toEqual([3, 1]);
    stun.close();
    expect(leftovers(it, a.agent, b.agent)).toEqual([]);
  });
});

describe('relayed candidates', () => {
  it('are gathered, used where nothing else works, and given back if not (RFC 8445 8.3.1)', () => {
    const it = bed();
    const a = makeAgent(it.left, {
      role: 'controlling',
      bases: [],
      relays: [{ component: 1, gatherer: relayAt(it.server, 50_000) }],
    });
    const b = makeAgent(it.right, {
      relays: [{ component: 1, gatherer: relayAt(it.server, 51_000) }],
    });
    a.agent.gather();
    b.agent.gather();
    pass(it, 100);
    expect(a.agent.localCandidates).toMatchObject([
      { type: 'relay', priority: 16777215, address: { ip: '192.0.2.9', port: 50_000 } },
    ]);
    expect(b.agent.localCandidates.map(({ type }) => type)).toEqual(['host', 'relay']);
    connect(a.agent, b.agent);
    pass(it, 2000);
    expect(a.events.at(-1)).toBe('selected 1 relay 192.0.2.9:50000 10.0.0.2:5000');
    expect(carries(it, a, b)).toBe(true);
    expect(it.server.openSockets).toBe(2);
    pass(it, 3000);
    expect(it.server.openSockets).toBe(1);
    expect(b.agent.localCandidates.map(({ type }) => type)).toEqual(['host']);
    expect(leftovers(it, a.agent, b.agent)).toEqual([]);
  });

  it('bring the server-reflexive candidate of the base that asked', () => {
    const it = bed();
    const local = { ip: '10.0.0.1', port: 5000 };
    const mapped = { ip: '203.0.113.8', port: 77 };
    const gatherer = relayAt(it.server, 50_000, local, mapped);
    const a = makeAgent(it.left, { relays: [{ component: 1, gatherer }] });
    a.agent.gather();
    pass(it, 100);
    expect(a.agent.localCandidates.map(({ type, related }) => ({ type, related }))).toEqual([
      { type: 'host', related: undefined },
      { type: 'relay', related: mapped },
      { type: 'srflx', related: local },
    ]);
    expect(leftovers(it, a.agent)).toEqual([]);
  });
});
