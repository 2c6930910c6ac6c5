import { formatIp } from '../ip/index.js';
import type { ParseError } from '../parsed.js';
import { type AvpType, lookUpAvp } from './dictionary.js';
import { type Avp, AvpFlag, type AvpValue, type DiameterHeader, type DiameterMessage } from './message.js';
import { ResultCode } from './result-codes.js';
import { textOf } from './text.js';

/** Bytes in a Diameter header (RFC 6733 3). */
export const HEADER_BYTES = 20;

/** Groups within groups that are read. Failed-AVP may hold itself, so the depth has no bound of its own. */
const MAX_DEPTH = 16;

/** Why bytes are no Diameter message, with what an answer needs. */
export interface DiameterParseError extends ParseError {
  /** The Result-Code owed to a request (RFC 6733 7.1.5). */
  readonly resultCode: number;
  /** The header, where it could be read. */
  readonly header?: DiameterHeader;
  /** What goes into Failed-AVP. */
  readonly failedAvp?: Avp;
}

/** A {@link Parsed} message whose error says what to answer. */
export type ParsedDiameter =
  | { readonly ok: true; readonly value: DiameterMessage }
  | { readonly ok: false; readonly error: DiameterParseError };

/**
 * Reads one Diameter message (RFC 6733 3, 4.1). AVPs are read by their type in the dictionary; those that are unknown, or
 * whose data does not fit the type, keep their bytes. {@link validateDiameter} judges.
 *
 * @param bytes exactly one message
 * @returns the message, or an error with its offset, also inside a Grouped AVP, and the Result-Code owed
 */
export function parseDiameter(bytes: Uint8Array): ParsedDiameter {
  const invalidLength = ResultCode.DIAMETER_INVALID_MESSAGE_LENGTH;
  if (bytes.length < HEADER_BYTES) {
    return failed({ what: 'the header is cut off', offset: bytes.length, resultCode: invalidLength });
  }
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const header: DiameterHeader = {
    version: view.getUint8(0),
    flags: view.getUint8(4),
    command: view.getUint32(4) & 0xffffff,
    applicationId: view.getUint32(8),
    hopByHop: view.getUint32(12),
    endToEnd: view.getUint32(16),
  };
  const length = messageLength(view, 0);
  if (length !== bytes.length || length % 4 !== 0) {
    const what =
      length % 4 === 0 ? `Message Length ${length} differs` : `Message Length ${length} is no multiple of 4`;
    return failed({ what, offset: 1, expected: `${bytes.length}`, resultCode: invalidLength, header });
  }
  const reader = new AvpReader(view, bytes, header);
  const avps = reader.read(HEADER_BYTES, length, 0);
  return reader.error === undefined ? { ok: true, value: { ...header, avps } } : failed(reader.error);
}

/** The 24 bits of Message Length in the header that starts at `at`. */
export function messageLength(view: DataView, at: number): number {
  return view.getUint32(at) & 0xffffff;
}

function failed(error: DiameterParseError): ParsedDiameter {
  return { ok: false, error };
}

class AvpReader {
  error: DiameterParseError | undefined;
  private readonly view: DataView;
  private readonly bytes: Uint8Array;
  private readonly header: DiameterHeader;

  constructor(view: DataView, bytes: Uint8Array, header: DiameterHeader) {
    this.view = view;
    this.bytes = bytes;
    this.header = header;
  }

  read(from: number, end: number, depth: number): Avp[] {
    const avps: Avp[] = [];
    for (let at = from; at < end; ) {
      if (end - at < 8) {
        this.fail('an AVP header is cut off', at, end);
        return avps;
      }
      const code = this.view.getUint32(at);
      const flags = this.view.getUint8(at + 4);
      const length = messageLength(this.view, at + 4);
      const hasVendor = (flags & AvpFlag.vendor) !== 0;
      const headerLength = hasVendor ? 12 : 8;
      if (length < headerLength || length > end - at) {
        const expected = `${headerLength}..${end - at}`;
        this.fail(`AVP Length ${length} of AVP ${code} is impossible`, at + 5, end, at, expected);
        return avps;
      }
      const vendor = hasVendor ? this.view.getUint32(at + 8) : 0;
      const type = lookUpAvp(vendor, code)?.[1].type;
      const value = this.value(type, at + headerLength, at + length, depth);
      if (this.error !== undefined) return avps;
      avps.push({ code, vendor, flags, value });
      at += (length + 3) & ~3;
    }
    return avps;
  }

  private value(type: AvpType | undefined, from: number, end: number, depth: number): AvpValue {
    const { view } = this;
    const size = end - from;
    switch (type) {
      case 'Unsigned32':
      case 'Time':
        if (size === 4) return view.getUint32(from);
        break;
      case 'Integer32':
      case 'Enumerated':
        if (size === 4) return view.getInt32(from);
        break;
      case 'Unsigned64':
        if (size === 8) return view.getBigUint64(from);
        break;
      case 'UTF8String':
      case 'DiameterIdentity':
      case 'DiameterURI': {
        const text = textOf(this.bytes.subarray(from, end));
        if (text !== undefined) return text;
        break;
      }
      case 'Address': {
        // RFC 6733 4.3.1: two bytes of address family, 1 for IPv4 and 2 for IPv6
        const family = size === 6 || size === 18 ? view.getUint16(from) : 0;
        if (family === (size === 6 ? 1 : 2)) return formatIp(this.bytes.slice(from + 2, end));
        break;
      }
      case 'Grouped':
        if (depth < MAX_DEPTH) return this.read(from, end, depth + 1);
        break;
    }
    return this.bytes.slice(from, end);
  }

  /** RFC 6733 7.1.5, 5014: the offending header, padded with zeros, is enough. */
  private fail(what: string, offset: number, end: number, at = offset, expected = '8 bytes or more'): void {
    const head = new Uint8Array(12);
    head.set(this.bytes.subarray(at, Math.min(at + 12, end)));
    const view = new DataView(head.buffer);
    const flags = view.getUint8(4);
    const vendor = (flags & AvpFlag.vendor) === 0 ? 0 : view.getUint32(8);
    const failedAvp = emptyAvp(view.getUint32(0), vendor, flags);
    const resultCode = ResultCode.DIAMETER_INVALID_AVP_LENGTH;
    this.error = { what, offset, expected, resultCode, header: this.header, failedAvp };
  }
}

/** An example of an AVP: data of the least length its type has, in zeros (RFC 6733 7.1.5, 5005 and 5014). */
export function emptyAvp(code: number, vendor: number, flags: number): Avp {
  return { code, vendor, flags, value: emptyValue(lookUpAvp(vendor, code)?.[1].type) };
}

function emptyValue(type: AvpType | undefined): AvpValue {
  switch (type) {
    case 'Unsigned32':
    case 'Integer32':
    case 'Enumerated':
    case 'Time':
      return 0;
    case 'Unsigned64':
      return 0n;
    case 'UTF8String':
    case 'DiameterIdentity':
    case 'DiameterURI':
      return '';
    case 'Address':
      return new Uint8Array(6);
    case 'Grouped':
      return [];
    default:
      return new Uint8Array(0);
  }
}
