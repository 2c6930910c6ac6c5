import { choice, flag, type PolicyOf } from '../common/index.js';

/** What an operator of a P-CSCF decides. */
export const pCscfPolicy = {
  serviceRouteMismatch: choice(
    ['reject', 'replace'],
    'replace',
    'TS 24.229 5.2.6.3.1',
    'what becomes of a request whose Route is not the Service-Route of the registration: 400, or the right Route',
  ),
  outbound: flag(
    true,
    'TS 24.229 5.2.2.1, RFC 5626 5.1',
    'whether flows over TCP are offered to a UE that asks for one',
  ),
} as const;

/** Values of {@link pCscfPolicy}. */
export type PCscfPolicy = PolicyOf<typeof pCscfPolicy>;
