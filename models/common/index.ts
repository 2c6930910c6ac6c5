/** What all models share: the entity interface, the wall clock and typed policies. */
export type { Entity } from './entity.js';
export { EPOCH_S, wallClockS } from './epoch.js';
export {
  amount,
  choice,
  flag,
  type PolicyDefinition,
  type PolicyForm,
  type PolicyOf,
  type PolicyOption,
  parsePolicyValue,
  policyWith,
  text,
} from './policy.js';
export { isSignal, isSpeech, sameFormat } from './rtp-formats.js';
