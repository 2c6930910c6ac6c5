/** The three base values of the transaction timers, in milliseconds (RFC 3261 17.1.1.1, table 4). */
export interface SipTimers {
  readonly t1Ms: number;
  readonly t2Ms: number;
  readonly t4Ms: number;
}

/** Between nodes of the core (TS 24.229 table 7.7.1, RFC 3261 table 4). */
export const CORE_TIMERS: SipTimers = { t1Ms: 500, t2Ms: 4000, t4Ms: 5000 };

/** Between a UE and its P-CSCF (TS 24.229 table 7.7.1). */
export const ACCESS_TIMERS: SipTimers = { t1Ms: 2000, t2Ms: 16_000, t4Ms: 17_000 };

/** What every transaction machine starts from. */
export interface TransactionInput extends SipTimers {
  /** Whether the transport repeats what is lost; then timers A, E and G do not run and D, I, J and K are zero. */
  readonly reliable: boolean;
}

/** Context of the machines whose transaction repeats a message. */
export interface RetransmissionContext extends TransactionInput {
  /** What the timer of the next repetition (A, E or G) is set to, in milliseconds. */
  readonly intervalMs: number;
}

type Timed = { readonly context: TransactionInput };

/** Timers B, F, H, J, L and M (RFC 3261 table 4, RFC 6026 8.11). */
export function sixtyFourT1({ context }: Timed): number {
  return 64 * context.t1Ms;
}

/**
 * Timer D: at least 32 s, because the server's T1 is not known (RFC 6026 8.4); 64*T1 where this end's T1 is greater
 * (TS 24.229 table 7.7.1: more than 128 s at a UE).
 */
export function timerD({ context }: Timed): number {
  return Math.max(32_000, 64 * context.t1Ms);
}

/** Timers I and K (RFC 3261 table 4). */
export function t4({ context }: Timed): number {
  return context.t4Ms;
}

/** How long a user may think before INVITE is answered 100 for it (RFC 3261 17.2.1). */
export const TRYING_DELAY_MS = 200;
