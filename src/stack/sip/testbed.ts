import {
  Kernel,
  type KernelOptions,
  listChoices,
  parseTape,
  seededChoices,
  tapeChoices,
} from '../../kernel/index.js';
import { type Host, Network, type NetworkOptions } from '../../network/index.js';
import { type SipMessage, SipRequest, type SipResponse } from '../../wire/sip/index.js';
import { SipEndpoint } from './endpoint.js';
import type {
  ClientTransactionUser,
  ServerTransaction,
  SipEndpointOptions,
  SipFlow,
  TransactionUser,
} from './types.js';

/** A user that writes down what it hears, `milliseconds what`, and answers with `answer` if there is one. */
export class Recorder implements TransactionUser {
  readonly log: string[] = [];
  readonly transactions: ServerTransaction[] = [];
  readonly flows: SipFlow[] = [];
  answer: ((transaction: ServerTransaction) => void) | undefined;
  readonly #kernel: Kernel;

  constructor(kernel: Kernel) {
    this.#kernel = kernel;
  }

  note(what: string): void {
    this.log.push(`${this.#kernel.now / 1000} ${what}`);
  }

  onRequest(transaction: ServerTransaction): void {
    this.note(`${transaction.request.method} by ${transaction.flow.transport}`);
    this.transactions.push(transaction);
    this.flows.push(transaction.flow);
    transaction.onCancel = () => this.note('cancelled');
    transaction.onTransportError = (reason) => this.note(`error: ${reason}`);
    transaction.onTerminated = () => this.note(`${transaction.request.method} ended`);
    this.answer?.(transaction);
  }

  onAck(): void {
    this.note('ACK');
  }

  onFlowClosed(flow: SipFlow, reason: string): void {
    this.note(`${flow.transport} closed: ${reason}`);
  }

  onPong(flow: SipFlow): void {
    this.note(`pong by ${flow.transport}`);
  }

  onStrayResponse(response: SipResponse): void {
    this.note(`stray ${response.status}`);
  }

  /** A client user that writes into the same log. */
  client(): ClientTransactionUser {
    return {
      onResponse: ({ status }) => this.note(String(status)),
      onTimeout: () => this.note('timeout'),
      onTransportError: (reason) => this.note(`transport error: ${reason}`),
    };
  }
}

/** One end of the testbed. */
export interface Side {
  readonly host: Host;
  readonly user: Recorder;
  readonly endpoint: SipEndpoint;
}

/** Hosts `a` (10.0.0.1) and `b` (10.0.0.2) in realm `core`, 2 ms apart, with endpoints that listen on UDP 5060. */
export interface SipTestbed {
  readonly kernel: Kernel;
  readonly network: Network;
  readonly a: Side;
  readonly b: Side;
}

/** Where `b` listens. */
export const TO_B = { realm: 'core', to: { ip: '10.0.0.2', port: 5060 } };

/** @param tape choices as `parseTape` reads them, or numbers taken in order */
export function sipTestbed(
  options: Partial<SipEndpointOptions> & { readonly tcp?: boolean; readonly network?: NetworkOptions } = {},
  tape: string | readonly number[] = '',
  kernelOptions: KernelOptions = { trace: true },
): SipTestbed {
  const entries = typeof tape === 'string' ? parseTape(tape) : [];
  if (typeof entries === 'string') throw new Error(entries);
  const seeded = seededChoices(kernelOptions.seed ?? 1);
  const choices = typeof tape === 'string' ? tapeChoices(entries, seeded) : listChoices(tape, seeded);
  const kernel = new Kernel({ choices, ...kernelOptions });
  const network = new Network(kernel, options.network);
  const { tcp = true, network: _, ...endpointOptions } = options;
  const side = (name: string, ip: string): Side => {
    const host = network.addHost({ name, role: 'S-CSCF', addresses: { core: ip } });
    const user = new Recorder(kernel);
    const endpoint = new SipEndpoint(host, { user, sentBy: ip, ...endpointOptions });
    endpoint.listenUdp('core');
    if (tcp) endpoint.listenTcp('core');
    return { host, user, endpoint };
  };
  return { kernel, network, a: side('a', '10.0.0.1'), b: side('b', '10.0.0.2') };
}

/** A request outside a dialog, complete but for the Via. */
export function request(method: string, bodyBytes = 0): SipRequest {
  const made = new SipRequest(method, 'sip:bob@home1.net');
  const fields = {
    'Max-Forwards': '70',
    From: '<sip:alice@home1.net>;tag=a1',
    To: '<sip:bob@home1.net>',
    'Call-ID': `${method.toLowerCase()}@10.0.0.1`,
    CSeq: `1 ${method}`,
  };
  for (const [name, value] of Object.entries(fields)) made.headers.append(name, value);
  if (method === 'INVITE') made.headers.append('Contact', '<sip:alice@10.0.0.1>');
  if (bodyBytes > 0) {
    made.headers.append('Content-Type', 'text/plain');
    made.body = new Uint8Array(bodyBytes).fill(120);
  }
  return made;
}

/** Answers every request at once. */
export function answering(side: Side, status: number): void {
  side.user.answer = (transaction) =>
    transaction.respond(side.endpoint.makeResponse(transaction.request, status));
}

/** What the trace says of messages sent by a host: `milliseconds summary`. */
export function sent({ kernel }: SipTestbed, host: string): string[] {
  const events = kernel.trace?.of('message.sent') ?? [];
  return events
    .filter(({ entity, body }) => entity === host && body.message.protocol === 'SIP')
    .map(({ at, body }) => `${at / 1000} ${body.message.summary} by ${body.message.transport}`);
}

/** What was rejected on a host. */
export function rejected({ kernel }: SipTestbed, host: string): string[] {
  const events = kernel.trace?.of('message.rejected') ?? [];
  return events.filter(({ entity }) => entity === host).map(({ body }) => body.reason);
}

/** Sends bytes by UDP from a host's spare port; for what no endpoint would send. */
export function sendRaw({ host }: Side, text: string | Uint8Array, to = TO_B.to, port = 5999): Uint8Array[] {
  const answers: Uint8Array[] = [];
  const socket = host.udp('core', port, (data) => answers.push(data));
  socket.send(typeof text === 'string' ? new TextEncoder().encode(text) : text, to);
  return answers;
}

/** The value of a header field of a message, for short assertions. */
export function field(message: SipMessage, name: string): string | undefined {
  return message.headers.get(name);
}

/** What a run has left that it should not have: failures, timers, transactions. */
export function leftovers({ kernel, a, b }: SipTestbed): string[] {
  const left: string[] = [];
  if (kernel.failure !== undefined) left.push(kernel.failure.reason);
  if (kernel.pending > 0) left.push(`${kernel.pending} timers`);
  for (const { endpoint, host } of [a, b]) {
    if (endpoint.openTransactions > 0) left.push(`${endpoint.openTransactions} transactions on ${host.name}`);
  }
  const unexpected = kernel.trace?.of('unexpected') ?? [];
  return [...left, ...unexpected.map(({ body }) => `${body.machine} ${body.state} ${body.event}`)];
}

/** Closes both endpoints, lets the connections end, and tells what sockets are still open. */
export function socketsAfterClose({ kernel, a, b }: SipTestbed): string[] {
  a.endpoint.close();
  b.endpoint.close();
  kernel.run();
  const timers = kernel.pending > 0 ? [`${kernel.pending} timers`] : [];
  return [...timers, ...a.host.describeSockets(), ...b.host.describeSockets()];
}
