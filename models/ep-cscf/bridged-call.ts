import type { ActorRefFrom } from 'xstate';
import type { Host } from '../../src/network/index.js';
import type { NextHop, ServerTransaction } from '../../src/stack/sip/index.js';
import {
  answerInvite,
  type HopFinder,
  type IncomingRequest,
  type InviteClientSession,
  type InviteServerSession,
  type SipUserAgent,
  startInvite,
} from '../../src/stack/sip-ua/index.js';
import { EVENT } from '../../src/wire/megaco/index.js';
import { parseSdp, type SessionDescription, serializeSdp } from '../../src/wire/sdp/index.js';
import type { SipRequest, SipResponse } from '../../src/wire/sip/index.js';
import { BridgedChange, type ChangeHome } from './bridged-change.js';
import type { CallEvent, CallPort, callMachine } from './call.js';
import { type GatewayControl, statusOfGatewayError } from './gateway-control.js';
import type { GatewayError, GatewayReport } from './gateway-link.js';
import { type Direction, MediaPlan, type Side } from './media-plan.js';
import type { EpCscfPolicy } from './policy.js';
import { changeOf } from './session-change.js';
import type { Binding } from './wic-registrations.js';

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

/** The object beside a call's machine: its two dialogs, its descriptions, its gateway context. */
export class BridgedCall implements CallPort {
  actor!: ActorRefFrom<typeof callMachine>;
  readonly #options: BridgedCallOptions;
  readonly #plan: MediaPlan;
  readonly #near: InviteServerSession;
  #far: InviteClientSession | undefined;
  /** The offer as the called side gets it. */
  #onward: SessionDescription | undefined;
  /** The answer as the caller gets it, once there is one. */
  #answer: Uint8Array | undefined;
  #answerTold = false;
  readonly #held: CallEvent[] = [];
  #final: SipResponse | undefined;

  constructor(options: BridgedCallOptions) {
    this.#options = options;
    this.#plan = new MediaPlan(options.host, options.direction, options.policy, options.offer);
    const { nearHop } = options;
    this.#near = answerInvite(options.ua, options.transaction, {
      contact: options.nearContact,
      ...(nearHop === undefined ? {} : { nextHopFor: nearHop }),
      on: {
        cancelled: () => this.#send({ type: 'near.cancelled' }),
        ended: () => this.#send({ type: 'near.ended' }),
        failed: () => this.#send({ type: 'near.ended' }),
        request: (incoming) => this.#onRequest('near', incoming),
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

  /** The gateway tells something of the call's context. */
  report(report: GatewayReport): void {
    const { host, policy } = this.#options;
    switch (report.event) {
      case EVENT.silence:
        this.#send({ type: 'gateway.silent' });
        break;
      case EVENT.dtlsFailure:
        host.realises('24371-7.4.2-19');
        this.#mediaFailed('DTLS failure');
        break;
      case EVENT.iceResult:
        if (report.parameter('state') === 'failed') this.#mediaFailed('ICE failure');
        break;
      case EVENT.consentLost:
        if (policy.consentLoss === 'release') this.#mediaFailed('Consent lost');
        break;
      case EVENT.cause:
        this.#mediaFailed('Bearer lost');
        break;
    }
  }

  /** The gateway has lost all its contexts. */
  contextLost(): void {
    this.#options.gateway.forget();
    this.#mediaFailed('Gateway restarted');
  }

  #mediaFailed(text: string): void {
    this.#send({ type: 'media.failed', status: 503, text });
  }

  reserve(): void {
    const { gateway, policy } = this.#options;
    const { access, core } = this.#plan.reservation();
    const reports = { silenceMs: policy.inactivityMs, heartbeatMs: policy.heartbeatMs };
    gateway.reserve(access, core, reports, (result) => {
      if ('code' in result) return this.#gatewayFailed(result);
      this.#onward = this.#plan.reserved(result);
      this.#send({ type: 'gateway.reserved' });
    });
  }

  invite(): void {
    const { ua, request, hop, farHop } = this.#options;
    if (this.#onward === undefined) throw new Error('nothing was reserved');
    request.headers.set('Content-Type', 'application/sdp');
    request.body = encode(this.#onward);
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
        request: (incoming) => this.#onRequest('far', incoming),
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
    this.#answer = encode(this.#plan.answered(read.value));
    if (response.status >= 200) return;
    this.#held.unshift({ type: 'far.progress', response, answers: false });
    this.#configure(this.#isEarlyMediaOpen(response));
  }

  /** Early media needs P-Early-Media or a policy that does without (RFC 5009 5, 24371-7.4.2-18). */
  #isEarlyMediaOpen(response: SipResponse): boolean {
    const authorised = response.headers.list('P-Early-Media').some((word) => /^send(recv|only)$/i.test(word));
    const open = this.#options.policy.earlyMedia === 'open' || authorised;
    if (open) this.#options.host.realises('24371-7.4.2-18');
    return open;
  }

  connect(): void {
    this.#configure(true);
  }

  #configure(opens: boolean): void {
    const { access, core } = this.#plan.told(opens);
    this.#options.gateway.configure(access, core, (error) => {
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

  abandon(cause: CallEvent): void {
    this.#far?.cancel(reasonOf(cause));
  }

  hangUp(cause: CallEvent): void {
    const reason = reasonOf(cause);
    if (cause.type !== 'near.ended' && cause.type !== 'near.cancelled') this.#near.bye(reason);
    if (cause.type !== 'far.ended') this.#far?.bye(reason);
  }

  /** A request within one of the two dialogs: a new offer is bridged, where it can be (24371-9). */
  #onRequest(side: Side, incoming: IncomingRequest): void {
    const { method } = incoming.request;
    const isChange = method === 'INVITE' || method === 'UPDATE';
    // an UPDATE without an offer keeps the dialog alive (RFC 4028 7.4)
    if (method === 'UPDATE' && incoming.sdp === undefined) incoming.respond(200);
    else if (!isChange || incoming.sdp === undefined || this.actor.getSnapshot().value !== 'confirmed') {
      incoming.respond(488);
    } else if (this.#changing) incoming.respond(491);
    else this.#change(side, incoming, incoming.sdp);
  }

  #change(side: Side, incoming: IncomingRequest, sdp: Uint8Array): void {
    const { host, gateway } = this.#options;
    const plan = this.#plan;
    const read = parseSdp(sdp);
    const leg = plan.legOf(side);
    const views = { access: plan.view('access'), core: plan.view('core') };
    const wish = read.ok ? changeOf(views[leg], read.value) : undefined;
    if (!read.ok || wish === undefined) {
      incoming.respond(488);
      return;
    }
    this.#changing = true;
    const home: ChangeHome = {
      host,
      gateway,
      id: `${this.actor.id} change/${++this.#changes}`,
      views,
      send: (where, parts, callbacks) => {
        const session = plan.legOf('near') === where ? this.#near : this.#far;
        return session?.sendRequest('INVITE', parts, callbacks) ?? false;
      },
      onOver: (changed) => {
        this.#changing = false;
        if (changed.access !== undefined) plan.setView('access', changed.access);
        if (changed.core !== undefined) plan.setView('core', changed.core);
      },
      onFailed: () => this.#gatewayFailed({ code: 0, text: 'a change of the session' }),
    };
    new BridgedChange(home, leg, incoming, read.value, wish).begin();
  }

  #changing = false;
  #changes = 0;

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

  #send(event: CallEvent): void {
    this.actor.send(event);
  }
}

function encode(description: SessionDescription): Uint8Array {
  return new TextEncoder().encode(serializeSdp(description));
}

/** The Reason header field for a call that the network ends (RFC 3326; TS 24.229 5.2.8.1.2). */
function reasonOf(cause: CallEvent): string | undefined {
  if (cause.type === 'media.failed') return `SIP;cause=${cause.status};text="${cause.text}"`;
  return cause.type.startsWith('gateway') ? 'SIP;cause=503;text="Media lost"' : undefined;
}
