import type { Host } from '../../network/index.js';
import type { Endpoint } from '../../trace/index.js';
import { answerBinding, isBinding, readStun } from './binding.js';
import type { Path } from './path.js';
import { StunListener } from './stun-listener.js';
import type { StunServerOptions } from './types.js';

/** A STUN server that tells clients where it sees them (RFC 8489 12). */
export class StunServer {
  readonly #host: Host;
  readonly #listener: StunListener;

  /** @throws Error when the host has no address in the realm, or the port is in use */
  constructor(host: Host, options: StunServerOptions) {
    this.#host = host;
    this.#listener = new StunListener(host, options, {
      onStun: (bytes, path) => this.#receive(bytes, path),
      onChannelData: () => {},
      onClosed: () => {},
    });
  }

  /** Where it takes requests, over UDP and TCP. */
  get local(): Endpoint {
    return this.#listener.local;
  }

  close(): void {
    this.#listener.close();
  }

  #receive(bytes: Uint8Array, path: Path): void {
    const message = readStun(bytes);
    if (typeof message === 'string') this.#host.reject('STUN', message);
    else if (message.class === 'request' && isBinding(message)) path.send(answerBinding(message, path));
  }
}
