import type { ActorPhrase } from './actors.js';

/** How binding a requirement is. Two words with a slash mean that the modality itself is uncertain, the likelier one first. */
export type Modality =
  | 'shall'
  | 'shall not'
  | 'should'
  | 'may'
  | 'need-not'
  | 'info'
  | 'shall/may'
  | 'shall/should'
  | 'should/may'
  | 'may/shall';

/** A row as the clause files write it, under its id. Texts are inline Markdown (bold and code). */
export interface CatalogueRow {
  readonly modality: Modality;
  /** Left out where the row binds nobody. */
  readonly actor?: ActorPhrase;
  /** What makes the requirement apply. Left out where it always applies, or is no requirement. */
  readonly trigger?: string;
  readonly behaviour: string;
  /** The protocol elements that show it. */
  readonly syntax?: string;
  /** Marks `[seen]`, `[known]`, `[inferred]` with their sources (`sources.ts`). */
  readonly provenance: string;
  /** Why no run can show this row. */
  readonly notVisible?: string;
  /** For a row that demands nothing (`info`, `need-not`) and can be shown all the same: how. */
  readonly exercisedBy?: string;
}

/** Keeps the ids of a clause file as literal types and everything else as plain rows, which the compiler handles faster. */
export function catalogue<Id extends `24371-${string}`>(
  rows: Readonly<Record<Id, CatalogueRow>>,
): Readonly<Record<Id, CatalogueRow>> {
  return rows;
}
