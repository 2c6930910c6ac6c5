import { type Parsed, parsed, unparsed } from '../parsed.js';
import { digits, isSpace, skipSpace } from './grammar.js';
import { type Params, parseParams } from './params.js';
import { remembered } from './remembered.js';

/** One Via (RFC 3261 20.42). */
export interface Via {
  /** Protocol name and version, white space around `/` removed: `SIP/2.0`. */
  readonly protocol: string;
  /** As written: `UDP`, `TCP`, `TLS`, `SCTP`, `WS`, `WSS`, or another token. */
  readonly transport: string;
  /** The host of sent-by, as written. */
  readonly host: string;
  readonly port?: number;
  readonly params: Params;
}

/** The usual start, which saves looking at each of its characters. */
const usual = 'SIP/2.0/';

/** Parses one Via (one element of the list). */
export const parseVia: (text: string) => Parsed<Via> = remembered(readVia);

function readVia(text: string): Parsed<Via> {
  let protocol = 'SIP/2.0';
  let at = usual.length;
  if (!text.startsWith(usual)) {
    const nameAt = skipSpace(text, 0);
    const name = partEnd(text, nameAt);
    const slash = skipSpace(text, name);
    const versionAt = skipSpace(text, slash + 1);
    const version = partEnd(text, versionAt);
    const second = skipSpace(text, version);
    if (
      name === 0 ||
      text.charCodeAt(slash) !== 47 ||
      text.charCodeAt(second) !== 47 ||
      version === versionAt
    ) {
      return unparsed('sent-protocol is not complete', 0, 'protocol-name "/" protocol-version "/" transport');
    }
    protocol = `${text.slice(nameAt, name)}/${text.slice(versionAt, version)}`;
    at = skipSpace(text, second + 1);
  }
  const transportEnd = partEnd(text, at);
  if (transportEnd === at) return unparsed('sent-protocol is not complete', at, 'transport');
  const transport = text.slice(at, transportEnd);
  if (!isSpace(text.charCodeAt(transportEnd)))
    return unparsed('Via without sent-by', transportEnd, 'white space');
  const hostAt = skipSpace(text, transportEnd);
  let i = hostAt;
  if (text.charCodeAt(i) === 91) {
    const bracket = text.indexOf(']', i);
    if (bracket < 0) return unparsed('IPv6 reference without its end', i, '"]"');
    i = bracket + 1;
  } else {
    while (i < text.length && !isHostEnd(text.charCodeAt(i))) i++;
  }
  const host = text.slice(hostAt, i);
  if (host === '') return unparsed('Via without sent-by', i, 'host');
  i = skipSpace(text, i);
  if (text.charCodeAt(i) !== 58) {
    const params = parseParams(text, i);
    return params.ok ? parsed({ protocol, transport, host, params: params.value }) : params;
  }
  const portAt = skipSpace(text, i + 1);
  i = portAt;
  while (i < text.length && !isHostEnd(text.charCodeAt(i))) i++;
  const port = digits(text.slice(portAt, i), 65535);
  if (port === undefined) return unparsed('port is not a number from 0 to 65535', portAt, 'digits');
  const params = parseParams(text, i);
  return params.ok ? parsed({ protocol, transport, host, port, params: params.value }) : params;
}

/** The end of a part of sent-protocol: white space, `/` or `;`. */
function partEnd(text: string, from: number): number {
  let i = from;
  while (i < text.length) {
    const code = text.charCodeAt(i);
    if (code === 47 || code === 59 || isSpace(code)) break;
    i++;
  }
  return i;
}

function isHostEnd(code: number): boolean {
  return code === 58 || code === 59 || isSpace(code);
}

/** The Via as text, in its usual spacing. */
export function serializeVia(via: Via): string {
  const port = via.port === undefined ? '' : `:${via.port}`;
  return `${via.protocol}/${via.transport} ${via.host}${port}${via.params.toString()}`;
}
