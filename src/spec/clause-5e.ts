import { catalogue } from './catalogue.js';

/** Clause 5E of TS 24.371: presentation and control. */
export const clause5E = catalogue({
  '24371-5E.1-01': {
    modality: 'info',
    behaviour:
      'Group: everything that makes user interaction unsurprising (floor control, layout, switching).',
    provenance: '[inferred] from overview section 8',
    notVisible: 'Names a group of functions of the user interface.',
  },
  '24371-5E.2-01': {
    modality: 'shall',
    actor: 'UE',
    trigger: 'UE supports WebRTC',
    behaviour:
      'Support the functions of overview section 8 (browser APIs where a browser is used). Not testable on the wire.',
    provenance: '[inferred] (pattern)',
    notVisible:
      'Presentation to the user happens on the screen of the device, behind every interface of the model.',
  },
  '24371-5E.3-01': {
    modality: 'need-not',
    actor: 'WWSF',
    behaviour: 'No requirement.',
    provenance: '[inferred] (pattern)',
    notVisible: 'Frees the WWSF of a duty; how its page looks is no protocol.',
  },
  '24371-5E.4-01': {
    modality: 'need-not',
    actor: 'GW',
    behaviour: 'Most likely no requirement (a network gateway presents nothing to a user).',
    provenance: '[inferred]',
    notVisible: 'A network gateway presents nothing to a user.',
  },
});
