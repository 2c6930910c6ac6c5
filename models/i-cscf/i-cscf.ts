import type { ActorRefFrom } from 'xstate';
import type { Host } from '../../src/network/index.js';
import { DiameterNode } from '../../src/stack/diameter/index.js';
import { type ServerTransaction, SipEndpoint } from '../../src/stack/sip/index.js';
import { SipProxy } from '../../src/stack/sip-ua/index.js';
import { makeAvp } from '../../src/wire/diameter/index.js';
import { parseUri, type SipRequest, type SipUri } from '../../src/wire/sip/index.js';
import type { Entity } from '../common/index.js';
import { canonicalIdentity } from '../hss/subscription.js';
import type { ICscfPolicy } from './policy.js';
import { type QueryPort, queryMachine } from './query.js';
import { type RegisteringUser, registeringUser } from './registering-user.js';
import type { AvailableServer } from './server-selection.js';
import { locationVerdict, registrationVerdict, type Verdict } from './verdict.js';

/** How an I-CSCF is set up. */
export interface ICscfConfig {
  /** Realm of the network. Default `core`. */
  readonly realm?: string;
  readonly homeDomain: string;
  /** Diameter identity of the HSS. */
  readonly hss: string;
  /** S-CSCFs that users can be assigned to. */
  readonly servers: readonly AvailableServer[];
}

type QueryActor = ActorRefFrom<typeof queryMachine>;

/** The interrogating CSCF: the way into a home network (TS 24.229 5.3). */
export class ICscf implements Entity {
  readonly host: Host;
  readonly #config: ICscfConfig;
  readonly #policy: ICscfPolicy;
  readonly #realm: string;
  readonly #endpoint: SipEndpoint;
  readonly #proxy: SipProxy;
  readonly #node: DiameterNode;
  readonly #trustedNetworks: readonly string[];
  readonly #trustedNodes: readonly string[];
  #queryCount = 0;
  #openQueries = 0;

  constructor(host: Host, config: ICscfConfig, policy: ICscfPolicy) {
    this.host = host;
    this.#config = config;
    this.#policy = policy;
    const realm = (this.#realm = config.realm ?? 'core');
    this.#trustedNetworks = words(policy.trustedNetworks);
    this.#trustedNodes = words(policy.trustedNodes);
    const sentBy = host.domain ?? `[${host.address(realm)}]`;
    this.#proxy = new SipProxy(host, {
      endpoint: (user) => new SipEndpoint(host, { user, sentBy }),
      isOwn: (uri) => this.#isOwn(uri),
      route: (transaction) => this.#route(transaction),
      realm,
    });
    this.#endpoint = this.#proxy.endpoint as SipEndpoint;
    this.#endpoint.listenUdp(realm);
    this.#endpoint.listenTcp(realm);
    this.#node = new DiameterNode(host, {
      realm,
      originHost: host.domain ?? host.name,
      originRealm: config.homeDomain,
    });
  }

  leftovers(): readonly string[] {
    const { openTransactions } = this.#endpoint;
    const { pendingRequests } = this.#node;
    return [
      ...(this.#openQueries > 0 ? [`${this.#openQueries} queries`] : []),
      ...(openTransactions > 0 ? [`${openTransactions} SIP transactions`] : []),
      ...(pendingRequests > 0 ? [`${pendingRequests} Diameter requests`] : []),
    ].map((line) => `${this.host.name}: ${line}`);
  }

  close(): void {
    this.#endpoint.close();
    this.#node.close();
  }

  /** The home domain itself is this node's, too: its name in DNS is that of the I-CSCF. */
  #isOwn({ host, user }: SipUri): boolean {
    const name = host.toLowerCase();
    if (name === this.host.domain) return true;
    return user === undefined && name === this.#config.homeDomain;
  }

  #route(transaction: ServerTransaction): void {
    const { request } = transaction;
    if (request.method === 'REGISTER') this.#register(transaction);
    else if (request.headers.has('route') || request.toTag() !== undefined) this.#proxy.forward(transaction);
    else if (this.#isOfHomeUser(request)) this.#locate(transaction);
    else this.#proxy.reject(transaction, 404);
  }

  #register(transaction: ServerTransaction): void {
    const user = registeringUser(transaction.request);
    const query = this.#query(transaction, {
      ask: (done) =>
        this.#node.request(
          this.#hss,
          'UAR',
          [
            makeAvp('User-Name', user.impi),
            makeAvp('Public-Identity', user.impu),
            makeAvp('Visited-Network-Identifier', user.visitedNetwork ?? this.#config.homeDomain),
            makeAvp('User-Authorization-Type', user.leaving ? 'DE_REGISTRATION' : 'REGISTRATION'),
          ],
          (outcome) => done(registrationVerdict(outcome, this.#config.servers)),
        ),
      // TS 24.229 5.3.1.2: the S-CSCF's name takes the place of the home domain
      options: (serverName) => ({ requestUri: serverName }),
    });
    if (!user.authenticated || !this.#policy.checkTrustedNode) query.send({ type: 'request' });
    else if (this.#trusts(transaction, user)) query.send({ type: 'request of trusted node' });
    else query.send({ type: 'request of untrusted node' });
  }

  #locate(transaction: ServerTransaction): void {
    const impu = canonicalIdentity(transaction.request.uri);
    const query = this.#query(transaction, {
      ask: (done) =>
        this.#node.request(this.#hss, 'LIR', [makeAvp('Public-Identity', impu)], (outcome) =>
          done(locationVerdict(outcome, this.#config.servers)),
        ),
      // TS 24.229 5.3.2.1
      options: (serverName) => ({ pushRoutes: [`${serverName};lr`] }),
    });
    query.send({ type: 'request' });
  }

  #query(
    transaction: ServerTransaction,
    how: {
      readonly ask: (done: (verdict: Verdict) => void) => void;
      readonly options: (serverName: string) => {
        readonly requestUri?: string;
        readonly pushRoutes?: readonly string[];
      };
    },
  ): QueryActor {
    const port: QueryPort = {
      ask: () =>
        how.ask((verdict) => {
          if (transaction.answered) actor.send({ type: 'cancelled' });
          else if ('serverName' in verdict) actor.send({ type: 'assigned', serverName: verdict.serverName });
          else actor.send({ type: 'refused', status: verdict.status });
        }),
      forward: (serverName) =>
        this.#proxy.forward(transaction, {
          ...how.options(serverName),
          done: () => actor.send({ type: 'answered' }),
        }),
      reject: (status) => this.#proxy.reject(transaction, status),
    };
    this.#openQueries++;
    const actor: QueryActor = this.host.spawn(queryMachine, {
      id: `query/${++this.#queryCount}`,
      port,
      onDone: () => this.#openQueries--,
    });
    return actor;
  }

  get #hss(): { readonly host: string; readonly realm: string } {
    return { host: this.#config.hss, realm: this.#config.homeDomain };
  }

  /**
   * Whether the node that sent a REGISTER may vouch for the user (TS 33.203 U.1): network domain security has authenticated
   * its address, and the visited network it names is one with an agreement.
   */
  #trusts({ flow }: ServerTransaction, { visitedNetwork }: RegisteringUser): boolean {
    if (visitedNetwork === undefined || !this.#trustedNetworks.includes(visitedNetwork)) return false;
    const { network } = this.host;
    return this.#trustedNodes.some((name) => (network.resolve(name, this.#realm) ?? name) === flow.remote.ip);
  }

  #isOfHomeUser({ uri }: SipRequest): boolean {
    const parsed = parseUri(uri);
    if (!parsed.ok) return false;
    if (parsed.value.kind === 'tel') return true;
    return parsed.value.kind === 'sip' && parsed.value.host.toLowerCase() === this.#config.homeDomain;
  }
}

function words(text: string): string[] {
  return text.split(' ').filter((word) => word !== '');
}
