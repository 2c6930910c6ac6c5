/** What a clock on the wall shows at virtual time 0, in seconds since 1970 (a Sunday in November 2026). */
export const EPOCH_S = 1_793_500_000;

/** The wall clock of the simulation in seconds since 1970, for tokens and certificates (RFC 7519 2). */
export function wallClockS(nowUs: number): number {
  return EPOCH_S + Math.floor(nowUs / 1_000_000);
}
