import { formatIp } from '../ip/index.js';
import { type Parsed, parsed, unparsed } from '../parsed.js';
import {
  BLOCK_TYPE,
  BYTE_ORDER_MAGIC,
  NAME_RECORD,
  OPTION,
  type PcapngBlock,
  RESOLUTION_MICROSECONDS,
} from './block.js';

const decoder = new TextDecoder('utf-8', { ignoreBOM: true });

/**
 * Reads a capture file of either byte order. Options without a field in the block's type are left out, and so are name
 * records other than addresses; blocks of other types are kept as bytes.
 */
export function parsePcapng(bytes: Uint8Array): Parsed<PcapngBlock[]> {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  const blocks: PcapngBlock[] = [];
  let little = true;
  for (let at = 0; at < bytes.length; ) {
    if (bytes.length - at < 12) return unparsed('block is cut short', bytes.length, 'at least 12 bytes');
    // The section's type reads the same in both orders (pcapng 4.1).
    const isSection = view.getUint32(at, true) === BLOCK_TYPE.section;
    if (at === 0 && !isSection) return unparsed('file does not begin with a section header', 0);
    if (isSection) {
      little = view.getUint32(at + 8, true) === BYTE_ORDER_MAGIC;
      if (!little && view.getUint32(at + 8) !== BYTE_ORDER_MAGIC) {
        return unparsed('no byte-order magic', at + 8, '0x1A2B3C4D');
      }
    }
    const total = view.getUint32(at + 4, little);
    if (total < 12 || total % 4 !== 0) return unparsed(`block length ${total}`, at + 4, 'a multiple of 4');
    if (total > bytes.length - at) return unparsed('block is cut short', bytes.length, `${total} bytes`);
    if (view.getUint32(at + total - 4, little) !== total) {
      return unparsed('the two lengths of a block differ', at + total - 4, String(total));
    }
    const body = new Body(bytes.subarray(at + 8, at + total - 4), little);
    const block = readBlock(view.getUint32(at, little), body);
    if (typeof block === 'string') return unparsed(block, at + 8);
    blocks.push(block);
    at += total;
  }
  return parsed(blocks);
}

/** A block's body in the byte order of its section. */
class Body {
  readonly bytes: Uint8Array;
  readonly #view: DataView;
  readonly #little: boolean;

  constructor(bytes: Uint8Array, little: boolean) {
    this.bytes = bytes;
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
    this.#little = little;
  }

  u16(at: number): number {
    return this.#view.getUint16(at, this.#little);
  }

  u32(at: number): number {
    return this.#view.getUint32(at, this.#little);
  }

  /** Options or name records from `from` on; `undefined` when one reaches beyond the body. */
  tlvs(from: number): { readonly code: number; readonly value: Uint8Array }[] | undefined {
    const items: { code: number; value: Uint8Array }[] = [];
    for (let at = from; at < this.bytes.length; ) {
      if (this.bytes.length - at < 4) return undefined;
      const code = this.u16(at);
      const length = this.u16(at + 2);
      if (code === 0) return items;
      if (length > this.bytes.length - at - 4) return undefined;
      items.push({ code, value: this.bytes.slice(at + 4, at + 4 + length) });
      at += 4 + padded(length);
    }
    return items;
  }
}

/** The block, or what is wrong with it. */
function readBlock(blockType: number, body: Body): PcapngBlock | string {
  const { bytes } = body;
  switch (blockType) {
    case BLOCK_TYPE.section: {
      if (bytes.length < 16) return 'section header is cut short';
      if (body.u16(4) !== 1) return `major version ${body.u16(4)} is not 1`;
      const options = body.tlvs(16);
      if (options === undefined) return 'options reach beyond the block';
      return {
        type: 'section',
        ...text(options, OPTION.userApplication, 'userApplication'),
        ...text(options, OPTION.comment, 'comment'),
      };
    }
    case BLOCK_TYPE.interface: {
      if (bytes.length < 8) return 'interface description is cut short';
      const options = body.tlvs(8);
      if (options === undefined) return 'options reach beyond the block';
      const resolution = options.find(({ code }) => code === OPTION.timestampResolution)?.value[0];
      if (resolution !== undefined && resolution !== RESOLUTION_MICROSECONDS) {
        return 'timestamp resolution is not microseconds';
      }
      return {
        type: 'interface',
        linkType: body.u16(0),
        ...text(options, OPTION.interfaceName, 'name'),
        ...text(options, OPTION.interfaceDescription, 'description'),
      };
    }
    case BLOCK_TYPE.names:
      return names(body);
    case BLOCK_TYPE.packet: {
      if (bytes.length < 20) return 'packet is cut short';
      const length = body.u32(12);
      if (length > bytes.length - 20) return 'packet data reach beyond the block';
      const options = body.tlvs(20 + padded(length));
      if (options === undefined) return 'options reach beyond the block';
      const originalLength = body.u32(16);
      return {
        type: 'packet',
        interfaceId: body.u32(0),
        timestampUs: body.u32(4) * 0x1_0000_0000 + body.u32(8),
        data: bytes.slice(20, 20 + length),
        ...(originalLength !== length && { originalLength }),
        ...text(options, OPTION.comment, 'comment'),
      };
    }
    case BLOCK_TYPE.secrets: {
      if (bytes.length < 8 || body.u32(4) > bytes.length - 8) return 'secrets are cut short';
      return { type: 'secrets', secretsType: body.u32(0), data: bytes.slice(8, 8 + body.u32(4)) };
    }
    default:
      return { type: 'unknown', blockType, body: bytes.slice() };
  }
}

function names(body: Body): PcapngBlock | string {
  const items = body.tlvs(0);
  if (items === undefined) return 'name records reach beyond the block';
  const records: { ip: string; names: string[] }[] = [];
  for (const { code, value } of items) {
    const addressBytes = code === NAME_RECORD.ipv4 ? 4 : code === NAME_RECORD.ipv6 ? 16 : 0;
    if (addressBytes === 0) continue;
    if (value.length < addressBytes + 2 || value[value.length - 1] !== 0) return 'name record without a name';
    const all = decoder.decode(value.subarray(addressBytes, value.length - 1));
    records.push({ ip: formatIp(value.subarray(0, addressBytes)), names: all.split('\0') });
  }
  return { type: 'names', records };
}

function text<K extends string>(
  options: readonly { readonly code: number; readonly value: Uint8Array }[],
  code: number,
  key: K,
): { readonly [P in K]?: string } {
  const option = options.find((one) => one.code === code);
  return (option ? { [key]: decoder.decode(option.value) } : {}) as { readonly [P in K]?: string };
}

function padded(length: number): number {
  return length + (-length & 3);
}
