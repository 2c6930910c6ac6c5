import type { ActorRefFrom } from 'xstate';
import type { Host, UdpSocket } from '../../network/index.js';
import type { Endpoint, MessageRecord } from '../../trace/index.js';
import {
  type Action,
  type ErrorDescriptor,
  type MegacoFinding,
  type MegacoMessage,
  type MegacoParseError,
  makeError,
  makeErrorReply,
  makeMid,
  megacoErrors,
  megacoSummary,
  parseMegaco,
  type Transaction,
  type TransactionReply,
  type TransactionRequest,
  validateMegaco,
} from '../../wire/megaco/index.js';
import { describeParseError } from '../../wire/parsed.js';
import { type EncodedMessage, encodeMessage } from './encoded-message.js';
import {
  type MegacoError,
  type MegacoResult,
  type OutgoingTransactionPort,
  outgoingTransaction,
} from './outgoing-transaction.js';
import { ReceivedTransactions } from './received-transactions.js';

export type { MegacoError, MegacoResult } from './outgoing-transaction.js';

/** Port of the text encoding (H.248.1 D.1). */
const MEGACO_PORT = 2944;

/** Protocol version in every message (TS 23.334 builds on H.248.1 version 3). */
const VERSION = 3;

/** Transaction ids end here (H.248.1 B.2); 0 stands for all of them. */
const LAST_ID = 0xffff_ffff;

/** How an endpoint is set up. */
export interface MegacoEndpointOptions {
  /** Realm of the network in which it has its address. */
  readonly realm: string;
  /** UDP port, 1 to 65535. Default 2944. */
  readonly port?: number;
  /**
   * Called once for every request, however often it arrives. `reply` takes the actions of the reply, or an error about the
   * whole transaction, at once or later; further calls change nothing. Absent: every request is refused with error 501.
   */
  onRequest?(
    actions: readonly Action[],
    reply: (result: readonly Action[] | ErrorDescriptor) => void,
    from: Endpoint,
  ): void;
}

/** A request under way. */
interface Outgoing {
  readonly to: Endpoint;
  readonly actor: ActorRefFrom<typeof outgoingTransaction>;
  readonly end: (result: MegacoResult) => void;
}

/** One end of an H.248 control association: a controller or a gateway (H.248.1 8, D.1). */
export class MegacoEndpoint {
  readonly #host: Host;
  readonly #options: MegacoEndpointOptions;
  readonly #socket: UdpSocket;
  readonly #mid: string;
  readonly #outgoing = new Map<number, Outgoing>();
  readonly #received: ReceivedTransactions;
  #lastId: number;
  #closed = false;

  /** @throws Error when the host has no address in the realm, or the port is in use */
  constructor(host: Host, options: MegacoEndpointOptions) {
    const { realm, port = MEGACO_PORT } = options;
    this.#host = host;
    this.#options = options;
    this.#socket = host.udp(realm, port, (data, from) => this.#receive(data, from));
    this.#mid = makeMid(host.address(realm), port);
    // A restarted entity must not repeat the ids of its former life, which the peer may remember (D.1.2.1).
    this.#lastId = host.random('H.248 transaction id').below(0x4000_0000);
    this.#received = new ReceivedTransactions(host, {
      encode: (transaction) => this.#encode([transaction]),
      transmit: (message, to) => this.#transmit(message, to),
    });
  }

  /** Address and port of this end. */
  get local(): Endpoint {
    return this.#socket.local;
  }

  /** Requests without an end: those sent that have no reply, and those received that the user has not answered. */
  get openTransactions(): number {
    return this.#outgoing.size + this.#received.executing;
  }

  /**
   * Sends a request, and again until there is an answer (H.248.1 D.1.3).
   *
   * @param to where the peer takes requests
   * @param actions at least one
   * @param done called exactly once, never before `request` has returned. Error code 0: no answer within 15 s, or 30 s after
   *   Pending, or this end was closed; other codes: the peer refused the whole transaction. Errors of single commands stand in
   *   the actions, see `firstError`.
   */
  request(to: Endpoint, actions: readonly Action[], done: (result: MegacoResult) => void): void {
    if (this.#closed) {
      this.#host.schedule(0, () => done(CLOSED));
      return;
    }
    const id = this.#lastId === LAST_ID ? 1 : this.#lastId + 1;
    this.#lastId = id;
    const message = this.#encode([{ kind: 'Transaction', id, actions }]);
    const end = (result: MegacoResult): void => {
      this.#outgoing.delete(id);
      done(result);
    };
    const port: OutgoingTransactionPort = { transmit: () => this.#transmit(message, to), end };
    const actor = this.#host.spawn(outgoingTransaction, { id: `transaction/${id}`, port });
    this.#outgoing.set(id, { to, actor, end });
  }

  /** Closes the socket; requests under way end with error code 0, and requests received are forgotten. */
  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#socket.close();
    this.#received.close();
    for (const { actor, end } of [...this.#outgoing.values()]) {
      actor.stop();
      end(CLOSED);
    }
  }

  #encode(transactions: readonly Transaction[]): EncodedMessage {
    return encodeMessage({ version: VERSION, mid: this.#mid, transactions });
  }

  #transmit(encoded: EncodedMessage, to: Endpoint): void {
    const { message, text, bytes } = encoded;
    if (!this.#host.tracing) this.#socket.send(bytes, to);
    else this.#host.sendMessage(this.#record(message, text, to), () => this.#socket.send(bytes, to));
  }

  #record(message: MegacoMessage, text: string, remote: Endpoint): MessageRecord {
    const { local } = this.#socket;
    return { protocol: 'H.248', summary: megacoSummary(message), transport: 'udp', local, remote, text };
  }

  #receive(data: Uint8Array, from: Endpoint): void {
    const read = parseMegaco(data);
    if (!read.ok) {
      this.#refuse(read.error, from);
      return;
    }
    const message = read.value;
    if (!this.#host.tracing) this.#take(message, from);
    else {
      const record = this.#record(message, new TextDecoder().decode(data), from);
      this.#host.receiveMessage(record, () => this.#take(message, from));
    }
  }

  /** H.248.1 8.2.2: an error in a transaction is answered in its reply, one outside of any with a message error. */
  #refuse(error: MegacoParseError, to: Endpoint): void {
    this.#host.reject('H.248', describeParseError(error), error.offset);
    const { code, transactionId } = error;
    const text = refusal(code, describeParseError(error));
    if (transactionId !== undefined) {
      this.#transmit(this.#encode([makeErrorReply(transactionId, code, text)]), to);
    } else if (code === 400) this.#sendError(code, text, to);
    // Otherwise it was a reply, which is not answered; the request will be repeated.
  }

  #sendError(code: number, text: string, to: Endpoint): void {
    const error = makeError(code, text);
    this.#transmit(encodeMessage({ version: VERSION, mid: this.#mid, transactions: [], error }), to);
  }

  #take(message: MegacoMessage, from: Endpoint): void {
    if (message.error !== undefined) {
      this.#takeError(message.error, from);
      return;
    }
    const findings = validateMegaco(message);
    for (const { what, where, rule } of findings) this.#host.reject('H.248', `${where}: ${what} (${rule})`);
    const whole = findings.find(({ transactionId }) => transactionId === undefined);
    if (whole !== undefined) {
      if (message.transactions.some(({ kind }) => kind === 'Transaction')) {
        this.#sendError(whole.code, refusal(whole.code, whole.what), from);
      }
      return;
    }
    for (const transaction of message.transactions) {
      if (this.#closed) return;
      this.#takeTransaction(message.mid, transaction, findings, from);
    }
  }

  #takeTransaction(
    mid: string,
    transaction: Transaction,
    findings: readonly MegacoFinding[],
    from: Endpoint,
  ): void {
    const { kind } = transaction;
    if (kind === 'TransactionResponseAck') {
      this.#received.acknowledge(mid, transaction);
      return;
    }
    const finding = findings.find(({ transactionId }) => transactionId === transaction.id);
    if (kind === 'Transaction') this.#takeRequest(mid, transaction, finding, from);
    else if (kind === 'Reply') this.#takeReply(transaction, finding, from);
    else this.#sentTo(transaction.id, from)?.actor.send({ type: 'pending' });
  }

  #takeRequest(
    mid: string,
    { id, actions }: TransactionRequest,
    finding: MegacoFinding | undefined,
    from: Endpoint,
  ): void {
    this.#received.take(mid, id, from, (answer) => {
      if (finding !== undefined) {
        answer({ actions: [], error: makeError(finding.code, refusal(finding.code, finding.what)) });
      } else if (this.#options.onRequest === undefined) {
        answer({ actions: [], error: makeError(501) });
      } else {
        const reply = (result: readonly Action[] | ErrorDescriptor): void =>
          answer('kind' in result ? { actions: [], error: result } : { actions: result });
        this.#options.onRequest(actions, reply, from);
      }
    });
  }

  #takeReply(reply: TransactionReply, finding: MegacoFinding | undefined, from: Endpoint): void {
    const { id, actions, error, immAckRequired } = reply;
    // D.1.4: at once, and also when the reply comes again because the acknowledgement was lost.
    if (immAckRequired === true) {
      const ack: Transaction = { kind: 'TransactionResponseAck', ranges: [{ first: id, last: id }] };
      this.#transmit(this.#encode([ack]), from);
    }
    const result: MegacoResult =
      error !== undefined
        ? { error: describe(error) }
        : finding !== undefined
          ? { error: { code: finding.code, text: finding.what } }
          : { actions };
    this.#sentTo(id, from)?.actor.send({ type: 'reply', result });
  }

  /** An error about a whole message does not say which; a wrong version concerns all, anything else may be a passing damage. */
  #takeError(error: ErrorDescriptor, from: Endpoint): void {
    if (error.code !== 406) return;
    const result = { error: describe(error) };
    for (const id of [...this.#outgoing.keys()])
      this.#sentTo(id, from)?.actor.send({ type: 'reply', result });
  }

  /** The request of that id, if it went to `from`: replies come from where the request was sent (H.248.1 D.1). */
  #sentTo(id: number, from: Endpoint): Outgoing | undefined {
    const found = this.#outgoing.get(id);
    return found?.to.ip === from.ip && found.to.port === from.port ? found : undefined;
  }
}

const CLOSED: MegacoResult = { error: { code: 0, text: 'the endpoint is closed' } };

function describe({ code, text }: ErrorDescriptor): MegacoError {
  return { code, text: text ?? megacoErrors[code] ?? '' };
}

/** The usual text of a code and what is wrong in this case. */
function refusal(code: number, what: string): string {
  const usual = megacoErrors[code];
  return usual === undefined ? what : `${usual}: ${what}`;
}
