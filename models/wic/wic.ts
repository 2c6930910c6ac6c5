import type { ActorRefFrom } from 'xstate';
import { stateName } from '../../src/kernel/index.js';
import type { Host } from '../../src/network/index.js';
import type { SipFlow } from '../../src/stack/sip/index.js';
import type { MessageParts, SipUserAgent } from '../../src/stack/sip-ua/index.js';
import type { SipRequest } from '../../src/wire/sip/index.js';
import type { Entity } from '../common/index.js';
import { wicMachine } from './machine.js';
import type { WicPolicy } from './policy.js';
import { ICSI, ICSI_REF } from './register-request.js';
import type { WebCredentials } from './web-login.js';
import type { WicPhone } from './wic-phone.js';
import { WicScript } from './wic-script.js';

/** What the user of a WIC does, calls apart. */
export type WicUserEvent =
  /** Opens the page of a WWSF and logs in there. */
  | { readonly type: 'open'; readonly url: string; readonly credentials: WebCredentials }
  /** Logs out. */
  | { readonly type: 'deregister' }
  /** Closes the page: it logs out first; closing it again does not wait for that. */
  | { readonly type: 'close page' };

/** The identities under which a WIC registers. */
export interface WicIdentity {
  readonly impi: string;
  readonly impu: string;
}

/** A browser with the WebRTC IMS client in it (24371-5.2). */
export class Wic implements Entity {
  readonly host: Host;
  readonly policy: WicPolicy;
  readonly #script: WicScript;
  readonly #actor: ActorRefFrom<typeof wicMachine>;

  constructor(host: Host, policy: WicPolicy) {
    this.host = host;
    this.policy = policy;
    this.#script = new WicScript(host, policy, (method, uri, headers) =>
      this.buildInitialRequest(method, uri, { headers }),
    );
    const input = { expiryS: policy.registrationExpiryS };
    this.#actor = host.spawn(wicMachine, { id: 'wic', input, port: this.#script });
    this.#script.actor = this.#actor;
  }

  /** What makes the calls; without it an INVITE gets 480. */
  get phone(): WicPhone | undefined {
    return this.#script.phone;
  }
  set phone(phone: WicPhone | undefined) {
    this.#script.phone = phone;
  }

  /** Where the machine is: `registered.idle`. */
  get state(): string {
    return stateName(this.#actor.getSnapshot().value);
  }

  /** Whether the WIC can call and be called; also while the registration is being refreshed. */
  get registered(): boolean {
    const { value } = this.#actor.getSnapshot();
    return typeof value === 'object' && 'registered' in value;
  }

  /** Why the WIC gave up; empty unless it did. */
  get reason(): string {
    return this.#actor.getSnapshot().context.reason;
  }

  /** From the login on. */
  get identity(): WicIdentity | undefined {
    const { token } = this.#script;
    return token === undefined ? undefined : { impi: token.impi, impu: token.impu };
  }

  /** Public user identities that are registered, the default one first (TS 24.229 5.1.1.2). */
  get identities(): readonly string[] {
    return this.#script.identities;
  }

  /** From the first connection until the page is left; the same when the connection is replaced. */
  get userAgent(): SipUserAgent | undefined {
    return this.#script.sip?.ua;
  }

  /** The WebSocket to the eP-CSCF. */
  get flow(): SipFlow | undefined {
    return this.#script.flow;
  }

  /** The route of initial requests as the S-CSCF wants it (RFC 3608 6.1). */
  get serviceRoute(): readonly string[] {
    return this.#script.serviceRoute;
  }

  /**
   * Contact value for calls: the public GRUU if there is one, else the address bound to the flow (RFC 5626 4.3, RFC 5627
   * 4.4.1), with the service that the WIC offers (TS 24.229 5.1.2A.1). `undefined` before the first connection.
   */
  get contact(): string | undefined {
    const { sip, pubGruu } = this.#script;
    if (sip === undefined) return undefined;
    return `<${pubGruu ?? `${sip.contactUri};ob`}>;${ICSI_REF}`;
  }

  /** The user does something. */
  send(event: WicUserEvent): void {
    if (event.type === 'open' && (this.state === 'offline' || this.state === 'failed')) {
      this.#script.page = new URL(event.url).href;
      this.#script.credentials = event.credentials;
    }
    this.#actor.send({ type: event.type });
  }

  /**
   * A request outside of dialogs, ready to be sent over the {@link flow}: from the registered identity, along eP-CSCF
   * and Service-Route, with a P-Preferred-Identity, an INVITE with its communication service, and the token where policy wants it
   * (TS 24.229 5.1.2A.1.1, 5.1.3.1; 24371-7.2.1-03, -04, 24371-7.2.2-08).
   *
   * @param uri the Request-URI, which also is the To
   * @throws Error when there is no connection
   */
  buildInitialRequest(method: string, uri: string, parts: MessageParts = {}): SipRequest {
    const { identity, contact, serviceRoute } = this;
    const { sip } = this.#script;
    if (sip === undefined || identity === undefined || contact === undefined) {
      throw new Error('there is no connection');
    }
    const given = [...(parts.headers ?? [])];
    const preferred = given.some(([name]) => name.toLowerCase() === 'p-preferred-identity');
    const headers = [sip.route, ...serviceRoute].map((route): readonly [string, string] => ['Route', route]);
    if (!preferred) headers.push(['P-Preferred-Identity', `<${identity.impu}>`]);
    if (method === 'INVITE') {
      headers.push(
        ['P-Preferred-Service', ICSI],
        ['Accept-Contact', `*;${ICSI_REF}`],
        ['P-Early-Media', 'supported'],
      );
      this.host.realises('24371-7.2.1-03', '24371-7.2.2-08', '24371-7.2.2-09');
    }
    const addresses = { from: identity.impu, to: uri, contact };
    const request = sip.ua.createRequest(method, uri, addresses, {
      ...parts,
      headers: [...headers, ...given],
    });
    this.authorize(request);
    return request;
  }

  /** Adds the token to a request within a dialog where policy wants it in all of them (24371-7.2.1-04). */
  authorize(request: SipRequest): void {
    this.#script.authorize(request);
  }

  leftovers(): readonly string[] {
    const { name } = this.host;
    const transactions = this.#script.sip?.endpoint.openTransactions ?? 0;
    const dialogs = this.#script.callDialogs;
    const left: string[] = [];
    if (transactions > 0) left.push(`${name}: ${transactions} SIP transactions`);
    if (dialogs > 0) left.push(`${name}: ${dialogs} dialogs`);
    return left;
  }

  close(): void {
    this.#actor.stop();
    this.#script.close();
  }
}
