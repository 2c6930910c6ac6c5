import { SipRequest, type SipResponse, serializeSip } from '../../wire/sip/index.js';
import type { Flow } from './flow.js';
import {
  type InviteClientEvent,
  type InviteClientPort,
  inviteClientTransaction,
} from './invite-client-transaction.js';
import { type NonInviteClientEvent, nonInviteClientTransaction } from './non-invite-client-transaction.js';
import type { TransactionHome } from './transaction-home.js';
import type { ClientTransaction, ClientTransactionUser } from './types.js';

/** What client transactions need of the endpoint. */
export interface ClientTransactionHome extends TransactionHome {
  /** Starts the transaction of a CANCEL, which has the Via of its INVITE (RFC 3261 9.1). */
  sendCancel(cancel: SipRequest, flow: Flow): void;
  onClientEnded(transaction: SipClientTransaction): void;
}

/** A request, its bytes, and the flow it goes by. */
export interface PreparedRequest {
  readonly request: SipRequest;
  readonly bytes: Uint8Array;
  readonly flow: Flow;
  /** The same by UDP, where only its size made it go by TCP (RFC 3261 18.1.1). */
  readonly byUdp?: () => PreparedRequest;
}

interface Actor {
  send(event: InviteClientEvent | NonInviteClientEvent): void;
  stop(): void;
}

/**
 * One request under way: the object beside the machine, and what the user holds. The user is told after the machine's
 * step and not within it, so that whatever the user does meets a machine at rest.
 */
export class SipClientTransaction implements ClientTransaction, InviteClientPort {
  readonly key: string;
  readonly #home: ClientTransactionHome;
  readonly #user: ClientTransactionUser;
  readonly #invite: boolean;
  #prepared: PreparedRequest;
  #actor: Actor | undefined;
  /** Machines started so far: a second one when the transport changed under way. */
  #runs = 0;
  #provisional = false;
  #final = false;
  #cancel: 'no' | 'wanted' | 'sent' = 'no';
  #cancelReason: string | undefined;
  #toPassUp: SipResponse | undefined;
  #toReport: string | undefined;
  #toCancel = false;
  #ack: { readonly message: SipRequest; readonly bytes: Uint8Array } | undefined;

  constructor(
    home: ClientTransactionHome,
    key: string,
    prepared: PreparedRequest,
    user: ClientTransactionUser,
  ) {
    this.key = key;
    this.#home = home;
    this.#prepared = prepared;
    this.#user = user;
    this.#invite = prepared.request.method === 'INVITE';
  }

  get request(): SipRequest {
    return this.#prepared.request;
  }

  get flow(): Flow {
    return this.#prepared.flow;
  }

  get pending(): boolean {
    return this.#invite && !this.#final && this.#actor !== undefined;
  }

  cancel(reason?: string): void {
    if (!this.pending || this.#cancel !== 'no') return;
    this.#cancel = 'wanted';
    this.#cancelReason = reason;
    this.#cancelIfAllowed();
  }

  /** Begins; the request goes out before this returns, but nothing is heard of it. */
  start(): void {
    const { flow, request } = this.#prepared;
    const run = ++this.#runs;
    flow.retain();
    const { t1Ms, t2Ms, t4Ms } = this.#home.timersOf(flow);
    const options = {
      id: this.#home.nextActorId(`${request.method.toLowerCase()}-client`),
      input: { t1Ms, t2Ms, t4Ms, reliable: flow.reliable },
      port: this,
      onDone: () => {
        if (run === this.#runs) this.#ended();
      },
    };
    const { host } = this.#home;
    this.#actor = this.#invite
      ? host.spawn(inviteClientTransaction, options)
      : host.spawn(nonInviteClientTransaction, options);
  }

  /** Ends at once; nobody is told. */
  stop(): void {
    this.#runs++;
    this.#actor?.stop();
    this.#actor = undefined;
  }

  receive(response: SipResponse): void {
    const { status } = response;
    if (status < 200) this.#provisional = true;
    else this.#final = true;
    this.#step({ type: this.#eventType(status), response } as InviteClientEvent | NonInviteClientEvent);
    this.#cancelIfAllowed();
  }

  /** The flow is gone, or never came to be. */
  transportFailed(reason: string): void {
    const { byUdp, flow } = this.#prepared;
    if (byUdp === undefined || reason !== 'refused' || this.#actor === undefined) {
      this.#step({ type: 'transportError', reason });
      return;
    }
    // RFC 3261 18.1.1: a peer that takes no TCP gets the request by UDP after all.
    this.stop();
    flow.release();
    this.#prepared = byUdp();
    this.start();
  }

  sendRequest(): void {
    const { flow, request, bytes } = this.#prepared;
    if (!flow.send(request, bytes)) this.#failLater();
  }

  sendAck(response: SipResponse): void {
    this.#ack ??= ackFor(this.#prepared.request, response);
    if (!this.#prepared.flow.send(this.#ack.message, this.#ack.bytes)) this.#failLater();
  }

  sendCancel(): void {
    this.#toCancel = true;
  }

  passUp(response: SipResponse): void {
    this.#toPassUp = response;
  }

  informTimeout(): void {
    this.#final = true;
    this.#home.soon(() => this.#user.onTimeout());
  }

  informTransportError(reason: string): void {
    this.#final = true;
    this.#toReport = reason;
  }

  #step(event: InviteClientEvent | NonInviteClientEvent): void {
    this.#actor?.send(event);
    if (this.#toCancel) {
      this.#toCancel = false;
      this.#home.sendCancel(cancelOf(this.#prepared.request, this.#cancelReason), this.#prepared.flow);
    }
    const response = this.#toPassUp;
    const reason = this.#toReport;
    this.#toPassUp = undefined;
    this.#toReport = undefined;
    if (response !== undefined) this.#user.onResponse(response);
    if (reason !== undefined) this.#user.onTransportError(reason);
  }

  #cancelIfAllowed(): void {
    if (this.#cancel !== 'wanted' || !this.#provisional || !this.pending) return;
    this.#cancel = 'sent';
    this.#step({ type: 'cancel' });
  }

  /** Not at once, so that nobody hears of a failure before the call that led to it has returned. */
  #failLater(): void {
    this.#home.soon(() => this.transportFailed(`flow ${this.#prepared.flow.id} is closed`));
  }

  #eventType(status: number): string {
    if (status < 200) return '1xx';
    if (!this.#invite) return '200-699';
    return status < 300 ? '2xx' : '300-699';
  }

  #ended(): void {
    this.#actor = undefined;
    this.#prepared.flow.release();
    this.#home.onClientEnded(this);
  }
}

/** A request with the Via, identity and route of another one, as ACK and CANCEL are. */
function companion(method: string, request: SipRequest, to: string): SipRequest {
  const { headers } = request;
  const made = new SipRequest(method, request.uri);
  const via = headers.first('via');
  if (via !== undefined) made.headers.append('Via', via);
  made.headers.append('Max-Forwards', '70');
  for (const route of headers.all('route')) made.headers.append('Route', route);
  made.headers.append('From', headers.get('from') ?? '');
  made.headers.append('To', to);
  made.headers.append('Call-ID', headers.get('call-id') ?? '');
  made.headers.append('CSeq', `${request.cseq()?.sequence ?? 0} ${method}`);
  return made;
}

/** The ACK for a response of 300 to 699 (RFC 3261 17.1.1.3). */
function ackFor(request: SipRequest, response: SipResponse): { message: SipRequest; bytes: Uint8Array } {
  const message = companion('ACK', request, response.headers.get('to') ?? '');
  return { message, bytes: serializeSip(message) };
}

/** The CANCEL of an INVITE (RFC 3261 9.1; Reason: RFC 3326 2). */
function cancelOf(invite: SipRequest, reason: string | undefined): SipRequest {
  const cancel = companion('CANCEL', invite, invite.headers.get('to') ?? '');
  if (reason !== undefined) cancel.headers.append('Reason', reason);
  return cancel;
}
