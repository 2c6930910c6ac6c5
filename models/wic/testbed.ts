import { Kernel } from '../../src/kernel/index.js';
import {
  acceptTls,
  acceptWebSocket,
  type Host,
  type LinkProfile,
  Network,
  type TcpConnection,
  type WebSocketConnection,
  type WebSocketOffer,
} from '../../src/network/index.js';
import {
  ACCESS_TIMERS,
  type ServerTransaction,
  SipEndpoint,
  type SipFlow,
} from '../../src/stack/sip/index.js';
import {
  acceptSubscription,
  type Content,
  type Notifier,
  REG_INFO_TYPE,
  type RegContact,
  SipUserAgent,
  serializeRegInfo,
} from '../../src/stack/sip-ua/index.js';
import type { SipRequest } from '../../src/wire/sip/index.js';
import { type PolicyOf, policyWith } from '../common/index.js';
import { Waf, wafPolicy } from '../waf/index.js';
import { Wwsf, wwsfPolicy } from '../wwsf/index.js';
import { Wic, wicPolicy } from './index.js';

/** A response of the scripted eP-CSCF, or how long it grants the registration, in seconds. */
export type RegisterAnswer =
  | number
  | { readonly status: number; readonly headers?: readonly (readonly [string, string])[] }
  | 'silence';

/** What one test changes. */
export interface ScriptedOptions {
  readonly policy?: Partial<PolicyOf<typeof wicPolicy>>;
  readonly waf?: Partial<PolicyOf<typeof wafPolicy>>;
  readonly password?: string;
  /** Answers to the REGISTERs in order; the last one is for all that follow. Default 600000 for as long as asked. */
  readonly answers?: readonly RegisterAnswer[];
  readonly epCscf?: string;
  /** Names in the certificate of the eP-CSCF. */
  readonly certificateNames?: readonly string[];
  /** Whether an upgrade is let in. */
  readonly admits?: (offer: WebSocketOffer) => boolean;
  readonly pubGruu?: string;
  readonly seed?: number;
  /** How the links are, where not faultless. */
  readonly access?: Partial<LinkProfile>;
  /** Whether the kernel keeps a trace. Default yes. */
  readonly trace?: boolean;
}

export const SERVICE_ROUTE = '<sip:orig@scscf1.home1.net;lr>';
export const IMPU = 'sip:user1_public1@home1.net';

/** A WIC with real WWSF and WAF, and an eP-CSCF that answers by script: for the tests of this folder. */
export class ScriptedNetwork {
  readonly kernel: Kernel;
  readonly network: Network;
  readonly wic: Wic;
  readonly wwsf: Wwsf;
  readonly waf: Waf;
  /** The REGISTERs that came, with their times in seconds. */
  readonly registers: { readonly atS: number; readonly request: SipRequest }[] = [];
  readonly subscribes: SipRequest[] = [];
  readonly requests: SipRequest[] = [];
  readonly connections: WebSocketConnection[] = [];
  readonly offers: WebSocketOffer[] = [];
  readonly ua: SipUserAgent;
  flow: SipFlow | undefined;
  notifier: Notifier | undefined;
  /** Whether SUBSCRIBEs get their NOTIFY. */
  notifies = true;
  readonly #epCscf: Host;
  readonly #options: ScriptedOptions;
  #endpoint!: SipEndpoint;
  #listener: { close(): void } | undefined;
  #answered = 0;
  readonly #notifiers: Notifier[] = [];
  readonly #streams: TcpConnection[] = [];

  constructor(options: ScriptedOptions = {}) {
    this.#options = options;
    this.kernel = new Kernel({ trace: options.trace ?? true, seed: options.seed ?? 1 });
    this.network = new Network(this.kernel, { realms: { access: options.access ?? {} } });
    const add = (name: string, role: string, ip: string, domain?: string): Host =>
      this.network.addHost({
        name,
        role,
        addresses: { access: ip },
        ...(domain === undefined ? {} : { domain }),
      });
    this.wic = new Wic(add('wic', 'WIC', '198.51.100.5'), policyWith(wicPolicy, options.policy));
    this.wwsf = new Wwsf(
      add('wwsf', 'WWSF', '192.0.2.20', 'wwsf.example.com'),
      {
        domain: 'wwsf.example.com',
        clientId: 'wwsf-1',
        waf: 'waf.example.com',
        epCscf: options.epCscf ?? 'wss://ep1.visited1.net/',
      },
      policyWith(wwsfPolicy),
    );
    this.waf = new Waf(
      add('waf', 'WAF', '192.0.2.21', 'waf.example.com'),
      {
        issuer: 'waf.example.com',
        signingSeed: new Uint8Array(32).fill(7),
        findUser: (name) =>
          name === 'alice'
            ? {
                password: 'wonderland',
                impi: 'user1_private@home1.net',
                impu: IMPU,
              }
            : undefined,
        clients: [
          {
            clientId: 'wwsf-1',
            redirectUri: 'https://wwsf.example.com/callback',
            certificateName: 'wwsf.example.com',
          },
        ],
        audience: 'ep1.visited1.net',
      },
      policyWith(wafPolicy, options.waf),
    );
    this.#epCscf = add('ep-cscf', 'eP-CSCF', '192.0.2.1', 'ep1.visited1.net');
    this.ua = new SipUserAgent(this.#epCscf, {
      endpoint: (user) => {
        this.#endpoint = new SipEndpoint(this.#epCscf, {
          user,
          sentBy: 'ep1.visited1.net',
          timersFor: () => ACCESS_TIMERS,
        });
        return this.#endpoint;
      },
      contact: '<sip:ep1.visited1.net:443;transport=ws>',
      timersFor: () => ACCESS_TIMERS,
      on: { request: (transaction) => this.#onRequest(transaction) },
    });
    this.#listen();
  }

  /** Takes WebSockets again. */
  comeUp(): void {
    if (this.#listener === undefined) this.#listen();
  }

  #listen(): void {
    const { certificateNames = ['ep1.visited1.net'], admits } = this.#options;
    this.#listener = this.#epCscf.listen('access', 443, (tcp) => {
      this.#streams.push(tcp);
      acceptWebSocket(acceptTls(tcp, { certificateNames }), (offer) => {
        this.offers.push(offer);
        if (admits?.(offer) === false) return { status: 403 };
        return {
          protocol: 'sip',
          handlers: {
            onOpen: (connection) => {
              this.connections.push(connection);
              this.flow = this.#endpoint.attachWebSocket(connection, { realm: 'access' });
            },
          },
        };
      });
    });
  }

  /** Takes no more connections and ends the one there is. */
  goDown(): void {
    this.#listener?.close();
    this.#listener = undefined;
    this.loseConnection();
  }

  loseConnection(): void {
    this.connections.at(-1)?.stream.abort();
  }

  open(): void {
    const password = this.#options.password ?? 'wonderland';
    this.wic.send({
      type: 'open',
      url: 'https://wwsf.example.com/',
      credentials: { user: 'alice', password },
    });
  }

  /** Runs until a condition holds, for at most so many seconds. */
  until(holds: () => boolean, withinS = 3600): void {
    const outcome = this.kernel.run({ untilUs: this.kernel.now + withinS * 1_000_000 }, holds);
    if (outcome.failure !== undefined) throw new Error(outcome.failure.reason);
    if (!holds()) throw new Error(`still ${this.wic.state} ${this.wic.reason} after ${outcome.at} us`);
  }

  /** Runs until the WIC is in a state. */
  reach(state: string, withinS?: number): void {
    this.until(() => this.wic.state === state, withinS);
  }

  /** Opens the page and runs until the WIC is registered and subscribed. */
  register(): void {
    this.open();
    this.reach('registered.idle');
    this.pause(1);
  }

  pause(s: number): void {
    this.kernel.run({ untilUs: this.kernel.now + s * 1_000_000 });
  }

  /** Tells the WIC about its registration. */
  notify(state: 'active' | 'terminated', contact: Partial<RegContact>): void {
    this.notifier?.notify((version) => this.#regInfo(version, state, contact));
  }

  /** What is wrong at the end of a test: failures, unexpected events, sockets and timers that are left. */
  remains(): string[] {
    const { kernel, network } = this;
    const unexpected = kernel.trace?.of('unexpected') ?? [];
    return [
      ...(kernel.failure === undefined ? [] : [kernel.failure.reason]),
      ...unexpected.map(({ entity, body }) => `${entity} ${body.machine} ${body.state} ${body.event}`),
      ...[this.wic, this.wwsf, this.waf].flatMap((entity) => entity.leftovers()),
      ...network.host('wic').describeSockets(),
    ];
  }

  /** Closes everything, runs on for ten seconds, and says what is left. */
  close(): string[] {
    for (const entity of [this.wic, this.wwsf, this.waf]) entity.close();
    this.#listener?.close();
    for (const notifier of this.#notifiers) notifier.tellEnded();
    this.#endpoint.close();
    for (const stream of this.#streams) stream.abort();
    this.pause(10);
    const sockets = this.network.hosts.flatMap((host) => host.describeSockets());
    return [
      ...this.remains(),
      ...sockets,
      ...(this.kernel.pending === 0 ? [] : [`${this.kernel.pending} timers`]),
    ];
  }

  #onRequest(transaction: ServerTransaction): void {
    const { request } = transaction;
    if (request.method === 'REGISTER') this.#onRegister(transaction);
    else if (request.method === 'SUBSCRIBE') this.#onSubscribe(transaction);
    else {
      this.requests.push(request);
      this.ua.respond(transaction, 200);
    }
  }

  #onRegister(transaction: ServerTransaction): void {
    const { request } = transaction;
    this.registers.push({ atS: this.kernel.now / 1_000_000, request });
    const { answers = [600_000], pubGruu } = this.#options;
    const answer = answers[Math.min(this.#answered, answers.length - 1)] ?? 600_000;
    this.#answered++;
    if (answer === 'silence') return;
    if (typeof answer !== 'number') {
      this.ua.respond(transaction, answer.status, { headers: answer.headers ?? [] });
      return;
    }
    const contact = request.headers.get('contact') ?? '';
    const asked = Number(/;expires=(\d+)/.exec(contact)?.[1]);
    const granted = contact.replace(/;expires=\d+/, `;expires=${Math.min(asked, answer)}`);
    const gruu = pubGruu === undefined ? '' : `;pub-gruu="${pubGruu}"`;
    this.ua.respond(transaction, 200, {
      headers: [
        ['Contact', `${granted}${gruu}`],
        ['Service-Route', SERVICE_ROUTE],
        ['P-Associated-URI', `<${IMPU}>, <sip:alice@home1.net>`],
      ],
    });
  }

  #onSubscribe(transaction: ServerTransaction): void {
    this.subscribes.push(transaction.request);
    const { flow } = transaction;
    if (!this.notifies) {
      this.ua.respond(transaction, 200, { headers: [['Expires', '600000']] });
      return;
    }
    this.notifier = acceptSubscription(this.ua, transaction, {
      fullState: (version) => this.#regInfo(version, 'active', { event: 'registered' }),
      longestS: 600_000,
      nextHopFor: () => ({ flow: this.flow ?? flow }),
    });
    this.#notifiers.push(this.notifier);
  }

  #regInfo(version: number, state: 'active' | 'terminated', contact: Partial<RegContact>): Content {
    const uri = this.registers.at(-1)?.request.contacts()[0]?.uri ?? '';
    const own: RegContact = { id: 'c1', state, event: 'registered', uri, ...contact };
    const registrations = [{ aor: IMPU, id: 'r1', state, contacts: [own] }];
    return { type: REG_INFO_TYPE, body: serializeRegInfo({ version, state: 'full', registrations }) };
  }
}
