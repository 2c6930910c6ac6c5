import { catalogue } from './catalogue.js';

/** Clause 6A of TS 24.371: deregistration. */
export const clause6A = catalogue({
  '24371-6A.1-01': {
    modality: 'info',
    actor: 'all',
    behaviour: 'De-registration of a WIC; mirrors clause 6. Text not recovered.',
    provenance: '[inferred]',
    notVisible: 'Introduces the clause; the behaviour is in 6A.2 and 6A.3.',
  },
  '24371-6A.2-01': {
    modality: 'shall',
    actor: 'WIC',
    trigger: 'user logs out or WIC is to be closed',
    behaviour:
      'Send REGISTER with zero expiry over the WebSocket, per 24.229 user-initiated de-registration.',
    syntax: '`Expires: 0` or `expires=0`',
    provenance: '[inferred]',
  },
  '24371-6A.2-02': {
    modality: 'shall',
    actor: 'WIC',
    trigger: 'web authentication scenarios',
    behaviour: 'Carry the Bearer token in the de-REGISTER.',
    syntax: '`Authorization: Bearer`',
    provenance: '[inferred]',
  },
  '24371-6A.2-03': {
    modality: 'shall',
    actor: 'WIC',
    trigger: 'IMS authentication scenarios',
    behaviour: 'Carry Digest credentials as for re-registration.',
    syntax: '`Authorization: Digest`',
    provenance: '[inferred]',
  },
  '24371-6A.2-04': {
    modality: 'should',
    actor: 'WIC',
    trigger: 'NOTIFY of reg event reports termination',
    behaviour: 'Drop registration state, tell the user; may close the WebSocket.',
    syntax: '`Event: reg`, `state="terminated"`',
    provenance: '[known] 24.229',
  },
  '24371-6A.2-05': {
    modality: 'shall',
    actor: 'WIC',
    trigger: 'dialogs active',
    behaviour: 'End sessions before de-registering.',
    syntax: 'BYE',
    provenance: '[known] 24.229',
  },
  '24371-6A.3-01': {
    modality: 'shall',
    actor: 'eP-CSCF',
    trigger: 'de-REGISTER from WIC',
    behaviour: 'Process as 6.4.x: validate token or set `integrity-protected`, forward with zero expiry.',
    syntax: 'TNA: `auth-done`',
    provenance: '[inferred]',
  },
  '24371-6A.3-02': {
    modality: 'shall/may',
    actor: 'eP-CSCF',
    trigger: 'WebSocket connection lost and not re-established in time',
    behaviour: 'De-register on behalf of the WIC (trusted-node scenarios), after ending sessions.',
    syntax: 'REGISTER `Expires: 0`, `auth-done`',
    provenance: '[inferred]',
  },
  '24371-6A.3-03': {
    modality: 'shall/may',
    actor: 'eP-CSCF',
    trigger: 'authorisation ends: token expires or WAF revokes it',
    behaviour: 'De-register the WIC (core side with TNA) and reject later requests.',
    syntax: 'REGISTER `Expires: 0`, `auth-done`; 401/403 on W2',
    provenance: '[inferred]',
  },
  '24371-6A.3-04': {
    modality: 'shall',
    actor: 'eP-CSCF',
    trigger: '200 (OK) for zero expiry, or NOTIFY reg event with termination',
    behaviour: 'Remove bindings of connection, identities, token.',
    provenance: '[known] 24.229',
  },
  '24371-6A.3-05': {
    modality: 'may',
    actor: 'eP-CSCF',
    trigger: 'pool identity',
    behaviour: 'Let the WWSF know that the pair is free (interface undefined).',
    provenance: '[inferred]',
    notVisible:
      'The interface to the WWSF is undefined, so there is no message to see; the reuse of a pair shows in 6.3.2-02 and 6.3.2-05.',
  },
});
