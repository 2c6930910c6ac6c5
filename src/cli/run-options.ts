import { readFileSync } from 'node:fs';
import type { Scenario, Settings } from '../explore/index.js';
import { type ChoiceSource, listChoices, parseTape, seededChoices, tapeChoices } from '../kernel/index.js';
import { nearest } from './nearest.js';
import { UsageError } from './usage-error.js';

/** Finds a scenario by name. */
export function findScenario(name: string, scenarios: readonly Scenario[]): Scenario {
  const scenario = scenarios.find((one) => one.name === name);
  if (scenario !== undefined) return scenario;
  const closest = nearest(
    name,
    scenarios.map((one) => one.name),
  );
  throw new UsageError(
    `there is no scenario '${name}'`,
    `did you mean '${closest}'? 'imslab list' shows all`,
  );
}

/** Reads `--seed`. */
export function parseSeed(text: string): number {
  const seed = Number(text);
  if (text.trim() !== '' && Number.isSafeInteger(seed)) return seed;
  throw new UsageError(`--seed ${text} is not a whole number`, 'use for example --seed 7');
}

/**
 * The choices of a run from `--tape` and `--fault`.
 *
 * @param tape a list of numbers (`0,0,1`), entries (`wic>ep-cscf#3=drop`), or `@file` with either
 * @param faults single entries
 */
export function parseChoices(
  seed: number,
  tape: string | undefined,
  faults: readonly string[],
): ChoiceSource {
  let source = seededChoices(seed);
  if (tape !== undefined) {
    const text = fromFile(tape, '--tape');
    const numbers = /^\s*\[?[\d\s,]*\]?\s*$/.test(text) ? (text.match(/\d+/g) ?? []).map(Number) : undefined;
    source = numbers === undefined ? entries(text, '--tape', source) : listChoices(numbers, source);
  }
  return faults.length === 0 ? source : entries(faults.join(','), '--fault', source);
}

function entries(text: string, option: string, otherwise: ChoiceSource): ChoiceSource {
  const tape = parseTape(text);
  if (typeof tape !== 'string') return tapeChoices(tape, otherwise);
  throw new UsageError(`${option}: ${tape}`, `write for example ${option} 'wic>ep-cscf#3=drop'`);
}

/** Reads `--set entity.option=value`, with `@file` for a value that stands in a file. */
export function parseSettings(written: readonly string[], scenario: Scenario): Settings {
  const { options } = scenario.topology;
  const settings: Record<string, Record<string, unknown>> = {};
  for (const text of written) {
    const match = /^([^.=]+)\.([^=]+)=([\s\S]*)$/.exec(text);
    if (match === null) {
      throw new UsageError(
        `--set ${text} is not of the form entity.option=value`,
        'use for example --set wic.bearerProfile=rfc8898',
      );
    }
    const [, entity, name, value] = match as unknown as [string, string, string, string];
    const ofEntity = options[entity];
    if (ofEntity === undefined) {
      throw new UsageError(
        `--set ${text}: there is no entity '${entity}'`,
        `did you mean '${nearest(entity, Object.keys(options))}'? the entities are ${Object.keys(options).join(', ')}`,
      );
    }
    const option = ofEntity[name];
    if (option === undefined) {
      throw new UsageError(
        `--set ${text}: ${entity} has no option '${name}'`,
        `did you mean '${nearest(name, Object.keys(ofEntity))}'? ${entity} has ${Object.keys(ofEntity).join(', ') || 'none'}`,
      );
    }
    const parsed = option.parse(fromFile(value, `--set ${entity}.${name}`));
    if ('error' in parsed) throw new UsageError(`--set ${entity}.${name}: ${parsed.error}`, option.summary);
    settings[entity] = { ...settings[entity], [name]: parsed.value };
  }
  return settings;
}

function fromFile(value: string, option: string): string {
  if (!value.startsWith('@')) return value;
  try {
    return readFileSync(value.slice(1), 'utf8');
  } catch {
    throw new UsageError(
      `${option}: cannot read ${value.slice(1)}`,
      'give the path of an existing file after @',
    );
  }
}
