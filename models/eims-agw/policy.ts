import { amount, choice, flag, type PolicyOf, text } from '../common/index.js';

/** What TS 24.371 and TS 23.334 leave to the operator of an eIMS-AGW. */
export const eimsAgwPolicy = {
  ice: choice(
    ['lite', 'full'],
    'lite',
    '24371-5A.4-02; TS 23.334 5.18',
    'ICE implementation on the access side',
  ),
  iceTcp: flag(false, '24371-5.6-05', 'whether the access side can be reached over TCP too'),
  contexts: amount('contexts', [0, 100_000], 20_000, 'H.248.1 6.1', 'how many calls fit at a time'),
  controller: text(
    'ep1.visited1.net',
    'H.248.1 11.3',
    'name of the eP-CSCF to register with, empty for none',
  ),
} as const;

/** Values of {@link eimsAgwPolicy}. */
export type EimsAgwPolicy = PolicyOf<typeof eimsAgwPolicy>;
