import { parseIp } from '../ip/index.js';
import {
  BLOCK_TYPE,
  BYTE_ORDER_MAGIC,
  type EnhancedPacket,
  NAME_RECORD,
  OPTION,
  type PcapngBlock,
  RESOLUTION_MICROSECONDS,
} from './block.js';

const encoder = new TextEncoder();
const U32 = 0x1_0000_0000;

/**
 * The bytes of a capture file: little-endian, section length unspecified, so that blocks may be appended.
 * The first block has to be a section, and interfaces stand before the packets that refer to them.
 *
 * @example
 * serializePcapng([
 *   { type: 'section', userApplication: 'imslab' },
 *   { type: 'interface', linkType: LINKTYPE_RAW, name: 'W2' },
 *   { type: 'packet', interfaceId: 0, timestampUs: 1_000, data: udpDatagram({ ... }), comment: 'dropped' },
 * ])
 */
export function serializePcapng(blocks: readonly PcapngBlock[]): Uint8Array {
  const parts = blocks.map(serializeBlock);
  let length = 0;
  for (const part of parts) length += part.length;
  const file = new Uint8Array(length);
  let at = 0;
  for (const part of parts) {
    file.set(part, at);
    at += part.length;
  }
  return file;
}

/**
 * The bytes of one block (pcapng 3.1), for writing a capture piece by piece.
 * @throws RangeError when an option or name record outgrows 65535 bytes, or an address is not one.
 */
export function serializeBlock(block: PcapngBlock): Uint8Array {
  switch (block.type) {
    case 'section': {
      const options = [
        ...text(OPTION.comment, block.comment),
        ...text(OPTION.userApplication, block.userApplication),
      ];
      const { bytes, view } = begin(BLOCK_TYPE.section, 16, options);
      view.setUint32(8, BYTE_ORDER_MAGIC, true);
      view.setUint16(12, 1, true);
      // Section length -1: not specified.
      view.setUint32(16, 0xffff_ffff, true);
      view.setUint32(20, 0xffff_ffff, true);
      return bytes;
    }
    case 'interface': {
      const options = [
        ...text(OPTION.interfaceName, block.name),
        ...text(OPTION.interfaceDescription, block.description),
        { code: OPTION.timestampResolution, value: Uint8Array.of(RESOLUTION_MICROSECONDS) },
      ];
      const { bytes, view } = begin(BLOCK_TYPE.interface, 8, options);
      view.setUint16(8, block.linkType, true);
      return bytes;
    }
    case 'names': {
      const records = block.records.map(({ ip, names }) => nameRecord(ip, names));
      const { bytes, view } = begin(BLOCK_TYPE.names, tlvBytes(records), []);
      writeTlvs(bytes, view, 8, records);
      return bytes;
    }
    case 'packet':
      return packet(block);
    case 'secrets': {
      const { bytes, view } = begin(BLOCK_TYPE.secrets, 8 + padded(block.data.length), []);
      view.setUint32(8, block.secretsType, true);
      view.setUint32(12, block.data.length, true);
      bytes.set(block.data, 16);
      return bytes;
    }
    case 'unknown': {
      const { bytes } = begin(block.blockType, block.body.length, []);
      bytes.set(block.body, 8);
      return bytes;
    }
  }
}

function packet(block: EnhancedPacket): Uint8Array {
  const { data, timestampUs } = block;
  const { bytes, view } = begin(
    BLOCK_TYPE.packet,
    20 + padded(data.length),
    text(OPTION.comment, block.comment),
  );
  view.setUint32(8, block.interfaceId, true);
  view.setUint32(12, Math.floor(timestampUs / U32), true);
  view.setUint32(16, timestampUs % U32, true);
  view.setUint32(20, data.length, true);
  view.setUint32(24, block.originalLength ?? data.length, true);
  bytes.set(data, 28);
  return bytes;
}

/** Options and name records share one layout: code, length, value, padding (pcapng 3.5, 4.5). */
interface Tlv {
  readonly code: number;
  readonly value: Uint8Array;
}

/** A block with its type, both total lengths and its options; the body is the caller's to fill from byte 8 on. */
function begin(
  type: number,
  bodyBytes: number,
  options: readonly Tlv[],
): { bytes: Uint8Array; view: DataView } {
  const total = 12 + bodyBytes + (options.length > 0 ? tlvBytes(options) : 0);
  const bytes = new Uint8Array(total);
  const view = new DataView(bytes.buffer);
  view.setUint32(0, type, true);
  view.setUint32(4, total, true);
  view.setUint32(total - 4, total, true);
  if (options.length > 0) writeTlvs(bytes, view, 8 + bodyBytes, options);
  return { bytes, view };
}

/** With the four bytes that end the list. */
function tlvBytes(items: readonly Tlv[]): number {
  let length = 4;
  for (const { value } of items) length += 4 + padded(value.length);
  return length;
}

function writeTlvs(bytes: Uint8Array, view: DataView, from: number, items: readonly Tlv[]): void {
  let at = from;
  for (const { code, value } of items) {
    if (value.length > 0xffff) {
      throw new RangeError(`${value.length} bytes do not fit a pcapng option or record (3.5)`);
    }
    view.setUint16(at, code, true);
    view.setUint16(at + 2, value.length, true);
    bytes.set(value, at + 4);
    at += 4 + padded(value.length);
  }
}

function text(code: number, value: string | undefined): Tlv[] {
  return value === undefined ? [] : [{ code, value: encoder.encode(value) }];
}

function nameRecord(ip: string, names: readonly string[]): Tlv {
  const address = parseIp(ip);
  if (address === undefined) throw new RangeError(`${JSON.stringify(ip)} is not an IP address`);
  const zeroTerminated = encoder.encode(names.map((name) => `${name}\0`).join(''));
  const value = new Uint8Array(address.bytes.length + zeroTerminated.length);
  value.set(address.bytes);
  value.set(zeroTerminated, address.bytes.length);
  return { code: address.family === 4 ? NAME_RECORD.ipv4 : NAME_RECORD.ipv6, value };
}

function padded(length: number): number {
  return (length + 3) & ~3;
}
