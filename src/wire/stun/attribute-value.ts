import { formatIp, parseIp } from '../ip/index.js';
import { type AddressFamily, ATTRIBUTE_NAMES, ATTRIBUTES, type StunAttribute } from './attribute.js';
import { MAGIC_COOKIE_BYTES } from './header.js';
import { decodeAlgorithms, encodeAlgorithms } from './password-algorithms.js';

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
  if ('tieBreaker' in attribute) return encode64(attribute.tieBreaker);
  if ('code' in attribute) {
    const bytes = encodeError(attribute.code, attribute.reason);
    if ('family' in attribute) bytes[0] = familyNumber(attribute.family);
    return bytes;
  }
  if ('channel' in attribute) return Uint8Array.of(attribute.channel >> 8, attribute.channel & 255, 0, 0);
  if ('family' in attribute) return Uint8Array.of(familyNumber(attribute.family), 0, 0, 0);
  if ('reserveNext' in attribute) return Uint8Array.of(attribute.reserveNext ? 0x80 : 0);
  if ('protocol' in attribute) return Uint8Array.of(attribute.protocol, 0, 0, 0);
  if ('token' in attribute) return encode64(attribute.token);
  if ('icmpType' in attribute) {
    const bytes = new Uint8Array(8);
    bytes[2] = attribute.icmpType;
    bytes[3] = attribute.icmpCode;
    new DataView(bytes.buffer).setUint32(4, attribute.data);
    return bytes;
  }
  if ('algorithm' in attribute) return encodeAlgorithms([attribute.algorithm]);
  if ('algorithms' in attribute) return encodeAlgorithms(attribute.algorithms);
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
    case 'DONT-FRAGMENT':
      return value.length === 0 ? { name } : undefined;
    case 'ERROR-CODE': {
      const error = decodeError(value);
      return error && { name, ...error };
    }
    case 'ADDRESS-ERROR-CODE': {
      const error = decodeError(value);
      const family = familyOf(value[0]);
      return error && family && { name, family, ...error };
    }
    case 'CHANNEL-NUMBER':
      return value.length === 4 ? { name, channel: uint32(value) >>> 16 } : undefined;
    case 'REQUESTED-ADDRESS-FAMILY':
    case 'ADDITIONAL-ADDRESS-FAMILY': {
      const family = value.length === 4 ? familyOf(value[0]) : undefined;
      return family && { name, family };
    }
    case 'EVEN-PORT':
      return value.length === 1 ? { name, reserveNext: (value[0] as number) >= 0x80 } : undefined;
    case 'REQUESTED-TRANSPORT':
      return value.length === 4 ? { name, protocol: value[0] as number } : undefined;
    case 'RESERVATION-TOKEN':
      return value.length === 8 ? { name, token: hex(value) } : undefined;
    case 'ICMP': {
      if (value.length !== 8) return undefined;
      const [, , icmpType = 0, icmpCode = 0] = value;
      return { name, icmpType, icmpCode, data: uint32(value.subarray(4)) };
    }
    case 'PASSWORD-ALGORITHM': {
      const [algorithm, ...more] = decodeAlgorithms(value) ?? [];
      return algorithm && more.length === 0 ? { name, algorithm } : undefined;
    }
    case 'PASSWORD-ALGORITHMS': {
      const algorithms = decodeAlgorithms(value);
      return algorithms && { name, algorithms };
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
  bytes[1] = familyNumber(address.family);
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
  const family = familyOf(value[1]);
  if (family === undefined || value.length !== (family === 4 ? 8 : 20)) return undefined;
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

/** RFC 8489 14.8: the hundreds in three bits, the rest in eight. */
function encodeError(code: number, reason: string): Uint8Array {
  if (!(code >= 0 && code <= 799)) throw new RangeError(`STUN error code ${code} is not 0 to 799`);
  const text = encoder.encode(reason);
  const bytes = new Uint8Array(4 + text.length);
  bytes[2] = Math.floor(code / 100);
  bytes[3] = code % 100;
  bytes.set(text, 4);
  return bytes;
}

function decodeError(value: Uint8Array): { readonly code: number; readonly reason: string } | undefined {
  const reason = utf8(value.subarray(4));
  const number = value[3] ?? 100;
  if (reason === undefined || number > 99) return undefined;
  return { code: ((value[2] as number) & 7) * 100 + number, reason };
}

function familyNumber(family: AddressFamily): number {
  return family === 4 ? FAMILY_V4 : FAMILY_V6;
}

function familyOf(number: number | undefined): AddressFamily | undefined {
  return number === FAMILY_V4 ? 4 : number === FAMILY_V6 ? 6 : undefined;
}

function encode64(digits: string): Uint8Array {
  if (!/^[0-9a-f]{16}$/.test(digits)) {
    throw new RangeError(`${JSON.stringify(digits)} is not 16 lower-case hexadecimal digits`);
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
