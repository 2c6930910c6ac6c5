import { StreamBuffer } from '../http/stream-buffer.js';
import type { ParseError } from '../parsed.js';
import { decodeHandshake, encodeHandshake } from './handshake.js';
import { ALERT, CONTENT_TYPE, type TlsMessage } from './message.js';

/** The most content one record holds, in bytes (RFC 5246 6.2.1). */
export const MAX_RECORD_BYTES = 1 << 14;
const HEADER_BYTES = 5;

/**
 * The records of one message (RFC 5246 6.2.1). Application data beyond 2^14 bytes take several records, everything
 * else exactly one.
 * @throws RangeError when a handshake message does not fit its record.
 */
export function encodeRecords(message: TlsMessage): Uint8Array {
  switch (message.type) {
    case 'applicationData':
      return applicationRecords(message.data);
    case 'alert':
      return record(
        CONTENT_TYPE.alert,
        Uint8Array.of(message.level === 'fatal' ? 2 : 1, message.description),
      );
    default: {
      const body = encodeHandshake(message);
      if (body.length > MAX_RECORD_BYTES)
        throw new RangeError(`handshake of ${body.length} bytes exceeds a record`);
      return record(CONTENT_TYPE.handshake, body);
    }
  }
}

function applicationRecords(data: Uint8Array): Uint8Array {
  const count = Math.max(1, Math.ceil(data.length / MAX_RECORD_BYTES));
  const bytes = new Uint8Array(data.length + count * HEADER_BYTES);
  for (let i = 0, at = 0; i < count; i += 1) {
    const piece = data.subarray(i * MAX_RECORD_BYTES, (i + 1) * MAX_RECORD_BYTES);
    writeHeader(bytes, at, CONTENT_TYPE.applicationData, piece.length);
    bytes.set(piece, at + HEADER_BYTES);
    at += HEADER_BYTES + piece.length;
  }
  return bytes;
}

function record(type: number, body: Uint8Array): Uint8Array {
  const bytes = new Uint8Array(HEADER_BYTES + body.length);
  writeHeader(bytes, 0, type, body.length);
  bytes.set(body, HEADER_BYTES);
  return bytes;
}

/** Byte 0 content type, 1 and 2 version, 3 and 4 length. */
function writeHeader(bytes: Uint8Array, at: number, type: number, length: number): void {
  bytes[at] = type;
  bytes[at + 1] = 3;
  bytes[at + 2] = 3;
  bytes[at + 3] = length >> 8;
  bytes[at + 4] = length & 255;
}

/** A record's content and the absolute stream offsets of its first byte and of the byte after its last. */
export interface StreamedRecord {
  readonly message: TlsMessage;
  readonly start: number;
  readonly end: number;
}

/** Why the connection cannot go on, with the alert its peer is owed (RFC 5246 7.2.2). */
export interface TlsError extends ParseError {
  /** A value of {@link ALERT}. */
  readonly alert: number;
}

/** What one `push` made of the bytes so far. After an error the parser ignores everything further. */
export interface RecordResult {
  readonly records: readonly StreamedRecord[];
  readonly error?: TlsError;
}

/** Cuts one direction of a connection into records and reads their content. */
export class TlsRecordParser {
  readonly #buffer: StreamBuffer;
  #failed = false;

  /** @param start - absolute stream offset of the first byte pushed. */
  constructor(start = 0) {
    this.#buffer = new StreamBuffer(start);
  }

  /** Absolute stream offset of the first byte that belongs to no whole record yet. */
  get offset(): number {
    return this.#buffer.offset;
  }

  /** Bytes held of a record that is not whole yet. */
  get pendingBytes(): number {
    return this.#buffer.length;
  }

  /** Adds bytes in stream order; returns the records they complete. The parser may keep a reference to `chunk`. */
  push(chunk: Uint8Array): RecordResult {
    const records: StreamedRecord[] = [];
    if (this.#failed) return { records };
    this.#buffer.append(chunk);
    for (;;) {
      const next = this.#next();
      if (next === undefined) return { records };
      if ('alert' in next) {
        this.#failed = true;
        return { records, error: next };
      }
      records.push(next);
    }
  }

  #next(): StreamedRecord | TlsError | undefined {
    const buffer = this.#buffer;
    if (buffer.length < HEADER_BYTES) return undefined;
    const start = buffer.offset;
    const type = buffer.at(0) as number;
    if (type < CONTENT_TYPE.alert || type > CONTENT_TYPE.applicationData) {
      return {
        alert: ALERT.unexpectedMessage,
        what: `record type ${type} is outside this model`,
        offset: start,
      };
    }
    if (buffer.at(1) !== 3 || buffer.at(2) !== 3) {
      return {
        alert: ALERT.protocolVersion,
        what: 'record version is not TLS 1.2',
        offset: start + 1,
        expected: '0x0303',
      };
    }
    const length = ((buffer.at(3) as number) << 8) | (buffer.at(4) as number);
    if (length > MAX_RECORD_BYTES) {
      return {
        alert: ALERT.recordOverflow,
        what: `record of ${length} bytes exceeds 16384`,
        offset: start + 3,
      };
    }
    if (buffer.length < HEADER_BYTES + length) return undefined;
    buffer.skip(HEADER_BYTES);
    const message = content(type, buffer.take(length), start + HEADER_BYTES);
    return 'alert' in message ? message : { message, start, end: buffer.offset };
  }
}

function content(type: number, body: Uint8Array, offset: number): TlsMessage | TlsError {
  if (type === CONTENT_TYPE.applicationData) return { type: 'applicationData', data: body };
  if (type === CONTENT_TYPE.alert) {
    const [level, description] = body;
    if (body.length !== 2 || description === undefined || (level !== 1 && level !== 2)) {
      return {
        alert: ALERT.decodeError,
        what: 'not an alert',
        offset,
        expected: 'level 1 or 2, description',
      };
    }
    return { type: 'alert', level: level === 2 ? 'fatal' : 'warning', description };
  }
  const read = decodeHandshake(body);
  if (read.ok) return read.value;
  return { ...read.error, offset: offset + read.error.offset, alert: ALERT.decodeError };
}
