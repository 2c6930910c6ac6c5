import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { models } from '../../models/index.js';
import { scenarios } from '../../scenarios/index.js';
import { Coverage, type RunResult, runScenario, type Scenario } from '../explore/index.js';
import { formatTape } from '../kernel/index.js';
import {
  renderKeyLog,
  renderMermaid,
  renderPcapng,
  renderStatechart,
  renderSvg,
  renderText,
} from '../render/index.js';
import {
  isRequirementId,
  nearestRequirement,
  type Requirement,
  requirement,
  requirements,
  requirementsOfClause,
} from '../spec/index.js';
import { hashTrace, serializeTrace, type Trace } from '../trace/index.js';
import { nearest } from './nearest.js';
import { findScenario, parseChoices, parseSeed, parseSettings } from './run-options.js';
import { UsageError } from './usage-error.js';

/** Where a command writes to: standard output, with or without colours. */
export interface Output {
  write(text: string): void;
  readonly color: boolean;
}

const FORMATS = ['text', 'mermaid', 'svg', 'pcapng', 'ndjson'] as const;
type Format = (typeof FORMATS)[number];

const SUFFIX: Readonly<Record<Format, string>> = {
  text: 'txt',
  mermaid: 'mmd',
  svg: 'svg',
  pcapng: 'pcapng',
  ndjson: 'ndjson',
};

/** `imslab list`: the scenarios by name with their titles. */
export function list(output: Output, options: { readonly json?: boolean }): number {
  if (options.json === true) {
    const rows = scenarios.map(({ name, title, clauses, description }) => ({
      name,
      title,
      clauses,
      description,
    }));
    output.write(`${JSON.stringify(rows, null, 2)}\n`);
    return 0;
  }
  const width = Math.max(...scenarios.map(({ name }) => name.length));
  for (const { name, title, clauses } of scenarios) {
    output.write(`${name.padEnd(width)}  ${title} (${clauses.join(', ')})\n`);
  }
  return 0;
}

/** The options of `imslab run` as written. */
export interface RunCommandOptions {
  readonly seed: string;
  readonly tape?: string;
  readonly fault: readonly string[];
  readonly set: readonly string[];
  readonly format: string;
  readonly out?: string;
  readonly hash?: boolean;
  readonly json?: boolean;
  readonly states?: boolean;
  readonly settling?: boolean;
  readonly keylog?: boolean;
}

/** `imslab run`: runs a scenario and shows it. */
export function run(output: Output, name: string, options: RunCommandOptions): number {
  const scenario = findScenario(name, scenarios);
  const seed = parseSeed(options.seed);
  const formats = parseFormats(options.format);
  const choices = parseChoices(seed, options.tape, options.fault);
  const result = runScenario(scenario, { seed, choices, settings: parseSettings(options.set, scenario) });
  const trace = result.trace as Trace;
  if (options.hash === true) {
    output.write(`${hashTrace(trace)}\n`);
    return exitCode(result);
  }
  const files = writeFiles(scenario, trace, formats, options.out);
  if (options.keylog === true) files.push(writeKeyLog(scenario, trace, options.out));
  if (options.json === true) {
    output.write(`${JSON.stringify(summary(result, files), null, 2)}\n`);
    return exitCode(result);
  }
  if (formats.includes('text')) {
    const { states = false, settling = false } = options;
    output.write(renderText(trace, { color: output.color, states, settling }));
  } else if (options.out === undefined) output.write(textOf(formats[0] as Format, trace));
  for (const file of files) output.write(`wrote ${file}\n`);
  output.write(verdict(result));
  return exitCode(result);
}

function parseFormats(written: string): Format[] {
  return written.split(',').map((format) => {
    if ((FORMATS as readonly string[]).includes(format)) return format as Format;
    throw new UsageError(
      `--format ${format} is unknown`,
      `did you mean '${nearest(format, FORMATS)}'? the formats are ${FORMATS.join(', ')}`,
    );
  });
}

function textOf(format: Format, trace: Trace): string {
  switch (format) {
    case 'text':
      return renderText(trace);
    case 'mermaid':
      return renderMermaid(trace);
    case 'svg':
      return renderSvg(trace);
    case 'ndjson':
      return serializeTrace(trace);
    case 'pcapng':
      throw new UsageError('a capture is no text', 'say where to write it with --out DIR');
  }
}

/** Writes one file a format into the folder, if there is one. */
function writeFiles(
  scenario: Scenario,
  trace: Trace,
  formats: readonly Format[],
  out: string | undefined,
): string[] {
  if (out === undefined) {
    if (formats.length > 1)
      throw new UsageError('several formats at once need files', 'say where with --out DIR');
    return [];
  }
  mkdirSync(out, { recursive: true });
  return formats
    .filter((format) => format !== 'text')
    .map((format) => {
      const file = join(out, `${fileName(scenario)}.${SUFFIX[format]}`);
      writeFileSync(file, format === 'pcapng' ? renderPcapng(trace) : textOf(format, trace));
      return file;
    });
}

/** Writes the secrets of a run into the folder, for Wireshark's option `tls.keylog_file`. */
function writeKeyLog(scenario: Scenario, trace: Trace, out: string | undefined): string {
  if (out === undefined)
    throw new UsageError('a key log needs a file', 'say where to write it with --out DIR');
  mkdirSync(out, { recursive: true });
  const file = join(out, `${fileName(scenario)}.keys`);
  writeFileSync(file, renderKeyLog(trace));
  return file;
}

const fileName = ({ name }: Scenario): string => name.replaceAll('/', '-');

function summary(result: RunResult, files: readonly string[]): object {
  const { scenario, seed, verdict, violations, error, at, events, tape, trace } = result;
  const hash = trace === undefined ? undefined : hashTrace(trace);
  return {
    scenario,
    seed,
    verdict,
    violations,
    error,
    atUs: at,
    events,
    tape: formatTape(tape),
    hash,
    files,
  };
}

function verdict(result: RunResult): string {
  const time = `${(result.at / 1_000_000).toFixed(3)} s of virtual time`;
  if (result.verdict === 'pass')
    return `${result.scenario}: all expectations hold (${time}, ${result.events} events)\n`;
  const reasons = result.error === undefined ? result.violations.map(({ what }) => what) : [result.error];
  const replay =
    result.tape.length === 0
      ? ''
      : `\n  repeat it with --seed ${result.seed} --tape '${formatTape(result.tape)}'`;
  const kind = result.verdict === 'error' ? 'fault of the model' : 'violation';
  return `${result.scenario}: ${kind} after ${time}\n${reasons.map((reason) => `  ${reason}`).join('\n')}${replay}\n`;
}

function exitCode(result: RunResult): number {
  return result.verdict === 'pass' ? 0 : 1;
}

/** `imslab show`: a requirement, how sure we are of it, and which scenarios exercise it. */
export function show(output: Output, id: string, options: { readonly json?: boolean }): number {
  if (!isRequirementId(id)) {
    const closest = nearestRequirement(id)?.id;
    throw new UsageError(`there is no requirement '${id}'`, `did you mean '${closest}'?`);
  }
  const row = requirement(id);
  const exercisedBy = cover().scenariosOf(row.id);
  if (options.json === true) {
    output.write(`${JSON.stringify({ ...row, scenarios: exercisedBy }, null, 2)}\n`);
    return 0;
  }
  const lines = [
    `${row.id}  clause ${row.clause}  ${row.modality}  ${row.actor}`,
    `  ${row.behaviour}`,
    ...(row.trigger === '' ? [] : [`  applies when: ${row.trigger}`]),
    ...(row.syntax === '' ? [] : [`  shows as: ${row.syntax}`]),
    `  certainty: ${row.certainty} (${row.provenance})`,
    `  exercised by: ${exercisedBy.length > 0 ? exercisedBy.join(', ') : (row.notVisible ?? 'no scenario yet')}`,
  ];
  output.write(`${lines.join('\n')}\n`);
  return 0;
}

/** `imslab model`: an entity's statecharts as Mermaid. */
export function model(output: Output, entity: string): number {
  const machines = models[entity];
  if (machines === undefined) {
    const names = Object.keys(models);
    throw new UsageError(
      `there is no entity '${entity}'`,
      `did you mean '${nearest(entity, names)}'? the entities are ${names.join(', ')}`,
    );
  }
  output.write(machines.map(renderStatechart).join('\n'));
  return 0;
}

/** `imslab coverage`: the requirements and which scenarios exercised them, computed from traces. */
export function coverage(
  output: Output,
  options: { readonly clause?: string; readonly missing?: boolean; readonly json?: boolean },
): number {
  const covered = cover();
  const rows = (options.clause === undefined ? requirements : requirementsOfClause(options.clause)).filter(
    ({ id }) => options.missing !== true || covered.scenariosOf(id).length === 0,
  );
  if (rows.length === 0 && options.missing !== true) {
    throw new UsageError(`no requirement is in clause '${options.clause}'`, 'use for example --clause 6.4');
  }
  if (options.json === true) {
    const list = rows.map(({ id, clause, modality, notVisible }) => ({
      id,
      clause,
      modality,
      notVisible,
      scenarios: covered.scenariosOf(id),
    }));
    output.write(`${JSON.stringify(list, null, 2)}\n`);
    return 0;
  }
  for (const row of rows) output.write(`${coverageLine(row, covered.scenariosOf(row.id))}\n`);
  const exercised = rows.filter(({ id }) => covered.scenariosOf(id).length > 0).length;
  const invisible = rows.filter(
    ({ id, notVisible }) => notVisible !== undefined && covered.scenariosOf(id).length === 0,
  ).length;
  output.write(
    `${rows.length} requirements: ${exercised} exercised, ${invisible} not visible on a wire, ${rows.length - exercised - invisible} not exercised\n`,
  );
  return 0;
}

function coverageLine(row: Requirement, names: readonly string[]): string {
  const state =
    names.length > 0
      ? names.join(', ')
      : row.notVisible === undefined
        ? '-'
        : `not visible: ${row.notVisible}`;
  return `${row.id.padEnd(20)} ${row.modality.padEnd(9)} ${state}`;
}

let covered: Coverage | undefined;

/** What all scenarios exercise, each run once with its defaults. */
function cover(): Coverage {
  if (covered !== undefined) return covered;
  covered = new Coverage();
  for (const scenario of scenarios) {
    const { trace } = runScenario(scenario);
    if (trace !== undefined) covered.add(scenario.name, trace);
  }
  return covered;
}
