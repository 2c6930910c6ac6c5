import { type Parsed, parsed, unparsed } from '../parsed.js';
import { ByteReader } from './byte-reader.js';
import { ByteWriter } from './byte-writer.js';
import { HANDSHAKE_TYPE } from './constants.js';
import { type Extension, readExtensions, writeExtensions } from './extension.js';

/** RFC 6347 4.2.1, RFC 5246 7.4.1.2. */
export interface ClientHello {
  readonly type: 'clientHello';
  readonly version: number;
  /** 32 bytes. */
  readonly random: Uint8Array;
  /** At most 255 bytes can be written; RFC 5246 7.4.1.2 allows 32. */
  readonly sessionId: Uint8Array;
  /** At most 255 bytes; empty in the first ClientHello. */
  readonly cookie: Uint8Array;
  readonly cipherSuites: readonly number[];
  readonly compressionMethods: readonly number[];
  /** Absent when the message ends before them, which is not the same as an empty list. */
  readonly extensions?: readonly Extension[];
}

/** RFC 5246 7.4.1.3. */
export interface ServerHello {
  readonly type: 'serverHello';
  readonly version: number;
  /** 32 bytes. */
  readonly random: Uint8Array;
  readonly sessionId: Uint8Array;
  readonly cipherSuite: number;
  readonly compressionMethod: number;
  readonly extensions?: readonly Extension[];
}

/** RFC 6347 4.2.1. */
export interface HelloVerifyRequest {
  readonly type: 'helloVerifyRequest';
  readonly version: number;
  readonly cookie: Uint8Array;
}

/** RFC 5246 7.4.2 and 7.4.6. */
export interface CertificateMessage {
  readonly type: 'certificate';
  /** DER, the sender's own first. */
  readonly certificates: readonly Uint8Array[];
}

/** For key agreement by ECDHE on a named curve (RFC 8422 5.4). */
export interface ServerKeyExchange {
  readonly type: 'serverKeyExchange';
  /** A value of {@link NAMED_CURVE}, or another. */
  readonly namedCurve: number;
  readonly publicKey: Uint8Array;
  readonly signatureAlgorithm: number;
  readonly signature: Uint8Array;
}

/** RFC 5246 7.4.4. */
export interface CertificateRequest {
  readonly type: 'certificateRequest';
  readonly certificateTypes: readonly number[];
  readonly signatureAlgorithms: readonly number[];
  /** DER of distinguished names. */
  readonly certificateAuthorities: readonly Uint8Array[];
}

/** RFC 5246 7.4.8. */
export interface CertificateVerify {
  readonly type: 'certificateVerify';
  readonly signatureAlgorithm: number;
  readonly signature: Uint8Array;
}

/** For key agreement by ECDHE (RFC 8422 5.7). */
export interface ClientKeyExchange {
  readonly type: 'clientKeyExchange';
  readonly publicKey: Uint8Array;
}

/** RFC 5246 7.4.9. */
export interface Finished {
  readonly type: 'finished';
  /** 12 bytes with every cipher suite here. */
  readonly verifyData: Uint8Array;
}

/** A handshake message without its header. */
export type HandshakeMessage =
  | { readonly type: 'helloRequest' }
  | ClientHello
  | ServerHello
  | HelloVerifyRequest
  | CertificateMessage
  | ServerKeyExchange
  | CertificateRequest
  | { readonly type: 'serverHelloDone' }
  | CertificateVerify
  | ClientKeyExchange
  | Finished;

const RANDOM_BYTES = 32;
/** ECCurveType named_curve, the only one left (RFC 8422 5.4). */
const NAMED_CURVE_TYPE = 3;

const names = new Map(
  (Object.keys(HANDSHAKE_TYPE) as HandshakeMessage['type'][]).map((name) => [HANDSHAKE_TYPE[name], name]),
);

/** Reads the body of a handshake message of that type. Byte strings in the result are views of it. */
export function parseHandshakeBody(messageType: number, body: Uint8Array): Parsed<HandshakeMessage> {
  const type = names.get(messageType as (typeof HANDSHAKE_TYPE)['finished']);
  if (type === undefined) return unparsed(`handshake type ${messageType} is unknown`, 0);
  const reader = new ByteReader(body);
  const message = readBody(type, reader);
  if (message === undefined) return unparsed('key exchange is not over a named curve', 0, '3');
  if (reader.failedAt !== undefined) return unparsed(`${type} cannot be read`, reader.failedAt);
  if (reader.left > 0) return unparsed(`bytes after the ${type}`, reader.offset, 'the end');
  return parsed(message);
}

function readBody(type: HandshakeMessage['type'], reader: ByteReader): HandshakeMessage | undefined {
  switch (type) {
    case 'helloRequest':
    case 'serverHelloDone':
      return { type };
    case 'clientHello': {
      const hello = {
        type,
        version: reader.number(2),
        random: reader.take(RANDOM_BYTES),
        sessionId: reader.vector(1),
        cookie: reader.vector(1),
        cipherSuites: reader.numbers(2, 2),
        compressionMethods: reader.numbers(1, 1),
      } as const;
      return reader.left > 0 ? { ...hello, extensions: readExtensions(reader) } : hello;
    }
    case 'serverHello': {
      const hello = {
        type,
        version: reader.number(2),
        random: reader.take(RANDOM_BYTES),
        sessionId: reader.vector(1),
        cipherSuite: reader.number(2),
        compressionMethod: reader.number(1),
      } as const;
      return reader.left > 0 ? { ...hello, extensions: readExtensions(reader) } : hello;
    }
    case 'helloVerifyRequest':
      return { type, version: reader.number(2), cookie: reader.vector(1) };
    case 'certificate':
      return { type, certificates: readList(reader, 3) };
    case 'serverKeyExchange':
      if (reader.number(1) !== NAMED_CURVE_TYPE && reader.failedAt === undefined) return undefined;
      return {
        type,
        namedCurve: reader.number(2),
        publicKey: reader.vector(1),
        signatureAlgorithm: reader.number(2),
        signature: reader.vector(2),
      };
    case 'certificateRequest':
      return {
        type,
        certificateTypes: reader.numbers(1, 1),
        signatureAlgorithms: reader.numbers(2, 2),
        certificateAuthorities: readList(reader, 2),
      };
    case 'certificateVerify':
      return { type, signatureAlgorithm: reader.number(2), signature: reader.vector(2) };
    case 'clientKeyExchange':
      return { type, publicKey: reader.vector(1) };
    case 'finished':
      return { type, verifyData: reader.take(reader.left) };
  }
}

/** A vector of vectors, all with lengths of the same size. */
function readList(reader: ByteReader, size: 2 | 3): Uint8Array[] {
  const list = reader.inner(size);
  const items: Uint8Array[] = [];
  while (list.left > 0 && list.failedAt === undefined) items.push(list.vector(size));
  if (list.failedAt !== undefined) reader.failedAt ??= list.failedAt;
  return items;
}

/**
 * The body of a handshake message.
 * @throws RangeError when a random is not 32 bytes long or a vector outgrows its length field.
 */
export function serializeHandshakeBody(message: HandshakeMessage): Uint8Array {
  const writer = new ByteWriter();
  switch (message.type) {
    case 'helloRequest':
    case 'serverHelloDone':
      break;
    case 'clientHello':
      writer.number(message.version, 2).bytes(random32(message.random)).vector(message.sessionId, 1);
      writer.vector(message.cookie, 1).numbers(message.cipherSuites, 2, 2);
      writer.numbers(message.compressionMethods, 1, 1);
      if (message.extensions !== undefined) writeExtensions(writer, message.extensions);
      break;
    case 'serverHello':
      writer.number(message.version, 2).bytes(random32(message.random)).vector(message.sessionId, 1);
      writer.number(message.cipherSuite, 2).number(message.compressionMethod, 1);
      if (message.extensions !== undefined) writeExtensions(writer, message.extensions);
      break;
    case 'helloVerifyRequest':
      writer.number(message.version, 2).vector(message.cookie, 1);
      break;
    case 'certificate':
      writeList(writer, message.certificates, 3);
      break;
    case 'serverKeyExchange':
      writer.bytes(serializeEcdhParams(message.namedCurve, message.publicKey));
      writer.number(message.signatureAlgorithm, 2).vector(message.signature, 2);
      break;
    case 'certificateRequest':
      writer.numbers(message.certificateTypes, 1, 1).numbers(message.signatureAlgorithms, 2, 2);
      writeList(writer, message.certificateAuthorities, 2);
      break;
    case 'certificateVerify':
      writer.number(message.signatureAlgorithm, 2).vector(message.signature, 2);
      break;
    case 'clientKeyExchange':
      writer.vector(message.publicKey, 1);
      break;
    case 'finished':
      writer.bytes(message.verifyData);
  }
  return writer.written();
}

function writeList(writer: ByteWriter, items: readonly Uint8Array[], size: 2 | 3): void {
  writer.inner(size, (list) => {
    for (const item of items) list.vector(item, size);
  });
}

function random32(random: Uint8Array): Uint8Array {
  if (random.length !== RANDOM_BYTES) throw new RangeError(`a random has 32 bytes, not ${random.length}`);
  return random;
}

/** The ServerECDHParams that a ServerKeyExchange begins with and whose signature covers them (RFC 8422 5.4). */
export function serializeEcdhParams(namedCurve: number, publicKey: Uint8Array): Uint8Array {
  return new ByteWriter().number(NAMED_CURVE_TYPE, 1).number(namedCurve, 2).vector(publicKey, 1).written();
}
