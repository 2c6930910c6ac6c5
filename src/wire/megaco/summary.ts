import type { Action, ErrorDescriptor, MegacoMessage, Transaction } from './message.js';

/**
 * A message in one line.
 *
 * @example `Transaction 9998 C=$ Add ip/access/$, Add ip/core/$`, `Reply 9998 C=1 Add ip/access/1`, `Reply 50 Error 430`
 */
export function megacoSummary(message: MegacoMessage): string {
  if (message.error !== undefined) return summarizeError(message.error);
  return message.transactions.map(summarizeTransaction).join('; ');
}

function summarizeTransaction(transaction: Transaction): string {
  if (transaction.kind === 'TransactionResponseAck') {
    const ids = transaction.ranges.map(({ first, last }) =>
      first === last ? `${first}` : `${first}-${last}`,
    );
    return `${transaction.kind} ${ids.join(', ')}`;
  }
  const parts = [`${transaction.kind} ${transaction.id}`];
  if (transaction.kind !== 'Pending') parts.push(...transaction.actions.map(summarizeAction));
  if (transaction.kind === 'Reply' && transaction.error !== undefined)
    parts.push(summarizeError(transaction.error));
  return parts.join(' ');
}

function summarizeAction(action: Action): string {
  const items = action.commands.map((command) => {
    let text = `${command.name} ${command.terminationId}`;
    for (const descriptor of command.descriptors) {
      if (descriptor.kind === 'Error') text += ` ${summarizeError(descriptor)}`;
      if (descriptor.kind === 'ObservedEvents') {
        for (const event of descriptor.events) text += ` ${event.name}`;
      }
      if (descriptor.kind === 'Services' && descriptor.method !== undefined) text += ` ${descriptor.method}`;
    }
    return text;
  });
  if (action.error !== undefined) items.push(summarizeError(action.error));
  return items.length === 0 ? `C=${action.context}` : `C=${action.context} ${items.join(', ')}`;
}

function summarizeError(error: ErrorDescriptor): string {
  return `Error ${error.code}`;
}
