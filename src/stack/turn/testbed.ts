import {
  Kernel,
  type KernelOptions,
  listChoices,
  parseTape,
  seededChoices,
  tapeChoices,
} from '../../kernel/index.js';
import { type Host, type Nat, type NatSpec, Network, type NetworkOptions } from '../../network/index.js';
import type { Endpoint } from '../../trace/index.js';
import { parseStun, type StunAttribute } from '../../wire/stun/index.js';
import type { RelayAllocation } from '../ice/index.js';
import { ClientRequests, type RequestResult } from './client-requests.js';
import { type ClientTransport, openTransport } from './client-transport.js';
import {
  listedPasswords,
  TurnClient,
  type TurnClientOptions,
  TurnServer,
  type TurnServerOptions,
} from './index.js';

/** Passwords of the users of the tests. */
export const USERS = { alice: 'wonderland', bob: 'builder' };
const CREDENTIALS = { username: 'alice', password: USERS.alice };

/** How a test is set up. */
export interface TurnTestbedOptions {
  readonly server?: Partial<TurnServerOptions>;
  readonly network?: NetworkOptions;
  readonly nat?: Partial<NatSpec>;
  /** Choices as `parseTape` reads them, or numbers taken in order. */
  readonly tape?: string | readonly number[];
  readonly kernel?: KernelOptions;
  /** Further addresses of the server. */
  readonly serverAddresses?: Readonly<Record<string, string>>;
}

/** A client, perhaps behind a translator, a server, and two peers with a port each; 5 ms from one to the other. */
export function turnTestbed(options: TurnTestbedOptions = {}) {
  const { tape = '' } = options;
  const seeded = seededChoices(options.kernel?.seed ?? 1);
  const entries = typeof tape === 'string' ? parseTape(tape) : [];
  if (typeof entries === 'string') throw new Error(entries);
  const choices = typeof tape === 'string' ? tapeChoices(entries, seeded) : listChoices(tape, seeded);
  const kernel = new Kernel({ choices, trace: true, ...options.kernel });
  const network = new Network(kernel, options.network);
  const add = (name: string, addresses: Record<string, string>): Host =>
    network.addHost({ name, role: name, addresses });
  let nat: Nat | undefined;
  if (options.nat !== undefined) {
    const inside = { realm: 'home', ip: '192.168.1.1' };
    const outside = { realm: 'net', ip: '203.0.113.1', pool: ['203.0.113.2'] };
    nat = network.addNat({ name: 'nat', inside, outside, ...options.nat });
  }
  const ue = add('ue', options.nat === undefined ? { net: '203.0.113.9' } : { home: '192.168.1.2' });
  const turn = add('turn', { net: '198.51.100.1', ...options.serverAddresses });
  const server = new TurnServer(turn, {
    realm: 'net',
    domain: 'home1.net',
    passwords: listedPasswords(USERS),
    ...options.server,
  });
  const peers = ['198.51.100.2', '198.51.100.3'].map((ip, i) => new Peer(add(`peer${i + 1}`, { net: ip })));
  const client = (more: Partial<TurnClientOptions> = {}): TurnClient =>
    new TurnClient(ue, { realm: 'net', server: server.local, credentials: CREDENTIALS, ...more });
  const run = (ms = 1000): void => {
    kernel.schedule(ms * 1000, '', () => {});
    kernel.run({ untilUs: kernel.now + ms * 1000 });
    if (kernel.failure !== undefined) throw new Error(kernel.failure.reason);
  };
  return {
    kernel,
    network,
    nat,
    ue,
    turn,
    server,
    peer: peers[0] as Peer,
    other: peers[1] as Peer,
    client,
    run,
    /** Allocates and waits for it. */
    allocate: (more: Partial<TurnClientOptions> = {}) => new Relay(client(more), run),
    /** Requests of a client of which nothing else is there, with answers as they are. */
    requester: (more: Partial<TurnClientOptions> & { readonly path?: RequestPath } = {}) => {
      const { transport = 'udp', credentials = CREDENTIALS } = more;
      const path = more.path ?? new RequestPath(ue, server.local, transport);
      const requests = new ClientRequests(ue, path.transport, credentials);
      path.requests.push(requests);
      return {
        path,
        ask: (method: number, ...attributes: StunAttribute[]): RequestResult | undefined => {
          let result: RequestResult | undefined;
          requests.send(method, attributes, (one) => {
            result = one;
          });
          run();
          return result;
        },
      };
    },
    /** What is still there at the end of a test. */
    leftovers: (): string[] => [
      ...network.hosts.flatMap((host) => host.describeSockets()),
      ...(kernel.pending === 0 ? [] : [`${kernel.pending} timers`]),
    ],
  };
}

/** A 5-tuple on which requests of several users may go. */
export class RequestPath {
  readonly transport: ClientTransport;
  readonly requests: ClientRequests[] = [];

  constructor(ue: Host, server: Endpoint, transport: 'udp' | 'tcp') {
    this.transport = openTransport(ue, 'net', transport, server, {
      onMessage: (bytes) => {
        const read = parseStun(bytes);
        if (read.ok) for (const one of this.requests) one.receive(bytes, read.value);
      },
      onBroken: () => {},
    });
  }

  get local(): Endpoint {
    return this.transport.local;
  }

  send(bytes: Uint8Array): void {
    this.transport.send(bytes);
  }

  close(): void {
    this.transport.close();
  }
}

/** A UDP port that remembers what it got. */
export class Peer {
  readonly host: Host;
  readonly got: { readonly text: string; readonly from: Endpoint }[] = [];
  readonly #socket: ReturnType<Host['udp']>;

  constructor(host: Host, port = 7000) {
    this.host = host;
    this.#socket = host.udp('net', port, (data, from) => this.got.push({ text: textOf(data), from }));
  }

  get local(): Endpoint {
    return this.#socket.local;
  }

  get texts(): string[] {
    return this.got.map(({ text }) => text);
  }

  send(text: string, to: Endpoint): void {
    this.#socket.send(bytesOf(text), to);
  }

  close(): void {
    this.#socket.close();
  }
}

/** An allocation that remembers what came of it. */
export class Relay {
  readonly client: TurnClient;
  readonly results: (RelayAllocation | string)[] = [];
  readonly got: string[] = [];
  readonly lost: string[] = [];

  constructor(client: TurnClient, run: (ms?: number) => void, ms?: number) {
    this.client = client;
    client.allocate((result) => {
      this.results.push(result);
      if (typeof result === 'string') return;
      result.onData = (data, from) => this.got.push(`${textOf(data)} from ${from.ip}:${from.port}`);
      result.onLost = (reason) => this.lost.push(reason);
    });
    run(ms);
  }

  get allocation(): RelayAllocation {
    const [result] = this.results;
    if (result === undefined || typeof result === 'string') throw new Error(`no allocation: ${result}`);
    return result;
  }

  get relayed(): Endpoint {
    return this.allocation.relayed;
  }

  send(text: string, to: Endpoint): void {
    this.allocation.send(bytesOf(text), to);
  }
}

export const bytesOf = (text: string): Uint8Array => new TextEncoder().encode(text);
export const textOf = (data: Uint8Array): string => new TextDecoder().decode(data);
