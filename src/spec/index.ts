/**
 * The requirement catalogue of TS 24.371 v14.5.0 as typed data: every row with its id, clause, modality, actors, our own words
 * and how sure we are of them. Models name rows by `RequirementId`; coverage and reports read `requirements`.
 * Not here: the wording of the specification, and the requirements of its neighbours (TS 24.229, 23.334 and so on).
 */
export type { Actor } from './actors.js';
export type { Modality } from './catalogue.js';
export { type Clause, clauses, clauseTitle } from './clauses.js';
export {
  type Certainty,
  isRequirementId,
  nearestRequirement,
  type Requirement,
  type RequirementId,
  requirement,
  requirements,
  requirementsOfClause,
} from './requirement.js';
export { type Source, sources } from './sources.js';
