/**
 * Diameter (RFC 6733) with the Cx application (TS 29.229): messages, the dictionary of AVPs and commands, framing on TCP.
 * AVPs are written by name with {@link makeAvp} and read by name with {@link avp} and {@link avpValue}.
 *
 * Not supported: accounting and re-authentication commands, AVPs of type Integer64 and Float, AVPs of Rel-15 and later
 * (they keep their bytes), security below the application.
 */
export {
  type AvpData,
  type AvpHolder,
  type AvpInput,
  avp,
  avpName,
  avps,
  avpText,
  avpValue,
  avpValues,
  type DiameterResult,
  enumeratedName,
  makeAvp,
  makeResult,
  resultOf,
} from './avps.js';
export { type CommandDefinition, type CommandName, commandName, commands } from './commands.js';
export { type AvpDefinition, type AvpName, type AvpType, dictionary, lookUpAvp } from './dictionary.js';
export { makeAnswer, makeRequest, makeSessionId, type RequestIds } from './make-message.js';
export * from './message.js';
export { type DiameterParseError, type ParsedDiameter, parseDiameter } from './parse.js';
export { CxResultCode, ResultCode, type ResultName, resultCodeName } from './result-codes.js';
export { serializeDiameter } from './serialize.js';
export { type DiameterStreamItem, DiameterStreamParser } from './stream.js';
export { diameterSummary } from './summary.js';
export { type DiameterFinding, validateDiameter } from './validate.js';
