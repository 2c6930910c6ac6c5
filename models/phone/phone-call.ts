import type { Host } from '../../src/network/index.js';
import type { NextHop } from '../../src/stack/sip/index.js';
import type { EndReason, HopFinder, IncomingRequest, SipUserAgent } from '../../src/stack/sip-ua/index.js';
import {
  iceCredentials,
  iceLite,
  type MediaDescription,
  parseSdp,
  rtpMaps,
  type SessionDescription,
  serializeSdp,
} from '../../src/wire/sdp/index.js';
import type { SipRequest } from '../../src/wire/sip/index.js';
import type { PolicyOf } from '../common/index.js';
import {
  type Author,
  chooseLine,
  familyOf,
  type IceCredentials,
  makeAnswer,
  maySend,
  remoteEnd,
  sendingCodec,
} from './description.js';
import type { MediaProfile } from './media-profile.js';
import { MediaStream } from './media-stream.js';
import type { CallEvent } from './originating-call.js';
import type { phonePolicy } from './policy.js';
import type { Heard } from './rtp-listener.js';

/** Values of {@link phonePolicy}. */
export type PhonePolicy = PolicyOf<typeof phonePolicy>;

/** What a call borrows from its phone. */
export interface CallHome {
  readonly host: Host;
  readonly ua: SipUserAgent;
  readonly media: MediaProfile;
  readonly policy: PhonePolicy;
  readonly author: Author;
  readonly inDialogHop: HopFinder | undefined;
  /** Number of the call on this phone, for names in the trace. */
  readonly number: number;
  hop(request: SipRequest): NextHop | undefined;
  buildInvite(uri: string): SipRequest;
  realises(id: WicRequirement): void;
  /** An unused port of the pool. */
  takePort(): number | undefined;
  giveBackPort(port: number): void;
  onEnded(call: PhoneCall): void;
}

/** Requirements that a phone with WebRTC media realises for the WIC that owns it. */
export type WicRequirement =
  | '24371-5.2-04'
  | '24371-5C.2-02'
  | '24371-5D.4-04'
  | '24371-5D.4-05'
  | '24371-7.2.2-01'
  | '24371-7.2.2-02'
  | '24371-7.2.2-03'
  | '24371-7.2.2-04'
  | '24371-7.2.2-05'
  | '24371-7.2.3-01'
  | '24371-7.2.3-02'
  | '24371-7.2.3-03'
  | '24371-7.2.3-04';

/** Why a call is over. */
export interface CallEnd {
  readonly by: EndReason['by'] | 'media';
  readonly text: string;
  /** Status of the final response, where that ended it. */
  readonly status?: number;
}

/** Pitches by which the two sides of a call can be told apart. */
export const CALLER_HZ = 440;
export const CALLEE_HZ = 880;

/** A call of a phone: the object beside its machine, and what its owner holds. */
export abstract class PhoneCall {
  abstract readonly direction: 'originating' | 'terminating';
  /** Name of its machine in the trace. */
  readonly id: string;
  protected readonly home: CallHome;
  /** One stream a media line of the own description; absent for lines that are disabled. */
  protected streams: readonly (MediaStream | undefined)[] = [];
  protected local: SessionDescription | undefined;
  protected remote: SessionDescription | undefined;
  #end: CallEnd | undefined;
  #streamCount = 0;
  #talking = false;

  constructor(home: CallHome) {
    this.home = home;
    this.id = `call/${home.number}`;
  }

  /**
   * `preparing`, `ending` and `ended`, and in between `calling`, `progress`, `ringing` for a caller, `alerting`,
   * `answering` for the called side, `up` for both.
   */
  abstract readonly state: string;

  /** Answers a call that alerts; no effect otherwise. */
  abstract answer(): void;

  /**
   * Refuses a call that alerts; no effect otherwise.
   *
   * @param status 400 to 699, default 603 (Decline)
   */
  abstract reject(status?: number): void;

  protected abstract send(event: CallEvent): void;

  /** Ends the call in whatever state: CANCEL, 480 or BYE. */
  hangUp(): void {
    this.over({ by: 'local', text: 'hung up' });
    this.send({ type: 'hung up' });
  }

  /** RTP packets sent. */
  get sent(): number {
    return this.streams.reduce((sum, stream) => sum + (stream?.sent ?? 0), 0);
  }

  /** RTP packets received, of the agreed formats. */
  get received(): number {
    return this.streams.reduce((sum, stream) => sum + (stream?.listener.packets ?? 0), 0);
  }

  /** What is heard of the other side; computed when asked for. */
  get heard(): Heard {
    return this.#voice?.listener.heard ?? { packets: 0, lost: 0, dominantFrequencyHz: undefined };
  }

  /** The state of the voice stream: `waiting`, `checking`, `reachable`, `flowing` or `closed`. */
  get mediaState(): string {
    return this.#voice?.state ?? 'closed';
  }

  /** The own description as sent last. */
  get localSdp(): SessionDescription | undefined {
    return this.local;
  }

  /** The description of the other side that holds. */
  get remoteSdp(): SessionDescription | undefined {
    return this.remote;
  }

  /** Why the call is over, or is going to be; absent before. */
  get endReason(): CallEnd | undefined {
    return this.#end;
  }

  /** Ends without a word to the other side. */
  close(): void {
    this.over({ by: 'local', text: 'switched off' });
    this.send({ type: 'closed' });
  }

  talk(): void {
    this.#talking = true;
    this.#gate();
  }

  release(): void {
    for (const stream of this.streams) {
      if (stream === undefined) continue;
      stream.close();
      this.home.giveBackPort(stream.local.port);
    }
    this.home.onEnded(this);
  }

  /** The first reason stands. */
  protected over(end: CallEnd): void {
    this.#end ??= end;
  }

  /** Stops sending on all lines. */
  protected hush(): void {
    this.#talking = false;
    for (const stream of this.streams) stream?.shut();
  }

  /** Lets media flow before the answer, where the policy has it so. */
  protected talkEarly(): void {
    if (this.home.policy.earlyMedia) this.talk();
  }

  /**
   * A stream of its own for a line.
   *
   * @returns `undefined` when no port is free
   */
  protected openStream(frequencyHz: number, credentials?: IceCredentials): MediaStream | undefined {
    const { host, media } = this.home;
    const port = this.home.takePort();
    if (port === undefined) return undefined;
    const stream = new MediaStream(host, {
      id: `media/${this.home.number}.${++this.#streamCount}`,
      realm: media.realm,
      port,
      frequencyHz,
      ice: media.kind === 'webrtc',
      ...(credentials === undefined ? {} : { credentials }),
      onUnreachable: (reason) => {
        this.over({ by: 'media', text: `no way for media: ${reason}` });
        this.send({ type: 'media.failed' });
      },
    });
    return stream;
  }

  /** Tells the streams what both descriptions agree on. */
  protected agree(offering: boolean): void {
    const { local, remote } = this;
    if (local === undefined || remote === undefined) return;
    local.media.forEach((ours, index) => {
      const stream = this.streams[index];
      const theirs = remote.media[index];
      if (stream === undefined || theirs === undefined || ours.port === 0 || theirs.port === 0) return;
      stream.listener.expect(rtpMaps(ours));
      this.#describe(stream, remote, theirs, offering ? theirs : ours);
    });
    this.#gate();
  }

  #describe(
    stream: MediaStream,
    remote: SessionDescription,
    theirs: MediaDescription,
    answered: MediaDescription,
  ): void {
    const address = remoteEnd(remote, theirs, familyOf(stream.local.ip));
    if (address === undefined) return;
    const codec = sendingCodec(answered);
    const credentials = this.home.media.kind === 'webrtc' ? iceCredentials(remote, theirs) : undefined;
    const lite = iceLite(remote);
    // RFC 8445 6.1.1: the caller controls, unless only one side is a full agent (24371-7.2.3-04)
    const role = lite || this.direction === 'originating' ? 'controlling' : 'controlled';
    if (credentials !== undefined && lite && this.direction === 'terminating')
      this.home.realises('24371-7.2.3-04');
    stream.describe({
      address,
      ...(codec === undefined ? {} : { codec }),
      ...(credentials === undefined ? {} : { ice: { ...credentials, role } }),
    });
  }

  /** Opens and shuts the lines by what the call and the directions allow. */
  #gate(): void {
    const { local } = this;
    if (local === undefined) return;
    local.media.forEach((line, index) => {
      const stream = this.streams[index];
      if (stream === undefined) return;
      if (this.#talking && maySend(local, line)) stream.open();
      else stream.shut();
    });
  }

  /** A request within the call: changes of the session are answered, all else is refused (RFC 3261 14.2, RFC 3311 5.2). */
  protected onRequest(incoming: IncomingRequest): void {
    const { method } = incoming.request;
    if (incoming.sdp !== undefined) this.#answerAgain(incoming, incoming.sdp);
    else if (method === 'UPDATE' || method === 'OPTIONS') incoming.respond(200);
    else if (method === 'INVITE')
      incoming.respond(488, { headers: [this.warning(399, 'an offer is required')] });
    else incoming.respond(405, { headers: [['Allow', this.home.ua.allow]] });
  }

  #answerAgain(incoming: IncomingRequest, bytes: Uint8Array): void {
    const read = parseSdp(bytes);
    const { home, local } = this;
    const choice = read.ok ? chooseLine(read.value, home.media) : undefined;
    const stream = choice === undefined ? undefined : this.streams[choice.index];
    if (!read.ok || choice === undefined || stream === undefined || local === undefined) {
      incoming.respond(488, { headers: [this.warning(305, 'no line that goes on')] });
      return;
    }
    const line = read.value.media[choice.index] as MediaDescription;
    if (stream.restarts(iceCredentials(read.value, line))) stream.restart();
    this.remote = read.value;
    this.local = makeAnswer(read.value, choice, home.author, stream, (local.origin?.sessionVersion ?? 0) + 1);
    incoming.respond(200, { sdp: encode(this.local) });
    this.agree(false);
  }

  /** A Warning header field (RFC 3261 20.43). */
  protected warning(code: number, text: string): [string, string] {
    return ['Warning', `${code} ${this.home.host.name} "${text}"`];
  }

  get #voice(): MediaStream | undefined {
    return this.streams.find((stream) => stream !== undefined);
  }
}

/** A description as it goes into a message. */
export function encode(description: SessionDescription): Uint8Array {
  return new TextEncoder().encode(serializeSdp(description));
}
