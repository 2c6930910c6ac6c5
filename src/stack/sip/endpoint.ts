import type { Host, WebSocketConnection } from '../../network/index.js';
import type { Endpoint } from '../../trace/index.js';
import {
  canAnswer,
  quote,
  rejection,
  SipHeaders,
  type SipRequest,
  SipResponse,
  serializeSip,
  type Via,
  validateSip,
} from '../../wire/sip/index.js';
import {
  type ClientTransactionHome,
  type PreparedRequest,
  SipClientTransaction,
} from './client-transaction.js';
import { type Flow, summarize } from './flow.js';
import { type Refusal, refuseMethod } from './request-checks.js';
import { type ServerTransactionHome, SipServerTransaction } from './server-transaction.js';
import { CORE_TIMERS, type SipTimers } from './timers.js';
import {
  acknowledges,
  clientKey,
  clientKeyOf,
  MAGIC_COOKIE,
  mergeKey,
  serverKey,
} from './transaction-key.js';
import {
  LARGEST_UDP_REQUEST,
  responseAddress,
  SIP_PORT,
  SipTransportLayer,
  stampVia,
  type TransportUser,
} from './transport.js';
import type {
  ClientTransaction,
  ClientTransactionUser,
  NextHop,
  ResponseOptions,
  SendOptions,
  SipEndpointOptions,
  SipFlow,
} from './types.js';

/** Where the To tag is that responses to a request get: on the request, since a table of all requests costs more. */
const TO_TAG = Symbol('To tag');

/** The user of a CANCEL's own transaction: what becomes of the INVITE is told by the INVITE's responses. */
const nobody: ClientTransactionUser = { onResponse() {}, onTimeout() {}, onTransportError() {} };

/**
 * The transport and transaction layers of SIP on one host (RFC 3261 17, 18; RFC 6026; RFC 7118), below a user agent
 * core or a proxy core.
 *
 * Before the core sees a request, this layer has answered what is malformed (400, 416, 505), for a user agent methods
 * that it does not serve (405, 501) and merged requests (482), and every CANCEL (200, 481).
 */
export class SipEndpoint {
  readonly host: Host;
  readonly #options: SipEndpointOptions;
  readonly #transport: SipTransportLayer;
  readonly #clients = new Map<string, SipClientTransaction>();
  readonly #servers = new Map<string, SipServerTransaction>();
  /** Server transactions of requests outside dialogs, to find those that come by two ways. */
  readonly #merging = new Map<string, SipServerTransaction>();
  /** Every sent-by given out, in lower case. */
  readonly #sentBys = new Set<string>();
  readonly #detectMerged: boolean;
  #closed = false;
  readonly #home: ClientTransactionHome & ServerTransactionHome;

  constructor(host: Host, options: SipEndpointOptions) {
    this.host = host;
    this.#options = options;
    this.#detectMerged = options.detectMerged ?? options.methods !== undefined;
    const user: TransportUser = {
      onRequest: (request, flow) => this.#receiveRequest(request, flow),
      onResponse: (response, flow) => this.#receiveResponse(response, flow),
      onPong: (flow) => options.user.onPong?.(flow),
      onFlowClosed: (flow, reason) => this.#flowClosed(flow, reason),
    };
    this.#transport = new SipTransportLayer(host, user, options.tcpIdleMs ?? 64 * CORE_TIMERS.t1Ms);
    this.#home = {
      host,
      nextActorId: (kind) => this.#nextActorId(kind),
      soon: (run) => {
        host.kernel.schedule(0, host.name, () => {
          if (!this.#closed) run();
        });
      },
      timersOf: (flow) => this.#timersOf(flow),
      sendCancel: (request, flow) => {
        const branch = request.via()?.params.raw('branch') ?? '';
        this.#startClient(branch, { request, bytes: serializeSip(request), flow }, nobody);
      },
      onClientEnded: (transaction) => this.#clients.delete(transaction.key),
      responseFlow: (via, flow) => this.#responseFlow(via, flow),
      makeTrying: (request) => this.makeResponse(request, 100),
      onAck: (ack, flow) => options.user.onAck(ack, flow),
      onServerEnded: (transaction) => this.#serverEnded(transaction),
    };
  }

  /** Transactions that have not ended, for the check that nothing is left. */
  get openTransactions(): number {
    return this.#clients.size + this.#servers.size;
  }

  /**
   * Takes datagrams on a port of the host's address in a realm. Requests over UDP leave from the first socket of their
   * realm.
   *
   * @param port default 5060
   * @throws Error when the port is in use
   */
  listenUdp(realm: string, port: number = SIP_PORT): Endpoint {
    return this.#transport.listenUdp(realm, port);
  }

  /**
   * Takes TCP connections on a port of the host's address in a realm.
   *
   * @param port default 5060
   * @throws Error when the port is in use
   */
  listenTcp(realm: string, port: number = SIP_PORT): Endpoint {
    return this.#transport.listenTcp(realm, port);
  }

  /**
   * Speaks SIP over an open WebSocket connection (RFC 7118). The connection's handlers are replaced; those that it had
   * still hear of pongs and of its end.
   *
   * @param options.secure whether Vias say WSS. Default: whether the connection runs over TLS
   */
  attachWebSocket(
    connection: WebSocketConnection,
    options: { readonly realm: string; readonly secure?: boolean },
  ): SipFlow {
    return this.#transport.attachWebSocket(
      connection,
      options.realm,
      options.secure ?? connection.stream.secure,
    );
  }

  /** The flow of that id, unless it has gone. */
  flow(id: string): SipFlow | undefined {
    return this.#transport.flow(id);
  }

  /** Ends the connection of a flow; its client transactions fail when that is done. */
  closeFlow(flow: SipFlow): void {
    this.#transport.flow(flow.id)?.close(false);
  }

  /** Sends the keep-alive ping of RFC 5626 3.5.1; the pong comes to the user's `onPong`. */
  ping(flow: SipFlow): void {
    this.#transport.flow(flow.id)?.ping();
  }

  /**
   * Sends a request other than ACK in a transaction of its own. It gets a Via with a fresh branch; the request given is
   * not changed. Nothing is reported before this returns.
   *
   * @param hop a flow of this endpoint, or an address
   */
  sendRequest(
    request: SipRequest,
    hop: NextHop,
    user: ClientTransactionUser,
    options: SendOptions = {},
  ): ClientTransaction {
    const branch = this.#branch();
    return this.#startClient(branch, this.#prepare(request, hop, branch, options), user);
  }

  /** Sends the ACK for a 2xx, which is no part of a transaction (RFC 3261 13.2.2.4, 17.1). It gets a Via as others do. */
  sendAck(request: SipRequest, hop: NextHop): void {
    const prepared = this.#prepare(request, hop, this.#branch(), {});
    const { byUdp } = prepared;
    this.#sendOnce(prepared);
    if (byUdp === undefined) return;
    prepared.flow.ifRefused((reason) => {
      if (reason === 'refused') this.#sendOnce(byUdp());
    });
  }

  /**
   * A response with the fields that it copies from its request (RFC 3261 8.2.6): Via, From, To, Call-ID, CSeq and
   * Timestamp. All but a 100 get a To tag, the same for all responses made here to one request.
   *
   * @param status 100 to 699
   */
  makeResponse(request: SipRequest, status: number, options: ResponseOptions = {}): SipResponse {
    const { headers } = request;
    const fields: (readonly [name: string, value: string])[] = [];
    for (const via of headers.all('via')) fields.push(['Via', via]);
    fields.push(['From', headers.get('from') ?? '']);
    let to = headers.get('to') ?? '';
    if (status > 100 && request.toTag() === undefined) to += `;tag=${options.toTag ?? this.#toTag(request)}`;
    fields.push(['To', to]);
    fields.push(['Call-ID', headers.get('call-id') ?? '']);
    fields.push(['CSeq', headers.get('cseq') ?? '']);
    const timestamp = headers.get('timestamp');
    if (timestamp !== undefined) fields.push(['Timestamp', timestamp]);
    if (options.headers !== undefined) fields.push(...options.headers);
    return new SipResponse(status, options.reason, new SipHeaders(fields), options.body);
  }

  /** Gives up everything at once: transactions, connections, sockets. The user hears nothing more. */
  close(): void {
    this.#closed = true;
    for (const transaction of this.#clients.values()) transaction.stop();
    for (const transaction of this.#servers.values()) transaction.stop();
    this.#clients.clear();
    this.#servers.clear();
    this.#merging.clear();
    this.#transport.close();
  }

  #startClient(branch: string, prepared: PreparedRequest, user: ClientTransactionUser): SipClientTransaction {
    const key = clientKey(branch, prepared.request.method);
    const transaction = new SipClientTransaction(this.#home, key, prepared, user);
    this.#clients.set(key, transaction);
    transaction.start();
    return transaction;
  }

  #sendOnce({ request, bytes, flow }: PreparedRequest): void {
    if (!flow.send(request, bytes)) {
      this.host.record({ kind: 'note', text: `${summarize(request)} dropped: flow ${flow.id} is closed` });
    }
  }

  /** Puts the Via on and finds the flow (RFC 3261 18.1.1). */
  #prepare(request: SipRequest, hop: NextHop, branch: string, options: SendOptions): PreparedRequest {
    const by = (flow: Flow): PreparedRequest => {
      const message = request.clone();
      message.headers.prepend('Via', this.#viaText(flow, branch, options));
      return { request: message, bytes: serializeSip(message), flow };
    };
    if ('flow' in hop) return by(hop.flow as Flow);
    const { realm, to, transport } = hop;
    if (transport === 'TCP') return by(this.#transport.tcpFlow(realm, to));
    const udp = by(this.#transport.udpFlow(realm, to));
    if (transport === 'UDP' || udp.bytes.length <= LARGEST_UDP_REQUEST) return udp;
    return { ...by(this.#transport.tcpFlow(realm, to)), byUdp: () => udp };
  }

  #viaText(flow: Flow, branch: string, { viaParams = '' }: SendOptions): string {
    // RFC 3581 3: over UDP always, so that responses find their way back through an address translator.
    const rport = flow.transport === 'UDP' ? ';rport' : '';
    return `SIP/2.0/${flow.transport} ${this.#sentByOf(flow)};branch=${branch}${rport}${viaParams}`;
  }

  #sentByOf(flow: Flow): string {
    if (flow.sentBy !== undefined) return flow.sentBy;
    flow.sentBy = this.#options.sentByFor?.(flow) ?? this.#usualSentBy(flow);
    this.#sentBys.add(flow.sentBy.toLowerCase());
    return flow.sentBy;
  }

  #usualSentBy({ transport, realm }: Flow): string {
    const { sentBy, sentByPort } = this.#options;
    if (transport !== 'UDP' && transport !== 'TCP') return sentBy;
    return `${sentBy}:${sentByPort ?? this.#transport.portOf(realm, transport) ?? SIP_PORT}`;
  }

  #branch(): string {
    return MAGIC_COOKIE + this.host.random('sip branch').token(16);
  }

  #toTag(request: SipRequest & { [TO_TAG]?: string }): string {
    return (request[TO_TAG] ??= this.host.random('sip tag').token(10));
  }

  #receiveResponse(response: SipResponse, flow: Flow): void {
    const via = response.via();
    // RFC 3261 18.1.2: a response whose top Via is not from here came here by mistake.
    if (via === undefined || !this.#sentBys.has(sentByText(via))) {
      this.host.reject('SIP', `top Via of ${summarize(response)} is not ours`);
      return;
    }
    const defect = rejection(validateSip(response));
    if (defect !== undefined) {
      this.host.reject('SIP', `malformed ${summarize(response)}: ${defect.what}`);
      return;
    }
    const key = clientKeyOf(response);
    const transaction = key === undefined ? undefined : this.#clients.get(key);
    if (transaction !== undefined) transaction.receive(response);
    else this.#options.user.onStrayResponse?.(response, flow);
  }

  #receiveRequest(request: SipRequest, flow: Flow): void {
    const received = request.via();
    if (received === undefined || (!canAnswer(request) && request.method !== 'ACK')) {
      this.host.reject('SIP', `${summarize(request)} lacks what a response is made of`);
      return;
    }
    const key = serverKey(request, received);
    const known = this.#servers.get(key);
    if (request.method === 'ACK') this.#receiveAck(request, received, known, flow);
    else if (known !== undefined) known.receiveAgain();
    else this.#receiveNew(request, key, stampVia(request, received, flow), received, flow);
  }

  #receiveAck(ack: SipRequest, via: Via, invite: SipServerTransaction | undefined, flow: Flow): void {
    const byBranch = via.params.raw('branch')?.startsWith(MAGIC_COOKIE) === true;
    if (invite !== undefined && (byBranch || acknowledges(ack, invite.lastResponse))) {
      invite.receiveAck(ack);
      return;
    }
    const defect = rejection(validateSip(ack));
    if (defect !== undefined) this.host.reject('SIP', `malformed ${summarize(ack)}: ${defect.what}`);
    else this.#options.user.onAck(ack, flow);
  }

  #receiveNew(request: SipRequest, key: string, via: Via, received: Via, flow: Flow): void {
    const transaction = new SipServerTransaction(this.#home, key, request, via, flow);
    this.#servers.set(key, transaction);
    transaction.start();
    const defect = rejection(validateSip(request));
    if (defect !== undefined) {
      this.host.reject('SIP', `malformed ${summarize(request)}: ${defect.what}`);
      // RFC 3261 20.43: 399 is a warning to be shown to a person.
      const warning = `399 ${this.#options.sentBy} ${quote(defect.what)}`;
      this.#refuse(transaction, { status: defect.status, headers: [['Warning', warning]] });
      return;
    }
    if (request.method === 'CANCEL') {
      this.#cancel(transaction, received);
      return;
    }
    const refusal = this.#refusalOf(transaction);
    if (refusal !== undefined) this.#refuse(transaction, refusal);
    else this.#options.user.onRequest(transaction);
  }

  #refusalOf(transaction: SipServerTransaction): Refusal | undefined {
    const { methods, knownMethods } = this.#options;
    const { request } = transaction;
    const refusal = methods === undefined ? undefined : refuseMethod(request, methods, knownMethods);
    if (refusal !== undefined || !this.#detectMerged) return refusal;
    const key = mergeKey(request);
    if (key === undefined) return undefined;
    // RFC 3261 8.2.2.2
    if (this.#merging.has(key)) return { status: 482, headers: [] };
    this.#merging.set(key, transaction);
    return undefined;
  }

  #refuse(transaction: SipServerTransaction, { status, headers }: Refusal): void {
    transaction.respond(this.makeResponse(transaction.request, status, { headers }));
  }

  /** RFC 3261 9.2: answers the CANCEL itself, then tells the INVITE's user, unless it has answered. */
  #cancel(transaction: SipServerTransaction, received: Via): void {
    const { request } = transaction;
    const target = this.#cancelled(request, received);
    if (target === undefined) {
      this.#refuse(transaction, { status: 481, headers: [] });
      return;
    }
    const toTag = target.lastResponse?.toTag() ?? this.#toTag(target.request);
    transaction.respond(this.makeResponse(request, 200, { toTag }));
    if (target.invite && !target.answered) target.onCancel?.(request);
  }

  #cancelled(cancel: SipRequest, via: Via): SipServerTransaction | undefined {
    const invite = this.#servers.get(serverKey(cancel, via, 'INVITE'));
    if (invite !== undefined) return invite;
    for (const one of this.#servers.values()) {
      const { method } = one.request;
      if (method !== 'CANCEL' && one.key === serverKey(cancel, via, method)) return one;
    }
    return undefined;
  }

  /** RFC 3261 18.2.2, RFC 3581 4, RFC 7118 5. */
  #responseFlow(via: Via, flow: Flow): Flow {
    switch (flow.transport) {
      case 'UDP': {
        const to = responseAddress(via, flow.remote);
        if (to.ip === flow.remote.ip && to.port === flow.remote.port) return flow;
        return this.#transport.udpFlowBeside(flow, to);
      }
      case 'TCP':
        if (flow.open) return flow;
        return this.#transport.tcpFlow(flow.realm, { ip: flow.remote.ip, port: via.port ?? SIP_PORT });
      default:
        return flow;
    }
  }

  #serverEnded(transaction: SipServerTransaction): void {
    this.#servers.delete(transaction.key);
    const key = this.#detectMerged ? mergeKey(transaction.request) : undefined;
    if (key !== undefined && this.#merging.get(key) === transaction) this.#merging.delete(key);
  }

  #flowClosed(flow: Flow, reason: string): void {
    const affected = [...this.#clients.values()].filter((transaction) => transaction.flow === flow);
    for (const transaction of affected) transaction.transportFailed(reason);
    this.#options.user.onFlowClosed?.(flow, reason);
  }

  #timersOf(flow: Flow): SipTimers {
    return this.#options.timersFor?.(flow.realm, flow.remote) ?? CORE_TIMERS;
  }

  #nextActorId(kind: string): string {
    return `${kind}/${this.host.nextNumber('SIP transaction')}`;
  }
}

function sentByText({ host, port }: Via): string {
  const name = host.toLowerCase();
  return port === undefined ? name : `${name}:${port}`;
}
