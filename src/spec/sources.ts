/** A published text that the catalogue's marks refer to. */
export interface Source {
  /** The code that follows `[seen]` in a provenance, `S1` to `S10`. */
  readonly code: string;
  readonly what: string;
  readonly release: string;
}

/** The texts behind the mark `[seen]`. Most are later than v14.5.0, so a fact seen there may differ in Release 14. */
export const sources: readonly Source[] = [
  {
    code: 'S1',
    what: 'TS 24.371: 3, 5.1 to 5.5 (5.5 in part), 5A, 5D, 6.1, 7.1, 7.2.1, the opening of 7.2.2, 8.1, 8.2.1, the opening of 8.2.2, A.3.2 steps 1 to 3',
    release: 'Rel-17',
  },
  { code: 'S2', what: 'TS 23.334 (Iq): 5.20.1, 6.2.10.5, 6.2.17, 6.2.22', release: 'Rel-17' },
  { code: 'S3', what: 'TS 29.162 10.2.25 (IBCF and TrGW, media plane optimization)', release: 'Rel-17' },
  {
    code: 'S4',
    what: 'TS 24.229: 5.4.1.1, 5.4.1.2.2 and the values of integrity-protected (7.2A.2)',
    release: 'Rel-16 and Rel-18',
  },
  {
    code: 'S5',
    what: 'TS 33.203 Annex X (X.1, X.3, X.4), U.1 and P.1',
    release: 'Rel-12 and later',
  },
  { code: 'S6', what: 'TS 23.228 Annex U: U.1.0, U.1.1, U.2.0, U.2.1.1', release: 'Rel-18 and Rel-19' },
  { code: 'S7', what: 'TS 29.228 and TS 29.229: Allowed-WAF-WWSF-Identities', release: 'Rel-12 and later' },
  { code: 'S8', what: 'draft-holmberg-sipcore-auth-id-01', release: '2015' },
  { code: 'S9', what: 'TS 24.371 v14.5.0: contents, scope, references 1 to 16', release: 'Rel-14' },
  { code: 'S10', what: 'US patent 11 310 293, abstract', release: '2015' },
];
