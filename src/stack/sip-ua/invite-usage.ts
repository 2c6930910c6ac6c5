import { headerKey, type SipRequest, type SipResponse } from '../../wire/sip/index.js';
import type { ServerTransaction, SipTimers } from '../sip/index.js';
import { actorId } from './actor-id.js';
import type { Dialog } from './dialog.js';
import { type DialogActor, dialogMachine } from './dialog-machine.js';
import { applyParts, sdpOf } from './message-parts.js';
import { OfferAnswer } from './offer-answer.js';
import { formatRAck, ProvisionalOrder, reliableSequence } from './prack.js';
import { type RetransmissionActor, retransmissionMachine } from './retransmission.js';
import type { DialogUsage, HopFinder, IncomingRequest, MessageParts, RequestCallbacks } from './types.js';
import type { SipUserAgent } from './user-agent.js';

/** What the session of a usage decides. */
export interface UsageOwner {
  readonly nextHopFor: HopFinder;
  readonly timers: SipTimers;
  /** A BYE; the owner answers it. */
  bye(transaction: ServerTransaction): void;
  /** A PRACK; `undefined` when this side sends no reliable provisional responses. */
  prack?(transaction: ServerTransaction): void;
  /** An ACK for a 2xx to the initial INVITE. */
  ack?(ack: SipRequest): void;
  /** Any other request; `false` when nobody takes it. */
  request(incoming: IncomingRequest): boolean;
  /** The peer has lost the dialog or does not answer: 481 or 408 (RFC 3261 12.2.1.2). */
  lost(status: number): void;
}

/** Range of Retry-After in a 500 to a request that came too early, in seconds (RFC 3261 14.2, RFC 3311 5.2). */
const LONGEST_RETRY_AFTER_S = 10;

/**
 * The part that an INVITE dialog has in common at both sides: sending and taking requests within it, the glare rules of
 * RFC 3261 14 and RFC 3311 5.2, PRACKs and ACKs of own INVITEs, and repetition of 2xx to re-INVITEs.
 */
export class InviteUsage implements DialogUsage {
  readonly dialog: Dialog;
  readonly offers = new OfferAnswer();
  /** A BYE has been sent or received: no new requests, and only a BYE is still answered with 2xx (RFC 5407 2, Mortal). */
  mortal = false;
  /** Transaction name of the INVITE this side has sent and that has no final response yet. */
  inviteSent: string | undefined;
  /** The same for one received. */
  inviteReceived: string | undefined;
  readonly #ua: SipUserAgent;
  readonly #owner: UsageOwner;
  readonly #machine: DialogActor;
  readonly #orders = new Map<string, ProvisionalOrder>();
  readonly #unanswered = new Set<Incoming>();
  readonly #repeated = new Map<number, RetransmissionActor>();
  readonly #acks = new Map<number, SipRequest>();
  #updateReceived = false;

  constructor(ua: SipUserAgent, dialog: Dialog, owner: UsageOwner, confirmed: boolean) {
    this.dialog = dialog;
    this.#ua = ua;
    this.#owner = owner;
    ua.register(dialog.id, this);
    this.#machine = ua.host.spawn(dialogMachine, { id: actorId(ua.host, 'dialog'), input: { confirmed } });
  }

  confirm(): void {
    this.#machine.send({ type: 'confirm' });
  }

  /** Ends the dialog: requests without a response get 487 (RFC 3261 15.1.2). */
  enterMortal(): void {
    if (this.mortal) return;
    this.mortal = true;
    for (const incoming of this.#unanswered) incoming.respond(487);
    for (const repetition of this.#repeated.values()) repetition.send({ type: 'acknowledged' });
    this.#machine.send({ type: 'terminate' });
  }

  /** Forgets the dialog. */
  terminate(): void {
    this.enterMortal();
    this.#ua.unregister(this.dialog.id);
  }

  /**
   * Sends a request within the dialog.
   *
   * @returns `false` when it may not be sent now: the dialog is ending, or another INVITE is in progress (RFC 3261 14.1)
   */
  send(method: string, parts?: MessageParts, callbacks: RequestCallbacks = {}): boolean {
    const invite = method === 'INVITE';
    if (this.mortal) return false;
    if (invite && this.#inviteInProgress) return false;
    const request = this.dialog.createRequest(method);
    if (invite) this.#ua.addCapabilities(request.headers);
    const headers = [...(parts?.headers ?? [])];
    if (headers.some(([name]) => headerKey(name) === 'contact')) request.headers.remove('Contact');
    applyParts(request, { ...parts, headers });
    const transaction = `c${request.cseq()?.sequence}`;
    if (sdpOf(request) !== undefined) this.offers.inRequest('local', transaction);
    if (invite) this.inviteSent = transaction;
    if (method === 'BYE') this.enterMortal();
    let over = false;
    const done = (status: number, response: SipResponse | undefined): void => {
      if (over) return;
      over = true;
      if (invite) this.inviteSent = undefined;
      this.offers.over(transaction, status < 300);
      callbacks.done?.(status, response);
      if ((status === 481 || status === 408) && !this.mortal) this.#owner.lost(status);
    };
    const hop = this.#owner.nextHopFor(request);
    if (hop === undefined) {
      done(503, undefined);
      return true;
    }
    this.#ua.endpoint.sendRequest(request, hop, {
      onResponse: (response) => {
        if (response.status < 200) this.#provisional(request, response, callbacks);
        else if (response.status < 300) this.#success(request, response, transaction, callbacks, done);
        else done(response.status, response);
      },
      onTimeout: () => done(408, undefined),
      onTransportError: () => done(503, undefined),
    });
    return true;
  }

  /**
   * Ends the dialog with a BYE. Where there is no way to the peer, it goes again over whatever way there is then, such as
   * the flow that replaces a lost one (RFC 3263 4.3, RFC 5626 4.5): after the intervals of a 2xx, and for 64*T1.
   *
   * @param done called once, with the answer or without
   * @returns `false` when the dialog is ending already
   */
  bye(parts: MessageParts, done: () => void): boolean {
    if (this.mortal) return false;
    this.enterMortal();
    const { t1Ms, t2Ms } = this.#owner.timers;
    let repetition: RetransmissionActor | undefined;
    let underWay = false;
    let late = false;
    const send = (): void => {
      if (underWay) return;
      underWay = true;
      this.#sendBye(parts, answered, unreachable);
    };
    const answered = (): void => {
      if (!late) repetition?.send({ type: 'acknowledged' });
      done();
    };
    const unreachable = (): void => {
      underWay = false;
      if (late) done();
      repetition ??= this.#ua.host.spawn(retransmissionMachine, {
        id: actorId(this.#ua.host, 'retransmission'),
        input: { t1Ms, capMs: t2Ms },
        port: { send, gaveUp },
      });
    };
    const gaveUp = (): void => {
      late = true;
      if (!underWay) done();
    };
    send();
    return true;
  }

  #sendBye(parts: MessageParts, answered: () => void, unreachable: () => void): void {
    const request = this.dialog.createRequest('BYE');
    applyParts(request, parts);
    const hop = this.#owner.nextHopFor(request);
    if (hop === undefined) {
      unreachable();
      return;
    }
    this.#ua.endpoint.sendRequest(request, hop, {
      onResponse: ({ status }) => {
        if (status >= 200) answered();
      },
      onTimeout: answered,
      onTransportError: unreachable,
    });
  }

  /**
   * Whether a reliable provisional response is the next in order (RFC 3262 4). One whose PRACK was refused for its order
   * gets another PRACK here.
   */
  inOrder(response: SipResponse, rseq: number): boolean {
    const transaction = `c${response.cseq()?.sequence}`;
    let order = this.#orders.get(transaction);
    if (order === undefined) this.#orders.set(transaction, (order = new ProvisionalOrder()));
    if (order.accept(rseq)) {
      if (sdpOf(response) !== undefined) this.offers.inResponse('remote', transaction);
      return true;
    }
    if (order.wantsAnother(rseq)) this.prack(response);
    return false;
  }

  /** Sends the PRACK for a reliable provisional response. */
  prack(response: SipResponse, parts?: MessageParts, callbacks: RequestCallbacks = {}): void {
    const rseq = reliableSequence(response);
    const cseq = response.cseq();
    if (rseq === undefined || cseq === undefined) return;
    const rack = formatRAck({ rseq, cseq: cseq.sequence, method: cseq.method });
    const headers: [string, string][] = [['RAck', rack]];
    for (const [name, value] of parts?.headers ?? []) headers.push([name, value]);
    this.send(
      'PRACK',
      { ...parts, headers },
      {
        ...callbacks,
        done: (status, answer) => {
          if (status === 500) this.#orders.get(`c${cseq.sequence}`)?.refused();
          callbacks.done?.(status, answer);
        },
      },
    );
  }

  /**
   * Acknowledges a 2xx to an INVITE of this side: the same ACK for every repetition (RFC 3261 13.2.2.4).
   *
   * @param body what the first ACK carries
   */
  acknowledge(invite: SipRequest, body?: MessageParts): void {
    const sequence = invite.cseq()?.sequence ?? 0;
    let ack = this.#acks.get(sequence);
    if (ack === undefined) {
      ack = this.dialog.createAck(invite);
      applyParts(ack, body);
      if (sdpOf(ack) !== undefined) this.offers.inRequest('local', `a${sequence}`);
      this.#acks.set(sequence, ack);
    }
    const hop = this.#owner.nextHopFor(ack);
    if (hop !== undefined) this.#ua.endpoint.sendAck(ack, hop);
  }

  /** Whether the 2xx to the INVITE of that CSeq number has been acknowledged. */
  acknowledged(sequence: number): boolean {
    return this.#acks.has(sequence);
  }

  onStrayResponse(response: SipResponse): void {
    const { sequence = 0, method } = response.cseq() ?? {};
    const ack = response.status < 300 && method === 'INVITE' ? this.#acks.get(sequence) : undefined;
    const hop = ack === undefined ? undefined : this.#owner.nextHopFor(ack);
    if (ack !== undefined && hop !== undefined) this.#ua.endpoint.sendAck(ack, hop);
  }

  onRequest(transaction: ServerTransaction): void {
    const { request } = transaction;
    if (this.dialog.accept(request) !== undefined) {
      this.#ua.respond(transaction, 500);
    } else if (request.method === 'BYE') {
      this.#owner.bye(transaction);
    } else if (request.method === 'PRACK') {
      if (this.#owner.prack === undefined) this.#ua.respond(transaction, 481);
      else this.#owner.prack(transaction);
    } else if (this.mortal) {
      this.#ua.respond(transaction, 481);
    } else {
      this.#take(transaction);
    }
  }

  onAck(ack: SipRequest): void {
    const sequence = ack.cseq()?.sequence ?? -1;
    const repetition = this.#repeated.get(sequence);
    if (sdpOf(ack) !== undefined && this.offers.pending === 'local')
      this.offers.inRequest('remote', `a${sequence}`);
    repetition?.send({ type: 'acknowledged' });
    this.#owner.ack?.(ack);
  }

  /** Repeats a 2xx that has been sent to an INVITE until its ACK comes or 64*T1 have passed (RFC 3261 13.3.1.4). */
  repeat(send: () => void, sequence: number, gaveUp: () => void): RetransmissionActor {
    const { t1Ms, t2Ms } = this.#owner.timers;
    const repetition = this.#ua.host.spawn(retransmissionMachine, {
      id: actorId(this.#ua.host, 'retransmission'),
      input: { t1Ms, capMs: t2Ms },
      port: { send, gaveUp },
      onDone: () => this.#repeated.delete(sequence),
    });
    this.#repeated.set(sequence, repetition);
    return repetition;
  }

  /** A request that is owed a response, with what its answer does to the dialog. */
  incoming(transaction: ServerTransaction): IncomingRequest {
    const incoming = new Incoming(this.#ua, this, transaction, () => this.#answered(incoming));
    this.#unanswered.add(incoming);
    if (incoming.sdp !== undefined) this.offers.inRequest('remote', incoming.name);
    return incoming;
  }

  /** @internal Sends a 2xx to a re-INVITE again and again. */
  repeatSuccess(transaction: ServerTransaction, response: SipResponse): void {
    const sequence = response.cseq()?.sequence ?? 0;
    this.repeat(
      () => transaction.respond(response),
      sequence,
      () => this.#owner.lost(408),
    );
  }

  /** RFC 3261 14.1: until the final response of an own INVITE, and until the ACK of one received. */
  get #inviteInProgress(): boolean {
    return this.inviteSent !== undefined || this.inviteReceived !== undefined || this.#repeated.size > 0;
  }

  #answered(incoming: Incoming): void {
    this.#unanswered.delete(incoming);
    if (incoming.name === this.inviteReceived) this.inviteReceived = undefined;
    if (incoming.request.method === 'UPDATE') this.#updateReceived = false;
  }

  #take(transaction: ServerTransaction): void {
    const { request } = transaction;
    const refusal = this.#glare(request);
    if (refusal !== undefined) {
      const wait = this.#ua.host.random('sip retry-after').below(LONGEST_RETRY_AFTER_S + 1);
      const headers: [string, string][] = refusal === 500 ? [['Retry-After', String(wait)]] : [];
      this.#ua.respond(transaction, refusal, { headers });
      return;
    }
    const incoming = this.incoming(transaction);
    if (request.method === 'INVITE') {
      this.inviteReceived = `s${request.cseq()?.sequence}`;
      transaction.onCancel = () => incoming.respond(487);
    }
    if (request.method === 'UPDATE') this.#updateReceived = true;
    if (!this.#owner.request(incoming) && !incoming.answered) this.#refuse(incoming);
  }

  /** A request that nobody takes: 488 for a new offer, 200 for a bare target refresh or OPTIONS, else 405. */
  #refuse(incoming: IncomingRequest): void {
    const { method } = incoming.request;
    if (method === 'OPTIONS' || (method === 'UPDATE' && incoming.sdp === undefined)) incoming.respond(200);
    else if (method === 'INVITE' || method === 'UPDATE') incoming.respond(488);
    else incoming.respond(405, { headers: [['Allow', this.#ua.allow]] });
  }

  /** The status owed to an INVITE or UPDATE that crosses or overtakes another (RFC 3261 14.2, RFC 3311 5.2). */
  #glare(request: SipRequest): 491 | 500 | undefined {
    const { method } = request;
    if (method !== 'INVITE' && method !== 'UPDATE') return undefined;
    if (method === 'INVITE' && this.inviteSent !== undefined) return 491;
    if (method === 'INVITE' && this.inviteReceived !== undefined) return 500;
    if (method === 'UPDATE' && this.#updateReceived) return 500;
    if (sdpOf(request) === undefined || this.offers.pending === undefined) return undefined;
    return this.offers.pending === 'local' ? 491 : 500;
  }

  #provisional(request: SipRequest, response: SipResponse, callbacks: RequestCallbacks): void {
    const rseq = request.method === 'INVITE' ? reliableSequence(response) : undefined;
    if (rseq !== undefined && !this.inOrder(response, rseq)) return;
    callbacks.progress?.(response);
    if (rseq !== undefined) this.prack(response);
  }

  #success(
    request: SipRequest,
    response: SipResponse,
    transaction: string,
    callbacks: RequestCallbacks,
    done: (status: number, response: SipResponse) => void,
  ): void {
    const invite = request.method === 'INVITE';
    const sequence = request.cseq()?.sequence ?? 0;
    if (invite && this.acknowledged(sequence)) {
      this.acknowledge(request);
      return;
    }
    this.dialog.refreshTarget(response);
    if (sdpOf(response) !== undefined) this.offers.inResponse('remote', transaction);
    if (invite) this.acknowledge(request, callbacks.ackBody?.(response));
    done(response.status, response);
  }
}

class Incoming implements IncomingRequest {
  readonly request: SipRequest;
  readonly sdp: Uint8Array | undefined;
  readonly name: string;
  answered = false;
  readonly #ua: SipUserAgent;
  readonly #usage: InviteUsage;
  readonly #transaction: ServerTransaction;
  readonly #onAnswer: () => void;

  constructor(ua: SipUserAgent, usage: InviteUsage, transaction: ServerTransaction, onAnswer: () => void) {
    this.request = transaction.request;
    this.sdp = sdpOf(transaction.request);
    this.name = `s${transaction.request.cseq()?.sequence}`;
    this.#ua = ua;
    this.#usage = usage;
    this.#transaction = transaction;
    this.#onAnswer = onAnswer;
  }

  respond(status: number, parts?: MessageParts): void {
    if (this.answered) return;
    const { method } = this.request;
    const { dialog, offers } = this.#usage;
    const response = this.#ua.makeResponse(this.request, status, parts);
    const success = status >= 200 && status < 300;
    if ((method === 'INVITE' || method === 'UPDATE') && status > 100 && status < 300) {
      if (!response.headers.has('contact')) response.headers.append('Contact', dialog.data.contact);
      if (success) this.#ua.addCapabilities(response.headers);
    }
    if (success) {
      dialog.refreshTarget(this.request);
      if (sdpOf(response) !== undefined) offers.inResponse('local', this.name);
    }
    if (status >= 200) {
      this.answered = true;
      offers.over(this.name, success);
      this.#onAnswer();
    }
    this.#transaction.respond(response);
    if (success && method === 'INVITE') this.#usage.repeatSuccess(this.#transaction, response);
  }
}
