import { sha256 } from '@noble/hashes/sha2.js';
import { bytesToHex } from '@noble/hashes/utils.js';
import { serializeTrace } from './ndjson.js';
import type { Trace } from './trace.js';

/** SHA-256 of the serialised trace in hexadecimal: two runs are the same run when this is the same. */
export function hashTrace(trace: Trace): string {
  return bytesToHex(sha256(new TextEncoder().encode(serializeTrace(trace))));
}
