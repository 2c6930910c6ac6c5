/**
 * Codecs, one folder a protocol: bytes to typed values and back, pure functions. Each folder has an index of its own, which is
 * what others import; here is what all of them share.
 */
export {
  describeParseError,
  type Finding,
  type Parsed,
  type ParseError,
  parsed,
  unparsed,
} from './parsed.js';
