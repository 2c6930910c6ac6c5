import { createSocket, type Socket } from 'node:dgram';
import { describe, expect, it } from 'vitest';
import { Candidate, Connection } from 'werift';
import type { Endpoint } from '../../trace/index.js';
import { parseCandidate, serializeCandidate } from '../../wire/sdp/index.js';
import { fromSdpCandidate, IceAgent, toSdpCandidate } from './index.js';
import { bed, leftovers } from './testbed.js';
import type { IceAgentOptions, IceBase, IceBaseHandler, IceCandidate } from './types.js';

/** A base on a UDP socket of this machine. */
class LoopbackBase implements IceBase {
  readonly component = 1;
  readonly type = 'host';
  readonly transport = 'udp';
  readonly address: Endpoint;
  handler: IceBaseHandler | undefined;
  readonly received: { readonly bytes: Uint8Array; readonly from: Endpoint }[] = [];
  readonly #socket: Socket;

  private constructor(socket: Socket) {
    this.#socket = socket;
    this.address = { ip: '127.0.0.1', port: socket.address().port };
    socket.on('message', (bytes, { address, port }) => {
      this.received.push({ bytes: new Uint8Array(bytes), from: { ip: address, port } });
    });
  }

  static async open(): Promise<LoopbackBase> {
    const socket = createSocket('udp4');
    await new Promise<void>((resolve) => socket.bind(0, '127.0.0.1', resolve));
    return new LoopbackBase(socket);
  }

  send(bytes: Uint8Array, to: Endpoint): void {
    this.#socket.send(bytes, to.port, to.ip);
  }

  close(): void {
    this.#socket.close();
  }
}

interface Pairing {
  readonly ours: Partial<IceAgentOptions>;
  readonly theirs: { readonly controlling: boolean; readonly lite?: boolean };
}

/** Runs both until each has sent the other a packet, virtual time following the clock of this machine. */
async function meet({ ours, theirs }: Pairing): Promise<{ received: string[]; roles: string[] }> {
  const it = bed();
  const base = await LoopbackBase.open();
  const received: string[] = [];
  const agent = new IceAgent(it.left, {
    id: 'ice',
    ...ours,
    bases: [base],
    onData: (_, bytes) => received.push(`ours ${bytes[1]}`),
  });
  const peer = new Connection(theirs.controlling, {
    iceLite: theirs.lite === true,
    useIpv4: false,
    useIpv6: false,
    additionalHostAddresses: ['127.0.0.1'],
  });
  peer.onData.subscribe((data) => received.push(`theirs ${data[1]}`));
  const start = performance.now();
  const pump = setInterval(() => {
    for (const { bytes, from } of base.received.splice(0)) {
      it.kernel.schedule(0, 'left', () => base.handler?.onPacket(bytes, from));
    }
    it.kernel.run({ untilUs: Math.max(it.kernel.now, Math.round((performance.now() - start) * 1000)) });
  }, 1);
  const until = async (holds: () => boolean): Promise<void> => {
    for (let i = 0; i < 2000 && !holds(); i++) await new Promise((resolve) => setTimeout(resolve, 5));
    expect(holds()).toBe(true);
  };
  try {
    await peer.gatherCandidates();
    const { ufrag, pwd } = agent.credentials;
    peer.setRemoteParams({ iceLite: ours.full === false, usernameFragment: ufrag, password: pwd });
    for (const one of agent.localCandidates) {
      await peer.addRemoteCandidate(Candidate.fromSdp(serializeCandidate(toSdpCandidate(one))));
    }
    await peer.addRemoteCandidate(undefined);
    const candidates = peer.localCandidates.flatMap((one): IceCandidate[] => {
      const read = parseCandidate(one.toSdp());
      const candidate = read && fromSdpCandidate(read);
      return candidate === undefined ? [] : [candidate];
    });
    expect(candidates).toHaveLength(1);
    agent.addRemote({
      ufrag: peer.localUsername,
      pwd: peer.localPassword,
      candidates,
      lite: theirs.lite === true,
    });
    agent.start();
    const connected = peer.connect();
    await until(() => agent.state === 'Completed');
    await connected;
    expect(agent.send(1, Uint8Array.of(0x80, 1))).toBe(true);
    await peer.send(Buffer.from([0x80, 2]));
    await until(() => received.length === 2);
    expect(it.kernel.failure).toBeUndefined();
    return {
      received: received.sort(),
      roles: [agent.role, peer.iceControlling ? 'controlling' : 'controlled'],
    };
  } finally {
    clearInterval(pump);
    await peer.close();
    expect(leftovers(it, agent)).toEqual([]);
  }
}

describe("werift's agent", () => {
  const cases: Record<string, Pairing> = {
    'which controls, with our full one': { ours: {}, theirs: { controlling: true } },
    'which is controlled, with our full one': {
      ours: { role: 'controlling' },
      theirs: { controlling: false },
    },
    'which controls, with our lite one': { ours: { full: false }, theirs: { controlling: true } },
    'which is lite, with our full one': { ours: {}, theirs: { controlling: false, lite: true } },
    'which controls, as ours wants to': { ours: { role: 'controlling' }, theirs: { controlling: true } },
    'which is controlled, as ours wants to be': { ours: {}, theirs: { controlling: false } },
    'which is controlled, with our aggressive one of RFC 5245': {
      ours: { role: 'controlling', specification: 'rfc5245', nomination: 'aggressive' },
      theirs: { controlling: false },
    },
  };
  for (const [name, pairing] of Object.entries(cases)) {
    it(`${name}, selects a pair that carries data both ways`, async () => {
      const { received, roles } = await meet(pairing);
      expect(received).toEqual(['ours 2', 'theirs 1']);
      expect(new Set(roles)).toEqual(new Set(['controlling', 'controlled']));
    });
  }
});
