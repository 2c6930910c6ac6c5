import type { Host } from '../../network/index.js';
import type { Flow } from './flow.js';
import type { SipTimers } from './timers.js';

/** What transactions of either side need of the endpoint. */
export interface TransactionHome {
  readonly host: Host;
  nextActorId(kind: string): string;
  /** Runs something at this instant but after what is going on, unless the endpoint has been closed by then. */
  soon(run: () => void): void;
  timersOf(flow: Flow): SipTimers;
}
