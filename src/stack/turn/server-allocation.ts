import type { ActorRefFrom } from 'xstate';
import type { Host } from '../../network/index.js';
import type { Endpoint } from '../../trace/index.js';
import {
  type AddressFamily,
  STUN_METHOD,
  type StunMessage,
  serializeChannelData,
  serializeStun,
} from '../../wire/stun/index.js';
import type { Path } from './path.js';
import { familyOf, type RelayPort } from './relay-ports.js';
import { relayedAddressMachine } from './relayed-address-machine.js';

/** Permission Lifetime (RFC 8656 9). */
const PERMISSION_US = 300_000_000;
/** How long a channel stays bound (RFC 8656 12). */
const CHANNEL_US = 600_000_000;

/** One relayed address of an allocation. */
interface RelayedAddress {
  readonly port: RelayPort;
  readonly actor: ActorRefFrom<typeof relayedAddressMachine>;
  /** When permissions end, by IP address of the peer; port numbers do not count (RFC 8656 9). */
  readonly permissions: Map<string, number>;
}

interface Channel {
  readonly number: number;
  readonly peer: Endpoint;
  endsUs: number;
}

/** Who an allocation belongs to, and what it may have. */
export interface ServerAllocationOptions {
  readonly path: Path;
  readonly username: string;
  readonly maxPermissions: number;
  /** Called when its last relayed address is gone. */
  readonly onEnd: () => void;
}

/**
 * An allocation at the server (RFC 8656 6): one relayed address, or one of each family, with permissions and channels.
 * Each address is a machine for its time to expiry; permissions and channels are found expired when they are asked for.
 */
export class ServerAllocation {
  readonly path: Path;
  readonly username: string;
  readonly #host: Host;
  readonly #options: ServerAllocationOptions;
  readonly #addresses = new Map<AddressFamily, RelayedAddress>();
  readonly #channels = new Map<number, Channel>();
  readonly #channelOf = new Map<string, Channel>();

  constructor(host: Host, options: ServerAllocationOptions) {
    this.#host = host;
    this.path = options.path;
    this.username = options.username;
    this.#options = options;
  }

  /** Relayed addresses in force. */
  get relayed(): readonly Endpoint[] {
    return [...this.#addresses.values()].map(({ port }) => port.local);
  }

  has(family: AddressFamily): boolean {
    return this.#addresses.has(family);
  }

  /** Adds a relayed address. */
  add(port: RelayPort, lifetimeMs: number): void {
    const { family } = port;
    const release = (): void => this.#remove(family);
    const { ip, port: number } = port.local;
    const actor = this.#host.spawn(relayedAddressMachine, {
      id: `relayed/${ip.includes(':') ? `[${ip}]` : ip}:${number}`,
      input: { lifetimeMs },
      port: { release },
    });
    this.#addresses.set(family, { port, actor, permissions: new Map() });
    port.onDatagram = (data, from) => this.#fromPeer(data, from);
  }

  /** Sets the time to expiry of the address of a family, or of all; 0 deletes it (RFC 8656 8.2). */
  refresh(lifetimeMs: number, family?: AddressFamily): void {
    for (const [one, { actor }] of [...this.#addresses]) {
      if (family !== undefined && one !== family) continue;
      actor.send(lifetimeMs === 0 ? { type: 'delete' } : { type: 'refresh', lifetimeMs });
    }
  }

  /** Ends it at once. */
  close(): void {
    this.refresh(0);
  }

  /**
   * Installs or refreshes the permission for a peer's address.
   *
   * @returns false when there are too many
   */
  permit(ip: string): boolean {
    const permissions = this.#addresses.get(familyOf(ip))?.permissions;
    if (permissions === undefined) return false;
    if (!permissions.has(ip) && permissions.size >= this.#options.maxPermissions) {
      this.#prune(permissions);
      if (permissions.size >= this.#options.maxPermissions) return false;
    }
    permissions.set(ip, this.#now + PERMISSION_US);
    return true;
  }

  /** Whether a channel can be bound to a peer: neither is bound to another (RFC 8656 12.2). */
  mayBind(number: number, peer: Endpoint): boolean {
    const byNumber = this.#alive(this.#channels.get(number));
    const byPeer = this.#alive(this.#channelOf.get(nameOf(peer)));
    return byNumber === byPeer;
  }

  /** Binds a channel that {@link mayBind}, or refreshes it. */
  bind(number: number, peer: Endpoint): void {
    const known = this.#alive(this.#channels.get(number));
    if (known !== undefined) {
      known.endsUs = this.#now + CHANNEL_US;
      return;
    }
    this.#unbind(this.#channels.get(number));
    this.#unbind(this.#channelOf.get(nameOf(peer)));
    const channel: Channel = { number, peer, endsUs: this.#now + CHANNEL_US };
    this.#channels.set(number, channel);
    this.#channelOf.set(nameOf(peer), channel);
  }

  /** Relays to a peer for whom there is a permission; drops the rest in silence (RFC 8656 11.2). */
  toPeer(data: Uint8Array, peer: Endpoint): void {
    const address = this.#addresses.get(familyOf(peer.ip));
    if (address !== undefined && this.#permits(address, peer.ip)) address.port.send(data, peer);
  }

  /** Relays what came on a channel (RFC 8656 12.6). */
  toChannel(data: Uint8Array, number: number): void {
    const channel = this.#alive(this.#channels.get(number));
    if (channel !== undefined) this.toPeer(data, channel.peer);
  }

  /** Relays what a peer has sent (RFC 8656 11.3, 12.7). */
  #fromPeer(data: Uint8Array, peer: Endpoint): void {
    const address = this.#addresses.get(familyOf(peer.ip));
    if (address === undefined || !this.#permits(address, peer.ip)) return;
    const channel = this.#alive(this.#channelOf.get(nameOf(peer)));
    const { path } = this;
    if (channel !== undefined) {
      path.send(serializeChannelData(channel.number, data, path.transport === 'tcp'));
      return;
    }
    const indication: StunMessage = {
      class: 'indication',
      method: STUN_METHOD.data,
      transactionId: this.#host.random('TURN indication').bytes(12),
      attributes: [
        { name: 'XOR-PEER-ADDRESS', ip: peer.ip, port: peer.port },
        { name: 'DATA', bytes: data },
      ],
    };
    path.send(serializeStun(indication));
  }

  get #now(): number {
    return this.#host.kernel.now;
  }

  #permits({ permissions }: RelayedAddress, ip: string): boolean {
    return (permissions.get(ip) ?? 0) > this.#now;
  }

  #prune(permissions: Map<string, number>): void {
    for (const [ip, endsUs] of permissions) if (endsUs <= this.#now) permissions.delete(ip);
  }

  #alive(channel: Channel | undefined): Channel | undefined {
    return channel !== undefined && channel.endsUs > this.#now ? channel : undefined;
  }

  #unbind(channel: Channel | undefined): void {
    if (channel === undefined) return;
    this.#channels.delete(channel.number);
    this.#channelOf.delete(nameOf(channel.peer));
  }

  /** With an address go its permissions and channels, and those of the other family stay (RFC 8656 8.1). */
  #remove(family: AddressFamily): void {
    const address = this.#addresses.get(family);
    if (address === undefined) return;
    this.#addresses.delete(family);
    address.port.close();
    for (const channel of [...this.#channels.values()]) {
      if (familyOf(channel.peer.ip) === family) this.#unbind(channel);
    }
    if (this.#addresses.size === 0) this.#options.onEnd();
  }
}

function nameOf({ ip, port }: Endpoint): string {
  return `${ip} ${port}`;
}
