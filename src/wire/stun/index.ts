/**
 * STUN messages (RFC 8489) with the attributes of ICE (RFC 8445) and TURN (RFC 8656), and ChannelData. Others use the exports
 * below: `parseStun`, `serializeStun`, and the three checks, which work on the bytes as received; `parseChannelData`,
 * `serializeChannelData`; `StunStreamParser` for both on TCP.
 *
 * Not supported: RFC 3489 messages without the magic cookie, SASLprep and OpaqueString preparation of credentials, the
 * attributes of RFC 5780, RFC 6062 and RFC 7635 (kept as bytes).
 */
export {
  type AddressFamily,
  ATTRIBUTE_NAMES,
  ATTRIBUTES,
  type AttributeForm,
  type AttributeName,
  attributeType,
  type PasswordAlgorithm,
  type StunAttribute,
} from './attribute.js';
export {
  CHANNEL_DATA_HEADER_BYTES,
  type ChannelData,
  FIRST_CHANNEL,
  isChannelData,
  LAST_CHANNEL,
  parseChannelData,
  serializeChannelData,
} from './channel-data.js';
export {
  MAGIC_COOKIE,
  STUN_HEADER_BYTES,
  STUN_METHOD,
  type StunClass,
  TRANSACTION_ID_BYTES,
} from './header.js';
export {
  type AttributeOf,
  attribute,
  coveredAttributes,
  parseStun,
  type StunMessage,
  type StunProtection,
  serializeStun,
  unknownRequired,
  validateStun,
} from './message.js';
export { PASSWORD_ALGORITHM } from './password-algorithms.js';
export {
  type Check,
  checkFingerprint,
  checkIntegrity,
  checkIntegritySha256,
  longTermKey,
  longTermKeySha256,
  shortTermKey,
  userHash,
} from './protection.js';
export { type StunStreamItems, StunStreamParser } from './stream.js';
