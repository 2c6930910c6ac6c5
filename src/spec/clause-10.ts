import { catalogue } from './catalogue.js';

/** Clause 10 of TS 24.371: multimedia application support. */
export const clause10 = catalogue({
  '24371-10.1-01': {
    modality: 'info',
    actor: 'all',
    behaviour: 'Says how IMS applications are reached through WebRTC; only MMTEL is detailed.',
    provenance: '[inferred] from contents S9',
    notVisible: 'Introduces the clause; the behaviour is in 10.2.',
  },
  '24371-10.2.1-01': {
    modality: 'info',
    actor: 'all',
    behaviour:
      'MMTEL and its supplementary services are those of TS 22.173 (stage 1) and TS 24.173 (stage 3).',
    provenance: 'references [seen] S9; wording [inferred]',
    notVisible: 'Names the service documents; the behaviour is in 10.2.2.1 and 10.2.4.',
  },
  '24371-10.2.2.1-01': {
    modality: 'shall',
    actor: 'WIC',
    trigger: 'SIP on W2, MMTEL wanted',
    behaviour:
      'Behave as the UE of TS 24.173 (ICSI, supplementary service procedures it chooses to support).',
    syntax:
      '`+g.3gpp.icsi-ref="urn%3Aurn-7%3A3gpp-service.ims.icsi.mmtel"`, `P-Preferred-Service: urn:urn-7:3gpp-service.ims.icsi.mmtel`',
    provenance: '[inferred]; syntax [known]',
  },
  '24371-10.2.2.1-02': {
    modality: 'may',
    actor: 'WIC',
    trigger: 'supplementary services',
    behaviour: 'Use HOLD, CONF, ECT, OIP/OIR, CDIV etc. like any UE.',
    syntax: '24.6xx series',
    provenance: '[inferred]',
  },
  '24371-10.2.2.2-01': {
    modality: 'info',
    actor: 'WIC',
    trigger: 'non-SIP on W2',
    behaviour:
      'Protocol out of scope; it has to carry enough information for the eP-CSCF to invoke MMTEL services.',
    provenance: '[inferred] (7.2.1-06 [seen] is the parallel)',
    exercisedBy: 'a call request of the non-SIP profile becomes an INVITE with the MMTEL ICSI',
  },
  '24371-10.2.3-01': {
    modality: 'need-not',
    actor: 'WWSF',
    behaviour: 'No MMTEL requirement (or: only supplies the WIC application that offers the service).',
    provenance: '[inferred]',
    notVisible: 'Frees the WWSF of a duty; delivering the application shows in 6.2.2-01.',
  },
  '24371-10.2.4-01': {
    modality: 'shall',
    actor: 'eP-CSCF',
    trigger: 'SIP on W2',
    behaviour: 'Pass MMTEL signalling as a P-CSCF; no extra function.',
    provenance: '[inferred]',
  },
  '24371-10.2.4-02': {
    modality: 'shall',
    actor: 'eP-CSCF',
    trigger: 'non-SIP on W2',
    behaviour:
      'Map the W2 protocol to SIP so that the core sees a 24.173 UE (ICSI inserted, service procedures translated).',
    provenance: '[inferred]',
  },
});
