import { Trace, type TraceBody } from '../trace/index.js';
import { type ChoiceSource, seededChoices, type TapeEntry } from './choice.js';
import { EventQueue, type Timer } from './event-queue.js';
import { RandomStream } from './random.js';

/** How a kernel is set up. */
export interface KernelOptions {
  /** Seed of all random streams, an integer. */
  readonly seed?: number;
  /** Answers to the choices of the run; by default the seed's. */
  readonly choices?: ChoiceSource;
  /** Whether to keep a trace; a run without one is about twice as fast. */
  readonly trace?: boolean;
  /** Whether the order of events that are due at the same microsecond is a choice. Default: first in, first out. */
  readonly interleave?: boolean;
}

/** When a run has to stop by itself. */
export interface RunLimits {
  /** Most events to process. Default 1,000,000. */
  readonly events?: number;
  /** Virtual time not to pass, in microseconds. Default one day. */
  readonly untilUs?: number;
}

/** Why a run failed, and where. */
export interface Failure {
  readonly entity: string;
  readonly reason: string;
  /** Virtual time in microseconds. */
  readonly at: number;
  /** Id of the trace event during which it happened, 0 without a trace. */
  readonly event: number;
  /** The actor that was at work, if it was one. */
  readonly handling?: string;
  /** What was thrown, for its stack; it never reaches the trace. */
  readonly thrown?: unknown;
}

/** How a run ended. */
export interface RunOutcome {
  /** `idle`: nothing left to do; `deadlock`: nothing left to do, yet something waits; `paused`: a condition holds. */
  readonly status: 'idle' | 'deadlock' | 'paused' | 'event-limit' | 'time-limit' | 'failed';
  /** Virtual time at the end, in microseconds. */
  readonly at: number;
  /** Events processed since the kernel was made. */
  readonly events: number;
  /** What still waits. */
  readonly waiting: readonly string[];
  readonly failure?: Failure;
}

const DAY_US = 86_400_000_000;

/** How many events of one instant may compete when their order is a choice. */
const MOST_INTERLEAVED = 4;

/**
 * Virtual time, the event queue, choices, randomness and the trace of one run. It knows nothing of networks or
 * protocols, and the same options and the same calls give the same run.
 */
export class Kernel {
  readonly seed: number;
  readonly trace: Trace | undefined;
  /** Choices taken so far that were not option 0. */
  readonly taken: TapeEntry[] = [];
  readonly #choices: ChoiceSource;
  readonly #interleave: boolean;
  readonly #queue = new EventQueue();
  readonly #streams = new Map<string, RandomStream>();
  readonly #choiceCounts = new Map<string, number>();
  readonly #waits = new Set<string>();
  readonly #phaseListeners: (() => void)[] = [];
  #now = 0;
  #sequence = 0;
  #processed = 0;
  #cause = 0;
  #phase: 'safety' | 'liveness' = 'safety';
  #failure: Failure | undefined;

  constructor(options: KernelOptions = {}) {
    this.seed = options.seed ?? 1;
    this.trace = options.trace === true ? new Trace() : undefined;
    this.#choices = options.choices ?? seededChoices(this.seed);
    this.#interleave = options.interleave === true;
  }

  /** Virtual time in whole microseconds since the start of the run. */
  get now(): number {
    return this.#now;
  }

  /** Events processed so far. */
  get processed(): number {
    return this.#processed;
  }

  /** Entries in the queue. */
  get pending(): number {
    return this.#queue.size;
  }

  /** The trace event to which what happens now is due. */
  get cause(): number {
    return this.#cause;
  }

  get failure(): Failure | undefined {
    return this.#failure;
  }

  /** `safety`: faults may strike; `liveness`: the network has healed and everything has to settle. */
  get phase(): 'safety' | 'liveness' {
    return this.#phase;
  }

  /** The random stream of that name. */
  random(name: string): RandomStream {
    let stream = this.#streams.get(name);
    if (stream === undefined) this.#streams.set(name, (stream = new RandomStream(this.seed, name)));
    return stream;
  }

  /**
   * Runs `run` after a delay.
   *
   * @param delayUs microseconds, rounded to a whole number, at least 0
   * @param entity the host on whose behalf it runs
   */
  schedule(delayUs: number, entity: string, run: () => void): Timer {
    const at = this.#now + Math.max(0, Math.round(delayUs));
    const timer: Timer = { at, sequence: this.#sequence++, entity, run, cause: this.#cause, slot: -1 };
    this.#queue.push(timer);
    return timer;
  }

  /** Takes a timer back; one that has run is left alone. */
  cancel(timer: Timer): void {
    this.#queue.remove(timer);
  }

  /**
   * Asks which way to go. Outside the safety phase every choice is the benign one.
   *
   * @param name what is being decided; choices of one name are numbered
   * @param options option 0 is the benign one
   * @param weights how likely each option is by configuration, in the order of `options`
   * @returns the number of an option
   */
  choose(name: string, options: readonly string[], weights?: readonly number[]): number {
    const index = this.#choiceCounts.get(name) ?? 0;
    this.#choiceCounts.set(name, index + 1);
    if (this.#phase === 'liveness') return 0;
    const point = weights === undefined ? { name, index, options } : { name, index, options, weights };
    const choice = this.#choices.choose(point);
    if (choice !== 0) {
      this.taken.push({ point: name, index, choice });
      this.record('', { kind: 'choice', point: name, index, choice: options[choice] ?? String(choice) });
    }
    return choice;
  }

  /** Adds to the trace, caused by what is being handled now. Returns the event's id, 0 without a trace. */
  record(entity: string, body: TraceBody): number {
    return this.trace === undefined ? 0 : this.trace.append(this.#now, this.#cause, entity, body);
  }

  /** Runs `run` with `cause` as the cause of what it does. */
  causedBy(cause: number, run: () => void): void {
    const outer = this.#cause;
    this.#cause = cause;
    try {
      run();
    } finally {
      this.#cause = outer;
    }
  }

  /** Adds to the trace and runs `run` with the new event as the cause of what it does. */
  recordAndRun(entity: string, body: TraceBody, run: () => void): void {
    if (this.trace === undefined) run();
    else this.causedBy(this.record(entity, body), run);
  }

  /** Declares that something has to happen yet; a run that ends before is a deadlock. */
  await(label: string): void {
    this.#waits.add(label);
  }

  /** What {@link await} declared has happened, or is no longer wanted. */
  fulfil(label: string): void {
    this.#waits.delete(label);
  }

  /** Ends the safety phase: no fault strikes from here on. */
  enterLiveness(): void {
    if (this.#phase === 'liveness') return;
    this.#phase = 'liveness';
    this.record('', { kind: 'phase', phase: 'liveness' });
    for (const listener of this.#phaseListeners) listener();
  }

  /** Calls `listener` when the liveness phase begins. */
  onLiveness(listener: () => void): void {
    this.#phaseListeners.push(listener);
  }

  /** Fails the run; the first failure stands. */
  fail(
    entity: string,
    reason: string,
    more: { readonly handling?: string; readonly thrown?: unknown } = {},
  ): void {
    if (this.#failure !== undefined) return;
    const event = this.record(entity, { kind: 'failure', reason });
    this.#failure = { entity, reason, at: this.#now, event, ...more };
  }

  /**
   * Processes events in order of (time, sequence) until none is left, a limit is reached, an actor or callback
   * failed, or `until` holds.
   */
  run(limits: RunLimits = {}, until?: () => boolean): RunOutcome {
    const lastEvent = this.#processed + (limits.events ?? 1_000_000);
    const untilUs = limits.untilUs ?? DAY_US;
    for (;;) {
      if (this.#failure !== undefined) return this.#outcome('failed');
      if (until?.() === true) return this.#outcome('paused');
      const due = this.#queue.peek();
      if (due === undefined) return this.#outcome(this.#waits.size > 0 ? 'deadlock' : 'idle');
      if (due.at > untilUs) {
        this.#now = Math.max(this.#now, untilUs);
        return this.#outcome('time-limit');
      }
      if (this.#processed >= lastEvent) return this.#outcome('event-limit');
      this.#step(this.#interleave ? this.#pickReady(due) : due);
    }
  }

  #pickReady(due: Timer): Timer {
    const ready = this.#queue.ready(MOST_INTERLEAVED);
    if (ready.length < 2) return due;
    const options = ready.map((timer) => timer.entity);
    return ready[this.choose('order', options)] ?? due;
  }

  #step(timer: Timer): void {
    this.#queue.remove(timer);
    this.#now = timer.at;
    this.#processed++;
    this.#cause = timer.cause;
    try {
      timer.run();
    } catch (error) {
      this.fail(timer.entity, describeError(error), { thrown: error });
    }
    this.#cause = 0;
  }

  #outcome(status: RunOutcome['status']): RunOutcome {
    const waiting = status === 'idle' ? [] : [...this.#waits];
    const base = { status, at: this.#now, events: this.#processed, waiting };
    return this.#failure === undefined ? base : { ...base, failure: this.#failure };
  }
}

/** An error as text. It says nothing of the place in the code, which differs between builds and would reach the trace. */
export function describeError(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

/** The outcome of a run as a sentence or two that name the usual culprit. */
export function describeOutcome(outcome: RunOutcome): string {
  const time = `${(outcome.at / 1000).toFixed(3)} ms`;
  const { failure } = outcome;
  if (failure !== undefined) {
    const handling = failure.handling === undefined ? '' : ` while handling ${failure.handling}`;
    const place = failure.event === 0 ? '' : `, trace event ${failure.event}`;
    const who = failure.entity === '' ? 'The run' : failure.entity;
    return `${who} failed${handling} at ${(failure.at / 1000).toFixed(3)} ms${place}: ${failure.reason}.`;
  }
  const waiting = outcome.waiting.length === 0 ? '' : ` Still waiting: ${outcome.waiting.join('; ')}.`;
  switch (outcome.status) {
    case 'deadlock':
      return `Nothing can run any more at ${time}.${waiting} Usually a message was lost and no timer repeats it.`;
    case 'event-limit':
      return `The limit of events was reached at ${time}.${waiting} Usually two entities answer each other for ever.`;
    case 'time-limit':
      return `The limit of virtual time was reached at ${time}.${waiting}`;
    default:
      return `The run ended at ${time} after ${outcome.events} events.`;
  }
}
