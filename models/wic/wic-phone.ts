import type { ServerTransaction } from '../../src/stack/sip/index.js';

/** What makes calls over a WIC's user agent: the seam between registration and calls. */
export interface WicPhone {
  /** Calls that are not over. */
  readonly openCalls: number;
  /** An INVITE outside of dialogs. */
  onInvite(transaction: ServerTransaction): void;
  /** Any other request outside of dialogs but OPTIONS, such as MESSAGE. Without it they get 405. */
  onRequest?(transaction: ServerTransaction): void;
  /** Ends all calls, then calls `done`, at once or later (24371-6A.2-05). */
  endCalls(done: () => void): void;
  /** The WebSocket is gone. The WIC opens another and registers again with the same user agent, unless `onGone` follows. */
  onFlowLost?(): void;
  /** The user agent is about to go for good: whatever it still had has to be given up without a message. */
  onGone?(): void;
}
