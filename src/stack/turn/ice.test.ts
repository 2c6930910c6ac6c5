import { describe, expect, test } from 'vitest';
import type { FirewallRules, Host } from '../../network/index.js';
import { IceAgent, type IceBase, type RelayGatherer, udpBase } from '../ice/index.js';
import { TurnClient } from './index.js';
import { turnTestbed, USERS } from './testbed.js';

const CREDENTIALS = { username: 'alice', password: USERS.alice };

/** Two full agents, each behind a translator that no two hosts can get through; the left one has a relay. */
function meeting(transport: 'udp' | 'tcp' | 'shared', firewall: FirewallRules = {}) {
  const hard = {
    mapping: 'address-and-port-dependent',
    filtering: 'address-and-port-dependent',
    portPreservation: false,
    hairpinning: false,
  } as const;
  const it = turnTestbed({ nat: { ...hard, firewall } });
  it.network.addNat({
    name: 'nat2',
    inside: { realm: 'flat', ip: '192.168.2.1' },
    outside: { realm: 'net', ip: '203.0.113.5' },
    ...hard,
  });
  const far = it.network.addHost({ name: 'far', role: 'far', addresses: { flat: '192.168.2.2' } });
  const agent = (host: Host, role: 'controlling' | 'controlled', base: IceBase, relay?: RelayGatherer) => {
    const got: string[] = [];
    const made = new IceAgent(host, {
      id: 'ice',
      role,
      bases: [base],
      // what the TURN server sends to a socket that is lent goes to its client
      stunServers: transport === 'shared' && host === it.ue ? [] : [it.server.local],
      onData: (_, bytes) => got.push(String(bytes[1])),
      ...(relay === undefined ? {} : { relays: [{ component: 1, gatherer: relay }] }),
    });
    made.gather();
    return { agent: made, got };
  };
  const base = udpBase(it.ue, { realm: 'net' });
  const relay = new TurnClient(it.ue, {
    realm: 'net',
    server: it.server.local,
    credentials: CREDENTIALS,
    ...(transport === 'shared' ? { socket: base } : { transport }),
  });
  const left = agent(it.ue, 'controlling', base, relay);
  const right = agent(far, 'controlled', udpBase(far, { realm: 'net' }));
  it.run(45_000);
  return { it, relay, left, right };
}

describe.each([
  ['udp', {}, ['host', 'relay', 'srflx']],
  // No STUN server is asked: the Allocate response tells the mapped address of the socket.
  ['shared', {}, ['host', 'relay', 'srflx']],
  ['tcp', { udp: 'none' }, ['host', 'relay']],
] as const)('an ICE agent with a TURN client over %s, firewall %o', (transport, firewall, types) => {
  test('gets through two symmetric translators by its relay, and leaves nothing at the server', () => {
    const { it, relay, left, right } = meeting(transport, firewall);
    expect(left.agent.localCandidates.map(({ type }) => type).sort()).toEqual(types);
    const describeAgent = ({ agent }: typeof left) => ({
      ...agent.credentials,
      candidates: agent.localCandidates,
    });
    const [ofLeft, ofRight] = [describeAgent(left), describeAgent(right)];
    left.agent.addRemote(ofRight);
    right.agent.addRemote(ofLeft);
    left.agent.start();
    right.agent.start();
    it.run(10_000);
    expect(left.agent.selected(1)?.local.type).toBe('relay');
    expect(right.agent.selected(1)?.remote.type).toBe('relay');
    for (let i = 0; i < 3; i++) {
      left.agent.send(1, Uint8Array.of(0x80, i));
      right.agent.send(1, Uint8Array.of(0x80, 10 + i));
      it.run(100);
    }
    expect([left.got, right.got]).toEqual([
      ['10', '11', '12'],
      ['0', '1', '2'],
    ]);
    // Media goes over a channel.
    const framed = (it.kernel.trace?.of('packet.sent') ?? []).filter(
      ({ body: { packet } }) => packet.from === 'nat' && packet.to === 'turn' && packet.data[0] === 0x40,
    );
    expect(framed.length).toBeGreaterThan(0);
    // a socket that is lent is there yet when the address is given back, at the wish of the agent alone
    left.agent.close();
    right.agent.close();
    it.run(5_000);
    expect(it.server.openAllocations).toBe(0);
    expect(relay.openAllocations).toBe(0);
    it.server.close();
    for (const peer of [it.peer, it.other]) peer.close();
    it.run(1_000);
    expect(it.leftovers()).toEqual([]);
    expect(
      it.kernel.trace?.of('unexpected').map(({ body }) => `${body.machine}: ${body.event} in ${body.state}`),
    ).toEqual([]);
  });
});
