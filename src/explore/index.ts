/** Scenarios and how they are run: a run is a pure function of scenario, settings, seed and tape. */
export { Coverage, exercised } from './coverage.js';
export { type RunOptions, type RunResult, runScenario, type Violation } from './run.js';
export {
  defineScenario,
  type Scenario,
  type SettableOption,
  type Settings,
  type Stage,
  type Step,
  type Topology,
  type World,
} from './scenario.js';
