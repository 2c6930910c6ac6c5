import { catalogue } from './catalogue.js';

/** Clause 3 of TS 24.371: definitions. */
export const clause3 = catalogue({
  '24371-3.1-01': {
    modality: 'info',
    actor: 'all',
    behaviour: 'eP-CSCF, WAF, WIC, WWSF are defined by TS 23.228 Annex U.',
    provenance: '[seen] S1',
    notVisible: 'Says where four terms are defined; a term has no message.',
  },
  '24371-3.1-02': {
    modality: 'info',
    actor: 'all',
    behaviour:
      '"ICE Lite", "Full ICE", "host ICE candidate" come from the ICE RFC (5245 in Rel-14, 8445 in Rel-17).',
    provenance: '[seen] S1; Rel-14 [known]',
    notVisible: 'Says where three ICE terms are defined; the behaviour is in 5A.4-02 and 7.2.3-04.',
  },
  '24371-3.1-03': {
    modality: 'info',
    actor: 'all',
    behaviour:
      '"WebRTC endpoint" and "WebRTC non-browser" come from the WebRTC overview (RFC 8825 / earlier draft).',
    provenance: '[seen] S1',
    notVisible: 'Says where two WebRTC terms are defined; the behaviour is in 5A.2-01 and 5D.2-01.',
  },
});
