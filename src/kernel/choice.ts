import { RandomStream } from './random.js';

/** A place in a run at which it could go one way or another. Option 0 is always the benign one. */
export interface ChoicePoint {
  /** What is being decided, such as a link's name. */
  readonly name: string;
  /** How many choices of this name came before, from 0. */
  readonly index: number;
  readonly options: readonly string[];
  /** How likely each option is by configuration; absent means that only option 0 happens by itself. */
  readonly weights?: readonly number[];
}

/** Answers choices with the number of an option. */
export interface ChoiceSource {
  choose(point: ChoicePoint): number;
}

/** One decision, addressed by name and index so that removing it moves no other. */
export interface TapeEntry {
  readonly point: string;
  readonly index: number;
  readonly choice: number | string;
}

/** Everything in a run that did not go the benign way. */
export type Tape = readonly TapeEntry[];

/** Draws by the configured weights from a stream of the seed; takes option 0 where there are none. */
export function seededChoices(seed: number): ChoiceSource {
  const streams = new Map<string, RandomStream>();
  return {
    choose({ name, weights }) {
      if (weights === undefined) return 0;
      let stream = streams.get(name);
      if (stream === undefined) streams.set(name, (stream = new RandomStream(seed, `choice ${name}`)));
      return pick(weights, stream.uniform());
    },
  };
}

function pick(weights: readonly number[], uniform: number): number {
  let left = uniform * weights.reduce((sum, weight) => sum + weight, 0);
  for (let option = 0; option < weights.length; option++) {
    left -= weights[option] as number;
    if (left < 0) return option;
  }
  return 0;
}

/**
 * Takes the choices of a tape where it has an entry and asks `otherwise` elsewhere. An entry whose option the point does not
 * have counts as the benign one.
 *
 * @example
 * ```ts
 * import { findScenario, formatTape, runScenario, seededChoices, tapeChoices } from 'imslab';
 *
 * const lost = [{ point: 'ue>p-cscf', index: 0, choice: 'drop' }];
 * const choices = tapeChoices(lost, seededChoices(1));
 * const { tape } = runScenario(findScenario('call/wic-to-ims-ue'), { choices });
 * console.log(formatTape(tape)); // => ue>p-cscf#0=1
 * ```
 */
export function tapeChoices(tape: Tape, otherwise: ChoiceSource): ChoiceSource {
  const entries = new Map(tape.map((entry) => [`${entry.point}#${entry.index}`, entry.choice]));
  return {
    choose(point) {
      const choice = entries.get(`${point.name}#${point.index}`);
      if (choice === undefined) return otherwise.choose(point);
      const option = typeof choice === 'number' ? choice : point.options.indexOf(choice);
      return option >= 0 && option < point.options.length ? option : 0;
    },
  };
}

/**
 * Takes the numbers of a list in the order in which choices come up, each modulo the options there; asks
 * `otherwise` after its end.
 */
export function listChoices(list: readonly number[], otherwise: ChoiceSource): ChoiceSource {
  let next = 0;
  return {
    choose(point) {
      if (next >= list.length) return otherwise.choose(point);
      return (list[next++] as number) % point.options.length;
    },
  };
}

/** A tape as text, `wic>ep-cscf#17=drop,ep-cscf>s-cscf#3=2`, which {@link parseTape} reads. */
export function formatTape(tape: Tape): string {
  return tape.map(({ point, index, choice }) => `${point}#${index}=${choice}`).join(',');
}

/**
 * Reads what {@link formatTape} writes.
 *
 * @returns the tape, or a sentence that says which part is wrong and what was expected
 */
export function parseTape(text: string): Tape | string {
  const tape: TapeEntry[] = [];
  for (const part of text.split(',').filter((part) => part.trim() !== '')) {
    const match = /^\s*([^#]+)#(\d+)=([\w-]+)\s*$/.exec(part);
    if (match === null) return `'${part}' is not of the form point#index=choice`;
    const [, point, index, choice] = match as unknown as [string, string, string, string];
    tape.push({ point, index: Number(index), choice: /^\d+$/.test(choice) ? Number(choice) : choice });
  }
  return tape;
}
