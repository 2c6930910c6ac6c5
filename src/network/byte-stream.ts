import type { Endpoint } from '../trace/index.js';
import type { Host } from './host.js';

/**
 * Why a stream ended: `closed` by both ends in order, `refused` by a closed port, `unreachable` for want of a host
 * with that address, `reset` by the peer or the network, `timeout` after too many retransmissions, `aborted` by this
 * end, or a TLS failure.
 */
export type CloseReason =
  | 'closed'
  | 'refused'
  | 'unreachable'
  | 'reset'
  | 'timeout'
  | 'aborted'
  | `tls: ${string}`;

/** What a stream tells its user. */
export interface StreamHandler {
  /** The initiator's handshake is done. The accepting end of a TCP connection is open from the start. */
  onOpen?: (() => void) | undefined;
  /** Data waits for this handler, and the end of the stream behind the data. */
  onData?: ((data: Uint8Array) => void) | undefined;
  /** The peer has no more to send. Without this handler the stream closes itself then. */
  onEnd?: (() => void) | undefined;
  /** Called once, whatever the reason, this end's own `close` and `abort` included. */
  onClose?: ((reason: CloseReason) => void) | undefined;
}

/** A reliable ordered stream of bytes: a TCP connection, or TLS on top of one. */
export interface ByteStream extends StreamHandler {
  /** The same text at both ends, different for every stream of a run. */
  readonly id: string;
  readonly host: Host;
  readonly local: Endpoint;
  readonly remote: Endpoint;
  readonly secure: boolean;
  /** Whether this end opened the connection. */
  readonly initiator: boolean;
  readonly state: 'connecting' | 'open' | 'closing' | 'closed';
  /** Application bytes handed to `write` so far. */
  readonly written: number;
  /** Application bytes handed to `onData` so far, those of a running call included. */
  readonly received: number;
  /** Sends bytes, which must not change afterwards; before the stream is open they wait, after `close` they vanish. */
  write(data: Uint8Array): void;
  /** Sends what was written, then ends this direction; the stream is closed when the peer has done the same. */
  close(): void;
  /** Ends the stream at once. */
  abort(): void;
  /** Uses one object for all handlers, in place of the `on...` properties. */
  attach(handler: StreamHandler): void;
}

/**
 * The key that pairs a message on a stream with its receipt in the trace: both ends get the same text.
 *
 * @param direction what this end did with the message
 * @param end offset, in application bytes from the start of that direction, of the byte after the message
 */
export function messageKey(stream: ByteStream, direction: 'sent' | 'received', end: number): string {
  return `${stream.id} ${stream.initiator === (direction === 'sent') ? '>' : '<'} ${end}`;
}

interface Early {
  readonly data: Uint8Array;
  readonly cause: number;
}

class Callbacks implements StreamHandler {
  onOpen: StreamHandler['onOpen'];
  onData: StreamHandler['onData'];
  onEnd: StreamHandler['onEnd'];
  onClose: StreamHandler['onClose'];
}

/** What TCP and TLS streams share: their handlers, and the data that arrives before there is one for it. */
export abstract class StreamBase implements ByteStream {
  abstract readonly id: string;
  abstract readonly host: Host;
  abstract readonly local: Endpoint;
  abstract readonly remote: Endpoint;
  abstract readonly secure: boolean;
  abstract readonly initiator: boolean;
  state: ByteStream['state'] = 'connecting';
  written = 0;
  received = 0;
  #handler: StreamHandler | undefined;
  #early: Early[] | undefined;
  #ended = false;

  abstract write(data: Uint8Array): void;
  abstract close(): void;
  abstract abort(): void;

  attach(handler: StreamHandler): void {
    this.#handler = handler;
    // Later and not at once, so that nobody is called before the assignment that attached it has finished.
    if (this.#early !== undefined) this.host.kernel.schedule(0, this.host.name, () => this.#flush());
  }

  get onOpen(): StreamHandler['onOpen'] {
    return this.#handler?.onOpen;
  }
  set onOpen(callback: StreamHandler['onOpen']) {
    this.#callbacks().onOpen = callback;
  }

  get onData(): StreamHandler['onData'] {
    return this.#handler?.onData;
  }
  set onData(callback: StreamHandler['onData']) {
    const callbacks = this.#callbacks();
    callbacks.onData = callback;
    this.attach(callbacks);
  }

  get onEnd(): StreamHandler['onEnd'] {
    return this.#handler?.onEnd;
  }
  set onEnd(callback: StreamHandler['onEnd']) {
    this.#callbacks().onEnd = callback;
  }

  get onClose(): StreamHandler['onClose'] {
    return this.#handler?.onClose;
  }
  set onClose(callback: StreamHandler['onClose']) {
    this.#callbacks().onClose = callback;
  }

  protected announceOpen(): void {
    this.state = 'open';
    this.#handler?.onOpen?.();
  }

  protected announceData(data: Uint8Array): void {
    if (this.#early === undefined && this.#handler?.onData !== undefined) {
      this.#hand(data);
      return;
    }
    this.#early ??= [];
    this.#early.push({ data, cause: this.host.kernel.cause });
  }

  protected announceEnd(): void {
    if (this.#ended) return;
    this.#ended = true;
    if (this.#early === undefined) this.#end();
  }

  protected announceClose(reason: CloseReason): void {
    this.state = 'closed';
    this.#flush();
    this.#early = undefined;
    const handler = this.#handler;
    this.#handler = undefined;
    handler?.onClose?.(reason);
  }

  #hand(data: Uint8Array): void {
    this.received += data.length;
    this.#handler?.onData?.(data);
  }

  #callbacks(): Callbacks {
    if (!(this.#handler instanceof Callbacks)) this.#handler = new Callbacks();
    return this.#handler as Callbacks;
  }

  #flush(): void {
    const early = this.#early;
    if (early === undefined || this.#handler?.onData === undefined) return;
    for (let next = early.shift(); next !== undefined; next = early.shift()) {
      const { data, cause } = next;
      this.host.kernel.causedBy(cause, () => this.#hand(data));
    }
    this.#early = undefined;
    if (this.#ended) this.#end();
  }

  #end(): void {
    if (this.#handler?.onEnd !== undefined) this.#handler.onEnd();
    else this.close();
  }
}
