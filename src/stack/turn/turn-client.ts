import type { Host } from '../../network/index.js';
import type { RelayAllocation, RelayGatherer } from '../ice/index.js';
import { ClientAllocation, type Refused } from './client-allocation.js';
import type { TurnClientOptions } from './types.js';

/** Client addresses to try if the server says that one is in use (RFC 8656 7.4, 437). */
const MOST_ADDRESSES = 3;

/** Gets relayed addresses from a TURN server, each by an allocation of its own (RFC 8656). */
export class TurnClient implements RelayGatherer {
  readonly server: string;
  readonly #host: Host;
  readonly #options: TurnClientOptions;
  /** Allocations that are asked for, and what to call then. */
  readonly #asked = new Map<ClientAllocation, (result: RelayAllocation | string) => void>();
  readonly #open = new Set<ClientAllocation>();

  constructor(host: Host, options: TurnClientOptions) {
    this.server = options.server.ip;
    this.#host = host;
    this.#options = options;
  }

  /** Allocations that are not given back yet, those under way included. */
  get openAllocations(): number {
    return this.#open.size;
  }

  allocate(done: (result: RelayAllocation | string) => void): void {
    this.#ask(done, 1);
  }

  /** Gives up what is asked for, and gives back what there is. */
  close(): void {
    const asked = [...this.#asked.values()];
    this.#asked.clear();
    for (const allocation of [...this.#open]) allocation.close();
    for (const done of asked) done('closed');
  }

  #ask(done: (result: RelayAllocation | string) => void, address: number): void {
    const allocation: ClientAllocation = new ClientAllocation(this.#host, this.#options, {
      onGranted: (granted) => this.#take(granted)?.(granted),
      onRefused: (refused) => this.#refused(allocation, refused, address),
      onClosed: (closed) => this.#open.delete(closed),
    });
    this.#open.add(allocation);
    this.#asked.set(allocation, done);
  }

  #take(allocation: ClientAllocation): ((result: RelayAllocation | string) => void) | undefined {
    const done = this.#asked.get(allocation);
    this.#asked.delete(allocation);
    return done;
  }

  #refused(allocation: ClientAllocation, { code, reason }: Refused, address: number): void {
    const done = this.#take(allocation);
    if (done === undefined) return;
    const another = this.#options.socket === undefined && address < MOST_ADDRESSES;
    if (code === 437 && another) this.#ask(done, address + 1);
    else done(reason);
  }
}
