import type { Timer } from '../../kernel/index.js';
import type { Host } from '../../network/index.js';
import type { DiameterMessage } from '../../wire/diameter/index.js';
import type { PeerConnection } from './peer-connection.js';

/** How a request ended: with an answer, whatever its result, or with the reason why there is none. */
export interface DiameterOutcome {
  readonly answer?: DiameterMessage;
  readonly error?: string;
}

/** A request without an answer. */
export interface PendingRequest {
  readonly message: DiameterMessage;
  /** When it is given up, in microseconds of virtual time. */
  readonly deadlineUs: number;
  /** The trace event that asked for it. */
  readonly cause: number;
  /** Where it was sent; absent while it waits for a connection. */
  connection: PeerConnection | undefined;
}

interface Entry extends PendingRequest {
  readonly done: (result: DiameterOutcome) => void;
  readonly timer: Timer;
}

/** The requests of a node by hop-by-hop identifier (RFC 6733 5.5.4, 6.2.1): each ends once. */
export class PendingRequests {
  readonly #host: Host;
  readonly #entries = new Map<number, Entry>();

  constructor(host: Host) {
    this.#host = host;
  }

  get size(): number {
    return this.#entries.size;
  }

  /** Whether a request still waits. */
  has(request: PendingRequest): boolean {
    return this.#entries.get(request.message.hopByHop) === request;
  }

  /** @param timeoutMs how long it may wait, being sent included */
  add(message: DiameterMessage, timeoutMs: number, done: (result: DiameterOutcome) => void): PendingRequest {
    const { kernel } = this.#host;
    const deadlineUs = kernel.now + Math.round(timeoutMs * 1000);
    const timer = this.#host.schedule(timeoutMs * 1000, () =>
      this.end(entry, { error: `no answer in ${timeoutMs} ms` }),
    );
    const entry: Entry = { message, deadlineUs, cause: kernel.cause, connection: undefined, done, timer };
    this.#entries.set(message.hopByHop, entry);
    return entry;
  }

  /** The request that was sent on a connection with that identifier. */
  find(connection: PeerConnection, hopByHop: number): PendingRequest | undefined {
    const found = this.#entries.get(hopByHop);
    return found?.connection === connection ? found : undefined;
  }

  end(request: PendingRequest, result: DiameterOutcome): void {
    const entry = this.#entries.get(request.message.hopByHop);
    if (entry !== request) return;
    this.#entries.delete(request.message.hopByHop);
    this.#host.cancel(entry.timer);
    entry.done(result);
  }

  /** Ends all requests of which `which` is true. */
  endAll(error: string, which: (request: PendingRequest) => boolean = () => true): void {
    for (const entry of [...this.#entries.values()]) if (which(entry)) this.end(entry, { error });
  }
}
