import type { SCscfPolicy } from './policy.js';

/** What comes of the comparison of who authorised a user with who may. */
export type EntityVerdict = 'allowed' | 'not allowed' | 'not compared';

/**
 * Compares the authorising entity that a REGISTER names with the names the HSS has sent (24371-6.4.2-10). Without names there
 * is nothing to compare with; a REGISTER that names nobody comes from a WAF of the operator's own (24371-6.4.2-06).
 *
 * @param entity `authorization-entity` of the REGISTER
 * @param allowed Allowed-WAF-WWSF-Identities
 */
export function checkEntity(
  entity: string | undefined,
  allowed: readonly string[] | undefined,
  mode: SCscfPolicy['authorizationEntity'],
): EntityVerdict {
  if (mode === 'ignored' || allowed === undefined) return 'not compared';
  if (entity === undefined) return mode === 'required' ? 'not allowed' : 'not compared';
  const name = entity.toLowerCase();
  return allowed.some((one) => one.toLowerCase() === name) ? 'allowed' : 'not allowed';
}
