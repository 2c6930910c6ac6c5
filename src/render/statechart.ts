import type { AnyStateMachine, AnyStateNode } from 'xstate';

/**
 * A machine's statechart as a Mermaid `stateDiagram-v2`: states by their own names, transitions labelled with event, guard
 * and requirement ids.
 *
 * @example
 * ```ts
 * import { models, renderStatechart } from 'imslab';
 *
 * for (const machine of models.waf ?? []) console.log(renderStatechart(machine)); // => stateDiagram-v2
 * ```
 */
export function renderStatechart(machine: AnyStateMachine): string {
  const lines = ['stateDiagram-v2', `  %% ${machine.id}`];
  renderChildren(machine.root, lines, '  ');
  renderTransitions(machine.root, lines);
  return `${lines.join('\n')}\n`;
}

function renderChildren(node: AnyStateNode, lines: string[], indent: string): void {
  const children = Object.values(node.states);
  const initial = node.config.initial;
  for (const child of children) {
    const inner = Object.keys(child.states).length > 0;
    lines.push(`${indent}state "${label(child.key)}" as ${alias(child)}${inner ? ' {' : ''}`);
    if (inner) {
      renderChildren(child, lines, `${indent}  `);
      lines.push(`${indent}}`);
    }
  }
  if (typeof initial === 'string' && node.states[initial] !== undefined) {
    lines.push(`${indent}[*] --> ${alias(node.states[initial])}`);
  }
  for (const child of children) if (child.type === 'final') lines.push(`${indent}${alias(child)} --> [*]`);
}

function renderTransitions(node: AnyStateNode, lines: string[]): void {
  for (const [event, transitions] of node.transitions) {
    for (const transition of transitions) {
      const source = node.parent === undefined ? undefined : alias(node);
      const targets = transition.target ?? (source === undefined ? [] : [node]);
      const meta = transition.meta as { requirements?: readonly string[] } | undefined;
      const text = [eventName(event), guardName(transition.guard), ...(meta?.requirements ?? [])]
        .filter((part) => part !== '')
        .join(' ');
      const sources = source === undefined ? Object.values(node.states).map(alias) : [source];
      for (const from of sources) {
        for (const target of targets)
          lines.push(`  ${from} --> ${alias(target as AnyStateNode)}: ${label(text)}`);
      }
    }
  }
  for (const child of Object.values(node.states)) renderTransitions(child, lines);
}

/** `after` events carry a generated name; what a reader wants is the delay's. */
function eventName(event: string): string {
  const delay = /^xstate\.after\.([^.]+)/.exec(event)?.[1];
  return delay === undefined ? event : `after ${delay}`;
}

function guardName(guard: unknown): string {
  if (guard === undefined || guard === null) return '';
  const name = typeof guard === 'string' ? guard : (guard as { type?: unknown }).type;
  return typeof name === 'string' ? `[${name}]` : '[guard]';
}

function alias(node: AnyStateNode): string {
  return node.id.replace(/[^A-Za-z0-9]+/g, '_');
}

function label(text: string): string {
  return text.replace(/[;#"]/g, ' ');
}
