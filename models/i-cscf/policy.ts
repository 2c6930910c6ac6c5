import { flag, type PolicyOf, text } from '../common/index.js';

/** What an operator of an I-CSCF decides. */
export const iCscfPolicy = {
  trustedNetworks: text(
    'visited1.net',
    '24371-6.4.2-08',
    'networks whose nodes may say that they have authenticated a user, separated by spaces',
  ),
  trustedNodes: text(
    'ep1.visited1.net',
    '24371-6.4.2-08',
    'names or addresses of the nodes that may, separated by spaces',
  ),
  checkTrustedNode: flag(
    true,
    '24371-6.4.2-08',
    'whether a REGISTER that claims to be authenticated is checked for its sender',
  ),
} as const;

/** Values of {@link iCscfPolicy}. */
export type ICscfPolicy = PolicyOf<typeof iCscfPolicy>;
