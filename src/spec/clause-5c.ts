import { catalogue } from './catalogue.js';

/** Clause 5C of TS 24.371: data formats. */
export const clause5C = catalogue({
  '24371-5C.1-01': {
    modality: 'info',
    behaviour:
      'Group covers codec specifications, format and functionality agreement for audio, video, data.',
    provenance: '[inferred] from overview section 6',
    notVisible: 'Names a group of functions; the bindings follow in 5C.2 to 5C.4.',
  },
  '24371-5C.2-01': {
    modality: 'shall',
    actor: 'UE',
    trigger: 'WebRTC access to IMS',
    behaviour:
      'Codecs follow TS 26.114 (its WebRTC access provisions), not the WebRTC mandatory-to-implement list.',
    syntax: 'AMR, AMR-WB, (EVS), G.711, Opus; H.264/H.265/VP8 as 26.114 says',
    provenance: 'principle [seen] S6; placement [inferred]',
  },
  '24371-5C.2-02': {
    modality: 'may',
    actor: 'UE',
    trigger: 'browser WIC',
    behaviour: 'Offer the codecs the browser has (Opus, G.711); the AGW transcodes.',
    syntax: '`m=audio ... 111 0 8`',
    provenance: '[inferred] from S2',
  },
  '24371-5C.3-01': {
    modality: 'need-not',
    actor: 'WWSF',
    behaviour: 'No data format requirement.',
    provenance: '[inferred] (pattern)',
    notVisible: 'Frees the WWSF of a duty; it sees no media format in the first place.',
  },
  '24371-5C.4-01': {
    modality: 'shall',
    actor: 'GW',
    trigger: 'always',
    behaviour: 'Support gateway functions of overview section 6; codec rules come from TS 26.114.',
    provenance: '[inferred] (pattern) + S6',
  },
  '24371-5C.4-02': {
    modality: 'shall',
    actor: 'AGW',
    trigger: 'audio codec sets of WIC and IMS peer disjoint',
    behaviour: 'Transcode (audio mandatory, video optional, Opus recommended).',
    provenance: '[seen] S2',
  },
});
