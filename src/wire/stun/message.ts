import { type Finding, type Parsed, parsed, unparsed } from '../parsed.js';
import {
  ATTRIBUTE_NAMES,
  ATTRIBUTES,
  type AttributeName,
  attributeType,
  type StunAttribute,
} from './attribute.js';
import { decodeValue, encodeValue } from './attribute-value.js';
import {
  MAGIC_COOKIE,
  messageType,
  STUN_HEADER_BYTES,
  type StunClass,
  splitMessageType,
  TRANSACTION_ID_BYTES,
} from './header.js';
import { fingerprintOf, integrityOf, integritySha256Of } from './protection.js';

/** A STUN message (RFC 8489 5). */
export interface StunMessage {
  readonly class: StunClass;
  /** 12 bits, see `STUN_METHOD`. */
  readonly method: number;
  /** 12 bytes. */
  readonly transactionId: Uint8Array;
  /** In their order, integrity and fingerprint included when they were read. */
  readonly attributes: readonly StunAttribute[];
}

/** What the encoder computes and appends, in this order. */
export interface StunProtection {
  /** Key for MESSAGE-INTEGRITY (RFC 8489 14.5). */
  readonly integrityKey?: Uint8Array;
  /** Key for MESSAGE-INTEGRITY-SHA256, full length (RFC 8489 14.6). */
  readonly integritySha256Key?: Uint8Array;
  /** Whether to end with FINGERPRINT (RFC 8489 14.7). */
  readonly fingerprint?: boolean;
}

/**
 * The bytes of a message, attributes padded with zeros.
 * @throws RangeError when a field is outside its range.
 */
export function serializeStun(message: StunMessage, protection: StunProtection = {}): Uint8Array {
  const { transactionId } = message;
  if (transactionId.length !== TRANSACTION_ID_BYTES) {
    throw new RangeError(`a STUN transaction id has 12 bytes, not ${transactionId.length}`);
  }
  const values = message.attributes.map((attribute) => encodeValue(attribute, transactionId));
  const { integrityKey, integritySha256Key, fingerprint = false } = protection;
  let length = 0;
  for (const value of values) length += 4 + padded(value.length);
  const total = length + (integrityKey ? 24 : 0) + (integritySha256Key ? 36 : 0) + (fingerprint ? 8 : 0);
  if (total > 0xffff) throw new RangeError(`STUN message of ${total} bytes exceeds its length field`);
  const bytes = new Uint8Array(STUN_HEADER_BYTES + total);
  const view = new DataView(bytes.buffer);
  view.setUint16(0, messageType(message.class, message.method));
  view.setUint16(2, total);
  view.setUint32(4, MAGIC_COOKIE);
  bytes.set(transactionId, 8);
  let at = STUN_HEADER_BYTES;
  const append = (type: number, value: Uint8Array): void => {
    view.setUint16(at, type);
    view.setUint16(at + 2, value.length);
    bytes.set(value, at + 4);
    at += 4 + padded(value.length);
  };
  values.forEach((value, i) => {
    append(attributeType(message.attributes[i] as StunAttribute), value);
  });
  if (integrityKey) append(ATTRIBUTES['MESSAGE-INTEGRITY'][0], integrityOf(bytes, at, integrityKey));
  if (integritySha256Key) {
    append(ATTRIBUTES['MESSAGE-INTEGRITY-SHA256'][0], integritySha256Of(bytes, at, integritySha256Key));
  }
  if (fingerprint) {
    const crc = fingerprintOf(bytes, at);
    append(
      ATTRIBUTES.FINGERPRINT[0],
      Uint8Array.of(crc >>> 24, (crc >>> 16) & 255, (crc >>> 8) & 255, crc & 255),
    );
  }
  return bytes;
}

function padded(length: number): number {
  return (length + 3) & ~3;
}

/** Reads the one message that the bytes hold (RFC 8489 6.3, over UDP a datagram). Integrity is checked by `checkIntegrity`. */
export function parseStun(bytes: Uint8Array): Parsed<StunMessage> {
  if (bytes.length < STUN_HEADER_BYTES) return unparsed('STUN header is cut short', bytes.length, '20 bytes');
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  const type = view.getUint16(0);
  if (type > 0x3fff) return unparsed('the two highest bits are not zero', 0, '0 to 3');
  const length = view.getUint16(2);
  if (length % 4 !== 0) return unparsed(`length ${length} is not a multiple of four`, 2);
  if (length !== bytes.length - STUN_HEADER_BYTES) {
    return unparsed(`length ${length} is not that of the bytes`, 2, String(bytes.length - STUN_HEADER_BYTES));
  }
  if (view.getUint32(4) !== MAGIC_COOKIE) return unparsed('no magic cookie', 4, '0x2112A442');
  const transactionId = bytes.slice(8, STUN_HEADER_BYTES);
  const attributes: StunAttribute[] = [];
  for (let at = STUN_HEADER_BYTES; at < bytes.length; ) {
    const valueLength = view.getUint16(at + 2);
    const next = at + 4 + padded(valueLength);
    if (next > bytes.length) return unparsed('attribute reaches beyond the message', at + 2);
    const value = bytes.subarray(at + 4, at + 4 + valueLength);
    attributes.push(decodeValue(view.getUint16(at), value, transactionId));
    at = next;
  }
  return parsed({ ...splitMessageType(type), transactionId, attributes });
}

/** An attribute by its name. */
export type AttributeOf<N extends AttributeName> = StunAttribute extends infer A extends StunAttribute
  ? A extends StunAttribute
    ? N extends A['name']
      ? A & { readonly name: N }
      : never
    : never
  : never;

/** The first attribute of that name: RFC 8489 14 lets only the first count. */
export function attribute<N extends AttributeName>(
  message: StunMessage,
  name: N,
): AttributeOf<N> | undefined {
  return message.attributes.find((one) => one.name === name) as AttributeOf<N> | undefined;
}

/** Comprehension-required types in a message that this codec does not know: a request with any gets 420 (RFC 8489 6.3.1). */
export function unknownRequired(message: StunMessage): number[] {
  const types: number[] = [];
  for (const one of message.attributes) {
    if (one.name === 'unknown' && one.type < 0x8000 && !ATTRIBUTE_NAMES.has(one.type)) types.push(one.type);
  }
  return types;
}

/**
 * The attributes that MESSAGE-INTEGRITY or MESSAGE-INTEGRITY-SHA256 vouches for. Whatever follows them, other than the
 * other one and FINGERPRINT, is to be ignored (RFC 8489 14.5, 14.6). All attributes when there is neither.
 */
export function coveredAttributes(message: StunMessage): readonly StunAttribute[] {
  const first = message.attributes.findIndex(
    ({ name }) => name === 'MESSAGE-INTEGRITY' || name === 'MESSAGE-INTEGRITY-SHA256',
  );
  return first === -1 ? message.attributes : message.attributes.slice(0, first);
}

/** What RFC 8489 and RFC 8445 forbid although the message could be represented. */
export function validateStun(message: StunMessage): Finding[] {
  const findings: Finding[] = [];
  const names = message.attributes.map(({ name }) => name);
  for (const one of message.attributes) {
    const known = one.name === 'unknown' ? ATTRIBUTE_NAMES.get(one.type) : undefined;
    if (known !== undefined) {
      findings.push({ what: 'value is malformed', where: known, rule: 'RFC 8489 14' });
    }
  }
  const fingerprintAt = names.indexOf('FINGERPRINT');
  if (fingerprintAt !== -1 && fingerprintAt !== names.length - 1) {
    findings.push({ what: 'is not the last attribute', where: 'FINGERPRINT', rule: 'RFC 8489 14.7' });
  }
  const error = attribute(message, 'ERROR-CODE');
  if (message.class === 'error' && error === undefined) {
    findings.push({
      what: 'error response without it',
      where: 'ERROR-CODE',
      rule: 'RFC 8489 6.3.1.2',
    });
  }
  if (error !== undefined && (error.code < 300 || error.code > 699)) {
    findings.push({
      what: `code ${error.code} is outside 300 to 699`,
      where: 'ERROR-CODE',
      rule: 'RFC 8489 14.8',
    });
  }
  if (names.includes('ICE-CONTROLLED') && names.includes('ICE-CONTROLLING')) {
    findings.push({
      what: 'both roles are claimed',
      where: 'ICE-CONTROLLING',
      rule: 'RFC 8445 7.1.3',
    });
  }
  return findings;
}
