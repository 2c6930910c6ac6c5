import type { Host } from '../../network/index.js';
import type { Endpoint } from '../../trace/index.js';
import {
  FIRST_CHANNEL,
  LAST_CHANNEL,
  STUN_METHOD,
  type StunAttribute,
  serializeChannelData,
  serializeStun,
} from '../../wire/stun/index.js';
import type { ClientRequests, RequestResult } from './client-requests.js';
import type { ClientTransport } from './client-transport.js';
import type { ChannelPolicy } from './types.js';

/** Packets that wait for one permission; more are lost, as on any path that is not there yet. */
const MOST_WAITING = 64;

interface Waiting {
  readonly bytes: Uint8Array;
  readonly peer: Endpoint;
}

interface Permission {
  state: 'asked' | 'granted' | 'refused';
  waiting: Waiting[];
  /** Whether packets went either way since the last renewal. */
  used: boolean;
}

interface Channel {
  readonly number: number;
  readonly peer: Endpoint;
  state: 'asked' | 'bound' | 'refused' | 'lapsed';
}

export interface ClientPeersOptions {
  readonly channels: ChannelPolicy;
  /** The server says that there is no allocation. */
  readonly onGone: (reason: string) => void;
}

/** The peers of an allocation at its client: permissions, channels, and packets to them (RFC 8656 9 to 12). */
export class ClientPeers {
  readonly #host: Host;
  readonly #transport: ClientTransport;
  readonly #requests: ClientRequests;
  readonly #policy: ChannelPolicy;
  readonly #onGone: (reason: string) => void;
  /** By IP address, since ports do not count (RFC 8656 9). */
  readonly #permissions = new Map<string, Permission>();
  readonly #channels = new Map<number, Channel>();
  readonly #channelOf = new Map<string, Channel>();
  #nextChannel = FIRST_CHANNEL;

  constructor(
    host: Host,
    transport: ClientTransport,
    requests: ClientRequests,
    { channels, onGone }: ClientPeersOptions,
  ) {
    this.#host = host;
    this.#transport = transport;
    this.#requests = requests;
    this.#policy = channels;
    this.#onGone = onGone;
  }

  /** Sends to a peer; the first packets wait for a permission. */
  send(bytes: Uint8Array, peer: Endpoint): void {
    const channel = this.#channelOf.get(nameOf(peer));
    const permission = this.#permissions.get(peer.ip);
    if (channel?.state === 'bound') {
      if (permission !== undefined) permission.used = true;
      this.#transport.send(serializeChannelData(channel.number, bytes, this.#transport.reliable));
      return;
    }
    const wanted = this.#wantsChannel(bytes) && (channel === undefined || channel.state === 'lapsed');
    const binds = permission?.state !== 'refused' && wanted && this.#bind(peer, channel);
    const asked = this.#permissions.get(peer.ip) ?? this.#ask(peer.ip, binds);
    asked.used = true;
    if (asked.state === 'granted') this.#indicate(bytes, peer);
    else if (asked.state === 'asked' && asked.waiting.length < MOST_WAITING)
      asked.waiting.push({ bytes, peer });
  }

  /** The peer that a channel is, or is to be, bound to (RFC 8656 12). */
  behind(number: number): Endpoint | undefined {
    const channel = this.#channels.get(number);
    return channel !== undefined && this.admits(channel.peer.ip) ? channel.peer : undefined;
  }

  /** Whether there is a permission for that address; data of others is not to be believed (RFC 8656 11.4). */
  admits(ip: string): boolean {
    const permission = this.#permissions.get(ip);
    if (permission === undefined || permission.state === 'refused') return false;
    permission.used = true;
    return true;
  }

  /** Renews what was used since the last time, and lets the rest lapse. To be called more often than every five minutes. */
  renew(): void {
    const bound = new Set<string>();
    for (const channel of this.#channels.values()) {
      const used = this.#permissions.get(channel.peer.ip)?.used === true;
      if (channel.state === 'bound' && used) {
        bound.add(channel.peer.ip);
        this.#requestChannel(channel);
      } else if (channel.state === 'bound') channel.state = 'lapsed';
    }
    const others: string[] = [];
    for (const [ip, permission] of this.#permissions) {
      if (!permission.used && permission.state !== 'asked') this.#permissions.delete(ip);
      else if (permission.state === 'granted' && !bound.has(ip)) others.push(ip);
      permission.used = false;
    }
    if (others.length > 0) this.#requestPermissions(others);
  }

  #wantsChannel(bytes: Uint8Array): boolean {
    // STUN begins with a byte of at most 3 (RFC 7983 7)
    return this.#policy === 'always' || (this.#policy === 'data' && (bytes[0] ?? 0) > 3);
  }

  /** Binds a channel, which brings a permission with it (RFC 8656 12.1); one that has lapsed keeps its number. */
  #bind(peer: Endpoint, lapsed: Channel | undefined): boolean {
    if (lapsed === undefined && this.#nextChannel > LAST_CHANNEL) return false;
    const channel = lapsed ?? { number: this.#nextChannel++, peer, state: 'asked' };
    channel.state = 'asked';
    this.#channels.set(channel.number, channel);
    this.#channelOf.set(nameOf(peer), channel);
    this.#requestChannel(channel);
    return true;
  }

  #requestChannel(channel: Channel): void {
    const { number, peer } = channel;
    const attributes: StunAttribute[] = [
      { name: 'CHANNEL-NUMBER', channel: number },
      { name: 'XOR-PEER-ADDRESS', ...peer },
    ];
    this.#request(STUN_METHOD.channelBind, attributes, ({ kind }) => {
      channel.state = kind === 'success' ? 'bound' : 'refused';
      if (kind === 'success') this.#grant(peer.ip);
      // the permission may be had without the channel
      else if (this.#permissions.get(peer.ip)?.state === 'asked') this.#requestPermissions([peer.ip]);
    });
  }

  #ask(ip: string, withChannel: boolean): Permission {
    const permission: Permission = { state: 'asked', waiting: [], used: true };
    this.#permissions.set(ip, permission);
    if (!withChannel) this.#requestPermissions([ip]);
    return permission;
  }

  #requestPermissions(ips: readonly string[]): void {
    const attributes = ips.map((ip): StunAttribute => ({ name: 'XOR-PEER-ADDRESS', ip, port: 0 }));
    this.#request(STUN_METHOD.createPermission, attributes, ({ kind }) => {
      for (const ip of ips) {
        if (kind === 'success') this.#grant(ip);
        else this.#refuse(ip);
      }
    });
  }

  /** A 437 to such a request ends the allocation (RFC 8656 5). */
  #request(
    method: number,
    attributes: readonly StunAttribute[],
    done: (result: RequestResult) => void,
  ): void {
    this.#requests.send(method, attributes, (result) => {
      if (result.kind === 'error' && result.code === 437) this.#onGone(result.reason);
      else done(result);
    });
  }

  #grant(ip: string): void {
    const permission = this.#permissions.get(ip);
    if (permission === undefined) return;
    permission.state = 'granted';
    const { waiting } = permission;
    permission.waiting = [];
    for (const { bytes, peer } of waiting) this.send(bytes, peer);
  }

  /** What waits is lost, and what comes after it, until a renewal finds nothing used and another attempt is made. */
  #refuse(ip: string): void {
    const permission = this.#permissions.get(ip);
    if (permission === undefined) return;
    permission.state = 'refused';
    permission.waiting = [];
    permission.used = false;
  }

  #indicate(bytes: Uint8Array, peer: Endpoint): void {
    this.#transport.send(
      serializeStun({
        class: 'indication',
        method: STUN_METHOD.send,
        transactionId: this.#host.random('TURN indication').bytes(12),
        attributes: [
          { name: 'XOR-PEER-ADDRESS', ...peer },
          { name: 'DATA', bytes },
        ],
      }),
    );
  }
}

function nameOf({ ip, port }: Endpoint): string {
  return `${ip} ${port}`;
}
