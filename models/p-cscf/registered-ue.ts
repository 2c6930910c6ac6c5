import type { ActorRefFrom } from 'xstate';
import type { Host } from '../../src/network/index.js';
import type { NextHop, SipFlow } from '../../src/stack/sip/index.js';
import {
  applyRegInfo,
  parseRegInfo,
  type RegInfo,
  type SipUserAgent,
  type Subscriber,
  subscribe,
} from '../../src/stack/sip-ua/index.js';
import { parseNameAddr, parseUri, type SipRequest, type SipResponse } from '../../src/wire/sip/index.js';
import { canonicalIdentity } from '../hss/index.js';
import { grantedExpiryS } from './register-request.js';
import { type RegistrationEvent, type RegistrationPort, registrationMachine } from './registration.js';

/** What UEs share: the P-CSCF they are behind. */
export interface UeHome {
  readonly host: Host;
  readonly ua: SipUserAgent;
  /** Own URI, as it stands in P-Asserted-Identity. */
  readonly uri: string;
  forget(ue: RegisteredUe): void;
}

/** How long after its expiry a registration is kept, so that the S-CSCF's NOTIFY comes first: 64*T1. */
const GRACE_MS = 32_000;

/** How much longer than the registration the subscription is to last, in seconds (TS 24.229 5.2.3). */
const LONGER_S = 600;

const SIP_PORT = 5060;

/** A UE behind a P-CSCF: the object beside the machine of its registration. */
export class RegisteredUe implements RegistrationPort {
  /** User part of Path and Record-Route, by which requests to the UE are known. */
  readonly token: string;
  readonly impi: string;
  /** The public identity that is registered, canonical. */
  readonly impu: string;
  readonly ip: string;
  contactUri = '';
  /** URIs that requests of the UE visit first. */
  serviceRoute: readonly string[] = [];
  /** Public identities, the default one first. */
  impus: readonly string[] = [];
  readonly #home: UeHome;
  readonly #actor: ActorRefFrom<typeof registrationMachine>;
  readonly #realm: string;
  /** The connection it asked for (RFC 5626); absent: it is reached by its address. */
  #flow: SipFlow | undefined;
  #subscriber: Subscriber | undefined;
  #info: RegInfo | undefined;
  #lifetimeS = 0;

  constructor(
    home: UeHome,
    flow: SipFlow,
    names: { readonly token: string; readonly impi: string; readonly impu: string },
  ) {
    this.#home = home;
    this.#realm = flow.realm;
    this.token = names.token;
    this.impi = names.impi;
    this.impu = names.impu;
    this.ip = flow.remote.ip;
    this.#actor = home.host.spawn(registrationMachine, { id: `registration/${names.token}`, port: this });
  }

  get isRegistered(): boolean {
    return this.#actor.getSnapshot().value === 'registered';
  }

  /** Whether there is a subscription to registration information of which the end is not known. */
  get isWatching(): boolean {
    return this.#subscriber !== undefined && this.#subscriber.state !== 'terminated';
  }

  stop(): void {
    this.#actor.stop();
  }

  /** Whether the UE owns the public identity. */
  owns(uri: string): boolean {
    const wanted = canonicalIdentity(uri);
    return this.impus.some((impu) => canonicalIdentity(impu) === wanted);
  }

  /** Where requests to the UE go; `undefined` when its flow has failed (RFC 5626 5.3). */
  hop(): NextHop | undefined {
    if (this.#flow !== undefined) return this.#flow.open ? { flow: this.#flow } : undefined;
    const uri = parseUri(this.contactUri);
    const port = uri.ok && uri.value.kind === 'sip' ? uri.value.port : undefined;
    return { realm: this.#realm, to: { ip: this.ip, port: port ?? SIP_PORT } };
  }

  /**
   * Takes the final response to a REGISTER.
   *
   * @param flow the flow that the UE asked for, if it did
   */
  answered(request: SipRequest, response: SipResponse, flow: SipFlow | undefined): void {
    const { status, headers } = response;
    if (status === 401) {
      this.#send({ type: 'challenged' });
      return;
    }
    if (status >= 300) {
      this.#send({ type: 'refused' });
      return;
    }
    const contactUri = request.contacts()[0]?.uri ?? '';
    const expiryS = grantedExpiryS(response, contactUri);
    if (expiryS === 0) {
      this.#send({ type: 'deregistered' });
      return;
    }
    this.contactUri = contactUri;
    this.#flow = flow;
    this.serviceRoute = urisOf(headers.list('service-route'));
    const associated = urisOf(headers.list('p-associated-uri'));
    this.impus = associated.length > 0 ? associated : [this.impu];
    this.#lifetimeS = expiryS;
    this.#send({ type: 'registered', lifetimeMs: expiryS * 1000 + GRACE_MS });
  }

  watch(): void {
    const { ua, uri } = this.#home;
    const [impu = this.impu] = this.impus;
    const request = ua.createRequest(
      'SUBSCRIBE',
      impu,
      { from: uri, to: impu, contact: ua.contact },
      {
        headers: [
          ['Event', 'reg'],
          ['Accept', 'application/reginfo+xml'],
          ['Expires', String(this.#lifetimeS + LONGER_S)],
          ['P-Asserted-Identity', `<${uri}>`],
        ],
      },
    );
    const hop = ua.resolve(request);
    if (hop === undefined) return;
    this.#subscriber = subscribe(ua, { request, hop, on: { notify: (notify) => this.#notified(notify) } });
  }

  unwatch(): void {
    if (this.isWatching) this.#subscriber?.unsubscribe();
  }

  forget(): void {
    this.#home.forget(this);
  }

  #notified({ body }: SipRequest): void {
    const document = parseRegInfo(body);
    if (!document.ok) return;
    const update = applyRegInfo(this.#info, document.value);
    if (update === undefined) return;
    this.#info = update.info;
    const active = update.info.registrations.some(({ contacts }) =>
      contacts.some(({ state, uri }) => state === 'active' && uri === this.contactUri),
    );
    if (!active && this.isRegistered) this.#send({ type: 'terminated by network' });
  }

  #send(event: RegistrationEvent): void {
    if (this.#actor.getSnapshot().status === 'active') this.#actor.send(event);
  }
}

function urisOf(values: readonly string[]): string[] {
  return values.flatMap((value) => {
    const address = parseNameAddr(value);
    return address.ok ? [address.value.uri] : [];
  });
}
