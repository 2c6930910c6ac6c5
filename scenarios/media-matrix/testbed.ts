import { Kernel, seededChoices } from '../../src/kernel/index.js';
import {
  type FirewallRules,
  type Host,
  type LinkProfile,
  type NatDependence,
  Network,
} from '../../src/network/index.js';
import { type IceBase, type SelectedPair, tcpBase, udpBase } from '../../src/stack/ice/index.js';
import { listedPasswords, TurnClient, TurnServer } from '../../src/stack/turn/index.js';
import {
  hostCertificate,
  type IcePart,
  type LocalTransport,
  type RemoteTransport,
  SecureTransport,
} from '../../src/stack/webrtc/index.js';

/** What both ends can do, or what the WIC can ask, besides UDP host candidates and a STUN server. */
export type Means = 'TURN UDP' | 'TURN TCP' | 'ICE-TCP';

/** How a translator behaves (RFC 4787 4.1, 5). */
export interface NatType {
  readonly mapping: NatDependence;
  readonly filtering: NatDependence;
}

/** One set-up of a media stream between a WIC that offers and a gateway that answers. */
export interface SetUp {
  readonly means?: readonly Means[];
  /** Before the WIC, which asks a STUN server then. Default: the WIC has a public address. */
  readonly nat?: NatType & { readonly firewall?: FirewallRules };
  /** Before a full gateway, which asks a STUN server then. Default: the gateway has a public address. */
  readonly gatewayNat?: NatType;
  readonly gateway: 'lite' | 'full';
  readonly mux: boolean;
  /** Default: regular nomination of RFC 8445. */
  readonly aggressive?: boolean;
  /** How long the WIC gathers at most. Default: until every server has answered or been given up. */
  readonly gatheringMs?: number;
  /** Of the links between public addresses. Default: 15 ms, and nothing is lost. */
  readonly link?: Partial<LinkProfile>;
  /** What losses are drawn from. Default 1. */
  readonly losses?: number;
}

/** What became of it. */
export interface Outcome {
  /** `prflx→host udp` as the WIC sees it; absent if there is none. */
  readonly pair?: string;
  /** From the first question to a server to the exchange of candidates. */
  readonly gatheredMs: number;
  /** From there to keys at both ends; absent if an end has given up. */
  readonly keysMs?: number;
  /** Why it has, and when. */
  readonly failure?: { readonly reason: string; readonly afterMs: number };
  /** What was left when both ends had closed: sockets, allocations, whatever waits. */
  readonly leftovers: readonly string[];
}

const PASSWORDS = { wic: 'secret' };
const STEP_US = 100_000;

/** More than gathering and checks of two components take that fail one after the other, 39.5 s each, and a DTLS handshake. */
const MOST_MS = 400_000;

/** An end, with what has happened to it, in milliseconds of virtual time. */
class End {
  readonly transport: SecureTransport;
  gatheredMs: number | undefined;
  readyMs: number | undefined;
  failure: { readonly reason: string; readonly atMs: number } | undefined;

  constructor(
    host: Host,
    setup: 'actpass' | 'passive',
    mux: boolean,
    bases: readonly IceBase[],
    ice: IcePart,
  ) {
    const now = (): number => host.kernel.now / 1000;
    this.transport = new SecureTransport(host, {
      id: 'media/1',
      bases,
      ice,
      certificate: hostCertificate(host),
      setup,
      rtcpMux: mux ? 'require' : 'none',
      onGathered: () => {
        this.gatheredMs = now();
      },
      onReady: () => {
        this.readyMs = now();
      },
      onFailed: (by, reason) => {
        this.failure = { reason: `${by.toUpperCase()}: ${reason}`, atMs: now() };
      },
    });
    this.transport.gather();
  }

  get isGathered(): boolean {
    return this.gatheredMs !== undefined;
  }

  get isDecided(): boolean {
    return this.readyMs !== undefined || this.failure !== undefined;
  }
}

/** Sets a stream up and closes it again. */
export function setUp(cell: SetUp): Outcome {
  const { means = [], nat, gatewayNat, mux } = cell;
  // keys are drawn from the seed, which is always the same, so that they are computed but once; losses from numbers of their own
  const kernel = new Kernel({ seed: 1, choices: seededChoices(cell.losses ?? 1) });
  const network = makeNetwork(kernel, cell);
  const host = (name: string, role: string, addresses: Record<string, string>): Host =>
    network.addHost({ name, role, addresses });
  const wic = host('wic', 'WIC', nat === undefined ? { net: '203.0.113.2' } : { home: '192.168.1.2' });
  const gateway = host(
    'eims-agw',
    'eIMS-AGW',
    gatewayNat === undefined ? { net: '192.0.2.10' } : { site: '10.0.0.2' },
  );
  const server = new TurnServer(host('turn', 'TURN', { net: '198.51.100.1' }), {
    realm: 'net',
    domain: 'home1.net',
    passwords: listedPasswords(PASSWORDS),
  });
  const components = mux ? [1] : [1, 2];
  const bases = (of: Host, tcpType: 'active' | 'passive', firstPort: number): IceBase[] =>
    components.flatMap((component) => {
      const port = firstPort + component - 1;
      const tcp = tcpType === 'active' ? { tcpType } : { tcpType, port };
      return [
        udpBase(of, { realm: 'net', port, component }),
        ...(means.includes('ICE-TCP') ? [tcpBase(of, { realm: 'net', component, ...tcp })] : []),
      ];
    });
  const relays = (['udp', 'tcp'] as const)
    .filter((transport) => means.includes(transport === 'udp' ? 'TURN UDP' : 'TURN TCP'))
    .flatMap((transport) =>
      components.map((component) => ({
        component,
        gatherer: new TurnClient(wic, {
          realm: 'net',
          server: server.local,
          transport,
          credentials: { username: 'wic', password: PASSWORDS.wic },
        }),
      })),
    );
  const old = cell.aggressive ? ({ specification: 'rfc5245', nomination: 'aggressive' } as const) : {};
  const asks = (behind: NatType | undefined): IcePart =>
    behind === undefined ? old : { ...old, stunServers: [server.local] };
  const one = new End(wic, 'actpass', mux, bases(wic, 'active', 50_000), {
    ...asks(nat),
    role: 'controlling',
    relays,
    ...(cell.gatheringMs === undefined ? {} : { gatheringMs: cell.gatheringMs }),
  });
  const other = new End(gateway, 'passive', mux, bases(gateway, 'passive', 40_000), {
    ...asks(gatewayNat),
    full: cell.gateway === 'full',
  });

  runUntil(kernel, () => one.isGathered && other.isGathered, 1000);
  const toldMs = kernel.now / 1000;
  other.transport.setRemote(told(one.transport.local));
  one.transport.setRemote(told(other.transport.local));
  const isOver = (): boolean =>
    one.failure !== undefined || other.failure !== undefined || (one.isDecided && other.isDecided);
  runUntil(kernel, isOver, STEP_US);

  const selected = one.transport.selected();
  const failure = one.failure ?? other.failure;
  const readyMs = Math.max(one.readyMs ?? Number.NaN, other.readyMs ?? Number.NaN);
  for (const { transport } of [one, other]) transport.close();
  const leftovers = close(kernel, network, server);
  return {
    ...(selected === undefined ? {} : { pair: describePair(selected) }),
    gatheredMs: toldMs,
    ...(failure === undefined && !Number.isNaN(readyMs) ? { keysMs: readyMs - toldMs } : {}),
    ...(failure === undefined ? {} : { failure: { reason: failure.reason, afterMs: failure.atMs - toldMs } }),
    leftovers,
  };
}

function makeNetwork(kernel: Kernel, { nat, gatewayNat, link }: SetUp): Network {
  const network = new Network(kernel, {
    realms: { home: { latencyUs: 5_000 }, site: { latencyUs: 5_000 }, net: { latencyUs: 15_000, ...link } },
  });
  const translators = [
    { name: 'nat', inside: { realm: 'home', ip: '192.168.1.1' }, ip: '203.0.113.1', spec: nat },
    { name: 'gateway-nat', inside: { realm: 'site', ip: '10.0.0.1' }, ip: '203.0.113.9', spec: gatewayNat },
  ];
  for (const { name, inside, ip, spec } of translators) {
    const outside = { realm: 'net', ip };
    if (spec !== undefined) network.addNat({ name, inside, outside, portPreservation: false, ...spec });
  }
  return network;
}

/** Runs until a condition holds, which is looked at that often, or nothing more is to be expected. */
function runUntil(kernel: Kernel, isOver: () => boolean, stepUs: number): void {
  for (let us = kernel.now; !isOver() && us <= MOST_MS * 1000; us += stepUs) kernel.run({ untilUs: us });
}

/** Closes the server once the ends have had their time to, and tells what is left. */
function close(kernel: Kernel, network: Network, server: TurnServer): string[] {
  kernel.run({ untilUs: kernel.now + 60_000_000 });
  const { openAllocations } = server;
  server.close();
  const { status } = kernel.run();
  return [
    ...(kernel.failure === undefined ? [] : [kernel.failure.reason]),
    ...(status === 'idle' ? [] : [status]),
    ...(openAllocations === 0 ? [] : [`${openAllocations} allocations`]),
    ...network.hosts.flatMap((host) => host.describeSockets()),
  ];
}

function told({ rtcpMux, fingerprint, setup, ...local }: LocalTransport): RemoteTransport {
  const { ufrag, pwd, candidates, lite, options } = local;
  return {
    ice: { ufrag, pwd, candidates, lite, options },
    fingerprints: [fingerprint],
    setup,
    rtcpMux: rtcpMux !== 'none',
  };
}

function describePair({ local, remote }: SelectedPair): string {
  return `${local.type}→${remote.type} ${local.transport}`;
}
