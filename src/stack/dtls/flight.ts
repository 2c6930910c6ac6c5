import {
  CONTENT_TYPE,
  type DTLS_1_0,
  type DTLS_1_2,
  HANDSHAKE_HEADER_BYTES,
  serializeHandshakeFragment,
} from '../../wire/dtls/index.js';
import { type RecordLayer, recordOverhead } from './record-layer.js';

/** A message of a flight: a handshake message, or the ChangeCipherSpec between them (RFC 6347 4.2.5). */
export type FlightMessage =
  | {
      readonly messageType: number;
      readonly messageSeq: number;
      readonly body: Uint8Array;
      readonly epoch: 0 | 1;
    }
  | 'changeCipherSpec';

/** Messages that are sent, and sent again, together (RFC 6347 4.2.4). */
export interface Flight {
  readonly messages: readonly FlightMessage[];
  /** What the headers of its records say, before the peer has agreed to a version. */
  readonly version: typeof DTLS_1_0 | typeof DTLS_1_2;
}

/** The content of a ChangeCipherSpec (RFC 5246 7.1). */
const CHANGE_CIPHER_SPEC = Uint8Array.of(1);

/** A rest of a datagram smaller than this, in bytes of a message, is not worth a fragment of its own. */
const LEAST_FRAGMENT_BYTES = 16;

/**
 * A flight as datagrams of at most `mtu` bytes, each with as many records as fit (RFC 6347 4.1.1, 4.2.3). Every call takes
 * new sequence numbers, since a repeated message is a new record (RFC 6347 4.2.2).
 */
export function packFlight(flight: Flight, layer: RecordLayer, mtu: number): Uint8Array[] {
  const datagrams: Uint8Array[] = [];
  let pending: Uint8Array[] = [];
  let used = 0;
  const flush = (): void => {
    if (used > 0) datagrams.push(concatenated(pending, used));
    pending = [];
    used = 0;
  };
  const put = (record: Uint8Array): void => {
    if (used + record.length > mtu) flush();
    pending.push(record);
    used += record.length;
  };
  for (const message of flight.messages) {
    if (message === 'changeCipherSpec') {
      put(layer.write(CONTENT_TYPE.changeCipherSpec, 0, CHANGE_CIPHER_SPEC));
      continue;
    }
    const { epoch, body, messageType, messageSeq } = message;
    const overhead = recordOverhead(epoch) + HANDSHAKE_HEADER_BYTES;
    let offset = 0;
    do {
      if (mtu - used - overhead < Math.min(LEAST_FRAGMENT_BYTES, body.length - offset)) flush();
      const fragment = body.subarray(offset, offset + (mtu - used - overhead));
      const header = { messageType, messageSeq, length: body.length, fragmentOffset: offset };
      const content = serializeHandshakeFragment({ ...header, fragment });
      put(layer.write(CONTENT_TYPE.handshake, epoch, content, flight.version));
      offset += fragment.length;
    } while (offset < body.length);
  }
  flush();
  return datagrams;
}

function concatenated(parts: readonly Uint8Array[], length: number): Uint8Array {
  const [first] = parts;
  if (first !== undefined && parts.length === 1) return first;
  const bytes = new Uint8Array(length);
  let at = 0;
  for (const part of parts) {
    bytes.set(part, at);
    at += part.length;
  }
  return bytes;
}
