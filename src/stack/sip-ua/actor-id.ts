import type { Host } from '../../network/index.js';

const numbers = new WeakMap<Host, Map<string, number>>();

/** A name for an actor that is unique on its host: `inviteClient/3`. */
export function actorId(host: Host, kind: string): string {
  let ofHost = numbers.get(host);
  if (ofHost === undefined) numbers.set(host, (ofHost = new Map()));
  const number = (ofHost.get(kind) ?? 0) + 1;
  ofHost.set(kind, number);
  return `${kind}/${number}`;
}
