import { AesGcm, GCM_TAG_BYTES, Memo, memoKey } from '../../crypto/index.js';
import {
  CONTENT_TYPE,
  DTLS_1_0,
  DTLS_1_2,
  type DtlsRecord,
  MOST_CIPHERTEXT_BYTES,
  MOST_PLAINTEXT_BYTES,
  RECORD_HEADER_BYTES,
  writeRecordHeader,
} from '../../wire/dtls/index.js';
import type { WriteKeys } from './key-schedule.js';
import { ReplayWindow } from './replay-window.js';
import type { DtlsCounters } from './types.js';

const EXPLICIT_NONCE_BYTES = 8;
const NONCE_BYTES = 12;
const AAD_BYTES = 13;

/** Bytes a record of an epoch has beside its content: header, explicit nonce, tag (RFC 5288 3). */
export function recordOverhead(epoch: number): number {
  return RECORD_HEADER_BYTES + (epoch === 0 ? 0 : EXPLICIT_NONCE_BYTES + GCM_TAG_BYTES);
}

/** Tables of a key, which what one end writes and the other reads have in common; a call leaves nothing in them. */
const ciphers = new Memo<AesGcm>(64);

/** Protection of one direction in epoch 1. */
class Protection {
  readonly gcm: AesGcm;
  /** Salt, then the explicit nonce of the record in hand. */
  readonly nonce = new Uint8Array(NONCE_BYTES);
  readonly aad = new Uint8Array(AAD_BYTES);

  constructor({ key, salt }: WriteKeys) {
    this.gcm = ciphers.get(memoKey(key), () => new AesGcm(key));
    this.nonce.set(salt);
  }

  /** seq_num, type, version and length (RFC 5246 6.2.3.3), from the header of the record (RFC 6347 4.1.2.1). */
  authenticate(header: Uint8Array, length: number): void {
    const { aad } = this;
    for (let i = 0; i < 8; i += 1) aad[i] = header[3 + i] as number;
    for (let i = 0; i < 3; i += 1) aad[8 + i] = header[i] as number;
    aad[11] = length >> 8;
    aad[12] = length;
  }
}

/** Records of both epochs and both directions: sequence numbers, protection, replay (RFC 6347 4.1). */
export class RecordLayer {
  readonly #counters: DtlsCounters;
  /** Next sequence number to write, by epoch. */
  readonly #next = [0, 0];
  readonly #windows = [new ReplayWindow(), new ReplayWindow()];
  #writing: Protection | undefined;
  #reading: Protection | undefined;

  constructor(counters: DtlsCounters) {
    this.#counters = counters;
  }

  /** Whether epoch 1 has keys. */
  get keyed(): boolean {
    return this.#reading !== undefined;
  }

  install(write: WriteKeys, read: WriteKeys): void {
    this.#writing = new Protection(write);
    this.#reading = new Protection(read);
  }

  /** Continues epoch 0 with a sequence number (RFC 6347 4.2.1: that of the ClientHello answered). */
  continueAt(sequenceNumber: number): void {
    this.#next[0] = sequenceNumber;
  }

  /** A record around `content`. */
  write(
    contentType: number,
    epoch: 0 | 1,
    content: Uint8Array,
    version: typeof DTLS_1_0 | typeof DTLS_1_2 = DTLS_1_2,
  ): Uint8Array {
    const sequenceNumber = this.#next[epoch] as number;
    this.#next[epoch] = sequenceNumber + 1;
    this.#counters.recordsSent += 1;
    const bytes = new Uint8Array(recordOverhead(epoch) + content.length);
    const header = { contentType, version, epoch, sequenceNumber };
    writeRecordHeader(bytes, header, bytes.length - RECORD_HEADER_BYTES);
    if (epoch === 0) {
      bytes.set(content, RECORD_HEADER_BYTES);
      return bytes;
    }
    const protection = this.#writing;
    if (protection === undefined) throw new Error('epoch 1 has no keys yet');
    // epoch and sequence number never repeat under a key, so they are the nonce (RFC 5288 3)
    const explicit = bytes.subarray(3, 3 + EXPLICIT_NONCE_BYTES);
    const from = RECORD_HEADER_BYTES + EXPLICIT_NONCE_BYTES;
    bytes.set(explicit, RECORD_HEADER_BYTES);
    bytes.set(content, from);
    protection.nonce.set(explicit, NONCE_BYTES - EXPLICIT_NONCE_BYTES);
    protection.authenticate(bytes, content.length);
    const { gcm, nonce, aad } = protection;
    const to = from + content.length;
    gcm.seal(nonce, aad, AAD_BYTES, bytes, from, to, to);
    return bytes;
  }

  /** The content of a record; `undefined`, and counted, when it has to be dropped (RFC 6347 4.1.2.7). */
  read(record: DtlsRecord): Uint8Array | undefined {
    const counters = this.#counters;
    counters.recordsReceived += 1;
    const { contentType, version, epoch, sequenceNumber, fragment } = record;
    const known = contentType >= CONTENT_TYPE.changeCipherSpec && contentType <= CONTENT_TYPE.applicationData;
    // before the version is agreed on a record may bear another one (RFC 5246 E.1)
    if (!known || (version !== DTLS_1_2 && (epoch !== 0 || version !== DTLS_1_0))) {
      counters.unknown += 1;
      return undefined;
    }
    if (fragment.length > (epoch === 0 ? MOST_PLAINTEXT_BYTES : MOST_CIPHERTEXT_BYTES)) {
      counters.oversized += 1;
      return undefined;
    }
    const window = this.#windows[epoch];
    if (window === undefined || (epoch > 0 && this.#reading === undefined)) {
      counters.unknownEpoch += 1;
      return undefined;
    }
    const verdict = window.check(sequenceNumber);
    // nothing proves the right edge of epoch 0, so a forged one must not shut out what is left of it
    if (verdict === 'duplicate' || (verdict === 'too old' && epoch > 0)) {
      counters.replayed += 1;
      return undefined;
    }
    const content = epoch === 0 ? fragment : this.#open(record);
    if (content === undefined) {
      counters.badMac += 1;
      return undefined;
    }
    window.mark(sequenceNumber);
    return content;
  }

  #open({ contentType, version, epoch, sequenceNumber, fragment }: DtlsRecord): Uint8Array | undefined {
    const length = fragment.length - EXPLICIT_NONCE_BYTES - GCM_TAG_BYTES;
    const protection = this.#reading;
    if (length < 0 || length > MOST_PLAINTEXT_BYTES || protection === undefined) return undefined;
    const header = new Uint8Array(RECORD_HEADER_BYTES);
    writeRecordHeader(header, { contentType, version, epoch, sequenceNumber }, fragment.length);
    protection.authenticate(header, length);
    const { gcm, nonce, aad } = protection;
    nonce.set(fragment.subarray(0, EXPLICIT_NONCE_BYTES), NONCE_BYTES - EXPLICIT_NONCE_BYTES);
    // the datagram is not ours to change
    const content = fragment.slice(EXPLICIT_NONCE_BYTES);
    return gcm.open(nonce, aad, AAD_BYTES, content, 0, length, length)
      ? content.subarray(0, length)
      : undefined;
  }
}
