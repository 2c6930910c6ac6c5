import { parseIp } from '../ip/index.js';
import { lookUpAvp } from './dictionary.js';
import { type Avp, AvpFlag, type AvpValue, type DiameterMessage } from './message.js';
import { HEADER_BYTES } from './parse.js';
import { bytesOf } from './text.js';

/**
 * Writes a Diameter message (RFC 6733 3, 4.1): lengths and zero padding are computed, flags are taken as they are.
 *
 * @throws RangeError where the message or an AVP is longer than 2^24 - 1 bytes, or an Address is none
 */
export function serializeDiameter(message: DiameterMessage): Uint8Array {
  const out = new Writer(HEADER_BYTES);
  for (const avp of message.avps) writeAvp(out, avp);
  const { view } = out;
  view.setUint32(0, checkedLength(out.length));
  view.setUint8(0, message.version);
  view.setUint32(4, message.command);
  view.setUint8(4, message.flags);
  view.setUint32(8, message.applicationId);
  view.setUint32(12, message.hopByHop);
  view.setUint32(16, message.endToEnd);
  return out.bytes.slice(0, out.length);
}

class Writer {
  bytes = new Uint8Array(512);
  view = new DataView(this.bytes.buffer);
  length: number;

  constructor(length: number) {
    this.length = length;
  }

  /** Makes room for so many bytes, zeros, and returns where they start. */
  take(count: number): number {
    const at = this.length;
    this.length += count;
    if (this.length > this.bytes.length) {
      const larger = new Uint8Array(Math.max(this.length, 2 * this.bytes.length));
      larger.set(this.bytes);
      this.bytes = larger;
      this.view = new DataView(larger.buffer);
    }
    return at;
  }

  put(bytes: Uint8Array): void {
    const at = this.take(bytes.length);
    this.bytes.set(bytes, at);
  }
}

function writeAvp(out: Writer, avp: Avp): void {
  const hasVendor = (avp.flags & AvpFlag.vendor) !== 0;
  const at = out.take(hasVendor ? 12 : 8);
  out.view.setUint32(at, avp.code);
  if (hasVendor) out.view.setUint32(at + 8, avp.vendor);
  writeValue(out, avp, avp.value);
  const length = checkedLength(out.length - at);
  out.view.setUint32(at + 4, length);
  out.view.setUint8(at + 4, avp.flags);
  out.take(-length & 3);
}

function writeValue(out: Writer, avp: Avp, value: AvpValue): void {
  if (typeof value === 'number') {
    const at = out.take(4);
    out.view.setUint32(at, value);
  } else if (typeof value === 'bigint') {
    const at = out.take(8);
    out.view.setBigUint64(at, value);
  } else if (typeof value === 'string') {
    out.put(lookUpAvp(avp.vendor, avp.code)?.[1].type === 'Address' ? addressBytes(value) : bytesOf(value));
  } else if (value instanceof Uint8Array) {
    out.put(value);
  } else {
    for (const inner of value) writeAvp(out, inner);
  }
}

function addressBytes(text: string): Uint8Array {
  const ip = parseIp(text);
  if (ip === undefined) throw new RangeError(`${text} is not an IP address`);
  const bytes = new Uint8Array(2 + ip.bytes.length);
  bytes[1] = ip.family === 4 ? 1 : 2;
  bytes.set(ip.bytes, 2);
  return bytes;
}

function checkedLength(length: number): number {
  if (length > 0xffffff) throw new RangeError(`${length} bytes do not fit a Diameter length field`);
  return length;
}
