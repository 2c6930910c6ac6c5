/**
 * A pair's priority, 2^32*MIN(G,D) + 2*MAX(G,D) + (G>D?1:0) (RFC 8445 6.1.2.3), in two numbers, since it has 64 bits: `high` counts
 * 2^32 and `low` is below that.
 */
export interface PairPriority {
  readonly high: number;
  readonly low: number;
}

/**
 * @param controlling priority of the candidate of the controlling agent, G
 * @param controlled that of the controlled agent, D
 */
export function pairPriority(controlling: number, controlled: number): PairPriority {
  const greater = controlling > controlled;
  return greater
    ? { high: controlled, low: 2 * controlling + 1 }
    : { high: controlling, low: 2 * controlled };
}

/** Negative where `a` comes first: the higher priority does. */
export function comparePriority(a: PairPriority, b: PairPriority): number {
  return b.high - a.high || b.low - a.low;
}
