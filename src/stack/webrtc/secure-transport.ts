import type { ActorRefFrom } from 'xstate';
import { certificateFingerprint } from '../../crypto/index.js';
import type { Host } from '../../network/index.js';
import type { Endpoint } from '../../trace/index.js';
import { demux, isRtcp } from '../../wire/rtp/index.js';
import type { SetupRole } from '../../wire/sdp/index.js';
import {
  type ConsentLoss,
  IceAgent,
  type IceCandidate,
  type IceCredentials,
  type IceRole,
  type RemoteDescription,
  type SelectedPair,
} from '../ice/index.js';
import type { SrtpProfile } from '../srtp/index.js';
import { type AssociationOwner, SecureAssociation } from './secure-association.js';
import { type TransportEvent, type TransportPort, transportMachine } from './transport-machine.js';
import type {
  Fingerprint,
  LayerCounters,
  LocalTransport,
  RemoteTransport,
  SecureTransportOptions,
  TransportCounters,
  TransportFailure,
  TransportState,
} from './types.js';

const RTP = 1;
const RTCP = 2;

/**
 * The transport of one data stream at either end: ICE, DTLS over the pair that ICE selects, and SRTP under the keys that DTLS agrees
 * on.
 *
 * @example
 * ```ts
 * const transport = new SecureTransport(host, {
 *   id: 'media/1', bases: [udpBase(host, { realm: 'access' })], ice: { role: 'controlling' }, setup: 'actpass',
 *   rtcpMux: 'require', certificate: hostCertificate(host), onReady: startTalking, onRtp: listen,
 * });
 * transport.gather();
 * // `transport.local` goes into the offer, and what the answer says comes back:
 * transport.setRemote(remoteTransport(answer, line));
 * ```
 */
export class SecureTransport implements TransportPort, AssociationOwner {
  readonly host: Host;
  readonly options: SecureTransportOptions;
  readonly counters: TransportCounters = noCounts();
  fingerprints: readonly Fingerprint[] | undefined;
  readonly #agent: IceAgent;
  readonly #actor: ActorRefFrom<typeof transportMachine>;
  readonly #fingerprint: Fingerprint;
  /** By component, of which some may go once it is agreed how many ports there are. */
  #associations: readonly SecureAssociation[];
  #agreed = false;
  /** Absent until both ends have said what they want. */
  #mux: boolean | undefined;
  #remoteSetup: SetupRole | undefined;
  #iceStarted = false;
  #held: boolean;
  /** After `open`, while there is consent. */
  #maySend = false;

  constructor(host: Host, options: SecureTransportOptions) {
    this.host = host;
    this.options = options;
    this.#held = options.holdsDtls ?? false;
    this.#fingerprint = { algorithm: 'sha-256', value: certificateFingerprint(options.certificate.der) };
    const policy = options.rtcpMux ?? 'negotiate';
    if (policy !== 'negotiate') this.#mux = policy === 'require';
    const components = lastComponent(options.bases);
    this.#associations = Array.from({ length: components }, (_, i) => new SecureAssociation(this, i + 1));
    this.#actor = host.spawn(transportMachine, { id: `${options.id} transport`, port: this });
    this.#agent = new IceAgent(host, {
      ...options.ice,
      id: `${options.id} ice`,
      bases: options.bases,
      components,
      onData: (component, bytes, from) => this.#receive(component, bytes, from),
      onGathered: () => options.onGathered?.(),
      onSelected: (component, pair) => this.#selected(component, pair),
      onFailed: (reason) => this.#send({ type: 'failed', by: 'ice', reason }),
      onConsentLost: (component, why) => this.#consentLost(component, why),
    });
  }

  get state(): TransportState {
    return this.#actor.getSnapshot().value;
  }

  /** Whether RTP and RTCP share a port; `undefined` until that is agreed. */
  get rtcpMux(): boolean | undefined {
    return this.#mux;
  }

  get iceRole(): IceRole {
    return this.#agent.role;
  }

  /** The profile in use. */
  get srtpProfile(): SrtpProfile | undefined {
    return this.#associations[0]?.profile;
  }

  /** The pair that a component goes over. */
  selected(component = RTP): SelectedPair | undefined {
    return this.#agent.selected(component);
  }

  /** Counters of the layers below. */
  get layers(): LayerCounters {
    return {
      ice: this.#agent.drops,
      dtls: this.#associations.map(({ dtls }) => dtls?.counters),
    };
  }

  /** What to say of this end in SDP. */
  get local(): LocalTransport {
    const { setup, rtcpMux = 'negotiate', ice } = this.options;
    const role = this.#dtlsRole;
    const all = this.#agent.localCandidates;
    const candidates = this.#mux === true ? all.filter(({ component }) => component === RTP) : all;
    const defaults = Array.from({ length: lastComponent(candidates) }, (_, index) =>
      defaultOf(candidates, index + 1),
    );
    return {
      ...this.#agent.credentials,
      candidates,
      lite: ice?.full === false,
      options: this.#agent.iceOptions,
      fingerprint: this.#fingerprint,
      setup,
      ...(role === undefined || this.#remoteSetup === undefined ? {} : { dtlsRole: role }),
      rtcpMux,
      defaults: defaults.filter((one) => one !== undefined),
    };
  }

  /** Asks servers for candidates; `onGathered` follows, at once if there is nobody to ask. */
  gather(): void {
    this.#agent.gather();
  }

  /** Takes what is known of the peer; see {@link RemoteTransport}. */
  setRemote({ ice, fingerprints, setup, rtcpMux = false }: RemoteTransport): void {
    const { state } = this;
    if (state === 'failed' || state === 'closed' || state === 'ended') return;
    if (setup !== undefined) this.#remoteSetup = setup;
    if (fingerprints !== undefined) {
      this.fingerprints = fingerprints;
      for (const association of this.#associations) association.expect(fingerprints);
    }
    if (ice !== undefined) {
      if (!this.#agree(ice, rtcpMux)) return;
      const candidates =
        this.#mux === true ? ice.candidates.filter(({ component }) => component === RTP) : ice.candidates;
      this.#agent.addRemote({ ...ice, candidates });
      this.#send({ type: 'described' });
      if (!this.#iceStarted) {
        this.#iceStarted = true;
        this.#agent.start();
      }
    }
    for (const { component } of this.#associations) this.#secure(component);
  }

  /** Begins DTLS that was held back (H.248 Establish). */
  secure(): void {
    this.#held = false;
    for (const { component } of this.#associations) this.#secure(component);
  }

  /**
   * Begins an ICE restart (RFC 8445 9): `local` has new credentials, and `setRemote` with the peer's new ones lets checks begin. The
   * DTLS association and its keys stay.
   */
  restart(credentials?: IceCredentials): void {
    if (this.state === 'closed' || this.state === 'failed') return;
    this.#agent.restart(credentials);
    this.#iceStarted = false;
    this.#agent.gather();
  }

  /**
   * Protects an RTP packet and sends it.
   *
   * @returns false, and counted, before there are keys and without consent
   */
  sendRtp(packet: Uint8Array): boolean {
    const association = this.#associations[0];
    const out = this.#maySend ? association?.protectRtp(packet) : undefined;
    if (out !== undefined && this.#agent.send(RTP, out)) {
      this.counters.rtpSent += 1;
      return true;
    }
    this.counters.unsent += 1;
    return false;
  }

  /** Protects an RTCP datagram and sends it, on its own port if there is one; see {@link sendRtp}. */
  sendRtcp(packet: Uint8Array): boolean {
    const component = this.#mux === true ? RTP : RTCP;
    const out = this.#maySend ? this.#associations[component - 1]?.protectRtcp(packet) : undefined;
    if (out !== undefined && this.#agent.send(component, out)) {
      this.counters.rtcpSent += 1;
      return true;
    }
    this.counters.unsent += 1;
    return false;
  }

  /** Sends a record of application data. */
  sendData(data: Uint8Array): boolean {
    return this.#maySend && this.#associations[0]?.dtls?.sendData(data) === true;
  }

  /** Takes back the consent that the peer may send (RFC 7675 5.2). */
  refuseConsent(): void {
    this.#agent.refuseConsent();
  }

  /** Ends it: the peer gets a close_notify, sockets close, and nothing is left. */
  close(): void {
    this.#send({ type: 'closed' });
  }

  open(): void {
    this.#maySend = true;
    this.options.onReady?.();
  }

  interrupt(): void {
    this.#maySend = false;
  }

  resume(): void {
    this.#maySend = true;
    this.options.onResumed?.();
  }

  fail(by: TransportFailure, reason: string): void {
    this.#forgetKeys();
    this.options.onFailed?.(by, reason);
  }

  end(): void {
    this.#forgetKeys();
    this.options.onEnded?.();
  }

  release(): void {
    for (const association of this.#associations) association.close();
    this.#forgetKeys();
    this.#agent.close();
  }

  send(component: number, datagram: Uint8Array): boolean {
    return this.#agent.send(component, datagram);
  }

  secured(): void {
    if (this.state !== 'securing') return;
    if (this.#associations.every(({ secured }) => secured)) this.#send({ type: 'secured' });
  }

  ended(): void {
    this.#send({ type: 'ended by peer' });
  }

  failed(reason: string): void {
    this.#send({ type: 'failed', by: 'dtls', reason });
  }

  #send(event: TransportEvent): void {
    this.#actor.send(event);
  }

  #forgetKeys(): void {
    this.#maySend = false;
    for (const association of this.#associations) association.forget();
  }

  /** Settles how many ports there are; whether this end can go on with what the peer says. */
  #agree({ candidates, endOfCandidates = true }: RemoteDescription, theirs: boolean): boolean {
    const { rtcpMux: policy = 'negotiate', bases } = this.options;
    if (policy === 'require' && !theirs) {
      this.#send({ type: 'failed', by: 'mux', reason: 'the peer does not share a port with RTCP' });
      return false;
    }
    // both ends have to say a=rtcp-mux (RFC 5761 5.1.1)
    this.#mux ??= theirs;
    if (this.#agreed) return true;
    this.#agreed = true;
    const ours = lastComponent(bases);
    // a peer may have no RTCP at all
    const last = this.#mux ? RTP : endOfCandidates ? Math.min(ours, lastComponent(candidates)) : ours;
    this.#associations = this.#associations.slice(0, last);
    // the port offered for a peer that does not multiplex is not needed any more (RFC 5761 5.1.3)
    if (this.#mux) for (const base of bases) if (base.component === RTCP) base.close();
    return true;
  }

  #selected(component: number, pair: SelectedPair): void {
    this.options.onSelected?.(component, pair);
    this.#secure(component);
    if (this.#associations.every((one) => this.#agent.selected(one.component) !== undefined)) {
      this.#send({ type: 'way found' });
      this.secured();
    }
  }

  #consentLost(component: number, why: ConsentLoss): void {
    this.#send({ type: 'consent lost' });
    this.options.onConsentLost?.(component, why);
  }

  /** Starts the association of a component as soon as there are a role and a way. */
  #secure(component: number): void {
    const association = this.#associations[component - 1];
    const role = this.#dtlsRole;
    if (association === undefined || role === undefined) return;
    if (role === 'client' && this.#held) return;
    if (this.#agent.selected(component) !== undefined) association.start(role);
  }

  /** Who is active is the client (RFC 5763 5); an answer that says nothing is (RFC 4145 4.1). */
  get #dtlsRole(): 'client' | 'server' | undefined {
    const { setup } = this.options;
    if (setup !== 'actpass') return setup === 'active' ? 'client' : 'server';
    if (this.#remoteSetup === undefined) return undefined;
    return this.#remoteSetup === 'passive' ? 'client' : 'server';
  }

  #receive(component: number, bytes: Uint8Array, from: Endpoint): void {
    const association = this.#associations[component - 1];
    switch (demux(bytes[0])) {
      case 'dtls':
        association?.receiveDtls(bytes, from);
        break;
      case 'rtp':
        this.#receiveMedia(component, association, bytes);
        break;
      default:
        this.counters.foreign += 1;
    }
  }

  #receiveMedia(component: number, association: SecureAssociation | undefined, bytes: Uint8Array): void {
    const { counters } = this;
    const rtcp = isRtcp(bytes[1]);
    if (this.#mux === false && rtcp !== (component === RTCP)) {
      counters.foreign += 1;
      return;
    }
    const packet = association?.unprotect(bytes, rtcp);
    if (packet === undefined) return;
    if (rtcp) {
      counters.rtcpReceived += 1;
      this.options.onRtcp?.(packet);
    } else {
      counters.rtpReceived += 1;
      this.options.onRtp?.(packet);
    }
  }
}

/** The candidate most likely to work: relayed before reflexive before host ones (RFC 8839 4.2.1.2). */
function defaultOf(candidates: readonly IceCandidate[], component: number): IceCandidate | undefined {
  const ofComponent = candidates.filter((one) => one.component === component);
  const rank = ({ type, transport }: IceCandidate): number =>
    ['relay', 'srflx', 'host'].indexOf(type) + (transport === 'udp' ? 0 : 4);
  return ofComponent.reduce<IceCandidate | undefined>(
    (best, one) => (best === undefined || rank(one) < rank(best) ? one : best),
    undefined,
  );
}

function lastComponent(those: readonly { readonly component: number }[]): number {
  return those.reduce((most, { component }) => Math.max(most, component), RTP);
}

function noCounts(): TransportCounters {
  return {
    rtpSent: 0,
    rtpReceived: 0,
    rtcpSent: 0,
    rtcpReceived: 0,
    unsent: 0,
    beforeKeys: 0,
    unverified: 0,
    auth: 0,
    replay: 0,
    malformed: 0,
    foreign: 0,
  };
}
