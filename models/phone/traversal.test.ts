import { describe, expect, it } from 'vitest';
import type { Kernel } from '../../src/kernel/index.js';
import { listedPasswords, TurnServer } from '../../src/stack/turn/index.js';
import { candidates } from '../../src/wire/sdp/index.js';
import { type PhoneCall, type WebRtcOptions, webRtcProfile } from './index.js';
import { laboratory, remains, telephone } from './testbed.js';

const TURN = {
  server: '10.0.0.100',
  transport: 'udp',
  username: 'alice',
  password: 'wonderland',
} as const;

/** Two phones with WebRTC media, and a server for STUN and TURN beside them. */
function bench(caller: WebRtcOptions, callee: WebRtcOptions = {}) {
  const { kernel, network } = laboratory();
  const host = network.addHost({ name: 'turn', role: 'TURN server', addresses: { test: TURN.server } });
  const server = new TurnServer(host, {
    realm: 'test',
    domain: 'home1.net',
    passwords: listedPasswords({ alice: 'wonderland' }),
  });
  const one = telephone(network, 'one', '10.0.0.1', webRtcProfile('test', caller));
  const other = telephone(network, 'other', '10.0.0.2', webRtcProfile('test', callee));
  return { kernel, network, server, one, other };
}

function pass(kernel: Kernel, ms: number): void {
  kernel.run({ untilUs: kernel.now + ms * 1000 });
}

const types = (call: PhoneCall): string[] => {
  const line = call.localSdp?.media[0];
  return line === undefined ? [] : candidates(line).map(({ type, transport }) => `${transport} ${type}`);
};

describe('a phone with WebRTC media', () => {
  it('asks its servers before it offers, describes what it got, and gives relayed addresses back when it has chosen', () => {
    const { kernel, server, one, other } = bench({ stunServer: TURN.server, turn: TURN, rtcpMux: 'require' });
    const call = one.phone.call(other.uri);
    expect(call.state).toBe('preparing');
    kernel.run({}, () => call.state === 'calling');
    // the mapped address is that of the host candidate, for want of a translator
    expect(types(call)).toEqual(['udp host', 'udp relay']);
    expect(call.localSdp?.media[0]?.connection?.address).toBe(TURN.server);
    kernel.run({}, () => call.state === 'up');
    pass(kernel, 5000);
    expect(call.transport?.selected()?.local.type).toBe('host');
    expect(server.openAllocations).toBe(0);
    expect(call.heard.lost).toBe(0);
    call.hangUp();
    kernel.run();
    server.close();
    expect(remains(kernel, one, other)).toEqual([]);
  });

  it.each(['udp', 'tcp'] as const)(
    'talks through its relay over %s where nothing else leads through',
    (transport) => {
      const { kernel, network, server, one, other } = bench({
        turn: { ...TURN, transport },
        rtcpMux: 'require',
      });
      const call = one.phone.call(other.uri);
      kernel.run({}, () => call.state === 'progress');
      for (const [from, to] of [
        ['one', 'other'],
        ['other', 'one'],
      ] as const) {
        network.link(from, to).partition();
      }
      kernel.run({ untilUs: kernel.now + 10_000_000 }, () => call.mediaState === 'ready');
      expect(call.mediaState).toBe('ready');
      expect(call.transport?.selected()?.local).toMatchObject({
        type: 'relay',
        address: { ip: TURN.server },
      });
      network.heal('one', 'other');
      kernel.run({}, () => call.state === 'up');
      pass(kernel, 1000);
      expect(other.calls[0]?.heard).toMatchObject({ lost: 0, sources: [{ stream: call.voice?.stream }] });
      expect(server.openAllocations).toBe(1);
      call.hangUp();
      kernel.run();
      expect(server.openAllocations).toBe(0);
      server.close();
      expect(remains(kernel, one, other)).toEqual([]);
    },
  );

  it('talks over TCP from behind a firewall that lets no UDP out but signalling, by its active candidate (RFC 6544)', () => {
    const { kernel, network } = laboratory();
    network.addNat({
      name: 'nat',
      inside: { realm: 'home', ip: '192.168.1.1' },
      outside: { realm: 'test', ip: '203.0.113.1' },
      firewall: { udp: [5060] },
    });
    const media = (tcp: 'active' | 'all', realm: string) => webRtcProfile(realm, { tcp, rtcpMux: 'require' });
    const one = telephone(network, 'one', '192.168.1.2', media('active', 'home'));
    const other = telephone(network, 'other', '203.0.113.9', media('all', 'test'));
    const call = one.phone.call(other.uri);
    expect(types(call)).toEqual(['udp host', 'tcp host']);
    kernel.run({}, () => call.mediaState === 'flowing');
    pass(kernel, 1000);
    const incoming = other.calls[0];
    expect(incoming && types(incoming)).toEqual(['udp host', 'tcp host', 'tcp host', 'tcp host']);
    expect(call.transport?.selected()?.remote).toMatchObject({ transport: 'tcp', tcpType: 'passive' });
    expect(incoming?.heard).toMatchObject({ lost: 0, sources: [{ stream: call.voice?.stream, missing: 0 }] });
    expect(call.heard).toMatchObject({ lost: 0, sources: [{ stream: incoming?.voice?.stream, missing: 0 }] });
    call.hangUp();
    kernel.run();
    expect(remains(kernel, one, other)).toEqual([]);
  });

  it('goes without servers that do not answer, or that nobody has the name of', () => {
    const { kernel, network, server, one, other } = bench({
      stunServer: 'stun.nowhere.example',
      turn: { ...TURN, server: '10.0.0.200' },
    });
    const call = one.phone.call(other.uri);
    kernel.run({}, () => call.state === 'up');
    expect(network.hosts.length).toBe(3);
    expect(types(call)).toEqual(['udp host', 'udp host']);
    call.hangUp();
    kernel.run();
    server.close();
    expect(remains(kernel, one, other)).toEqual([]);
  });

  it('gives everything up when it hangs up while it still looks for addresses', () => {
    const { kernel, server, one, other } = bench({
      stunServer: '10.0.0.200',
      turn: { ...TURN, server: '10.0.0.201' },
    });
    const call = one.phone.call(other.uri);
    pass(kernel, 1000);
    expect(call.state).toBe('preparing');
    call.hangUp();
    expect(call.state).toBe('ended');
    kernel.run();
    server.close();
    expect(remains(kernel, one, other)).toEqual([]);
  });
});
