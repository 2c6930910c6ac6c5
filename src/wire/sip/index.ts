/**
 * SIP messages (RFC 3261 25 and the header fields an IMS network uses, TS 24.229 Rel-14): bytes to values and back.
 * `parseSip` and `SipStreamParser` keep all that can be represented, `validateSip` names what is wrong with it and the
 * status code owed, `serializeSip` writes it. Header field values stay text until a typed view or parser is asked for.
 *
 * Not supported: typed views of fields that no IMS procedure here reads (Alert-Info, Call-Info, Accept-Language,
 * Geolocation, History-Info, Identity, ...), which are kept and forwarded as text; multipart bodies, which stay bytes;
 * comparison of URI headers by the rules of each header field (they are compared as text).
 */
export * from './auth.js';
export * from './date.js';
export * from './fields.js';
export { escapeUri, isToken, quote, splitList, unescapeUri, unquote } from './grammar.js';
export { headerKey } from './header-names.js';
export * from './message.js';
export * from './name-addr.js';
export * from './p-headers.js';
export * from './params.js';
export { type ParseOptions, parseSip } from './parse.js';
export { reasonPhrase } from './reason-phrase.js';
export { serializeSip } from './serialize.js';
export * from './stream.js';
export * from './uri.js';
export { sameUri } from './uri-compare.js';
export { canAnswer, rejection, type ValidateOptions, validateSip } from './validate.js';
export * from './valued.js';
export * from './via.js';
