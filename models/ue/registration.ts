import type { ActorRefFrom } from 'xstate';
import type { Host } from '../../src/network/index.js';
import {
  parseRegInfo,
  resolveHop,
  type SipUserAgent,
  type Subscriber,
  subscribe,
} from '../../src/stack/sip-ua/index.js';
import { parseNameAddr, parseNumber, type SipRequest, type SipResponse } from '../../src/wire/sip/index.js';
import { DigestClient } from './digest-client.js';
import { type UePort, ueMachine } from './machine.js';
import { MMTEL_TAG } from './mmtel.js';
import type { UePolicy } from './policy.js';
import type { UeConfig } from './ue.js';

/** What the registration borrows from its UE. */
export interface RegistrationOptions {
  readonly host: Host;
  readonly ua: SipUserAgent;
  readonly config: UeConfig;
  readonly policy: UePolicy;
  /** The address it registers, in angle brackets. */
  readonly contact: string;
  /** A SUBSCRIBE with the fields of every initial request. */
  readonly initialRequest: (method: 'SUBSCRIBE', uri: string) => SipRequest;
  /** Ends all calls, then calls `done`. */
  readonly endCalls: (done: () => void) => void;
}

/** Duration of the subscription to the own registration state, in seconds (TS 24.229 5.1.1.3). */
const REG_EVENT_S = 600_000;

/** The registration of a UE: the object beside the machine of the UE. */
export class UeRegistration implements UePort {
  readonly actor: ActorRefFrom<typeof ueMachine>;
  /** Route of initial requests behind the P-CSCF (RFC 3608). */
  serviceRoute: readonly string[] = [];
  /** The registered public user identities, the default one first. */
  identities: readonly string[] = [];
  /** Status of the last final response to a REGISTER; 408 or 503 without one. */
  status: number | undefined;
  readonly #options: RegistrationOptions;
  readonly #digest: DigestClient;
  /** Call-ID of all REGISTERs (RFC 3261 10.2). */
  readonly #callId: string;
  /** Expiry of the REGISTER sent last. */
  #expiresS: number;
  #wantedS: number;
  #subscriber: Subscriber | undefined;

  constructor(options: RegistrationOptions) {
    const { host, config, policy } = options;
    this.#options = options;
    this.#digest = new DigestClient(host, config);
    this.#callId = host.random('sip call-id').token(20);
    this.#wantedS = policy.registrationExpiryS;
    this.#expiresS = this.#wantedS;
    this.actor = host.spawn(ueMachine, { id: 'ue', port: this });
  }

  /** State of the subscription to the own registration; absent where there is none. */
  get subscriptionState(): string | undefined {
    return this.#subscriber?.state;
  }

  registerInitially(): void {
    this.#register(this.#wantedS, this.#digest.initial());
  }

  answerChallenge(): void {
    this.#register(this.#expiresS, this.#digest.next());
  }

  refresh(): void {
    this.#register(this.#wantedS, this.#digest.next());
  }

  deregister(): void {
    this.#register(0, this.#digest.next());
  }

  endCalls(done: () => void): void {
    this.#options.endCalls(done);
  }

  forget(): void {
    this.serviceRoute = [];
    this.identities = [];
    this.#subscriber = undefined;
  }

  watch(): void {
    const { ua, config, policy, initialRequest } = this.#options;
    if (!policy.regEvent || this.#subscriber !== undefined) return;
    const request = initialRequest('SUBSCRIBE', this.identities[0] ?? config.impu);
    request.headers.append('Event', 'reg');
    request.headers.append('Expires', String(REG_EVENT_S));
    request.headers.append('Accept', 'application/reginfo+xml');
    const hop = ua.resolve(request);
    if (hop === undefined) return;
    const subscriber = subscribe(ua, {
      request,
      hop,
      on: {
        notify: ({ body }) => {
          if (subscriber === this.#subscriber) this.#onRegInfo(body);
        },
        ended: () => {
          if (subscriber === this.#subscriber) this.#subscriber = undefined;
        },
      },
    });
    this.#subscriber = subscriber;
  }

  #register(expiresS: number, authorization: string): void {
    const { host, ua, contact, config } = this.#options;
    const { homeDomain, impu, pcscf, realm } = config;
    this.#expiresS = expiresS;
    const request = ua.createRequest(
      'REGISTER',
      `sip:${homeDomain}`,
      { from: impu, to: impu, contact: `${contact};${MMTEL_TAG};audio` },
      {
        headers: [
          ['Call-ID', this.#callId],
          ['Expires', String(expiresS)],
          ['Supported', 'path'],
          ['Authorization', authorization],
        ],
      },
    );
    const hop = resolveHop(host, `sip:${pcscf}`, realm);
    if (hop === undefined) {
      this.status = 503;
      this.actor.send({ type: 'refused', status: 503 });
      return;
    }
    ua.send(request, hop, { done: (status, response) => this.#registerAnswered(status, response) });
  }

  #registerAnswered(status: number, response: SipResponse | undefined): void {
    this.status = status;
    if (response === undefined || status >= 300) this.#refused(status, response);
    else if (!this.#digest.confirm(response)) this.actor.send({ type: 'refused', status: 403 });
    else {
      this.serviceRoute = response.headers.list('Service-Route');
      this.identities = response.headers.list('P-Associated-URI').flatMap(uriOf);
      this.actor.send({ type: 'accepted', grantedMs: this.#granted(response) * 1000 });
    }
  }

  #refused(status: number, response: SipResponse | undefined): void {
    const challenge = status === 401 && response !== undefined ? this.#digest.take(response) : undefined;
    if (challenge !== undefined) {
      this.actor.send({ type: 'challenged', stale: challenge.stale });
      return;
    }
    const least = parseNumber(response?.headers.get('Min-Expires') ?? '');
    if (status === 423 && least.ok && least.value > this.#wantedS) {
      this.#wantedS = least.value;
      this.actor.send({ type: 'too brief' });
      return;
    }
    this.actor.send({ type: 'refused', status });
  }

  /** For how long the registrar keeps this contact, in seconds (RFC 3261 10.2.4, 10.3 step 8). */
  #granted(response: SipResponse): number {
    const own = uriOf(this.#options.contact)[0];
    const contact = response.contacts().find(({ uri }) => uri === own);
    const expires = parseNumber(contact?.params.get('expires') ?? '');
    return expires.ok ? expires.value : (response.expires() ?? this.#expiresS);
  }

  /** What the network says of the registration (TS 24.229 5.1.1.3, 5.1.1.7). */
  #onRegInfo(body: Uint8Array): void {
    const document = parseRegInfo(body);
    if (!document.ok) {
      if (body.length > 0) this.#options.host.reject('reginfo', document.error.what);
      return;
    }
    const own = uriOf(this.#options.contact)[0];
    const contacts = document.value.registrations.flatMap((registration) => registration.contacts);
    const contact = contacts.findLast(({ uri }) => uri === own);
    if (contact?.state === 'terminated') {
      this.actor.send({ type: 'terminated by network', again: contact.event === 'deactivated' });
    }
  }
}

function uriOf(value: string): string[] {
  const address = parseNameAddr(value);
  return address.ok ? [address.value.uri] : [];
}
