import { textOfCodes } from './encoding.js';

/**
 * Results of a pure function, kept for reuse. A result depends on its key alone, so a hit and a miss differ in
 * time only. The oldest entry goes when the memo is full.
 */
export class Memo<T> {
  readonly #capacity: number;
  readonly #entries = new Map<string, T>();

  /** @param capacity - the most entries kept, 1 or more. */
  constructor(capacity: number) {
    this.#capacity = capacity;
  }

  get size(): number {
    return this.#entries.size;
  }

  /** The kept result of that key, or what `compute` returns, which is then kept. */
  get(key: string, compute: () => T): T {
    const kept = this.#entries.get(key);
    if (kept !== undefined) return kept;
    const result = compute();
    if (this.#entries.size >= this.#capacity) {
      const oldest = this.#entries.keys().next();
      if (!oldest.done) this.#entries.delete(oldest.value);
    }
    this.#entries.set(key, result);
    return result;
  }
}

/** A key under which byte strings are told apart: one character a byte, each string with its length in front. */
export function memoKey(...parts: readonly Uint8Array[]): string {
  let key = '';
  for (const part of parts) key += `${part.length}:${textOfCodes(part)}`;
  return key;
}
