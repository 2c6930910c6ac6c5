import type { ActorRefFrom } from 'xstate';
import type { Host } from '../../src/network/index.js';
import type { NextHop, ServerTransaction } from '../../src/stack/sip/index.js';
import {
  answerInvite,
  type HopFinder,
  type InviteClientSession,
  type InviteServerSession,
  type SipUserAgent,
  startInvite,
} from '../../src/stack/sip-ua/index.js';
import {
  fingerprints,
  hasAttribute,
  type MediaDescription,
  parseSdp,
  rtcpMux,
  type SessionDescription,
  serializeSdp,
  setup,
} from '../../src/wire/sdp/index.js';
import type { SipRequest, SipResponse } from '../../src/wire/sip/index.js';
import type { CallEvent, CallPort, callMachine } from './call.js';
import {
  type GatewayControl,
  type GatewayError,
  type StreamWish,
  statusOfGatewayError,
} from './gateway-control.js';
import type { EpCscfPolicy } from './policy.js';
import {
  accessAnswer,
  accessOffer,
  accessReservation,
  coreAnswer,
  coreOffer,
  coreReservation,
  gatewayRole,
  isCarried,
  type Realises,
  remoteDescriptor,
  type TranslationPolicy,
} from './session-description.js';
import type { Binding } from './wic-registrations.js';

/** Which way a call goes: from the WIC into the core, or the other way. */
export type Direction = 'originating' | 'terminating';

/** What a call is made of. */
export interface BridgedCallOptions {
  readonly host: Host;
  readonly ua: SipUserAgent;
  readonly gateway: GatewayControl;
  readonly direction: Direction;
  readonly policy: EpCscfPolicy;
  readonly transaction: ServerTransaction;
  readonly offer: SessionDescription;
  /** The INVITE to send on; its body is filled in once the gateway has reserved. */
  readonly request: SipRequest;
  readonly hop: NextHop;
  /** Where requests go within the dialog with the caller, and with the called side. */
  readonly nearHop?: HopFinder;
  readonly farHop?: HopFinder;
  readonly nearContact: string;
  /** The registration of the WIC that takes part. */
  readonly binding: Binding;
  /** Changes a response on its way from the called side to the caller. */
  readonly translateHeaders: (response: SipResponse) => Iterable<readonly [name: string, value: string]>;
}

const NO_MEDIA: readonly MediaDescription[] = [];

/** The object beside a call's machine: its two dialogs, its descriptions, its gateway context. */
export class BridgedCall implements CallPort {
  actor!: ActorRefFrom<typeof callMachine>;
  readonly #options: BridgedCallOptions;
  readonly #translation: TranslationPolicy;
  readonly #realises: Realises;
  readonly #near: InviteServerSession;
  #far: InviteClientSession | undefined;
  #access: readonly MediaDescription[] = NO_MEDIA;
  #core: readonly MediaDescription[] = NO_MEDIA;
  /** The answer as the caller gets it, once there is one. */
  #answer: Uint8Array | undefined;
  #answerTold = false;
  readonly #held: CallEvent[] = [];
  #final: SipResponse | undefined;

  constructor(options: BridgedCallOptions) {
    this.#options = options;
    this.#translation = {
      coreProfile: options.policy.coreProfile,
      rtcpMux: options.policy.rtcpMux === 'accept',
      coreCodecs: options.policy.coreCodecs.toLowerCase().split(' '),
    };
    this.#realises = (id) => options.host.realises(id);
    const { nearHop } = options;
    this.#near = answerInvite(options.ua, options.transaction, {
      contact: options.nearContact,
      ...(nearHop === undefined ? {} : { nextHopFor: nearHop }),
      on: {
        cancelled: () => this.#send({ type: 'near.cancelled' }),
        ended: () => this.#send({ type: 'near.ended' }),
        failed: () => this.#send({ type: 'near.ended' }),
        request: (incoming) => incoming.respond(488),
      },
    });
  }

  /** The H.248 context of the call, once there is one. */
  get context(): number | undefined {
    return this.#options.gateway.context;
  }

  /** The registration of the WIC that takes part. */
  get binding(): Binding {
    return this.#options.binding;
  }

  /** Call-ID of the dialog with the WIC. */
  get wicCallId(): string | undefined {
    const { direction, transaction, request } = this.#options;
    return direction === 'originating' ? transaction.request.callId() : request.callId();
  }

  /** The WIC is not registered any more. */
  end(): void {
    this.#send({ type: 'registration.gone' });
  }

  /** The gateway hears nothing any more. */
  silent(): void {
    this.#send({ type: 'gateway.silent' });
  }

  reserve(): void {
    const { gateway, direction, policy } = this.#options;
    const originating = direction === 'originating';
    const wishes = this.#carried().map(({ line, stream }) => this.#reserveWishes(line, stream, originating));
    if (originating) this.#noteOriginatingReservation();
    else this.#options.host.realises('24371-7.4.3-01');
    gateway.reserve(
      wishes.map(({ access }) => access),
      wishes.map(({ core }) => core),
      policy.inactivityMs,
      (result) => {
        if ('code' in result) return this.#gatewayFailed(result);
        this.#access = result.access;
        this.#core = result.core;
        this.#send({ type: 'gateway.reserved' });
      },
    );
  }

  #reserveWishes(
    line: MediaDescription,
    stream: number,
    originating: boolean,
  ): { access: StreamWish; core: StreamWish } {
    const { offer, policy } = this.#options;
    const remote = remoteDescriptor(offer, line);
    const mux = this.#translation.rtcpMux && (!originating || rtcpMux(line));
    if (originating) {
      const role = gatewayRole(setup(offer, line));
      this.#options.host.realises('24371-7.4.2-01');
      return {
        access: { stream, mode: 'Inactive', local: accessReservation(line, line.proto, role, mux), remote },
        core: { stream, mode: 'Inactive', local: coreReservation(line, policy.coreProfile) },
      };
    }
    return {
      access: {
        stream,
        mode: 'Inactive',
        local: accessReservation(line, 'UDP/TLS/RTP/SAVPF', 'actpass', mux),
      },
      core: { stream, mode: 'Inactive', local: coreReservation(line, line.proto), remote },
    };
  }

  #noteOriginatingReservation(): void {
    const { host, offer } = this.#options;
    host.realises('24371-7.4.2-03', '24371-7.4.2-05');
    if (offer.media.some((line) => hasAttribute(line, 'bundle-only'))) host.realises('24371-7.4.2-09');
  }

  invite(): void {
    const { ua, request, hop, farHop, direction, offer } = this.#options;
    const translated =
      direction === 'originating'
        ? coreOffer(offer, this.#core, this.#translation, this.#realises)
        : accessOffer(offer, this.#access, this.#translation, this.#realises);
    request.headers.set('Content-Type', 'application/sdp');
    request.body = encode(translated);
    this.#far = startInvite(ua, {
      request,
      hop,
      ...(farHop === undefined ? {} : { nextHopFor: farHop }),
      on: {
        progress: (response, { sdp }) => {
          const answers = sdp !== undefined && this.#answer === undefined;
          this.#send({ type: 'far.progress', response, answers });
        },
        accepted: (response) => this.#send({ type: 'far.accepted', response }),
        rejected: (status, response) =>
          this.#send({ type: 'far.rejected', status, reason: response?.reason ?? '' }),
        ended: () => this.#send({ type: 'far.ended' }),
        request: (incoming) => incoming.respond(488),
      },
    });
  }

  configure(response: SipResponse): void {
    if (response.status >= 200) this.#final = response;
    if (response.body.length === 0 || this.#answer !== undefined) return;
    const read = parseSdp(response.body);
    if (!read.ok) {
      this.#gatewayFailed({ code: 449, text: 'answer is no session description' });
      return;
    }
    const answer = read.value;
    this.#answer = encode(this.#translateAnswer(answer));
    if (response.status >= 200) {
      this.#finalWishes = this.#answeredWishes(answer);
      return;
    }
    this.#held.unshift({ type: 'far.progress', response, answers: false });
    const early = this.#isEarlyMediaOpen(response);
    const far = this.#answeredWishes(answer).map((wish) =>
      early ? { ...wish, mode: 'SendReceive' as const } : wish,
    );
    this.#configure(early ? this.#openWishes() : [], far);
  }

  #finalWishes: readonly StreamWish[] = [];

  #translateAnswer(answer: SessionDescription): SessionDescription {
    const { direction, offer } = this.#options;
    return direction === 'originating'
      ? accessAnswer(offer, answer, this.#access, this.#translation, this.#realises)
      : coreAnswer(offer, answer, this.#core, this.#realises);
  }

  /** What the gateway has to know of the called side: where it is, and for a WIC its certificate and ICE. */
  #answeredWishes(answer: SessionDescription): StreamWish[] {
    return this.#carried().flatMap(({ index, stream }) => {
      const line = answer.media[index];
      if (line === undefined || line.port === 0) return [];
      if (this.#options.direction === 'terminating' && fingerprints(answer, line).length > 0) {
        this.#options.host.realises('24371-7.4.3-06');
      }
      return [{ stream, remote: remoteDescriptor(answer, line) }];
    });
  }

  /** Early media needs P-Early-Media or a policy that does without (RFC 5009 5, 24371-7.4.2-18). */
  #isEarlyMediaOpen(response: SipResponse): boolean {
    const authorised = response.headers.list('P-Early-Media').some((word) => /^send(recv|only)$/i.test(word));
    const open = this.#options.policy.earlyMedia === 'open' || authorised;
    if (open) this.#options.host.realises('24371-7.4.2-18');
    return open;
  }

  connect(): void {
    const known = new Map(this.#finalWishes.map((wish) => [wish.stream, wish]));
    const near = this.#openWishes();
    this.#configure(
      near,
      near.map((wish) => ({ ...known.get(wish.stream), ...wish })),
    );
  }

  #openWishes(): StreamWish[] {
    return this.#carried().map(({ stream }) => ({ stream, mode: 'SendReceive' }));
  }

  /** Changes the caller's termination and the called side's. */
  #configure(near: readonly StreamWish[], far: readonly StreamWish[]): void {
    const { gateway, direction } = this.#options;
    const [access, core] = direction === 'originating' ? [near, far] : [far, near];
    gateway.configure(access, core, (error) => {
      if (error !== undefined) this.#gatewayFailed(error);
      else this.#send({ type: 'gateway.configured' });
    });
  }

  relay(response: SipResponse): void {
    const headers = this.#options.translateHeaders(response);
    const sdp = this.#answer;
    const tell = sdp !== undefined && !this.#answerTold && response.body.length > 0;
    const reliable = response.headers.list('Require').some((tag) => tag.toLowerCase() === '100rel');
    if (tell) this.#answerTold = true;
    this.#near.progress(response.status, {
      reason: response.reason,
      headers,
      ...(tell ? { sdp } : {}),
      reliable: reliable && this.#near.reliable,
    });
  }

  hold(response: SipResponse): void {
    this.#held.push(
      response.status < 200
        ? { type: 'far.progress', response, answers: false }
        : { type: 'far.accepted', response },
    );
  }

  next(): void {
    for (const event of this.#held.splice(0)) this.actor.send(event);
  }

  accept(): void {
    const response = this.#final;
    const headers = response === undefined ? [] : this.#options.translateHeaders(response);
    const sdp = this.#answerTold ? undefined : this.#answer;
    this.#near.accept({ headers, ...(sdp === undefined ? {} : { sdp }) });
  }

  reject(status: number, reason: string): void {
    this.#near.reject(status, reason === '' ? {} : { reason });
  }

  abandon(): void {
    this.#far?.cancel();
  }

  hangUp(cause: string): void {
    if (cause !== 'near.ended' && cause !== 'near.cancelled') this.#near.bye(reasonOf(cause));
    if (cause !== 'far.ended') this.#far?.bye(reasonOf(cause));
  }

  release(): void {
    this.#options.gateway.release(() => this.#send({ type: 'gateway.released' }));
  }

  #gatewayFailed(error: GatewayError): void {
    this.#send({
      type: 'gateway.failed',
      status: statusOfGatewayError(error),
      text: 'Media Gateway Failure',
    });
  }

  /** The lines that the gateway carries, with their place in the description and their stream number. */
  #carried(): { readonly line: MediaDescription; readonly index: number; readonly stream: number }[] {
    return this.#options.offer.media
      .map((line, index) => ({ line, index, stream: index + 1 }))
      .filter(({ line }) => isCarried(line));
  }

  #send(event: CallEvent): void {
    this.actor.send(event);
  }
}

function encode(description: SessionDescription): Uint8Array {
  return new TextEncoder().encode(serializeSdp(description));
}

/** The Reason header field for a call that the network ends (RFC 3326; TS 24.229 5.2.8.1.2). */
function reasonOf(cause: string): string | undefined {
  return cause.startsWith('gateway') ? 'SIP;cause=503;text="Media lost"' : undefined;
}
