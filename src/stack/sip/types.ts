import type { Endpoint } from '../../trace/index.js';
import type { SipRequest, SipResponse } from '../../wire/sip/index.js';
import type { SipTimers } from './timers.js';

export { ACCESS_TIMERS, CORE_TIMERS, type SipTimers } from './timers.js';

/** Transport names as they stand in a Via (RFC 3261 20.42, RFC 7118 5.2). */
export type SipTransport = 'UDP' | 'TCP' | 'WS' | 'WSS';

/** A way to reach one peer: a pair of UDP addresses or a connection. Requests and responses of a flow share it. */
export interface SipFlow {
  /** Unique on the host, never reused; a flow token may name it (RFC 5626 5.2). */
  readonly id: string;
  readonly transport: SipTransport;
  readonly realm: string;
  readonly local: Endpoint;
  readonly remote: Endpoint;
  /** Whether retransmission is the transport's task: all but UDP. */
  readonly reliable: boolean;
  readonly open: boolean;
}

/** Where a request goes: a flow, or an address that the transport layer finds or makes a flow to. */
export type NextHop =
  | { readonly flow: SipFlow }
  | {
      readonly realm: string;
      readonly to: Endpoint;
      /** Absent: UDP, and TCP for requests over 1300 bytes (RFC 3261 18.1.1, TS 24.229 4.2A). */
      readonly transport?: 'UDP' | 'TCP';
    };

/** What the user of a client transaction wants to hear. */
export interface ClientTransactionUser {
  /** Every response that the transaction passes up; for INVITE also repeated 2xx (RFC 6026). */
  onResponse(response: SipResponse): void;
  /**
   * Timer B or F fired, or no final response followed a CANCEL for 64*T1 (RFC 3261 9.1): treat as 408 (RFC 3261
   * 8.1.3.1).
   */
  onTimeout(): void;
  /** The transport failed: treat as 503 (RFC 3261 8.1.3.1). */
  onTransportError(reason: string): void;
}

/** A request under way. */
export interface ClientTransaction {
  /** The request as sent, with the Via of this transaction on top. */
  readonly request: SipRequest;
  /** The flow it went by, once there is one. */
  readonly flow: SipFlow | undefined;
  /** Whether a CANCEL would still make sense: INVITE, no final response yet. */
  readonly pending: boolean;
  /**
   * Sends CANCEL now, or as soon as a provisional response allows it (RFC 3261 9.1). Only for INVITE.
   *
   * @param reason the value of a Reason field (RFC 3326 2), such as `SIP;cause=200;text="Call completed elsewhere"`
   */
  cancel(reason?: string): void;
}

/** A received request that is owed a response. */
export interface ServerTransaction {
  readonly request: SipRequest;
  readonly flow: SipFlow;
  /** Whether a final response has been given. */
  readonly answered: boolean;
  /**
   * Sends a response; a repeated 2xx to INVITE goes out again (RFC 6026 7.1). Anything else after a final response is
   * dropped. A transaction that ends with it does so before this returns; `onTerminated` follows.
   */
  respond(response: SipResponse): void;
  /** Called when a CANCEL for this INVITE came; the CANCEL itself has been answered (RFC 3261 9.2). */
  onCancel: ((cancel: SipRequest) => void) | undefined;
  /** Called when a response could not be delivered, or timer H fired: no ACK for a response of 300 to 699. */
  onTransportError: ((reason: string) => void) | undefined;
  /** Called when the transaction has ended and forgotten everything. */
  onTerminated: (() => void) | undefined;
}

/** The user of the transaction layer of one host: a user agent core or a proxy core. */
export interface TransactionUser {
  /** A new request other than ACK and CANCEL. */
  onRequest(transaction: ServerTransaction): void;
  /** An ACK that belongs to no server transaction: the one for a 2xx (RFC 3261 13.3.1.4). */
  onAck(ack: SipRequest, flow: SipFlow): void;
  /** A connection went away. */
  onFlowClosed?(flow: SipFlow, reason: string): void;
  /** The peer has answered {@link SipEndpoint.ping} (RFC 5626 3.5.1). */
  onPong?(flow: SipFlow): void;
  /** A response that matches no client transaction (a 2xx after its transaction ended); dropped if absent. */
  onStrayResponse?(response: SipResponse, flow: SipFlow): void;
}

/** How a SIP endpoint is set up. */
export interface SipEndpointOptions {
  readonly user: TransactionUser;
  /** Host part of sent-by in Vias: a DNS name, an IPv4 address, or an IPv6 address in brackets. */
  readonly sentBy: string;
  /** Port of sent-by over UDP and TCP. Default: the port listened on, and 5060 where there is none. */
  readonly sentByPort?: number;
  /**
   * The methods a user agent answers; others get 405 or 501. Absent: a proxy core, which passes every method on
   * (RFC 3261 16.3).
   */
  readonly methods?: readonly string[];
  /** Methods that get 405 and not 501 when they are not in `methods`. Default: all that are registered. */
  readonly knownMethods?: readonly string[];
  /** Whether the same request by two ways is answered 482 (RFC 3261 8.2.2.2). Default: with `methods`. */
  readonly detectMerged?: boolean;
  /** Timers towards a peer. Default {@link CORE_TIMERS}. */
  readonly timersFor?: (realm: string, remote: Endpoint) => SipTimers;
  /** The sent-by of a flow, `host` or `host:port`; `undefined` for the usual one. */
  readonly sentByFor?: (flow: SipFlow) => string | undefined;
  /**
   * How long an outgoing TCP connection stays open without transactions and messages, in milliseconds. Default 32000
   * (64*T1); `Infinity` for ever.
   */
  readonly tcpIdleMs?: number;
}

/** Details of a request that is sent. */
export interface SendOptions {
  /** Parameters for its Via besides branch and rport, with their semicolons: `;keep` (RFC 6223 4). */
  readonly viaParams?: string;
}

/** What a response has besides the fields that it copies from its request. */
export interface ResponseOptions {
  /** Reason phrase. Default: the usual one of the status code. */
  readonly reason?: string;
  /** Tag of the To field where the request has none. Default: one that belongs to this endpoint and request. */
  readonly toTag?: string;
  /** Appended in order. */
  readonly headers?: Iterable<readonly [name: string, value: string]>;
  readonly body?: Uint8Array;
}
