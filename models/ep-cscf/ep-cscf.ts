import type { ActorRefFrom } from 'xstate';
import type { Host, WebSocketConnection } from '../../src/network/index.js';
import { MegacoEndpoint } from '../../src/stack/megaco/index.js';
import {
  type NextHop,
  refuseOptions,
  type ServerTransaction,
  SipEndpoint,
  type SipFlow,
  type TransactionUser,
} from '../../src/stack/sip/index.js';
import { type RouteInfo, resolveHop, SipProxy, SipUserAgent } from '../../src/stack/sip-ua/index.js';
import type { Endpoint } from '../../src/trace/index.js';
import { makeError } from '../../src/wire/megaco/index.js';
import { parseSdp, type SessionDescription, validateSdp } from '../../src/wire/sdp/index.js';
import { parseNameAddr, quote, type SipRequest, type SipResponse } from '../../src/wire/sip/index.js';
import { type Entity, wallClockS } from '../common/index.js';
import { type Authorisation, authorise, type Refusal, type TrustedWaf } from './authorisation.js';
import { BridgedCall } from './bridged-call.js';
import { callMachine } from './call.js';
import { GatewayControl } from './gateway-control.js';
import { GatewayLink } from './gateway-link.js';
import { epCscfMachine } from './machine.js';
import type { Direction } from './media-plan.js';
import type { EpCscfPolicy } from './policy.js';
import { chargingVector, removeCoreOnly, removeCredentials, removeNetworkOnly } from './register-request.js';
import { isCarried, isWebRtc } from './session-description.js';
import { WebSocketDoor } from './web-socket-door.js';
import { type Binding, WicRegistrations } from './wic-registrations.js';

/** Where an eP-CSCF stands. */
export interface EpCscfConfig {
  /** Own name, which certificates, Path and Via carry. */
  readonly domain: string;
  /** Name of the network it belongs to (P-Visited-Network-ID). */
  readonly network: string;
  /** The home domain it serves, and to whose I-CSCF it sends REGISTERs. */
  readonly homeDomain: string;
  /** The WAFs whose tokens it takes. */
  readonly trustedWafs: readonly TrustedWaf[];
  /** Where its gateway listens for H.248. */
  readonly gateway: Endpoint;
}

/** Port of secure WebSockets (RFC 6455 1.3). */
const WSS_PORT = 443;

/** Option tags that a call may require here; a back-to-back user agent passes none on (RFC 3261 8.2.2.3). */
const CALL_OPTIONS = ['100rel'];

/** Header fields that a back-to-back user agent passes on within a call, as they are. */
const PASSED_ON = [
  'P-Asserted-Identity',
  'P-Called-Party-ID',
  'P-Early-Media',
  'P-Preferred-Service',
  'Accept-Contact',
  'Privacy',
  'Subject',
] as const;

/**
 * The P-CSCF enhanced for WebRTC (24371-5.5): a WebSocket server on W2, a P-CSCF and trusted node on Mw, and the
 * controller of the eIMS-AGW on Iq. Calls go through it as a back-to-back user agent, since it changes their session
 * descriptions; everything else is proxied.
 */
export class EpCscf implements Entity {
  readonly host: Host;
  readonly #config: EpCscfConfig;
  readonly #policy: EpCscfPolicy;
  readonly #endpoint: SipEndpoint;
  readonly #proxy: SipProxy;
  readonly #ua: SipUserAgent;
  readonly #megaco: MegacoEndpoint;
  readonly #gateway: GatewayLink;
  readonly #actor: ActorRefFrom<typeof epCscfMachine>;
  readonly #registrations: WicRegistrations;
  readonly #calls = new Set<BridgedCall>();
  readonly #door: WebSocketDoor;
  /** Takes requests within the dialogs of calls, once it is known that they come from whom they should. */
  readonly #dialogs: TransactionUser = {
    onRequest: (transaction) => this.#withinDialog(transaction),
    onAck: (ack, flow) => this.#ackWithinDialog(ack, flow),
  };
  #callCount = 0;

  constructor(host: Host, config: EpCscfConfig, policy: EpCscfPolicy) {
    this.host = host;
    this.#config = config;
    this.#policy = policy;
    this.#actor = host.spawn(epCscfMachine, { id: 'ep-cscf' });
    const own = `sip:${config.domain}`;
    this.#proxy = new SipProxy(host, {
      endpoint: (user) => new SipEndpoint(host, { user, sentBy: config.domain }),
      isOwn: (uri) => uri.host === config.domain,
      realm: 'core',
      local: (request) => (this.#ua.owns(request) ? this.#dialogs : undefined),
      route: (transaction, info) => this.#route(transaction, info),
      flowClosed: (flow) => this.#registrations.flowLost(flow),
    });
    this.#endpoint = this.#proxy.endpoint as SipEndpoint;
    this.#ua = new SipUserAgent(host, { endpoint: this.#endpoint, contact: `<${own}>`, realm: 'core' });
    this.#megaco = new MegacoEndpoint(host, {
      realm: 'core',
      // whoever else speaks H.248 has no say here (H.248.1 10)
      onRequest: (actions, reply, from) =>
        reply(from.ip === config.gateway.ip ? this.#gateway.receive(actions) : makeError(402)),
    });
    this.#gateway = new GatewayLink(host, this.#megaco, {
      gateway: config.gateway,
      probeMs: policy.probeMs,
      knows: (context) => this.#callOf(context) !== undefined,
      onReport: (report) => this.#callOf(report.context)?.report(report),
      onContextsLost: () => this.#loseContexts(),
    });
    this.#registrations = new WicRegistrations({
      host,
      config,
      policy,
      ua: this.#ua,
      proxy: this.#proxy,
      onGone: (binding) => this.#endCallsOf(binding),
    });
    this.#endpoint.listenUdp('core');
    this.#endpoint.listenTcp('core');
    this.#door = new WebSocketDoor(host, {
      realm: 'access',
      port: WSS_PORT,
      certificateName: config.domain,
      allowedOrigins: policy.allowedOrigins.split(' '),
      handshakeMs: policy.handshakeMs,
      onOpen: (connection) => this.#onWebSocket(connection),
      onClose: () => this.#actor.send({ type: 'websocket.closed' }),
      onRefused: () => this.#actor.send({ type: 'websocket.refused' }),
    });
    this.#actor.send({ type: 'started' });
  }

  /** WICs that are registered through this eP-CSCF. */
  get registered(): number {
    return this.#registrations.size;
  }

  leftovers(): readonly string[] {
    const name = this.host.name;
    const left: string[] = [];
    if (this.#calls.size > 0) left.push(`${name}: ${this.#calls.size} calls`);
    if (this.#endpoint.openTransactions > 0)
      left.push(`${name}: ${this.#endpoint.openTransactions} SIP transactions`);
    const iq = this.#megaco.openTransactions - this.#gateway.ownTransactions;
    if (iq > 0) left.push(`${name}: ${iq} H.248 transactions`);
    const dialogs = this.#ua.openDialogs - this.#registrations.watched;
    if (dialogs > 0) left.push(`${name}: ${dialogs} dialogs`);
    return left;
  }

  close(): void {
    this.#registrations.close();
    this.#endpoint.close();
    this.#gateway.close();
    this.#megaco.close();
    this.#door.close();
    this.#actor.send({ type: 'stopped' });
  }

  #onWebSocket(connection: WebSocketConnection): void {
    this.#endpoint.attachWebSocket(connection, { realm: 'access' });
    this.#actor.send({ type: 'websocket.accepted' });
  }

  #route(transaction: ServerTransaction, info: RouteInfo): void {
    const { request, flow } = transaction;
    if (!isAccess(flow)) this.#fromCore(transaction, info);
    else if (request.method === 'REGISTER') this.#onRegister(transaction);
    else this.#fromAccess(transaction);
  }

  #onRegister(transaction: ServerTransaction): void {
    const { request } = transaction;
    const authorisation = this.#authorise(request);
    if ('error' in authorisation) {
      this.#actor.send({ type: 'token.refused' });
      this.#refuse(transaction, authorisation);
      return;
    }
    this.#actor.send({ type: 'token.accepted' });
    if (request.to()?.uri !== authorisation.impu) {
      this.#actor.send({ type: 'identity.refused' });
      this.#proxy.reject(transaction, 403, undefined, 'Identity Not Authorised');
      return;
    }
    if (/integrity-protected|authorization-entity/i.test(request.headers.get('authorization') ?? '')) {
      this.host.realises('24371-6.4.1.1-03');
    }
    this.#registrations.register(transaction, authorisation);
  }

  #authorise(request: SipRequest): Authorisation | Refusal {
    return authorise(
      request,
      this.#config.trustedWafs,
      this.#config.domain,
      wallClockS(this.host.kernel.now),
    );
  }

  /** Refuses a request for want of a good token (24371-6.4.2-12, -13; RFC 6750 3, RFC 8898 2.3). */
  #refuse(transaction: ServerTransaction, { error, description }: Refusal): void {
    const { homeDomain, trustedWafs } = this.#config;
    const server = trustedWafs[0]?.issuer;
    const parts = [`realm=${quote(homeDomain)}`];
    if (this.#policy.bearerChallenge === 'rfc8898' && server !== undefined) {
      parts.push(`authz_server=${quote(`https://${server}`)}`);
    }
    if (error === 'missing' || error === 'unsupported') {
      this.host.realises(error === 'missing' ? '24371-6.4.2-13' : '24371-6.4.1.1-02');
    } else parts.push(`error=${quote(error)}`, `error_description=${quote(description)}`);
    const status = error === 'insufficient_scope' || this.#policy.tokenRefusal === '403' ? 403 : 401;
    this.#proxy.reject(
      transaction,
      error === 'missing' ? 401 : status,
      error !== 'missing' && status === 403
        ? undefined
        : [['WWW-Authenticate', `Bearer ${parts.join(', ')}`]],
    );
  }

  /** A request of a WIC other than REGISTER: only over the connection it registered by (24371-7.4.1-06). */
  #fromAccess(transaction: ServerTransaction): void {
    const { request, flow } = transaction;
    const binding = this.#registrations.ofFlow(flow);
    if (binding === undefined) {
      this.#proxy.reject(transaction, 403, undefined, 'Not Registered');
      return;
    }
    if (!this.#admits(transaction, binding)) return;
    if (request.method === 'INVITE' && request.toTag() === undefined) this.#originate(transaction, binding);
    else this.#proxyFromAccess(transaction, binding);
  }

  /** Whether a request other than REGISTER has the token that policy wants in it, of this WIC's user; if not, it is refused. */
  #admits(transaction: ServerTransaction, binding: Binding): boolean {
    if (!this.#policy.bearerInAllRequests) return true;
    const authorisation = this.#authorise(transaction.request);
    if ('error' in authorisation) {
      this.#actor.send({ type: 'token.refused' });
      this.#refuse(transaction, authorisation);
      return false;
    }
    this.host.realises('24371-7.4.1-04');
    if (authorisation.impi === binding.impi) return true;
    this.#actor.send({ type: 'identity.refused' });
    this.#proxy.reject(transaction, 403, undefined, 'Identity Not Authorised');
    return false;
  }

  /** A request within a dialog of a call: a WIC's only over the connection it is registered by (24371-7.4.1-06). */
  #withinDialog(transaction: ServerTransaction): void {
    const { request, flow } = transaction;
    if (isAccess(flow)) {
      const binding = this.#partyBy(request, flow);
      if (binding === undefined) {
        this.#proxy.reject(transaction, 403, undefined, 'Not Registered');
        return;
      }
      if (!this.#admits(transaction, binding)) return;
    }
    this.#ua.onRequest(transaction);
  }

  /** An ACK cannot be refused, so that no token is asked for (RFC 3261 22.1). */
  #ackWithinDialog(ack: SipRequest, flow: SipFlow): void {
    if (isAccess(flow) && this.#partyBy(ack, flow) === undefined)
      this.host.reject('SIP', 'ACK over a connection that has no part in the call');
    else this.#ua.onAck(ack);
  }

  /** The binding of a flow, if its WIC takes part in the call that a request belongs to. */
  #partyBy(request: SipRequest, flow: SipFlow): Binding | undefined {
    const binding = this.#registrations.ofFlow(flow);
    const callId = request.callId();
    for (const call of this.#calls) if (call.binding === binding && call.wicCallId === callId) return binding;
    return undefined;
  }

  #proxyFromAccess(transaction: ServerTransaction, binding: Binding): void {
    const initial = transaction.request.toTag() === undefined;
    this.#proxy.forward(transaction, {
      ...(initial ? { pushRoutes: [], recordRoute: this.#registrations.routeTo(binding) } : {}),
      mutate: (request) => {
        if (initial) this.#asInitial(request, binding, request);
        else {
          removeNetworkOnly(request);
          removeCredentials(request);
        }
      },
      onResponse: removeCoreOnly,
    });
  }

  /**
   * What a P-CSCF does to every initial request of a UE (TS 24.229 5.2.6.3; 24371-7.4.1-06).
   *
   * @param received the request as it came from the WIC
   */
  #asInitial(request: SipRequest, binding: Binding, received: SipRequest): void {
    const { headers } = request;
    const asserted = this.#assertedIdentity(received, binding);
    removeNetworkOnly(request);
    removeCredentials(request);
    headers.append('P-Asserted-Identity', `<${asserted}>`);
    headers.remove('P-Preferred-Identity');
    headers.remove('Route');
    for (const route of binding.serviceRoute) headers.append('Route', route);
    headers.append('P-Charging-Vector', chargingVector(this.#registrations.icid(), this.#config.network));
    this.host.realises('24371-7.4.1-06', '24371-5.5-01');
  }

  /** The identity the WIC prefers if it is one of its own, else its default (RFC 3325 6, TS 24.229 5.2.6.3.3). */
  #assertedIdentity(request: SipRequest, binding: Binding): string {
    const written = request.headers.first('P-Preferred-Identity');
    const preferred = written === undefined ? undefined : parseNameAddr(written);
    if (preferred?.ok === true && binding.identities.includes(preferred.value.uri))
      return preferred.value.uri;
    return binding.identities[0] ?? binding.impu;
  }

  #originate(transaction: ServerTransaction, binding: Binding): void {
    const offer = this.#readOffer(transaction, isWebRtc);
    if (offer === undefined) return;
    const received = transaction.request;
    const request = this.#onward(received, received.uri);
    this.#asInitial(request, binding, received);
    const first = binding.serviceRoute[0];
    const route = first === undefined ? undefined : parseNameAddr(first);
    const hop = resolveHop(this.host, route?.ok === true ? route.value.uri : request.uri, 'core');
    if (hop === undefined) {
      this.#proxy.reject(transaction, 503);
      return;
    }
    this.#bridge(transaction, offer, 'originating', binding, request, hop);
  }

  /** A request from the core: for the WIC whose flow the own Route names (RFC 5626 5.3). */
  #fromCore(transaction: ServerTransaction, info: RouteInfo): void {
    const { request } = transaction;
    const binding = this.#registrations.ofRoute(info.ownRoute);
    if (binding === undefined || !binding.flow.open) {
      this.host.realises('24371-7.4.3-08');
      // a flow that has gone is told to the node that used the Path (RFC 5626 5.3.1)
      this.#proxy.reject(transaction, info.ownRoute === undefined ? 404 : 430);
      return;
    }
    this.host.realises('24371-7.4.3-08');
    if (request.method === 'INVITE' && request.toTag() === undefined) this.#terminate(transaction, binding);
    else {
      const initial = request.toTag() === undefined;
      this.#proxy.forward(transaction, {
        hop: { flow: binding.flow },
        ...(initial ? { recordRoute: this.#registrations.routeTo(binding) } : {}),
        mutate: removeCoreOnly,
      });
    }
  }

  #terminate(transaction: ServerTransaction, binding: Binding): void {
    const offer = this.#readOffer(transaction, () => true);
    if (offer === undefined) return;
    const request = this.#onward(transaction.request, transaction.request.uri);
    removeCoreOnly(request);
    this.#bridge(transaction, offer, 'terminating', binding, request, { flow: binding.flow });
  }

  /** The offer of an INVITE, or nothing when the INVITE has been refused: 400, 420, 488. */
  #readOffer(
    transaction: ServerTransaction,
    suits: (session: SessionDescription, line: SessionDescription['media'][number]) => boolean,
  ): SessionDescription | undefined {
    const { request } = transaction;
    const options = refuseOptions(request, CALL_OPTIONS);
    if (options !== undefined) {
      this.#proxy.reject(transaction, options.status, options.headers);
      return undefined;
    }
    if (request.body.length === 0 || request.contentType() !== 'application/sdp') {
      this.#proxy.reject(transaction, 488, [['Warning', this.#warning(399, 'an offer is required')]]);
      return undefined;
    }
    const read = parseSdp(request.body);
    const finding = read.ok ? validateSdp(read.value)[0]?.what : read.error.what;
    if (!read.ok || finding !== undefined) {
      const reason = 'Bad Session Description';
      this.#proxy.reject(transaction, 400, [['Warning', this.#warning(399, finding ?? '')]], reason);
      return undefined;
    }
    const offer = read.value;
    if (!offer.media.some((line) => isCarried(line) && suits(offer, line))) {
      this.#proxy.reject(transaction, 488, [
        ['Warning', this.#warning(305, 'no media line that can be carried')],
      ]);
      return undefined;
    }
    return offer;
  }

  /** A Warning value (RFC 3261 20.43). */
  #warning(code: number, text: string): string {
    return `${code} ${this.#config.domain} ${quote(text)}`;
  }

  /** The INVITE of the other dialog: same parties, new Call-ID and tags. */
  #onward(received: SipRequest, uri: string): SipRequest {
    const passed = PASSED_ON.flatMap((name) =>
      received.headers.list(name).map((value): [string, string] => [name, value]),
    );
    const from = received.from();
    const to = received.to();
    return this.#ua.createRequest(
      'INVITE',
      uri,
      { from: identity(from), to: identity(to) },
      { headers: passed },
    );
  }

  #bridge(
    transaction: ServerTransaction,
    offer: SessionDescription,
    direction: Direction,
    binding: Binding,
    request: SipRequest,
    hop: NonNullable<ReturnType<typeof resolveHop>>,
  ): void {
    const { domain } = this.#config;
    request.headers.set('Max-Forwards', String((transaction.request.maxForwards() ?? 70) - 1));
    // over whichever connection the WIC has by then (RFC 5626 5.3)
    const towardsWic = (): NextHop | undefined => {
      const flow = this.#registrations.flowOf(binding);
      return flow === undefined ? undefined : { flow };
    };
    const accessContact = `<sip:${domain}:${WSS_PORT};transport=ws>`;
    const originating = direction === 'originating';
    if (!originating) request.headers.set('Contact', accessContact);
    const call = new BridgedCall({
      host: this.host,
      ua: this.#ua,
      gateway: new GatewayControl(this.host, this.#gateway),
      direction,
      policy: this.#policy,
      transaction,
      offer,
      request,
      hop,
      ...(originating ? { nearHop: towardsWic } : { farHop: towardsWic }),
      nearContact: originating ? accessContact : `<sip:${domain}>`,
      translateHeaders: (response) => this.#translateHeaders(response, originating, transaction.request),
      binding,
    });
    this.#calls.add(call);
    call.actor = this.host.spawn(callMachine, {
      id: `call/${++this.#callCount}`,
      port: call,
      onDone: () => this.#calls.delete(call),
    });
    call.actor.send({ type: 'begin' });
  }

  #translateHeaders(response: SipResponse, originating: boolean, request: SipRequest): [string, string][] {
    const passed = PASSED_ON.flatMap((name) =>
      response.headers.list(name).map((value): [string, string] => [name, value]),
    );
    if (originating) return passed;
    // the called identity speaks for the WIC, and the charging vector goes back (TS 24.229 5.2.6.4.4)
    const called = request.headers.first('P-Called-Party-ID');
    const headers = passed.filter(([name]) => name !== 'P-Asserted-Identity');
    if (called !== undefined) headers.push(['P-Asserted-Identity', called]);
    const vector = request.headers.get('P-Charging-Vector');
    if (vector !== undefined) headers.push(['P-Charging-Vector', vector]);
    return headers;
  }

  #callOf(context: number): BridgedCall | undefined {
    for (const call of this.#calls) if (call.context === context) return call;
    return undefined;
  }

  /** The gateway has come up anew, or gone: calls end whose media it carried. */
  #loseContexts(): void {
    for (const call of this.#calls) if (call.context !== undefined) call.contextLost();
  }

  #endCallsOf(binding: Binding): void {
    for (const call of this.#calls) if (call.binding === binding) call.end();
  }
}

function isAccess({ transport }: SipFlow): boolean {
  return transport === 'WS' || transport === 'WSS';
}

function identity(address: { readonly uri: string; readonly display?: string } | undefined): string {
  if (address === undefined) return 'sip:anonymous@anonymous.invalid';
  return address.display === undefined ? address.uri : `${quote(address.display)} <${address.uri}>`;
}
