import { type SipRequest, type SipResponse, serializeSip, type Via } from '../../wire/sip/index.js';
import { type Flow, summarize } from './flow.js';
import {
  type InviteServerEvent,
  type InviteServerPort,
  inviteServerTransaction,
} from './invite-server-transaction.js';
import {
  type NonInviteServerEvent,
  type NonInviteServerPort,
  nonInviteServerTransaction,
} from './non-invite-server-transaction.js';
import type { TransactionHome } from './transaction-home.js';
import type { ServerTransaction } from './types.js';

/** What server transactions need of the endpoint. */
export interface ServerTransactionHome extends TransactionHome {
  /** The flow that a response takes (RFC 3261 18.2.2). */
  responseFlow(via: Via, flow: Flow): Flow;
  makeTrying(request: SipRequest): SipResponse;
  onAck(ack: SipRequest, flow: Flow): void;
  onServerEnded(transaction: SipServerTransaction): void;
}

interface Actor {
  send(event: InviteServerEvent | NonInviteServerEvent): void;
  stop(): void;
}

/**
 * One received request: the object beside the machine, and what the user holds. The user is told after the machine's
 * step and not within it, so that whatever the user does meets a machine at rest.
 */
export class SipServerTransaction implements ServerTransaction, InviteServerPort, NonInviteServerPort {
  readonly request: SipRequest;
  readonly flow: Flow;
  readonly key: string;
  readonly invite: boolean;
  onCancel: ServerTransaction['onCancel'];
  onTransportError: ServerTransaction['onTransportError'];
  onTerminated: ServerTransaction['onTerminated'];
  readonly #home: ServerTransactionHome;
  readonly #via: Via;
  #actor: Actor | undefined;
  #stopped = false;
  #toPassUp: SipRequest | undefined;
  #toReport: string | undefined;
  #last: SipResponse | undefined;
  #bytes: Uint8Array | undefined;
  /** Status of the final response given; 0 before. */
  #status = 0;

  /** @param via the top Via of the request, with what the transport layer noted in it */
  constructor(home: ServerTransactionHome, key: string, request: SipRequest, via: Via, flow: Flow) {
    this.#home = home;
    this.key = key;
    this.request = request;
    this.#via = via;
    this.flow = flow;
    this.invite = request.method === 'INVITE';
  }

  get answered(): boolean {
    return this.#status !== 0;
  }

  /** The last response sent, if there is one. */
  get lastResponse(): SipResponse | undefined {
    return this.#last;
  }

  start(): void {
    this.flow.retain();
    const { t1Ms, t2Ms, t4Ms } = this.#home.timersOf(this.flow);
    const options = {
      id: this.#home.nextActorId(`${this.request.method.toLowerCase()}-server`),
      input: { t1Ms, t2Ms, t4Ms, reliable: this.flow.reliable },
      port: this,
      onDone: () => this.#ended(),
    };
    const { host } = this.#home;
    this.#actor = this.invite
      ? host.spawn(inviteServerTransaction, options)
      : host.spawn(nonInviteServerTransaction, options);
  }

  /** Ends at once; nobody is told. */
  stop(): void {
    this.#stopped = true;
    this.#actor?.stop();
    this.#actor = undefined;
  }

  /** The same request came again. */
  receiveAgain(): void {
    this.#step({ type: this.invite ? 'INVITE' : 'request' });
  }

  receiveAck(ack: SipRequest): void {
    this.#step({ type: 'ACK', ack });
  }

  respond(response: SipResponse): void {
    const { status } = response;
    const first = this.#status;
    if (first !== 0 && !(this.invite && isSuccess(first) && isSuccess(status))) return;
    if (status >= 200) this.#status = status;
    this.#step({ type: this.#eventType(status), response } as InviteServerEvent | NonInviteServerEvent);
  }

  sendResponse(response: SipResponse): void {
    if (response !== this.#last) {
      this.#last = response;
      this.#bytes = serializeSip(response);
    }
    this.resendResponse();
  }

  resendResponse(): void {
    if (this.#last === undefined || this.#bytes === undefined) return;
    const flow = this.#home.responseFlow(this.#via, this.flow);
    if (!flow.send(this.#last, this.#bytes)) {
      const reason = `flow ${flow.id} is closed`;
      // RFC 7118 5: a response has no other way than the WebSocket its request came by, so it is dropped.
      this.#home.host.record({ kind: 'note', text: `${summarize(this.#last)} dropped: ${reason}` });
      this.#home.soon(() => this.transportFailed(reason));
    } else if (flow !== this.flow) flow.ifRefused((reason) => this.transportFailed(reason));
  }

  /** A response could not be sent. */
  transportFailed(reason: string): void {
    if (this.#stopped) return;
    if (this.#actor !== undefined) this.#step({ type: 'transportError', reason });
    else this.onTransportError?.(reason);
  }

  sendTrying(): void {
    this.sendResponse(this.#home.makeTrying(this.request));
  }

  passAck(ack: SipRequest): void {
    this.#toPassUp = ack;
  }

  informNoAck(): void {
    this.#home.soon(() => this.onTransportError?.('no ACK came for the final response'));
  }

  informTransportError(reason: string): void {
    this.#toReport = reason;
  }

  #step(event: InviteServerEvent | NonInviteServerEvent): void {
    this.#actor?.send(event);
    const ack = this.#toPassUp;
    const reason = this.#toReport;
    this.#toPassUp = undefined;
    this.#toReport = undefined;
    if (ack !== undefined) this.#home.onAck(ack, this.flow);
    if (reason !== undefined) this.onTransportError?.(reason);
  }

  #eventType(status: number): string {
    if (status < 200) return '1xx';
    if (!this.invite) return '200-699';
    return status < 300 ? '2xx' : '300-699';
  }

  #ended(): void {
    if (this.#stopped) return;
    this.#actor = undefined;
    this.flow.release();
    this.#home.onServerEnded(this);
    if (this.onTerminated !== undefined) this.#home.soon(() => this.onTerminated?.());
  }
}

function isSuccess(status: number): boolean {
  return status >= 200 && status < 300;
}
