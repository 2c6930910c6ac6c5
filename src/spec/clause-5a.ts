import { catalogue } from './catalogue.js';

/** Clause 5A of TS 24.371: data transport. */
export const clause5A = catalogue({
  '24371-5A.1-01': {
    modality: 'info',
    behaviour:
      'Group: UDP and TCP support, secure set-up of connections, and send-timing functions such as congestion control and bandwidth estimation.',
    provenance: '[seen] S1',
    notVisible: 'Names a group of functions; the bindings follow in 5A.2 to 5A.4.',
  },
  '24371-5A.2-01': {
    modality: 'shall',
    actor: 'UE',
    trigger: 'UE supports WebRTC',
    behaviour: 'Support the WebRTC *non-browser* functions of overview section 4.',
    syntax: 'RFC 8825 sec. 4',
    provenance: '[seen] S1',
  },
  '24371-5A.2-02': {
    modality: 'info',
    actor: 'UE',
    behaviour: 'Audio/video codec mandates reached indirectly through that section are excluded.',
    provenance: '[seen] S1',
    exercisedBy:
      'a WIC that offers only TS 26.114 codecs, none of the WebRTC mandatory ones, completes a call',
  },
  '24371-5A.3-01': {
    modality: 'need-not',
    actor: 'WWSF',
    behaviour: 'No data transport requirement on the WWSF itself.',
    provenance: '[seen] S1',
    notVisible: 'Frees the WWSF of a duty, so nothing it sends or omits could break it.',
  },
  '24371-5A.3-02': {
    modality: 'info',
    actor: 'WIC',
    trigger: 'WIC was downloaded from the WWSF',
    behaviour:
      'The downloaded application is expected to use data transport in line with WebRTC non-browser support.',
    provenance: '[seen] S1',
    exercisedBy: 'a WIC downloaded from the WWSF runs ICE and DTLS on W3 like any other',
  },
  '24371-5A.4-01': {
    modality: 'shall',
    actor: 'GW',
    trigger: 'always',
    behaviour:
      'Support WebRTC *gateway* functions of overview section 4, without the indirect codec mandates.',
    provenance: '[seen] S1',
  },
  '24371-5A.4-02': {
    modality: 'may',
    actor: 'GW',
    trigger: 'GW is reachable at a static IP address as seen by the client',
    behaviour: 'Implement ICE-Lite only; full ICE is not needed.',
    syntax: '`a=ice-lite`',
    provenance: '[seen] S1',
  },
  '24371-5A.4-03': {
    modality: 'may',
    actor: 'GW',
    trigger: 'ICE-Lite',
    behaviour: 'Not send consent checks.',
    syntax: 'RFC 7675',
    provenance: '[seen] S1',
  },
  '24371-5A.4-04': {
    modality: 'shall',
    actor: 'GW',
    trigger: 'consent check (STUN Binding request) received',
    behaviour: 'Answer it.',
    syntax: 'STUN Binding success',
    provenance: '[seen] S1',
  },
  '24371-5A.4-05': {
    modality: 'need-not',
    actor: 'GW',
    trigger: 'static IP',
    behaviour: 'Support operation solely through a TURN server (no need to hide its location).',
    syntax: 'RFC 5766 / 8656',
    provenance: '[seen] S1',
    exercisedBy: 'a call completes in a topology without any TURN server',
  },
  '24371-5A.4-06': {
    modality: 'may',
    actor: 'GW',
    trigger: 'instead of TURN-only operation',
    behaviour:
      'Signal a restricted candidate set (typically a single host candidate per component) in place of TURN-only operation.',
    syntax: 'one `a=candidate ... typ host`',
    provenance: '[inferred] (sentence cut; echoes the WebRTC gateways draft)',
  },
});
