import {
  type ChoiceSource,
  describeError,
  describeOutcome,
  Kernel,
  type RunOutcome,
  type Tape,
} from '../kernel/index.js';
import { Network } from '../network/index.js';
import type { Trace } from '../trace/index.js';
import type { Scenario, Settings, Stage, Step, World } from './scenario.js';

/** How to run a scenario. */
export interface RunOptions {
  /** Seed of all random streams. Default 1. */
  readonly seed?: number;
  /** Answers to the choices of the run; by default the seed's. */
  readonly choices?: ChoiceSource;
  /** Entity options that differ from their defaults. */
  readonly settings?: Settings;
  /** Whether to keep a trace. Default true. */
  readonly trace?: boolean;
  /** Most events to process. Default 2,000,000. */
  readonly maxEvents?: number;
  /** How long everything may take to settle after the script, in milliseconds of virtual time. Default 300,000. */
  readonly settleMs?: number;
  /** Called with the world once it is built, before the script begins. */
  readonly onWorld?: (world: World) => void;
}

/** Something that should have held and did not. */
export interface Violation {
  readonly what: string;
  /** Virtual time in microseconds. */
  readonly at: number;
  /** Id of the last trace event before it; 0 without a trace. */
  readonly event: number;
}

/** What came of a run. */
export interface RunResult {
  readonly scenario: string;
  readonly seed: number;
  /** `error` is a fault of a model or of the simulator, never of the protocol. */
  readonly verdict: 'pass' | 'violation' | 'error';
  readonly violations: readonly Violation[];
  readonly error?: string;
  /** Virtual time at the end, in microseconds. */
  readonly at: number;
  readonly events: number;
  /** Choices that were not the benign ones: given back as a tape they repeat the run. */
  readonly tape: Tape;
  readonly trace: Trace | undefined;
}

const US_PER_MS = 1000;

/**
 * Runs a scenario: builds its topology, plays its script, then lets the network heal and expects everything to
 * settle. A pure function of scenario and options.
 *
 * @returns what came of it; a protocol that misbehaves is a `violation` there and not an exception
 *
 * @example
 * ```ts
 * import { findScenario, runScenario } from 'imslab';
 *
 * const { verdict, trace } = runScenario(findScenario('registration/web-authentication'), { seed: 7 });
 * console.log(verdict, trace?.of('message.sent').some(({ body }) => body.message.summary.startsWith('REGISTER ')));
 * // => pass true
 * ```
 */
export function runScenario<W extends World>(scenario: Scenario<W>, options: RunOptions = {}): RunResult {
  const seed = options.seed ?? 1;
  const trace = options.trace ?? true;
  const kernel = new Kernel({
    seed,
    trace,
    ...(options.choices === undefined ? {} : { choices: options.choices }),
  });
  const network = new Network(kernel, scenario.topology.network);
  const world = scenario.topology.build(kernel, network, options.settings ?? {});
  options.onWorld?.(world);
  return new Run(scenario, world, kernel, options).play();
}

class Run<W extends World> {
  readonly #violations: Violation[] = [];
  readonly #scenario: Scenario<W>;
  readonly #world: W;
  readonly #kernel: Kernel;
  readonly #options: RunOptions;
  #error: string | undefined;

  constructor(scenario: Scenario<W>, world: W, kernel: Kernel, options: RunOptions) {
    this.#scenario = scenario;
    this.#world = world;
    this.#kernel = kernel;
    this.#options = options;
  }

  play(): RunResult {
    const kernel = this.#kernel;
    kernel.record('', { kind: 'run', scenario: this.#scenario.name, seed: kernel.seed });
    if (this.#playScript()) this.#settle();
    this.#world.close();
    const base = {
      scenario: this.#scenario.name,
      seed: kernel.seed,
      violations: this.#violations,
      at: kernel.now,
      events: kernel.processed,
      tape: [...kernel.taken],
      trace: kernel.trace,
    };
    if (this.#error !== undefined) return { ...base, verdict: 'error', error: this.#error };
    return { ...base, verdict: this.#violations.length > 0 ? 'violation' : 'pass' };
  }

  /** Whether the script came to its end. */
  #playScript(): boolean {
    const steps = this.#scenario.script(this.#stage());
    for (;;) {
      let next: IteratorResult<Step, void>;
      try {
        next = steps.next();
      } catch (error) {
        if (!(error instanceof Unexpected)) this.#error = `the script failed: ${describeError(error)}`;
        return false;
      }
      if (next.done === true) return true;
      try {
        if (!this.#await(next.value)) return false;
      } catch (error) {
        this.#error = `a condition of the script failed: ${describeError(error)}`;
        return false;
      }
    }
  }

  #await(step: Step): boolean {
    const kernel = this.#kernel;
    const limits = { events: this.#options.maxEvents ?? 2_000_000 };
    if (step.wait === 'time') {
      let over = false;
      const timer = kernel.schedule(step.us, '', () => {
        over = true;
      });
      const outcome = kernel.run(limits, () => over);
      kernel.cancel(timer);
      return this.#judge(outcome, undefined);
    }
    kernel.await(step.label);
    const outcome = kernel.run({ ...limits, untilUs: kernel.now + step.withinUs }, step.holds);
    kernel.fulfil(step.label);
    return this.#judge(outcome, step);
  }

  /** Files what an outcome means; true when the script may go on. */
  #judge(
    outcome: RunOutcome,
    step: { readonly label: string; readonly withinUs: number } | undefined,
  ): boolean {
    if (outcome.status === 'failed' || outcome.status === 'event-limit') {
      this.#error = describeOutcome(outcome);
      return false;
    }
    if (step === undefined || outcome.status === 'paused') return true;
    this.#violate(
      `'${step.label}' did not come true within ${step.withinUs / US_PER_MS} ms: ${describeOutcome(outcome)}`,
    );
    return false;
  }

  /** The liveness phase: the network heals, and what should be gone has to go. */
  #settle(): void {
    const kernel = this.#kernel;
    kernel.enterLiveness();
    const untilUs = kernel.now + (this.#options.settleMs ?? 300_000) * US_PER_MS;
    const outcome = kernel.run(
      { events: this.#options.maxEvents ?? 2_000_000, untilUs },
      () => this.#world.leftovers().length === 0,
    );
    if (outcome.status === 'failed' || outcome.status === 'event-limit') {
      this.#error = describeOutcome(outcome);
      return;
    }
    for (const leftover of this.#world.leftovers()) this.#violate(`left over at the end: ${leftover}`);
  }

  #violate(what: string): void {
    const event = this.#kernel.record('', { kind: 'note', text: `violation: ${what}` });
    this.#violations.push({ what, at: this.#kernel.now, event });
  }

  #stage(): Stage<W> {
    return {
      world: this.#world,
      say: (text) => this.#kernel.record('', { kind: 'step', text }),
      until: (label, holds, withinMs = 60_000) => ({
        wait: 'condition',
        label,
        holds,
        withinUs: withinMs * US_PER_MS,
      }),
      pause: (ms) => ({ wait: 'time', us: ms * US_PER_MS }),
      expect: (label, holds) => {
        if (holds) return;
        this.#violate(`expected ${label}`);
        throw new Unexpected();
      },
    };
  }
}

/** Ends a script whose expectation did not hold. */
class Unexpected extends Error {}
