import type { Timer } from '../../kernel/index.js';
import type { Host } from '../../network/index.js';
import type { Endpoint } from '../../trace/index.js';
import { ResultCode } from '../../wire/diameter/index.js';
import { describeResult } from './answers.js';
import { identityKey } from './local-identity.js';
import type { PeerConnection } from './peer-connection.js';
import type { PendingRequest, PendingRequests } from './pending-requests.js';

/** Attempts to connect in a row for requests that wait; after these they fail. */
const MOST_ATTEMPTS = 3;

/** What a peer needs from its node. */
export interface PeerOwner {
  readonly host: Host;
  readonly pending: PendingRequests;
  /** Identity of this node. */
  readonly localHost: string;
  /** Tc in microseconds. */
  readonly tcUs: number;
  connect(to: Endpoint, identity: string): PeerConnection;
}

/**
 * A node that this one talks to: the one connection with it, how it comes about (RFC 6733 2.1, 5.6, 5.6.4), and the requests
 * that wait for it.
 */
export class Peer {
  readonly identity: string;
  /** Where it takes connections, once that is known. */
  address: Endpoint | undefined;
  readonly #owner: PeerOwner;
  readonly #waiting = new Set<PendingRequest>();
  /** The connection in I-Open or R-Open, or in Closing. */
  #active: PeerConnection | undefined;
  /** A connection of ours that is being set up. */
  #initiated: PeerConnection | undefined;
  /** A connection of the peer's that has to wait for what becomes of ours. */
  #electing: PeerConnection | undefined;
  #attempts = 0;
  #retry: Timer | undefined;

  constructor(owner: PeerOwner, identity: string) {
    this.#owner = owner;
    this.identity = identity;
  }

  /** Whether there is a connection, or an address for one. */
  get reachable(): boolean {
    const connection = this.#active ?? this.#initiated ?? this.#electing;
    return connection !== undefined || this.address !== undefined;
  }

  /** Sends a request, or keeps it until there is a connection. */
  request(request: PendingRequest): void {
    if (this.#active?.usable === true) {
      this.#send(this.#active, request);
      return;
    }
    this.#waiting.add(request);
    if (this.#active !== undefined) return;
    // A request is reason enough not to wait for Tc.
    this.#attempts = 0;
    this.#connect();
  }

  /** A connection from the peer with a good CER (R-Conn-CER of RFC 6733 5.6). */
  takeCer(connection: PeerConnection): void {
    if (this.#active?.state === 'open' || this.#electing !== undefined) {
      connection.disconnect('there is a connection already');
    } else if (this.#initiated === undefined) connection.accept();
    else {
      this.#electing = connection;
      connection.elect();
      if (this.#initiated.state === 'waitICea') this.#elect();
    }
  }

  /** Our connection was set up. */
  connected(): void {
    if (this.#electing !== undefined) this.#elect();
  }

  opened(connection: PeerConnection): void {
    const loser = connection === this.#initiated ? this.#electing : undefined;
    if (connection === this.#initiated) this.#initiated = undefined;
    this.#electing = undefined;
    this.#active = connection;
    this.#attempts = 0;
    this.#stopRetry();
    loser?.disconnect('the election is lost');
    this.flush();
  }

  /** Sends what waits. */
  flush(): void {
    for (const request of [...this.#waiting]) {
      const { pending, host } = this.#owner;
      const active = this.#active;
      if (active?.usable !== true) return;
      this.#waiting.delete(request);
      if (pending.has(request)) host.kernel.causedBy(request.cause, () => this.#send(active, request));
    }
  }

  /**
   * A connection is gone. What was sent on it fails: its destination is this very peer, so that there is no alternate agent to
   * send it to, and nobody knows whether it was processed (RFC 6733 5.5.4).
   */
  ended(connection: PeerConnection, reason: string): void {
    const { pending } = this.#owner;
    const ours = connection === this.#initiated;
    if (ours) this.#initiated = undefined;
    if (connection === this.#electing) this.#electing = undefined;
    if (connection === this.#active) this.#active = undefined;
    pending.endAll(
      describeResult(ResultCode.DIAMETER_UNABLE_TO_DELIVER, reason),
      (request) => request.connection === connection,
    );
    if (this.#electing !== undefined && this.#initiated === undefined) this.#electing.accept();
    else if (ours) this.#attemptFailed(reason);
    else if (this.#active === undefined) this.#reconnect(reason);
  }

  /** Sends no more and connects no more. */
  close(): void {
    this.#stopRetry();
    this.#waiting.clear();
  }

  #send(connection: PeerConnection, request: PendingRequest): void {
    const { applicationId } = request.message;
    if (connection.serves(applicationId)) {
      request.connection = connection;
      connection.send(request.message);
      return;
    }
    const why = `${this.identity} does not have application ${applicationId}`;
    const error = describeResult(ResultCode.DIAMETER_APPLICATION_UNSUPPORTED, why);
    this.#owner.host.schedule(0, () => this.#owner.pending.end(request, { error }));
  }

  #connect(): void {
    this.#stopRetry();
    if (this.#initiated !== undefined || this.#electing !== undefined || this.address === undefined) return;
    this.#initiated = this.#owner.connect(this.address, this.identity);
  }

  /** RFC 6733 5.6.4: the greater name keeps the connection that it accepted. */
  #elect(): void {
    const accepted = this.#electing;
    if (accepted === undefined || identityKey(this.#owner.localHost) <= identityKey(this.identity)) return;
    const initiated = this.#initiated;
    this.#initiated = undefined;
    accepted.accept();
    initiated?.disconnect('the election is won by the other connection');
  }

  #reconnect(reason: string): void {
    if (this.#waitingNow().length === 0) return;
    if (this.address === undefined) this.#failWaiting(reason, () => true);
    else this.#connect();
  }

  /** Requests whose time allows it wait for another attempt after Tc (RFC 6733 2.1), the others fail now. */
  #attemptFailed(reason: string): void {
    this.#attempts++;
    const { host, tcUs } = this.#owner;
    const nextUs = host.kernel.now + tcUs;
    const last = this.#attempts >= MOST_ATTEMPTS;
    this.#failWaiting(reason, ({ deadlineUs }) => last || deadlineUs <= nextUs);
    const idle = this.#active === undefined && this.#initiated === undefined && this.#retry === undefined;
    if (idle && this.#waitingNow().length > 0) {
      this.#retry = host.schedule(tcUs, () => {
        this.#retry = undefined;
        if (this.#waitingNow().length > 0) this.#connect();
      });
    }
  }

  #failWaiting(reason: string, which: (request: PendingRequest) => boolean): void {
    const error = describeResult(ResultCode.DIAMETER_UNABLE_TO_DELIVER, reason);
    for (const request of this.#waitingNow().filter(which)) {
      this.#waiting.delete(request);
      this.#owner.pending.end(request, { error });
    }
  }

  #waitingNow(): PendingRequest[] {
    for (const request of this.#waiting) if (!this.#owner.pending.has(request)) this.#waiting.delete(request);
    return [...this.#waiting];
  }

  #stopRetry(): void {
    if (this.#retry !== undefined) this.#owner.host.cancel(this.#retry);
    this.#retry = undefined;
  }
}
