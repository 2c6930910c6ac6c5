import type { Endpoint } from '../../trace/index.js';
import type { IceBase, IceBaseHandler, RelayAllocation } from './types.js';

/** An address at a relay as a base: a relayed candidate is its own base (RFC 8445 5.1.1.2). */
export class RelayBase implements IceBase {
  readonly component: number;
  readonly type = 'relay';
  readonly transport = 'udp';
  readonly address: Endpoint;
  handler: IceBaseHandler | undefined;
  readonly #allocation: RelayAllocation;

  /** @param onLost called if the relay takes the address back */
  constructor(component: number, allocation: RelayAllocation, onLost: (reason: string) => void) {
    this.component = component;
    this.address = allocation.relayed;
    this.#allocation = allocation;
    allocation.onData = (bytes, peer) => this.handler?.onPacket(bytes, peer);
    allocation.onLost = onLost;
  }

  send(bytes: Uint8Array, to: Endpoint): void {
    this.#allocation.send(bytes, to);
  }

  close(): void {
    this.handler = undefined;
    this.#allocation.onData = undefined;
    this.#allocation.onLost = undefined;
    this.#allocation.close();
  }
}
