import { amount, choice, type PolicyOf } from '../common/index.js';

/** What TS 24.371 and TS 23.334 leave to the operator of an eIMS-AGW. */
export const eimsAgwPolicy = {
  ice: choice(['lite'], 'lite', '24371-5A.4-02', 'ICE implementation on the access side'),
  contexts: amount('contexts', [0, 100_000], 20_000, 'H.248.1 6.1', 'how many calls fit at a time'),
} as const;

/** Values of {@link eimsAgwPolicy}. */
export type EimsAgwPolicy = PolicyOf<typeof eimsAgwPolicy>;
