import { describe, expect, it } from 'vitest';
import {
  bed,
  carries,
  connect,
  describe as describeAgent,
  leftovers,
  makeAgent,
  NattedBase,
  pass,
  rejected,
} from './testbed.js';

describe('a restart', () => {
  it('uses the old pair until the new one is there, and keeps the roles (RFC 8445 9, 12.1)', () => {
    for (const full of [true, false]) {
      const it = bed();
      const a = makeAgent(it.left, { role: 'controlling' });
      const b = makeAgent(it.right, { full });
      connect(a.agent, b.agent, {}, { lite: !full });
      pass(it, 1000);
      const old = a.agent.credentials;
      a.agent.restart();
      b.agent.restart();
      expect(a.agent.credentials.ufrag).not.toBe(old.ufrag);
      expect(a.agent.credentials.pwd).not.toBe(old.pwd);
      expect(carries(it, a, b)).toBe(true);
      expect(a.agent.state).toBe('Gathering');
      connect(a.agent, b.agent, {}, { lite: !full });
      expect(carries(it, a, b)).toBe(true);
      pass(it, 1000);
      expect([a.agent.state, b.agent.state]).toEqual(['Completed', 'Completed']);
      expect(a.agent.role).toBe('controlling');
      expect(carries(it, a, b)).toBe(true);
      expect(rejected(it)).toEqual([]);
      pass(it, 60_000);
      expect(carries(it, a, b)).toBe(true);
      expect(leftovers(it, a.agent, b.agent)).toEqual([]);
    }
  });

  it('recovers from a NAT that has given another port', () => {
    const it = bed();
    const nat = new NattedBase(it.server, { ip: '192.168.0.5', port: 4000 }, 40_000);
    const a = makeAgent(it.left, { role: 'controlling', bases: [nat] });
    const b = makeAgent(it.right);
    connect(a.agent, b.agent);
    pass(it, 1000);
    nat.rebind(41_000);
    pass(it, 40_000);
    expect(b.events.at(-1)).toBe('consent 1 expired');
    a.agent.restart();
    b.agent.restart();
    connect(a.agent, b.agent);
    pass(it, 1000);
    expect(b.agent.selected(1)?.remote.address).toEqual({ ip: '192.0.2.9', port: 41_000 });
    expect(carries(it, a, b)).toBe(true);
    expect(leftovers(it, a.agent, b.agent)).toEqual([]);
  });

  it('cannot be had by other credentials alone', () => {
    const it = bed();
    const a = makeAgent(it.left);
    const b = makeAgent(it.right);
    connect(a.agent, b.agent);
    expect(() => a.agent.addRemote({ ...describeAgent(b.agent), ufrag: 'other' })).toThrow('ICE restart');
    expect(leftovers(it, a.agent, b.agent)).toEqual([]);
  });
});
