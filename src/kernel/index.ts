/** Virtual time, the event queue, choices, random streams and the hosting of XState actors: the deterministic core. */
export { portOf, type SpawnOptions, spawn, stateName } from './actor.js';
export {
  type ChoicePoint,
  type ChoiceSource,
  formatTape,
  listChoices,
  parseTape,
  seededChoices,
  type Tape,
  type TapeEntry,
  tapeChoices,
} from './choice.js';
export type { Timer } from './event-queue.js';
export {
  describeError,
  describeOutcome,
  type Failure,
  Kernel,
  type KernelOptions,
  type RunLimits,
  type RunOutcome,
} from './kernel.js';
export { RandomStream } from './random.js';
