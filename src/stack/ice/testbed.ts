import { Kernel, type KernelOptions, listChoices, seededChoices } from '../../kernel/index.js';
import { type Host, Network, type NetworkOptions, type UdpSocket } from '../../network/index.js';
import type { Endpoint } from '../../trace/index.js';
import { parseStun, serializeStun } from '../../wire/stun/index.js';
import { IceAgent, udpBase } from './index.js';
import type {
  IceAgentOptions,
  IceBase,
  IceBaseHandler,
  RelayAllocation,
  RelayGatherer,
  RemoteDescription,
} from './types.js';

/** Two hosts 20 ms apart, and a third for servers. */
export interface Bed {
  readonly kernel: Kernel;
  readonly network: Network;
  readonly left: Host;
  readonly right: Host;
  readonly server: Host;
}

/** @param tape what happens to packets, in the order in which they are sent; then nothing does */
export function bed(
  options: NetworkOptions = {},
  tape: readonly number[] = [],
  kernelOptions: KernelOptions = {},
): Bed {
  const kernel = new Kernel({
    trace: true,
    choices: listChoices(tape, seededChoices(1)),
    ...kernelOptions,
  });
  const network = new Network(kernel, options);
  const left = network.addHost({ name: 'left', role: 'WIC', addresses: { access: '10.0.0.1' } });
  const right = network.addHost({ name: 'right', role: 'AGW', addresses: { access: '10.0.0.2' } });
  const server = network.addHost({ name: 'server', role: 'STUN', addresses: { access: '192.0.2.9' } });
  return { kernel, network, left, right, server };
}

/** An agent and what it told. */
export interface Told {
  readonly agent: IceAgent;
  readonly events: string[];
  /** First bytes behind 0x80 of what came in, by component. */
  readonly data: string[];
}

/** Makes an agent with one UDP base a component, from port 5000 up, unless it is told others. */
export function makeAgent(host: Host, options: Partial<IceAgentOptions> = {}): Told {
  const events: string[] = [];
  const data: string[] = [];
  const { components = 1 } = options;
  const bases = Array.from({ length: components }, (_, i) => i + 1).map(
    (component) => () => udpBase(host, { realm: 'access', port: 5000 + component - 1, component }),
  );
  const agent: IceAgent = new IceAgent(host, {
    id: 'ice',
    onSelected: (component, { local, remote }) => {
      events.push(`selected ${component} ${local.type} ${show(local.address)} ${show(remote.address)}`);
    },
    onFailed: (reason) => events.push(`failed: ${reason}`),
    onConsentLost: (component, why) => events.push(`consent ${component} ${why}`),
    onGathered: () => events.push('gathered'),
    onData: (component, bytes) => data.push(`${component} ${bytes[1]}`),
    ...options,
    bases: options.bases ?? bases.map((make) => make()),
  });
  return { agent, events, data };
}

export const show = ({ ip, port }: Endpoint): string => `${ip}:${port}`;

/** What an agent would say of itself in an offer or answer. */
export function describe(agent: IceAgent, changes: Partial<RemoteDescription> = {}): RemoteDescription {
  return { ...agent.credentials, candidates: agent.localCandidates, options: agent.iceOptions, ...changes };
}

/** Exchanges descriptions and starts both agents. */
export function connect(
  a: IceAgent,
  b: IceAgent,
  ofA: Partial<RemoteDescription> = {},
  ofB: Partial<RemoteDescription> = {},
): void {
  const first = describe(a, ofA);
  const second = describe(b, ofB);
  a.addRemote(second);
  b.addRemote(first);
  a.start();
  b.start();
}

/** Lets `ms` of virtual time pass; throws if the run fails. */
export function pass({ kernel }: Bed, ms: number): void {
  const outcome = kernel.run({ untilUs: kernel.now + ms * 1000 });
  if (outcome.failure !== undefined) throw new Error(outcome.failure.reason);
}

/** Whether both ends can send to each other. */
export function carries(it: Bed, a: Told, b: Told, component = 1): boolean {
  a.data.length = 0;
  b.data.length = 0;
  const rtp = Uint8Array.of(0x80, 7);
  if (!a.agent.send(component, rtp) || !b.agent.send(component, rtp)) return false;
  pass(it, 100);
  return [a, b].every(({ data }) => data.length === 1 && data[0] === `${component} 7`);
}

/** Closes agents, lets what is on its way arrive, and says what is left. */
export function leftovers(it: Bed, ...agents: readonly IceAgent[]): string[] {
  for (const agent of agents) agent.close();
  const timers = it.kernel.pending;
  pass(it, 10_000);
  const unexpected = (it.kernel.trace?.of('unexpected') ?? []).map(
    ({ body: { machine, state, event } }) => `${machine}: ${event} in ${state}`,
  );
  const sockets = it.network.hosts.flatMap((host) => host.describeSockets());
  const pending = it.kernel.pending === 0 ? [] : [`${it.kernel.pending} of ${timers} timers`];
  return [...pending, ...sockets, ...unexpected];
}

/** Reasons why STUN was rejected, with the host. */
export function rejected({ kernel }: Bed): string[] {
  const events = kernel.trace?.of('message.rejected') ?? [];
  return [...new Set(events.map(({ entity, body }) => `${entity}: ${body.reason}`))];
}

/** What can be seen of all STUN packets: who sent it, class, USE-CANDIDATE, error. */
export function stunPackets({ kernel }: Bed): string[] {
  return (kernel.trace?.of('packet.sent') ?? []).flatMap(({ body: { packet } }) => {
    const read = parseStun(packet.data);
    if (!read.ok) return [];
    const { attributes, class: kind } = read.value;
    const words = attributes.flatMap((one) =>
      one.name === 'USE-CANDIDATE' ? ['use'] : one.name === 'ERROR-CODE' ? [String(one.code)] : [],
    );
    return [[packet.from, kind, ...words].join(' ')];
  });
}

/** A base behind a NAT: its packets leave from a port of another host, and its candidate knows nothing of that. */
export class NattedBase implements IceBase {
  readonly component = 1;
  readonly type = 'host';
  readonly transport = 'udp';
  readonly address: Endpoint;
  handler: IceBaseHandler | undefined;
  readonly #nat: Host;
  #socket: UdpSocket;

  constructor(nat: Host, address: Endpoint, port: number) {
    this.#nat = nat;
    this.address = address;
    this.#socket = this.#open(port);
  }

  /** Gives the base another port outside. */
  rebind(port: number): void {
    this.#socket.close();
    this.#socket = this.#open(port);
  }

  send(bytes: Uint8Array, to: Endpoint): void {
    this.#socket.send(bytes, to);
  }

  close(): void {
    this.#socket.close();
  }

  #open(port: number): UdpSocket {
    return this.#nat.udp('access', port, (bytes, from) => this.handler?.onPacket(bytes, from));
  }
}

/** A STUN server (RFC 8489 12); `close` it in the end. */
export function stunServer(host: Host, port = 3478): UdpSocket {
  const socket: UdpSocket = host.udp('access', port, (bytes, from) => {
    const read = parseStun(bytes);
    if (!read.ok || read.value.class !== 'request') return;
    const { transactionId } = read.value;
    const mapped = { name: 'XOR-MAPPED-ADDRESS', ip: from.ip, port: from.port } as const;
    const answer = { class: 'success', method: 1, transactionId, attributes: [mapped] } as const;
    socket.send(serializeStun(answer, { fingerprint: true }), from);
  });
  return socket;
}

/** A relay that gives addresses of a host, as a TURN client would hand them on. */
export function relayAt(host: Host, firstPort: number, local?: Endpoint, mapped?: Endpoint): RelayGatherer {
  let port = firstPort;
  return {
    server: host.address('access'),
    allocate(done) {
      host.schedule(40_000, () => {
        const relay: UdpSocket = host.udp('access', port++, (bytes, from) =>
          allocation.onData?.(bytes, from),
        );
        const allocation: RelayAllocation = {
          relayed: relay.local,
          mapped: mapped ?? { ip: '203.0.113.1', port: 1234 },
          ...(local === undefined ? {} : { local }),
          onData: undefined,
          send: (bytes, peer) => relay.send(bytes, peer),
          close: () => relay.close(),
        };
        done(allocation);
      });
    },
    close() {},
  };
}
