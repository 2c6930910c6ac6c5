import type { Host } from '../../src/network/index.js';
import type { NextHop, SipFlow } from '../../src/stack/sip/index.js';
import {
  parseRegInfo,
  REG_INFO_TYPE,
  type SipUserAgent,
  type Subscriber,
  type SubscriberCallbacks,
  type SubscriptionEnd,
  subscribe,
} from '../../src/stack/sip-ua/index.js';
import type { SipRequest } from '../../src/wire/sip/index.js';

/** How long the subscription is asked for, in seconds (TS 24.229 5.1.1.3). */
const EXPIRES_S = 600_000;

/** Whose registration is watched. */
export interface WatchedRegistration {
  readonly contactUri: string;
  readonly impu: string;
  readonly flow: SipFlow | undefined;
  readonly registered: boolean;
  /** A SUBSCRIBE outside of dialogs with these header fields. */
  makeSubscribe(headers: [name: string, value: string][]): SipRequest;
  authorize(request: SipRequest): void;
  /**
   * The network has ended the registration.
   *
   * @param event `rejected`, `deactivated`, `probation`, `unregistered` or another of RFC 3680 5.1
   */
  endedByNetwork(event: string): void;
  /** The network has shortened the registration (TS 24.229 5.1.1.5A). */
  shortenedByNetwork(expiresS: number): void;
}

/** The subscription of a WIC to its own registration state (RFC 3680; TS 24.229 5.1.1.3, 5.1.1.5A, 5.1.1.7). */
export class RegistrationWatch implements SubscriberCallbacks {
  readonly #host: Host;
  readonly #registration: WatchedRegistration;
  #subscription: Subscriber | undefined;

  constructor(host: Host, registration: WatchedRegistration) {
    this.#host = host;
    this.#registration = registration;
  }

  /** Dialogs of the user agent that are this subscription's. */
  get dialogs(): number {
    return this.#subscription === undefined ? 0 : 1;
  }

  /** Subscribes. A subscription that is there is refreshed, which takes it to a new flow. */
  begin(ua: SipUserAgent): void {
    if (this.#subscription === undefined) this.#subscribe(ua);
    else this.#subscription.refresh();
  }

  /** Gives the subscription up, as if it had been cancelled (TS 24.229 5.1.1.6.2). */
  stop(): void {
    const subscription = this.#subscription;
    this.#subscription = undefined;
    subscription?.tellEnded();
  }

  #subscribe(ua: SipUserAgent): void {
    const registration = this.#registration;
    const { flow } = registration;
    if (flow === undefined) return;
    const request = registration.makeSubscribe([
      ['Event', 'reg'],
      ['Expires', String(EXPIRES_S)],
      ['Accept', REG_INFO_TYPE],
    ]);
    this.#subscription = subscribe(ua, { request, hop: { flow }, on: this });
  }

  prepare(request: SipRequest): void {
    this.#registration.authorize(request);
  }

  nextHop(): NextHop | undefined {
    const { flow } = this.#registration;
    return flow === undefined ? undefined : { flow };
  }

  ended(end: SubscriptionEnd, subscription: Subscriber): void {
    if (this.#subscription !== subscription) return;
    this.#subscription = undefined;
    // a dialog that is gone, or a subscription that the notifier wants to be made again (RFC 6665 4.1.2.2, 4.1.3)
    const lost = subscription.dialog !== undefined && end.by !== 'notified';
    const again = lost || end.reason === 'deactivated' || end.reason === 'timeout';
    if (again && this.#registration.registered) this.#subscribe(subscription.ua);
  }

  notify(notify: SipRequest): void {
    const registration = this.#registration;
    const info = parseRegInfo(notify.body);
    if (!info.ok) {
      this.#host.reject('reginfo', info.error.what, info.error.offset);
      return;
    }
    const found = info.value.registrations.find(({ aor }) => aor === registration.impu);
    if (found === undefined) return;
    const own = found.contacts.find(({ uri }) => uri === registration.contactUri);
    if (found.state === 'terminated' || own?.state === 'terminated') {
      registration.endedByNetwork((own ?? found.contacts[0])?.event ?? 'terminated');
    } else if (own?.event === 'shortened' && own.expires !== undefined) {
      registration.shortenedByNetwork(own.expires);
    }
  }
}
