/** Bytes of LENGTH (RFC 4571 2). */
export const FRAME_HEADER_BYTES = 2;

/** The longest packet that LENGTH can tell. */
export const MOST_FRAMED_BYTES = 0xffff;

/**
 * A packet behind its length (RFC 4571 2).
 *
 * @param packet 0 to 65535 bytes; none is the null packet
 * @throws RangeError when it is longer
 */
export function framePacket(packet: Uint8Array): Uint8Array {
  if (packet.length > MOST_FRAMED_BYTES) {
    throw new RangeError(`a packet of ${packet.length} bytes exceeds the length field of RFC 4571`);
  }
  const frame = new Uint8Array(FRAME_HEADER_BYTES + packet.length);
  frame[0] = packet.length >> 8;
  frame[1] = packet.length & 255;
  frame.set(packet, FRAME_HEADER_BYTES);
  return frame;
}

/** Cuts a stream into its packets. Any bytes are frames of some kind, so there are no errors; null packets are passed over. */
export class FrameReader {
  /** What has arrived of the frame that is not complete. */
  #rest: Uint8Array = new Uint8Array(0);

  /** Bytes that wait for more, 0 to 65536. */
  get waiting(): number {
    return this.#rest.length;
  }

  /** Takes the next stretch of the stream, of any length, and returns the packets that are complete with it. */
  push(data: Uint8Array): Uint8Array[] {
    const stream = this.#rest.length === 0 ? data : joined(this.#rest, data);
    const packets: Uint8Array[] = [];
    let at = 0;
    while (at + FRAME_HEADER_BYTES <= stream.length) {
      const from = at + FRAME_HEADER_BYTES;
      const to = from + (((stream[at] as number) << 8) | (stream[at + 1] as number));
      if (to > stream.length) break;
      if (to > from) packets.push(stream.subarray(from, to));
      at = to;
    }
    this.#rest = at === stream.length ? NOTHING : stream.subarray(at);
    return packets;
  }
}

const NOTHING = new Uint8Array(0);

function joined(a: Uint8Array, b: Uint8Array): Uint8Array {
  const bytes = new Uint8Array(a.length + b.length);
  bytes.set(a);
  bytes.set(b, a.length);
  return bytes;
}
