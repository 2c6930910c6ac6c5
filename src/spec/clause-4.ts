import { catalogue } from './catalogue.js';

/** Clause 4 of TS 24.371: overview. */
export const clause4 = catalogue({
  '24371-4.1-01': {
    modality: 'info',
    actor: 'all',
    behaviour:
      'Architecture and stage 2 are TS 23.228 Annex U; this TS gives stage 3 for the entities of the scope clause.',
    provenance: '[seen] S9 (scope); rest [known]',
    notVisible: 'Names the stage 2 document that the architecture comes from.',
  },
  '24371-4.1-02': {
    modality: 'info',
    actor: 'all',
    behaviour: 'Entities in scope: WIC, eP-CSCF, eIMS-AGW, WWSF, WAF.',
    provenance: '[seen] S9',
    notVisible: 'Lists the entities in scope; what each of them does has rows of its own.',
  },
  '24371-4.1-03': {
    modality: 'info',
    actor: 'WIC',
    behaviour:
      'A WIC is an application (usually script fetched from the WWSF into a browser, or a native WebRTC non-browser) that behaves as an IMS client over W2.',
    provenance: '[known]',
    exercisedBy: 'a WIC fetched from the WWSF registers and calls over W2 as an IMS client',
  },
  '24371-4.1-04': {
    modality: 'info',
    actor: 'all',
    behaviour: 'Security for the signalling side: TS 33.203 Annex X; media side: TS 33.328 and TS 23.334.',
    provenance: '[known]',
    notVisible: 'Names the security documents; their mechanisms show in 6.2.1.1-02, 7.2.1-01 and 5.6-02.',
  },
  '24371-4.1-05': {
    modality: 'info',
    actor: 'all',
    behaviour: 'Whole clause is descriptive; no testable requirement expected.',
    provenance: '[inferred]',
    notVisible: 'Speaks of the clause itself, not of an entity.',
  },
});
