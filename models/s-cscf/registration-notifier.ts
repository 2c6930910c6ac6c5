import type { Host } from '../../src/network/index.js';
import type { ServerTransaction } from '../../src/stack/sip/index.js';
import {
  type AcceptSubscriptionOptions,
  acceptSubscription,
  type Content,
  type Notifier,
  type NotifierCallbacks,
  type SipUserAgent,
} from '../../src/stack/sip-ua/index.js';
import { parseIdentity, parseNameAddr, parseUri, type SipRequest } from '../../src/wire/sip/index.js';
import { canonicalIdentity } from '../hss/index.js';
import { type RegistrationChange, registrationContent, registrationsOf } from './registration-info.js';
import type { ServedUser } from './served-user.js';

/** Event package of registration information (RFC 3680 4.1). */
const REG = 'reg';

/** Whether a request asks for registration information. */
export function asksRegistrationInfo({ method, headers }: SipRequest): boolean {
  if (method !== 'SUBSCRIBE') return false;
  const [event = ''] = (headers.get('event') ?? '').split(';');
  return event.trim().toLowerCase() === REG;
}

/**
 * Whether the sender of a SUBSCRIBE may see a user's registration (TS 24.229 5.4.2.1.1): one of the user's own identities, or
 * a proxy that the user is registered through, both as the network has asserted them.
 */
export function mayWatch(request: SipRequest, user: ServedUser): boolean {
  const hosts = user.bindings.flatMap(({ path }) => path.map(hostOf));
  return request.headers.list('p-asserted-identity').some((value) => {
    const identity = parseIdentity(value);
    if (!identity.ok) return false;
    const { uri } = identity.value;
    const own =
      user.profile?.impus.some((impu) => canonicalIdentity(impu) === canonicalIdentity(uri)) ?? false;
    return own || (hosts.includes(hostOf(uri)) && !uri.includes('@'));
  });
}

/** Accepts a subscription to a user's registration information; the full state follows (RFC 3680 4.8; TS 24.229 5.4.2.1). */
export function acceptWatcher(
  ua: SipUserAgent,
  transaction: ServerTransaction,
  user: ServedUser,
  longestS: number,
): void {
  const notifier = acceptSubscription(ua, transaction, new Watching(user, ua.host, longestS));
  if (notifier.state !== 'terminated') user.watchers = user.watchers.concat(notifier);
}

/** What a watcher is told, and how long. */
class Watching implements AcceptSubscriptionOptions, NotifierCallbacks {
  readonly longestS: number;
  readonly #user: ServedUser;
  readonly #host: Host;

  constructor(user: ServedUser, host: Host, longestS: number) {
    this.longestS = longestS;
    this.#user = user;
    this.#host = host;
  }

  get on(): NotifierCallbacks {
    return this;
  }

  fullState(version: number): Content {
    return registrationContent(registrationsOf(this.#user, this.#host.kernel.now), version);
  }

  ended(_reason: string, ended: Notifier): void {
    this.#user.watchers = this.#user.watchers.filter((notifier) => notifier !== ended);
  }
}

/** Tells all who watch a user what has changed. */
export function tellWatchers(user: ServedUser, nowUs: number, change: RegistrationChange): void {
  if (user.watchers.length === 0) return;
  const registrations = registrationsOf(user, nowUs, change);
  for (const notifier of user.watchers)
    notifier.notify((version) => registrationContent(registrations, version));
}

/** Tells all who watch a user that there is nothing more to watch (TS 24.229 5.4.2.1.2). */
export function dismissWatchers(user: ServedUser, nowUs: number, change: RegistrationChange): void {
  if (user.watchers.length === 0) return;
  const registrations = registrationsOf(user, nowUs, change);
  for (const notifier of user.watchers) {
    notifier.terminate('noresource', { content: (version) => registrationContent(registrations, version) });
  }
}

function hostOf(uri: string): string {
  const address = parseNameAddr(uri);
  const parsed = parseUri(address.ok ? address.value.uri : uri);
  return parsed.ok && parsed.value.kind === 'sip' ? parsed.value.host.toLowerCase() : '';
}
