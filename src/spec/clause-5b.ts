import { catalogue } from './catalogue.js';

/** Clause 5B of TS 24.371: data framing and securing. */
export const clause5B = catalogue({
  '24371-5B.1-01': {
    modality: 'info',
    behaviour: 'Group covers RTP, SCTP and other framing, and their protection (DTLS, SRTP).',
    syntax: 'RTP, SRTP, SCTP, DTLS',
    provenance: '[inferred] from overview section 5',
    notVisible: 'Names a group of functions; the bindings follow in 5B.2 to 5B.4.',
  },
  '24371-5B.2-01': {
    modality: 'shall',
    actor: 'UE',
    trigger: 'UE supports WebRTC',
    behaviour: 'Support the WebRTC functions of overview section 5, codecs excluded.',
    syntax: 'RFC 8825 sec. 5 (RTP usage, SRTP, data channels)',
    provenance: '[inferred] (pattern of 5A.2/5D.2)',
  },
  '24371-5B.2-02': {
    modality: 'shall',
    actor: 'UE',
    trigger: 'RTP media',
    behaviour: 'Key SRTP with DTLS-SRTP; SDES is not the WebRTC way.',
    syntax: 'RFC 5763/5764',
    provenance: '[known]',
  },
  '24371-5B.3-01': {
    modality: 'need-not',
    actor: 'WWSF',
    behaviour: 'No framing/securing requirement.',
    provenance: '[inferred] (pattern)',
    notVisible: 'Frees the WWSF of a duty; it frames and secures no media in the first place.',
  },
  '24371-5B.4-01': {
    modality: 'shall',
    actor: 'GW',
    trigger: 'always',
    behaviour: 'Support WebRTC gateway functions of overview section 5, codecs excluded.',
    provenance: '[inferred] (pattern)',
  },
  '24371-5B.4-02': {
    modality: 'may',
    actor: 'GW',
    behaviour:
      'Relaxations like those of 5A.4/5D.4 are possible here (gateways draft allows e.g. skipping optional RTP extensions).',
    provenance: '[inferred]',
  },
  '24371-5B.4-03': {
    modality: 'shall',
    actor: 'GW',
    trigger: 'W3 RTP',
    behaviour: 'Terminate DTLS-SRTP on the access side unless media is passed transparently (7.4.5).',
    provenance: '[seen] S2 for the capability',
  },
});
