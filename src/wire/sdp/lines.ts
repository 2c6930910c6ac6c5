import type { Section } from './description.js';

/** A line of a section: its key in an order (`?` for a line without a field of its own), its type and its text. */
export interface Line {
  readonly key: string;
  readonly type: string;
  readonly value: string;
}

// RFC 8866 9. r= and z= stand with the t= they belong to, k= before the attributes, a type nobody knows last.
const ranks: Readonly<Record<string, number>> = {
  v: 0,
  o: 1,
  s: 2,
  i: 3,
  u: 4,
  e: 5,
  p: 6,
  c: 7,
  b: 8,
  t: 9,
  r: 9,
  z: 9,
  k: 10,
  a: 11,
};

/** The place of a line type in RFC 8866 9; the same at session level and in a media description. */
export function rankOf(type: string): number {
  return ranks[type] ?? 12;
}

/** The lines of a section, other lines last; `first` are those that only one kind of section has. */
export function linesOf(section: Section, first: readonly Line[]): Line[] {
  const lines = [...first];
  if (section.connection !== undefined) {
    const { netType, addrType, address } = section.connection;
    lines.push({ key: 'c', type: 'c', value: `${netType} ${addrType} ${address}` });
  }
  for (const { type, value } of section.bandwidth)
    lines.push({ key: 'b', type: 'b', value: `${type}:${value}` });
  for (const { name, value } of section.attributes) {
    lines.push({ key: 'a', type: 'a', value: value === undefined ? name : `${name}:${value}` });
  }
  for (const { type, value } of section.otherLines) lines.push({ key: '?', type, value });
  return lines;
}

/** The lines in the order of RFC 8866 9. */
export function canonical(lines: readonly Line[]): readonly Line[] {
  return [...lines].sort((a, b) => rankOf(a.type) - rankOf(b.type));
}

/** The keys of lines, one after the other: the form of {@link Section.order}. */
export function keysOf(lines: readonly Line[]): string {
  let keys = '';
  for (const line of lines) keys += line.key;
  return keys;
}

/** The lines in the given order, or in that of RFC 8866 9 where there is none or it speaks of other lines. */
export function inOrder(lines: readonly Line[], order: string | undefined): readonly Line[] {
  if (order === undefined || order.length !== lines.length) return canonical(lines);
  const queues = new Map<string, Line[]>();
  for (const line of lines) {
    const queue = queues.get(line.key);
    if (queue === undefined) queues.set(line.key, [line]);
    else queue.push(line);
  }
  const taken = new Map<string, number>();
  const result: Line[] = [];
  for (const key of order) {
    const index = taken.get(key) ?? 0;
    const line = queues.get(key)?.[index];
    if (line === undefined) return canonical(lines);
    taken.set(key, index + 1);
    result.push(line);
  }
  return result;
}
