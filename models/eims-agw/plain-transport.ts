import type { Host, UdpSocket } from '../../src/network/index.js';
import type { Endpoint } from '../../src/trace/index.js';
import { demux, isRtcp } from '../../src/wire/rtp/index.js';
import {
  connectionOf,
  type MediaDescription,
  rtcp,
  rtcpMux,
  type SessionDescription,
} from '../../src/wire/sdp/index.js';
import type { MediaTransport } from './media-transport.js';
import type { Inlet } from './pipeline.js';

/** Where a plain transport is. */
export interface PlainTransportOptions {
  readonly realm: string;
  readonly port: number;
  /** Whether RTCP has the next port; else it shares that of RTP, or there is none. */
  readonly rtcp: boolean;
}

/** RTP over UDP (RFC 3550 11), and RTCP on the port after it unless both sides share one. */
export class PlainTransport implements MediaTransport {
  readonly port: number;
  onRtp: Inlet = drop;
  onRtcp: Inlet = drop;
  foreign = 0;
  /** Where RTP and RTCP go to, once known; latching changes them. */
  remote: Endpoint | undefined;
  remoteRtcp: Endpoint | undefined;
  readonly #rtp: UdpSocket;
  readonly #rtcp: UdpSocket | undefined;
  readonly #ip: string;
  #mux = false;

  constructor(host: Host, { realm, port, rtcp: hasRtcp }: PlainTransportOptions) {
    this.port = port;
    this.#rtp = host.udp(realm, port, (data, from) => this.#receive(data, from));
    this.#ip = this.#rtp.local.ip;
    if (hasRtcp) {
      this.#rtcp = host.udp(realm, port + 1, (data, from) => {
        if (demux(data[0]) === 'rtp' && isRtcp(data[1])) this.onRtcp(data, from);
        else this.foreign++;
      });
    }
  }

  sendRtp(packet: Uint8Array): boolean {
    const { remote } = this;
    if (remote === undefined) return false;
    this.#rtp.send(packet, remote);
    return true;
  }

  sendRtcp(packet: Uint8Array): boolean {
    const { remoteRtcp } = this;
    const socket = this.#mux ? this.#rtp : this.#rtcp;
    if (remoteRtcp === undefined || socket === undefined) return false;
    socket.send(packet, remoteRtcp);
    return true;
  }

  setRemote(session: SessionDescription, media: MediaDescription): void {
    const ip = connectionOf(session, media)?.address;
    // port 0 disables a line; the unspecified address is how old phones hold (RFC 3264 8.4)
    if (ip === undefined || media.port <= 0 || ip === '0.0.0.0' || ip === '::') {
      this.remote = undefined;
      this.remoteRtcp = undefined;
      return;
    }
    this.remote = { ip, port: media.port };
    this.#mux = rtcpMux(media);
    const { port, connection } = rtcp(media);
    this.remoteRtcp = this.#mux ? this.remote : { ip: connection?.address ?? ip, port };
  }

  describe(session: SessionDescription, media: MediaDescription): SessionDescription {
    return withAddress(session, media, this.#ip, this.port);
  }

  close(): void {
    this.#rtp.close();
    this.#rtcp?.close();
  }

  #receive(data: Uint8Array, from: Endpoint): void {
    if (demux(data[0]) !== 'rtp' || data.length < RTP_FIXED_BYTES) this.foreign++;
    else if (this.#mux && isRtcp(data[1])) this.onRtcp(data, from);
    else this.onRtp(data, from);
  }
}

/** RFC 3550 5.1; the least that has a sequence number and a source. */
const RTP_FIXED_BYTES = 12;

/** The description with address and port in place of what was left to choose. */
export function withAddress(
  session: SessionDescription,
  media: MediaDescription,
  ip: string,
  port: number,
): SessionDescription {
  const connection = { netType: 'IN', addrType: ip.includes(':') ? 'IP6' : 'IP4', address: ip };
  const { connection: _, order: __, ...rest } = session;
  const { order: ___, ...line } = media;
  return { ...rest, media: [{ ...line, port, connection }] };
}

function drop(): void {}
