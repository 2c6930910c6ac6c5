/**
 * Session descriptions (RFC 8866, RFC 4566): a lossless, typed view of SDP text. The patterns of attributes are those of
 * `sdp-transform`; lines, their order and what nobody knows are kept here, so that parse then serialize is the same text.
 *
 * Not supported: character sets other than UTF-8, session versions above 2^53 - 1 (the `o=` line then stays text), ports
 * with leading zeros (refused), more than
 * one description in one text (H.248 alternatives), SDPng and capability negotiation (RFC 5939).
 */
export * from './attributes.js';
export * from './candidate.js';
export { checkAnswer } from './check-answer.js';
export * from './description.js';
export { parseSdp } from './parse.js';
export * from './readers.js';
export * from './rtp-maps.js';
export { serializeSdp } from './serialize.js';
export { validateSdp } from './validate.js';
