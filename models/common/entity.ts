import type { Host } from '../../src/network/index.js';

/** A functional entity: its machines and sockets on one host. */
export interface Entity {
  readonly host: Host;
  /** What is still there and should be gone when no call, registration or transaction is under way, a line each. */
  leftovers(): readonly string[];
  /** Stops serving: closes what the entity opened and stops its timers. */
  close(): void;
}
