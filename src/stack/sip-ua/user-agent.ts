import type { Host } from '../../network/index.js';
import {
  type NameAddr,
  nameAddr,
  Params,
  parseNameAddr,
  SipRequest,
  type SipResponse,
  serializeNameAddr,
} from '../../wire/sip/index.js';
import {
  type ClientTransaction,
  CORE_TIMERS,
  type NextHop,
  refuseOptions,
  type ServerTransaction,
  type SipEndpointOptions,
  type SipFlow,
  type SipTimers,
  type TransactionUser,
} from '../sip/index.js';
import { dialogId, MAX_FORWARDS } from './dialog.js';
import { applyParts } from './message-parts.js';
import { ownText } from './own-text.js';
import { RELIABLE_TAG } from './prack.js';
import { resolveByRoute } from './resolve-hop.js';
import type { DialogUsage, MessageParts, RequestCallbacks, TransactionLayer } from './types.js';

/** How a user agent core is set up. */
export interface UserAgentOptions {
  /**
   * The endpoint below: made for this user agent alone, or one whose user hands over what belongs here (a proxy with a
   * registrar beside it).
   */
  readonly endpoint: TransactionLayer | ((user: TransactionUser) => TransactionLayer);
  /** Contact value of requests and responses that create dialogs, such as `<sip:10.0.0.1>`. */
  readonly contact: string;
  /** Option tags this side understands in Require and lists in Supported. Default `100rel`. */
  readonly supported?: readonly string[];
  /** Methods listed in Allow. */
  readonly allow?: readonly string[];
  /** Base values of the timers towards a peer, as the endpoint has them. Default the core's. */
  readonly timersFor?: SipEndpointOptions['timersFor'];
  /** Realm in which names are looked up first. */
  readonly realm?: string;
  readonly on?: UserAgentCallbacks;
}

/** What a user agent core leaves to its owner. */
export interface UserAgentCallbacks {
  /** An INVITE outside of dialogs. Without it, INVITE gets 405. */
  invite?(transaction: ServerTransaction): void;
  /** Any other request outside of dialogs, such as REGISTER, SUBSCRIBE, MESSAGE. Without it, they get 405. */
  request?(transaction: ServerTransaction): void;
  flowClosed?(flow: SipFlow, reason: string): void;
}

/** Who a request outside of dialogs comes from and goes to. */
export interface RequestAddresses {
  /** URI, or an address with display name. */
  readonly from: string;
  readonly to: string;
  /** Contact value; default the user agent's for methods that create dialogs, else none. */
  readonly contact?: string;
}

/** Default of {@link UserAgentOptions.allow}. */
const ALLOWED = 'INVITE, ACK, CANCEL, BYE, PRACK, UPDATE, INFO, OPTIONS, NOTIFY';

/** Default of {@link UserAgentOptions.supported}. */
const SUPPORTED = [RELIABLE_TAG];

/** Methods whose requests and responses create dialogs and therefore have a Contact (RFC 3261 12.1, RFC 6665 3). */
const DIALOG_CREATING = new Set(['INVITE', 'SUBSCRIBE', 'REFER']);

/** Methods that mean nothing outside of a dialog (RFC 3261 15.1.2, RFC 3262 3, RFC 3311 5, RFC 6665 4.1.3, RFC 6086). */
const DIALOG_ONLY = new Set(['BYE', 'PRACK', 'UPDATE', 'NOTIFY', 'INFO']);

/**
 * A user agent core (RFC 3261 8): answers what needs no owner, hands requests within dialogs to the sessions and
 * subscriptions that they belong to, and everything else to its owner.
 */
export class SipUserAgent implements TransactionUser {
  readonly host: Host;
  readonly endpoint: TransactionLayer;
  readonly contact: string;
  readonly realm: string | undefined;
  readonly supported: readonly string[];
  readonly allow: string;
  readonly #on: UserAgentCallbacks;
  readonly #timersFor: UserAgentOptions['timersFor'];
  readonly #dialogs = new Map<string, DialogUsage>();
  /** Subscribers that wait for the NOTIFY that creates their dialog, by Call-ID and local tag (RFC 6665 4.4.1). */
  #expected: Map<string, DialogUsage> | undefined;
  /** CSeq number of the last request outside of dialogs. */
  #sequence = 0;

  constructor(host: Host, options: UserAgentOptions) {
    this.host = host;
    this.contact = options.contact;
    this.#timersFor = options.timersFor;
    this.realm = options.realm;
    this.supported = options.supported ?? SUPPORTED;
    this.allow = options.allow?.join(', ') ?? ALLOWED;
    this.#on = options.on ?? {};
    this.endpoint = typeof options.endpoint === 'function' ? options.endpoint(this) : options.endpoint;
  }

  /** Dialogs, and subscriptions that wait for theirs: 0 when nothing is left. */
  get openDialogs(): number {
    return this.#dialogs.size + (this.#expected?.size ?? 0);
  }

  /** Names of {@link openDialogs}, for the report of a leak. */
  describeDialogs(): string[] {
    return [...this.#dialogs.keys(), ...(this.#expected?.keys() ?? [])];
  }

  /** Whether a request or ACK belongs to a dialog of this user agent. */
  owns(request: SipRequest): boolean {
    return this.#usageOf(request) !== undefined;
  }

  /**
   * A request outside of dialogs, with a new Call-ID and From tag (RFC 3261 8.1.1).
   *
   * @param uri the Request-URI
   */
  createRequest(method: string, uri: string, addresses: RequestAddresses, parts?: MessageParts): SipRequest {
    const request = new SipRequest(method, uri);
    const { headers } = request;
    headers.append('Max-Forwards', String(MAX_FORWARDS));
    headers.append('From', serializeNameAddr(addressOf(addresses.from)));
    headers.append('To', serializeNameAddr(addressOf(addresses.to)));
    if (addresses.contact !== undefined) headers.append('Contact', addresses.contact);
    applyParts(request, parts);
    return this.complete(request);
  }

  /**
   * Adds what a request outside of dialogs lacks of: Max-Forwards, From tag, Call-ID, CSeq, and for methods that create
   * dialogs Contact, Supported and Allow (RFC 3261 8.1.1, 13.2.1).
   */
  complete(request: SipRequest): SipRequest {
    const { headers, method } = request;
    if (!headers.has('max-forwards')) headers.append('Max-Forwards', String(MAX_FORWARDS));
    const from = request.from();
    if (from !== undefined && !from.params.has('tag')) {
      headers.set(
        'From',
        serializeNameAddr({
          ...from,
          params: from.params.withRaw('tag', this.host.random('sip tag').token(10)),
        }),
      );
    }
    if (!headers.has('call-id')) headers.append('Call-ID', this.host.random('sip call-id').token(20));
    if (!headers.has('cseq')) headers.append('CSeq', `${++this.#sequence} ${method}`);
    if (DIALOG_CREATING.has(method) && !headers.has('contact')) headers.append('Contact', this.contact);
    if (method === 'INVITE') this.addCapabilities(headers);
    return request;
  }

  /** Adds Allow and Supported where they are missing (RFC 3261 13.2.1, 13.3.1.4). */
  addCapabilities(headers: SipRequest['headers']): void {
    if (!headers.has('allow')) headers.append('Allow', this.allow);
    if (!headers.has('supported') && this.supported.length > 0)
      headers.append('Supported', this.supported.join(', '));
  }

  /**
   * Sends a request outside of dialogs, such as REGISTER or MESSAGE, completed as by {@link complete}. For INVITE and
   * SUBSCRIBE there are `startInvite` and `subscribe`.
   */
  send(request: SipRequest, hop: NextHop, callbacks: RequestCallbacks = {}): ClientTransaction {
    let over = false;
    const done = (status: number, response: SipResponse | undefined): void => {
      if (over) return;
      over = true;
      callbacks.done?.(status, response);
    };
    return this.endpoint.sendRequest(this.complete(request), hop, {
      onResponse: (response) => {
        if (response.status < 200) callbacks.progress?.(response);
        else done(response.status, response);
      },
      onTimeout: () => done(408, undefined),
      onTransportError: () => done(503, undefined),
    });
  }

  /**
   * A response of this user agent.
   *
   * @param toTag the To tag where the request has none; by default the endpoint's
   */
  makeResponse(request: SipRequest, status: number, parts?: MessageParts, toTag?: string): SipResponse {
    const response = this.endpoint.makeResponse(request, status, {
      ...(parts?.reason === undefined ? undefined : { reason: parts.reason }),
      ...(toTag === undefined ? undefined : { toTag }),
    });
    applyParts(response, parts);
    return response;
  }

  /** Answers a request that belongs to no session. */
  respond(transaction: ServerTransaction, status: number, parts?: MessageParts): void {
    transaction.respond(this.makeResponse(transaction.request, status, parts));
  }

  /** Where a request goes by its Route and Request-URI; see `resolveByRoute`. */
  resolve(request: SipRequest, realm: string | undefined = this.realm): NextHop | undefined {
    return resolveByRoute(this.host, request, realm);
  }

  /** The To tag of this endpoint's responses to a request. */
  tagFor(request: SipRequest): string {
    return this.endpoint.makeResponse(request, 200).toTag() ?? '';
  }

  /** The timers towards the peer of a flow, a hop or a request. */
  timersOf(way: NextHop | ServerTransaction): SipTimers {
    const [realm, remote] = 'flow' in way ? [way.flow.realm, way.flow.remote] : [way.realm, way.to];
    return this.#timersFor?.(realm, remote) ?? CORE_TIMERS;
  }

  /** Hands requests of a dialog to a usage from here on. */
  register(id: string, usage: DialogUsage): void {
    this.#dialogs.set(ownText(id), usage);
  }

  /** Undoes {@link register}. */
  unregister(id: string): void {
    this.#dialogs.delete(id);
  }

  /** Hands a NOTIFY that creates a dialog to a subscriber. */
  expect(callId: string, localTag: string, usage: DialogUsage): void {
    this.#expected ??= new Map();
    this.#expected.set(`${callId};${localTag}`, usage);
  }

  /** Undoes {@link expect}. */
  unexpect(callId: string, localTag: string): void {
    this.#expected?.delete(`${callId};${localTag}`);
    if (this.#expected?.size === 0) this.#expected = undefined;
  }

  onRequest(transaction: ServerTransaction): void {
    const { request } = transaction;
    const refusal = refuseOptions(request, this.supported);
    if (request.toTag() !== undefined) {
      const usage = this.#usageOf(request);
      if (usage === undefined) this.respond(transaction, 481);
      else if (refusal !== undefined) this.respond(transaction, refusal.status, refusal);
      else usage.onRequest(transaction);
    } else if (refusal !== undefined) {
      this.respond(transaction, refusal.status, refusal);
    } else if (DIALOG_ONLY.has(request.method)) {
      this.respond(transaction, 481);
    } else {
      this.#outsideDialog(transaction);
    }
  }

  onAck(ack: SipRequest): void {
    this.#usageOf(ack)?.onAck?.(ack);
  }

  onFlowClosed(flow: SipFlow, reason: string): void {
    this.#on.flowClosed?.(flow, reason);
  }

  /** A 2xx whose transaction has ended: its dialog, if there is one still, repeats the ACK (RFC 3261 13.2.2.4). */
  onStrayResponse(response: SipResponse): void {
    const id = dialogId(response.callId() ?? '', response.fromTag() ?? '', response.toTag() ?? '');
    this.#dialogs.get(id)?.onStrayResponse?.(response);
  }

  #outsideDialog(transaction: ServerTransaction): void {
    const { method } = transaction.request;
    if (method === 'OPTIONS') {
      this.respond(transaction, 200, { headers: [...this.#capabilities(), ['Accept', 'application/sdp']] });
      return;
    }
    const handler = method === 'INVITE' ? this.#on.invite : this.#on.request;
    if (handler === undefined) this.respond(transaction, 405, { headers: [['Allow', this.allow]] });
    else handler.call(this.#on, transaction);
  }

  #capabilities(): [string, string][] {
    return [
      ['Allow', this.allow],
      ['Supported', this.supported.join(', ')],
    ];
  }

  #usageOf(request: SipRequest): DialogUsage | undefined {
    const callId = request.callId() ?? '';
    const toTag = request.toTag() ?? '';
    const usage = this.#dialogs.get(dialogId(callId, toTag, request.fromTag() ?? ''));
    if (usage !== undefined || request.method !== 'NOTIFY') return usage;
    return this.#expected?.get(`${callId};${toTag}`);
  }
}

function addressOf(text: string): NameAddr {
  const address = parseNameAddr(text.includes('<') ? text : `<${text}>`);
  return address.ok ? address.value : nameAddr(text, Params.none);
}
