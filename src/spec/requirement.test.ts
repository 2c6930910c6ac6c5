import { describe, expect, it } from 'vitest';
import {
  clauses,
  clauseTitle,
  isRequirementId,
  nearestRequirement,
  type RequirementId,
  requirement,
  requirements,
  requirementsOfClause,
  sources,
} from './index.js';
import { certaintyOf } from './requirement.js';

/** Rows that each clause has in the tables the catalogue was drawn from. */
const rowsByClause: Readonly<Record<string, number>> = {
  '3.1': 3,
  '4.1': 5,
  '5.1': 1,
  '5.2': 5,
  '5.3': 2,
  '5.4': 3,
  '5.5': 6,
  '5.6': 12,
  '5A.1': 1,
  '5A.2': 2,
  '5A.3': 2,
  '5A.4': 6,
  '5B.1': 1,
  '5B.2': 2,
  '5B.3': 1,
  '5B.4': 3,
  '5C.1': 1,
  '5C.2': 2,
  '5C.3': 1,
  '5C.4': 2,
  '5D.1': 1,
  '5D.2': 1,
  '5D.3': 1,
  '5D.4': 5,
  '5E.1': 1,
  '5E.2': 1,
  '5E.3': 1,
  '5E.4': 1,
  '5F.1': 1,
  '5F.2': 1,
  '5F.3': 1,
  '5F.4': 1,
  '6.1': 7,
  '6.2.1.1': 6,
  '6.2.1.2': 5,
  '6.2.1.3': 7,
  '6.2.2': 8,
  '6.2.3': 3,
  '6.3.1': 8,
  '6.3.2': 6,
  '6.4.1.1': 4,
  '6.4.1.2': 6,
  '6.4.1.3': 7,
  '6.4.2': 15,
  '6.4.3': 5,
  '6A.1': 1,
  '6A.2': 5,
  '6A.3': 5,
  '7.1': 3,
  '7.2.1': 6,
  '7.2.2': 9,
  '7.2.3': 5,
  '7.2.4': 4,
  '7.3': 1,
  '7.4.1': 6,
  '7.4.2': 20,
  '7.4.3': 10,
  '7.4.4': 4,
  '7.4.5.1': 10,
  '7.4.5.2': 8,
  '8.1': 9,
  '8.2.1': 1,
  '8.2.2': 7,
  '8.2.3': 3,
  '8.3': 1,
  '8.4.1': 4,
  '8.4.2': 6,
  '8.4.3': 4,
  '9': 6,
  '10.1': 1,
  '10.2.1': 1,
  '10.2.2.1': 2,
  '10.2.2.2': 1,
  '10.2.3': 1,
  '10.2.4': 2,
  'A.1': 1,
  'A.3.2': 8,
};

describe('the catalogue of TS 24.371', () => {
  it('holds 319 rows with unique ids', () => {
    expect(requirements).toHaveLength(319);
    expect(new Set(requirements.map(({ id }) => id)).size).toBe(319);
  });

  it('holds as many rows of each clause as its tables do', () => {
    const counted: Record<string, number> = {};
    for (const { clause } of requirements) counted[clause] = (counted[clause] ?? 0) + 1;
    expect(counted).toEqual(rowsByClause);
  });

  it('numbers the rows of a clause from 01 without a gap', () => {
    for (const clause of Object.keys(rowsByClause)) {
      const ids = requirements.filter((row) => row.clause === clause).map(({ id }) => id);
      const expected = ids.map((_, index) => `24371-${clause}-${String(index + 1).padStart(2, '0')}`);
      expect(ids).toEqual(expected);
    }
  });

  it('keeps the order of the specification', () => {
    const order = clauses.map(({ number }) => number);
    const positions = requirements.map(({ clause }) => order.indexOf(clause));
    expect(positions).not.toContain(-1);
    expect(positions).toEqual(positions.toSorted((a, b) => a - b));
  });

  it('counts each modality as the tables do', () => {
    const counted: Record<string, number> = {};
    for (const { modality } of requirements) counted[modality] = (counted[modality] ?? 0) + 1;
    expect(counted).toEqual({
      shall: 206,
      'shall not': 1,
      should: 9,
      may: 33,
      'need-not': 14,
      info: 49,
      'shall/may': 4,
      'shall/should': 1,
      'should/may': 1,
      'may/shall': 1,
    });
  });

  it('says of every row that demands nothing either how a run shows it or why none can', () => {
    const free = requirements.filter(({ modality }) => modality === 'info' || modality === 'need-not');
    const unsettled = free.filter(
      (row) => (row.notVisible === undefined) === (row.exercisedBy === undefined),
    );
    expect(unsettled.map(({ id }) => id)).toEqual([]);
  });

  it('excuses a demand from being shown only in 5E and 5F, where everything stays inside the device', () => {
    const excused = requirements.filter(
      (row) => row.modality.startsWith('shall') && row.notVisible !== undefined,
    );
    expect(excused.map(({ id }) => id)).toEqual(['24371-5E.2-01', '24371-5F.2-01']);
  });

  it('gives each row that no run can show a reason of its own', () => {
    const reasons = requirements.flatMap(({ notVisible }) => notVisible ?? []);
    expect(reasons).toHaveLength(38);
    expect(new Set(reasons).size).toBe(reasons.length);
  });

  it('refers only to rows and sources that exist', () => {
    const codes = new Set(sources.map(({ code }) => code));
    for (const row of requirements) {
      for (const [, code] of row.provenance.matchAll(/\b(S\d+)\b/g)) expect(codes, row.id).toContain(code);
      const texts = `${row.behaviour} ${row.notVisible ?? ''} ${row.provenance}`;
      for (const [, clause, number] of texts.matchAll(/\b(\d+[A-F]?(?:\.\d+)+)-(\d\d)\b/g)) {
        expect(isRequirementId(`24371-${clause}-${number}`), `${row.id} names ${clause}-${number}`).toBe(
          true,
        );
      }
    }
  });

  it('leaves no dash, no empty text and no unclosed markup', () => {
    for (const row of requirements) {
      for (const text of [row.actor, row.trigger, row.behaviour, row.syntax])
        expect(text, row.id).not.toBe('-');
      expect(row.behaviour.length, row.id).toBeGreaterThan(0);
      for (const text of [row.behaviour, row.syntax]) expect(text.split('`').length % 2, row.id).toBe(1);
      expect(row.provenance, row.id).toMatch(/\[(seen|known|inferred)\]/);
    }
  });
});

describe('a requirement', () => {
  it('is as sure as the weakest mark of its provenance', () => {
    expect(certaintyOf('[seen] S1')).toBe('seen');
    expect(certaintyOf('[seen] S1; Rel-14 numbering [known]')).toBe('known');
    expect(certaintyOf('condition [seen] S1; consequence [inferred]')).toBe('inferred');
    expect(certaintyOf('[known]/[inferred]')).toBe('inferred');
    expect(certaintyOf('[seen] S2 (Rel-17); Rel-14 unverified')).toBe('inferred');
    expect(certaintyOf('Cx part [seen] S7; SIP part unknown')).toBe('inferred');
  });

  it('comes with its clause and its actors as entities', () => {
    const row = requirement('24371-7.4.5.2-08');
    expect(row.clause).toBe('7.4.5.2');
    expect(row.actor).toBe('terminating P-CSCF without WebRTC');
    expect(row.actors).toEqual(['P-CSCF']);
    expect(requirement('24371-5A.4-01').actors).toEqual(['eP-CSCF', 'eIMS-AGW']);
    expect(requirement('24371-5D.1-01').actors).toEqual([]);
  });

  it('cannot be named by a mistyped id: the compiler refuses', () => {
    // @ts-expect-error 6.2.2 has eight rows
    const mistyped: RequirementId = '24371-6.2.2-09';
    expect(() => requirement(mistyped)).toThrow(
      'no requirement 24371-6.2.2-09; the nearest is 24371-6.2.2-0',
    );
    expect(isRequirementId(mistyped)).toBe(false);
    expect(isRequirementId('toString')).toBe(false);
  });

  it('is found from a mistyped id', () => {
    expect(nearestRequirement('24371-6.4.2-04')?.id).toBe('24371-6.4.2-04');
    expect(nearestRequirement(' 6.4.2-4 ')?.id).toBe('24371-6.4.2-04');
    expect(nearestRequirement('24371-5d.4-02')?.id).toBe('24371-5D.4-02');
    expect(nearestRequirement('24371-7.4.51-03')?.id).toBe('24371-7.4.5.1-03');
    expect(nearestRequirement('hello')).toBeUndefined();
    expect(nearestRequirement('')).toBeUndefined();
  });
});

describe('a clause', () => {
  it('holds the rows of its subclauses and no neighbour', () => {
    expect(requirementsOfClause('6.2').map(({ clause }) => clause)).toContain('6.2.1.3');
    expect(requirementsOfClause('6')).toHaveLength(87);
    expect(requirementsOfClause('6A')).toHaveLength(11);
    expect(requirementsOfClause('5')).toHaveLength(29);
    expect(requirementsOfClause('1')).toEqual([]);
    expect(requirementsOfClause('A')).toHaveLength(9);
    expect(requirementsOfClause('')).toBe(requirements);
  });

  it('has a title when it has rows', () => {
    expect(clauseTitle('7.4.5')).toBe('Media optimization procedure');
    expect(clauseTitle('7.9')).toBeUndefined();
    for (const { clause } of requirements) expect(clauseTitle(clause), clause).toBeDefined();
  });
});
