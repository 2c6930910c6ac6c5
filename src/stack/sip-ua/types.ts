import type { SipRequest, SipResponse } from '../../wire/sip/index.js';
import type { NextHop, ServerTransaction, SipEndpoint } from '../sip/index.js';

/** What of a SIP endpoint the cores need. */
export type TransactionLayer = Pick<SipEndpoint, 'sendRequest' | 'sendAck' | 'makeResponse'>;

/** Header fields and body of a message; a core builds the rest. */
export interface MessageParts {
  /** Reason phrase of a response; by default the usual one of the status code. */
  readonly reason?: string;
  /** Appended in order; a Contact takes the place of the usual one. */
  readonly headers?: Iterable<readonly [name: string, value: string]>;
  /** A session description; short for a body of type `application/sdp`. */
  readonly sdp?: Uint8Array;
  readonly body?: Uint8Array;
  /** Content-Type of `body`. */
  readonly contentType?: string;
}

/** What the sender of a request hears. */
export interface RequestCallbacks {
  /** Provisional responses. */
  progress?(response: SipResponse): void;
  /**
   * Called once at the end.
   *
   * @param status the final response's; 408 without a response for a timeout, 503 for a transport error (RFC 3261
   *   8.1.3.1)
   */
  done?(status: number, response: SipResponse | undefined): void;
  /** The body of the ACK for a 2xx to INVITE, where one is owed (RFC 3261 13.2.2.4). */
  ackBody?(response: SipResponse): MessageParts | undefined;
}

/** A request that came within a dialog and is owed a response. */
export interface IncomingRequest {
  readonly request: SipRequest;
  /** Its session description, if it has one. */
  readonly sdp: Uint8Array | undefined;
  /** Whether a final response has been given. */
  readonly answered: boolean;
  /** Responds; a 2xx to a re-INVITE is repeated until its ACK comes (RFC 3261 14.2, 13.3.1.4). */
  respond(status: number, parts?: MessageParts): void;
}

/** Why a session is over. */
export interface EndReason {
  readonly by: 'local' | 'remote' | 'timeout' | 'transport';
  readonly text: string;
  /** The BYE that ended it, if the other side sent one. */
  readonly bye?: SipRequest;
}

/** Finds the next hop of a request within a dialog; `undefined` when there is none (treated as a transport error). */
export type HopFinder = (request: SipRequest) => NextHop | undefined;

/** What the user agent core hands the requests of a dialog to. */
export interface DialogUsage {
  onRequest(transaction: ServerTransaction): void;
  onAck?(ack: SipRequest): void;
  onStrayResponse?(response: SipResponse): void;
}

/** A body and its Content-Type. */
export interface Content {
  readonly type: string;
  readonly body: Uint8Array;
}
