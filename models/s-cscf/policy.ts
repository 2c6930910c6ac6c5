import { amount, choice, flag, type PolicyOf } from '../common/index.js';

/** What an operator of an S-CSCF decides. */
export const sCscfPolicy = {
  longestRegistrationS: amount(
    's',
    [60, 4_294_967_295],
    600_000,
    'TS 24.229 5.4.1.2.2',
    'longest duration of a registration that is granted',
  ),
  shortestRegistrationS: amount(
    's',
    [0, 3600],
    60,
    'TS 24.229 5.4.1.2.2, RFC 3261 10.3',
    'shortest duration that is accepted; shorter ones get 423',
  ),
  challengeRefresh: flag(
    false,
    'TS 24.229 5.4.1.2.2, TS 29.228 6.1.2',
    'whether a re-registration with SIP Digest is challenged although it comes from where the registration did',
  ),
  failedResponses: amount(
    'responses',
    [1, 10],
    2,
    'TS 24.229 5.4.1.2.3',
    'wrong responses to challenges after which the answer is 403',
  ),
  authorizationEntity: choice(
    ['ignored', 'checked when named', 'required'],
    'checked when named',
    '24371-6.4.2-10',
    'what an authorising WAF or WWSF means that is not among the names the HSS allows',
  ),
  secondContact: choice(
    ['replaces', 'adds'],
    'replaces',
    'TS 24.229 5.4.1.2.2',
    'what becomes of the contact of a private identity that registers another one without outbound',
  ),
} as const;

/** Values of {@link sCscfPolicy}. */
export type SCscfPolicy = PolicyOf<typeof sCscfPolicy>;
