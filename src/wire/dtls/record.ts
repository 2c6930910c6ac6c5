import { type Parsed, type ParseError, parsed, unparsed } from '../parsed.js';

/** Bytes of a record's header: type 0, version 1 and 2, epoch 3 and 4, sequence number 5 to 10, length 11 and 12. */
export const RECORD_HEADER_BYTES = 13;

/** Most bytes of content, of content that is protected, and of the two together (RFC 5246 6.2.1 and 6.2.3). */
export const MOST_PLAINTEXT_BYTES = 1 << 14;
export const MOST_CIPHERTEXT_BYTES = MOST_PLAINTEXT_BYTES + 2048;

/** A record (RFC 6347 4.1). */
export interface DtlsRecord {
  /** A value of {@link CONTENT_TYPE}, or another from 0 to 255. */
  readonly contentType: number;
  readonly version: number;
  /** 0 to 65535. */
  readonly epoch: number;
  /** 0 to 2^48-1. */
  readonly sequenceNumber: number;
  /** At most 65535 bytes, protected in an epoch that has keys. */
  readonly fragment: Uint8Array;
}

/** The records of a datagram, as far as they could be told apart. */
export interface ParsedRecords {
  readonly records: readonly DtlsRecord[];
  /** Why the rest of the datagram could not be read. */
  readonly error?: ParseError;
}

/** Reads the records of a datagram (RFC 6347 4.1.1). Fragments are views of it. */
export function parseRecords(datagram: Uint8Array): ParsedRecords {
  const records: DtlsRecord[] = [];
  let at = 0;
  do {
    const record = parseRecord(datagram, at);
    if (!record.ok) return { records, error: record.error };
    records.push(record.value);
    at += RECORD_HEADER_BYTES + record.value.fragment.length;
  } while (at < datagram.length);
  return { records };
}

/** Reads the record that begins at `at`. */
export function parseRecord(datagram: Uint8Array, at = 0): Parsed<DtlsRecord> {
  const left = datagram.length - at;
  if (left < RECORD_HEADER_BYTES) {
    return unparsed('record header is truncated', datagram.length, `${RECORD_HEADER_BYTES} bytes`);
  }
  const view = new DataView(datagram.buffer, datagram.byteOffset + at, left);
  const length = view.getUint16(11);
  if (left < RECORD_HEADER_BYTES + length) {
    return unparsed('record is truncated', datagram.length, `${length} bytes of content`);
  }
  const from = at + RECORD_HEADER_BYTES;
  return parsed({
    contentType: view.getUint8(0),
    version: view.getUint16(1),
    epoch: view.getUint16(3),
    sequenceNumber: view.getUint16(5) * 0x1_0000_0000 + view.getUint32(7),
    fragment: datagram.subarray(from, from + length),
  });
}

/** Writes a record's header at the start of `bytes`. */
export function writeRecordHeader(
  bytes: Uint8Array,
  header: Omit<DtlsRecord, 'fragment'>,
  length: number,
): void {
  const view = new DataView(bytes.buffer, bytes.byteOffset, RECORD_HEADER_BYTES);
  view.setUint8(0, header.contentType);
  view.setUint16(1, header.version);
  view.setUint16(3, header.epoch);
  view.setUint16(5, Math.floor(header.sequenceNumber / 0x1_0000_0000));
  view.setUint32(7, header.sequenceNumber % 0x1_0000_0000);
  view.setUint16(11, length);
}

/**
 * The bytes of a record.
 * @throws RangeError when the fragment outgrows its length field.
 */
export function serializeRecord(record: DtlsRecord): Uint8Array {
  const { fragment } = record;
  if (fragment.length > 0xffff) throw new RangeError(`a record of ${fragment.length} bytes cannot be`);
  const bytes = new Uint8Array(RECORD_HEADER_BYTES + fragment.length);
  writeRecordHeader(bytes, record, fragment.length);
  bytes.set(fragment, RECORD_HEADER_BYTES);
  return bytes;
}
