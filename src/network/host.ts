import type { ActorRefFrom, AnyActorLogic } from 'xstate';
import { type Kernel, RandomStream, type SpawnOptions, spawn, type Timer } from '../kernel/index.js';
import type { Endpoint, MessageRecord, TraceBody } from '../trace/index.js';
import type { Network } from './network.js';
import { NetworkInterface } from './network-interface.js';
import type { TcpConnection } from './tcp.js';
import type { UdpSocket } from './udp.js';

/** What a host is. */
export interface HostSpec {
  /** Unique in the network; not containing `>`, `/`, `#` or `,`, which have a meaning in names of links and tapes. */
  readonly name: string;
  /** Functional entity, such as `WIC` or `eP-CSCF`. */
  readonly role: string;
  /** IPv4 or IPv6 address by realm. Behind a translator, `Host` takes the name of the realm before it for this one too. */
  readonly addresses: Readonly<Record<string, string>>;
  /** DNS name. */
  readonly domain?: string;
  /** Further names under which it is found, such as the domain it serves. */
  readonly aliases?: readonly string[];
}

/** A machine in the network: its sockets, its actors, its clock, and its part in the trace. */
export class Host {
  readonly name: string;
  readonly role: string;
  readonly domain: string | undefined;
  readonly network: Network;
  readonly kernel: Kernel;
  readonly interfaces: readonly NetworkInterface[];
  /** One a purpose: a handful, among which looking through is quick, and which a table would take twice the memory for. */
  #streams: readonly RandomStream[] = [];
  #numbers: Map<string, number> | undefined;

  /** @param firstNumber number of its first address; the others follow */
  constructor(network: Network, spec: HostSpec, firstNumber: number, Interface = NetworkInterface) {
    this.name = spec.name;
    this.role = spec.role;
    this.domain = spec.domain;
    this.network = network;
    this.kernel = network.kernel;
    this.interfaces = Object.entries(spec.addresses).map(
      ([realm, ip], index) => new Interface(this, realm, ip, firstNumber + index),
    );
  }

  /** Whether the run keeps a trace, so that messages are worth describing. */
  get tracing(): boolean {
    return this.kernel.trace !== undefined;
  }

  /**
   * The host's address in a realm.
   *
   * @throws Error when it has none there
   */
  address(realm: string): string {
    return this.#interface(realm).ip;
  }

  /**
   * Opens a UDP socket.
   *
   * @param port 1 to 65535, or `undefined` for a dynamic one
   * @throws Error when the port is in use
   */
  udp(
    realm: string,
    port: number | undefined,
    onDatagram: (data: Uint8Array, from: Endpoint) => void,
  ): UdpSocket {
    return this.#interface(realm).udp(port, onDatagram);
  }

  /** Whether a UDP port is in use. */
  usesUdp(realm: string, port: number): boolean {
    return this.#interface(realm).usesUdp(port);
  }

  /**
   * Takes TCP connections on a port. `accept` attaches the handlers.
   *
   * @throws Error when the port is in use
   */
  listen(
    realm: string,
    port: number,
    accept: (connection: TcpConnection) => void,
  ): { readonly local: Endpoint; close(): void } {
    return this.#interface(realm).listen(port, accept);
  }

  /**
   * Opens a TCP connection; how that goes shows in its `onOpen` and `onClose`.
   *
   * @param localPort 1 to 65535, which may be one that is listened on, as a simultaneous open needs; default a dynamic one
   * @throws Error when there is a connection between these two ports already
   */
  connect(realm: string, to: Endpoint, localPort?: number): TcpConnection {
    return this.#interface(realm).connect(to, localPort);
  }

  /** Starts a machine on this host; see the kernel's `spawn`. */
  spawn<TLogic extends AnyActorLogic>(logic: TLogic, options: SpawnOptions<TLogic>): ActorRefFrom<TLogic> {
    return spawn(this.kernel, this.name, logic, options);
  }

  /** Runs `run` after a delay in microseconds; the trace shows the timer when it fires. */
  schedule(delayUs: number, run: () => void): Timer {
    if (!this.tracing) return this.kernel.schedule(delayUs, this.name, run);
    const body = { kind: 'timer', afterUs: Math.max(0, Math.round(delayUs)) } as const;
    return this.kernel.schedule(delayUs, this.name, () => this.kernel.recordAndRun(this.name, body, run));
  }

  cancel(timer: Timer): void {
    this.kernel.cancel(timer);
  }

  /** This host's random stream for a purpose. */
  random(purpose: string): RandomStream {
    for (const known of this.#streams) if (known.label === purpose) return known;
    const stream = new RandomStream(this.kernel.seed, `${this.name} ${purpose}`, purpose);
    // concat leaves no room for more, a spread does
    this.#streams = this.#streams.concat(stream);
    return stream;
  }

  /** Counts things of a kind on this host, from 1: names of actors and flows are made of it. */
  nextNumber(kind: string): number {
    this.#numbers ??= new Map();
    const number = (this.#numbers.get(kind) ?? 0) + 1;
    this.#numbers.set(kind, number);
    return number;
  }

  /** Adds to the trace; returns the event's id, 0 without a trace. */
  record(body: TraceBody): number {
    return this.kernel.record(this.name, body);
  }

  /** Records that requirements of the catalogue are being met here. */
  realises(...ids: string[]): void {
    if (this.tracing) this.record({ kind: 'requirement', ids });
  }

  /** Records a message and runs `send` as its consequence. */
  sendMessage(message: MessageRecord, send: () => void): void {
    this.kernel.recordAndRun(this.name, { kind: 'message.sent', message }, send);
  }

  /** Records the receipt of a message and runs `handle` as its consequence. */
  receiveMessage(message: MessageRecord, handle: () => void): void {
    this.kernel.recordAndRun(this.name, { kind: 'message.received', message }, handle);
  }

  /** Records bytes that could not be read as a message. */
  reject(protocol: string, reason: string, offset?: number): void {
    if (!this.tracing) return;
    const base = { kind: 'message.rejected', protocol, reason } as const;
    this.record(offset === undefined ? base : { ...base, offset });
  }

  /** Listeners, UDP sockets, and TCP connections that are not closed. */
  get openSockets(): number {
    return this.interfaces.reduce((sum, { openSockets }) => sum + openSockets, 0);
  }

  /** {@link openSockets} one by one as text, for the report of a leak. */
  describeSockets(): string[] {
    return this.interfaces.flatMap((one) => one.describeSockets());
  }

  #interface(realm: string): NetworkInterface {
    const found =
      this.interfaces.find((one) => one.realm === realm) ??
      this.interfaces.find((one) => this.network.leadsTo(one.realm, realm));
    if (found === undefined) throw new Error(`${this.name} has no address in realm ${realm}`);
    return found;
  }
}
