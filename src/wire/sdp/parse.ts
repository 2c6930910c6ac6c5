import { type Parsed, type ParseError, parsed, unparsed } from '../parsed.js';
import {
  type Attribute,
  type Bandwidth,
  type Connection,
  choosePort,
  type MediaDescription,
  noPort,
  type Origin,
  type OtherLine,
  type SessionDescription,
  type Timing,
} from './description.js';
import { canonical, keysOf, type Line, linesOf, rankOf } from './lines.js';
import { sessionLines } from './serialize.js';

/**
 * Reads a session description (RFC 8866; RFC 4566 is read alike). Lines may end in CRLF or LF; blank lines at the end are
 * skipped. A line becomes a field when the field writes the very same line back; any other stays as text in
 * {@link Section.otherLines}, so nothing is lost. {@link validateSdp} judges.
 *
 * @param text the description; bytes are taken as UTF-8
 * @returns the description, or an error with its byte offset: a line that is not `letter=text`, or an `m=` line that cannot be read
 */
export function parseSdp(text: string | Uint8Array): Parsed<SessionDescription> {
  const source = typeof text === 'string' ? text : new TextDecoder('utf-8', { ignoreBOM: true }).decode(text);
  const session = new SectionReader();
  const media: MediaDescription[] = [];
  let head: MediaHead | undefined;
  let section = session;
  let end = source.length;
  while (end > 0 && (source.charCodeAt(end - 1) === 10 || source.charCodeAt(end - 1) === 13)) end -= 1;

  for (let at = 0; at < end; ) {
    let stop = source.indexOf('\n', at);
    if (stop < 0 || stop > end) stop = end;
    const next = stop + 1;
    if (stop < end && stop > at && source.charCodeAt(stop - 1) === 13) stop -= 1;
    if (stop - at < 2 || source.charCodeAt(at + 1) !== 61 || !isLetter(source.charCodeAt(at))) {
      return { ok: false, error: errorAt(source, 'not a line of SDP', at, 'a letter and =') };
    }
    const type = source[at] as string;
    const value = source.slice(at + 2, stop);
    if (type === 'm') {
      if (head !== undefined) media.push(section.media(head));
      head = readMediaLine(value);
      if (head === undefined) {
        const what = 'the m= line cannot be read';
        return { ok: false, error: errorAt(source, what, at, 'm=media port[/number] proto formats') };
      }
      section = new SectionReader();
    } else {
      section.read(type, value, head === undefined);
    }
    at = next;
  }
  if (head !== undefined) media.push(section.media(head));
  return parsed(session.session(media));
}

type MediaHead = Pick<MediaDescription, 'media' | 'port' | 'portCount' | 'proto' | 'formats'>;

/** Collects the lines of one section. */
class SectionReader {
  private version: number | undefined;
  private origin: Origin | undefined;
  private name: string | undefined;
  private connection: Connection | undefined;
  private readonly timing: Timing[] = [];
  private readonly bandwidth: Bandwidth[] = [];
  private readonly attributes: Attribute[] = [];
  private readonly otherLines: OtherLine[] = [];
  private keys = '';
  private lastRank = 0;
  /** Whether the lines stand in the order of RFC 8866 9. */
  private ordered = true;

  read(type: string, value: string, atSessionLevel: boolean): void {
    const rank = rankOf(type);
    if (rank < this.lastRank) this.ordered = false;
    this.lastRank = rank;
    if (this.readField(type, value, atSessionLevel)) {
      this.keys += type;
    } else {
      this.keys += '?';
      this.otherLines.push({ type, value });
    }
  }

  private readField(type: string, value: string, atSessionLevel: boolean): boolean {
    switch (type) {
      case 'a':
        this.attributes.push(readAttributeLine(value));
        return true;
      case 'c':
        if (this.connection !== undefined) return false;
        this.connection = readConnection(value);
        return this.connection !== undefined;
      case 'b': {
        const bandwidth = readBandwidth(value);
        if (bandwidth === undefined) return false;
        this.bandwidth.push(bandwidth);
        return true;
      }
    }
    if (!atSessionLevel) return false;
    switch (type) {
      case 'v':
        if (this.version !== undefined) return false;
        this.version = readNumber(value);
        return this.version !== undefined;
      case 'o':
        if (this.origin !== undefined) return false;
        this.origin = readOrigin(value);
        return this.origin !== undefined;
      case 's':
        if (this.name !== undefined) return false;
        this.name = value;
        return true;
      case 't': {
        const timing = readTiming(value);
        if (timing === undefined) return false;
        this.timing.push(timing);
        return true;
      }
      default:
        return false;
    }
  }

  /** Whether the lines are written as they stood without {@link Section.order}; other lines come behind those of their rank. */
  private wouldStand(lines: () => readonly Line[]): boolean {
    if (!this.ordered || this.otherLines.length === 0) return this.ordered;
    return keysOf(canonical(lines())) === this.keys;
  }

  session(media: readonly MediaDescription[]): SessionDescription {
    const { timing, bandwidth, attributes, otherLines, version, origin, name, connection } = this;
    const sdp: SessionDescription = {
      ...(version === undefined ? {} : { version }),
      ...(origin === undefined ? {} : { origin }),
      ...(name === undefined ? {} : { name }),
      ...(connection === undefined ? {} : { connection }),
      timing,
      bandwidth,
      attributes,
      otherLines,
      media,
    };
    return this.wouldStand(() => sessionLines(sdp)) ? sdp : { ...sdp, order: this.keys };
  }

  media(head: MediaHead): MediaDescription {
    const { bandwidth, attributes, otherLines, connection } = this;
    const media: MediaDescription = {
      ...head,
      ...(connection === undefined ? {} : { connection }),
      bandwidth,
      attributes,
      otherLines,
    };
    return this.wouldStand(() => linesOf(media, [])) ? media : { ...media, order: this.keys };
  }
}

function readAttributeLine(value: string): Attribute {
  const colon = value.indexOf(':');
  return colon < 0 ? { name: value } : { name: value.slice(0, colon), value: value.slice(colon + 1) };
}

/** A `c=` line, or the same text elsewhere. */
export function readConnection(value: string): Connection | undefined {
  const [netType, addrType, address, more] = value.split(' ');
  if (!netType || !addrType || !address || more !== undefined) return undefined;
  return { netType, addrType, address };
}

function readBandwidth(text: string): Bandwidth | undefined {
  const colon = text.indexOf(':');
  const value = colon < 0 ? undefined : readNumber(text.slice(colon + 1));
  return value === undefined ? undefined : { type: text.slice(0, colon), value };
}

function readTiming(text: string): Timing | undefined {
  const space = text.indexOf(' ');
  const start = readNumber(text.slice(0, space));
  const stop = readNumber(text.slice(space + 1));
  return space < 0 || start === undefined || stop === undefined ? undefined : { start, stop };
}

function readOrigin(value: string): Origin | undefined {
  const [username, sessionId, version, netType, addrType, address, more] = value.split(' ');
  const sessionVersion = readNumber(version ?? '');
  if (!username || !sessionId || sessionVersion === undefined || !netType || !addrType || !address)
    return undefined;
  if (more !== undefined) return undefined;
  return { username, sessionId, sessionVersion, netType, addrType, address };
}

function readMediaLine(value: string): MediaHead | undefined {
  const [media, transport, proto, ...formats] = value.split(' ');
  if (!media || !transport || !proto) return undefined;
  const slash = transport.indexOf('/');
  const port = readPort(slash < 0 ? transport : transport.slice(0, slash));
  if (port === undefined) return undefined;
  if (slash < 0) return { media, port, proto, formats };
  const portCount = readNumber(transport.slice(slash + 1));
  return portCount === undefined ? undefined : { media, port, portCount, proto, formats };
}

function readPort(text: string): number | undefined {
  if (text === '$') return choosePort;
  return text === '-' ? noPort : readNumber(text);
}

/** A decimal number that is written back as it stands: no leading zeros, no more than 2^53 - 1. */
export function readNumber(text: string): number | undefined {
  if (text.length === 0 || text.length > 16) return undefined;
  let value = 0;
  for (let i = 0; i < text.length; i += 1) {
    const digit = text.charCodeAt(i) - 48;
    if (digit < 0 || digit > 9) return undefined;
    value = value * 10 + digit;
  }
  if (value > Number.MAX_SAFE_INTEGER || (text.length > 1 && text.charCodeAt(0) === 48)) return undefined;
  return value;
}

function isLetter(code: number): boolean {
  return (code >= 97 && code <= 122) || (code >= 65 && code <= 90);
}

function errorAt(source: string, what: string, index: number, expected: string): ParseError {
  return unparsed(what, new TextEncoder().encode(source.slice(0, index)).length, expected).error;
}
