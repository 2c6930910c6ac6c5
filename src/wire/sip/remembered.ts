/** Results kept of one function: with up to as many of the generation before, some hundred kilobytes at most. */
const GENERATION = 512;

/**
 * A pure function of a text that keeps its latest results: along a call the same addresses, routes and lists come again
 * and again. What it returns is shared, so it must not be changed.
 */
export function remembered<T>(compute: (text: string) => T): (text: string) => T {
  let young = new Map<string, T>();
  let old = new Map<string, T>();
  return (text) => {
    const known = young.get(text);
    if (known !== undefined || young.has(text)) return known as T;
    const older = old.get(text);
    const result = older !== undefined || old.has(text) ? (older as T) : compute(text);
    if (young.size >= GENERATION) {
      old = young;
      young = new Map();
    }
    young.set(text, result);
    return result;
  };
}
