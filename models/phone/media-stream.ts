import type { ActorRefFrom } from 'xstate';
import type { MediaReport } from '../../src/media/index.js';
import type { Host } from '../../src/network/index.js';
import type { RtpReport } from '../../src/stack/rtp/index.js';
import type { RemoteTransport, RtcpMuxPolicy, SecureTransport } from '../../src/stack/webrtc/index.js';
import type { Endpoint } from '../../src/trace/index.js';
import type { LocalEnd } from './description.js';
import { type MediaEvent, type MediaPort, mediaMachine } from './media.js';
import type { MediaProfile } from './media-profile.js';
import { type PlainDestination, PlainTransport } from './plain-transport.js';
import { Voice, type VoiceAgreement, type VoiceIdentity } from './voice.js';
import { openW3Transport } from './w3-transport.js';

/** Bytes of UDP with IPv4 and IPv6, and of SRTCP's index and tag (RFC 3550 6.2, RFC 3711 3.4). */
const IPV4_OVERHEAD = 28;
const IPV6_OVERHEAD = 48;
const SRTCP_OVERHEAD = 14;

/** How a stream is set up. */
export interface MediaStreamOptions {
  /** Name of its machine in the trace. */
  readonly id: string;
  readonly profile: MediaProfile;
  /** Even; the next one is for RTCP. */
  readonly port: number;
  /** Pitch of the voice. */
  readonly pitchHz: number;
  /** `actpass` in offers, the role in answers; for WebRTC. */
  readonly setup: 'actpass' | 'active' | 'passive';
  readonly rtcpMux: RtcpMuxPolicy;
  readonly initiates: boolean;
  /** The own end can be described. */
  readonly onGathered: () => void;
  /** There is no way, or no key; nothing follows. */
  readonly onFailed: (reason: string) => void;
  /** ICE and DTLS are through. */
  readonly onSecured: () => void;
}

/** The other side of a stream as its description has it. */
export interface FarEnd {
  readonly voice: VoiceAgreement;
  /** Of a plain stream; absent where that is nowhere. */
  readonly destination?: PlainDestination;
  /** Of a WebRTC stream. */
  readonly remote?: RemoteTransport;
}

/** A media line at this phone: transport, voice and ear. Packets never touch a state machine. */
export class MediaStream implements MediaPort {
  readonly port: number;
  readonly #options: MediaStreamOptions;
  readonly #plain: PlainTransport | undefined;
  readonly #secure: SecureTransport | undefined;
  readonly #voice: Voice;
  readonly #actor: ActorRefFrom<typeof mediaMachine>;
  #remote: RemoteTransport | undefined;
  /** Called once candidates are complete. */
  #gathered: () => void;

  constructor(host: Host, options: MediaStreamOptions) {
    const { id, profile, port, pitchHz } = options;
    this.#options = options;
    this.port = port;
    this.#gathered = options.onGathered;
    const secure = profile.kind === 'webrtc';
    if (secure) this.#secure = this.#openSecure(host);
    else this.#plain = this.#openPlain(host);
    const overheadBytes = host.address(profile.realm).includes(':') ? IPV6_OVERHEAD : IPV4_OVERHEAD;
    const transport = this.#secure ?? (this.#plain as PlainTransport);
    this.#voice = new Voice(host, {
      id: `${id} rtcp`,
      pitchHz,
      overheadBytes: overheadBytes + (secure ? SRTCP_OVERHEAD : 0),
      sendRtp: (packet) => transport.sendRtp(packet),
      sendRtcp: (packet) => transport.sendRtcp(packet),
    });
    this.#actor = host.spawn(mediaMachine, { id, port: this });
  }

  /** RTP packets sent. */
  get sent(): number {
    return this.#voice.sent;
  }

  get heard(): MediaReport {
    return this.#voice.heard;
  }

  get rtcp(): RtpReport | undefined {
    return this.#voice.rtcp;
  }

  /** What the voice of this side carries. */
  get identity(): VoiceIdentity {
    return this.#voice.identity;
  }

  /** The transport of a WebRTC stream. */
  get transport(): SecureTransport | undefined {
    return this.#secure;
  }

  /** `waiting`, `securing`, `ready`, `flowing`, `interrupted`, `failed` or `closed`. */
  get state(): string {
    return String(this.#actor.getSnapshot().value);
  }

  /** The own end as it goes into a description; complete once it was gathered. */
  get end(): LocalEnd {
    const transport = this.#secure?.local;
    if (transport === undefined) return { local: (this.#plain as PlainTransport).local };
    const local: Endpoint = transport.defaults[0]?.address ?? { ip: '0.0.0.0', port: 9 };
    return { local, transport };
  }

  /** Finds the addresses of this end; `onGathered` follows, at once if there is nobody to ask. */
  gather(): void {
    if (this.#secure === undefined) this.#gathered();
    else this.#secure.gather();
  }

  /** Learns of the far end, or what is new about it. */
  describe({ voice, destination, remote }: FarEnd): void {
    this.#voice.agree(voice);
    if (this.#plain !== undefined && destination !== undefined) {
      this.#plain.setRemote(destination);
      this.#send({ type: 'described', secures: false });
    }
    if (this.#secure === undefined || remote === undefined) return;
    this.#remote = remote;
    this.#send({ type: 'described', secures: true });
    this.#secure.setRemote(remote);
  }

  /** Whether the far end's credentials would be new: it restarts ICE (RFC 8839 4.4.1.1.1). */
  restarts({ ice }: RemoteTransport): boolean {
    const known = this.#remote?.ice;
    return known !== undefined && ice !== undefined && (known.ufrag !== ice.ufrag || known.pwd !== ice.pwd);
  }

  /** Whether the far end asks for another DTLS association by another certificate (RFC 8842 4). */
  reassociates({ fingerprints = [] }: RemoteTransport): boolean {
    const known = this.#remote?.fingerprints?.map(({ value }) => value);
    return known !== undefined && !fingerprints.some(({ value }) => known.includes(value));
  }

  /** Takes new credentials, and calls `done` once the own end can be described with them. */
  restart(done: () => void): void {
    if (this.#secure === undefined) {
      done();
      return;
    }
    this.#gathered = done;
    this.#secure.restart();
  }

  /** Lets media flow as soon as there is a way. */
  open(): void {
    this.#send({ type: 'gate.opened' });
  }

  /** Stops sending. */
  shut(): void {
    this.#send({ type: 'gate.shut' });
  }

  /** Stops for good, and tells the far end so. */
  leave(): void {
    this.shut();
    this.#voice.leave();
  }

  /** Presses keys. */
  press(digits: string): void {
    this.#voice.press(digits);
  }

  close(): void {
    this.#send({ type: 'closed' });
  }

  join(): void {
    this.#voice.join();
  }

  startSending(): void {
    this.#voice.talk();
  }

  stopSending(): void {
    this.#voice.hush();
  }

  tellFailure(reason: string): void {
    this.#options.onFailed(reason);
  }

  release(): void {
    this.#voice.leave();
    this.#voice.close();
    this.#secure?.close();
    this.#plain?.close();
  }

  #send(event: MediaEvent): void {
    if (this.state !== 'closed') this.#actor.send(event);
  }

  #openPlain(host: Host): PlainTransport {
    const { profile, port } = this.#options;
    return new PlainTransport(host, {
      realm: profile.realm,
      port,
      onRtp: (packet) => this.#voice.receiveRtp(packet),
      onRtcp: (packet) => this.#voice.receiveRtcp(packet),
    });
  }

  #openSecure(host: Host): SecureTransport {
    const { id, profile, port, setup, rtcpMux, initiates, onSecured } = this.#options;
    return openW3Transport(host, profile, {
      id,
      port,
      setup,
      rtcpMux,
      initiates,
      onGathered: () => this.#gathered(),
      onReady: () => {
        this.#send({ type: 'secured' });
        onSecured();
      },
      onRtp: (packet) => this.#voice.receiveRtp(packet),
      onRtcp: (packet) => this.#voice.receiveRtcp(packet),
      onFailed: (by, reason) => this.#send({ type: 'failed', reason: `${NAMES[by]}: ${reason}` }),
      onConsentLost: (_, why) => {
        if (profile.w3.onConsentLost === 'wait') this.#send({ type: 'interrupted' });
        else this.#send({ type: 'failed', reason: `consent to send has been ${WHYS[why]}` });
      },
      onResumed: () => this.#send({ type: 'resumed' }),
      onEnded: () => this.#send({ type: 'interrupted' }),
    });
  }
}

const NAMES = { ice: 'no way for media', dtls: 'no keys for media', mux: 'no port for RTCP' } as const;
const WHYS = { expired: 'lost', revoked: 'revoked' } as const;
