import type { Host } from '../../network/index.js';

/** A name for an actor that is unique on its host: `inviteClient/3`. */
export function actorId(host: Host, kind: string): string {
  return `${kind}/${host.nextNumber(kind)}`;
}
