import type { Timer } from '../../kernel/index.js';
import type { SipRequest, SipResponse } from '../../wire/sip/index.js';
import type { NextHop, ServerTransaction, SipTimers } from '../sip/index.js';
import { Dialog, dialogOfRequest } from './dialog.js';
import { parseSubscriptionState, type SubscriptionState, sameEvent } from './event-header.js';
import { endsSubscription, sendInDialog } from './in-dialog-request.js';
import { ownText } from './own-text.js';
import { RestingActor } from './resting-actor.js';
import { GIVE_UP_T1 } from './retransmission.js';
import { type SubscriberEvent, type SubscriberPort, subscriberMachine } from './subscriber-machine.js';
import type { DialogUsage } from './types.js';
import type { SipUserAgent } from './user-agent.js';

/** Why a subscription is over. */
export interface SubscriptionEnd {
  /** `notified`: the notifier said so; `refused`: a SUBSCRIBE failed; `timeout`: no NOTIFY came, or it ran out. */
  readonly by: 'notified' | 'refused' | 'timeout';
  /** Status of the refusal; 408 or 503 without a response. */
  readonly status?: number;
  readonly response?: SipResponse;
  /** `reason` of the Subscription-State (RFC 6665 4.1.3). */
  readonly reason?: string;
  readonly retryAfterS?: number;
}

/** What a subscriber tells its owner, and asks it. */
export interface SubscriberCallbacks {
  /** A NOTIFY; it has been answered 200. Also the last one, before `ended`. */
  notify?(request: SipRequest, state: SubscriptionState): void;
  /** A 2xx to a SUBSCRIBE of this side. */
  accepted?(response: SipResponse, expiresS: number): void;
  /** Called once. */
  ended?(end: SubscriptionEnd, subscriber: Subscriber): void;
  /** Adds to refreshing and unsubscribing SUBSCRIBEs what the application wants in them. */
  prepare?(request: SipRequest): void;
  /** Where requests within the dialog go; default as for `startInvite`. */
  nextHop?(request: SipRequest): NextHop | undefined;
}

/** What a subscription starts with. */
export interface SubscribeOptions {
  /** The SUBSCRIBE with Event and Expires; what it lacks else is added (see `SipUserAgent.complete`). */
  readonly request: SipRequest;
  readonly hop: NextHop;
  readonly on: SubscriberCallbacks;
  readonly timers?: SipTimers;
}

/** Expires of a SUBSCRIBE that names none (RFC 3680 4.4). */
export const REG_EVENT_EXPIRES_S = 3761;

/** From this duration on a subscription is refreshed a fixed time before its end, below that at half (TS 24.229 5.1.1.3). */
const LONG_SUBSCRIPTION_S = 1200;
const REFRESH_BEFORE_S = 600;

const SECOND_US = 1_000_000;

/** States in which nothing but a timer runs. */
const RESTS = ['pending', 'active'];

const TIMED_OUT: SubscriptionEnd = { by: 'timeout' };

/** Subscribes to an event package with one dialog a subscription (RFC 6665 4.1; RFC 3680 4.9). */
export function subscribe(ua: SipUserAgent, options: SubscribeOptions): Subscriber {
  return new Subscriber(ua, options);
}

/** The subscriber's side of a subscription. */
export class Subscriber implements SubscriberPort, DialogUsage {
  readonly t1Ms: number;
  /** The user agent whose subscription it is. */
  readonly ua: SipUserAgent;
  readonly #on: SubscriberCallbacks;
  readonly #hop: NextHop;
  readonly #event: string;
  /** What the SUBSCRIBE asks for, in seconds. */
  readonly #wantedS: number;
  readonly #machine: RestingActor<SubscriberEvent>;
  /** Until the NOTIFY that creates the dialog. */
  #initial: SipRequest | undefined;
  #dialog: Dialog | undefined;
  #leaving = false;
  #expiresAt: number | undefined;
  #timer: Timer | undefined;
  #end = TIMED_OUT;

  constructor(ua: SipUserAgent, options: SubscribeOptions) {
    const request = ua.complete(options.request);
    this.t1Ms = (options.timers ?? ua.timersOf(options.hop)).t1Ms;
    this.ua = ua;
    this.#on = options.on;
    this.#hop = options.hop;
    this.#event = ownText(request.headers.get('event') ?? '');
    this.#wantedS = request.expires() ?? REG_EVENT_EXPIRES_S;
    this.#initial = request;
    this.#machine = new RestingActor(ua.host, subscriberMachine, this, 'notifyWait', RESTS);
    ua.expect(request.callId() ?? '', request.fromTag() ?? '', this);
    ua.endpoint.sendRequest(request, options.hop, {
      onResponse: (response) => {
        if (response.status >= 200) this.#answered(response.status, response);
      },
      onTimeout: () => this.#answered(408, undefined),
      onTransportError: () => this.#answered(503, undefined),
    });
  }

  /** Name of its machine in the trace. */
  get id(): string {
    return this.#machine.id;
  }

  /** `notifyWait`, `pending`, `active`, `refreshing`, `unsubscribing` or `terminated`. */
  get state(): string {
    return this.#machine.state;
  }

  /** The dialog, from the first NOTIFY on. */
  get dialog(): Dialog | undefined {
    return this.#dialog;
  }

  /** Refreshes now, as to get the full state. */
  refresh(): void {
    this.#machine.send({ type: 'refreshDue' });
  }

  /** Ends the subscription: a SUBSCRIBE with Expires 0, and `ended` after the last NOTIFY (RFC 6665 4.1.2.3). */
  unsubscribe(): void {
    this.#leaving = true;
    this.#machine.send({ type: 'unsubscribe' });
  }

  onRequest(transaction: ServerTransaction): void {
    const { request } = transaction;
    const ua = this.ua;
    if (request.method !== 'NOTIFY') {
      ua.respond(transaction, 405, { headers: [['Allow', 'NOTIFY']] });
      return;
    }
    if (!sameEvent(request.headers.get('event'), this.#event)) {
      ua.respond(transaction, 489);
      return;
    }
    const state = parseSubscriptionState(request.headers.get('subscription-state'));
    if (state === undefined) {
      ua.respond(transaction, 400);
      return;
    }
    if (this.#dialog === undefined) this.#establish(request);
    else if (this.#dialog.accept(request) !== undefined) {
      ua.respond(transaction, 500);
      return;
    } else this.#dialog.refreshTarget(request);
    ua.respond(transaction, 200);
    this.#notified(request, state);
  }

  sendRefresh(): void {
    this.#subscribe(this.#wantedS, (status, response) => this.#answered(status, response));
  }

  sendUnsubscribe(): void {
    this.#stopTimer();
    this.#subscribe(0, (status, response) => {
      if (status >= 300) this.#refuse(status, response, true);
    });
  }

  tellTimedOut(): void {
    this.#end = TIMED_OUT;
    this.tellEnded();
  }

  tellEnded(): void {
    this.#stopTimer();
    const { callId, localTag } = this.#dialog?.data ?? this.#initialNames();
    this.ua.unexpect(callId, localTag);
    if (this.#dialog !== undefined) this.ua.unregister(this.#dialog.id);
    this.#on.ended?.(this.#end, this);
  }

  /** The dialog comes from the NOTIFY, its route set included (RFC 6665 4.4.1). */
  #establish(notify: SipRequest): void {
    const { callId, localTag } = this.#initialNames();
    const own = this.#initial?.headers.first('contact');
    const contact = own === undefined ? this.ua.contact : ownText(own);
    const data = dialogOfRequest(notify, localTag, contact);
    data.localSequence = this.#initial?.cseq()?.sequence ?? 0;
    this.#dialog = new Dialog(data);
    this.ua.unexpect(callId, localTag);
    this.ua.register(this.#dialog.id, this);
    this.#initial = undefined;
  }

  #initialNames(): { callId: string; localTag: string } {
    return { callId: this.#initial?.callId() ?? '', localTag: this.#initial?.fromTag() ?? '' };
  }

  #notified(request: SipRequest, state: SubscriptionState): void {
    if (state.state === 'terminated') {
      const { reason, retryAfterS } = state;
      this.#end = {
        by: 'notified',
        ...(reason === undefined ? undefined : { reason }),
        ...(retryAfterS === undefined ? undefined : { retryAfterS }),
      };
      this.#on.notify?.(request, state);
      this.#machine.send({ type: 'notifyTerminated' });
      return;
    }
    if (state.expiresS !== undefined) this.#expire(state.expiresS);
    const { state: before } = this.#machine;
    if (state.state !== before) {
      this.#machine.send({ type: state.state === 'active' ? 'notifyActive' : 'notifyPending' });
    }
    this.#on.notify?.(request, state);
    if (this.#leaving) this.#machine.send({ type: 'unsubscribe' });
  }

  #answered(status: number, response: SipResponse | undefined): void {
    if (this.#machine.over) return;
    if (response === undefined || status >= 300) {
      this.#refuse(status, response, endsSubscription(status));
      return;
    }
    const expiresS = Math.min(response.expires() ?? this.#wantedS, this.#wantedS);
    if (this.state !== 'unsubscribing') this.#expire(expiresS);
    this.#end = TIMED_OUT;
    if (status === 204) this.#machine.send({ type: 'unchanged' });
    this.#on.accepted?.(response, expiresS);
  }

  #refuse(status: number, response: SipResponse | undefined, fatal: boolean): void {
    this.#end = { by: 'refused', status, ...(response === undefined ? undefined : { response }) };
    this.#machine.send({ type: 'refused', fatal });
    if (!this.#machine.over) this.#setTimer();
  }

  #expire(expiresS: number): void {
    this.#expiresAt = this.ua.host.kernel.now + expiresS * SECOND_US;
    this.#setTimer();
  }

  /** Refresh in good time; after a refresh that failed, again at half of what is left, then nothing but the end. */
  #setTimer(): void {
    this.#stopTimer();
    if (this.#expiresAt === undefined) return;
    const { host } = this.ua;
    const leftS = (this.#expiresAt - host.kernel.now) / SECOND_US;
    const lastChance = leftS * 1000 <= GIVE_UP_T1 * this.t1Ms && this.#end.by === 'refused';
    const waitS = lastChance ? leftS : leftS > LONG_SUBSCRIPTION_S ? leftS - REFRESH_BEFORE_S : leftS / 2;
    const type = lastChance ? 'expired' : 'refreshDue';
    this.#timer = host.schedule(waitS * SECOND_US, () => {
      this.#timer = undefined;
      this.#machine.send({ type });
    });
  }

  #stopTimer(): void {
    if (this.#timer !== undefined) this.ua.host.cancel(this.#timer);
    this.#timer = undefined;
  }

  #subscribe(expiresS: number, done: (status: number, response: SipResponse | undefined) => void): void {
    if (this.#dialog === undefined) return;
    const headers: [string, string][] = [
      ['Event', this.#event],
      ['Expires', String(expiresS)],
    ];
    sendInDialog(this.ua, this.#dialog, {
      method: 'SUBSCRIBE',
      parts: { headers },
      mutate: (request) => this.#on.prepare?.(request),
      hop: (request) => this.#nextHop(request),
      done,
    });
  }

  #nextHop(request: SipRequest): NextHop | undefined {
    const hop = this.#hop;
    if (this.#on.nextHop !== undefined) return this.#on.nextHop(request);
    if ('flow' in hop) return hop.flow.open ? hop : this.ua.resolve(request, hop.flow.realm);
    return this.ua.resolve(request, hop.realm) ?? hop;
  }
}
