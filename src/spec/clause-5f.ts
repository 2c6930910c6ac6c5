import { catalogue } from './catalogue.js';

/** Clause 5F of TS 24.371: local system support functions. */
export const clause5F = catalogue({
  '24371-5F.1-01': {
    modality: 'info',
    behaviour:
      'Group: functions that need not be uniform (echo cancellation, local authentication, OS access control, recording).',
    provenance: '[inferred] from overview section 9',
    notVisible: 'Names a group of functions local to a device.',
  },
  '24371-5F.2-01': {
    modality: 'shall',
    actor: 'UE',
    trigger: 'UE supports WebRTC',
    behaviour: 'Support overview section 9 functions. Not testable on the wire.',
    provenance: '[inferred] (pattern)',
    notVisible:
      'Echo cancellation, device access and recording happen inside the device and leave no packet.',
  },
  '24371-5F.3-01': {
    modality: 'need-not',
    actor: 'WWSF',
    behaviour: 'No requirement.',
    provenance: '[inferred] (pattern)',
    notVisible: 'Frees the WWSF of a duty; it has no part in functions local to a device.',
  },
  '24371-5F.4-01': {
    modality: 'need-not',
    actor: 'GW',
    behaviour: 'Most likely no requirement.',
    provenance: '[inferred]',
    notVisible: 'A network gateway has no microphone, camera or local user to support.',
  },
});
