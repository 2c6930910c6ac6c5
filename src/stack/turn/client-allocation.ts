import type { ActorRefFrom } from 'xstate';
import type { Host } from '../../network/index.js';
import type { Endpoint } from '../../trace/index.js';
import {
  attribute,
  isChannelData,
  parseChannelData,
  parseStun,
  STUN_METHOD,
  type StunAttribute,
  type StunMessage,
} from '../../wire/stun/index.js';
import type { RelayAllocation } from '../ice/index.js';
import { type ClientEvent, type ClientPort, clientMachine } from './client-machine.js';
import { ClientPeers } from './client-peers.js';
import { ClientRequests, type RequestResult } from './client-requests.js';
import { type ClientTransport, openTransport } from './client-transport.js';
import { SOFTWARE, UDP_PROTOCOL } from './methods.js';
import type { TurnClientOptions } from './types.js';

/** How asking for an allocation ended. */
export interface Refused {
  /** Of the error response, 0 where there was none. */
  readonly code: number;
  readonly reason: string;
}

/** What an allocation tells the client that asked for it. */
export interface ClientAllocationHandler {
  onGranted(allocation: ClientAllocation): void;
  onRefused(refused: Refused): void;
  /** Its transport is closed; called once, last. */
  onClosed(allocation: ClientAllocation): void;
}

const NOWHERE: Endpoint = { ip: '0.0.0.0', port: 0 };

/** One allocation of a client, on a 5-tuple of its own (RFC 8656 7 to 12). */
export class ClientAllocation implements RelayAllocation, ClientPort {
  relayed = NOWHERE;
  mapped = NOWHERE;
  readonly local?: Endpoint;
  onData: ((bytes: Uint8Array, peer: Endpoint) => void) | undefined;
  onLost: ((reason: string) => void) | undefined;
  readonly #options: TurnClientOptions;
  readonly #handler: ClientAllocationHandler;
  readonly #transport: ClientTransport;
  readonly #requests: ClientRequests;
  readonly #peers: ClientPeers;
  readonly #actor: ActorRefFrom<typeof clientMachine>;
  #refusal: Refused | undefined;

  constructor(host: Host, options: TurnClientOptions, handler: ClientAllocationHandler) {
    const { realm, server, socket, transport = 'udp', credentials, channels = 'data' } = options;
    this.#options = options;
    this.#handler = handler;
    this.#transport = openTransport(host, realm, socket ?? transport, server, {
      onMessage: (bytes) => this.#receive(bytes),
      onBroken: (reason) => {
        this.#requests.break(reason);
        this.#tell({ type: 'lost', reason });
      },
    });
    // the base of a server-reflexive candidate is a UDP port (RFC 8445 5.1.1.2)
    if (!this.#transport.reliable) this.local = this.#transport.local;
    this.#requests = new ClientRequests(host, this.#transport, credentials);
    this.#peers = new ClientPeers(host, this.#transport, this.#requests, {
      channels,
      onGone: (reason) => this.#tell({ type: 'lost', reason }),
    });
    this.#actor = host.spawn(clientMachine, { id: `turn/${host.nextNumber('TURN client')}`, port: this });
  }

  send(bytes: Uint8Array, peer: Endpoint): void {
    if (this.#isOpen) this.#peers.send(bytes, peer);
  }

  close(): void {
    this.onData = undefined;
    this.onLost = undefined;
    if (!this.#is('abandoning') && !this.#is('deleting')) this.#tell({ type: 'close' });
  }

  requestAllocation(): void {
    const attributes: StunAttribute[] = [
      SOFTWARE,
      { name: 'REQUESTED-TRANSPORT', protocol: UDP_PROTOCOL },
      ...this.#lifetime,
    ];
    const { family } = this.#options;
    if (family !== undefined) attributes.push({ name: 'REQUESTED-ADDRESS-FAMILY', family });
    this.#requests.send(STUN_METHOD.allocate, attributes, (result) => this.#allocated(result));
  }

  requestRefresh(): void {
    this.#requests.send(STUN_METHOD.refresh, [SOFTWARE, ...this.#lifetime], (result) => {
      if (result.kind !== 'success') this.#tell({ type: 'refused', reason: result.reason });
      else this.#tell({ type: 'granted', lifetimeMs: lifetimeMsOf(result.response) });
    });
  }

  requestDeletion(): void {
    this.#requests.stop();
    const none: StunAttribute = { name: 'LIFETIME', value: 0 };
    // a 437 says that it is gone already, and without an answer nothing more can be done (RFC 8656 8.3)
    this.#requests.send(STUN_METHOD.refresh, [SOFTWARE, none], () => this.#tell({ type: 'deleted' }));
    // whoever has lent a socket may be about to close it
    if (this.#options.socket !== undefined) this.#tell({ type: 'deleted' });
  }

  renewPeers(): void {
    this.#peers.renew();
  }

  announce(): void {
    this.#handler.onGranted(this);
  }

  giveUp(reason: string): void {
    this.#handler.onRefused(this.#refusal ?? { code: 0, reason });
  }

  lose(reason: string): void {
    const { onLost } = this;
    this.onData = undefined;
    this.onLost = undefined;
    onLost?.(reason);
  }

  release(): void {
    this.#requests.stop();
    this.#transport.close();
    this.#handler.onClosed(this);
  }

  get #lifetime(): readonly StunAttribute[] {
    const { lifetimeS } = this.#options;
    return lifetimeS === undefined ? [] : [{ name: 'LIFETIME', value: lifetimeS }];
  }

  /** Whether a relayed address is there to be used. */
  get #isOpen(): boolean {
    return this.#is('allocated') || this.#is('refreshing');
  }

  #is(state: 'allocated' | 'refreshing' | 'abandoning' | 'deleting'): boolean {
    return this.#actor.getSnapshot().value === state;
  }

  #tell(event: ClientEvent): void {
    if (this.#actor.getSnapshot().status === 'active') this.#actor.send(event);
  }

  /** RFC 8656 7.3, 7.4. */
  #allocated(result: RequestResult): void {
    if (result.kind !== 'success') {
      this.#refusal = { code: result.kind === 'error' ? result.code : 0, reason: result.reason };
      this.#tell({ type: 'refused', reason: result.reason });
      return;
    }
    const { response } = result;
    const relayed = attribute(response, 'XOR-RELAYED-ADDRESS');
    const mapped = attribute(response, 'XOR-MAPPED-ADDRESS');
    if (relayed === undefined || mapped === undefined) {
      this.#tell({ type: 'refused', reason: 'Allocate response without addresses' });
      return;
    }
    this.relayed = { ip: relayed.ip, port: relayed.port };
    this.mapped = { ip: mapped.ip, port: mapped.port };
    this.#tell({ type: 'granted', lifetimeMs: lifetimeMsOf(response) });
  }

  #receive(bytes: Uint8Array): void {
    if (isChannelData(bytes)) {
      const read = parseChannelData(bytes);
      const peer = read.ok ? this.#peers.behind(read.value.channel) : undefined;
      if (read.ok && peer !== undefined) this.onData?.(read.value.data, peer);
      return;
    }
    const read = parseStun(bytes);
    if (!read.ok) return;
    const message = read.value;
    if (message.class === 'indication') this.#receiveIndication(message);
    else if (message.class !== 'request') this.#requests.receive(bytes, message);
  }

  /** RFC 8656 11.4. */
  #receiveIndication(message: StunMessage): void {
    if (message.method !== STUN_METHOD.data) return;
    const peer = attribute(message, 'XOR-PEER-ADDRESS');
    const data = attribute(message, 'DATA')?.bytes;
    if (peer === undefined || data === undefined || !this.#peers.admits(peer.ip)) return;
    this.onData?.(data, { ip: peer.ip, port: peer.port });
  }
}

/** The lifetime that the server has set; without one, the default (RFC 8656 7.3, 6). */
function lifetimeMsOf(response: StunMessage): number {
  return (attribute(response, 'LIFETIME')?.value ?? 600) * 1000;
}
