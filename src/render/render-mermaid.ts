import type { Trace } from '../trace/index.js';
import { labelOf } from './arrow-label.js';
import { type Arrow, type Ladder, type LadderOptions, type LadderStep, ladderOf } from './ladder.js';
import { printable } from './text-columns.js';

/** How a Mermaid diagram is written. */
export interface MermaidOptions extends LadderOptions {
  /** Most characters of the diagram, 2,000 to 50,000. Default 50,000, beyond which Mermaid refuses to draw. */
  readonly limit?: number;
}

const MOST_CHARACTERS = 50_000;
const LEAST_CHARACTERS = 2_000;

/** Characters of a label, name or note, before escaping. */
const MOST_LABEL = 100;
const MOST_NAME = 40;

/** The beginning of a run says more than its end. */
const HEAD_SHARE = 0.7;

/** Characters kept free for the header, and for the note and the number where something is left out. */
const RESERVE = 200;

/** Most characters of a line that sets the number of the next arrow. */
const NUMBER_LINE = 24;

/** A step, or several like ones in a row. */
interface Row {
  readonly step: LadderStep;
  readonly label: string;
  /** Whether its number does not follow the one before, because that arrow stood for several. */
  readonly jumps: boolean;
  times: number;
}

/**
 * The trace as the text of a Mermaid `sequenceDiagram`, always under 50,000 characters: like messages in a row become
 * one, and what is still too long loses its middle, with a note that says how many steps that was. Arrows keep the
 * numbers they have in the other renderings.
 *
 * @returns lines that each end in a newline, without a code fence
 *
 * @example
 * ```ts
 * import { findScenario, renderMermaid, runScenario } from 'imslab';
 *
 * const { trace } = runScenario(findScenario('registration/web-authentication'));
 * if (trace !== undefined) console.log(renderMermaid(trace)); // => sequenceDiagram
 * ```
 */
export function renderMermaid(trace: Trace, options: MermaidOptions = {}): string {
  const ladder = ladderOf(trace, options);
  const limit = Math.min(MOST_CHARACTERS, Math.max(LEAST_CHARACTERS, options.limit ?? MOST_CHARACTERS));
  const rows = grouped(ladder);
  const [head, tail] = windowed(ladder, rows, limit - RESERVE);
  const shown = [...rows.slice(0, head), ...rows.slice(tail)];
  const used = [...new Set(shown.flatMap(({ step }) => endsOf(step)))].sort((a, b) => a - b);
  const lines = ['sequenceDiagram', '  autonumber', ...used.map((index) => participantLine(ladder, index))];
  // A note needs a lifeline to stand over, even where nothing but the run itself has something to say.
  if (used.length === 0 && shown.length > 0) lines.push('  participant p0 as run');
  const over = used.length > 1 ? `p${used[0]},p${used.at(-1)}` : `p${used[0] ?? 0}`;
  let number = 1;
  for (const [index, row] of shown.entries()) {
    if (index === head) lines.push(leftOut(rows.slice(head, tail), over));
    if (row.step.kind === 'arrow') {
      if (row.step.number !== number) lines.push(`  autonumber ${row.step.number}`);
      number = row.step.number + 1;
    }
    lines.push(rowLine(row, over));
  }
  if (shown.length === head && tail > head) lines.push(leftOut(rows.slice(head, tail), over));
  return `${lines.join('\n')}\n`;
}

function leftOut(rows: readonly Row[], over: string): string {
  return `  Note over ${over}: ${rows.reduce((sum, { times }) => sum + times, 0)} steps left out`;
}

/** One row a step, except that like arrows that follow each other share one. */
function grouped(ladder: Ladder): Row[] {
  const rows: Row[] = [];
  let number = 1;
  for (const step of ladder.steps) {
    const label = step.kind === 'arrow' ? labelOf(step) : step.text;
    const last = rows.at(-1);
    if (last !== undefined && last.label === label && sameArrow(last.step, step)) {
      last.times++;
      continue;
    }
    const jumps = step.kind === 'arrow' && step.number !== number;
    if (step.kind === 'arrow') number = step.number + 1;
    rows.push({ step, label, jumps, times: 1 });
  }
  return rows;
}

function sameArrow(a: LadderStep, b: LadderStep): boolean {
  return a.kind === 'arrow' && b.kind === 'arrow' && a.from === b.from && a.to === b.to;
}

/** How many rows from the beginning fit, and from which on to the end; the same number when all do. */
function windowed(ladder: Ladder, rows: readonly Row[], budget: number): [number, number] {
  let known = new Set<number>();
  let spent = 0;
  /** Spends what a row costs, if no more than `most` is spent then. */
  const afford = (row: Row, most: number): boolean => {
    const ends = endsOf(row.step).filter((index) => !known.has(index));
    let cost = rowLine(row, 'p0000,p0000').length + 1 + (row.jumps ? NUMBER_LINE : 0);
    for (const index of ends) cost += participantLine(ladder, index).length + 1;
    if (spent + cost > most) return false;
    spent += cost;
    for (const index of ends) known.add(index);
    return true;
  };
  if (rows.every((row) => afford(row, budget))) return [rows.length, rows.length];
  known = new Set();
  spent = 0;
  const share = budget * HEAD_SHARE;
  const head = rows.findIndex((row) => !afford(row, share));
  const tail = rows.findLastIndex((row, index) => index < head || !afford(row, budget)) + 1;
  return [head, tail];
}

function endsOf(step: LadderStep): readonly number[] {
  if (step.kind === 'arrow') return [step.from, step.to];
  return step.lifeline === undefined ? [] : [step.lifeline];
}

function participantLine(ladder: Ladder, index: number): string {
  const { name = '', role = '' } = ladder.lifelines[index] ?? {};
  return `  participant p${index} as ${escaped(name, MOST_NAME)}${role === '' ? '' : `<br/>${escaped(role, MOST_NAME)}`}`;
}

function rowLine(row: Row, over: string): string {
  const { step } = row;
  if (step.kind === 'note') {
    const place = step.lifeline === undefined || step.style === 'step' ? over : `p${step.lifeline}`;
    return `  Note over ${place}: ${escaped(`${step.style === 'failure' ? 'FAILURE ' : ''}${row.label}`, 2 * MOST_LABEL)}`;
  }
  const times = row.times === 1 ? '' : ` x ${row.times}`;
  return `  p${step.from}${strokeOf(step)}p${step.to}: ${escaped(row.label, MOST_LABEL)}${times}`;
}

function strokeOf(arrow: Arrow): string {
  if (arrow.lost !== undefined) return '-x';
  return arrow.duplicate ? '-->>' : '->>';
}

/** All but these could end a statement, open a comment, a directive or a tag, or name an entity. */
const UNSAFE = /[^\p{L}\p{N} .,/@=+*'!?()_-]/gu;

/** Text as Mermaid takes it: shortened, unsafe characters as `#code;` entities, never empty. */
function escaped(raw: string, most: number): string {
  const chars = [...printable(raw).trim()];
  const short = chars.length <= most ? chars : [...chars.slice(0, most - 1), '…'];
  const safe = short.join('').replace(UNSAFE, (char) => `#${char.codePointAt(0)};`);
  return safe === '' ? '-' : safe;
}
