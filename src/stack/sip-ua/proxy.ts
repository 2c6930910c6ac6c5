import type { Host } from '../../network/index.js';
import {
  parseNameAddr,
  parseUri,
  type SipRequest,
  type SipResponse,
  type SipUri,
} from '../../wire/sip/index.js';
import {
  type ClientTransaction,
  type NextHop,
  refuseOptions,
  refuseScheme,
  type ServerTransaction,
  type SipFlow,
  type TransactionUser,
} from '../sip/index.js';
import { actorId } from './actor-id.js';
import { isLoose, MAX_FORWARDS, requestUri } from './dialog.js';
import { type ProxyInviteActor, proxyInviteMachine, TIMER_C_MS } from './proxy-invite-machine.js';
import { resolveByRoute, resolveHop } from './resolve-hop.js';
import type { TransactionLayer } from './types.js';

/** How a proxy core is set up. */
export interface ProxyOptions {
  /** The endpoint below: made for this proxy, or one whose user hands over what belongs here. */
  readonly endpoint: TransactionLayer | ((user: TransactionUser) => TransactionLayer);
  /** Whether a URI is one of this proxy's own, which Route values and Record-Route values name it by. */
  isOwn(uri: SipUri): boolean;
  /**
   * Decides about a valid request, at once or later: `forward` it, `reject` it, or give it to a user agent core. Own Route
   * values have been taken off it (RFC 3261 16.4). By default every request is forwarded by its Route or Request-URI.
   */
  route?(transaction: ServerTransaction, info: RouteInfo): void;
  /** Who takes a request or ACK in place of the proxy, such as a user agent core beside it that owns the dialog. */
  local?(request: SipRequest): TransactionUser | undefined;
  /** Where an ACK for a 2xx goes. Default: as its Route or Request-URI says. */
  ackHop?(ack: SipRequest, info: RouteInfo): NextHop | undefined;
  /** Option tags understood in Proxy-Require. Default none. */
  readonly supported?: readonly string[];
  /** Schemes of a Request-URI that are understood. Default `sip`, `sips`, `tel` and `urn`. */
  readonly schemes?: readonly string[];
  /** Timer C in milliseconds, more than 180,000 (RFC 3261 16.6 step 11). Default 181,000. */
  readonly timerCMs?: number;
  /** Realm in which names are looked up first. */
  readonly realm?: string;
  flowClosed?(flow: SipFlow, reason: string): void;
}

/** How a request reached the proxy. */
export interface RouteInfo {
  /** The own Route value that was on top of the request, as written. */
  readonly ownRoute: string | undefined;
}

/** How a request is forwarded (RFC 3261 16.6). */
export interface ForwardOptions {
  /** Default: as Route or Request-URI of the forwarded request say. */
  readonly hop?: NextHop;
  /** Replaces the Request-URI. */
  readonly requestUri?: string;
  /** URI to put into Record-Route; it has to have `lr`. */
  readonly recordRoute?: string;
  /** URIs with `lr` to visit first, in order. */
  readonly pushRoutes?: readonly string[];
  /** Last changes to the copy, before the Via. */
  mutate?(request: SipRequest): void;
  /** Changes to a response on its way back, or another in its place; its Via of this proxy is off. Not for 100. */
  onResponse?(response: SipResponse): SipResponse;
  /** Called once with the final response that went back, also one of the proxy's own. */
  done?(response: SipResponse): void;
  readonly timerCMs?: number;
}

const SCHEMES = ['sip', 'sips', 'tel', 'urn'];

/** Where the {@link Context} of a transaction is. */
const CONTEXT = Symbol('proxy context');

type Proxied = ServerTransaction & { [CONTEXT]?: Context };

interface Context {
  readonly info: RouteInfo;
  /** What of the received request decided about its way: the same again is a loop (RFC 5393 4.2). */
  readonly routing: string;
}

/**
 * A stateful proxy core without forking (RFC 3261 16, RFC 6026 8). Stray responses are dropped (RFC 6026 7.3).
 */
export class SipProxy implements TransactionUser {
  readonly host: Host;
  readonly endpoint: TransactionLayer;
  readonly #options: ProxyOptions;
  /** What {@link Context.routing} was when a request went out, by the branch it got; for as long as it has no answer. */
  readonly #branches = new Map<string, string>();

  constructor(host: Host, options: ProxyOptions) {
    this.host = host;
    this.#options = options;
    this.endpoint = typeof options.endpoint === 'function' ? options.endpoint(this) : options.endpoint;
  }

  /** Forwarded requests without a final response: 0 when nothing is left. */
  get openForwards(): number {
    return this.#branches.size;
  }

  onRequest(transaction: ServerTransaction): void {
    const { request } = transaction;
    const refusal = this.validate(request);
    if (refusal !== undefined) {
      transaction.respond(refusal);
      return;
    }
    const routing = routingOf(request);
    const info = this.preprocess(request);
    (transaction as Proxied)[CONTEXT] = { info, routing };
    if (request.method === 'INVITE') transaction.onCancel = () => this.reject(transaction, 487);
    const local = this.#options.local?.(request);
    if (local !== undefined) local.onRequest(transaction);
    else if (this.#options.route === undefined) this.forward(transaction);
    else this.#options.route(transaction, info);
  }

  /** Forwards the ACK for a 2xx without state (RFC 3261 16.11), or hands it to a local user. */
  onAck(ack: SipRequest, flow: SipFlow): void {
    const info = this.preprocess(ack);
    const local = this.#options.local?.(ack);
    if (local !== undefined) {
      local.onAck(ack, flow);
      return;
    }
    const hops = ack.maxForwards();
    if (hops === 0) return;
    ack.headers.set('Max-Forwards', String(hops === undefined ? MAX_FORWARDS : hops - 1));
    const strict = swapForStrictRouter(ack);
    const hop = this.#options.ackHop?.(ack, info) ?? this.#resolve(ack, strict);
    if (hop !== undefined) this.endpoint.sendAck(ack, hop);
  }

  onFlowClosed(flow: SipFlow, reason: string): void {
    this.#options.flowClosed?.(flow, reason);
  }

  /**
   * Checks a request before anything else (RFC 3261 16.3, RFC 5393 4.2).
   *
   * @returns the response owed: 416, 483, 482 or 420
   */
  validate(request: SipRequest): SipResponse | undefined {
    const scheme = refuseScheme(request, this.#options.schemes ?? SCHEMES);
    if (scheme !== undefined) return this.#refusal(request, scheme.status);
    if (request.maxForwards() === 0) return this.#refusal(request, 483);
    if (this.#loops(request)) return this.#refusal(request, 482);
    const options = refuseOptions(request, this.#options.supported ?? [], 'Proxy-Require');
    if (options !== undefined) return this.#refusal(request, options.status, options.headers);
    return undefined;
  }

  /** Takes own Route values off a request, and undoes what a strict router did to it (RFC 3261 16.4). */
  preprocess(request: SipRequest): RouteInfo {
    const { headers } = request;
    const uri = parseUri(request.uri);
    const routes = headers.list('route');
    const last = routes.at(-1);
    if (
      last !== undefined &&
      uri.ok &&
      uri.value.kind === 'sip' &&
      uri.value.params.has('lr') &&
      this.#isOwn(request.uri)
    ) {
      headers.remove('route');
      for (const route of routes.slice(0, -1)) headers.append('Route', route);
      const ownRoute = `<${request.uri}>`;
      request.uri = uriOf(last);
      return { ownRoute };
    }
    const first = routes[0];
    if (first === undefined || !this.#isOwn(uriOf(first))) return { ownRoute: undefined };
    headers.removeFirst('route');
    return { ownRoute: first };
  }

  /** The own Route value that was taken off the request of a transaction. */
  routeInfo(transaction: ServerTransaction): RouteInfo {
    return (transaction as Proxied)[CONTEXT]?.info ?? { ownRoute: undefined };
  }

  /** Answers a request with a status of the proxy's own. */
  reject(
    transaction: ServerTransaction,
    status: number,
    headers?: Iterable<readonly [name: string, value: string]>,
    reason?: string,
  ): void {
    if (!transaction.answered)
      transaction.respond(this.#refusal(transaction.request, status, headers, reason));
  }

  /**
   * Forwards a request to one target (RFC 3261 16.6) and its responses back (16.7). Nothing happens if it has been
   * answered in the meantime, as by a CANCEL.
   */
  forward(transaction: ServerTransaction, options: ForwardOptions = {}): void {
    if (transaction.answered) return;
    const { request: received } = transaction;
    const request = received.clone();
    const { headers } = request;
    if (options.requestUri !== undefined) request.uri = options.requestUri;
    const hops = received.maxForwards();
    headers.set('Max-Forwards', String(hops === undefined ? MAX_FORWARDS : Math.max(0, hops - 1)));
    if (options.recordRoute !== undefined) headers.prepend('Record-Route', `<${options.recordRoute}>`);
    for (const route of [...(options.pushRoutes ?? [])].reverse()) headers.prepend('Route', `<${route}>`);
    options.mutate?.(request);
    const strict = swapForStrictRouter(request);
    const hop = options.hop ?? this.#resolve(request, strict);
    const forwarding = new Forwarding(transaction, options, (status) => this.#refusal(received, status));
    if (hop === undefined) {
      forwarding.giveUp(503);
      return;
    }
    const isInvite = request.method === 'INVITE';
    if (isInvite) this.#watch(forwarding, options);
    const client = this.endpoint.sendRequest(request, hop, {
      onResponse: (response) => {
        if (response.status >= 200) this.#forget(client);
        forwarding.onResponse(response);
      },
      onTimeout: () => {
        this.#forget(client);
        // RFC 4320 4.2: never 408 to a non-INVITE. The answer only ends the server transaction; it comes too late upstream.
        forwarding.giveUp(isInvite ? 408 : 504);
      },
      onTransportError: () => {
        this.#forget(client);
        forwarding.giveUp(503);
      },
    });
    forwarding.client = client;
    const branch = client.request.via()?.params.get('branch');
    const routing = (transaction as Proxied)[CONTEXT]?.routing;
    if (branch !== undefined && routing !== undefined && !transaction.answered)
      this.#branches.set(branch, routing);
  }

  #watch(forwarding: Forwarding, options: ForwardOptions): void {
    const timerCMs = options.timerCMs ?? this.#options.timerCMs ?? TIMER_C_MS;
    forwarding.machine = this.host.spawn(proxyInviteMachine, {
      id: actorId(this.host, 'proxyInvite'),
      input: { timerCMs },
      port: forwarding,
    });
    forwarding.transaction.onCancel = (cancel) => forwarding.cancel(cancel.headers.get('reason'));
  }

  #forget(client: ClientTransaction | undefined): void {
    const branch = client?.request.via()?.params.get('branch');
    if (branch !== undefined) this.#branches.delete(branch);
  }

  #loops(request: SipRequest): boolean {
    if (this.#branches.size === 0) return false;
    let routing: string | undefined;
    for (const via of request.vias()) {
      const sent = this.#branches.get(via.params.get('branch') ?? '');
      if (sent === undefined) continue;
      routing ??= routingOf(request);
      if (sent === routing) return true;
    }
    return false;
  }

  #isOwn(uri: string): boolean {
    const parsed = parseUri(uri);
    return parsed.ok && parsed.value.kind === 'sip' && this.#options.isOwn(parsed.value);
  }

  /** After the exchange for a strict router, the Request-URI says where to go (RFC 3261 16.6 step 7). */
  #resolve(request: SipRequest, strict: boolean): NextHop | undefined {
    const { realm } = this.#options;
    return strict ? resolveHop(this.host, request.uri, realm) : resolveByRoute(this.host, request, realm);
  }

  #refusal(
    request: SipRequest,
    status: number,
    headers?: Iterable<readonly [name: string, value: string]>,
    reason?: string,
  ): SipResponse {
    return this.endpoint.makeResponse(request, status, {
      ...(headers === undefined ? undefined : { headers }),
      ...(reason === undefined ? undefined : { reason }),
    });
  }
}

/** A request on its way, and its responses back. */
class Forwarding {
  readonly transaction: ServerTransaction;
  client: ClientTransaction | undefined;
  machine: ProxyInviteActor | undefined;
  readonly #options: ForwardOptions;
  readonly #refusal: (status: number) => SipResponse;
  #reason: string | undefined;
  #over = false;
  #success = false;

  constructor(
    transaction: ServerTransaction,
    options: ForwardOptions,
    refusal: (status: number) => SipResponse,
  ) {
    this.transaction = transaction;
    this.#options = options;
    this.#refusal = refusal;
  }

  onResponse(received: SipResponse): void {
    // RFC 3261 16.7: 100 goes no further (step 5), and does not reset timer C (step 2).
    if (received.status === 100) {
      this.machine?.send({ type: 'trying' });
      return;
    }
    const repeated = this.#success && received.status < 300;
    if (this.#over && !(repeated && received.status >= 200)) return;
    const copy = received.clone();
    copy.headers.removeFirst('via');
    const response = this.#options.onResponse?.(copy) ?? copy;
    if (received.status < 200) this.machine?.send({ type: 'provisional' });
    else this.#finish(response);
    this.transaction.respond(response);
  }

  cancel(reason: string | undefined): void {
    this.#reason = reason;
    if (!this.#over) this.machine?.send({ type: 'cancel' });
  }

  sendCancel(): void {
    this.client?.cancel(this.#reason);
  }

  giveUp(status: number): void {
    if (this.#over) return;
    const response = this.#refusal(status);
    this.#finish(response);
    this.transaction.respond(response);
  }

  #finish(response: SipResponse): void {
    if (this.#over) return;
    this.#over = true;
    this.#success = response.status < 300;
    if (this.machine?.getSnapshot().status === 'active') this.machine.send({ type: 'final' });
    this.#options.done?.(response);
  }
}

/** What of a request decides about its way (RFC 3261 16.6 step 8, RFC 5393 4.2.1). */
function routingOf(request: SipRequest): string {
  const { headers } = request;
  const parts = [request.uri, request.callId(), request.cseq()?.sequence, request.fromTag(), request.toTag()];
  for (const name of ['route', 'proxy-require', 'proxy-authorization']) parts.push(headers.list(name).join());
  return parts.join(' ');
}

/** Puts the request into the form that a strict router expects, if it is the next (RFC 3261 16.6 step 6). */
function swapForStrictRouter(request: SipRequest): boolean {
  const { headers } = request;
  const first = headers.first('route');
  if (first === undefined || isLoose(first)) return false;
  headers.removeFirst('route');
  headers.append('Route', `<${request.uri}>`);
  request.uri = requestUri(first);
  return true;
}

function uriOf(route: string): string {
  const address = parseNameAddr(route);
  return address.ok ? address.value.uri : '';
}
