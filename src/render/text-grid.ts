import { labelOf } from './arrow-label.js';
import type { Ladder } from './ladder.js';
import { cellsOf, fitCells, printable } from './text-columns.js';

/** Least distance of two lifelines at which arrows and names can still be told apart. */
const LEAST_GAP = 5;

/** Most distance worth having: beyond it the eye loses the line. */
const MOST_GAP = 40;

/** Cells of an arrow besides its label: two lifelines, head, two spaces and a dash at either end. */
const AROUND_LABEL = 7;

/** Columns kept free left of the first and right of the last lifeline. */
const LEAST_MARGIN = 3;

/** Where the columns of a text ladder stand. */
export interface TextGrid {
  readonly width: number;
  readonly timeColumns: number;
  readonly numberColumns: number;
  /** First column behind time and number. */
  readonly left: number;
  /** Column of each lifeline; empty when there are too many to draw. */
  readonly lifelines: readonly number[];
  /** Where the name of each lifeline may stand, from a column up to another, so that no two touch. */
  readonly names: readonly (readonly [from: number, to: number])[];
  /** A row with nothing but the lifelines. */
  readonly bars: readonly string[];
}

/** Spreads the lifelines over at most `width` columns, no wider than the labels need. */
export function gridOf(ladder: Ladder, width: number, timeColumns: number): TextGrid {
  const arrows = ladder.steps.filter((step) => step.kind === 'arrow');
  const numberColumns = String(arrows.length).length;
  const left = timeColumns + numberColumns + 2;
  const room = width - left;
  const count = ladder.lifelines.length;
  const spaces = Math.max(1, count - 1);
  let widest = 0;
  for (const { name, role } of ladder.lifelines) {
    widest = Math.max(widest, cellsOf(printable(name)).length, cellsOf(printable(role)).length);
  }
  let wanted = Math.max(widest + 2, 2 * LEAST_GAP);
  for (const arrow of arrows) {
    const span = Math.max(1, Math.abs(arrow.to - arrow.from));
    wanted = Math.max(wanted, Math.ceil((cellsOf(printable(labelOf(arrow))).length + AROUND_LABEL) / span));
  }
  const gap = Math.min(wanted, MOST_GAP, Math.floor((room - 1 - 2 * LEAST_MARGIN) / spaces));
  const drawable = count > 0 && gap >= LEAST_GAP;
  const slack = Math.floor((room - 1 - (count - 1) * gap) / 2);
  const margin = Math.min(slack, Math.max(LEAST_MARGIN, Math.ceil(Math.min(widest, gap - 1) / 2)));
  const lifelines = drawable ? ladder.lifelines.map((_, index) => left + margin + index * gap) : [];
  const bars = new Array<string>(width).fill(' ');
  for (const column of lifelines) bars[column] = '|';
  const before = (gap - 1) >> 1;
  const names = lifelines.map((column, index) => {
    const from = index === 0 ? left : column - before;
    return [from, index === count - 1 ? width : column - before + gap - 1] as const;
  });
  return { width, timeColumns, numberColumns, left, lifelines, names, bars };
}

/** A name or role shortened to the columns that its lifeline has for it. */
export function nameCells(text: string, lifeline: number, grid: TextGrid): string[] {
  const [from, to] = grid.names[lifeline] ?? [0, 0];
  return fitCells(printable(text), to - from);
}

/** The names of the lifelines on one line and their roles on the next. */
export function headOf(ladder: Ladder, grid: TextGrid): string[] {
  return (['name', 'role'] as const).map((field) => {
    const row = new Array<string>(grid.width).fill(' ');
    ladder.lifelines.forEach((lifeline, index) => {
      const [from, to] = grid.names[index] ?? [0, 0];
      const cells = nameCells(lifeline[field], index, grid);
      const centre = (grid.lifelines[index] ?? 0) - (cells.length >> 1);
      put(row, Math.max(from, Math.min(centre, to - cells.length)), cells);
    });
    return row.join('').trimEnd();
  });
}

/** First column of something centred on a column, moved so that it stays inside. */
export function centred(columns: number, on: number, grid: TextGrid): number {
  return Math.max(grid.left, Math.min(on - (columns >> 1), grid.width - columns));
}

/** Writes cells into a row. */
export function put(row: string[], column: number, cells: readonly string[]): void {
  for (let i = 0; i < cells.length; i++) row[column + i] = cells[i] ?? '';
}
