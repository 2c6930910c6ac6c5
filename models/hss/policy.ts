import { choice, flag, type PolicyOf } from '../common/index.js';

/** What TS 29.228 leaves to the operator of an HSS. */
export const hssPolicy = {
  storeServerName: choice(
    ['keep', 'clear'],
    'clear',
    'TS 29.228 6.1.2.1',
    'whether the S-CSCF stays assigned when it asks for that at deregistration',
  ),
  thirdPartyPools: flag(
    true,
    'TS 29.228 6.1.1.1, TS 23.228 U.2.1.4',
    'whether pairs of identities that a third party manages are taken without a subscription of their own',
  ),
} as const;

/** Values of {@link hssPolicy}. */
export type HssPolicy = PolicyOf<typeof hssPolicy>;
