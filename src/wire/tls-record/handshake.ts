import { type Parsed, parsed, unparsed } from '../parsed.js';
import type { TlsClientHello, TlsFinished, TlsServerHello } from './message.js';

/** Handshake types (RFC 5246 7.4). */
const CLIENT_HELLO = 1;
const SERVER_HELLO = 2;
const FINISHED = 20;
const VERSION_TLS12 = 0x0303;
/** TLS_ECDHE_ECDSA_WITH_NULL_SHA (RFC 8422 6): says truthfully that nothing is encrypted. */
const CIPHER_SUITE = 0xc006;
const EXTENSION_SERVER_NAME = 0;
const EXTENSION_ALPN = 16;
/** From the range for private use (RFC 8447 17): the names a certificate would prove, each with a 16-bit length. */
const EXTENSION_CERTIFICATE_NAMES = 0xff24;
const VERIFY_DATA_BYTES = 12;
const RANDOM_BYTES = 32;

type TlsHandshake = TlsClientHello | TlsServerHello | TlsFinished;

const encoder = new TextEncoder();
const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/**
 * The body of a handshake record: laid out as RFC 5246 7.4 has it, so that a dissector can read it.
 * @throws RangeError when a random is not 32 bytes long or a list outgrows its length field.
 */
export function encodeHandshake(message: TlsHandshake): Uint8Array {
  switch (message.type) {
    case 'finished':
      return Uint8Array.from([FINISHED, 0, 0, VERIFY_DATA_BYTES, ...new Uint8Array(VERIFY_DATA_BYTES)]);
    case 'clientHello': {
      const extensions: number[] = [];
      if (message.serverName !== undefined) {
        const entry = [0, ...vector16(utf8(message.serverName))];
        extensions.push(...u16(EXTENSION_SERVER_NAME), ...vector16(vector16(entry)));
      }
      if (message.alpn !== undefined) extensions.push(...alpnExtension(message.alpn));
      const suites = vector16(u16(CIPHER_SUITE));
      const body = [...u16(VERSION_TLS12), ...random32(message.random), 0, ...suites, 1, 0];
      return handshake(CLIENT_HELLO, [...body, ...vector16(extensions)]);
    }
    case 'serverHello': {
      const names = message.certificateNames.flatMap((name) => vector16(utf8(name)));
      const extensions = [...u16(EXTENSION_CERTIFICATE_NAMES), ...vector16(names)];
      if (message.alpn !== undefined) extensions.push(...alpnExtension([message.alpn]));
      const body = [...u16(VERSION_TLS12), ...random32(message.random), 0, ...u16(CIPHER_SUITE), 0];
      return handshake(SERVER_HELLO, [...body, ...vector16(extensions)]);
    }
  }
}

function alpnExtension(protocols: readonly string[]): number[] {
  const list = protocols.flatMap((protocol) => {
    const name = utf8(protocol);
    if (name.length > 255) throw new RangeError('an ALPN name has at most 255 bytes (RFC 7301 3.1)');
    return [name.length, ...name];
  });
  return [...u16(EXTENSION_ALPN), ...vector16(vector16(list))];
}

function handshake(type: number, body: readonly number[]): Uint8Array {
  const length = body.length;
  return Uint8Array.from([type, length >> 16, (length >> 8) & 255, length & 255, ...body]);
}

function random32(random: Uint8Array | undefined): Uint8Array {
  const bytes = random ?? new Uint8Array(RANDOM_BYTES);
  if (bytes.length !== RANDOM_BYTES) throw new RangeError(`a TLS random has 32 bytes, not ${bytes.length}`);
  return bytes;
}

function u16(value: number): number[] {
  return [value >> 8, value & 255];
}

function vector16(bytes: readonly number[]): number[] {
  if (bytes.length > 0xffff) throw new RangeError(`${bytes.length} bytes do not fit a 16-bit length`);
  return [...u16(bytes.length), ...bytes];
}

function utf8(text: string): number[] {
  return [...encoder.encode(text)];
}

/** Reads forward and remembers whether it ran past the end. */
class Reader {
  at = 0;
  overrun = false;
  readonly bytes: Uint8Array;

  constructor(bytes: Uint8Array) {
    this.bytes = bytes;
  }

  get left(): number {
    return this.bytes.length - this.at;
  }

  u8(): number {
    return this.take(1)[0] ?? 0;
  }

  u16(): number {
    const bytes = this.take(2);
    return ((bytes[0] ?? 0) << 8) | (bytes[1] ?? 0);
  }

  take(count: number): Uint8Array {
    if (count > this.left) this.overrun = true;
    const bytes = this.bytes.slice(this.at, this.at + count);
    this.at = Math.min(this.at + count, this.bytes.length);
    return bytes;
  }

  /** A vector with a length prefix of one or two bytes, as a reader of its own. */
  vector(prefixBytes: 1 | 2): Reader {
    const inner = new Reader(this.take(prefixBytes === 1 ? this.u8() : this.u16()));
    return inner;
  }
}

/**
 * Reads the body of a handshake record that holds exactly one message of this model. Other handshake types, and fields
 * the model cannot represent, are errors.
 */
export function decodeHandshake(bytes: Uint8Array): Parsed<TlsHandshake> {
  const reader = new Reader(bytes);
  const type = reader.u8();
  const length = (reader.u8() << 16) | reader.u16();
  if (reader.overrun || length !== reader.left) {
    return unparsed('handshake length does not match its record', 1, String(Math.max(0, bytes.length - 4)));
  }
  if (type === FINISHED) {
    const verified = length === VERIFY_DATA_BYTES && reader.take(length).every((byte) => byte === 0);
    return verified ? parsed({ type: 'finished' }) : unparsed('verify data do not match', 4, '12 zero bytes');
  }
  if (type !== CLIENT_HELLO && type !== SERVER_HELLO) {
    return unparsed(`handshake type ${type} is outside this model`, 0);
  }
  return hello(reader, type);
}

interface Extensions {
  serverName?: string;
  alpn?: string[];
  certificateNames?: string[];
}

function hello(reader: Reader, type: number): Parsed<TlsHandshake> {
  if (reader.u16() !== VERSION_TLS12) return unparsed('version is not TLS 1.2', 4, '0x0303');
  const randomBytes = reader.take(RANDOM_BYTES);
  if (reader.vector(1).left > 0) return unparsed('session identifiers are outside this model', 38, '0');
  const suiteAt = reader.at;
  const suites = type === CLIENT_HELLO ? reader.vector(2) : new Reader(reader.take(2));
  if (suites.u16() !== CIPHER_SUITE || suites.left > 0) {
    return unparsed('cipher suite is outside this model', suiteAt, 'only 0xC006');
  }
  const compressionAt = reader.at;
  const compression = type === CLIENT_HELLO ? reader.vector(1) : new Reader(reader.take(1));
  if (compression.u8() !== 0 || compression.left > 0) {
    return unparsed('compression is outside this model', compressionAt, 'only null');
  }
  const extensionsAt = reader.at;
  const found = extensions(reader.vector(2));
  if (found === undefined || reader.overrun || reader.left > 0) {
    return unparsed('extensions cannot be read', extensionsAt);
  }
  const random = randomBytes.every((byte) => byte === 0) ? {} : { random: randomBytes };
  if (type === CLIENT_HELLO) {
    const { serverName, alpn } = found;
    return parsed({
      type: 'clientHello',
      ...(serverName !== undefined && { serverName }),
      ...(alpn !== undefined && { alpn }),
      ...random,
    });
  }
  const { certificateNames, alpn } = found;
  if (certificateNames === undefined) return unparsed('certificate names are missing', extensionsAt);
  return parsed({
    type: 'serverHello',
    certificateNames,
    ...(alpn?.[0] !== undefined && { alpn: alpn[0] }),
    ...random,
  });
}

/** Extensions of either hello; ones unknown to the model are skipped (RFC 5246 7.4.1.4). */
function extensions(all: Reader): Extensions | undefined {
  const found: Extensions = {};
  while (all.left > 0) {
    const type = all.u16();
    const body = all.vector(2);
    if (all.overrun) return undefined;
    if (type === EXTENSION_SERVER_NAME) {
      const entries = body.vector(2);
      const nameType = entries.u8();
      const name = text(entries.vector(2).bytes);
      if (nameType !== 0 || name === undefined || entries.overrun || body.overrun) return undefined;
      found.serverName = name;
    } else if (type === EXTENSION_ALPN) {
      const names = strings(body.vector(2), 1);
      if (names === undefined || body.overrun) return undefined;
      found.alpn = names;
    } else if (type === EXTENSION_CERTIFICATE_NAMES) {
      const names = strings(body, 2);
      if (names === undefined) return undefined;
      found.certificateNames = names;
    }
  }
  return all.overrun ? undefined : found;
}

function strings(list: Reader, prefixBytes: 1 | 2): string[] | undefined {
  const all: string[] = [];
  while (list.left > 0) {
    const name = text(list.vector(prefixBytes).bytes);
    if (name === undefined || list.overrun) return undefined;
    all.push(name);
  }
  return all;
}

function text(bytes: Uint8Array): string | undefined {
  try {
    return decoder.decode(bytes);
  } catch {
    return undefined;
  }
}
