import { sha256 } from '@noble/hashes/sha2.js';
import { bytesToHex } from '@noble/hashes/utils.js';
import { serializeTrace } from './ndjson.js';
import type { Trace } from './trace.js';

/**
 * SHA-256 of the serialised trace in hexadecimal: two runs are the same run when this is the same.
 *
 * @example
 * ```ts
 * import { findScenario, hashTrace, runScenario } from 'imslab';
 *
 * const hash = () => {
 *   const { trace } = runScenario(findScenario('registration/deregistration'), { seed: 3 });
 *   return trace && hashTrace(trace);
 * };
 * console.log(hash() === hash()); // => true
 * ```
 */
export function hashTrace(trace: Trace): string {
  return bytesToHex(sha256(new TextEncoder().encode(serializeTrace(trace))));
}
