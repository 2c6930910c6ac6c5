import { amount, type PolicyOf } from '../common/index.js';

/** What is left to the operator of a WAF. */
export const wafPolicy = {
  tokenLifetimeS: amount('s', [1, 604_800], 3600, '24371-6.3.1-03', 'how long an access token is good'),
  codeLifetimeS: amount('s', [1, 600], 60, 'RFC 6749 4.1.2', 'how long an authorization code is good'),
  loginLifetimeS: amount('s', [1, 3600], 300, '24371-6.3.1-01', 'how long a login form waits for its user'),
  loginAttempts: amount(
    'attempts',
    [1, 100],
    3,
    '24371-6.3.1-01',
    'how many wrong passwords end an authorization',
  ),
} as const;

/** Values of {@link wafPolicy}. */
export type WafPolicy = PolicyOf<typeof wafPolicy>;
