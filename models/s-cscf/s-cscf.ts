import type { Host } from '../../src/network/index.js';
import { type ServerTransaction, SipEndpoint } from '../../src/stack/sip/index.js';
import { type RouteInfo, SipProxy, SipUserAgent } from '../../src/stack/sip-ua/index.js';
import { parseNameAddr, parseUri, type SipUri } from '../../src/wire/sip/index.js';
import type { Entity } from '../common/index.js';
import { CxClient } from './cx-client.js';
import type { SCscfPolicy } from './policy.js';
import { Registrar } from './registrar.js';
import {
  acceptWatcher,
  asksRegistrationInfo,
  dismissWatchers,
  mayWatch,
  tellWatchers,
} from './registration-notifier.js';
import type { ServedUser } from './served-user.js';
import {
  routeOriginating,
  routeTerminating,
  type SessionContext,
  type SessionVerdict,
} from './session-routing.js';
import { UserDirectory } from './user-directory.js';

/** How an S-CSCF is set up. */
export interface SCscfConfig {
  /** Realm of the network. Default `core`. */
  readonly realm?: string;
  readonly homeDomain: string;
  /** Diameter identity of the HSS. */
  readonly hss: string;
  /** SIP URI by which HSS and I-CSCF know it. Default `sip:` and the host's domain with port 5060. */
  readonly name?: string;
}

/** Parameter of the Service-Route by which a request is known to come from the user and not to go there. */
const ORIG = 'orig';

/** The serving CSCF: registrar, proxy and notifier of registration information on one endpoint (TS 24.229 5.4). */
export class SCscf implements Entity {
  readonly host: Host;
  readonly #policy: SCscfPolicy;
  readonly #endpoint: SipEndpoint;
  readonly #proxy: SipProxy;
  readonly #ua: SipUserAgent;
  readonly #cx: CxClient;
  readonly #registrar: Registrar;
  readonly #users = new UserDirectory();
  readonly #session: SessionContext;
  /** Host and port of its URIs. */
  readonly #hostPort: string;

  constructor(host: Host, config: SCscfConfig, policy: SCscfPolicy) {
    this.host = host;
    this.#policy = policy;
    const { homeDomain, hss, realm = 'core' } = config;
    const sentBy = host.domain ?? `[${host.address(realm)}]`;
    this.#hostPort = `${sentBy}:5060`;
    const serverName = config.name ?? `sip:${this.#hostPort}`;
    this.#proxy = new SipProxy(host, {
      endpoint: (user) => new SipEndpoint(host, { user, sentBy }),
      isOwn: (uri) => this.#isOwn(uri),
      route: (transaction, info) => this.#route(transaction, info),
      local: (request) => (this.#ua.owns(request) ? this.#ua : undefined),
      realm,
    });
    this.#endpoint = this.#proxy.endpoint as SipEndpoint;
    this.#ua = new SipUserAgent(host, {
      endpoint: this.#endpoint,
      contact: `<sip:${this.#hostPort}>`,
      allow: ['SUBSCRIBE', 'NOTIFY', 'OPTIONS'],
      supported: [],
      realm,
    });
    this.#endpoint.listenUdp(realm);
    this.#endpoint.listenTcp(realm);
    this.#cx = new CxClient(host, { realm, homeDomain, hss, serverName });
    this.#session = { homeDomain, recordRoute: (side) => `sip:${side}@${this.#hostPort};lr` };
    this.#registrar = new Registrar(
      {
        host,
        cx: this.#cx,
        policy,
        homeDomain,
        serviceRoute: (token) => `sip:${token}@${this.#hostPort};lr;${ORIG}`,
        respond: (transaction, status, headers = []) =>
          transaction.respond(this.#endpoint.makeResponse(transaction.request, status, { headers })),
        profiled: (user) => this.#users.addIdentities(user),
        changed: (user, change) => tellWatchers(user, host.kernel.now, change),
        ended: (user, change, unserved) => {
          this.#users.remove(user);
          dismissWatchers(user, host.kernel.now, change);
          for (const register of unserved) this.#registrar.handleAgain(register);
        },
      },
      this.#users,
    );
  }

  /** Users who are registered, or on their way in or out. */
  get servedUsers(): number {
    return this.#users.size;
  }

  /** State of the registration of a public identity, such as `registered`; `undefined` for a user not served here. */
  stateOf(impu: string): string | undefined {
    return this.#users.byImpu(impu)?.state;
  }

  /**
   * Ends a registration on behalf of the operator (TS 24.229 5.4.1.5).
   *
   * @param event `deactivated`: the user may register again at once; `rejected`: not
   * @returns whether there was one
   */
  deregister(impu: string, event: 'deactivated' | 'rejected'): boolean {
    const user = this.#users.byImpu(impu);
    user?.withdraw(event);
    return user !== undefined;
  }

  leftovers(): readonly string[] {
    const { openTransactions } = this.#endpoint;
    const { pendingRequests } = this.#cx;
    const { openAuthentications } = this.#registrar;
    const orphans =
      this.#ua.openDialogs - [...this.#users].reduce((sum, { watchers }) => sum + watchers.length, 0);
    return [
      ...(openAuthentications > 0 ? [`${openAuthentications} authentications`] : []),
      ...(openTransactions > 0 ? [`${openTransactions} SIP transactions`] : []),
      ...(pendingRequests > 0 ? [`${pendingRequests} Diameter requests`] : []),
      ...(orphans > 0 ? [`${orphans} subscriptions of users who are not served`] : []),
    ].map((line) => `${this.host.name}: ${line}`);
  }

  close(): void {
    this.#registrar.close();
    this.#endpoint.close();
    this.#cx.close();
  }

  #isOwn({ host, port = 5060 }: SipUri): boolean {
    return `${host.toLowerCase()}:${port}` === this.#hostPort;
  }

  #route(transaction: ServerTransaction, { ownRoute }: RouteInfo): void {
    const { request } = transaction;
    if (request.method === 'REGISTER') {
      this.#registrar.handle(transaction);
      return;
    }
    if (request.toTag() !== undefined) {
      this.#proxy.forward(transaction);
      return;
    }
    const route = ownUri(ownRoute);
    const called = this.#users.byImpu(request.uri);
    if (asksRegistrationInfo(request) && called !== undefined) this.#subscribe(transaction, called);
    else if (route?.params.has(ORIG)) {
      this.#forward(
        transaction,
        routeOriginating(request, this.#users.byToken(route.user ?? ''), this.#session),
      );
    } else this.#forward(transaction, routeTerminating(request, called, this.#session));
  }

  #subscribe(transaction: ServerTransaction, user: ServedUser): void {
    if (user.bindings.length === 0) this.#proxy.reject(transaction, 480);
    else if (!mayWatch(transaction.request, user)) this.#proxy.reject(transaction, 403);
    else acceptWatcher(this.#ua, transaction, user, this.#policy.longestRegistrationS);
  }

  #forward(transaction: ServerTransaction, verdict: SessionVerdict): void {
    if ('status' in verdict) this.#proxy.reject(transaction, verdict.status);
    else this.#proxy.forward(transaction, verdict);
  }
}

function ownUri(route: string | undefined): SipUri | undefined {
  if (route === undefined) return undefined;
  const address = parseNameAddr(route);
  const uri = address.ok ? parseUri(address.value.uri) : undefined;
  return uri?.ok && uri.value.kind === 'sip' ? uri.value : undefined;
}
