import { toHex } from '../../crypto/index.js';
import type { Timer } from '../../kernel/index.js';
import type { Host, UdpSocket } from '../../network/index.js';
import type { Endpoint } from '../../trace/index.js';
import type { AddressFamily } from '../../wire/stun/index.js';

/** The range in which relayed addresses should be (RFC 8656 7.2). */
const FIRST_PORT = 49_152;
const PORTS = 65_536 - FIRST_PORT;

/** How long a port is held for a token, the least allowed (RFC 8656 7.2). */
const RESERVATION_US = 30_000_000;

/** A UDP port of the server that peers can send to. */
export class RelayPort {
  readonly family: AddressFamily;
  readonly local: Endpoint;
  onDatagram: ((data: Uint8Array, from: Endpoint) => void) | undefined;
  readonly #socket: UdpSocket;
  readonly #onClose: () => void;

  constructor(host: Host, realm: string, family: AddressFamily, port: number, onClose: () => void) {
    this.family = family;
    this.#socket = host.udp(realm, port, (data, from) => this.onDatagram?.(data, from));
    this.local = this.#socket.local;
    this.#onClose = onClose;
  }

  send(data: Uint8Array, to: Endpoint): void {
    this.#socket.send(data, to);
  }

  close(): void {
    this.#socket.close();
    this.#onClose();
  }
}

interface Reservation {
  readonly port: RelayPort;
  readonly timer: Timer;
}

/** The ports that a server relays from, and those it holds for tokens. */
export class RelayPorts {
  readonly #host: Host;
  readonly #realms: ReadonlyMap<AddressFamily, string>;
  readonly #most: number;
  readonly #reservations = new Map<string, Reservation>();
  #open = 0;

  /**
   * @param realms at most one of each address family
   * @param most ports open at a time
   * @throws Error when the host has no address in a realm, or two of a family
   */
  constructor(host: Host, realms: readonly string[], most: number) {
    this.#host = host;
    this.#realms = new Map(realms.map((realm) => [familyOf(host.address(realm)), realm]));
    if (this.#realms.size < realms.length) throw new Error('two realms for relays of one address family');
    this.#most = most;
  }

  supports(family: AddressFamily): boolean {
    return this.#realms.has(family);
  }

  /** A port at random (RFC 6056), `even` if wanted; `undefined` when there is none. */
  take(family: AddressFamily, even = false): RelayPort | undefined {
    return this.#pick(family, 1, (port) => !even || port % 2 === 0)?.[0];
  }

  /** An even port, and the token of the one above it, which is held for 30 s (RFC 8656 7.2). */
  takePair(family: AddressFamily): { readonly port: RelayPort; readonly token: string } | undefined {
    const pair = this.#pick(family, 2, (port) => port % 2 === 0);
    const [port, next] = pair ?? [];
    if (port === undefined || next === undefined) return undefined;
    const token = toHex(this.#host.random('TURN reservation').bytes(8));
    const timer = this.#host.schedule(RESERVATION_US, () => {
      this.#reservations.delete(token);
      next.close();
    });
    this.#reservations.set(token, { port: next, timer });
    return { port, token };
  }

  /** The port that was held for a token. */
  redeem(token: string): RelayPort | undefined {
    const reservation = this.#reservations.get(token);
    if (reservation === undefined) return undefined;
    this.#reservations.delete(token);
    this.#host.cancel(reservation.timer);
    return reservation.port;
  }

  /** Gives up what is held for tokens. */
  close(): void {
    for (const token of [...this.#reservations.keys()]) this.redeem(token)?.close();
  }

  /** So many ports in a row, the first of which suits. */
  #pick(
    family: AddressFamily,
    count: number,
    suits: (port: number) => boolean,
  ): readonly RelayPort[] | undefined {
    const realm = this.#realms.get(family);
    if (realm === undefined || this.#open + count > this.#most) return undefined;
    const start = this.#host.random('TURN relay port').below(PORTS);
    for (let tries = 0; tries < PORTS; tries++) {
      const first = FIRST_PORT + ((start + tries) % PORTS);
      const ports = count === 1 ? [first] : [first, first + 1];
      const free = ports.every((port) => port < FIRST_PORT + PORTS && !this.#host.usesUdp(realm, port));
      if (suits(first) && free) return ports.map((port) => this.#make(realm, family, port));
    }
    return undefined;
  }

  #make(realm: string, family: AddressFamily, port: number): RelayPort {
    this.#open++;
    return new RelayPort(this.#host, realm, family, port, () => {
      this.#open--;
    });
  }
}

/** The address family of an address. */
export function familyOf(ip: string): AddressFamily {
  return ip.includes(':') ? 6 : 4;
}
