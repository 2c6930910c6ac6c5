import { catalogue } from './catalogue.js';

/** Clause 9 of TS 24.371: call modification. */
export const clause9 = catalogue({
  '24371-9-01': {
    modality: 'shall',
    actor: 'WIC, eP-CSCF',
    trigger: 'either side changes an established session',
    behaviour: 'Use new offer/answer and apply clauses 7 and 8 to it.',
    syntax: 're-INVITE, UPDATE',
    provenance: '[inferred]',
  },
  '24371-9-02': {
    modality: 'shall',
    actor: 'eP-CSCF',
    trigger: 'subsequent offer changes transport/ICE credentials',
    behaviour: 'Treat changed ufrag/pwd as ICE restart at the AGW.',
    syntax: '`a=ice-ufrag`, `a=ice-pwd`',
    provenance: '[known]',
  },
  '24371-9-03': {
    modality: 'shall',
    actor: 'eP-CSCF',
    trigger: 'subsequent offer keeps fingerprint/tls-id/transport',
    behaviour: 'Keep the DTLS association; a change of fingerprint or tls-id means a new one.',
    syntax: '`a=tls-id`, `a=fingerprint`',
    provenance: '[known] RFC 5763/8842',
  },
  '24371-9-04': {
    modality: 'shall',
    actor: 'eP-CSCF',
    trigger: 'optimised session is modified',
    behaviour:
      'Include or re-evaluate `tra-*` in the new offer/answer; may switch between transparent and interworked.',
    syntax: '`a=tra-*`',
    provenance: '[inferred]',
  },
  '24371-9-05': {
    modality: 'shall',
    actor: 'WIC, eP-CSCF',
    trigger: 'data channel added/removed',
    behaviour: 'Update dcmap/dcsa in a new offer (SDP-negotiated channels).',
    provenance: '[known] RFC 8864',
  },
  '24371-9-06': {
    modality: 'shall',
    actor: 'eP-CSCF',
    trigger: 'hold/resume',
    behaviour: 'Pass direction attributes through; no WebRTC-specific action.',
    syntax: '`a=sendonly`, `a=inactive`',
    provenance: '[inferred]',
  },
});
