import type { ActorRefFrom } from 'xstate';
import type { Host } from '../../src/network/index.js';
import type { ServerTransaction, SipFlow } from '../../src/stack/sip/index.js';
import {
  ownText,
  parseRegInfo,
  resolveHop,
  type SipProxy,
  type SipUserAgent,
  type SubscriberCallbacks,
  subscribe,
} from '../../src/stack/sip-ua/index.js';
import { parseNameAddr, parseUri, type SipRequest, type SipResponse } from '../../src/wire/sip/index.js';
import { wallClockS } from '../common/index.js';
import type { Authorisation } from './authorisation.js';
import type { EpCscfConfig } from './ep-cscf.js';
import type { EpCscfPolicy } from './policy.js';
import { grantedExpiryS, type RegisterParts, removeCoreOnly, toCoreRegister } from './register-request.js';
import { type RegistrationPort, registrationMachine } from './registration.js';

/** What the eP-CSCF remembers of a WIC that is, or is about to be, registered through it. */
export interface Binding extends RegistrationPort {
  readonly impi: string;
  readonly impu: string;
  readonly contactUri: string;
  /** Opaque user part of the Path: names the flow (RFC 5626 5.2). */
  readonly token: string;
  flow: SipFlow;
  authorisation: Authorisation;
  /** Registered public identities, the default one first (P-Associated-URI). */
  identities: readonly string[];
  /** Service-Route values as received. */
  serviceRoute: readonly string[];
}

/** What the registrations need from the eP-CSCF. */
export interface WicRegistrationsOptions {
  readonly host: Host;
  readonly config: EpCscfConfig;
  readonly policy: EpCscfPolicy;
  readonly ua: SipUserAgent;
  readonly proxy: SipProxy;
  /** Called when a binding has been forgotten. */
  readonly onGone: (binding: Binding) => void;
}

/** Length of flow tokens and charging ids, in letters and digits. */
const TOKEN_LENGTH = 10;

/** How long the P-CSCF's subscription is asked to last, in seconds (TS 24.229 5.2.3). */
const WATCH_S = 600_000;

/** The registrations of WICs at an eP-CSCF: one binding of identities, connection and token each (24371-6.4.2-11). */
export class WicRegistrations {
  readonly options: WicRegistrationsOptions;
  readonly #byFlow = new Map<string, WicBinding>();
  readonly #byToken = new Map<string, WicBinding>();
  /** By public identity and contact: a registration is refreshed over whatever flow it comes by. */
  readonly #byContact = new Map<string, WicBinding>();
  #count = 0;

  constructor(options: WicRegistrationsOptions) {
    this.options = options;
  }

  get size(): number {
    return this.#byToken.size;
  }

  /** How many of them are watched by a subscription to their registration state. */
  get watched(): number {
    return [...this.#byToken.values()].filter(({ isWatched }) => isWatched).length;
  }

  /** The binding of the WIC that is registered over a flow. */
  ofFlow(flow: SipFlow): Binding | undefined {
    const binding = this.#byFlow.get(flow.id);
    return binding?.stands === true ? binding : undefined;
  }

  /** The binding that a Route value of ours names. */
  ofRoute(ownRoute: string | undefined): Binding | undefined {
    const address = ownRoute === undefined ? undefined : parseNameAddr(ownRoute);
    const uri = address?.ok === true ? parseUri(address.value.uri) : undefined;
    return uri?.ok === true && uri.value.kind === 'sip' ? this.#byToken.get(uri.value.user ?? '') : undefined;
  }

  /** The connection of a WIC, also of one that has registered anew since; `undefined` while there is none. */
  flowOf({ impu, contactUri, flow }: Binding): SipFlow | undefined {
    const latest = this.#byContact.get(`${impu} ${contactUri}`)?.flow ?? flow;
    return latest.open ? latest : undefined;
  }

  /** The URI by which a request reaches the WIC through us. */
  routeTo(binding: Binding): string {
    return `sip:${binding.token}@${this.options.config.domain};lr`;
  }

  /** A fresh charging identifier (TS 24.229 5.2.2). */
  icid(): string {
    return this.options.host.random('icid').token(TOKEN_LENGTH);
  }

  /** Deals with a REGISTER whose token is good: initial, refresh or de-registration. */
  register(transaction: ServerTransaction, authorisation: Authorisation): void {
    const { request, flow } = transaction;
    const contact = request.contacts()[0];
    if (contact === undefined || request.contacts().length > 1) {
      this.options.proxy.reject(transaction, 400, undefined, 'One Contact Required');
      return;
    }
    const ending = Number(contact.params.get('expires') ?? request.expires() ?? -1) === 0;
    const key = `${authorisation.impu} ${contact.uri}`;
    let binding = this.#byContact.get(key);
    if (binding?.isEnding === true) binding = undefined;
    const other = this.#byFlow.get(flow.id);
    if (other !== undefined && other !== binding && !other.isEnding) {
      // what is bound to the connection is one registration (24371-6.4.2-11)
      this.options.proxy.reject(transaction, 403, undefined, 'Connection In Use');
      return;
    }
    if (binding === undefined) {
      binding = new WicBinding(this, authorisation, ownText(contact.uri), flow);
      this.#byContact.set(ownText(key), binding);
      this.#byToken.set(binding.token, binding);
      binding.start(`registration/${++this.#count}`);
    } else {
      binding.authorisation = authorisation;
      binding.actor.send({ type: ending ? 'deregister' : 'refresh' });
    }
    this.#bindFlow(binding, flow);
    this.#forward(transaction, binding, ending);
  }

  #bindFlow(binding: WicBinding, flow: SipFlow): void {
    if (this.#byFlow.get(binding.flow.id) === binding) this.#byFlow.delete(binding.flow.id);
    binding.flow = flow;
    this.#byFlow.set(flow.id, binding);
  }

  #forward(transaction: ServerTransaction, binding: WicBinding, ending: boolean): void {
    const { host, proxy, config } = this.options;
    const attempt = binding.note(transaction.request);
    const hop = resolveHop(host, `sip:${config.homeDomain}`, 'core');
    proxy.forward(transaction, {
      ...(hop === undefined ? {} : { hop }),
      mutate: (request) => toCoreRegister(request, this.parts(binding)),
      onResponse: removeCoreOnly,
      done: (response) => {
        // after the response has gone on its way to the WIC
        host.kernel.schedule(0, host.name, () => binding.conclude(response, ending, attempt));
      },
    });
  }

  /** What the eP-CSCF writes into a REGISTER of this binding. */
  parts(binding: WicBinding): RegisterParts {
    const { host, config, policy } = this.options;
    const { authorisation } = binding;
    const nameWaf =
      policy.authorizationEntity === 'always' ||
      (policy.authorizationEntity === 'third-party' && policy.wafOperator === 'third-party');
    if (nameWaf) host.realises('24371-6.4.2-06');
    return {
      authorisation,
      homeDomain: config.homeDomain,
      visitedNetwork: config.network,
      path: `${this.routeTo(binding)};ob`,
      icid: this.icid(),
      nameWaf,
      maxExpiresS: Math.max(0, authorisation.expiresS - wallClockS(host.kernel.now)),
    };
  }

  flowLost(flow: SipFlow): void {
    const binding = this.#byFlow.get(flow.id);
    if (binding === undefined) return;
    this.#byFlow.delete(flow.id);
    binding.actor.send({ type: 'flow.lost' });
  }

  forget(binding: WicBinding): void {
    this.#byToken.delete(binding.token);
    const key = `${binding.impu} ${binding.contactUri}`;
    if (this.#byContact.get(key) === binding) this.#byContact.delete(key);
    if (this.#byFlow.get(binding.flow.id) === binding) this.#byFlow.delete(binding.flow.id);
    this.options.onGone(binding);
  }

  /** Stops all timers. */
  close(): void {
    for (const binding of this.#byToken.values()) binding.actor.stop();
    this.#byToken.clear();
    this.#byContact.clear();
    this.#byFlow.clear();
  }
}

/** Kept for as long as the registration lasts, so its texts are its own. */
class WicBinding implements Binding, SubscriberCallbacks {
  readonly impi: string;
  readonly impu: string;
  readonly contactUri: string;
  readonly token: string;
  flow: SipFlow;
  authorisation: Authorisation;
  identities: readonly string[] = [];
  serviceRoute: readonly string[] = [];
  /** Whether the subscription to the registration state stands. */
  isWatched = false;
  actor!: ActorRefFrom<typeof registrationMachine>;
  readonly #owner: WicRegistrations;
  #callId = '';
  #sequence = 0;
  #attempts = 0;
  /** When the registration ends unless it is refreshed, in microseconds of virtual time. */
  #untilUs = 0;

  constructor(owner: WicRegistrations, authorisation: Authorisation, contactUri: string, flow: SipFlow) {
    this.#owner = owner;
    this.impi = authorisation.impi;
    this.impu = authorisation.impu;
    this.contactUri = contactUri;
    this.token = owner.options.host.random('flow token').token(TOKEN_LENGTH);
    this.flow = flow;
    this.authorisation = authorisation;
  }

  start(id: string): void {
    const { host, policy } = this.#owner.options;
    const input = { lifetimeMs: 0, graceMs: policy.flowGraceMs };
    this.actor = host.spawn(registrationMachine, { id, input, port: this });
  }

  /** Whether the WIC can call and be called. */
  get stands(): boolean {
    const state = this.actor.getSnapshot();
    return state.matches('registered') || state.matches('refreshing') || state.matches('deregistering');
  }

  /** Whether the registration is being ended on the WIC's behalf, so that a REGISTER begins another. */
  get isEnding(): boolean {
    return this.actor.getSnapshot().matches('ending');
  }

  /**
   * Keeps what a REGISTER on the WIC's behalf would have to continue.
   *
   * @returns the number of this REGISTER
   */
  note(request: SipRequest): number {
    this.#callId = ownText(request.callId() ?? '');
    this.#sequence = request.cseq()?.sequence ?? 0;
    return ++this.#attempts;
  }

  /** What the core's answer to the last REGISTER means; answers to those before it mean nothing any more. */
  conclude(response: SipResponse, ending: boolean, attempt: number): void {
    if (attempt !== this.#attempts || this.actor.getSnapshot().status !== 'active') return;
    if (response.status < 200 || response.status > 299) {
      const leftMs = Math.max(0, (this.#untilUs - this.#owner.options.host.kernel.now) / 1000);
      this.actor.send({ type: 'refused', leftMs });
      return;
    }
    const grantedS = ending ? 0 : grantedExpiryS(response, this.contactUri);
    if (grantedS === 0) {
      this.actor.send({ type: 'deregistered' });
      return;
    }
    this.serviceRoute = response.headers.list('Service-Route').map(ownText);
    const identities = response.headers.list('P-Associated-URI').flatMap((value) => {
      const address = parseNameAddr(value);
      return address.ok ? [address.value.uri] : [];
    });
    // flatMap leaves room for more
    this.identities = identities.map(ownText);
    const { now } = this.#owner.options.host.kernel;
    const lifetimeMs = Math.max(0, Math.min(grantedS, this.authorisation.expiresS - wallClockS(now))) * 1000;
    this.#untilUs = now + lifetimeMs * 1000;
    this.actor.send({ type: 'registered', lifetimeMs });
  }

  watch(): void {
    const { ua, host, config } = this.#owner.options;
    const to = this.identities[0] ?? this.impu;
    const own = `sip:${config.domain}`;
    const hop = resolveHop(host, `sip:${config.homeDomain}`, 'core');
    if (hop === undefined) return;
    const request = ua.createRequest(
      'SUBSCRIBE',
      to,
      { from: own, to },
      {
        headers: [
          ['Event', 'reg'],
          ['Accept', 'application/reginfo+xml'],
          ['Expires', String(WATCH_S)],
          ['P-Asserted-Identity', `<${own}>`],
        ],
      },
    );
    this.isWatched = true;
    subscribe(ua, { request, hop, on: this });
  }

  ended(): void {
    this.isWatched = false;
  }

  notify(notify: SipRequest): void {
    const read = parseRegInfo(notify.body);
    if (!read.ok) return;
    for (const registration of read.value.registrations) {
      const own = registration.contacts.find(({ uri }) => uri === this.contactUri);
      const over = registration.aor === this.impu && registration.state === 'terminated';
      if (over || own?.state === 'terminated') this.actor.send({ type: 'terminated by network' });
    }
  }

  deregister(): void {
    const { ua, host, config, proxy } = this.#owner.options;
    const hop = resolveHop(host, `sip:${config.homeDomain}`, 'core');
    if (hop === undefined) {
      this.actor.send({ type: 'refused', leftMs: 0 });
      return;
    }
    const addresses = { from: this.impu, to: this.impu, contact: `<${this.contactUri}>;expires=0` };
    const request = ua.createRequest('REGISTER', `sip:${config.homeDomain}`, addresses, {
      headers: [['Expires', '0']],
    });
    request.headers.set('Call-ID', this.#callId);
    request.headers.set('CSeq', `${++this.#sequence} REGISTER`);
    toCoreRegister(request, { ...this.#owner.parts(this), maxExpiresS: 0 });
    const over = (): void => this.actor.send({ type: 'deregistered' });
    proxy.endpoint.sendRequest(request, hop, {
      onResponse: ({ status }) => {
        if (status >= 200) over();
      },
      onTimeout: over,
      onTransportError: over,
    });
  }

  forget(): void {
    this.#owner.forget(this);
  }
}
