import type { Host } from '../../src/network/index.js';
import type { Endpoint } from '../../src/trace/index.js';
import {
  type Command,
  descriptor,
  type EventsDescriptor,
  makeError,
  propertyText,
  type StreamDescriptor,
  streamsOf,
} from '../../src/wire/megaco/index.js';
import {
  type Attribute,
  candidates,
  connectionOf,
  hasAttribute,
  type MediaDescription,
  makeAttribute,
  parseSdp,
  type SessionDescription,
  serializeSdp,
} from '../../src/wire/sdp/index.js';
import type { PortPool } from './port-pool.js';
import { StreamEnd } from './stream-end.js';

/** What the gateway as a whole lends to its contexts. */
export interface GatewayResources {
  readonly host: Host;
  /** Port pools by realm. */
  readonly ports: Readonly<Record<string, PortPool>>;
  /** Fingerprint of the gateway's certificate, `sha-256 AB:CD:...`. */
  readonly fingerprint: string;
}

/** One side of a call. */
interface Termination {
  readonly id: string;
  readonly realm: string;
  readonly streams: Map<number, StreamEnd>;
}

/** Characters of an ICE user fragment and password (RFC 8839 5.4: at least 4 and 22). */
const UFRAG_LENGTH = 8;
const PWD_LENGTH = 24;

/** The priority of the only host candidate: type preference 126, local preference 65535 (RFC 8445 5.1.2.1). */
const HOST_PRIORITY = 2_130_706_431;

/** A command the gateway cannot obey: an error code of H.248.8. */
export class CommandError extends Error {
  readonly code: number;

  constructor(code: number, text: string) {
    super(text);
    this.code = code;
  }
}

/** The terminations of one context and the streams that join them. Obeys commands; the machine beside it keeps its life. */
export class MediaContext {
  readonly id: number;
  readonly #resources: GatewayResources;
  readonly #terminations = new Map<string, Termination>();
  #terminationCount = 0;

  constructor(id: number, resources: GatewayResources) {
    this.id = id;
    this.#resources = resources;
  }

  /** The events descriptor that was set last, for its request id. */
  events: EventsDescriptor | undefined;

  get isEmpty(): boolean {
    return this.#terminations.size === 0;
  }

  /** Whether any stream is open in both directions. */
  get isOpen(): boolean {
    return this.#ends().some((end) => end.mode === 'SendReceive' && end.peer !== undefined);
  }

  /** RTP packets taken in by all streams. */
  get received(): number {
    return this.#ends().reduce((sum, end) => sum + end.received, 0);
  }

  /** A termination's id, for reports that belong to the whole context. */
  get firstTermination(): string {
    return this.#terminations.keys().next().value ?? 'ROOT';
  }

  /**
   * Adds a termination: `ip/<realm>/$` (H.248.1 7.2.1).
   *
   * @throws CommandError when it cannot
   */
  add(command: Command): Command {
    const realm = /^ip\/([^/]+)\/\$$/.exec(command.terminationId)?.[1];
    if (realm === undefined || this.#resources.ports[realm] === undefined) {
      throw new CommandError(430, `no interface for ${command.terminationId}`);
    }
    const id = `ip/${realm}/${this.id}.${++this.#terminationCount}`;
    const termination: Termination = { id, realm, streams: new Map() };
    this.#terminations.set(id, termination);
    return this.#apply(termination, command);
  }

  /** Changes a termination (H.248.1 7.2.2). */
  modify(command: Command): Command {
    return this.#apply(this.#termination(command.terminationId), command);
  }

  /** Takes a termination, or all of them, out (H.248.1 7.2.3). */
  subtract(command: Command): Command[] {
    const gone =
      command.terminationId === '*'
        ? [...this.#terminations.values()]
        : [this.#termination(command.terminationId)];
    return gone.map((termination) => {
      for (const end of termination.streams.values()) this.#closeEnd(termination, end);
      this.#terminations.delete(termination.id);
      return { name: 'Subtract', terminationId: termination.id, descriptors: [] };
    });
  }

  /** Gives everything back. */
  close(): void {
    for (const termination of this.#terminations.values()) {
      for (const end of termination.streams.values()) this.#closeEnd(termination, end);
    }
    this.#terminations.clear();
  }

  #ends(): StreamEnd[] {
    return [...this.#terminations.values()].flatMap(({ streams }) => [...streams.values()]);
  }

  #termination(id: string): Termination {
    const termination = this.#terminations.get(id);
    if (termination === undefined) throw new CommandError(430, `unknown termination ${id}`);
    return termination;
  }

  #closeEnd(termination: Termination, end: StreamEnd): void {
    end.close();
    this.#resources.ports[termination.realm]?.giveBack(end.socket.local.port);
  }

  #apply(termination: Termination, command: Command): Command {
    this.events = descriptor(command, 'Events') ?? this.events;
    const streams = streamsOf(command).map((stream) => this.#applyStream(termination, stream));
    const told = streams.filter((stream) => stream.local !== undefined);
    return {
      name: command.name,
      terminationId: termination.id,
      descriptors: told.length === 0 ? [] : [{ kind: 'Media', streams: told, raw: [] }],
    };
  }

  /** Changes a stream and returns what its controller has to be told: the local description, if it was under-specified. */
  #applyStream(termination: Termination, stream: StreamDescriptor): StreamDescriptor {
    const number = stream.id ?? 1;
    const realm =
      stream.localControl === undefined
        ? undefined
        : propertyText(stream.localControl.properties, 'ipdc/realm');
    if (realm !== undefined && realm !== termination.realm) throw new CommandError(449, `realm ${realm}`);
    let end = termination.streams.get(number);
    let local: string | undefined;
    if (stream.local !== undefined && end === undefined) {
      const wanted = readDescription(stream.local);
      end = this.#open(termination, wanted.media);
      termination.streams.set(number, end);
      this.#join(termination, number, end);
      local = serializeSdp(this.#describe(end, wanted));
    }
    if (end === undefined) throw new CommandError(441, 'stream without local description');
    if (stream.remote !== undefined) setRemote(end, readDescription(stream.remote));
    if (stream.localControl?.mode !== undefined) end.mode = stream.localControl.mode;
    return { id: number, ...(local === undefined ? {} : { local }), raw: [] };
  }

  #open(termination: Termination, wanted: MediaDescription): StreamEnd {
    const { host, ports } = this.#resources;
    const port = ports[termination.realm]?.take();
    if (port === undefined) throw new CommandError(510, 'no port is free');
    const random = host.random('ice');
    const ice = hasAttribute(wanted, 'ice-ufrag')
      ? { ufrag: random.token(UFRAG_LENGTH), pwd: random.token(PWD_LENGTH) }
      : undefined;
    return new StreamEnd(host, { realm: termination.realm, port, ...(ice === undefined ? {} : { ice }) });
  }

  /** Streams of equal number on the two terminations are connected (H.248.1 7.1.6). */
  #join(termination: Termination, number: number, end: StreamEnd): void {
    for (const other of this.#terminations.values()) {
      const peer = other === termination ? undefined : other.streams.get(number);
      if (peer === undefined) continue;
      end.peer = peer;
      peer.peer = end;
    }
  }

  /** The local description with what was left to choose filled in. */
  #describe(end: StreamEnd, { session, media }: Description): SessionDescription {
    const { ip, port } = end.socket.local;
    const attributes = media.attributes.map((attribute) => this.#fill(attribute, end, ip, port));
    const addrType = ip.includes(':') ? 'IP6' : 'IP4';
    const filled = { ...media, port, connection: { netType: 'IN', addrType, address: ip }, attributes };
    return { ...session, media: [filled] };
  }

  #fill(attribute: Attribute, end: StreamEnd, ip: string, port: number): Attribute {
    switch (attribute.name) {
      case 'ice-ufrag':
        return makeAttribute('ice-ufrag', end.ice?.ufrag);
      case 'ice-pwd':
        return makeAttribute('ice-pwd', end.ice?.pwd);
      case 'candidate':
        this.#resources.host.realises('24371-5A.4-02', '24371-5A.4-06');
        return makeAttribute('candidate', `1 1 UDP ${HOST_PRIORITY} ${ip} ${port} typ host`);
      case 'fingerprint':
        return makeAttribute('fingerprint', this.#resources.fingerprint);
      default:
        return attribute;
    }
  }
}

interface Description {
  readonly session: SessionDescription;
  readonly media: MediaDescription;
}

function readDescription(text: string): Description {
  const read = parseSdp(text);
  const media = read.ok ? read.value.media[0] : undefined;
  if (!read.ok || media === undefined)
    throw new CommandError(449, 'session description without a media line');
  return { session: read.value, media };
}

/**
 * Takes the far end's address. With ICE it is learned from the nominated check, not from the description
 * (RFC 8445 12.1).
 */
function setRemote(end: StreamEnd, { session, media }: Description): void {
  if (end.ice !== undefined && (candidates(media).length > 0 || hasAttribute(media, 'ice-ufrag'))) return;
  const ip = connectionOf(session, media)?.address;
  end.remote = ip === undefined || media.port <= 0 ? undefined : { ip, port: media.port };
}

/** What a command that failed is answered with. */
export function failedCommand(command: Command, error: unknown): Command {
  if (!(error instanceof CommandError)) throw error;
  return {
    name: command.name,
    terminationId: command.terminationId,
    descriptors: [makeError(error.code, error.message)],
  };
}

/** Where an endpoint is, as text. */
export function endpointText({ ip, port }: Endpoint): string {
  return ip.includes(':') ? `[${ip}]:${port}` : `${ip}:${port}`;
}
