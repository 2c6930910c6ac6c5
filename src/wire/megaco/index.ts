/**
 * Megaco/H.248.1 in the text encoding (Annex B), up to version 3: messages as typed values. Session descriptions in Local and
 * Remote stay text, since they may hold `$`; wire/sdp reads them.
 *
 * Not supported: the binary encoding, message segmentation (version 3), and the insides of Modem, Mux, DigitMap, EventBuffer,
 * Topology, signal lists, embedded events and the selective audits of version 3, all of which stay text. Comments are dropped.
 */
export {
  descriptor,
  hasChoose,
  type Mid,
  makeAction,
  makeError,
  makeErrorReply,
  makeMid,
  parseMid,
  sessionDescriptions,
  streamOf,
  streamsOf,
} from './access.js';
export { megacoErrors, serviceChangeReasons } from './codes.js';
export type * from './message.js';
export { EVENT, PACKAGES, PROPERTY, SIGNAL, STATISTIC } from './packages.js';
export { type MegacoParseError, type ParsedMegaco, parseMegaco } from './parse.js';
export { property, propertyText, propertyTexts, quote, unquote } from './properties.js';
export { serializeMegaco } from './serialize.js';
export { megacoSummary } from './summary.js';
export { type MegacoFinding, validateMegaco } from './validate.js';
