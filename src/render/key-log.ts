import type { Trace } from '../trace/index.js';

/**
 * The secrets in a trace as an NSS key log: a line a DTLS association, which is what Wireshark takes to decrypt the handshake. Both
 * ends of an association have the same line, which stands here once.
 *
 * @returns the text of the file, empty where there are no secrets
 */
export function renderKeyLog(trace: Trace): string {
  const lines = new Set<string>();
  for (const { body } of trace.events) if (body.kind === 'keys') lines.add(body.line);
  return [...lines].map((line) => `${line}\n`).join('');
}
