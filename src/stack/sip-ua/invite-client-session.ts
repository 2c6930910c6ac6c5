import type { EventFrom } from 'xstate';
import type { SipRequest, SipResponse } from '../../wire/sip/index.js';
import type { ClientTransaction, NextHop, ServerTransaction, SipTimers } from '../sip/index.js';
import { actorId } from './actor-id.js';
import { Dialog, dialogOfResponse } from './dialog.js';
import {
  type InviteClientActor,
  type InviteClientPort,
  inviteClientMachine,
} from './invite-client-machine.js';
import { InviteUsage, type UsageOwner } from './invite-usage.js';
import { sdpOf } from './message-parts.js';
import { reliableSequence } from './prack.js';
import { GIVE_UP_T1 } from './retransmission.js';
import type { EndReason, HopFinder, IncomingRequest, MessageParts, RequestCallbacks } from './types.js';
import type { SipUserAgent } from './user-agent.js';

/** What comes with a response to an INVITE. */
export interface ResponseInfo {
  /** The session description of the response. */
  readonly sdp?: Uint8Array;
  /** The dialog that the response belongs to; absent for a provisional response without To tag. */
  readonly dialog?: Dialog;
}

/**
 * What the caller's side hears. Exactly one of `rejected` and `ended` is called, once, and nothing after it but the
 * callbacks of requests under way.
 */
export interface InviteClientCallbacks {
  /** A provisional response other than 100; a reliable one once, and in order. */
  progress?(response: SipResponse, info: ResponseInfo & { readonly reliable: boolean }): void;
  /** The 2xx that confirmed the dialog; its ACK has been sent. */
  accepted?(response: SipResponse, info: ResponseInfo): void;
  /** A final response other than 2xx; 408 or 503 without one for a timeout or a transport error (RFC 3261 8.1.3.1). */
  rejected?(status: number, response: SipResponse | undefined): void;
  /** A request within the dialog other than BYE. Without this, they are refused. */
  request?(incoming: IncomingRequest, dialog: Dialog): void;
  /** The answer to a PRACK that this session sent by itself. */
  pracked?(response: SipResponse, info: ResponseInfo): void;
  ended?(reason: EndReason): void;
}

/** What an INVITE is sent with. */
export interface InviteOptions {
  /** The INVITE; what it lacks is added (see `SipUserAgent.complete`). */
  readonly request: SipRequest;
  readonly hop: NextHop;
  readonly on: InviteClientCallbacks;
  /** Whether reliable provisional responses are acknowledged by the session itself, after `progress`. Default true. */
  readonly autoPrack?: boolean;
  /** The body of such a PRACK, where one is owed (RFC 3262 5). */
  readonly prackBody?: (response: SipResponse) => MessageParts | undefined;
  /** The body of the ACK, where one is owed (RFC 3261 13.2.2.4). */
  readonly ackBody?: (response: SipResponse) => MessageParts | undefined;
  /**
   * Where requests within the dialog go. By default over the flow that `hop` names, else as their Route or Request-URI
   * says, else where the INVITE went.
   */
  readonly nextHopFor?: HopFinder;
  /** Default those of the user agent. */
  readonly timers?: SipTimers;
}

/**
 * Sends an INVITE and keeps the session that it makes (RFC 3261 13.2).
 *
 * @example
 * ```ts
 * const request = ua.createRequest('INVITE', 'sip:bob@b.test', { from: 'sip:alice@a.test', to: 'sip:bob@b.test' }, { sdp });
 * const session = startInvite(ua, {
 *   request,
 *   hop: { realm: 'core', to: { ip: '10.0.0.2', port: 5060 } },
 *   on: { accepted: () => session.bye(), rejected: (status) => note(status) },
 * });
 * ```
 */
export function startInvite(ua: SipUserAgent, options: InviteOptions): InviteClientSession {
  return new InviteClientSession(ua, options);
}

/** The caller's side of a call. */
export class InviteClientSession implements InviteClientPort {
  /** Name of its machine in the trace. */
  readonly id: string;
  readonly request: SipRequest;
  readonly #ua: SipUserAgent;
  readonly #options: InviteOptions;
  readonly #timers: SipTimers;
  readonly #machine: InviteClientActor;
  readonly #transaction: ClientTransaction;
  /** Early and confirmed dialogs by remote tag. */
  readonly #usages = new Map<string, InviteUsage>();
  #current: InviteUsage | undefined;
  #confirmed = false;
  #over = false;
  #told = false;
  #reason: string | undefined;
  #final: { status: number; response: SipResponse | undefined } = { status: 408, response: undefined };
  #success: SipResponse | undefined;
  #end: EndReason = { by: 'local', text: 'hung up' };

  constructor(ua: SipUserAgent, options: InviteOptions) {
    this.#ua = ua;
    this.#options = options;
    this.#timers = options.timers ?? ua.timersOf(options.hop);
    this.request = ua.complete(options.request);
    this.id = actorId(ua.host, 'inviteClient');
    const expires = this.request.expires();
    this.#machine = ua.host.spawn(inviteClientMachine, {
      id: this.id,
      input: expires === undefined ? {} : { expiresMs: expires * 1000 },
      port: this,
    });
    this.#transaction = ua.endpoint.sendRequest(this.request, options.hop, {
      onResponse: (response) => this.#onResponse(response),
      onTimeout: () => this.#onFailure(408, undefined),
      onTransportError: () => this.#onFailure(503, undefined),
    });
  }

  /** The confirmed dialog, or before that the early dialog of the last provisional response. */
  get dialog(): Dialog | undefined {
    return this.#current?.dialog;
  }

  get state(): string {
    return String(this.#machine.getSnapshot().value);
  }

  /** The client transaction of the INVITE. */
  get transaction(): ClientTransaction {
    return this.#transaction;
  }

  /**
   * Gives up before the call is answered (RFC 3261 9.1). Then `rejected` follows, with 487 as a rule, or `ended` when the
   * peer had answered already: that 2xx is acknowledged and the session released. No effect after the answer.
   *
   * @param reason Reason header field value (RFC 3326)
   */
  cancel(reason?: string): void {
    this.#reason ??= reason;
    this.#send({ type: 'cancel' });
  }

  /**
   * Hangs up: BYE after the answer, CANCEL before.
   *
   * @param reason Reason header field value (RFC 3326)
   */
  bye(reason?: string): void {
    this.#reason ??= reason;
    this.#send({ type: 'hangup' });
  }

  /**
   * Sends a request within the dialog, such as re-INVITE, UPDATE or INFO.
   *
   * @returns `false` when it may not be sent now: no dialog, or another INVITE in progress (RFC 3261 14.1)
   */
  sendRequest(method: string, parts?: MessageParts, callbacks?: RequestCallbacks): boolean {
    return this.#current?.send(method, parts, callbacks) ?? false;
  }

  /** Acknowledges a reliable provisional response, where `autoPrack` is false (RFC 3262 4). */
  prack(response: SipResponse, parts?: MessageParts, callbacks?: RequestCallbacks): void {
    this.#usages.get(response.toTag() ?? '')?.prack(response, parts, callbacks);
  }

  #send(event: EventFrom<typeof inviteClientMachine>): void {
    if (!this.#over) this.#machine.send(event);
  }

  #onResponse(response: SipResponse): void {
    if (response.status < 200) this.#onProvisional(response);
    else if (response.status < 300) this.#onSuccess(response);
    else this.#onFailure(response.status, response);
  }

  #onProvisional(response: SipResponse): void {
    // RFC 3262 4: what comes after the final response may be dropped.
    if (this.#over || this.#confirmed) return;
    const tag = response.toTag();
    if (response.status === 100 || tag === undefined) {
      this.#send({ type: 'provisional', tagged: false });
      if (response.status > 100)
        this.#options.on.progress?.(response, { reliable: false, ...sdpInfo(response) });
      return;
    }
    const usage = this.#usageFor(response, tag);
    const rseq = reliableSequence(response);
    if (rseq !== undefined && !usage.inOrder(response, rseq)) return;
    this.#current = usage;
    this.#send({ type: 'provisional', tagged: true });
    if (!this.#told) {
      const { dialog } = usage;
      this.#options.on.progress?.(response, { reliable: rseq !== undefined, ...sdpInfo(response), dialog });
    }
    if (rseq !== undefined && this.#options.autoPrack !== false) this.#autoPrack(usage, response);
  }

  #autoPrack(usage: InviteUsage, response: SipResponse): void {
    usage.prack(response, this.#options.prackBody?.(response), {
      done: (status, answer) => {
        if (answer === undefined || status >= 300 || this.#told) return;
        this.#options.on.pracked?.(answer, { ...sdpInfo(answer), dialog: usage.dialog });
      },
    });
  }

  #onSuccess(response: SipResponse): void {
    const tag = response.toTag() ?? '';
    const sequence = this.request.cseq()?.sequence ?? 0;
    const known = this.#usages.get(tag);
    if (known?.acknowledged(sequence) === true) {
      known.acknowledge(this.request);
      return;
    }
    const usage = this.#usageFor(response, tag);
    usage.dialog.confirm(response);
    usage.confirm();
    usage.inviteSent = undefined;
    if (sdpOf(response) !== undefined) usage.offers.inResponse('remote', `c${sequence}`);
    usage.offers.over(`c${sequence}`, true);
    usage.acknowledge(this.request, this.#options.ackBody?.(response));
    if (this.#confirmed || this.#over) {
      // Another fork answered too, or nobody waits any more (RFC 3261 13.2.2.4, 15).
      if (!usage.bye({}, () => usage.terminate())) usage.terminate();
      return;
    }
    this.#confirmed = true;
    this.#current = usage;
    this.#success = response;
    this.#awaitForks(usage);
    this.#send({ type: 'success' });
  }

  #onFailure(status: number, response: SipResponse | undefined): void {
    if (this.#over || this.#confirmed) return;
    this.#final = { status, response };
    this.#send({ type: 'failure' });
  }

  #usageFor(response: SipResponse, tag: string): InviteUsage {
    let usage = this.#usages.get(tag);
    if (usage !== undefined && !(usage.mortal && response.status >= 200)) return usage;
    const data = usage?.dialog.data ?? dialogOfResponse(this.request, response, this.#contact());
    const dialog = new Dialog(data);
    usage = new InviteUsage(this.#ua, dialog, this.#owner(tag), response.status >= 200);
    const transaction = `c${this.request.cseq()?.sequence}`;
    if (response.status < 200) usage.inviteSent = transaction;
    if (sdpOf(this.request) !== undefined) usage.offers.inRequest('local', transaction);
    this.#usages.set(tag, usage);
    return usage;
  }

  /** Early dialogs of other forks may be confirmed for 64*T1 more, only to be released (RFC 3261 13.2.2.4). */
  #awaitForks(chosen: InviteUsage): void {
    const others = [...this.#usages.values()].filter((usage) => usage !== chosen && !usage.mortal);
    if (others.length === 0) return;
    this.#ua.host.schedule(GIVE_UP_T1 * this.#timers.t1Ms * 1000, () => {
      for (const usage of others) if (!usage.mortal) usage.terminate();
    });
  }

  #contact(): string {
    return this.request.headers.first('contact') ?? this.#ua.contact;
  }

  #owner(tag: string): UsageOwner {
    return {
      nextHopFor: (request) => this.#nextHop(request),
      timers: this.#timers,
      bye: (transaction) => this.#onBye(tag, transaction),
      request: (incoming) => this.#onRequest(tag, incoming),
      lost: (status) => this.#onLost(tag, status),
    };
  }

  #nextHop(request: SipRequest): NextHop | undefined {
    const { hop, nextHopFor } = this.#options;
    if (nextHopFor !== undefined) return nextHopFor(request);
    if ('flow' in hop) return hop.flow.open ? hop : this.#ua.resolve(request, hop.flow.realm);
    return this.#ua.resolve(request, hop.realm) ?? hop;
  }

  #onBye(tag: string, transaction: ServerTransaction): void {
    this.#ua.respond(transaction, 200);
    const usage = this.#usages.get(tag);
    usage?.enterMortal();
    if (usage !== this.#current) {
      usage?.terminate();
      return;
    }
    if (this.state !== 'terminating') this.#end = { by: 'remote', text: 'BYE', bye: transaction.request };
    this.#send({ type: 'bye' });
  }

  #onRequest(tag: string, incoming: IncomingRequest): boolean {
    const dialog = this.#usages.get(tag)?.dialog;
    const { on } = this.#options;
    const abandoned = this.#confirmed && dialog !== this.dialog;
    if (on.request === undefined || dialog === undefined || abandoned || this.#told) return false;
    on.request(incoming, dialog);
    return true;
  }

  /** A request of this side found no dialog at the peer, or no answer: the session is of no use (RFC 3261 12.2.1.2). */
  #onLost(tag: string, status: number): void {
    if (this.#usages.get(tag) !== this.#current) return;
    this.#end = lostReason(status);
    this.bye();
  }

  sendCancel(): void {
    this.#transaction.cancel(this.#reason);
  }

  tellAccepted(): void {
    if (this.#success === undefined || this.#current === undefined) return;
    const { dialog } = this.#current;
    this.#options.on.accepted?.(this.#success, { ...sdpInfo(this.#success), dialog });
  }

  tellRejected(): void {
    if (this.#told) return;
    this.#told = true;
    this.#options.on.rejected?.(this.#final.status, this.#final.response);
  }

  tellEnded(): void {
    if (this.#told) return;
    this.#told = true;
    this.#options.on.ended?.(this.#end);
  }

  sendBye(): void {
    const headers: [string, string][] = this.#reason === undefined ? [] : [['Reason', this.#reason]];
    const done = (): void => this.#send({ type: 'byeAnswered' });
    if (this.#current?.bye({ headers }, done) !== true) done();
  }

  release(): void {
    this.#over = true;
    if (this.#confirmed) this.#current?.terminate();
    else for (const usage of this.#usages.values()) usage.terminate();
  }
}

/** Why a session ends whose request was answered 481 or not at all. */
export function lostReason(status: number): EndReason {
  return status === 408
    ? { by: 'timeout', text: 'a request within the dialog got no answer' }
    : { by: 'remote', text: 'the peer does not know the dialog' };
}

function sdpInfo(message: SipResponse): { sdp?: Uint8Array } {
  const sdp = sdpOf(message);
  return sdp === undefined ? {} : { sdp };
}
