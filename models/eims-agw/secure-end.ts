import type { Certificate } from '../../src/crypto/index.js';
import type { Host } from '../../src/network/index.js';
import { type IceBase, udpBase } from '../../src/stack/ice/index.js';
import {
  type ConsentLoss,
  remoteTransport,
  SecureTransport,
  TRANSPORT_ATTRIBUTES,
  type TransportCounters,
  type TransportFailure,
  transportAttributes,
} from '../../src/stack/webrtc/index.js';
import type { Endpoint } from '../../src/trace/index.js';
import {
  type MediaDescription,
  makeAttribute,
  rtcpMux,
  type SessionDescription,
  setup,
} from '../../src/wire/sdp/index.js';
import type { MediaTransport } from './media-transport.js';
import type { Inlet } from './pipeline.js';
import { withAddress } from './plain-transport.js';

/** What the controller wants to hear of a secure stream. */
export interface SecureEndHandler {
  onFailed(by: TransportFailure, reason: string): void;
  /** Connectivity checks of a full agent have found a pair. */
  onPair(pair: string): void;
  onConsentLost(why: ConsentLoss): void;
}

/** How a secure stream is set up. */
export interface SecureEndOptions {
  /** Begins the names of its machines. */
  readonly id: string;
  readonly realm: string;
  readonly port: number;
  readonly certificate: Certificate;
  readonly full: boolean;
  /** Whether consent is asked for, where ICE is full (RFC 7675, TS 23.334 6.2.17.5). */
  readonly consent: boolean;
  /** Whether the WIC has said already that it shares a port between RTP and RTCP. */
  readonly muxKnown: boolean;
  /** Places besides the UDP ports where it can be reached. */
  readonly bases: readonly IceBase[];
  readonly on: SecureEndHandler;
}

const NOWHERE: Endpoint = { ip: '', port: 0 };

/** The WIC's side of a stream: ICE, DTLS-SRTP, RTP and RTCP on one port or two (TS 23.334 5.9.2, 5.11.2.4, 5.18). */
export class SecureEnd implements MediaTransport {
  readonly port: number;
  onRtp: Inlet = drop;
  onRtcp: Inlet = drop;
  readonly #host: Host;
  readonly #transport: SecureTransport;
  readonly #full: boolean;
  readonly #ip: string;
  /** Whether a full agent has been told to check, and what of the peer waits for it. */
  #mayCheck: boolean;
  #waiting: { readonly session: SessionDescription; readonly media: MediaDescription } | undefined;
  /** Credentials under which the peer was described, to notice a restart. */
  #peerUfrag: string | undefined;

  /** @param wanted the Local descriptor's media line, `$` in what is for the gateway to choose */
  constructor(host: Host, wanted: MediaDescription, options: SecureEndOptions) {
    const { id, realm, port, certificate, full, consent, muxKnown, on } = options;
    const hasTcp = options.bases.length > 0;
    this.port = port;
    this.#host = host;
    this.#full = full;
    this.#mayCheck = !full;
    this.#ip = host.address(realm);
    const mux = rtcpMux(wanted);
    const role = setup({ bandwidth: [], attributes: [], otherLines: [], timing: [], media: [] }, wanted);
    const bases: IceBase[] = [udpBase(host, { realm, port })];
    // an offer of one port comes with a second for peers that need it (RFC 5761 5.1.3)
    if (!mux || !muxKnown) bases.push(udpBase(host, { realm, port: port + 1, component: 2 }));
    bases.push(...options.bases);
    this.#transport = new SecureTransport(host, {
      id,
      bases,
      // the offerer controls where both are full (RFC 8445 6.1.1)
      ice: { full, role: role === 'actpass' ? 'controlling' : 'controlled', consent: full && consent },
      certificate,
      setup: role === 'active' || role === 'passive' ? role : 'actpass',
      rtcpMux: !mux ? 'none' : muxKnown ? 'require' : 'negotiate',
      holdsDtls: true,
      onReady: () => this.#onReady(),
      onRtp: (packet) => this.onRtp(packet, NOWHERE),
      onRtcp: (packet) => this.onRtcp(packet, NOWHERE),
      onSelected: (component, pair) => {
        if (component !== 1) return;
        this.#host.realises('24371-5.6-04', ...(full ? [] : ['24371-5A.4-03', '24371-5A.4-04']));
        if (hasTcp && pair.local.transport === 'tcp') this.#host.realises('24371-5.6-03', '24371-5.6-05');
        if (full) on.onPair(`${text(pair.local.address)} ${text(pair.remote.address)}`);
      },
      onFailed: (by, reason) => on.onFailed(by, reason),
      onConsentLost: (_component, why) => on.onConsentLost(why),
    });
    this.#transport.gather();
    if (full && consent) host.realises('24371-5.6-06');
  }

  get foreign(): number {
    return this.#transport.counters.foreign;
  }

  /** What was refused or could not be sent. */
  get counters(): Readonly<TransportCounters> {
    return this.#transport.counters;
  }

  get state(): string {
    return this.#transport.state;
  }

  sendRtp(packet: Uint8Array): boolean {
    return this.#transport.sendRtp(packet);
  }

  sendRtcp(packet: Uint8Array): boolean {
    return this.#transport.sendRtcp(packet);
  }

  /** The signal dtls/establish: this side may begin the handshake (24371-7.4.2-04). */
  establish(): void {
    this.#transport.secure();
  }

  /** The signal icec/check: a full agent may send checks (TS 23.334 6.2.17.2). */
  check(): void {
    this.#mayCheck = true;
    const waiting = this.#waiting;
    this.#waiting = undefined;
    if (waiting !== undefined) this.setRemote(waiting.session, waiting.media);
  }

  setRemote(session: SessionDescription, media: MediaDescription): void {
    const remote = remoteTransport(session, media);
    const { ice } = remote;
    if (ice === undefined) return;
    if (!this.#mayCheck) {
      this.#waiting = { session, media };
      return;
    }
    this.#peerUfrag = ice.ufrag;
    this.#transport.setRemote(remote);
  }

  /** Whether a description has other ICE credentials than the peer had, so that ICE has to restart (RFC 8839 4.4.1.1.1). */
  restarts(session: SessionDescription, media: MediaDescription): boolean {
    const { ice } = remoteTransport(session, media);
    return this.#peerUfrag !== undefined && ice !== undefined && ice.ufrag !== this.#peerUfrag;
  }

  /** New credentials of its own (24371-9-02). */
  restart(): void {
    this.#transport.restart();
  }

  describe(session: SessionDescription, media: MediaDescription): SessionDescription {
    const { local } = this.#transport;
    const own = transportAttributes(local, local.setup === 'actpass');
    const others = media.attributes.filter(({ name }) => !TRANSPORT_ATTRIBUTES.includes(name));
    const lite = this.#full ? [] : [makeAttribute('ice-lite')];
    const line = { ...media, attributes: [...own, ...others] };
    if (!this.#full) this.#host.realises('24371-5A.4-02', '24371-5A.4-06');
    return withAddress({ ...session, attributes: lite }, line, this.#ip, this.port);
  }

  close(): void {
    this.#transport.close();
  }

  #onReady(): void {
    const { rtcpMux: shared } = this.#transport;
    const mux = shared === true ? ['24371-5.6-07'] : [];
    this.#host.realises('24371-5.6-02', '24371-5A.4-01', '24371-5B.4-01', '24371-5B.4-03', ...mux);
  }
}

function text({ ip, port }: Endpoint): string {
  return ip.includes(':') ? `[${ip}]:${port}` : `${ip}:${port}`;
}

function drop(): void {}
