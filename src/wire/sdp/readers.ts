import { attribute, attributes, hasAttribute, inheritedAttribute } from './attributes.js';
import type { Connection, MediaDescription, Section, SessionDescription } from './description.js';
import { readAttribute } from './grammar.js';
import { readNumber } from './parse.js';

/** The direction of a media stream (RFC 8866 6.7). */
export type Direction = 'sendrecv' | 'sendonly' | 'recvonly' | 'inactive';
/** The part an endpoint takes in setting up a connection or DTLS association (RFC 4145 4, RFC 5763 5). */
export type SetupRole = 'active' | 'passive' | 'actpass' | 'holdconn';

const directions: readonly Direction[] = ['sendrecv', 'sendonly', 'recvonly', 'inactive'];
const setupRoles: readonly SetupRole[] = ['active', 'passive', 'actpass', 'holdconn'];

/** The connection data in force: the media description's, otherwise the session's (RFC 8866 5.7). */
export function connectionOf(session: SessionDescription, media: MediaDescription): Connection | undefined {
  return media.connection ?? session.connection;
}

/** The direction in force: the media description's, otherwise the session's, otherwise `sendrecv` (RFC 3264 5.1). */
export function direction(session: SessionDescription, media: MediaDescription): Direction {
  return directionOf(media) ?? directionOf(session) ?? 'sendrecv';
}

/** The direction a section states. */
export function directionOf(section: Section): Direction | undefined {
  for (const { name, value } of section.attributes) {
    if (value === undefined && (directions as readonly string[]).includes(name)) return name as Direction;
  }
  return undefined;
}

/** A copy with that direction: in the place of the one stated, otherwise last. */
export function setDirection<S extends Section>(section: S, to: Direction): S {
  const result = section.attributes.filter((a) => !(directions as readonly string[]).includes(a.name));
  const at = section.attributes.findIndex((a) => (directions as readonly string[]).includes(a.name));
  result.splice(at < 0 ? result.length : at, 0, { name: to });
  return { ...section, attributes: result };
}

/** `a=mid` (RFC 5888 4). */
export function mid(media: MediaDescription): string | undefined {
  return attribute(media, 'mid');
}

/** The session's `a=group` lines (RFC 5888 5): `BUNDLE`, `LS`, ... */
export function groups(session: SessionDescription): { semantics: string; mids: string[] }[] {
  return attributes(session, 'group').map((value) => {
    const [semantics = '', ...mids] = value.split(' ').filter((word) => word !== '');
    return { semantics, mids };
  });
}

/** ICE credentials, those of the media description before those of the session (RFC 8839 5.4). */
export function iceCredentials(
  session: SessionDescription,
  media: MediaDescription,
): { ufrag: string; pwd: string } | undefined {
  const ufrag = inheritedAttribute(session, media, 'ice-ufrag');
  const pwd = inheritedAttribute(session, media, 'ice-pwd');
  return ufrag === undefined || pwd === undefined ? undefined : { ufrag, pwd };
}

/** `a=ice-options` tags of the session and the media description (RFC 8839 5.6). */
export function iceOptions(session: SessionDescription, media: MediaDescription): string[] {
  const text = [...attributes(session, 'ice-options'), ...attributes(media, 'ice-options')].join(' ');
  return [...new Set(text.split(' ').filter((word) => word !== ''))];
}

/** Whether the agent is an ICE lite implementation (RFC 8839 5.3). */
export function iceLite(session: SessionDescription): boolean {
  return hasAttribute(session, 'ice-lite');
}

/** A certificate fingerprint (RFC 8122 5). */
export interface Fingerprint {
  /** Hash function in lower case: `sha-256`. */
  readonly algorithm: string;
  /** Upper-case hexadecimal bytes with colons, or `$` in H.248. */
  readonly value: string;
}

/** The fingerprints in force: the media description's, otherwise the session's (RFC 8122 5). */
export function fingerprints(session: SessionDescription, media: MediaDescription): Fingerprint[] {
  const own = attributes(media, 'fingerprint');
  const result: Fingerprint[] = [];
  for (const text of own.length > 0 ? own : attributes(session, 'fingerprint')) {
    const [, algorithm, value] = readAttribute('fingerprint', `fingerprint:${text}`) ?? [];
    if (algorithm && value) result.push({ algorithm: algorithm.toLowerCase(), value: value.toUpperCase() });
  }
  return result;
}

/** The `a=setup` in force (RFC 4145 4); `undefined` also for a value that is none of the four. */
export function setup(session: SessionDescription, media: MediaDescription): SetupRole | undefined {
  const role = inheritedAttribute(session, media, 'setup')?.toLowerCase();
  return setupRoles.find((known) => known === role);
}

/** `a=tls-id` (RFC 8842 4), of the media description or the session. */
export function tlsId(session: SessionDescription, media: MediaDescription): string | undefined {
  return inheritedAttribute(session, media, 'tls-id');
}

/** Whether RTP and RTCP share a port: `a=rtcp-mux` (RFC 5761 5.1.1) or `a=rtcp-mux-only` (RFC 8858 4). */
export function rtcpMux(media: MediaDescription): boolean {
  return hasAttribute(media, 'rtcp-mux') || hasAttribute(media, 'rtcp-mux-only');
}

/**
 * Where RTCP is received when it is not multiplexed: `a=rtcp` (RFC 3605 2.1), otherwise the port after that of RTP
 * (RFC 3264 6.1). The connection is there only where `a=rtcp` states one.
 */
export function rtcp(media: MediaDescription): { port: number; connection?: Connection } {
  const value = attribute(media, 'rtcp');
  const fields = value === undefined ? undefined : readAttribute('rtcp', `rtcp:${value}`);
  const port = readNumber(fields?.[1] ?? '');
  if (port === undefined) return { port: media.port > 0 ? media.port + 1 : media.port };
  const [, , netType, version, address] = fields ?? [];
  if (!netType || !version || !address) return { port };
  return { port, connection: { netType, addrType: `IP${version}`, address } };
}

/** `a=sctp-port` (RFC 8841 5). */
export function sctpPort(media: MediaDescription): number | undefined {
  return readNumber(readAttribute('sctpPort', `sctp-port:${attribute(media, 'sctp-port') ?? ''}`)?.[1] ?? '');
}

/** `a=max-message-size` in bytes, 0 for any size; 65536 where the line is missing (RFC 8841 6.1). */
export function maxMessageSize(media: MediaDescription): number {
  const text = `max-message-size:${attribute(media, 'max-message-size') ?? ''}`;
  return readNumber(readAttribute('maxMessageSize', text)?.[1] ?? '') ?? 65536;
}
