import { CLOSE_CODE, type CloseStatus, decodeClose, utf8 } from './close.js';
import { isControl, OPCODE, validateFrame, type WebSocketFrame } from './frame.js';
import {
  DEFAULT_MAX_PAYLOAD_BYTES,
  FrameParser,
  type FrameParserOptions,
  type StreamedFrame,
  type WebSocketError,
} from './frame-parser.js';

/** What a connection delivers. `end` is the absolute stream offset behind the (last) frame. */
export type WebSocketEvent =
  | { readonly kind: 'text'; readonly text: string; readonly data: Uint8Array; readonly end: number }
  | { readonly kind: 'binary'; readonly data: Uint8Array; readonly end: number }
  | { readonly kind: 'ping'; readonly data: Uint8Array; readonly end: number }
  | { readonly kind: 'pong'; readonly data: Uint8Array; readonly end: number }
  | ({ readonly kind: 'close'; readonly end: number } & CloseStatus);

/** What one `push` delivered. After a Close event or an error nothing more follows. */
export interface ReceiverResult {
  readonly events: readonly WebSocketEvent[];
  readonly error?: WebSocketError;
}

export interface ReceiverOptions extends FrameParserOptions {
  /** The side that receives: a server demands masked frames, a client unmasked ones (RFC 6455 5.1). */
  readonly side: 'client' | 'server';
  /** Longest message over all its fragments, in bytes. Default 1 MiB. */
  readonly maxMessageBytes?: number;
}

/** The receiving half of a WebSocket connection without extensions: frames, fragments, UTF-8, close (RFC 6455 5.4, 8.1). */
export class WebSocketReceiver {
  readonly #frames: FrameParser;
  readonly #side: 'client' | 'server';
  readonly #maxMessageBytes: number;
  #fragments: Uint8Array[] = [];
  #fragmentBytes = 0;
  #opcode: number | undefined;
  #done = false;

  constructor(options: ReceiverOptions) {
    this.#frames = new FrameParser(options);
    this.#side = options.side;
    this.#maxMessageBytes = options.maxMessageBytes ?? DEFAULT_MAX_PAYLOAD_BYTES;
  }

  /** Absolute stream offset of the first byte that belongs to no whole frame yet. */
  get offset(): number {
    return this.#frames.offset;
  }

  /** True between the fragments of a message, or inside a frame. */
  get midMessage(): boolean {
    return this.#opcode !== undefined || this.#frames.pendingBytes > 0;
  }

  /** Adds bytes in stream order; returns the messages and control frames they complete. */
  push(chunk: Uint8Array): ReceiverResult {
    const events: WebSocketEvent[] = [];
    if (this.#done) return { events };
    const { frames, error } = this.#frames.push(chunk);
    for (const streamed of frames) {
      const outcome = this.#accept(streamed);
      if (outcome === undefined) continue;
      if ('closeCode' in outcome) {
        this.#done = true;
        return { events, error: outcome };
      }
      events.push(outcome);
      if (outcome.kind === 'close') {
        // RFC 6455 5.5.1: nothing that follows a Close frame counts.
        this.#done = true;
        return { events };
      }
    }
    if (error === undefined) return { events };
    this.#done = true;
    return { events, error };
  }

  #accept({ frame, start, end }: StreamedFrame): WebSocketEvent | WebSocketError | undefined {
    const [finding] = validateFrame(frame, this.#side);
    if (finding !== undefined) {
      return { closeCode: CLOSE_CODE.protocolError, what: finding.what, offset: start };
    }
    return isControl(frame.opcode) ? control(frame, start, end) : this.#data(frame, start, end);
  }

  #data(frame: WebSocketFrame, start: number, end: number): WebSocketEvent | WebSocketError | undefined {
    const continues = frame.opcode === OPCODE.continuation;
    if (continues !== (this.#opcode !== undefined)) {
      const what = continues
        ? 'continuation frame without a message to continue'
        : 'new message inside a fragmented one';
      return { closeCode: CLOSE_CODE.protocolError, what, offset: start };
    }
    this.#fragmentBytes += frame.payload.length;
    if (this.#fragmentBytes > this.#maxMessageBytes) {
      const what = `message exceeds ${this.#maxMessageBytes} bytes`;
      return { closeCode: CLOSE_CODE.messageTooBig, what, offset: start };
    }
    const opcode = this.#opcode ?? frame.opcode;
    this.#fragments.push(frame.payload);
    if (!frame.fin) {
      this.#opcode = opcode;
      return undefined;
    }
    const data = this.#joined();
    this.#fragments = [];
    this.#fragmentBytes = 0;
    this.#opcode = undefined;
    if (opcode === OPCODE.binary) return { kind: 'binary', data, end };
    const text = utf8(data);
    if (text !== undefined) return { kind: 'text', text, data, end };
    return { closeCode: CLOSE_CODE.invalidPayload, what: 'text message is not UTF-8', offset: start };
  }

  #joined(): Uint8Array {
    if (this.#fragments.length === 1) return this.#fragments[0] as Uint8Array;
    const data = new Uint8Array(this.#fragmentBytes);
    let at = 0;
    for (const fragment of this.#fragments) {
      data.set(fragment, at);
      at += fragment.length;
    }
    return data;
  }
}

function control(frame: WebSocketFrame, start: number, end: number): WebSocketEvent | WebSocketError {
  if (frame.opcode === OPCODE.ping) return { kind: 'ping', data: frame.payload, end };
  if (frame.opcode === OPCODE.pong) return { kind: 'pong', data: frame.payload, end };
  const closed = decodeClose(frame.payload);
  if (!closed.ok) return { closeCode: closed.closeCode, what: closed.what, offset: start };
  return { kind: 'close', ...closed.value, end };
}
