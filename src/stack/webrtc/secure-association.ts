import type { Host } from '../../network/index.js';
import type { Endpoint } from '../../trace/index.js';
import { type DtlsConnection, DtlsEndpoint, type Fingerprint } from '../dtls/index.js';
import { type SrtpContext, type SrtpProfile, srtpContexts } from '../srtp/index.js';
import type { SecureTransportOptions, TransportCounters } from './types.js';

/** Datagrams kept that come before this end knows its role: a flight and its repetition. */
const MOST_EARLY = 8;

/** What an association needs of its transport. */
export interface AssociationOwner {
  readonly host: Host;
  readonly options: SecureTransportOptions;
  readonly counters: TransportCounters;
  /** What the peer's certificate has to match, once known. */
  readonly fingerprints: readonly Fingerprint[] | undefined;
  /** Sends on the pair of a component. */
  send(component: number, datagram: Uint8Array): boolean;
  /** There are keys. */
  secured(): void;
  ended(): void;
  failed(reason: string): void;
}

/** The DTLS association of one component, and the SRTP contexts keyed by it (RFC 5764 3). */
export class SecureAssociation {
  readonly component: number;
  readonly #owner: AssociationOwner;
  #dtls: DtlsEndpoint | undefined;
  #early: (readonly [datagram: Uint8Array, from: string])[] = [];
  #outbound: SrtpContext | undefined;
  #inbound: SrtpContext | undefined;

  constructor(owner: AssociationOwner, component: number) {
    this.#owner = owner;
    this.component = component;
  }

  get dtls(): DtlsEndpoint | undefined {
    return this.#dtls;
  }

  /** Whether SRTP has its keys. */
  get secured(): boolean {
    return this.#outbound !== undefined;
  }

  get profile(): SrtpProfile | undefined {
    return this.#outbound?.profile;
  }

  /** Begins the handshake as client, or listens as server; once. */
  start(role: 'client' | 'server'): void {
    if (this.#dtls !== undefined) return;
    const { host, options, fingerprints } = this.#owner;
    const { id, certificate, srtpProfiles, dtls: part, onData, onKeyLog } = options;
    const dtls = new DtlsEndpoint(host, {
      ...part,
      id: `${id} dtls/${this.component}`,
      role,
      certificate,
      ...(fingerprints === undefined ? {} : { fingerprints }),
      srtpProfiles: srtpProfiles ?? DEFAULT_PROFILES,
      send: (datagram) => this.#owner.send(this.component, datagram),
      onConnected: (connection) => this.#connected(role, connection),
      ...(onData === undefined ? {} : { onData }),
      onFailure: (reason) => this.#owner.failed(reason),
      onClosed: () => this.#owner.ended(),
      onKeyLog: (line) => {
        if (host.tracing) host.record({ kind: 'keys', protocol: 'DTLS', line });
        onKeyLog?.(line);
      },
    });
    this.#dtls = dtls;
    dtls.start();
    for (const [datagram, from] of this.#early.splice(0)) dtls.receive(datagram, from);
  }

  /** Names what the peer's certificate has to match, once that is known. */
  expect(fingerprints: readonly Fingerprint[]): void {
    this.#dtls?.setExpectedFingerprints(fingerprints);
  }

  receiveDtls(datagram: Uint8Array, { ip, port }: Endpoint): void {
    const from = `${ip} ${port}`;
    if (this.#dtls !== undefined) this.#dtls.receive(datagram, from);
    // a ClientHello may overtake the answer that says who is the server (RFC 5763 7.1.2)
    else if (this.#early.length < MOST_EARLY) this.#early.push([datagram, from]);
    else this.#owner.counters.foreign += 1;
  }

  protectRtp(packet: Uint8Array): Uint8Array | undefined {
    const result = this.#outbound?.protectRtp(packet);
    return result?.ok ? result.packet : undefined;
  }

  protectRtcp(packet: Uint8Array): Uint8Array | undefined {
    const result = this.#outbound?.protectRtcp(packet);
    return result?.ok ? result.packet : undefined;
  }

  /** The packet in a protected one; `undefined`, and counted, if it is not the peer's. */
  unprotect(packet: Uint8Array, isRtcp: boolean): Uint8Array | undefined {
    const { counters, fingerprints } = this.#owner;
    const inbound = this.#inbound;
    if (inbound === undefined) {
      counters[this.#dtls !== undefined && fingerprints === undefined ? 'unverified' : 'beforeKeys'] += 1;
      return undefined;
    }
    const result = isRtcp ? inbound.unprotectRtcp(packet) : inbound.unprotectRtp(packet);
    if (result.ok) return result.packet;
    const { reason } = result;
    counters[reason === 'auth' || reason === 'replay' ? reason : 'malformed'] += 1;
    return undefined;
  }

  /** Ends the association, telling the peer; keys are forgotten. */
  close(): void {
    this.#dtls?.close();
    this.forget();
  }

  /** Forgets the keys: nothing is sent or taken under them any more. */
  forget(): void {
    this.#outbound = undefined;
    this.#inbound = undefined;
    this.#early = [];
  }

  #connected(role: 'client' | 'server', connection: DtlsConnection): void {
    const { srtpProfile } = connection;
    if (srtpProfile === undefined) {
      this.#owner.failed('no SRTP protection profile in common');
      return;
    }
    const { outbound, inbound } = srtpContexts({ ...connection, srtpProfile }, role);
    this.#outbound = outbound;
    this.#inbound = inbound;
    this.#owner.secured();
  }
}

/** Best first (RFC 8827 6.5, which makes the second mandatory). */
const DEFAULT_PROFILES: readonly SrtpProfile[] = ['SRTP_AEAD_AES_128_GCM', 'SRTP_AES128_CM_HMAC_SHA1_80'];
