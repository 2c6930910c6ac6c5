import type { Trace } from '../trace/index.js';
import { labelOf } from './arrow-label.js';
import { type Arrow, type Ladder, type LadderOptions, ladderOf, type Note } from './ladder.js';
import { cellsOf, fitCells, printable, wrapText } from './text-columns.js';
import { centred, gridOf, headOf, nameCells, put, type TextGrid } from './text-grid.js';

/** How a text ladder looks. */
export interface TextOptions extends LadderOptions {
  /** Most columns of a line, at least 60. Default 100. */
  readonly width?: number;
  /** Whether arrows are coloured by protocol with ANSI escape sequences. Default false. */
  readonly color?: boolean;
}

const LEAST_WIDTH = 60;

/** Rows after which the names of the lifelines are said again. */
const HEAD_EVERY = 40;

/** Cells of an arrow from lifeline to lifeline that its label cannot have: head, tail and two spaces. */
const AROUND_INLINE = 6;

/** SGR foreground colours that are legible on dark and on light, in order of a protocol's first use. */
const COLORS = [36, 33, 35, 32, 34, 96, 93, 95];
const RED = 31;
const BOLD = 1;
const DIM = 2;

/**
 * The trace as a ladder diagram for a terminal: time in milliseconds, a number for each arrow, a column for each
 * host. A label that does not fit into its arrow stands on the row above. Arrows ending in `x` were lost, dotted ones
 * are second deliveries, double ones stand for many packets. A run with more hosts than the width can hold becomes
 * a list of `from -> to: label`.
 *
 * @returns lines that each end in a newline, none longer than `width` columns
 *
 * @example
 * ```ts
 * import { findScenario, renderText, runScenario } from 'imslab';
 *
 * const { trace } = runScenario(findScenario('registration/web-authentication'));
 * if (trace !== undefined) console.log(renderText(trace, { lifelines: ['wic', 'ep-cscf'], width: 120 }));
 * ```
 */
export function renderText(trace: Trace, options: TextOptions = {}): string {
  return new TextRenderer(ladderOf(trace, options), options).render();
}

class TextRenderer {
  readonly #ladder: Ladder;
  readonly #grid: TextGrid;
  readonly #color: boolean;
  readonly #decimals: number;
  readonly #colors = new Map<string, number>();
  readonly #lines: string[] = [];
  #rowsSinceHead = 0;

  constructor(ladder: Ladder, options: TextOptions) {
    this.#ladder = ladder;
    this.#color = options.color === true;
    // Microseconds matter between few hosts; between many, columns are dearer.
    this.#decimals = ladder.lifelines.length > 6 || ladder.steps.every((step) => step.at % 100 === 0) ? 1 : 3;
    const timeColumns = Math.max(7, this.#time(ladder.endAt).length);
    this.#grid = gridOf(ladder, Math.max(LEAST_WIDTH, options.width ?? 100), timeColumns);
    ladder.protocols.forEach(({ protocol }, index) => {
      this.#colors.set(protocol, COLORS[index % COLORS.length] ?? BOLD);
    });
  }

  render(): string {
    const { title } = this.#ladder;
    if (title !== '') this.#lines.push(...this.#wrapped(printable(title)), '');
    const drawable = this.#grid.lifelines.length > 0;
    if (drawable) this.#head();
    for (const step of this.#ladder.steps) {
      if (drawable && this.#rowsSinceHead >= HEAD_EVERY) {
        this.#lines.push('');
        this.#head();
      }
      if (step.kind === 'note') this.#note(step);
      else if (!drawable) this.#listed(step);
      else this.#arrow(step);
    }
    this.#lines.push('', ...this.#legend());
    return `${this.#lines.join('\n')}\n`;
  }

  #head(): void {
    const label = 'ms'.padStart(this.#grid.timeColumns);
    for (const [index, line] of headOf(this.#ladder, this.#grid).entries()) {
      const text = index === 1 ? label + line.slice(label.length) : line;
      this.#lines.push(this.#color ? sgr(text, BOLD) : text);
    }
    this.#rowsSinceHead = 0;
  }

  /** Adds a row; `from` and `to` are the columns that take the colour. */
  #row(cells: readonly string[], color?: number, from = 0, to = cells.length): void {
    const end = Math.min(to, cells.length);
    const before = cells.slice(0, from).join('');
    const middle = cells.slice(from, end).join('');
    const after = cells.slice(end).join('');
    const painted =
      this.#color && color !== undefined ? before + sgr(middle, color) + after : before + middle + after;
    this.#lines.push(painted.trimEnd());
    this.#rowsSinceHead++;
  }

  #time(at: number): string {
    return (at / 1000).toFixed(this.#decimals);
  }

  /** A row of lifelines that begins with a time and, for an arrow, its number. */
  #start(at: number, number?: number): string[] {
    const row = [...this.#grid.bars];
    put(row, 0, this.#margin(at, number).split(''));
    return row;
  }

  #margin(at: number, number?: number): string {
    const { timeColumns, numberColumns } = this.#grid;
    return `${this.#time(at).padStart(timeColumns)} ${String(number ?? '').padStart(numberColumns)}`;
  }

  #arrow(arrow: Arrow): void {
    const label = printable(labelOf(arrow));
    const color = this.#colors.get(arrow.protocol);
    const from = this.#grid.lifelines[arrow.from] ?? 0;
    const to = this.#grid.lifelines[arrow.to] ?? 0;
    const room = Math.abs(to - from) - AROUND_INLINE;
    const columns = cellsOf(label).length;
    const inline = from !== to && columns <= room;
    let row = this.#start(arrow.at, arrow.number);
    if (!inline) {
      const cells = fitCells(label, this.#grid.width - this.#grid.left - 2);
      const column = Math.min(Math.min(from, to) + 2, this.#grid.width - cells.length - 1);
      put(row, column - 1, [' ', ...cells, ' '].slice(0, this.#grid.width - column + 1));
      this.#row(row, color, column, column + cells.length);
      row = [...this.#grid.bars];
    }
    if (from === to) {
      this.#loop(row, from, color);
      return;
    }
    const left = Math.min(from, to);
    const right = Math.max(from, to);
    put(row, left + 1, shaft(arrow, right - left - 1, to > from));
    if (inline) {
      const cells = cellsOf(label);
      const column = left + 2 + ((right - left - 3 - cells.length) >> 1);
      put(row, column - 1, [' ', ...cells, ' ']);
    }
    this.#row(row, color, left + 1, right);
  }

  /** A message of a host to itself, its label on the row above. */
  #loop(row: string[], column: number, color: number | undefined): void {
    put(row, column + 1, ['-', '-', '.']);
    this.#row(row, color, column + 1, column + 4);
    const second = [...this.#grid.bars];
    put(second, column + 1, ['<', '-', "'"]);
    this.#row(second, color, column + 1, column + 4);
  }

  #note(note: Note): void {
    const { width, left, lifelines } = this.#grid;
    const text = noteText(note, this.#ladder);
    const color = note.style === 'failure' ? RED : note.style === 'state' ? DIM : BOLD;
    const at = note.lifeline === undefined ? undefined : lifelines[note.lifeline];
    const centre = note.style === 'note' || note.style === 'state' ? at : undefined;
    const [open, close] = BRACKETS[note.style];
    const lines = wrapText(text, width - left - 6).map(cellsOf);
    const columns = Math.max(...lines.map((line) => line.length));
    const column = centre === undefined ? left : centred(columns + 6, centre, this.#grid) + 1;
    if (note.style === 'step' && this.#rowsSinceHead > 0) this.#row(this.#grid.bars);
    for (const [index, line] of lines.entries()) {
      const row = index === 0 ? this.#start(note.at) : [...this.#grid.bars];
      const padding = new Array<string>(columns - line.length).fill(' ');
      const cells = [...open, ' ', ...line, ...padding, ' ', ...close];
      put(row, column - 1, [' ', ...cells, ' '].slice(0, width - column + 1));
      this.#row(row, color, column, column + cells.length);
    }
  }

  /** An arrow where there are too many lifelines to draw. */
  #listed(arrow: Arrow): void {
    const { lifelines } = this.#ladder;
    const ends = `${lifelines[arrow.from]?.name} ${arrow.lost === undefined ? '->' : '-x'} ${lifelines[arrow.to]?.name}`;
    const margin = this.#margin(arrow.at, arrow.number);
    const cells = fitCells(printable(`${margin} ${ends}: ${labelOf(arrow)}`), this.#grid.width);
    this.#row(cells, this.#colors.get(arrow.protocol), margin.length + 1);
  }

  /** What the marks mean and what the run came to. */
  #legend(): string[] {
    const { protocols, steps, lifelines, endAt } = this.#ladder;
    const parts = protocols.map(({ protocol, arrows, packets, lost }) => {
      const grouped = packets === arrows ? '' : ' packets';
      return `${protocol} ${packets}${grouped}${lost === 0 ? '' : ` (${lost} lost)`}`;
    });
    const counted = parts.length === 0 ? 'No messages' : parts.join(', ');
    const lines = this.#wrapped(`${printable(counted)} in ${this.#time(endAt)} ms.`);
    const arrows = steps.filter((step) => step.kind === 'arrow');
    const marks: string[] = [];
    if (arrows.some((arrow) => arrow.lost !== undefined)) marks.push('---x lost');
    if (arrows.some((arrow) => arrow.duplicate)) marks.push('...> second delivery');
    if (arrows.some((arrow) => arrow.count > 1)) marks.push('===> many packets');
    if (marks.length > 0 && this.#grid.lifelines.length > 0) lines.push(marks.join('   '));
    const full = lifelines.map(({ name }, index) => {
      const short = this.#grid.names.length === 0 ? '' : nameCells(name, index, this.#grid).join('');
      return short === '' || short === printable(name) ? '' : `${short} is ${printable(name)}`;
    });
    const shortened = full.filter((text) => text !== '');
    if (shortened.length > 0) lines.push(...this.#wrapped(shortened.join(', ')));
    return lines;
  }

  #wrapped(text: string): string[] {
    return wrapText(text, this.#grid.width);
  }
}

const BRACKETS: Record<Note['style'], readonly [string, string]> = {
  step: ['==', '=='],
  phase: ['==', '=='],
  note: ['[', ']'],
  state: ['(', ')'],
  failure: ['!!', '!!'],
};

/** What a note says; failures name their host, since they stand at the margin. */
function noteText(note: Note, ladder: Ladder): string {
  const host = note.lifeline === undefined ? undefined : ladder.lifelines[note.lifeline]?.name;
  const who = note.style === 'failure' || note.style === 'step' ? host : undefined;
  return printable(who === undefined || note.text.startsWith(who) ? note.text : `${who}: ${note.text}`);
}

/** The cells between two lifelines. */
function shaft(arrow: Arrow, length: number, rightwards: boolean): string[] {
  const stroke = arrow.duplicate ? '.' : arrow.count > 1 ? '=' : '-';
  const cells = new Array<string>(length).fill(stroke);
  const end = rightwards ? length - 1 : 0;
  if (arrow.lost === undefined) cells[end] = rightwards ? '>' : '<';
  else {
    cells[end] = ' ';
    cells[rightwards ? end - 1 : end + 1] = 'x';
  }
  return cells;
}

function sgr(text: string, code: number): string {
  return `\x1b[${code}m${text}\x1b[0m`;
}
