import { type Parsed, parsed, unparsed } from '../parsed.js';

/** First and last number that a channel may have (RFC 8656 12). */
export const FIRST_CHANNEL = 0x4000;
export const LAST_CHANNEL = 0x4fff;
/** Bytes of the ChannelData header (RFC 8656 12.4). */
export const CHANNEL_DATA_HEADER_BYTES = 4;

/** Application data on a channel (RFC 8656 12.4). */
export interface ChannelData {
  /** `FIRST_CHANNEL` to `LAST_CHANNEL`. */
  readonly channel: number;
  readonly data: Uint8Array;
}

/** Whether bytes begin like ChannelData rather than STUN, DTLS or RTP (RFC 8656 12, RFC 7983 7). */
export function isChannelData(bytes: Uint8Array): boolean {
  const first = bytes[0] as number;
  return first >= 64 && first <= 79;
}

/**
 * The bytes of a ChannelData message.
 *
 * @param channel - 16 bits
 * @param data - at most 65,535 bytes
 * @param padded - whether to fill up to a multiple of four bytes, which TCP needs (RFC 8656 12.5)
 * @throws RangeError when a field is outside its range
 */
export function serializeChannelData(channel: number, data: Uint8Array, padded = false): Uint8Array {
  const { length } = data;
  if (length > 0xffff) throw new RangeError(`${length} bytes of channel data exceed the length field`);
  if (!(channel >= 0 && channel <= 0xffff)) throw new RangeError(`channel ${channel} is not 16 bits`);
  const bytes = new Uint8Array(CHANNEL_DATA_HEADER_BYTES + (padded ? (length + 3) & ~3 : length));
  bytes[0] = channel >> 8;
  bytes[1] = channel & 255;
  bytes[2] = length >> 8;
  bytes[3] = length & 255;
  bytes.set(data, CHANNEL_DATA_HEADER_BYTES);
  return bytes;
}

/**
 * Reads the ChannelData message that bytes hold: a datagram, or what `StunStreamParser` cut out of a stream. `data` is a
 * view of the bytes. Whatever stands behind it is padding (RFC 8656 12.5).
 */
export function parseChannelData(bytes: Uint8Array): Parsed<ChannelData> {
  if (bytes.length < CHANNEL_DATA_HEADER_BYTES) {
    return unparsed('ChannelData header is cut short', bytes.length, '4 bytes');
  }
  const channel = ((bytes[0] as number) << 8) | (bytes[1] as number);
  if (channel < FIRST_CHANNEL || channel > LAST_CHANNEL) {
    return unparsed(`channel 0x${channel.toString(16)}`, 0, '0x4000 to 0x4FFF');
  }
  const end = CHANNEL_DATA_HEADER_BYTES + (((bytes[2] as number) << 8) | (bytes[3] as number));
  if (end > bytes.length) return unparsed('ChannelData is cut short', 2, String(bytes.length - 4));
  return parsed({ channel, data: bytes.subarray(CHANNEL_DATA_HEADER_BYTES, end) });
}
