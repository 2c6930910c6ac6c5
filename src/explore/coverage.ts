import { isRequirementId, type RequirementId } from '../spec/index.js';
import type { Trace } from '../trace/index.js';

/**
 * The requirements that a run exercised, in the order in which they came up, with how often.
 *
 * @example
 * ```ts
 * import { exercised, findScenario, runScenario } from 'imslab';
 *
 * const { trace } = runScenario(findScenario('call/wic-to-ims-ue'));
 * console.log(trace !== undefined && exercised(trace).has('24371-6.4.2-04')); // => true
 * ```
 */
export function exercised(trace: Trace): ReadonlyMap<RequirementId, number> {
  const counts = new Map<RequirementId, number>();
  for (const { body } of trace.of('requirement')) {
    for (const id of body.ids) if (isRequirementId(id)) counts.set(id, (counts.get(id) ?? 0) + 1);
  }
  return counts;
}

/** Which scenarios exercised each requirement. */
export class Coverage {
  readonly #scenarios = new Map<RequirementId, string[]>();

  /** Adds what a run of a scenario exercised. */
  add(scenario: string, trace: Trace): void {
    for (const id of exercised(trace).keys()) {
      const names = this.#scenarios.get(id) ?? [];
      if (!names.includes(scenario)) names.push(scenario);
      this.#scenarios.set(id, names);
    }
  }

  /** Names of the scenarios that exercised a requirement, in the order they were added. */
  scenariosOf(id: RequirementId): readonly string[] {
    return this.#scenarios.get(id) ?? [];
  }
}
