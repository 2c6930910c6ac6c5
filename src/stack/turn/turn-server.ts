import type { Host } from '../../network/index.js';
import type { Endpoint } from '../../trace/index.js';
import {
  ATTRIBUTES,
  attribute,
  coveredAttributes,
  FIRST_CHANNEL,
  LAST_CHANNEL,
  parseChannelData,
  STUN_METHOD,
  type StunAttribute,
  type StunMessage,
  unknownRequired,
} from '../../wire/stun/index.js';
import { grantPorts } from './allocate-request.js';
import { type Answer, isRefusal, reasonOf, serializeAnswer, unknownAttributes } from './answer.js';
import { type Authenticated, Authenticator } from './authenticator.js';
import { answerBinding, isBinding, readStun } from './binding.js';
import { SOFTWARE } from './methods.js';
import type { Path } from './path.js';
import { RecentAnswers } from './recent-answers.js';
import { familyOf, RelayPorts } from './relay-ports.js';
import { ServerAllocation } from './server-allocation.js';
import { StunListener } from './stun-listener.js';
import type { TurnServerOptions } from './types.js';

/** Lifetimes in seconds (RFC 8656 6, 7.2). */
const DEFAULT_LIFETIME_S = 600;
const MAX_LIFETIME_S = 3600;

/** A bound of ours; the document leaves it open (RFC 8656 10.2). */
const MAX_PERMISSIONS = 256;

/** A TURN server (RFC 8656). Data that it does not relay it drops in silence, as the document has it. */
export class TurnServer {
  readonly #host: Host;
  readonly #options: TurnServerOptions;
  readonly #listener: StunListener;
  readonly #authenticator: Authenticator;
  readonly #ports: RelayPorts;
  readonly #answers: RecentAnswers;
  /** By the names of their paths. */
  readonly #allocations = new Map<string, ServerAllocation>();
  readonly #ofUser = new Map<string, number>();

  /** @throws Error when the host lacks an address in a realm, or the port is in use */
  constructor(host: Host, options: TurnServerOptions) {
    const { realm, relayRealms = [realm], maxRelays = Number.POSITIVE_INFINITY } = options;
    this.#host = host;
    this.#options = options;
    this.#ports = new RelayPorts(host, relayRealms, maxRelays);
    this.#authenticator = new Authenticator(host, options);
    this.#answers = new RecentAnswers(host.kernel);
    this.#listener = new StunListener(host, options, {
      onStun: (bytes, path) => this.#receive(bytes, path),
      onChannelData: (bytes, path) => this.#receiveChannelData(bytes, path),
      onClosed: (path) => this.#allocations.get(path.name)?.close(),
    });
  }

  /** Where it takes requests, over UDP and TCP. */
  get local(): Endpoint {
    return this.#listener.local;
  }

  /** Allocations in force. */
  get openAllocations(): number {
    return this.#allocations.size;
  }

  /** Ends every allocation and closes the sockets. */
  close(): void {
    for (const allocation of [...this.#allocations.values()]) allocation.close();
    this.#ports.close();
    this.#listener.close();
  }

  #receiveChannelData(bytes: Uint8Array, path: Path): void {
    const allocation = this.#allocations.get(path.name);
    const read = parseChannelData(bytes);
    if (read.ok) allocation?.toChannel(read.value.data, read.value.channel);
  }

  #receive(bytes: Uint8Array, path: Path): void {
    const message = readStun(bytes);
    if (typeof message === 'string') this.#host.reject('STUN', message);
    else if (message.class === 'indication') this.#receiveIndication(message, path);
    else if (message.class === 'request') this.#receiveRequest(bytes, message, path);
  }

  /** A Send indication (RFC 8656 11.2). It carries no credentials; the permission is what counts. */
  #receiveIndication(message: StunMessage, path: Path): void {
    if (message.method !== STUN_METHOD.send || unknownRequired(message).length > 0) return;
    const peer = attribute(message, 'XOR-PEER-ADDRESS');
    const data = attribute(message, 'DATA')?.bytes;
    // nothing here fragments, so DONT-FRAGMENT is as good as unknown (11.2)
    const fragile = attribute(message, 'DONT-FRAGMENT') !== undefined;
    if (peer === undefined || data === undefined || fragile) return;
    const allocation = this.#allocations.get(path.name);
    if (allocation !== undefined && this.#allows(peer, allocation.username)) allocation.toPeer(data, peer);
  }

  #receiveRequest(bytes: Uint8Array, received: StunMessage, path: Path): void {
    if (isBinding(received)) {
      path.send(answerBinding(received, path));
      return;
    }
    const known = this.#answers.find(received, path);
    if (known !== undefined) {
      path.send(known);
      return;
    }
    // what stands behind the integrity is not to be trusted (RFC 8489 9)
    const request: StunMessage = { ...received, attributes: coveredAttributes(received) };
    const { method } = request;
    const also = method === STUN_METHOD.allocate || method === STUN_METHOD.refresh ? [SOFTWARE] : [];
    const caller = this.#authenticator.check(bytes, received, path.remote);
    const unknown = unknownRequired(request);
    const answer =
      unknown.length > 0
        ? unknownAttributes(unknown)
        : 'code' in caller
          ? caller
          : this.#answer(request, path, caller);
    const response = serializeAnswer(request, answer, caller.protection ?? {}, also);
    if (!('code' in caller)) this.#answers.add(request, path, response);
    if (isRefusal(answer)) this.#note(answer.code, path);
    path.send(response);
  }

  #note(code: Parameters<typeof reasonOf>[0], { remote }: Path): void {
    // a challenge is part of every beginning
    if (code === 401 || code === 438 || !this.#host.tracing) return;
    const text = `TURN client ${remote.ip}:${remote.port} is refused: ${code} ${reasonOf(code)}`;
    this.#host.record({ kind: 'note', text });
  }

  #answer(request: StunMessage, path: Path, caller: Authenticated): Answer {
    const { method } = request;
    if (method === STUN_METHOD.allocate) return this.#allocate(request, path, caller);
    const allocation = this.#allocations.get(path.name);
    if (allocation === undefined) return { code: 437 };
    if (allocation.username !== caller.username) return { code: 441 };
    switch (method) {
      case STUN_METHOD.refresh:
        return this.#refresh(request, allocation);
      case STUN_METHOD.createPermission:
        return this.#createPermission(request, allocation);
      case STUN_METHOD.channelBind:
        return this.#bindChannel(request, allocation);
      default:
        return { code: 400 };
    }
  }

  /** RFC 8656 7.2. */
  #allocate(request: StunMessage, path: Path, { username }: Authenticated): Answer {
    if (this.#allocations.has(path.name)) return { code: 437 };
    const { allocationsPerUser = Number.POSITIVE_INFINITY, maxPermissions = MAX_PERMISSIONS } = this.#options;
    const held = this.#ofUser.get(username) ?? 0;
    if (held >= allocationsPerUser) return { code: 486 };
    const granted = grantPorts(request, this.#ports);
    if ('code' in granted) return granted;
    const onEnd = (): void => {
      this.#allocations.delete(path.name);
      this.#count(username, -1);
    };
    const allocation = new ServerAllocation(this.#host, { path, username, maxPermissions, onEnd });
    const lifetimeS = this.#lifetimeS(request);
    for (const port of granted.ports) allocation.add(port, lifetimeS * 1000);
    this.#allocations.set(path.name, allocation);
    this.#count(username, 1);
    const { ip, port } = path.remote;
    const attributes: StunAttribute[] = allocation.relayed.map((one) => ({
      name: 'XOR-RELAYED-ADDRESS',
      ...one,
    }));
    attributes.push({ name: 'LIFETIME', value: lifetimeS });
    if (granted.token !== undefined) attributes.push({ name: 'RESERVATION-TOKEN', token: granted.token });
    attributes.push({ name: 'XOR-MAPPED-ADDRESS', ip, port });
    if (granted.partly !== undefined) {
      const { family, code } = granted.partly;
      attributes.push({ name: 'ADDRESS-ERROR-CODE', family, code, reason: reasonOf(code) });
    }
    return attributes;
  }

  /** RFC 8656 8.2. */
  #refresh(request: StunMessage, allocation: ServerAllocation): Answer {
    const family = attribute(request, 'REQUESTED-ADDRESS-FAMILY')?.family;
    if (family !== undefined && !allocation.has(family)) return { code: 443 };
    const value = attribute(request, 'LIFETIME')?.value === 0 ? 0 : this.#lifetimeS(request);
    allocation.refresh(value * 1000, family);
    return [{ name: 'LIFETIME', value }];
  }

  /** RFC 8656 10.2. */
  #createPermission(request: StunMessage, allocation: ServerAllocation): Answer {
    const peers = peersOf(request);
    if (peers === undefined || peers.length === 0) return { code: 400 };
    if (peers.some(({ ip }) => !allocation.has(familyOf(ip)))) return { code: 443 };
    if (!peers.every((peer) => this.#allows(peer, allocation.username))) return { code: 403 };
    return peers.every(({ ip }) => allocation.permit(ip)) ? [] : { code: 508 };
  }

  /** RFC 8656 12.2. */
  #bindChannel(request: StunMessage, allocation: ServerAllocation): Answer {
    const number = attribute(request, 'CHANNEL-NUMBER')?.channel;
    const peer = attribute(request, 'XOR-PEER-ADDRESS');
    if (number === undefined || peer === undefined) return { code: 400 };
    if (number < FIRST_CHANNEL || number > LAST_CHANNEL) return { code: 400 };
    if (!allocation.has(familyOf(peer.ip))) return { code: 443 };
    if (!allocation.mayBind(number, peer)) return { code: 400 };
    if (!this.#allows(peer, allocation.username)) return { code: 403 };
    if (!allocation.permit(peer.ip)) return { code: 508 };
    allocation.bind(number, { ip: peer.ip, port: peer.port });
    return [];
  }

  #allows({ ip, port }: Endpoint, username: string): boolean {
    return this.#options.allowsPeer?.({ ip, port }, username) ?? true;
  }

  /** What a client asks for, if it is between the server's bounds (RFC 8656 7.2). */
  #lifetimeS(request: StunMessage): number {
    const { defaultLifetimeS = DEFAULT_LIFETIME_S, maxLifetimeS = MAX_LIFETIME_S } = this.#options;
    const asked = attribute(request, 'LIFETIME')?.value ?? 0;
    return Math.max(defaultLifetimeS, Math.min(asked, maxLifetimeS));
  }

  #count(username: string, by: number): void {
    const count = (this.#ofUser.get(username) ?? 0) + by;
    if (count === 0) this.#ofUser.delete(username);
    else this.#ofUser.set(username, count);
  }
}

/** The peers of a CreatePermission request; `undefined` when one is malformed. */
function peersOf(request: StunMessage): Endpoint[] | undefined {
  const peers: Endpoint[] = [];
  for (const one of request.attributes) {
    if (one.name === 'XOR-PEER-ADDRESS') peers.push({ ip: one.ip, port: one.port });
    else if (one.name === 'unknown' && one.type === ATTRIBUTES['XOR-PEER-ADDRESS'][0]) return undefined;
  }
  return peers;
}
