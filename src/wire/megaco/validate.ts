import type { Finding } from '../parsed.js';
import { parseMid } from './access.js';
import type { Action, Command, ContextId, Descriptor, MegacoMessage, Property } from './message.js';

/** A finding, with the error code owed (H.248.8) and where it belongs. */
export interface MegacoFinding extends Finding {
  readonly code: number;
  readonly transactionId?: number;
  readonly context?: ContextId;
}

type Report = (what: string, where: string, rule: string, code: number) => void;

const amm: readonly Descriptor['kind'][] = ['Media', 'Events', 'Signals', 'Audit', 'Raw'];
const audited: readonly Descriptor['kind'][] = [...amm, 'ObservedEvents', 'Statistics', 'Packages', 'Error'];

/** Descriptors a command may have in a request, and in a reply (H.248.1 B.2). */
const allowed: Readonly<Record<Command['name'], { request: readonly string[]; reply: readonly string[] }>> = {
  Add: { request: amm, reply: audited },
  Move: { request: amm, reply: audited },
  Modify: { request: amm, reply: audited },
  Subtract: { request: ['Audit'], reply: audited },
  AuditValue: { request: ['Audit'], reply: audited },
  AuditCapability: { request: ['Audit'], reply: audited },
  Notify: { request: ['ObservedEvents', 'Error'], reply: ['Error'] },
  ServiceChange: { request: ['Services'], reply: ['Services', 'Error'] },
};

/** What an action may say about its context besides commands, long and short (H.248.1 B.2, contextRequest). */
const contextItems: ReadonlySet<string> = new Set([
  ...[
    'topology',
    'tp',
    'priority',
    'pr',
    'emergency',
    'eg',
    'emergencyoff',
    'ego',
    'iepscall',
    'iepcall',
    'ieps',
  ],
  ...['contextattr', 'ct', 'contextlist', 'clt', 'contextaudit', 'ca', 'andlgc', 'orlgc'],
]);

/**
 * Judges a message: version, identifiers, which descriptors a command may and must have, what occurs twice
 * (H.248.1 7.1, 7.2, Annex B).
 *
 * @returns the findings, none for a correct message
 */
export function validateMegaco(message: MegacoMessage): MegacoFinding[] {
  const findings: MegacoFinding[] = [];
  const report: Report = (what, where, rule, code) => findings.push({ what, where, rule, code });
  if (message.version < 1 || message.version > 3) {
    report(`version ${message.version} is not 1 to 3`, 'version', 'H.248.1 8.3', 406);
  }
  const mid = parseMid(message.mid);
  if (mid.kind !== 'device' && mid.port !== undefined && mid.port > 0xffff) {
    report(`port ${mid.port} is too large`, 'mId', 'H.248.1 B.2', 400);
  }
  for (const transaction of message.transactions) {
    if (transaction.kind !== 'Transaction' && transaction.kind !== 'Reply') continue;
    const { id } = transaction;
    const at = (context?: ContextId): Report => {
      return (what, where, rule, code) =>
        findings.push({
          what,
          where,
          rule,
          code,
          transactionId: id,
          ...(context === undefined ? {} : { context }),
        });
    };
    const request = transaction.kind === 'Transaction';
    if (id === 0)
      at()('transaction id 0 stands for all transactions', transaction.kind, 'H.248.1 8.2.1', 403);
    if (request && transaction.actions.length === 0) at()('no action', 'Transaction', 'H.248.1 B.2', 403);
    for (const action of transaction.actions) validateAction(action, request, at(action.context));
  }
  return findings;
}

function validateAction(action: Action, request: boolean, report: Report): void {
  const { context, commands } = action;
  if (typeof context === 'number' && (context === 0 || context >= 0xfffffffe)) {
    report(`context ${context} is reserved`, 'Context', 'H.248.1 B.2', 422);
  }
  if (action.priority !== undefined && action.priority > 15) {
    report(`priority ${action.priority} is above 15`, 'Priority', 'H.248.1 6.1.1', 449);
  }
  if (request && commands.length === 0 && action.contextItems.length === 0 && action.priority === undefined) {
    if (action.emergency === undefined) report('no command', 'Context', 'H.248.1 B.2', 422);
  }
  for (const item of action.contextItems) {
    const keyword = /^[^\s={]+/.exec(item)?.[0].toLowerCase() ?? '';
    if (!contextItems.has(keyword))
      report(`unknown command or context property ${item}`, 'Context', 'H.248.1 B.2', 443);
  }
  for (const command of commands) {
    if (request && context === '-' && command.name === 'Add') {
      report('Add to the null context', 'Add', 'H.248.1 7.2.1', 421);
    }
    if (!request && (context === '$' || command.terminationId.includes('$')) && !hasError(command, action)) {
      report('a reply leaves something to choose', command.name, 'H.248.1 7.2', 410);
    }
    validateCommand(command, request, report);
  }
}

function hasError(command: Command, action: Action): boolean {
  return action.error !== undefined || command.descriptors.some(({ kind }) => kind === 'Error');
}

function validateCommand(command: Command, request: boolean, report: Report): void {
  const { name, descriptors } = command;
  const legal = allowed[name][request ? 'request' : 'reply'];
  const seen = new Set<string>();
  for (const descriptor of descriptors) {
    const { kind } = descriptor;
    const where = `${name} ${kind}`;
    if (!legal.includes(kind)) {
      if (kind === 'Raw') report(`unknown descriptor in ${name}`, where, 'H.248.1 7.1', 444);
      else report(`${kind} is not legal in ${name}`, where, 'H.248.1 7.2', 447);
    }
    if (kind !== 'Raw' && seen.has(kind))
      report(`${kind} appears twice in ${name}`, where, 'H.248.1 B.2', 448);
    seen.add(kind);
    validateDescriptor(descriptor, request, where, report);
  }
  if (!request) return;
  if (name === 'Notify' && !seen.has('ObservedEvents')) {
    report('Notify without ObservedEvents', name, 'H.248.1 7.2.7', 442);
  }
  if (name === 'ServiceChange' && !seen.has('Services')) {
    report('ServiceChange without Services', name, 'H.248.1 7.2.8', 442);
  }
  if ((name === 'AuditValue' || name === 'AuditCapability') && !seen.has('Audit')) {
    report(`${name} without Audit`, name, 'H.248.1 7.2.5', 442);
  }
}

function validateDescriptor(descriptor: Descriptor, request: boolean, where: string, report: Report): void {
  if (descriptor.kind === 'Services' && request) {
    if (descriptor.method === undefined) report('no Method', where, 'H.248.1 7.2.8', 442);
    if (descriptor.reason === undefined) report('no Reason', where, 'H.248.1 7.2.8', 442);
    if (descriptor.address !== undefined && descriptor.mgcIdToTry !== undefined) {
      report('both an address and a controller to try', where, 'H.248.1 7.2.8', 442);
    }
  }
  if (descriptor.kind !== 'Media') return;
  const ids = new Set<number>();
  const numbered = descriptor.streams.some(({ id }) => id !== undefined);
  for (const stream of descriptor.streams) {
    if (stream.id === undefined && numbered) {
      report('stream parameters beside Stream', where, 'H.248.1 7.1.4', 442);
    }
    const id = stream.id ?? 1;
    if (stream.id !== undefined && ids.has(id))
      report(`stream ${id} appears twice`, where, 'H.248.1 7.1.4', 448);
    ids.add(id);
    twice(stream.localControl?.properties ?? [], `${where} LocalControl`, report);
  }
  twice(descriptor.terminationState?.properties ?? [], `${where} TerminationState`, report);
}

function twice(properties: readonly Property[], where: string, report: Report): void {
  const seen = new Set<string>();
  for (const { name } of properties) {
    const key = name.toLowerCase();
    if (seen.has(key)) report(`${name} appears twice`, where, 'H.248.1 7.1.7', 456);
    seen.add(key);
  }
}
