import type { Host, UdpSocket } from '../../src/network/index.js';
import type { Endpoint } from '../../src/trace/index.js';
import { demuxPacket } from '../../src/wire/rtp/index.js';

/** How a plain transport is set up. */
export interface PlainTransportOptions {
  readonly realm: string;
  /** Of RTP; RTCP has the next one (RFC 3550 11). */
  readonly port: number;
  readonly onRtp: (packet: Uint8Array) => void;
  readonly onRtcp: (packet: Uint8Array) => void;
}

/** Where a peer takes RTP and RTCP: the same place where they share a port. */
export interface PlainDestination {
  readonly rtp: Endpoint;
  readonly rtcp: Endpoint;
}

/** RTP and RTCP as they are over UDP (RFC 3550 11), on two ports, or one if so agreed (RFC 5761). */
export class PlainTransport {
  readonly local: Endpoint;
  /** Packets of neither protocol, or on the wrong port. */
  foreign = 0;
  readonly #options: PlainTransportOptions;
  readonly #rtp: UdpSocket;
  readonly #rtcp: UdpSocket;
  #to: PlainDestination | undefined;

  constructor(host: Host, options: PlainTransportOptions) {
    const { realm, port } = options;
    this.#options = options;
    this.#rtp = host.udp(realm, port, (data) => this.#receive(data, false));
    this.#rtcp = host.udp(realm, port + 1, (data) => this.#receive(data, true));
    this.local = this.#rtp.local;
  }

  /** Learns where to send; what arrives on either port is taken as its protocol says. */
  setRemote(to: PlainDestination): void {
    this.#to = to;
  }

  sendRtp(packet: Uint8Array): boolean {
    if (this.#to === undefined) return false;
    this.#rtp.send(packet, this.#to.rtp);
    return true;
  }

  sendRtcp(packet: Uint8Array): boolean {
    const to = this.#to;
    if (to === undefined) return false;
    const shared = to.rtcp.port === to.rtp.port && to.rtcp.ip === to.rtp.ip;
    (shared ? this.#rtp : this.#rtcp).send(packet, to.rtcp);
    return true;
  }

  close(): void {
    this.#rtp.close();
    this.#rtcp.close();
  }

  #receive(data: Uint8Array, onRtcpPort: boolean): void {
    const protocol = demuxPacket(data);
    if (protocol === 'rtcp') this.#options.onRtcp(data);
    else if (protocol === 'rtp' && !onRtcpPort) this.#options.onRtp(data);
    else this.foreign++;
  }
}
