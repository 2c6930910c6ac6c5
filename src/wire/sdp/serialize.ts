import { choosePort, type MediaDescription, noPort, type SessionDescription } from './description.js';
import { inOrder, type Line, linesOf } from './lines.js';

/**
 * Writes a session description, every line with CRLF (RFC 8866 5). Lines come in the order of the RFC, or in
 * {@link Section.order} where a section has one that fits.
 *
 * @example
 * ```ts
 * const read = parseSdp(text);
 * if (read.ok) serializeSdp(read.value) === text; // for text with CRLF
 * ```
 */
export function serializeSdp(sdp: SessionDescription): string {
  let text = writeLines(inOrder(sessionLines(sdp), sdp.order));
  for (const media of sdp.media) {
    text += `m=${mediaLine(media)}\r\n`;
    text += writeLines(inOrder(linesOf(media, []), media.order));
  }
  return text;
}

/** The session-level lines. */
export function sessionLines(sdp: SessionDescription): Line[] {
  const first: Line[] = [];
  if (sdp.version !== undefined) first.push({ key: 'v', type: 'v', value: `${sdp.version}` });
  if (sdp.origin !== undefined) {
    const { username, sessionId, sessionVersion, netType, addrType, address } = sdp.origin;
    const value = `${username} ${sessionId} ${sessionVersion} ${netType} ${addrType} ${address}`;
    first.push({ key: 'o', type: 'o', value });
  }
  if (sdp.name !== undefined) first.push({ key: 's', type: 's', value: sdp.name });
  for (const { start, stop } of sdp.timing) first.push({ key: 't', type: 't', value: `${start} ${stop}` });
  return linesOf(sdp, first);
}

/** The text of the `m=` line, without `m=`. */
export function mediaLine(media: MediaDescription): string {
  const port = media.port === choosePort ? '$' : media.port === noPort ? '-' : `${media.port}`;
  const count = media.portCount === undefined ? '' : `/${media.portCount}`;
  const formats = media.formats.length === 0 ? '' : ` ${media.formats.join(' ')}`;
  return `${media.media} ${port}${count} ${media.proto}${formats}`;
}

function writeLines(lines: readonly Line[]): string {
  let text = '';
  for (const { type, value } of lines) text += `${type}=${value}\r\n`;
  return text;
}
