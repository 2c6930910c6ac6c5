import { MediaObserver, type MediaReport } from '../../src/media/index.js';
import type { Host } from '../../src/network/index.js';
import type { RtpReport } from '../../src/stack/rtp/index.js';
import type { NextHop } from '../../src/stack/sip/index.js';
import type { EndReason, HopFinder, IncomingRequest, SipUserAgent } from '../../src/stack/sip-ua/index.js';
import { type RtcpMuxPolicy, remoteTransport, type SecureTransport } from '../../src/stack/webrtc/index.js';
import {
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
  destinationOf,
  formatsOf,
  makeAnswer,
  maySend,
  ptimeOf,
  rtcpBandwidthOf,
} from './description.js';
import type { MediaProfile } from './media-profile.js';
import { MediaStream, type MediaStreamOptions } from './media-stream.js';
import type { CallEvent } from './originating-call.js';
import type { phonePolicy } from './policy.js';
import type { VoiceIdentity } from './voice.js';

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
  | '24371-7.2.1-02'
  | '24371-7.2.2-05'
  | '24371-7.2.2-06'
  | '24371-7.2.2-07'
  | '24371-7.2.3-01'
  | '24371-7.2.3-02'
  | '24371-7.2.3-03'
  | '24371-7.2.3-04'
  | '24371-7.2.3-05';

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
  /** Streams that still look for their addresses, and what follows. */
  #gathering = 0;
  #gathered: () => void = () => {};
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
    return this.streams.reduce((sum, stream) => sum + (stream?.heard.packets ?? 0), 0);
  }

  /** What is heard of the other side: whose voice, which frames of it, in which order; computed when asked for. */
  get heard(): MediaReport {
    return this.#voice?.heard ?? NOTHING_HEARD;
  }

  /** What the voice of this side carries, by which the other side can tell it. */
  get voice(): VoiceIdentity | undefined {
    return this.#voice?.identity;
  }

  /** How the RTP session of the voice fares by RTCP; absent before there is a way for media. */
  get rtcp(): RtpReport | undefined {
    return this.#voice?.rtcp;
  }

  /** The transport of the voice, with WebRTC media. */
  get transport(): SecureTransport | undefined {
    return this.#voice?.transport;
  }

  /** Presses keys: their digits go as telephone events where those were agreed on (RFC 4733). */
  press(digits: string): void {
    this.#voice?.press(digits);
  }

  /** The state of the voice stream: `waiting`, `securing`, `ready`, `flowing`, `interrupted`, `failed` or `closed`. */
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
      this.home.giveBackPort(stream.port);
    }
    this.home.onEnded(this);
  }

  /** The first reason stands. */
  protected over(end: CallEnd): void {
    this.#end ??= end;
  }

  /** Stops sending on all lines for good. */
  protected hush(): void {
    this.#talking = false;
    for (const stream of this.streams) stream?.leave();
  }

  /** Value of the Reason header field where this side ends a session that media cannot go on with (TS 24.229 7.2A.18). */
  protected get byeReason(): string | undefined {
    if (this.#end?.by !== 'media') return undefined;
    return `RELEASE_CAUSE;cause=3;text="Media bearer loss: ${this.#end.text.replace(/["\\]/g, "'")}"`;
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
  protected openStream(
    pitchHz: number,
    { setup, rtcpMux }: { readonly setup: MediaStreamOptions['setup']; readonly rtcpMux: RtcpMuxPolicy },
  ): MediaStream | undefined {
    const { host, media: profile, number } = this.home;
    const port = this.home.takePort();
    if (port === undefined) return undefined;
    this.#gathering++;
    const stream = new MediaStream(host, {
      id: `media/${number}.${++this.#streamCount}`,
      profile,
      port,
      pitchHz,
      setup,
      rtcpMux,
      initiates: this.direction === 'originating',
      onGathered: () => {
        this.#gathering--;
        if (this.#gathering === 0) this.#gathered();
      },
      onFailed: (reason) => {
        this.over({ by: 'media', text: reason });
        this.send({ type: 'media.failed' });
      },
      onSecured: () => this.#noteSecured(),
    });
    return stream;
  }

  /** Finds the addresses of all streams, then calls `done`. */
  protected gather(done: () => void): void {
    this.#gathered = done;
    for (const stream of this.streams) stream?.gather();
  }

  /** Tells the streams what both descriptions agree on. */
  protected agree(offering: boolean): void {
    const { local, remote } = this;
    if (local === undefined || remote === undefined) return;
    local.media.forEach((ours, index) => {
      const stream = this.streams[index];
      const theirs = remote.media[index];
      if (stream === undefined || theirs === undefined) return;
      // what was refused needs no transport
      if (theirs.port === 0) stream.close();
      else if (ours.port !== 0) this.#describe(stream, ours, remote, theirs, offering ? theirs : ours);
    });
    this.#gate();
  }

  #describe(
    stream: MediaStream,
    ours: MediaDescription,
    remote: SessionDescription,
    theirs: MediaDescription,
    answered: MediaDescription,
  ): void {
    const ptimeMs = ptimeOf(theirs);
    const bandwidth = rtcpBandwidthOf(theirs);
    const voice = {
      sending: formatsOf(answered),
      hearing: rtpMaps(ours),
      profile: theirs.proto.endsWith('F') ? 'AVPF' : 'AVP',
      ...(ptimeMs === undefined ? {} : { ptimeMs }),
      ...(bandwidth === undefined ? {} : { bandwidth }),
    } as const;
    if (this.home.media.kind === 'plain') {
      const destination = destinationOf(remote, theirs);
      stream.describe({ voice, ...(destination === undefined ? {} : { destination }) });
      return;
    }
    const transport = remoteTransport(remote, theirs);
    if (transport.ice?.lite === true && this.direction === 'terminating') {
      this.home.realises('24371-7.2.3-04');
    }
    stream.describe({ voice, remote: transport });
  }

  /** ICE and DTLS are through on a line of a WIC. */
  #noteSecured(): void {
    const { realises } = this.home;
    realises('24371-7.2.1-02');
    if (this.direction === 'originating') realises('24371-7.2.2-07');
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
    const remote = remoteTransport(read.value, read.value.media[choice.index] as MediaDescription);
    if (home.media.kind === 'webrtc' && stream.reassociates(remote)) {
      incoming.respond(488, { headers: [this.warning(399, 'another DTLS association is not supported')] });
      return;
    }
    const answer = (): void => {
      if (incoming.answered) return;
      this.remote = read.value;
      const version = (local.origin?.sessionVersion ?? 0) + 1;
      this.local = makeAnswer(read.value, choice, home.author, stream.end, version);
      incoming.respond(200, { sdp: encode(this.local) });
      this.agree(false);
    };
    if (home.media.kind === 'webrtc' && stream.restarts(remote)) stream.restart(answer);
    else answer();
  }

  /** A Warning header field (RFC 3261 20.43). */
  protected warning(code: number, text: string): [string, string] {
    return ['Warning', `${code} ${this.home.host.name} "${text}"`];
  }

  get #voice(): MediaStream | undefined {
    return this.streams.find((stream) => stream !== undefined);
  }
}

const NOTHING_HEARD: MediaReport = new MediaObserver([]).report();

/** A description as it goes into a message. */
export function encode(description: SessionDescription): Uint8Array {
  return new TextEncoder().encode(serializeSdp(description));
}
