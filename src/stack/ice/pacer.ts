import type { Host } from '../../network/index.js';

/** The least time between transactions of all agents of a host (RFC 8445 14.2). */
const LEAST_GAP_US = 5_000;

/** Keeps all agents of a host together from starting STUN transactions more often than every 5 ms (RFC 8445 14.2). */
interface Pacer {
  /** Microseconds of virtual time from which the next transaction may begin. */
  next: number;
}

const pacers = new WeakMap<Host, Pacer>();

/**
 * Books a place for a transaction that could begin now.
 *
 * @returns when it may begin, in microseconds of virtual time: now, or later if other agents of the host are at it
 */
export function reserveSlot(host: Host): number {
  let pacer = pacers.get(host);
  if (pacer === undefined) pacers.set(host, (pacer = { next: 0 }));
  const at = Math.max(host.kernel.now, pacer.next);
  pacer.next = at + LEAST_GAP_US;
  return at;
}
