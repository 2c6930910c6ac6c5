import type { EventFrom } from 'xstate';
import type { SipRequest, SipResponse } from '../../wire/sip/index.js';
import type { NextHop, ServerTransaction, SipTimers } from '../sip/index.js';
import { actorId } from './actor-id.js';
import { Dialog, dialogOfRequest } from './dialog.js';
import { lostReason } from './invite-client-session.js';
import {
  type InviteServerActor,
  type InviteServerPort,
  inviteServerMachine,
} from './invite-server-machine.js';
import { InviteUsage, type UsageOwner } from './invite-usage.js';
import { sdpOf } from './message-parts.js';
import { RELIABLE_EXTENSION_MS, RELIABLE_TAG, reliability, UNRELIABLE_EXTENSION_MS } from './prack.js';
import { ReliableProvisionals } from './reliable-provisionals.js';
import type { EndReason, HopFinder, IncomingRequest, MessageParts, RequestCallbacks } from './types.js';
import type { SipUserAgent } from './user-agent.js';

/**
 * What the callee's side hears. Exactly one of `cancelled`, `ended` and `failed` is called, once, unless this side
 * rejected the call.
 */
export interface InviteServerCallbacks {
  /** A CANCEL came before the final response; the INVITE has been answered 487. */
  cancelled?(cancel: SipRequest): void;
  /**
   * A reliable provisional response has been acknowledged. A PRACK with an offer is to be answered with a session
   * description (RFC 3262 5); any other is answered 200 after this returns.
   */
  pracked?(prack: IncomingRequest): void;
  /** The first ACK for the 2xx. */
  acked?(ack: SipRequest, info: { readonly sdp?: Uint8Array }): void;
  /** A request within the dialog other than PRACK and BYE. Without this, they are refused. */
  request?(incoming: IncomingRequest): void;
  ended?(reason: EndReason): void;
  /** No PRACK came in time (the INVITE has been answered 504), no ACK (a BYE has been sent), or the flow is gone. */
  failed?(reason: EndReason): void;
}

/** How an INVITE is answered. */
export interface AnswerOptions {
  readonly on: InviteServerCallbacks;
  /** Whether provisional responses may be reliable where the caller supports that. Default: the user agent's `supported`. */
  readonly supportsReliable?: boolean;
  /**
   * Where requests within the dialog go. By default over the flow of the INVITE if that is a WebSocket, else as their
   * Route or Request-URI says, else back over the flow.
   */
  readonly nextHopFor?: HopFinder;
  /** Contact value; default the user agent's. */
  readonly contact?: string;
  /** Default those of the user agent. */
  readonly timers?: SipTimers;
}

/** A provisional response. */
export interface ProgressParts extends MessageParts {
  /** Whether it is to be acknowledged; heeded where the caller supports that, and always so where it requires that. */
  readonly reliable?: boolean;
}

/**
 * Keeps the session that an INVITE asks for (RFC 3261 13.3). The INVITE has no response yet.
 *
 * @example
 * ```ts
 * invite: (transaction) => {
 *   const session = answerInvite(ua, transaction, { on: { ended: release } });
 *   session.progress(183, { reliable: true, sdp: answer });
 *   session.accept(); // goes out once the 183 has been acknowledged
 * };
 * ```
 */
export function answerInvite(
  ua: SipUserAgent,
  transaction: ServerTransaction,
  options: AnswerOptions,
): InviteServerSession {
  return new InviteServerSession(ua, transaction, options);
}

/** The callee's side of a call. */
export class InviteServerSession implements InviteServerPort {
  /** Name of its machine in the trace. */
  readonly id: string;
  readonly request: SipRequest;
  readonly #timers: SipTimers;
  readonly #ua: SipUserAgent;
  readonly #transaction: ServerTransaction;
  readonly #options: AnswerOptions;
  readonly #localTag: string;
  readonly #contact: string;
  readonly #reliability: 'required' | 'supported' | 'none';
  readonly #provisionals: ReliableProvisionals;
  readonly #machine: InviteServerActor;
  readonly #dialog: Dialog;
  #usage: InviteUsage | undefined;
  #final: { status: number; parts: MessageParts | undefined } = { status: 480, parts: undefined };
  #extension: { status: number; reliable: boolean; send: () => void } | undefined;
  #cancel: SipRequest | undefined;
  #byeReason: string | undefined;
  #end: EndReason = { by: 'local', text: 'hung up' };
  #acked = false;
  #told = false;
  #over = false;

  constructor(ua: SipUserAgent, transaction: ServerTransaction, options: AnswerOptions) {
    this.#ua = ua;
    this.#transaction = transaction;
    this.#options = options;
    this.request = transaction.request;
    this.#timers = options.timers ?? ua.timersOf(transaction);
    this.id = actorId(ua.host, 'inviteServer');
    this.#localTag = ua.tagFor(this.request);
    this.#contact = options.contact ?? ua.contact;
    const supports = options.supportsReliable ?? ua.supported.includes(RELIABLE_TAG);
    this.#reliability = supports ? reliability(this.request) : 'none';
    this.#dialog = new Dialog(dialogOfRequest(this.request, this.#localTag, this.#contact));
    this.#provisionals = new ReliableProvisionals(ua, transaction, this.#timers, {
      prepare: (status, parts) => this.#prepare(status, parts, true),
      gaveUp: () => {
        this.#end = { by: 'timeout', text: 'no PRACK' };
        this.#send({ type: 'prackTimeout' });
      },
    });
    this.#machine = ua.host.spawn(inviteServerMachine, { id: this.id, port: this });
    transaction.onCancel = (cancel) => {
      this.#cancel = cancel;
      this.#send({ type: 'cancelled' });
    };
    transaction.onTransportError = (reason) => {
      this.#end = { by: 'transport', text: reason };
      this.#send({ type: 'transportError' });
    };
    transaction.onTerminated = () => this.#send({ type: 'transactionTerminated' });
  }

  get dialog(): Dialog {
    return this.#dialog;
  }

  get state(): string {
    return String(this.#machine.getSnapshot().value);
  }

  /** Whether provisional responses can be made reliable. */
  get reliable(): boolean {
    return this.#reliability !== 'none';
  }

  /**
   * Sends a provisional response, or puts a reliable one in the queue behind one that is not acknowledged yet.
   *
   * @param status 101 to 199
   */
  progress(status: number, parts: ProgressParts = {}): void {
    if (!this.#answerable) return;
    const reliable =
      this.#reliability === 'required' || (this.#reliability === 'supported' && parts.reliable === true);
    this.#establish(false);
    const send = reliable
      ? (): void => this.#provisionals.send(status, parts)
      : this.#prepare(status, parts, false);
    this.#extension = { status, reliable, send };
    this.#send({ type: 'progress' });
    send();
  }

  /** Answers 200, once no session description in a provisional response waits for its PRACK (RFC 3262 3). */
  accept(parts?: MessageParts): void {
    if (!this.#answerable) return;
    this.#final = { status: 200, parts };
    this.#provisionals.expectSuccess();
    this.#send({ type: 'accept', held: this.#provisionals.holdsSuccess });
  }

  /** @param status 300 to 699 */
  reject(status: number, parts?: MessageParts): void {
    if (this.#transaction.answered) return;
    this.#final = { status, parts };
    this.#send({ type: 'reject' });
  }

  /**
   * Hangs up: BYE once the 2xx has been acknowledged (RFC 3261 15), 480 before the answer.
   *
   * @param reason Reason header field value (RFC 3326)
   */
  bye(reason?: string): void {
    this.#byeReason ??= reason;
    if (!this.#transaction.answered) this.#final = { status: 480, parts: { headers: reasonHeader(reason) } };
    this.#send({ type: 'hangup' });
  }

  /**
   * Sends a request within the dialog, such as re-INVITE, UPDATE or INFO.
   *
   * @returns `false` when it may not be sent now: no dialog, or another INVITE in progress (RFC 3261 14.1)
   */
  sendRequest(method: string, parts?: MessageParts, callbacks?: RequestCallbacks): boolean {
    return this.#usage?.send(method, parts, callbacks) ?? false;
  }

  #nextHop(request: SipRequest): NextHop | undefined {
    if (this.#options.nextHopFor !== undefined) return this.#options.nextHopFor(request);
    const { flow } = this.#transaction;
    const connection = flow.transport === 'WS' || flow.transport === 'WSS';
    if (connection && flow.open) return { flow };
    return this.#ua.resolve(request, flow.realm) ?? { flow };
  }

  get #answerable(): boolean {
    const { state } = this;
    return !this.#transaction.answered && (state === 'proceeding' || state === 'early');
  }

  get extensionMs(): number {
    return this.#extension?.reliable === true ? RELIABLE_EXTENSION_MS : UNRELIABLE_EXTENSION_MS;
  }

  extend(): void {
    const last = this.#extension;
    if (last === undefined) return;
    if (last.reliable) this.#provisionals.send(last.status, {});
    else last.send();
  }

  sendSuccess(): void {
    const usage = this.#establish(true);
    usage.confirm();
    this.#provisionals.stop();
    const { status, parts } = this.#final;
    const response = this.#makeResponse(status, parts);
    this.#ua.addCapabilities(response.headers);
    const name = usage.inviteReceived ?? '';
    if (sdpOf(response) !== undefined) usage.offers.inResponse('local', name);
    usage.offers.over(name, true);
    usage.inviteReceived = undefined;
    const send = (): void => this.#transaction.respond(response);
    usage.repeat(send, this.request.cseq()?.sequence ?? 0, () => {
      this.#end = { by: 'timeout', text: 'no ACK' };
      this.#send({ type: 'ackTimeout' });
    });
    send();
  }

  sendRejection(): void {
    this.#told ||= this.#end.by === 'local';
    this.#reject(this.#final.status, this.#final.parts);
  }

  sendTerminated(): void {
    this.#reject(487);
  }

  sendPrackTimeout(): void {
    this.#reject(504);
  }

  sendUnavailable(): void {
    this.#reject(503);
  }

  sendBye(): void {
    const done = (): void => this.#send({ type: 'byeAnswered' });
    if (this.#usage?.bye({ headers: reasonHeader(this.#byeReason) }, done) !== true) done();
  }

  tellCancelled(): void {
    if (this.#told || this.#cancel === undefined) return;
    this.#told = true;
    this.#options.on.cancelled?.(this.#cancel);
  }

  tellEnded(): void {
    if (this.#told) return;
    this.#told = true;
    this.#options.on.ended?.(this.#end);
  }

  tellFailed(): void {
    if (this.#told) return;
    this.#told = true;
    this.#options.on.failed?.(this.#end);
  }

  release(): void {
    this.#over = true;
    this.#provisionals.stop();
    this.#usage?.terminate();
  }

  #send(event: EventFrom<typeof inviteServerMachine>): void {
    if (!this.#over) this.#machine.send(event);
  }

  #reject(status: number, parts?: MessageParts): void {
    this.#provisionals.stop();
    this.#transaction.respond(this.#ua.makeResponse(this.request, status, parts, this.#localTag));
    // The dialog is over, but a PRACK for a response that is outstanding is still answered (RFC 3262 3).
    this.#usage?.enterMortal();
  }

  /** A response that creates the dialog: with Record-Route and Contact (RFC 3261 12.1.1). */
  #makeResponse(status: number, parts: MessageParts | undefined): SipResponse {
    const response = this.#ua.makeResponse(this.request, status, parts, this.#localTag);
    const { headers } = response;
    for (const value of this.request.headers.all('record-route')) headers.append('Record-Route', value);
    if (!headers.has('contact')) headers.append('Contact', this.#contact);
    return response;
  }

  #prepare(status: number, parts: MessageParts, reliable: boolean): () => void {
    const response = this.#makeResponse(status, parts);
    const name = this.#usage?.inviteReceived;
    if (reliable && name !== undefined && sdpOf(response) !== undefined) {
      this.#usage?.offers.inResponse('local', name);
    }
    return () => this.#transaction.respond(response);
  }

  #establish(confirmed: boolean): InviteUsage {
    if (this.#usage !== undefined) return this.#usage;
    const usage = new InviteUsage(this.#ua, this.#dialog, this.#owner(), confirmed);
    usage.inviteReceived = `s${this.request.cseq()?.sequence}`;
    if (sdpOf(this.request) !== undefined) usage.offers.inRequest('remote', usage.inviteReceived);
    this.#usage = usage;
    return usage;
  }

  #owner(): UsageOwner {
    return {
      timers: this.#timers,
      nextHopFor: (request) => this.#nextHop(request),
      bye: (transaction) => this.#onBye(transaction),
      prack: (transaction) => this.#onPrack(transaction),
      ack: (ack) => this.#onAck(ack),
      request: (incoming) => this.#onRequest(incoming),
      lost: (status) => {
        this.#end = lostReason(status);
        this.#send({ type: 'lost' });
      },
    };
  }

  #onBye(transaction: ServerTransaction): void {
    this.#ua.respond(transaction, 200);
    this.#usage?.enterMortal();
    const { state } = this;
    if (state !== 'terminating') this.#end = { by: 'remote', text: 'BYE', bye: transaction.request };
    this.#send({ type: 'bye' });
  }

  #onPrack(transaction: ServerTransaction): void {
    const usage = this.#usage;
    if (usage === undefined || !this.#provisionals.acknowledge(transaction.request)) {
      this.#ua.respond(transaction, 481);
      return;
    }
    const incoming = usage.incoming(transaction);
    const { pracked } = this.#options.on;
    if (!this.#told) pracked?.(incoming);
    const offered = incoming.sdp !== undefined && usage.offers.pending === 'remote';
    if (!incoming.answered && !(offered && pracked !== undefined && !this.#told)) incoming.respond(200);
    this.#provisionals.resume();
    this.#send({ type: 'pracked', held: this.#provisionals.holdsSuccess });
  }

  #onAck(ack: SipRequest): void {
    if (this.#acked || ack.cseq()?.sequence !== this.request.cseq()?.sequence) return;
    this.#acked = true;
    this.#send({ type: 'ack' });
    const sdp = sdpOf(ack);
    if (!this.#told) this.#options.on.acked?.(ack, sdp === undefined ? {} : { sdp });
  }

  #onRequest(incoming: IncomingRequest): boolean {
    const { on } = this.#options;
    if (on.request === undefined || this.#told) return false;
    on.request(incoming);
    return true;
  }
}

function reasonHeader(reason: string | undefined): [string, string][] {
  return reason === undefined ? [] : [['Reason', reason]];
}
