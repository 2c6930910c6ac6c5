import { amount, flag, type PolicyOf } from '../common/index.js';

/** What is left to the operator of a WWSF. */
export const wwsfPolicy = {
  https: flag(true, '24371-6.1-05', 'whether W1 runs over TLS'),
  callbackTimeoutS: amount(
    's',
    [1, 3600],
    300,
    '24371-6.3.1-01',
    'how long a login waits for its user to come back from the WAF',
  ),
} as const;

/** Values of {@link wwsfPolicy}. */
export type WwsfPolicy = PolicyOf<typeof wwsfPolicy>;
