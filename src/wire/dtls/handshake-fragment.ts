import { type Parsed, parsed, unparsed } from '../parsed.js';
import { ByteReader } from './byte-reader.js';

/** Bytes of a handshake header: type 0, length 1 to 3, message_seq 4 and 5, fragment_offset 6 to 8, fragment_length 9 to 11. */
export const HANDSHAKE_HEADER_BYTES = 12;

/** A handshake message or a stretch of one (RFC 6347 4.2.2). */
export interface HandshakeFragment {
  /** A value of {@link HANDSHAKE_TYPE}, or another from 0 to 255. */
  readonly messageType: number;
  /** Bytes of the whole message's body, 0 to 2^24-1. */
  readonly length: number;
  /** 0 to 65535. */
  readonly messageSeq: number;
  /** Where in the body the fragment begins. */
  readonly fragmentOffset: number;
  readonly fragment: Uint8Array;
}

/** Reads the content of a handshake record: one fragment or more (RFC 6347 4.2.3). Fragments are views of it. */
export function parseHandshakeFragments(content: Uint8Array): Parsed<readonly HandshakeFragment[]> {
  const reader = new ByteReader(content);
  const fragments: HandshakeFragment[] = [];
  do {
    const at = reader.offset;
    const messageType = reader.number(1);
    const length = reader.number(3);
    const messageSeq = reader.number(2);
    const fragmentOffset = reader.number(3);
    const fragment = reader.vector(3);
    if (reader.failedAt !== undefined) return unparsed('handshake fragment is truncated', reader.failedAt);
    if (fragmentOffset + fragment.length > length) {
      return unparsed('fragment reaches beyond its message', at + 6, `at most ${length} bytes`);
    }
    fragments.push({ messageType, length, messageSeq, fragmentOffset, fragment });
  } while (reader.left > 0);
  return parsed(fragments);
}

/** The bytes of a fragment, header and all. */
export function serializeHandshakeFragment(fragment: HandshakeFragment): Uint8Array {
  const bytes = new Uint8Array(HANDSHAKE_HEADER_BYTES + fragment.fragment.length);
  const view = new DataView(bytes.buffer);
  // a 24-bit number under an 8-bit one fills 32 bits
  view.setUint32(0, fragment.messageType * 0x100_0000 + fragment.length);
  view.setUint16(4, fragment.messageSeq);
  view.setUint32(5, fragment.fragmentOffset);
  view.setUint8(5, fragment.messageSeq);
  view.setUint32(8, fragment.fragment.length);
  view.setUint8(8, fragment.fragmentOffset);
  bytes.set(fragment.fragment, HANDSHAKE_HEADER_BYTES);
  return bytes;
}
