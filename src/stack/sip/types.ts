import type { Endpoint } from '../../trace/index.js';
import type { SipRequest, SipResponse } from '../../wire/sip/index.js';

/** The three base values of the transaction timers, in milliseconds (RFC 3261 17.1.1.1, table 4). */
export interface SipTimers {
  readonly t1Ms: number;
  readonly t2Ms: number;
  readonly t4Ms: number;
}

/** Between nodes of the core (TS 24.229 table 7.7.1, RFC 3261 table 4). */
export const CORE_TIMERS: SipTimers = { t1Ms: 500, t2Ms: 4000, t4Ms: 5000 };

/** Between a UE and its P-CSCF (TS 24.229 table 7.7.1). */
export const ACCESS_TIMERS: SipTimers = { t1Ms: 2000, t2Ms: 16_000, t4Ms: 17_000 };

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
  /** Timer B or F fired: treat as 408 (RFC 3261 8.1.3.1). */
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
  /** Sends CANCEL now, or as soon as a provisional response allows it (RFC 3261 9.1). Only for INVITE. */
  cancel(reason?: string): void;
}

/** A received request that is owed a response. */
export interface ServerTransaction {
  readonly request: SipRequest;
  readonly flow: SipFlow;
  /** Whether a final response has been given. */
  readonly answered: boolean;
  /** Sends a response; a repeated 2xx to INVITE goes out again (RFC 6026 7.1). */
  respond(response: SipResponse): void;
  /** Called when a CANCEL for this INVITE came; the CANCEL itself has been answered (RFC 3261 9.2). */
  onCancel: ((cancel: SipRequest) => void) | undefined;
  /** Called when a response could not be delivered. */
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
  /** A connection came up or went away. */
  onFlowClosed?(flow: SipFlow, reason: string): void;
  /** A response that matches no client transaction (a 2xx after its transaction ended); dropped if absent. */
  onStrayResponse?(response: SipResponse, flow: SipFlow): void;
}
