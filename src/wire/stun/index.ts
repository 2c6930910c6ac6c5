/**
 * STUN messages (RFC 8489) with the attributes of ICE (RFC 8445) and the address-like ones of TURN (RFC 8656). Others use
 * the exports below: `parseStun`, `serializeStun`, and the three checks, which work on the bytes as received.
 *
 * Not supported: RFC 3489 messages without the magic cookie, SASLprep and OpaqueString preparation of credentials, the
 * inner layout of PASSWORD-ALGORITHM(S), TURN attributes with other forms (kept as bytes), ChannelData.
 */
export {
  ATTRIBUTE_NAMES,
  ATTRIBUTES,
  type AttributeForm,
  type AttributeName,
  attributeType,
  type StunAttribute,
} from './attribute.js';
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
