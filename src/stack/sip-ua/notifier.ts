import type { Timer } from '../../kernel/index.js';
import type { SipRequest } from '../../wire/sip/index.js';
import type { NextHop, ServerTransaction, SipFlow, SipTimers } from '../sip/index.js';
import { Dialog, dialogOfRequest } from './dialog.js';
import { formatSubscriptionState, type SubscriptionState, sameEvent } from './event-header.js';
import { endsSubscription, sendInDialog } from './in-dialog-request.js';
import { type NotifierEvent, type NotifierPort, notifierMachine } from './notifier-machine.js';
import { ownText } from './own-text.js';
import { RestingActor } from './resting-actor.js';
import { REG_EVENT_EXPIRES_S } from './subscriber.js';
import type { Content, DialogUsage, HopFinder } from './types.js';
import type { SipUserAgent } from './user-agent.js';

/**
 * Makes the body of a NOTIFY when it is sent.
 *
 * @param version how many NOTIFYs of this subscription had a body before: 0, 1, ... (RFC 3680 5.1)
 */
export type ContentMaker = (version: number) => Content | undefined;

/** What a notifier hears. */
export interface NotifierCallbacks {
  /** A SUBSCRIBE has refreshed the subscription; a NOTIFY with the full state follows by itself. */
  refreshed?(request: SipRequest, expiresS: number): void;
  /**
   * Called once, after the last NOTIFY has been answered or one has failed for good.
   *
   * @param reason that of the last Subscription-State, or the status of the failed NOTIFY
   */
  ended?(reason: string, notifier: Notifier): void;
}

/** What a NOTIFY is to say. */
type Body = ContentMaker | 'full state';

/** How a SUBSCRIBE is accepted. */
export interface AcceptSubscriptionOptions {
  readonly on?: NotifierCallbacks;
  /** The full state: body of the NOTIFY after each SUBSCRIBE (RFC 6665 4.2.1.2). */
  fullState(version: number): Content | undefined;
  /** Longest duration granted, in seconds; also that of a SUBSCRIBE without Expires. Default 3761 (RFC 3680 4.4). */
  readonly longestS?: number;
  /** Shortest duration accepted in a refresh, in seconds, up to 3600; shorter ones get 423. Default 0. */
  readonly shortestS?: number;
  /** `pending` until {@link Notifier.grant}. Default `active`. */
  readonly state?: 'active' | 'pending';
  /** Appended to the 200 and to every NOTIFY. */
  readonly headers?: readonly (readonly [name: string, value: string])[];
  readonly contact?: string;
  /** Where NOTIFYs go; default as for `answerInvite`. */
  readonly nextHopFor?: HopFinder;
  readonly timers?: SipTimers;
}

/** From this duration on a subscription is never too brief (RFC 6665 4.2.1.1). */
const NEVER_TOO_BRIEF_S = 3600;

const SECOND_US = 1_000_000;

/** States in which nothing but a timer runs. */
const RESTS = ['pending', 'active'];

/**
 * Accepts a SUBSCRIBE outside of dialogs: 200, a NOTIFY at once, and a subscription until it expires (RFC 6665 4.2). The
 * caller has checked event package and authorization. Expires 0 makes it a fetch of one NOTIFY (RFC 6665 4.4.3).
 */
export function acceptSubscription(
  ua: SipUserAgent,
  transaction: ServerTransaction,
  options: AcceptSubscriptionOptions,
): Notifier {
  return new Notifier(ua, transaction, options);
}

/** The notifier's side of a subscription. */
export class Notifier implements NotifierPort, DialogUsage {
  readonly t1Ms: number;
  readonly dialog: Dialog;
  readonly #ua: SipUserAgent;
  readonly #options: AcceptSubscriptionOptions;
  readonly #flow: SipFlow;
  readonly #event: string;
  readonly #machine: RestingActor<NotifierEvent>;
  #version = 0;
  #expiresAt = 0;
  #timer: Timer | undefined;
  /** NOTIFYs that wait for the answer to the one before, so that none can overtake another. */
  #queue: Body[] | undefined;
  #last: { readonly reason: string; readonly retryAfterS?: number; readonly content: Body } | undefined;
  #failure: string | undefined;

  constructor(ua: SipUserAgent, transaction: ServerTransaction, options: AcceptSubscriptionOptions) {
    const { request } = transaction;
    const tag = ua.tagFor(request);
    this.t1Ms = (options.timers ?? ua.timersOf(transaction)).t1Ms;
    this.#ua = ua;
    this.#options = options;
    this.#flow = transaction.flow;
    this.#event = ownText(request.headers.get('event') ?? '');
    this.dialog = new Dialog(dialogOfRequest(request, tag, options.contact ?? ua.contact));
    const from = options.state ?? 'active';
    this.#machine = new RestingActor(ua.host, notifierMachine, this, from, RESTS);
    ua.register(this.dialog.id, this);
    this.#accept(transaction, tag);
  }

  /** Name of its machine in the trace. */
  get id(): string {
    return this.#machine.id;
  }

  /** `pending`, `active`, `terminating` or `terminated`. */
  get state(): string {
    return this.#machine.state;
  }

  /** Seconds that the subscription has left. */
  get leftS(): number {
    return Math.max(0, Math.ceil((this.#expiresAt - this.#ua.host.kernel.now) / SECOND_US));
  }

  /** Sends a NOTIFY, after those under way; by default with the full state. */
  notify(content: Body = 'full state'): void {
    if (this.state === 'terminating' || this.#machine.over) return;
    if (this.#queue !== undefined) this.#queue.push(content);
    else this.#send(content);
  }

  /** Makes a pending subscription active and says so. */
  grant(): void {
    if (this.state !== 'pending') return;
    this.#machine.send({ type: 'grant' });
    this.notify();
  }

  /**
   * Ends the subscription with a last NOTIFY.
   *
   * @param reason `deactivated`, `probation`, `rejected`, `timeout`, `giveup`, `noresource` or `invariant` (RFC 6665 4.1.3)
   */
  terminate(
    reason: string,
    options: { readonly retryAfterS?: number; readonly content?: ContentMaker } = {},
  ): void {
    const { retryAfterS, content = 'full state' } = options;
    this.#last ??= { reason, content, ...(retryAfterS === undefined ? undefined : { retryAfterS }) };
    this.#machine.send({ type: 'terminate' });
  }

  onRequest(transaction: ServerTransaction): void {
    const { request } = transaction;
    const ua = this.#ua;
    if (this.dialog.accept(request) !== undefined) ua.respond(transaction, 500);
    else if (request.method !== 'SUBSCRIBE')
      ua.respond(transaction, 405, { headers: [['Allow', 'SUBSCRIBE']] });
    else if (this.state === 'terminating') ua.respond(transaction, 481);
    else if (!sameEvent(request.headers.get('event'), this.#event)) ua.respond(transaction, 489);
    else if (this.#tooBrief(request)) {
      ua.respond(transaction, 423, { headers: [['Min-Expires', String(this.#options.shortestS)]] });
    } else {
      this.dialog.refreshTarget(request);
      const expiresS = this.#accept(transaction, undefined);
      if (expiresS > 0) this.#options.on?.refreshed?.(request, expiresS);
    }
  }

  sendLast(): void {
    this.#stopTimer();
    if (this.#queue === undefined) this.#sendLast();
    else this.#queue = [];
  }

  tellEnded(): void {
    this.#stopTimer();
    this.#ua.unregister(this.dialog.id);
    this.#options.on?.ended?.(this.#failure ?? this.#last?.reason ?? 'timeout', this);
  }

  #accept(transaction: ServerTransaction, toTag: string | undefined): number {
    const { longestS = REG_EVENT_EXPIRES_S } = this.#options;
    const expiresS = Math.min(transaction.request.expires() ?? longestS, longestS);
    const headers: [string, string][] = [['Expires', String(expiresS)]];
    for (const [name, value] of this.#options.headers ?? []) headers.push([name, value]);
    const response = this.#ua.makeResponse(transaction.request, 200, { headers }, toTag);
    if (toTag !== undefined) {
      for (const value of transaction.request.headers.all('record-route'))
        response.headers.append('Record-Route', value);
    }
    response.headers.set('Contact', this.dialog.data.contact);
    transaction.respond(response);
    this.#expiresAt = this.#ua.host.kernel.now + expiresS * SECOND_US;
    if (expiresS === 0) this.terminate('timeout');
    else {
      this.#setTimer();
      this.notify();
    }
    return expiresS;
  }

  #tooBrief(request: SipRequest): boolean {
    const wanted = request.expires();
    const { shortestS = 0 } = this.#options;
    return wanted !== undefined && wanted > 0 && wanted < NEVER_TOO_BRIEF_S && wanted < shortestS;
  }

  #setTimer(): void {
    this.#stopTimer();
    const { host } = this.#ua;
    this.#timer = host.schedule(this.#expiresAt - host.kernel.now, () => {
      this.#timer = undefined;
      this.terminate('timeout');
    });
  }

  #stopTimer(): void {
    if (this.#timer !== undefined) this.#ua.host.cancel(this.#timer);
    this.#timer = undefined;
  }

  #send(content: Body): void {
    const state = this.state === 'pending' ? 'pending' : 'active';
    this.#queue = [];
    this.#notify({ state, expiresS: this.leftS }, content, (status) => this.#answered(status));
  }

  #sendLast(): void {
    const { reason, retryAfterS, content } = this.#last ?? { reason: 'timeout', content: 'full state' };
    const state: SubscriptionState = {
      state: 'terminated',
      reason,
      ...(retryAfterS === undefined ? undefined : { retryAfterS }),
    };
    this.#notify(state, content, () => this.#machine.send({ type: 'lastAnswered' }));
  }

  /** The answer to a NOTIFY that is not the last. */
  #answered(status: number): void {
    const [next, ...rest] = this.#queue ?? [];
    this.#queue = undefined;
    // RFC 6665 4.2.2: a timeout counts as the loss of the subscriber as well.
    if (endsSubscription(status) || status === 408) {
      this.#failure = String(status);
      this.#machine.send({ type: 'notifyFailed' });
    } else if (this.state === 'terminating') {
      this.#sendLast();
    } else if (next !== undefined) {
      this.#send(next);
      this.#queue = rest;
    }
  }

  #notify(state: SubscriptionState, make: Body, done: (status: number) => void): void {
    const content = make === 'full state' ? this.#options.fullState(this.#version) : make(this.#version);
    if (content !== undefined) this.#version++;
    const headers: [string, string][] = [
      ['Event', this.#event],
      ['Subscription-State', formatSubscriptionState(state)],
    ];
    for (const [name, value] of this.#options.headers ?? []) headers.push([name, value]);
    const body = content === undefined ? undefined : { body: content.body, contentType: content.type };
    sendInDialog(this.#ua, this.dialog, {
      method: 'NOTIFY',
      parts: { headers, ...body },
      hop: (request) => this.#nextHop(request),
      done,
    });
  }

  #nextHop(request: SipRequest): NextHop | undefined {
    if (this.#options.nextHopFor !== undefined) return this.#options.nextHopFor(request);
    const flow = this.#flow;
    const connection = flow.transport === 'WS' || flow.transport === 'WSS';
    if (connection && flow.open) return { flow };
    return this.#ua.resolve(request, flow.realm) ?? { flow };
  }
}
