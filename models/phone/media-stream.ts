import type { ActorRefFrom } from 'xstate';
import { toHex } from '../../src/crypto/index.js';
import type { Host, UdpSocket } from '../../src/network/index.js';
import { answerCheck, type Check, startCheck } from '../../src/stack/stun/index.js';
import type { Endpoint } from '../../src/trace/index.js';
import { demux } from '../../src/wire/rtp/index.js';
import type { RtpMap } from '../../src/wire/sdp/index.js';
import type { IceCredentials, LocalEnd } from './description.js';
import { type MediaPort, mediaMachine } from './media.js';
import { RtpListener } from './rtp-listener.js';
import { ToneSender } from './tone-sender.js';

/** Characters of an ICE user fragment and password (RFC 8839 5.4: at least 4 and 22). */
const UFRAG_LENGTH = 8;
const PWD_LENGTH = 24;

/** The priority of a peer-reflexive candidate: type preference 110, local preference 65535 (RFC 8445 7.1.1). */
const REFLEXIVE_PRIORITY = 1_862_270_975;

/** How a stream is set up. */
export interface MediaStreamOptions {
  /** Name of its machine in the trace. */
  readonly id: string;
  readonly realm: string;
  readonly port: number;
  /** Pitch of the tone it sends. */
  readonly frequencyHz: number;
  /** Whether it does ICE, with the credentials of a given offer if there are any. */
  readonly ice: boolean;
  readonly credentials?: IceCredentials;
  /** No check has got through. */
  readonly onUnreachable: (reason: string) => void;
}

/** The other side of a stream as its description has it. */
export interface FarEnd {
  readonly address: Endpoint;
  /** Codec in which to send; absent for lines that are not heard here. */
  readonly codec?: RtpMap;
  /** Present with ICE. */
  readonly ice?: IceCredentials & { readonly role: 'controlling' | 'controlled' };
}

/** A media line at this phone: socket, connectivity check, tone and ear. Packets never touch a state machine. */
export class MediaStream implements MediaPort, LocalEnd {
  readonly listener = new RtpListener();
  readonly local: Endpoint;
  #ice: IceCredentials | undefined;
  readonly #options: MediaStreamOptions;
  readonly #host: Host;
  readonly #socket: UdpSocket;
  readonly #sender: ToneSender;
  readonly #actor: ActorRefFrom<typeof mediaMachine>;
  #far: FarEnd | undefined;
  #check: Check | undefined;
  /** Names of the checks of this stream so far. */
  #checks = 0;
  #problem = '';

  constructor(host: Host, options: MediaStreamOptions) {
    this.#host = host;
    this.#options = options;
    this.#ice = options.credentials ?? (options.ice ? newCredentials(host) : undefined);
    this.#socket = host.udp(options.realm, options.port, (data, from) => this.#receive(data, from));
    this.local = this.#socket.local;
    this.#sender = new ToneSender(host, options.frequencyHz, (packet) => this.#transmit(packet));
    this.#actor = host.spawn(mediaMachine, { id: options.id, port: this });
  }

  /** Own credentials, where ICE is done. */
  get ice(): IceCredentials | undefined {
    return this.#ice;
  }

  /** RTP packets sent. */
  get sent(): number {
    return this.#sender.sent;
  }

  /** `waiting`, `checking`, `reachable`, `flowing` or `closed`. */
  get state(): string {
    return String(this.#actor.getSnapshot().value);
  }

  /** Learns of the far end; a new one, or new credentials, replace what was known. */
  describe(far: FarEnd): void {
    const known = this.#far;
    const samePath = known !== undefined && isSamePath(known, far);
    // the pair that was chosen stays; it need not be the one described
    this.#far = samePath ? { ...far, address: known.address } : far;
    if (this.state === 'flowing' && far.codec?.payloadType !== known?.codec?.payloadType) this.startSending();
    this.#actor.send({ type: 'described', checks: far.ice !== undefined && !samePath });
  }

  /** Takes new credentials, as an ICE restart of the far end asks for (RFC 8839 4.4.1.1.1). */
  restart(): void {
    this.#ice = newCredentials(this.#host);
  }

  /** Whether the far end's credentials would be new. */
  restarts(ice: IceCredentials | undefined): boolean {
    const known = this.#far?.ice;
    return known !== undefined && ice !== undefined && (known.ufrag !== ice.ufrag || known.pwd !== ice.pwd);
  }

  /** Lets media flow as soon as there is a way. */
  open(): void {
    this.#actor.send({ type: 'gate.opened' });
  }

  /** Stops sending. */
  shut(): void {
    this.#actor.send({ type: 'gate.shut' });
  }

  close(): void {
    this.#actor.send({ type: 'closed' });
  }

  check(): void {
    const far = this.#far;
    if (far?.ice === undefined || this.#ice === undefined) return;
    const { ufrag, pwd, role } = far.ice;
    const { address } = far;
    const number = ++this.#checks;
    const current = (): boolean => number === this.#checks;
    this.#check = startCheck(this.#host, `${this.#options.id} check/${number}`, {
      localUfrag: this.#ice.ufrag,
      remoteUfrag: ufrag,
      remotePwd: pwd,
      priority: REFLEXIVE_PRIORITY,
      role,
      tieBreaker: toHex(this.#host.random('ice tie-breaker').bytes(8)),
      nominate: role === 'controlling',
      send: (bytes) => this.#socket.send(bytes, address),
      onSuccess: () => {
        if (current()) this.#actor.send({ type: 'check.succeeded' });
      },
      onFailure: (reason) => {
        if (!current()) return;
        this.#problem = reason;
        this.#actor.send({ type: 'check.failed' });
      },
    });
  }

  startSending(): void {
    const codec = this.#far?.codec;
    if (codec !== undefined) this.#sender.start(codec);
  }

  stopSending(): void {
    this.#sender.stop();
  }

  tellUnreachable(): void {
    this.#options.onUnreachable(this.#problem);
  }

  release(): void {
    this.#checks++;
    this.#check = undefined;
    this.#socket.close();
  }

  #transmit(packet: Uint8Array): void {
    if (this.#far !== undefined) this.#socket.send(packet, this.#far.address);
  }

  #receive(data: Uint8Array, from: Endpoint): void {
    switch (demux(data[0])) {
      case 'rtp':
        this.listener.receive(data);
        break;
      case 'stun':
        this.#receiveStun(data, from);
        break;
      default:
        this.listener.foreign++;
    }
  }

  #receiveStun(data: Uint8Array, from: Endpoint): void {
    if (this.#check?.receive(data) === true) return;
    if (this.#ice === undefined) {
      this.listener.foreign++;
      return;
    }
    const { response, nominated, problem } = answerCheck(data, from, this.#ice);
    if (problem !== undefined) this.#host.reject('STUN', problem);
    if (response !== undefined) this.#socket.send(response, from);
    // the controlling side chooses the pair (RFC 8445 8.1.1)
    if (nominated && this.#far?.ice?.role === 'controlled') this.#far = { ...this.#far, address: from };
  }
}

function newCredentials(host: Host): IceCredentials {
  const random = host.random('ice');
  return { ufrag: random.token(UFRAG_LENGTH), pwd: random.token(PWD_LENGTH) };
}

function isSamePath(a: FarEnd, b: FarEnd): boolean {
  if (a.ice !== undefined || b.ice !== undefined)
    return a.ice?.ufrag === b.ice?.ufrag && a.ice?.pwd === b.ice?.pwd;
  return a.address.ip === b.address.ip && a.address.port === b.address.port;
}
