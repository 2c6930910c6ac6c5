/** Who a requirement binds: one functional entity, or one of the two people involved. */
export type Actor =
  | 'WIC'
  | 'WWSF'
  | 'WAF'
  | 'eP-CSCF'
  | 'eIMS-AGW'
  | 'P-CSCF'
  | 'I-CSCF'
  | 'S-CSCF'
  | 'HSS'
  | 'operator'
  | 'user';

/**
 * The actors behind each phrase of the catalogue. `all` is the five entities in scope (24371-4.1-02); `GW` is eP-CSCF and
 * eIMS-AGW acting together, the unit that 5A to 5F bind; `UE` is the device a WIC runs on and is modelled by the WIC.
 */
const actorsByPhrase = {
  AGW: ['eIMS-AGW'],
  GW: ['eP-CSCF', 'eIMS-AGW'],
  'I-CSCF': ['I-CSCF'],
  'I-CSCF, HSS': ['I-CSCF', 'HSS'],
  'IMS provider (eP-CSCF/S-CSCF)': ['eP-CSCF', 'S-CSCF'],
  'S-CSCF': ['S-CSCF'],
  'S-CSCF to WIC': ['S-CSCF', 'I-CSCF', 'eP-CSCF', 'WIC'],
  'S-CSCF, HSS': ['S-CSCF', 'HSS'],
  'S-CSCF/HSS': ['S-CSCF', 'HSS'],
  UE: ['WIC'],
  'W1/W2/W4 peers': ['WIC', 'WWSF', 'WAF', 'eP-CSCF'],
  WAF: ['WAF'],
  'WAF or WWSF': ['WAF', 'WWSF'],
  'WAF, WWSF': ['WAF', 'WWSF'],
  'WAF/WWSF': ['WAF', 'WWSF'],
  WIC: ['WIC'],
  'WIC + operator': ['WIC', 'operator'],
  'WIC using Gm': ['WIC'],
  'WIC using non-Gm SIP': ['WIC'],
  'WIC using non-SIP': ['WIC'],
  'WIC, AGW': ['WIC', 'eIMS-AGW'],
  'WIC, GW': ['WIC', 'eP-CSCF', 'eIMS-AGW'],
  'WIC, WWSF': ['WIC', 'WWSF'],
  'WIC, eP-CSCF': ['WIC', 'eP-CSCF'],
  WWSF: ['WWSF'],
  'WWSF/WAF': ['WWSF', 'WAF'],
  all: ['WIC', 'WWSF', 'WAF', 'eP-CSCF', 'eIMS-AGW'],
  'eP-CSCF': ['eP-CSCF'],
  operator: ['operator'],
  'originating eP-CSCF': ['eP-CSCF'],
  'terminating P-CSCF without WebRTC': ['P-CSCF'],
  'terminating eP-CSCF': ['eP-CSCF'],
  'user, WWSF, WAF, WIC': ['user', 'WWSF', 'WAF', 'WIC'],
} as const satisfies Record<string, readonly Actor[]>;

/** How a row of the catalogue names its actor. */
export type ActorPhrase = keyof typeof actorsByPhrase;

/**
 * The actors that a phrase stands for, the principal one first.
 *
 * @param phrase - the row's own wording; without one the row binds nobody
 */
export function actorsOf(phrase: ActorPhrase | undefined): readonly Actor[] {
  return phrase === undefined ? [] : actorsByPhrase[phrase];
}
