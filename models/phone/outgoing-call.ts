import type { ActorRefFrom } from 'xstate';
import { stateName } from '../../src/kernel/index.js';
import { type InviteClientSession, startInvite } from '../../src/stack/sip-ua/index.js';
import {
  groups,
  hasAttribute,
  iceOptions,
  isRtp,
  type MediaDescription,
  parseSdp,
  rtcpMux,
  rtpMaps,
  type SessionDescription,
} from '../../src/wire/sdp/index.js';
import type { SipResponse } from '../../src/wire/sip/index.js';
import { makeOffer, placeOffer } from './description.js';
import { type OriginatingEvent, type OriginatingPort, originatingCallMachine } from './originating-call.js';
import { CALLER_HZ, type CallHome, encode, PhoneCall } from './phone-call.js';

/** A call that this phone makes. */
export class OutgoingCall extends PhoneCall implements OriginatingPort {
  readonly direction = 'originating';
  readonly uri: string;
  readonly #actor: ActorRefFrom<typeof originatingCallMachine>;
  #session: InviteClientSession | undefined;
  /** To tag of the dialog whose answer holds. */
  #answeredBy: string | undefined;

  /** @param uri who is called */
  constructor(home: CallHome, uri: string) {
    super(home);
    this.uri = uri;
    this.#actor = home.host.spawn(originatingCallMachine, { id: this.id, port: this });
  }

  get state(): string {
    return stateName(this.#actor.getSnapshot().value);
  }

  answer(): void {}

  reject(): void {}

  /** Gathers candidates (RFC 8445 5.1.1) and makes the offer of them. */
  begin(): void {
    const { offerText } = this.home.media;
    const describe = offerText === undefined ? this.#prepareOwn() : this.#prepareGiven(offerText);
    if (typeof describe === 'string') {
      this.over({ by: 'media', text: describe });
      this.send({ type: 'not prepared' });
      return;
    }
    this.gather(() => {
      if (this.state !== 'preparing') return;
      this.local = describe();
      this.send({ type: 'prepared' });
    });
  }

  invite(): void {
    const { home } = this;
    const request = home.buildInvite(this.uri);
    const hop = home.hop(request);
    if (hop === undefined || this.local === undefined) {
      this.over({ by: 'transport', text: 'no next hop', status: 503 });
      this.send({ type: 'rejected' });
      return;
    }
    request.headers.set('Content-Type', 'application/sdp');
    request.body = encode(this.local);
    const { inDialogHop } = home;
    this.#session = startInvite(home.ua, {
      request,
      hop,
      ...(inDialogHop === undefined ? {} : { nextHopFor: inDialogHop }),
      on: {
        progress: (response, { sdp }) => this.#onProgress(response, sdp),
        accepted: (response, { sdp }) => this.#onAccepted(response, sdp),
        rejected: (status, response) => {
          const by = response === undefined ? (status === 408 ? 'timeout' : 'transport') : 'remote';
          this.over({ by, text: response?.reason ?? 'no answer', status });
          this.send({ type: 'rejected' });
        },
        ended: (reason) => {
          this.over({ by: reason.by, text: reason.text });
          this.send({ type: 'ended' });
        },
        request: (incoming) => this.onRequest(incoming),
      },
    });
    if (home.media.kind === 'webrtc') this.#noteOffer(this.local);
  }

  endSession(): void {
    this.hush();
    this.#session?.bye(this.byeReason);
  }

  protected send(event: OriginatingEvent): void {
    this.#actor.send(event);
  }

  /** What makes the offer once addresses are there, or why there is none. */
  #prepareOwn(): string | (() => SessionDescription) {
    const { media, author } = this.home;
    const stream = this.openStream(CALLER_HZ, { setup: 'actpass', rtcpMux: media.rtcpMux });
    if (stream === undefined) return 'no port is free';
    this.streams = [stream];
    return () => makeOffer(media, author, stream.end);
  }

  #prepareGiven(text: string): string | (() => SessionDescription) {
    const read = parseSdp(new TextEncoder().encode(text));
    if (!read.ok) return `the offer to use is no session description: ${read.error.what}`;
    const given = read.value;
    this.streams = given.media.map((line) => {
      if (line.port === 0) return undefined;
      // a browser that says it multiplexes has no other port (RFC 8858 1)
      const mux = rtcpMux(line) || !isRtp(line);
      return this.openStream(CALLER_HZ, { setup: 'actpass', rtcpMux: mux ? 'require' : 'none' });
    });
    if (given.media.some((line, index) => line.port !== 0 && this.streams[index] === undefined)) {
      return 'no port is free';
    }
    return () =>
      placeOffer(
        given,
        this.streams.map((stream) => stream?.end),
      );
  }

  #noteOffer(offer: SessionDescription): void {
    const { home } = this;
    home.realises('24371-7.2.2-01');
    home.realises('24371-7.2.2-02');
    home.realises('24371-7.2.2-03');
    home.realises('24371-7.2.2-04');
    home.realises('24371-5.2-04');
    const names = offer.media.flatMap((line) => rtpMaps(line).map(({ encoding }) => encoding.toLowerCase()));
    if (['opus', 'pcmu', 'pcma'].some((name) => names.includes(name))) home.realises('24371-5C.2-02');
    const falls = (line: MediaDescription): boolean =>
      hasAttribute(line, 'rtcp-mux') && hasAttribute(line, 'rtcp') && !hasAttribute(line, 'rtcp-mux-only');
    if (offer.media.some(falls)) home.realises('24371-7.2.2-06');
    // every candidate is in the offer, and none will follow
    if (offer.media.every((line) => !iceOptions(offer, line).includes('trickle')))
      home.realises('24371-5D.4-05');
    if (groups(offer).some(({ semantics }) => semantics === 'BUNDLE')) return;
    home.realises('24371-7.2.2-05');
    home.realises('24371-5D.4-04');
  }

  #onProgress(response: SipResponse, sdp: Uint8Array | undefined): void {
    if (this.state === 'ending') return;
    // RFC 3261 13.2.1: the first description is the answer, whether its response is reliable or not
    if (sdp !== undefined && this.remote === undefined && this.#take(response, sdp)) {
      this.talkEarly();
      this.send({ type: 'answer.described' });
    }
    if (response.status === 180) this.send({ type: 'ringing' });
  }

  #onAccepted(response: SipResponse, sdp: Uint8Array | undefined): void {
    // the answer has crossed the CANCEL: the session releases it by itself (RFC 3261 15)
    if (this.state === 'ending') return;
    const another = this.remote === undefined || this.#answeredBy !== response.toTag();
    if (sdp !== undefined && another && !this.#take(response, sdp)) return;
    if (this.remote === undefined) {
      this.#unusable('no answer');
      return;
    }
    this.send({ type: 'accepted' });
  }

  /** Takes an answer; whether it can be used. */
  #take(response: SipResponse, sdp: Uint8Array): boolean {
    const read = parseSdp(sdp);
    if (!read.ok) return this.#unusable(`the answer is no session description: ${read.error.what}`);
    const usable = read.value.media.some(
      ({ port }, index) => port !== 0 && this.streams[index] !== undefined,
    );
    if (!usable) return this.#unusable('the answer takes no line');
    this.remote = read.value;
    this.#answeredBy = response.toTag();
    this.agree(true);
    // what is described may be refused at once
    return this.endReason === undefined;
  }

  #unusable(text: string): false {
    this.over({ by: 'media', text });
    this.send({ type: 'media.failed' });
    return false;
  }
}
