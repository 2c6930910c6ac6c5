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
 * @param warmUpS seconds for which it runs before, where the engine takes long to have compiled all of it
 */
export function rate(work: () => void, amount = 1, seconds = 1, warmUpS = 0): number {
  for (const end = performance.now() + 1000 * warmUpS; performance.now() < end; ) work();
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

/** Collections in a row after which nothing more is to be expected, and what a collection may free without counting. */
const IDLE_COLLECTIONS = 4;
const IDLE_BYTES = 50_000;

/** How long the engine's other threads get before each of them, in ms. */
const PAUSE_MS = 50;

/**
 * Bytes in use once garbage is gone. That takes a while: a thread that is compiling a function holds on to the objects it
 * compiles it for, which may be a whole run's.
 */
function settledBytes(): number {
  const { gc } = globalThis as { gc?: () => void };
  if (gc === undefined) throw new Error('run with node --expose-gc');
  let least = Number.POSITIVE_INFINITY;
  for (let idle = 0; idle < IDLE_COLLECTIONS; idle++) {
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, PAUSE_MS);
    gc();
    const { heapUsed, external } = process.memoryUsage();
    const bytes = heapUsed + external;
    if (bytes < least - IDLE_BYTES) idle = -1;
    least = Math.min(least, bytes);
  }
  return least;
}

let kept: unknown;

function keepAlive(value: unknown): void {
  kept = value;
  if (kept === undefined) throw new Error('nothing was made');
  kept = undefined;
}
