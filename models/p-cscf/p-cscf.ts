import type { Host } from '../../src/network/index.js';
import {
  ACCESS_TIMERS,
  CORE_TIMERS,
  type NextHop,
  type ServerTransaction,
  SipEndpoint,
  type SipFlow,
} from '../../src/stack/sip/index.js';
import { type ForwardOptions, type RouteInfo, SipProxy, SipUserAgent } from '../../src/stack/sip-ua/index.js';
import {
  parseChargingVector,
  parseIdentity,
  parseNameAddr,
  parseUri,
  type SipRequest,
  type SipResponse,
  type SipUri,
  serializeChargingVector,
} from '../../src/wire/sip/index.js';
import type { Entity } from '../common/index.js';
import { canonicalIdentity } from '../hss/index.js';
import type { PCscfPolicy } from './policy.js';
import {
  chargingVector,
  ipAssociation,
  privateIdentity,
  removeCoreOnly,
  removeNetworkOnly,
  toCoreRegister,
} from './register-request.js';
import { RegisteredUe, type UeHome } from './registered-ue.js';

/** How a P-CSCF is set up. */
export interface PCscfConfig {
  /** Realm of the network, in which both UEs and core are. Default `core`. */
  readonly realm?: string;
  /** Name of its network, for P-Visited-Network-ID and charging. */
  readonly network: string;
  /** Whether an address is a UE's. Default: it is of a host without a DNS name. */
  readonly isUe?: (ip: string) => boolean;
}

/** The proxy CSCF of an ordinary IMS UE, without IPsec and TLS on Gm (TS 24.229 5.2). */
export class PCscf implements Entity {
  readonly host: Host;
  readonly #config: PCscfConfig;
  readonly #policy: PCscfPolicy;
  readonly #endpoint: SipEndpoint;
  readonly #proxy: SipProxy;
  readonly #ua: SipUserAgent;
  readonly #home: UeHome;
  readonly #hostPort: string;
  /** By address. */
  readonly #ues = new Map<string, RegisteredUe[]>();
  readonly #byToken = new Map<string, RegisteredUe>();
  /** UEs that are not registered any more, until their subscription has ended. */
  readonly #leaving = new Set<RegisteredUe>();
  #count = 0;
  #charged = 0;

  constructor(host: Host, config: PCscfConfig, policy: PCscfPolicy) {
    this.host = host;
    this.#config = config;
    this.#policy = policy;
    const { realm = 'core' } = config;
    const sentBy = host.domain ?? `[${host.address(realm)}]`;
    this.#hostPort = `${sentBy}:5060`;
    this.#proxy = new SipProxy(host, {
      endpoint: (user) =>
        new SipEndpoint(host, {
          user,
          sentBy,
          timersFor: (_, remote) => (this.#isUe(remote.ip) ? ACCESS_TIMERS : CORE_TIMERS),
        }),
      isOwn: (uri) => this.#isOwn(uri),
      route: (transaction, info) => this.#route(transaction, info),
      local: (request) => (this.#ua.owns(request) ? this.#ua : undefined),
      ackHop: (ack, info) => this.#ackHop(ack, info),
      realm,
    });
    this.#endpoint = this.#proxy.endpoint as SipEndpoint;
    const uri = `sip:${this.#hostPort}`;
    this.#ua = new SipUserAgent(host, {
      endpoint: this.#endpoint,
      contact: `<${uri}>`,
      supported: [],
      realm,
    });
    this.#home = { host, ua: this.#ua, uri, forget: (ue) => this.#forget(ue) };
    this.#endpoint.listenUdp(realm);
    this.#endpoint.listenTcp(realm);
  }

  /** UEs that are registered. */
  get registeredUes(): number {
    let count = 0;
    for (const ue of this.#byToken.values()) if (ue.isRegistered) count++;
    return count;
  }

  leftovers(): readonly string[] {
    for (const ue of this.#leaving) if (!ue.isWatching) this.#leaving.delete(ue);
    const { openTransactions } = this.#endpoint;
    const unregistered = this.#byToken.size - this.registeredUes;
    return [
      ...(unregistered > 0 ? [`${unregistered} registrations under way`] : []),
      ...(openTransactions > 0 ? [`${openTransactions} SIP transactions`] : []),
      ...(this.#leaving.size > 0
        ? [`${this.#leaving.size} subscriptions of UEs that are not registered`]
        : []),
    ].map((line) => `${this.host.name}: ${line}`);
  }

  close(): void {
    for (const ue of this.#byToken.values()) ue.stop();
    this.#byToken.clear();
    this.#ues.clear();
    this.#endpoint.close();
  }

  #isOwn({ host, port = 5060 }: SipUri): boolean {
    const name = host.toLowerCase();
    if (`${name}:${port}` === this.#hostPort) return true;
    const { realm = 'core' } = this.#config;
    return port === 5060 && name.replace(/^\[|\]$/g, '') === this.host.address(realm);
  }

  #isUe(ip: string): boolean {
    return this.#config.isUe?.(ip) ?? this.host.network.reverse(ip)?.domain === undefined;
  }

  #route(transaction: ServerTransaction, { ownRoute }: RouteInfo): void {
    const { request, flow } = transaction;
    if (this.#isUe(flow.remote.ip)) {
      if (request.method === 'REGISTER') this.#register(transaction);
      else if (request.toTag() === undefined) this.#originate(transaction);
      else this.#proxy.forward(transaction, { mutate: removeNetworkOnly, onResponse: removeCoreOnly });
      return;
    }
    const ue = this.#ueOf(ownRoute);
    if (request.toTag() !== undefined) this.#proxy.forward(transaction, this.#towards(ue));
    else if (ue === undefined || !ue.isRegistered)
      this.#proxy.reject(transaction, ownRoute === undefined ? 404 : 480);
    else this.#terminate(transaction, ue);
  }

  #register(transaction: ServerTransaction): void {
    const { request, flow } = transaction;
    const impu = canonicalIdentity(request.to()?.uri ?? '');
    const impi = privateIdentity(request);
    const known = this.#uesAt(flow.remote.ip).find((one) => one.impu === impu);
    const associated = known?.isRegistered === true && known.impi === impi;
    const ue = known ?? this.#remember(flow, impi, impu);
    const ownFlow = this.#asksFlow(request) && flow.reliable ? flow : undefined;
    const path = `sip:${ue.token}@${this.#hostPort};lr${ownFlow === undefined ? '' : ';ob'}`;
    this.#proxy.forward(transaction, {
      mutate: (copy) =>
        toCoreRegister(copy, {
          integrity: ipAssociation(request, associated),
          path,
          network: this.#config.network,
          icid: this.#newIcid(),
        }),
      onResponse: removeCoreOnly,
      done: (response) => {
        // after the response has gone on its way to the UE
        this.host.kernel.schedule(0, this.host.name, () => ue.answered(request, response, ownFlow));
      },
    });
  }

  #uesAt(ip: string): readonly RegisteredUe[] {
    return this.#ues.get(ip) ?? [];
  }

  #remember(flow: SipFlow, impi: string, impu: string): RegisteredUe {
    const token = `${++this.#count}-${this.host.random('path').token(8)}`;
    const ue = new RegisteredUe(this.#home, flow, { token, impi, impu });
    this.#ues.set(ue.ip, [...this.#uesAt(ue.ip), ue]);
    this.#byToken.set(token, ue);
    return ue;
  }

  /** RFC 5626 5.1: a flow over a connection, for a UE that can do without STUN keep-alives. */
  #asksFlow(request: SipRequest): boolean {
    if (!this.#policy.outbound) return false;
    const supported = request.headers.list('supported').some((tag) => tag.toLowerCase() === 'outbound');
    return supported && request.contacts().some(({ params }) => params.has('reg-id'));
  }

  /** A request of the UE outside of dialogs (TS 24.229 5.2.6.3). */
  #originate(transaction: ServerTransaction): void {
    const { request, flow } = transaction;
    const preferred = preferredIdentity(request);
    const ues = this.#uesAt(flow.remote.ip).filter(({ isRegistered }) => isRegistered);
    const ue = ues.find((one) => preferred !== undefined && one.owns(preferred)) ?? ues[0];
    if (ue === undefined) {
      this.#proxy.reject(transaction, 403);
      return;
    }
    const routes = urisOf(request, 'route');
    const matches =
      routes.length === ue.serviceRoute.length && routes.every((uri, i) => uri === ue.serviceRoute[i]);
    if (!matches && this.#policy.serviceRouteMismatch === 'reject') {
      this.#proxy.reject(transaction, 400);
      return;
    }
    const identity = preferred !== undefined && ue.owns(preferred) ? preferred : ue.impus[0];
    this.#proxy.forward(transaction, {
      recordRoute: this.#recordRoute(ue),
      mutate: (copy) => {
        const { headers } = copy;
        removeNetworkOnly(copy);
        headers.remove('P-Preferred-Identity');
        headers.append('P-Asserted-Identity', `<${identity}>`);
        headers.append('P-Charging-Vector', chargingVector(this.#newIcid(), this.#config.network));
        if (matches) return;
        headers.remove('Route');
        for (const uri of ue.serviceRoute) headers.append('Route', `<${uri}>`);
      },
      onResponse: removeCoreOnly,
    });
  }

  /** A request to the UE outside of dialogs (TS 24.229 5.2.6.4). */
  #terminate(transaction: ServerTransaction, ue: RegisteredUe): void {
    const hop = ue.hop();
    if (hop === undefined) {
      // RFC 5626 5.3.1: Flow Failed
      this.#proxy.reject(transaction, 430);
      return;
    }
    const { headers } = transaction.request;
    const called = headers.get('p-called-party-id');
    const vector = headers.get('p-charging-vector');
    this.#proxy.forward(transaction, {
      hop,
      recordRoute: this.#recordRoute(ue),
      mutate: removeCoreOnly,
      onResponse: (response) => {
        removeNetworkOnly(response);
        response.headers.remove('P-Preferred-Identity');
        if (called !== undefined) response.headers.append('P-Asserted-Identity', called);
        return this.#charge(response, vector);
      },
    });
  }

  /** How a request within a dialog goes to a UE; one that is not registered any more is where its contact says. */
  #towards(ue: RegisteredUe | undefined): ForwardOptions {
    const hop = ue?.hop();
    const onResponse = (response: SipResponse): SipResponse => {
      removeNetworkOnly(response);
      return response;
    };
    return { mutate: removeCoreOnly, onResponse, ...(hop === undefined ? undefined : { hop }) };
  }

  #ackHop({ headers }: SipRequest, { ownRoute }: RouteInfo): NextHop | undefined {
    // more routes follow: it goes from the UE to the core
    return headers.has('route') ? undefined : this.#ueOf(ownRoute)?.hop();
  }

  /** The P-Charging-Vector of the request, with this network as the terminating one (TS 24.229 5.2.6.4.4). */
  #charge(response: SipResponse, received: string | undefined): SipResponse {
    const vector = received === undefined ? undefined : parseChargingVector(received);
    if (vector?.ok) {
      const complete = { ...vector.value, termIoi: `Type 1${this.#config.network}` };
      response.headers.set('P-Charging-Vector', serializeChargingVector(complete));
    }
    return response;
  }

  #recordRoute({ token }: RegisteredUe): string {
    return `sip:${token}@${this.#hostPort};lr`;
  }

  #ueOf(ownRoute: string | undefined): RegisteredUe | undefined {
    if (ownRoute === undefined) return undefined;
    const address = parseNameAddr(ownRoute);
    const uri = address.ok ? parseUri(address.value.uri) : undefined;
    return uri?.ok && uri.value.kind === 'sip' ? this.#byToken.get(uri.value.user ?? '') : undefined;
  }

  #forget(ue: RegisteredUe): void {
    const others = this.#uesAt(ue.ip).filter((one) => one !== ue);
    if (others.length > 0) this.#ues.set(ue.ip, others);
    else this.#ues.delete(ue.ip);
    this.#byToken.delete(ue.token);
    if (ue.isWatching) this.#leaving.add(ue);
  }

  #newIcid(): string {
    return `${this.host.random('icid').token(12)}-${++this.#charged}`;
  }
}

function preferredIdentity(request: SipRequest): string | undefined {
  const [value] = request.headers.list('p-preferred-identity');
  const identity = value === undefined ? undefined : parseIdentity(value);
  return identity?.ok ? identity.value.uri : undefined;
}

function urisOf(request: SipRequest, field: string): string[] {
  return request.headers.list(field).flatMap((value) => {
    const address = parseNameAddr(value);
    return address.ok ? [address.value.uri] : [];
  });
}
