import type { Kernel } from '../kernel/index.js';
import type { Network, NetworkOptions } from '../network/index.js';

/** A population of hosts, as a topology builds it. */
export interface World {
  readonly kernel: Kernel;
  readonly network: Network;
  /** What should be gone when nothing is under way, a line each. */
  leftovers(): readonly string[];
  /** Stops all entities. */
  close(): void;
}

/** An option of an entity that a run may set. */
export interface SettableOption {
  readonly summary: string;
  readonly source: string;
  readonly fallback: unknown;
  /** How a value is written, for help texts. */
  readonly form: string;
  /** Reads a value from text. */
  parse(written: string): { readonly value: unknown } | { readonly error: string };
}

/** Values by entity and option. */
export type Settings = Readonly<Record<string, Readonly<Record<string, unknown>>>>;

/** A way to populate a network. */
export interface Topology<W extends World> {
  readonly name: string;
  /** What can be set, by entity and option. */
  readonly options: Readonly<Record<string, Readonly<Record<string, SettableOption>>>>;
  /** Delays and other properties of the links. */
  readonly network: NetworkOptions;
  build(kernel: Kernel, network: Network, settings: Settings): W;
}

/** What a script waits for. */
export type Step =
  | {
      readonly wait: 'condition';
      readonly label: string;
      readonly holds: () => boolean;
      readonly withinUs: number;
    }
  | { readonly wait: 'time'; readonly us: number };

/** What a script works with. */
export interface Stage<W extends World> {
  readonly world: W;
  /** Writes a line into the trace: what the script does next. */
  say(text: string): void;
  /** A condition that has to come true within `withinMs` milliseconds (default 60,000), or the run fails. */
  until(label: string, holds: () => boolean, withinMs?: number): Step;
  /** Lets virtual time pass. */
  pause(ms: number): Step;
  /** An expectation that has to hold now; otherwise the run ends with a violation. */
  expect(label: string, holds: boolean): void;
}

/** A call flow that can be run. */
export interface Scenario<W extends World = World> {
  /** Folder and file, such as `call/wic-to-ims-ue`. */
  readonly name: string;
  readonly title: string;
  /** Clauses of TS 24.371 that it shows. */
  readonly clauses: readonly string[];
  readonly description: string;
  readonly topology: Topology<W>;
  /** What the users do, and what is expected of the system. */
  script(stage: Stage<W>): Generator<Step, void, void>;
}

/**
 * Declares a scenario: gives it back as it is, with the type of its world inferred from its topology. `docs/guide.md` has a
 * whole one.
 */
export function defineScenario<W extends World>(scenario: Scenario<W>): Scenario<W> {
  return scenario;
}
