import type { ByteStream, Host } from '../../network/index.js';
import type { Endpoint } from '../../trace/index.js';
import { FrameReader, framePacket } from '../../wire/rfc4571/index.js';
import { DISCARD_PORT } from './candidate.js';
import type { IceBase, IceBaseHandler, TcpType } from './types.js';

/** Connections that one base opens to one address at a time (RFC 6544 12). */
const MOST_ATTEMPTS = 5;

/** Where a TCP base is, and which way its connections go. */
export interface TcpBaseOptions {
  readonly realm: string;
  readonly tcpType: TcpType;
  /** Needed by passive and simultaneous-open ones, which are also reached there. */
  readonly port?: number;
  /** Default 1. */
  readonly component?: number;
}

/** A connection to one peer address, or the wish for one. */
interface Path {
  readonly to: Endpoint;
  /** Absent while it waits its turn, or for the end of a handshake that the peer began. */
  stream: ByteStream | undefined;
  /** What is to be sent as soon as there is a connection. */
  readonly frames: Uint8Array[];
}

/**
 * A place in TCP as a base (RFC 6544): packets travel in frames of RFC 4571, over one connection a peer address. An active one
 * opens connections from new ports, a passive one takes them, a simultaneous-open one does both on the same port.
 */
export class TcpBase implements IceBase {
  readonly component: number;
  readonly type = 'host';
  readonly transport = 'tcp';
  readonly tcpType: TcpType;
  readonly address: Endpoint;
  handler: IceBaseHandler | undefined;
  readonly #host: Host;
  readonly #realm: string;
  readonly #listener: { close(): void } | undefined;
  readonly #paths = new Map<string, Path>();
  #closed = false;

  /** @throws Error when the host has no address in the realm, or the port is in use */
  constructor(host: Host, { realm, tcpType, port, component = 1 }: TcpBaseOptions) {
    this.#host = host;
    this.#realm = realm;
    this.component = component;
    this.tcpType = tcpType;
    const ip = host.address(realm);
    if (tcpType === 'active') {
      this.address = { ip, port: DISCARD_PORT };
    } else {
      if (port === undefined) throw new Error(`${host.name}: a ${tcpType} TCP base needs a port`);
      this.address = { ip, port };
      this.#listener = host.listen(realm, port, (stream) => this.#accept(stream));
    }
  }

  /** Connections that are open or under way. */
  get connections(): number {
    return this.#paths.size;
  }

  send(bytes: Uint8Array, to: Endpoint): void {
    if (this.#closed) return;
    const key = `${to.ip} ${to.port}`;
    let path = this.#paths.get(key);
    if (path === undefined) {
      if (this.tcpType === 'passive') {
        this.handler?.onUnreachable(to, 'the peer has opened no connection');
        return;
      }
      path = { to, stream: undefined, frames: [] };
      this.#paths.set(key, path);
      this.#open(path);
    }
    const frame = framePacket(bytes);
    if (path.stream === undefined) path.frames.push(frame);
    else path.stream.write(frame);
  }

  keep(remotes: readonly Endpoint[]): void {
    for (const path of [...this.#paths.values()]) {
      if (!remotes.some(({ ip, port }) => ip === path.to.ip && port === path.to.port)) this.#drop(path);
    }
  }

  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.handler = undefined;
    this.#listener?.close();
    this.keep([]);
  }

  #open(path: Path): void {
    const attempts = [...this.#paths.values()].filter(
      ({ to, stream }) => stream?.state === 'connecting' && to.ip === path.to.ip,
    );
    if (attempts.length >= MOST_ATTEMPTS) return;
    const port = this.tcpType === 'so' ? this.address.port : undefined;
    try {
      this.#use(path, this.#host.connect(this.#realm, path.to, port));
    } catch {
      // the peer's own SYN was first: its connection is handed over once the handshake has ended
    }
  }

  #accept(stream: ByteStream): void {
    const key = `${stream.remote.ip} ${stream.remote.port}`;
    let path = this.#paths.get(key);
    if (path === undefined) {
      path = { to: stream.remote, stream: undefined, frames: [] };
      this.#paths.set(key, path);
    }
    this.#use(path, stream);
  }

  #use(path: Path, stream: ByteStream): void {
    const reader = new FrameReader();
    path.stream = stream;
    stream.attach({
      onOpen: () => this.#openWaiting(),
      onData: (data) => {
        for (const packet of reader.push(data)) this.handler?.onPacket(packet, path.to);
      },
      onClose: (reason) => this.#lose(path, reason),
    });
    for (const frame of path.frames.splice(0)) stream.write(frame);
  }

  #lose(path: Path, reason: string): void {
    const key = `${path.to.ip} ${path.to.port}`;
    if (this.#paths.get(key) === path) this.#paths.delete(key);
    if (this.#closed) return;
    this.handler?.onUnreachable(path.to, `TCP connection ${reason}`);
    this.#openWaiting();
  }

  #openWaiting(): void {
    for (const path of this.#paths.values()) if (path.stream === undefined) this.#open(path);
  }

  #drop(path: Path): void {
    this.#paths.delete(`${path.to.ip} ${path.to.port}`);
    const { stream } = path;
    if (stream === undefined) return;
    stream.attach({ onData: () => {} });
    if (stream.state === 'connecting') stream.abort();
    else stream.close();
  }
}

/** Opens a place in TCP as a base; see {@link TcpBase}. */
export function tcpBase(host: Host, options: TcpBaseOptions): TcpBase {
  return new TcpBase(host, options);
}
