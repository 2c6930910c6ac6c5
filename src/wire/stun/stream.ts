import type { ParseError } from '../parsed.js';
import { CHANNEL_DATA_HEADER_BYTES, isChannelData } from './channel-data.js';
import { STUN_HEADER_BYTES } from './header.js';

/** What a stretch of a stream came to. */
export interface StunStreamItems {
  /** STUN and ChannelData messages in order, the latter with their padding. Views of the bytes pushed, where possible. */
  readonly frames: readonly Uint8Array[];
  /** The stream can no longer be divided into messages: close it. The offset is that in the whole stream. */
  readonly error?: ParseError;
}

const NOTHING = new Uint8Array(0);

/**
 * Divides the bytes of a TCP connection into STUN and ChannelData messages. Both say their length, so there is no framing of
 * its own (RFC 8489 6.2.2); ChannelData is padded to four bytes (RFC 8656 12.5).
 */
export class StunStreamParser {
  #pending: Uint8Array = NOTHING;
  #base = 0;
  #failed = false;

  /** Takes the next bytes and returns what they complete. After an error further bytes are ignored. */
  push(bytes: Uint8Array): StunStreamItems {
    const frames: Uint8Array[] = [];
    if (this.#failed) return { frames };
    const pending = this.#pending.length === 0 ? bytes : joined(this.#pending, bytes);
    let at = 0;
    // Both headers have their length in bytes 2 and 3.
    while (pending.length - at >= 4) {
      const first = pending[at] as number;
      const length = ((pending[at + 2] as number) << 8) | (pending[at + 3] as number);
      let size: number;
      if (first <= 3) size = STUN_HEADER_BYTES + length;
      else if (isChannelData(pending.subarray(at))) size = CHANNEL_DATA_HEADER_BYTES + ((length + 3) & ~3);
      else return this.#fail(frames, `first byte ${first}`, at, '0 to 3 or 64 to 79');
      if (first <= 3 && length % 4 !== 0) {
        return this.#fail(frames, `length ${length}`, at + 2, 'a multiple of four');
      }
      if (pending.length - at < size) break;
      frames.push(pending.subarray(at, at + size));
      at += size;
    }
    this.#pending = at === pending.length ? NOTHING : pending.slice(at);
    this.#base += at;
    return { frames };
  }

  #fail(frames: readonly Uint8Array[], what: string, at: number, expected: string): StunStreamItems {
    this.#failed = true;
    this.#pending = NOTHING;
    return { frames, error: { what, offset: this.#base + at, expected } };
  }
}

function joined(a: Uint8Array, b: Uint8Array): Uint8Array {
  const out = new Uint8Array(a.length + b.length);
  out.set(a);
  out.set(b, a.length);
  return out;
}
