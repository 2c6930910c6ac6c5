import type { Finding } from '../parsed.js';

/** Frame opcodes (RFC 6455 5.2, 11.8). */
export const OPCODE = {
  continuation: 0x0,
  text: 0x1,
  binary: 0x2,
  close: 0x8,
  ping: 0x9,
  pong: 0xa,
} as const;

/** A frame as it stands on the wire, its payload unmasked (RFC 6455 5.2). */
export interface WebSocketFrame {
  /** Last fragment of its message. */
  readonly fin: boolean;
  /** RSV1 to RSV3 as a number 0 to 7; RSV1 is 4. */
  readonly rsv: number;
  /** 0 to 15, see {@link OPCODE}. */
  readonly opcode: number;
  /** The four bytes a client masks with (RFC 6455 5.3); absent on an unmasked frame. */
  readonly maskingKey?: Uint8Array;
  readonly payload: Uint8Array;
}

/** Control frames have the opcode's highest bit set (RFC 6455 5.5). */
export function isControl(opcode: number): boolean {
  return (opcode & 0x8) !== 0;
}

/** The longest payload of a control frame in bytes (RFC 6455 5.5). */
export const CONTROL_PAYLOAD_BYTES = 125;

/**
 * The bytes of one frame, with the shortest length form (RFC 6455 5.2).
 * @throws RangeError when the masking key is not four bytes long.
 */
export function encodeFrame(frame: WebSocketFrame): Uint8Array {
  const { payload, maskingKey } = frame;
  if (maskingKey !== undefined && maskingKey.length !== 4) {
    throw new RangeError(`a masking key has 4 bytes, not ${maskingKey.length} (RFC 6455 5.3)`);
  }
  const length = payload.length;
  const lengthBytes = length < 126 ? 0 : length < 0x10000 ? 2 : 8;
  const headerLength = 2 + lengthBytes + (maskingKey ? 4 : 0);
  const bytes = new Uint8Array(headerLength + length);
  bytes[0] = (frame.fin ? 0x80 : 0) | ((frame.rsv & 7) << 4) | (frame.opcode & 15);
  const maskBit = maskingKey ? 0x80 : 0;
  if (lengthBytes === 0) {
    bytes[1] = maskBit | length;
  } else {
    bytes[1] = maskBit | (lengthBytes === 2 ? 126 : 127);
    const view = new DataView(bytes.buffer);
    if (lengthBytes === 2) view.setUint16(2, length);
    else {
      view.setUint32(2, Math.floor(length / 0x1_0000_0000));
      view.setUint32(6, length >>> 0);
    }
  }
  bytes.set(payload, headerLength);
  if (maskingKey) {
    bytes.set(maskingKey, headerLength - 4);
    applyMask(bytes, headerLength, maskingKey);
  }
  return bytes;
}

/** Masks or unmasks in place from `from` to the end: the same operation (RFC 6455 5.3). */
export function applyMask(bytes: Uint8Array, from: number, key: Uint8Array): void {
  for (let i = from, j = 0; i < bytes.length; i += 1, j += 1) {
    bytes[i] = (bytes[i] as number) ^ (key[j & 3] as number);
  }
}

/**
 * What RFC 6455 forbids although the frame could be represented, for a connection without extensions.
 * @param receiver - the side that got the frame: a server demands masked frames, a client unmasked ones (5.1).
 */
export function validateFrame(frame: WebSocketFrame, receiver: 'client' | 'server'): Finding[] {
  const findings: Finding[] = [];
  const add = (what: string, where: string, section: string) =>
    findings.push({ what, where, rule: `RFC 6455 ${section}` });
  if (frame.rsv !== 0) add('reserved bit set without an extension that defines it', 'RSV', '5.2');
  if ((frame.opcode > 0x2 && frame.opcode < 0x8) || frame.opcode > 0xa) {
    add(`opcode ${frame.opcode} is reserved`, 'opcode', '5.2');
  }
  if (isControl(frame.opcode)) {
    if (!frame.fin) add('control frame is fragmented', 'FIN', '5.5');
    if (frame.payload.length > CONTROL_PAYLOAD_BYTES) {
      add(`control frame payload of ${frame.payload.length} bytes exceeds 125`, 'payload length', '5.5');
    }
  }
  if (receiver === 'server' && !frame.maskingKey) add('frame from a client is not masked', 'MASK', '5.1');
  if (receiver === 'client' && frame.maskingKey) add('frame from a server is masked', 'MASK', '5.1');
  return findings;
}
