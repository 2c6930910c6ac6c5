/** Seconds of processor time that `work` takes. */
export function cpuSeconds(work: () => void): number {
  const before = process.cpuUsage();
  work();
  const { user, system } = process.cpuUsage(before);
  return (user + system) / 1e6;
}

/**
 * How often a second `work` can be done on one core: it is warmed up, then repeated for about `seconds`, and the best of
 * three rounds counts, since other programs can only make it slower.
 *
 * @param amount what one call of `work` counts for
 */
export function rate(work: () => void, amount = 1, seconds = 1): number {
  let rounds = 1;
  for (;;) {
    const taken = wallSeconds(work, rounds);
    if (taken > seconds / 4) break;
    rounds = Math.max(rounds + 1, Math.ceil((rounds * seconds) / 3 / Math.max(taken, 1e-4)));
  }
  const taken = Math.min(wallSeconds(work, rounds), wallSeconds(work, rounds), wallSeconds(work, rounds));
  return (amount * rounds) / taken;
}

function wallSeconds(work: () => void, rounds: number): number {
  const before = process.hrtime.bigint();
  for (let i = 0; i < rounds; i++) work();
  return Number(process.hrtime.bigint() - before) / 1e9;
}

/** Bytes of memory that what `make` returns takes; needs `node --expose-gc`. */
export function retainedBytes(make: () => unknown): number {
  const before = settledBytes();
  const made = make();
  const after = settledBytes();
  keepAlive(made);
  return after - before;
}

function settledBytes(): number {
  const { gc } = globalThis as { gc?: () => void };
  if (gc === undefined) throw new Error('run with node --expose-gc');
  for (let i = 0; i < 4; i++) gc();
  const { heapUsed, external } = process.memoryUsage();
  return heapUsed + external;
}

let kept: unknown;

function keepAlive(value: unknown): void {
  kept = value;
  if (kept === undefined) throw new Error('nothing was made');
  kept = undefined;
}
