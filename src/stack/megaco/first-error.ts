import type { Action, ErrorDescriptor } from '../../wire/megaco/index.js';

/**
 * The first error in a reply: that of a command, or that of an action about a context or the command that was not obeyed
 * (H.248.1 8.2.2).
 *
 * @returns `undefined` when everything was done
 */
export function firstError(actions: readonly Action[]): ErrorDescriptor | undefined {
  for (const action of actions) {
    for (const command of action.commands) {
      for (const candidate of command.descriptors) if (candidate.kind === 'Error') return candidate;
    }
    if (action.error !== undefined) return action.error;
  }
  return undefined;
}
