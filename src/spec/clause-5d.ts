import { catalogue } from './catalogue.js';

/** Clause 5D of TS 24.371: connection management. */
export const clause5D = catalogue({
  '24371-5D.1-01': {
    modality: 'info',
    behaviour:
      'Group: establishment of connections plus initial and mid-call agreement on formats; both SIP and Jingle (XMPP) count as such protocols.',
    provenance: '[seen] S1',
    notVisible: 'Names a group of functions; the bindings follow in 5D.2 to 5D.4.',
  },
  '24371-5D.2-01': {
    modality: 'shall',
    actor: 'UE',
    trigger: 'UE supports WebRTC',
    behaviour:
      'Support WebRTC *endpoint* functions of overview section 7 as appropriate (note: "endpoint" here, "non-browser" in 5A.2), codecs excluded.',
    syntax: 'RFC 8825 sec. 7 (JSEP)',
    provenance: '[seen] S1',
  },
  '24371-5D.3-01': {
    modality: 'need-not',
    actor: 'WWSF',
    behaviour:
      'No connection management requirement; the downloaded application is expected to follow WebRTC non-browser behaviour.',
    provenance: '[seen] S1',
    exercisedBy: 'a downloaded WIC negotiates a call while the links of the WWSF stay silent',
  },
  '24371-5D.4-01': {
    modality: 'shall',
    actor: 'GW',
    trigger: 'always',
    behaviour: 'Support WebRTC gateway functions of overview section 7, codecs excluded.',
    provenance: '[seen] S1',
  },
  '24371-5D.4-02': {
    modality: 'need-not',
    actor: 'GW',
    behaviour: 'Support Trickle ICE, BUNDLE or RTCP multiplexing.',
    syntax: '`a=ice-options:trickle`, `a=group:BUNDLE`, `a=rtcp-mux`',
    provenance: '[seen] S1',
    exercisedBy: 'a gateway whose policy has no trickle, no BUNDLE and no RTCP multiplexing completes a call',
  },
  '24371-5D.4-03': {
    modality: 'shall',
    actor: 'eP-CSCF',
    trigger: 'offer from WIC carries media multiplexing (BUNDLE)',
    behaviour: 'Remove the multiplexing part on entry to IMS.',
    syntax: 'remove `a=group:BUNDLE`, `a=bundle-only`',
    provenance: '[seen] S6',
  },
  '24371-5D.4-04': {
    modality: 'should',
    actor: 'WIC',
    trigger: 'using IMS services',
    behaviour: 'Not let the browser use media multiplexing.',
    provenance: '[seen] S6',
  },
  '24371-5D.4-05': {
    modality: 'shall',
    actor: 'WIC',
    trigger: 'GW without Trickle',
    behaviour: 'Finish candidate gathering before sending the offer/answer (consequence of 5D.4-02).',
    syntax: 'no `a=ice-options:trickle`; `a=end-of-candidates` tolerated',
    provenance: '[inferred]',
  },
});
