import { formatIp, parseIp } from '../ip/index.js';
import { ATTRIBUTE_NAMES, ATTRIBUTES, type StunAttribute } from './attribute.js';
import { MAGIC_COOKIE_BYTES } from './header.js';

const encoder = new TextEncoder();
const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });
const NO_BYTES = new Uint8Array(0);
const FAMILY_V4 = 1;
const FAMILY_V6 = 2;

/**
 * The value of an attribute, without padding.
 * @param transactionId - 12 bytes; IPv6 addresses are masked with it (RFC 8489 14.2).
 * @throws RangeError when a field is outside its range.
 */
export function encodeValue(attribute: StunAttribute, transactionId: Uint8Array): Uint8Array {
  if ('bytes' in attribute) return attribute.bytes;
  if ('text' in attribute) return encoder.encode(attribute.text);
  if ('ip' in attribute) {
    const masked = ATTRIBUTES[attribute.name][1] === 'xorAddress';
    return encodeAddress(attribute.ip, attribute.port, masked ? transactionId : undefined);
  }
  if ('value' in attribute) {
    const bytes = new Uint8Array(4);
    new DataView(bytes.buffer).setUint32(0, attribute.value);
    return bytes;
  }
  if ('tieBreaker' in attribute) return encodeTieBreaker(attribute.tieBreaker);
  if ('code' in attribute) {
    const { code, reason } = attribute;
    if (!(code >= 0 && code <= 799)) throw new RangeError(`STUN error code ${code} is not 0 to 799`);
    const text = encoder.encode(reason);
    const bytes = new Uint8Array(4 + text.length);
    bytes[2] = Math.floor(code / 100);
    bytes[3] = code % 100;
    bytes.set(text, 4);
    return bytes;
  }
  if ('types' in attribute)
    return Uint8Array.from(attribute.types.flatMap((type) => [type >> 8, type & 255]));
  return NO_BYTES;
}

/** Reads a value; one that is not laid out as its type demands comes back as `unknown`, its bytes kept. */
export function decodeValue(type: number, value: Uint8Array, transactionId: Uint8Array): StunAttribute {
  return decodeKnown(type, value, transactionId) ?? { name: 'unknown', type, bytes: value.slice() };
}

function decodeKnown(type: number, value: Uint8Array, transactionId: Uint8Array): StunAttribute | undefined {
  const name = ATTRIBUTE_NAMES.get(type);
  switch (name) {
    case undefined:
      return undefined;
    case 'MAPPED-ADDRESS':
    case 'ALTERNATE-SERVER':
    case 'XOR-MAPPED-ADDRESS':
    case 'XOR-PEER-ADDRESS':
    case 'XOR-RELAYED-ADDRESS': {
      const masked = ATTRIBUTES[name][1] === 'xorAddress';
      const address = decodeAddress(value, masked ? transactionId : undefined);
      return address && { name, ...address };
    }
    case 'USERNAME':
    case 'REALM':
    case 'NONCE':
    case 'ALTERNATE-DOMAIN':
    case 'SOFTWARE': {
      const text = utf8(value);
      return text === undefined ? undefined : { name, text };
    }
    case 'PRIORITY':
    case 'LIFETIME':
    case 'FINGERPRINT':
      return value.length === 4 ? { name, value: uint32(value) } : undefined;
    case 'ICE-CONTROLLED':
    case 'ICE-CONTROLLING':
      return value.length === 8 ? { name, tieBreaker: hex(value) } : undefined;
    case 'USE-CANDIDATE':
      return value.length === 0 ? { name } : undefined;
    case 'ERROR-CODE': {
      const reason = utf8(value.subarray(4));
      const number = value[3] ?? 100;
      if (reason === undefined || number > 99) return undefined;
      return { name, code: ((value[2] as number) & 7) * 100 + number, reason };
    }
    case 'UNKNOWN-ATTRIBUTES': {
      if (value.length % 2 !== 0) return undefined;
      const types: number[] = [];
      for (let i = 0; i < value.length; i += 2)
        types.push(((value[i] as number) << 8) | (value[i + 1] as number));
      return { name, types };
    }
    default:
      return { name, bytes: value.slice() };
  }
}

/** RFC 8489 14.1, and with a transaction id 14.2: port and address masked with the cookie and the id. */
function encodeAddress(ip: string, port: number, transactionId: Uint8Array | undefined): Uint8Array {
  const address = parseIp(ip);
  if (address === undefined) throw new RangeError(`${JSON.stringify(ip)} is not an IP address`);
  const bytes = new Uint8Array(4 + address.bytes.length);
  bytes[1] = address.family === 4 ? FAMILY_V4 : FAMILY_V6;
  bytes[2] = port >> 8;
  bytes[3] = port & 255;
  bytes.set(address.bytes, 4);
  if (transactionId) mask(bytes, transactionId);
  return bytes;
}

function decodeAddress(
  value: Uint8Array,
  transactionId: Uint8Array | undefined,
): { readonly ip: string; readonly port: number } | undefined {
  const family = value[1];
  const length = family === FAMILY_V4 ? 4 : family === FAMILY_V6 ? 16 : undefined;
  if (length === undefined || value.length !== 4 + length) return undefined;
  const bytes = value.slice();
  if (transactionId) mask(bytes, transactionId);
  return { ip: formatIp(bytes.subarray(4)), port: ((bytes[2] as number) << 8) | (bytes[3] as number) };
}

function mask(value: Uint8Array, transactionId: Uint8Array): void {
  for (let i = 2; i < 4; i += 1) value[i] = (value[i] as number) ^ (MAGIC_COOKIE_BYTES[i - 2] as number);
  for (let i = 0; i < value.length - 4; i += 1) {
    const key = i < 4 ? MAGIC_COOKIE_BYTES[i] : transactionId[i - 4];
    value[4 + i] = (value[4 + i] as number) ^ (key as number);
  }
}

function encodeTieBreaker(digits: string): Uint8Array {
  if (!/^[0-9a-f]{16}$/.test(digits)) {
    throw new RangeError(`tie-breaker ${JSON.stringify(digits)} is not 16 lower-case hexadecimal digits`);
  }
  const bytes = new Uint8Array(8);
  for (let i = 0; i < 8; i += 1) bytes[i] = Number.parseInt(digits.slice(2 * i, 2 * i + 2), 16);
  return bytes;
}

function hex(bytes: Uint8Array): string {
  let digits = '';
  for (const byte of bytes) digits += byte.toString(16).padStart(2, '0');
  return digits;
}

function uint32(bytes: Uint8Array): number {
  return new DataView(bytes.buffer, bytes.byteOffset).getUint32(0);
}

function utf8(bytes: Uint8Array): string | undefined {
  try {
    return decoder.decode(bytes);
  } catch {
    return undefined;
  }
}
