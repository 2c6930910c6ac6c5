/** Results kept of one function; a power of two. Few, since what is kept holds on to the message it was cut from. */
const SLOTS = 256;

/**
 * A pure function of a text that keeps its latest results: along a call the same addresses, routes and lists come again
 * and again. Each text has one place, where the next one with that place replaces it. What the function returns is
 * shared, so it must not be changed.
 */
export function remembered<T>(compute: (text: string) => T): (text: string) => T {
  const texts = new Array<string | undefined>(SLOTS).fill(undefined);
  const results = new Array<T | undefined>(SLOTS).fill(undefined);
  return (text) => {
    const place = placeOf(text);
    if (texts[place] === text) return results[place] as T;
    const result = compute(text);
    texts[place] = text;
    results[place] = result;
    return result;
  };
}

/** Depends on the length and on some of the characters, more of them towards the end, where ports, tags and branches stand. */
function placeOf(text: string): number {
  const { length } = text;
  let hash = length;
  for (let back = 1; back <= length; back += 1 + (back >> 1))
    hash = (hash * 31 + text.charCodeAt(length - back)) | 0;
  return (hash ^ (hash >>> 15)) & (SLOTS - 1);
}
