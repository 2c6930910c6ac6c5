/**
 * imslab: 3GPP TS 24.371 (WebRTC access to IMS), executable. {@link runScenario} runs a call flow and returns its trace;
 * the `render` functions turn a trace into a ladder, a diagram or a capture. Nothing here needs Node: it runs in a browser.
 *
 * @packageDocumentation
 */
import { scenarios } from '../scenarios/index.js';
import type { Scenario } from './explore/index.js';

export { models } from '../models/index.js';
export type { CallEnd, PhoneCall, VoiceIdentity } from '../models/phone/index.js';
export {
  user,
  type WebAccess,
  type WebAccessSize,
  type WicUser,
  webAccess,
} from '../models/topologies/index.js';
export type { Ue } from '../models/ue/index.js';
export { scenarios } from '../scenarios/index.js';
export * from './explore/index.js';
export {
  type ChoicePoint,
  type ChoiceSource,
  formatTape,
  listChoices,
  parseTape,
  seededChoices,
  type Tape,
  type TapeEntry,
  tapeChoices,
} from './kernel/index.js';
export type { EventHeard, FrameRun, MediaReport, SilenceHeard, SourceReport } from './media/index.js';
export * from './render/index.js';
export * from './spec/index.js';
export type { RtpReport } from './stack/rtp/index.js';
export * from './trace/index.js';

/**
 * The scenario of a name such as `call/wic-to-ims-ue`.
 *
 * @throws RangeError when there is none
 *
 * @example
 * ```ts
 * import { findScenario } from 'imslab';
 *
 * console.log(findScenario('call/wic-to-ims-ue').title); // => Call from a WIC to an IMS UE
 * ```
 */
export function findScenario(name: string): Scenario {
  const scenario = scenarios.find((one) => one.name === name);
  if (scenario === undefined) {
    throw new RangeError(`no scenario '${name}'; there are ${scenarios.map((one) => one.name).join(', ')}`);
  }
  return scenario;
}
