const encoder = new TextEncoder();
const decoder = new TextDecoder('utf-8', { ignoreBOM: true });

/** Shorter texts are copied by the engine itself (V8: 13 characters make a view or a rope). */
const SHORTEST_VIEW = 13;

/**
 * The same text in memory of its own, for what is kept for as long as a registration or a subscription lasts: a part of a
 * received message is a view on that message, and a text put together is a rope of its parts, all of which it would keep.
 */
export function ownText(text: string): string {
  return text.length < SHORTEST_VIEW ? text : decoder.decode(encoder.encode(text));
}
