import { stateName } from '../../src/kernel/index.js';
import type { Host } from '../../src/network/index.js';
import { ACCESS_TIMERS, SIP_PORT, SipEndpoint } from '../../src/stack/sip/index.js';
import { SipUserAgent } from '../../src/stack/sip-ua/index.js';
import { parseUri, type SipRequest } from '../../src/wire/sip/index.js';
import type { Entity } from '../common/index.js';
import { Phone, type PhoneCall, plainProfile } from '../phone/index.js';
import { MMTEL, MMTEL_TAG } from './mmtel.js';
import type { UePolicy } from './policy.js';
import { UeRegistration } from './registration.js';

/** Whose UE it is, and where it registers. */
export interface UeConfig {
  /** Private user identity, such as `user2_private@home1.net`. */
  readonly impi: string;
  /** Public user identity, such as `sip:user2_public1@home1.net`. */
  readonly impu: string;
  /** Password of SIP Digest. */
  readonly password: string;
  readonly homeDomain: string;
  /** Name or address of the P-CSCF, the latter in brackets if IPv6. */
  readonly pcscf: string;
  /** Realm in which the UE is. Default `core`. */
  readonly realm?: string;
}

/** Methods it answers. */
const METHODS = ['INVITE', 'ACK', 'CANCEL', 'BYE', 'PRACK', 'UPDATE', 'INFO', 'OPTIONS', 'NOTIFY'];

/**
 * An ordinary IMS UE: registers with SIP Digest through a P-CSCF over UDP, and makes and takes calls with plain RTP (TS 24.229
 * 5.1). It is the other side of a WIC's calls.
 */
export class Ue implements Entity {
  readonly host: Host;
  readonly phone: Phone;
  readonly #config: UeConfig;
  readonly #endpoint: SipEndpoint;
  readonly #ua: SipUserAgent;
  readonly #registration: UeRegistration;

  constructor(host: Host, config: UeConfig, policy: UePolicy) {
    this.host = host;
    this.#config = config;
    const { realm = 'core' } = config;
    const ip = host.address(realm);
    const sentBy = ip.includes(':') ? `[${ip}]` : ip;
    const contact = `<sip:${userOf(config.impu)}@${sentBy}:${SIP_PORT}>`;
    const timersFor = () => ACCESS_TIMERS;
    this.#ua = new SipUserAgent(host, {
      endpoint: (user) => new SipEndpoint(host, { user, sentBy, methods: METHODS, timersFor }),
      contact: `${contact};${MMTEL_TAG}`,
      supported: policy.reliableProvisionals ? ['100rel'] : [],
      allow: METHODS,
      timersFor,
      realm,
      on: { invite: (transaction) => this.phone.onInvite(transaction) },
    });
    this.#endpoint = this.#ua.endpoint as SipEndpoint;
    this.#endpoint.listenUdp(realm);
    this.#endpoint.listenTcp(realm);
    this.phone = new Phone({
      host,
      ua: () => this.#ua,
      media: plainProfile(realm, policy.codecs.split(' '), policy.rtcpMux === 'offer' ? 'negotiate' : 'none'),
      policy,
      hop: (request) => this.#ua.resolve(request),
      buildInvite: (uri) => this.#initialRequest('INVITE', uri),
    });
    this.#registration = new UeRegistration({
      host,
      ua: this.#ua,
      config,
      policy,
      contact,
      initialRequest: (method, uri) => this.#initialRequest(method, uri),
      endCalls: (done) => this.phone.endAll(done),
    });
  }

  /** `idle`, `registering`, `challenged`, `registered`, `refreshing`, `deregistering`, `failed` or `off`. */
  get state(): string {
    return stateName(this.#registration.actor.getSnapshot().value).split('.')[0] ?? '';
  }

  /** Whether the network knows where the UE is. */
  get registered(): boolean {
    const { state } = this;
    return state === 'registered' || state === 'refreshing';
  }

  /** Public user identities of the registration, the default one first (TS 24.229 5.1.1.2.1). */
  get identities(): readonly string[] {
    return this.#registration.identities;
  }

  /** Status of the last final response to a REGISTER; 408 or 503 without one. */
  get lastStatus(): number | undefined {
    return this.#registration.status;
  }

  /** State of the subscription to the own registration; absent where there is none. */
  get regEventState(): string | undefined {
    return this.#registration.subscriptionState;
  }

  /** Registers, unless that is done or under way. */
  register(): void {
    this.#registration.actor.send({ type: 'register' });
  }

  /** Ends all calls, then the registration. */
  deregister(): void {
    this.#registration.actor.send({ type: 'deregister' });
  }

  /** Makes a call; see `Phone.call`. */
  call(uri: string): PhoneCall {
    return this.phone.call(uri);
  }

  leftovers(): readonly string[] {
    const { name } = this.host;
    const transactions = this.#endpoint.openTransactions;
    const dialogs = this.#ua.openDialogs - (this.regEventState === undefined ? 0 : 1);
    const left = this.phone.leftovers();
    if (transactions > 0) left.push(`${name}: ${transactions} SIP transactions`);
    if (dialogs > 0) left.push(`${name}: ${dialogs} dialogs`);
    return left;
  }

  close(): void {
    this.phone.close();
    this.#registration.actor.send({ type: 'switched off' });
    this.#endpoint.close();
  }

  /** A request that begins something: preloaded Route, identity, service (TS 24.229 5.1.2A.1.1; 24371-10.2.2.1-01). */
  #initialRequest(method: 'INVITE' | 'SUBSCRIBE', uri: string): SipRequest {
    const identity = this.#registration.identities[0] ?? this.#config.impu;
    const route = [`<sip:${this.#config.pcscf};lr>`, ...this.#registration.serviceRoute];
    const headers: [string, string][] = route.map((value) => ['Route', value]);
    headers.push(['P-Preferred-Identity', `<${identity}>`]);
    if (method === 'INVITE') {
      headers.push(['P-Preferred-Service', MMTEL], ['Accept-Contact', `*;${MMTEL_TAG}`]);
      headers.push(['P-Early-Media', 'supported']);
    }
    return this.#ua.createRequest(method, uri, { from: identity, to: uri }, { headers });
  }
}

function userOf(uri: string): string {
  const parsed = parseUri(uri);
  return parsed.ok && parsed.value.kind === 'sip' ? (parsed.value.user ?? 'ue') : 'ue';
}
