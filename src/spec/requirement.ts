import { type Actor, actorsOf } from './actors.js';
import { annexA } from './annex-a.js';
import type { CatalogueRow, Modality } from './catalogue.js';
import { clause3 } from './clause-3.js';
import { clause4 } from './clause-4.js';
import { clause5 } from './clause-5.js';
import { clause5A } from './clause-5a.js';
import { clause5B } from './clause-5b.js';
import { clause5C } from './clause-5c.js';
import { clause5D } from './clause-5d.js';
import { clause5E } from './clause-5e.js';
import { clause5F } from './clause-5f.js';
import { clause6 } from './clause-6.js';
import { clause6A } from './clause-6a.js';
import { clause7 } from './clause-7.js';
import { clause8 } from './clause-8.js';
import { clause9 } from './clause-9.js';
import { clause10 } from './clause-10.js';

const rows = {
  ...clause3,
  ...clause4,
  ...clause5,
  ...clause5A,
  ...clause5B,
  ...clause5C,
  ...clause5D,
  ...clause5E,
  ...clause5F,
  ...clause6,
  ...clause6A,
  ...clause7,
  ...clause8,
  ...clause9,
  ...clause10,
  ...annexA,
};

/** The id of a requirement, `24371-<clause>-<nn>`. Ids are stable: rows are appended, never renumbered. */
export type RequirementId = keyof typeof rows;

/** How sure we are: read in a published text, known from a referenced RFC or TS, or reasoned. */
export type Certainty = 'seen' | 'known' | 'inferred';

/** One requirement of TS 24.371 v14.5.0 in the project's own words. Texts are inline Markdown (bold and code). */
export interface Requirement {
  readonly id: RequirementId;
  /** Clause number such as `6.2.1.3`. */
  readonly clause: string;
  readonly modality: Modality;
  /** The actor in the catalogue's words, such as `originating eP-CSCF`; empty where the row binds nobody. */
  readonly actor: string;
  /** The same as functional entities, the principal one first. */
  readonly actors: readonly Actor[];
  /** What makes it apply; empty where it always applies, or is no requirement. */
  readonly trigger: string;
  readonly behaviour: string;
  /** The protocol elements that show it; may be empty. */
  readonly syntax: string;
  /** The weakest mark of {@link Requirement.provenance}: a row is no surer than its least sure part. */
  readonly certainty: Certainty;
  /** Every mark with its source, such as `[seen] S1; Rel-14 [inferred]`. The codes are in `sources`. */
  readonly provenance: string;
  /** Why no run can show this row. A row without it is owed a scenario. */
  readonly notVisible?: string;
  /** For an `info` or `need-not` row without {@link Requirement.notVisible}: what a run shows. */
  readonly exercisedBy?: string;
}

/**
 * The weakest mark in a provenance, where `unknown` and `unverified` weigh as much as `[inferred]`: all three say that the
 * row holds something no text was found for.
 */
export function certaintyOf(provenance: string): Certainty {
  if (/\[inferred\]|unknown|unverified/.test(provenance)) return 'inferred';
  return provenance.includes('[known]') ? 'known' : 'seen';
}

function toRequirement(id: RequirementId, row: CatalogueRow): Requirement {
  return {
    id,
    clause: id.slice('24371-'.length, id.lastIndexOf('-')),
    modality: row.modality,
    actor: row.actor ?? '',
    actors: actorsOf(row.actor),
    trigger: row.trigger ?? '',
    behaviour: row.behaviour,
    syntax: row.syntax ?? '',
    certainty: certaintyOf(row.provenance),
    provenance: row.provenance,
    ...(row.notVisible === undefined ? {} : { notVisible: row.notVisible }),
    ...(row.exercisedBy === undefined ? {} : { exercisedBy: row.exercisedBy }),
  };
}

const byId: ReadonlyMap<string, Requirement> = new Map(
  (Object.entries(rows) as [RequirementId, CatalogueRow][]).map(([id, row]) => [id, toRequirement(id, row)]),
);

/** Every requirement, in the order of the specification. */
export const requirements: readonly Requirement[] = [...byId.values()];

/** Whether a text is the id of a requirement. */
export function isRequirementId(text: string): text is RequirementId {
  return byId.has(text);
}

/**
 * The requirement with an id.
 *
 * @throws Error when the id is not in the catalogue, which the compiler prevents unless the id was cast; text from outside
 * goes through {@link isRequirementId} or {@link nearestRequirement} first
 *
 * @example
 * requirement('24371-6.2.2-03').modality; // 'shall'
 */
export function requirement(id: RequirementId): Requirement {
  const found = byId.get(id);
  if (found === undefined) {
    const nearest = nearestRequirement(id);
    throw new Error(`no requirement ${id}${nearest === undefined ? '' : `; the nearest is ${nearest.id}`}`);
  }
  return found;
}

/**
 * The requirements of a clause and its subclauses, in order.
 *
 * @param prefix - a clause number: `6.2` holds 6.2.1.1 and 6.2.2 but neither 6A nor 6.3; the empty text holds everything
 * @returns an empty list for a clause without requirements
 */
export function requirementsOfClause(prefix: string): readonly Requirement[] {
  if (prefix === '') return requirements;
  return requirements.filter(({ clause }) => clause === prefix || clause.startsWith(`${prefix}.`));
}

/**
 * The requirement that a mistyped id most likely means, for error messages. Case, dots, a missing `24371-` and a
 * missing leading zero cost nothing. Of equally near ids the first of the catalogue wins.
 *
 * @param text - what was typed, such as `6.4.2-4` or `24371-6.42-04`
 * @returns `undefined` when more than half of the shorter text would have to change
 */
export function nearestRequirement(text: string): Requirement | undefined {
  const typed = comparable(text);
  let nearest: Requirement | undefined;
  let least = Number.POSITIVE_INFINITY;
  for (const candidate of requirements) {
    const id = comparable(candidate.id);
    const changes = editDistance(typed, id);
    if (changes < least && changes * 2 <= Math.min(typed.length, id.length)) {
      least = changes;
      nearest = candidate;
    }
  }
  return nearest;
}

/** The part of an id that tells it from the others, in one spelling. */
function comparable(id: string): string {
  return id
    .trim()
    .toUpperCase()
    .replace(/^24371-/, '')
    .replaceAll('.', '')
    .replace(/-(\d)$/, '-0$1');
}

/** Levenshtein distance: insertions, deletions and substitutions of one character. */
function editDistance(a: string, b: string): number {
  let above = Array.from({ length: b.length + 1 }, (_, column) => column);
  for (let row = 1; row <= a.length; row++) {
    const current = [row];
    for (let column = 1; column <= b.length; column++) {
      const same = a[row - 1] === b[column - 1] ? 0 : 1;
      const substituted = (above[column - 1] ?? 0) + same;
      current.push(Math.min(substituted, (above[column] ?? 0) + 1, (current[column - 1] ?? 0) + 1));
    }
    above = current;
  }
  return above[b.length] ?? 0;
}
