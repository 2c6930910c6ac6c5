import { StreamBuffer } from '../http/stream-buffer.js';
import type { ParseError } from '../parsed.js';
import { CLOSE_CODE } from './close.js';
import { applyMask, type WebSocketFrame } from './frame.js';

/** A frame and the absolute stream offsets of its first byte and of the byte after its last. */
export interface StreamedFrame {
  readonly frame: WebSocketFrame;
  readonly start: number;
  readonly end: number;
}

/** Why the connection fails (RFC 6455 7.1.7), with the status code owed to the peer (7.4.1). */
export interface WebSocketError extends ParseError {
  readonly closeCode: number;
}

/** What one `push` made of the bytes so far. After an error the parser ignores everything further. */
export interface FrameResult {
  readonly frames: readonly StreamedFrame[];
  readonly error?: WebSocketError;
}

export interface FrameParserOptions {
  /** Absolute stream offset of the first byte pushed: the `end` of the HTTP upgrade. Default 0. */
  readonly start?: number;
  /** Longest payload accepted, in bytes. Default 1 MiB. */
  readonly maxPayloadBytes?: number;
}

/** Default bound on a frame and on a message, in bytes. */
export const DEFAULT_MAX_PAYLOAD_BYTES = 1 << 20;

/** Cuts one direction of a WebSocket connection into frames (RFC 6455 5.2); judges nothing but their length form. */
export class FrameParser {
  readonly #buffer: StreamBuffer;
  readonly #maxPayloadBytes: number;
  #failed = false;

  constructor(options: FrameParserOptions = {}) {
    this.#buffer = new StreamBuffer(options.start ?? 0);
    this.#maxPayloadBytes = options.maxPayloadBytes ?? DEFAULT_MAX_PAYLOAD_BYTES;
  }

  /** Absolute stream offset of the first byte that belongs to no whole frame yet. */
  get offset(): number {
    return this.#buffer.offset;
  }

  /** Bytes held of a frame that is not whole yet. */
  get pendingBytes(): number {
    return this.#buffer.length;
  }

  /** Adds bytes in stream order; returns the frames they complete. The parser may keep a reference to `chunk`. */
  push(chunk: Uint8Array): FrameResult {
    const frames: StreamedFrame[] = [];
    if (this.#failed) return { frames };
    this.#buffer.append(chunk);
    for (;;) {
      const next = this.#next();
      if (next === undefined) return { frames };
      if ('closeCode' in next) {
        this.#failed = true;
        return { frames, error: next };
      }
      frames.push(next);
    }
  }

  #next(): StreamedFrame | WebSocketError | undefined {
    const buffer = this.#buffer;
    const first = buffer.at(0);
    const second = buffer.at(1);
    if (first === undefined || second === undefined) return undefined;
    const form = second & 0x7f;
    const lengthBytes = form === 126 ? 2 : form === 127 ? 8 : 0;
    if (buffer.length < 2 + lengthBytes) return undefined;
    let length = form;
    if (lengthBytes > 0) {
      length = 0;
      for (let i = 0; i < lengthBytes; i += 1) length = length * 256 + (buffer.at(2 + i) as number);
      // RFC 6455 5.2: the shortest form only, and the highest bit of the 64-bit form is 0.
      const shortest = lengthBytes === 2 ? 126 : 0x10000;
      if (length < shortest || ((buffer.at(2) as number) & 0x80 && lengthBytes === 8)) {
        const what =
          length < shortest ? 'payload length is not in its shortest form' : 'payload length above 2^63';
        return { closeCode: CLOSE_CODE.protocolError, what, offset: buffer.offset + 1 };
      }
    }
    if (length > this.#maxPayloadBytes) {
      const what = `payload of ${length} bytes exceeds ${this.#maxPayloadBytes}`;
      return { closeCode: CLOSE_CODE.messageTooBig, what, offset: buffer.offset + 1 };
    }
    const masked = (second & 0x80) !== 0;
    const headerLength = 2 + lengthBytes + (masked ? 4 : 0);
    if (buffer.length < headerLength + length) return undefined;
    const start = buffer.offset;
    buffer.skip(2 + lengthBytes);
    const maskingKey = masked ? buffer.take(4) : undefined;
    const payload = buffer.take(length);
    if (maskingKey) applyMask(payload, 0, maskingKey);
    const frame: WebSocketFrame = {
      fin: (first & 0x80) !== 0,
      rsv: (first >> 4) & 7,
      opcode: first & 15,
      ...(maskingKey && { maskingKey }),
      payload,
    };
    return { frame, start, end: buffer.offset };
  }
}
