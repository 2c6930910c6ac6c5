import type { Trace } from '../trace/index.js';
import { fateOf, isInTls, summaryOf } from './arrow-label.js';
import { type Arrow, type Ladder, type LadderOptions, ladderOf, type Note } from './ladder.js';
import { colorClass, svgStyle } from './svg-style.js';
import { cellsOf, fitCells, printable, wrapText } from './text-columns.js';
import { xmlText } from './xml-text.js';

/** How an SVG diagram looks. */
export interface SvgOptions extends LadderOptions {
  /** Most pixels between two lifelines, at least 100. Default 250. */
  readonly gap?: number;
}

/** Pixels that a column of text takes at 12 px, a little generous. */
const COLUMN = 6.6;

const LEAST_GAP = 100;
const TIME_WIDTH = 96;
const HEAD_HEIGHT = 40;
const ARROW_HEIGHT = 32;
const LINE_HEIGHT = 16;

/** Rows after which the names of the lifelines are drawn again. */
const HEAD_EVERY = 40;

/** Most columns of a label and of a line of a note; tooltips hold the whole. */
const LABEL_COLUMNS = 72;
const NOTE_COLUMNS = 64;

/**
 * The trace as an SVG sequence diagram that follows the reader's light or dark theme. Tooltips hold each message's
 * times and text.
 *
 * @returns a document of one `svg` element, which may also stand inside an HTML page
 *
 * @example
 * ```ts
 * import { findScenario, renderSvg, runScenario } from 'imslab';
 *
 * const { trace } = runScenario(findScenario('registration/web-authentication'));
 * if (trace !== undefined) console.log(renderSvg(trace, { states: true }).startsWith('<svg')); // => true
 * ```
 */
export function renderSvg(trace: Trace, options: SvgOptions = {}): string {
  return new SvgRenderer(ladderOf(trace, options), Math.max(LEAST_GAP, options.gap ?? 250)).render();
}

class SvgRenderer {
  readonly #ladder: Ladder;
  readonly #gap: number;
  readonly #first: number;
  readonly #width: number;
  readonly #parts: string[] = [];
  /** Where lifelines begin and end: a stretch below every head. */
  readonly #stretches: [number, number][] = [];
  #y = 0;
  #rows = 0;

  constructor(ladder: Ladder, mostGap: number) {
    this.#ladder = ladder;
    this.#gap = gapOf(ladder, mostGap);
    const edge = Math.max(60, this.#gap / 2);
    this.#first = TIME_WIDTH + edge;
    const lifelines = Math.max(1, ladder.lifelines.length);
    this.#width = Math.ceil(Math.max(480, this.#first + (lifelines - 1) * this.#gap + edge));
  }

  render(): string {
    const { title, steps } = this.#ladder;
    this.#y = 12;
    if (title !== '') {
      this.#y += 20;
      this.#add(`<text class="heading" x="12" y="${this.#y - 4}">${xmlText(printable(title))}</text>`);
      this.#y += 8;
    }
    this.#head();
    for (const step of steps) {
      if (this.#rows >= HEAD_EVERY) this.#head();
      if (step.kind === 'arrow') this.#arrow(step);
      else this.#note(step);
      this.#rows++;
    }
    this.#y += 12;
    if (steps.length > 12) this.#head();
    this.#endStretch();
    this.#legend();
    const height = Math.ceil(this.#y + 12);
    const size = `viewBox="0 0 ${this.#width} ${height}" width="${this.#width}" height="${height}"`;
    return [
      `<svg xmlns="http://www.w3.org/2000/svg" class="imslab-ladder" role="img" ${size} style="max-width:100%;height:auto">`,
      `<title>${xmlText(printable(title === '' ? 'Sequence diagram' : title))}</title>`,
      `<style>\n${svgStyle()}\n</style>`,
      `<rect class="paper" width="${this.#width}" height="${height}"/>`,
      ...this.#lifelines(),
      ...this.#parts,
      '</svg>',
      '',
    ].join('\n');
  }

  #add(part: string): void {
    this.#parts.push(part);
  }

  #x(lifeline: number): number {
    return this.#first + lifeline * this.#gap;
  }

  #endStretch(): void {
    const last = this.#stretches.at(-1);
    if (last !== undefined) last[1] = this.#y;
  }

  #lifelines(): string[] {
    const paths = this.#ladder.lifelines.flatMap((_, index) =>
      this.#stretches
        .filter(([from, to]) => to > from + 4)
        .map(([from, to]) => `M${this.#x(index)} ${from}V${to}`),
    );
    return paths.length === 0 ? [] : [`<path class="lifeline" d="${paths.join('')}"/>`];
  }

  #head(): void {
    this.#endStretch();
    const width = this.#gap - 14;
    this.#add('<g class="head">');
    this.#ladder.lifelines.forEach(({ name, role }, index) => {
      const x = this.#x(index);
      const columns = Math.floor((width - 8) / (COLUMN + 0.6));
      const line = (of: string): string => xmlText(fitCells(printable(of), columns).join(''));
      this.#add(`<g><title>${xmlText(`${name} ${role}`.trim())}</title>`);
      this.#add(
        `<rect x="${x - width / 2}" y="${this.#y}" width="${width}" height="${HEAD_HEIGHT - 4}" rx="5"/>`,
      );
      const nameY = this.#y + (role === '' ? 22 : 15);
      this.#add(`<text class="name" x="${x}" y="${nameY}" text-anchor="middle">${line(name)}</text>`);
      if (role !== '') {
        this.#add(
          `<text class="role" x="${x}" y="${this.#y + 29}" text-anchor="middle">${line(role)}</text>`,
        );
      }
      this.#add('</g>');
    });
    this.#add('</g>');
    this.#y += HEAD_HEIGHT;
    this.#stretches.push([this.#y - 4, this.#y]);
    this.#rows = 0;
  }

  #time(at: number, y: number, number?: number): string {
    const count =
      number === undefined
        ? ''
        : `<text class="count" x="${TIME_WIDTH - 4}" y="${y}" text-anchor="end">${number}</text>`;
    return `<text class="time" x="62" y="${y}" text-anchor="end">${(at / 1000).toFixed(1)}</text>${count}`;
  }

  #arrow(arrow: Arrow): void {
    this.#y += ARROW_HEIGHT;
    const y = this.#y - 8;
    const from = this.#x(arrow.from);
    const to = this.#x(arrow.to);
    this.#add(`<g class="arrow ${colorClass(arrow.protocol)}">`);
    this.#add(`<title>${xmlText(this.#tooltip(arrow))}</title>`);
    this.#add(this.#time(arrow.at, y + 4, arrow.number));
    if (arrow.from === arrow.to) this.#loop(from, y, arrow);
    else this.#straight(from, to, y, arrow);
    this.#add(this.#label(arrow, Math.min(from, to), Math.max(from, to), y - 7));
    this.#add('</g>');
  }

  #straight(from: number, to: number, y: number, arrow: Arrow): void {
    const sign = to > from ? 1 : -1;
    const end = arrow.lost === undefined ? to - sign : to - 22 * sign;
    this.#add(`<path class="hit" d="M${from} ${y}H${to}"/>`);
    this.#add(strokes(from, end, y, arrow));
    if (arrow.lost === undefined)
      this.#add(`<path d="M${end - 8 * sign} ${y - 4.5}L${end} ${y}l${-8 * sign} 4.5"/>`);
    else this.#add(`<path class="lost" d="${cross(end + 5 * sign, y)}"/>`);
  }

  #loop(x: number, y: number, arrow: Arrow): void {
    this.#add(`<path${arrow.duplicate ? ' class="duplicate"' : ''} d="M${x} ${y}h26v12h-25"/>`);
    if (arrow.lost === undefined) this.#add(`<path d="M${x + 9} ${y + 7.5}l-8 4.5l8 4.5"/>`);
    else this.#add(`<path class="lost" d="${cross(x + 26, y + 6)}"/>`);
    this.#y += 12;
  }

  /** The label, centred over its arrow if it fits there, else from the left lifeline on. */
  #label(arrow: Arrow, left: number, right: number, y: number): string {
    const summary = printable(summaryOf(arrow));
    const { protocol } = arrow;
    const rest = summary.startsWith(`${protocol} `) ? summary.slice(protocol.length + 1) : summary;
    const fate = printable(fateOf(arrow));
    const secure = isInTls(arrow) ? ' TLS' : '';
    const fixed = cellsOf(printable(protocol) + secure + fate).length + 1;
    const shown = fitCells(rest, Math.max(12, LABEL_COLUMNS - fixed));
    const width = (fixed + shown.length) * COLUMN;
    let x = (left + right) / 2;
    let anchor = 'middle';
    if (width > right - left - 12) {
      const fits = left + 8 + width <= this.#width - 4;
      x = fits ? left + 8 : this.#width - 4;
      anchor = fits ? 'start' : 'end';
    }
    const parts = [
      `<tspan class="protocol">${xmlText(printable(protocol))}</tspan>`,
      shown.length === 0 ? '' : ` ${xmlText(shown.join(''))}`,
      secure === '' ? '' : `<tspan class="secure">${secure}</tspan>`,
      fate === '' ? '' : `<tspan class="fate">${xmlText(fate)}</tspan>`,
    ];
    return `<text class="label" x="${x}" y="${y}" text-anchor="${anchor}">${parts.join('')}</text>`;
  }

  #tooltip(arrow: Arrow): string {
    const { lifelines } = this.#ladder;
    const name = (index: number): string => lifelines[index]?.name ?? '';
    const times = [
      ...(arrow.sentAt === undefined ? [] : [`sent ${milliseconds(arrow.sentAt)}`]),
      ...(arrow.receivedAt === undefined ? [] : [`received ${milliseconds(arrow.receivedAt)}`]),
      ...(arrow.lost === undefined ? [] : [`lost: ${arrow.lost}`]),
    ];
    return [
      `${arrow.number}. ${name(arrow.from)} to ${name(arrow.to)}: ${arrow.protocol} ${arrow.summary}`,
      `${times.join(', ')} (${arrow.transport}, event ${arrow.event})`,
      ...(arrow.text === undefined ? [] : ['', arrow.text.replace(/\r\n/g, '\n')]),
    ].join('\n');
  }

  #note(note: Note): void {
    const failure = note.style === 'failure';
    const host = note.lifeline === undefined ? undefined : this.#ladder.lifelines[note.lifeline]?.name;
    const said = (failure || note.style === 'step') && host !== undefined && !note.text.startsWith(host);
    const lines = wrapText(printable(said ? `${host}: ${note.text}` : note.text), NOTE_COLUMNS);
    const wide = note.lifeline === undefined || note.style === 'step';
    const columns = Math.max(...lines.map((line) => cellsOf(line).length));
    const whole = this.#width - TIME_WIDTH - 16;
    const width = wide ? whole : Math.min(whole, columns * (failure ? COLUMN + 0.6 : COLUMN) + 20);
    const height = lines.length * LINE_HEIGHT + 8;
    const centre = note.lifeline === undefined ? 0 : this.#x(note.lifeline);
    const x = wide ? TIME_WIDTH + 8 : clamp(centre - width / 2, TIME_WIDTH + 8, this.#width - width - 8);
    const y = this.#y + 10;
    this.#add(
      `<g class="note ${note.style}"><title>${xmlText(`${note.style}, event ${note.event}`)}</title>`,
    );
    this.#add(
      `<rect x="${x}" y="${y}" width="${width}" height="${height}" rx="${note.style === 'state' ? 11 : 3}"/>`,
    );
    lines.forEach((line, index) => {
      const at = `x="${x + 10}" y="${y + 16 + index * LINE_HEIGHT}"`;
      this.#add(`<text ${at}>${xmlText(line)}</text>`);
    });
    this.#add('</g>');
    this.#add(this.#time(note.at, y + 16));
    this.#y = y + height;
  }

  /** What colours and strokes mean, with the count of messages. */
  #legend(): void {
    const { protocols, steps, endAt } = this.#ladder;
    const arrows = steps.filter((step) => step.kind === 'arrow');
    const entries = protocols.map(({ protocol, arrows: count, packets, lost }) => {
      const amount = packets === count ? `${count}` : `${packets} packets`;
      return {
        color: colorClass(protocol),
        style: '',
        text: `${protocol} ${amount}${lost === 0 ? '' : `, ${lost} lost`}`,
      };
    });
    const neutral = 'c5';
    if (arrows.some(({ lost }) => lost !== undefined))
      entries.push({ color: neutral, style: 'lost', text: 'lost' });
    if (arrows.some(({ duplicate }) => duplicate)) {
      entries.push({ color: neutral, style: 'duplicate', text: 'second delivery' });
    }
    if (arrows.some(({ count }) => count > 1))
      entries.push({ color: neutral, style: 'many', text: 'many packets' });
    this.#y += 26;
    this.#add('<g class="legend">');
    let x = 12;
    for (const { color, style, text } of entries) {
      const width = cellsOf(printable(text)).length * COLUMN + 46;
      if (x > 12 && x + width > this.#width - 8) {
        x = 12;
        this.#y += 20;
      }
      this.#add(`<g class="${color}">${swatch(x, this.#y - 4, style)}`);
      this.#add(`<text x="${x + 30}" y="${this.#y}">${xmlText(printable(text))}</text></g>`);
      x += width;
    }
    this.#y += 20;
    this.#add(
      `<text class="role" x="12" y="${this.#y}">${milliseconds(endAt)} in all; times in ms</text></g>`,
    );
  }
}

/** As near as the labels allow, so that most fit over their arrows. */
function gapOf(ladder: Ladder, most: number): number {
  let wanted = 0;
  for (const { name, role } of ladder.lifelines) {
    wanted = Math.max(wanted, cellsOf(printable(name)).length, cellsOf(printable(role)).length);
  }
  wanted = wanted * (COLUMN + 0.6) + 30;
  for (const step of ladder.steps) {
    if (step.kind !== 'arrow') continue;
    const columns =
      cellsOf(printable(step.protocol + summaryOf(step) + fateOf(step))).length + (isInTls(step) ? 5 : 1);
    const span = Math.max(1, Math.abs(step.to - step.from));
    wanted = Math.max(wanted, (Math.min(columns, LABEL_COLUMNS) * COLUMN + 24) / span);
  }
  return Math.round(clamp(wanted, LEAST_GAP, most));
}

/** The stroke of an arrow: single, dotted for a second delivery, double for many packets. */
function strokes(from: number, to: number, y: number, arrow: Arrow): string {
  if (arrow.count > 1) return `<path d="M${from} ${y - 1.8}H${to}M${from} ${y + 1.8}H${to}"/>`;
  return `<path${arrow.duplicate ? ' class="duplicate"' : ''} d="M${from} ${y}H${to}"/>`;
}

function swatch(x: number, y: number, style: string): string {
  if (style === 'lost') return `<path class="lost" d="${cross(x + 12, y)}"/>`;
  if (style === 'many') return `<path d="M${x} ${y - 1.8}h24M${x} ${y + 1.8}h24"/>`;
  return `<path${style === '' ? '' : ` class="${style}"`} d="M${x} ${y}h24"/>`;
}

function cross(x: number, y: number): string {
  return `M${x - 5} ${y - 5}l10 10M${x - 5} ${y + 5}l10 -10`;
}

function clamp(value: number, least: number, most: number): number {
  return Math.max(least, Math.min(value, most));
}

function milliseconds(at: number): string {
  return `${(at / 1000).toFixed(3)} ms`;
}
