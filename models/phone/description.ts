import type { Endpoint } from '../../src/trace/index.js';
import {
  type Attribute,
  addAttribute,
  candidates,
  connectionOf,
  type Direction,
  direction,
  fingerprints,
  hasAttribute,
  iceCredentials,
  isRtp,
  type MediaDescription,
  makeAttribute,
  mid,
  type Origin,
  type RtpMap,
  removeAttributes,
  rtcpMux,
  rtpMaps,
  type SessionDescription,
  type SetupRole,
  serializeRtpMap,
  setAttribute,
  setup,
} from '../../src/wire/sdp/index.js';
import { type MediaProfile, TELEPHONE_EVENT } from './media-profile.js';

/** What a phone puts into a media line about its own end. */
export interface LocalEnd {
  readonly local: Endpoint;
  /** Present with ICE. */
  readonly ice?: IceCredentials;
}

/** Short-term credentials of ICE (RFC 8839 5.4). */
export interface IceCredentials {
  readonly ufrag: string;
  readonly pwd: string;
}

/** Who describes: the parts of an own description that stay the same during a call. */
export interface Author {
  /** Session id of `o=`, digits. */
  readonly sessionId: string;
  /** Value of `a=fingerprint`, for the secure profile. */
  readonly fingerprint: string;
}

/** The priority of the only host candidate: type preference 126, local preference 65535 (RFC 8445 5.1.2.1). */
const HOST_PRIORITY = 2_130_706_431;

/** The profile of WebRTC media (RFC 8827 6.5, RFC 5764 8), and that of others that speak it. */
const SECURE_PROTO = /^UDP\/TLS\/RTP\/SAVPF?$/;
const PLAIN_PROTO = /^RTP\/AVPF?$/;

/** An offer of one audio line (24371-7.2.2-03, -04, -05; RFC 3264 5). */
export function makeOffer(profile: MediaProfile, author: Author, end: LocalEnd): SessionDescription {
  const secure = profile.kind === 'webrtc';
  const attributes = [
    ...(secure ? [makeAttribute('mid', '0'), ...secureLines(author, end, 'actpass', profile.rtcpMux)] : []),
    ...codecLines(profile.codecs),
    makeAttribute('sendrecv'),
  ];
  const proto = secure ? 'UDP/TLS/RTP/SAVPF' : 'RTP/AVP';
  const made = session(author, end.local, 0, [audioLine(proto, end.local, profile.codecs, attributes)]);
  return profile.bundle ? addAttribute(made, 'group', 'BUNDLE 0') : made;
}

/** The place of a line in an offer, and the codecs in which it is taken. */
export interface Choice {
  readonly index: number;
  /** The voice codec, and telephone events beside it if offered, with the payload types of the offer. */
  readonly codecs: readonly RtpMap[];
}

/**
 * The first audio line of an offer that the profile can serve.
 *
 * @returns `undefined` when there is none: the offer is owed a 488 (RFC 3261 21.4.26)
 */
export function chooseLine(offer: SessionDescription, profile: MediaProfile): Choice | undefined {
  for (const [index, line] of offer.media.entries()) {
    if (line.media !== 'audio' || line.port === 0 || !suits(offer, line, profile)) continue;
    const codecs = chooseCodecs(rtpMaps(line), profile.preference);
    if (codecs !== undefined) return { index, codecs };
  }
  return undefined;
}

function suits(offer: SessionDescription, line: MediaDescription, { kind }: MediaProfile): boolean {
  if (connectionOf(offer, line) === undefined) return false;
  if (kind === 'plain') return PLAIN_PROTO.test(line.proto);
  const described = fingerprints(offer, line).length > 0 && iceCredentials(offer, line) !== undefined;
  return SECURE_PROTO.test(line.proto) && described && setup(offer, line) !== 'holdconn';
}

function chooseCodecs(offered: readonly RtpMap[], preference: readonly string[]): RtpMap[] | undefined {
  const wanted = preference.map((name) => name.toLowerCase());
  for (const name of wanted) {
    const voice = offered.find(({ encoding }) => name !== TELEPHONE_EVENT && encoding.toLowerCase() === name);
    if (voice === undefined) continue;
    const events = wanted.includes(TELEPHONE_EVENT)
      ? offered.filter((one) => isEvents(one) && one.clockRate === voice.clockRate).slice(0, 1)
      : [];
    return [voice, ...events];
  }
  return undefined;
}

function isEvents({ encoding }: RtpMap): boolean {
  return encoding.toLowerCase() === TELEPHONE_EVENT;
}

/**
 * The answer that takes one line of an offer and refuses the others (RFC 3264 6; 24371-7.2.3-02, -03). What it never has is
 * BUNDLE (24371-5D.4-04).
 *
 * @param version of the own description, counted from 0 (RFC 3264 8)
 */
export function makeAnswer(
  offer: SessionDescription,
  choice: Choice,
  author: Author,
  end: LocalEnd,
  version: number,
): SessionDescription {
  const media = offer.media.map((line, index) => {
    if (index !== choice.index) return refused(line, end.local);
    const id = mid(line);
    const secure =
      end.ice === undefined ? [] : secureLines(author, end, answeringRole(setup(offer, line)), rtcpMux(line));
    const attributes = [
      ...(id === undefined ? [] : [makeAttribute('mid', id)]),
      ...secure,
      ...codecLines(choice.codecs),
      makeAttribute(answering[direction(offer, line)]),
    ];
    return audioLine(line.proto, end.local, choice.codecs, attributes);
  });
  const made = session(author, end.local, version, media);
  return { ...made, timing: offer.timing.length === 0 ? made.timing : offer.timing };
}

/** RFC 3264 6.1. */
const answering: Readonly<Record<Direction, Direction>> = {
  sendrecv: 'sendrecv',
  sendonly: 'recvonly',
  recvonly: 'sendonly',
  inactive: 'inactive',
};

/** `active` is recommended where the offer leaves the choice (RFC 5763 5). */
function answeringRole(offered: SetupRole | undefined): SetupRole {
  return offered === 'active' ? 'passive' : 'active';
}

function refused(line: MediaDescription, local: Endpoint): MediaDescription {
  const id = mid(line);
  const attributes = [...(id === undefined ? [] : [makeAttribute('mid', id)]), makeAttribute('inactive')];
  const { media, proto, formats } = line;
  return {
    media,
    port: 0,
    proto,
    formats,
    connection: connection(local),
    bandwidth: [],
    otherLines: [],
    attributes,
  };
}

/**
 * An offer whose text was given, with this host's addresses in it: every line that is not disabled gets an end of its
 * own, and keeps its codecs, identification, certificate and credentials.
 *
 * @param ends one a line; `undefined` for lines that are disabled
 */
export function placeOffer(
  text: SessionDescription,
  ends: readonly (LocalEnd | undefined)[],
): SessionDescription {
  const media = text.media.map((line, index) => {
    const end = ends[index];
    if (end === undefined) return line;
    let placed: MediaDescription = { ...line, port: end.local.port, connection: connection(end.local) };
    placed = removeAttributes(placed, ['candidate', 'end-of-candidates']);
    if (hasAttribute(line, 'rtcp')) placed = setAttribute(placed, 'rtcp', rtcpValue(end.local));
    if (end.ice === undefined) return withoutOrder(placed);
    if (iceCredentials(text, line) === undefined) {
      placed = addAttribute(addAttribute(placed, 'ice-ufrag', end.ice.ufrag), 'ice-pwd', end.ice.pwd);
    }
    return withoutOrder(addAttribute(placed, 'candidate', hostCandidate(end.local)));
  });
  return { ...text, media };
}

/** The order of lines as parsed does not hold once some are added or gone. */
function withoutOrder(line: MediaDescription): MediaDescription {
  const { order: _, ...rest } = line;
  return rest;
}

/** Where the media of a line go, by its best UDP candidate, else by its connection data. */
export function remoteEnd(
  description: SessionDescription,
  line: MediaDescription,
  family: 'IP4' | 'IP6',
): Endpoint | undefined {
  let best: Endpoint | undefined;
  let priority = -1;
  for (const one of candidates(line)) {
    const usable =
      one.component === 1 && one.transport.toUpperCase() === 'UDP' && familyOf(one.address) === family;
    if (!usable || one.priority <= priority) continue;
    best = { ip: one.address, port: one.port };
    priority = one.priority;
  }
  if (best !== undefined) return best;
  const ip = connectionOf(description, line)?.address;
  // the unspecified address of an old hold, and the discard port of trickle ICE, lead nowhere (RFC 3264 8.4, RFC 8840 4.1.1)
  if (ip === undefined || ip === '0.0.0.0' || ip === '::' || line.port <= 0 || line.port === 9)
    return undefined;
  return { ip, port: line.port };
}

/** Whether this side may send by its own description (RFC 3264 5.1). */
export function maySend(description: SessionDescription, line: MediaDescription): boolean {
  const own = direction(description, line);
  return own === 'sendrecv' || own === 'sendonly';
}

/** The codec in which to send: the first of the answer that is no mere companion (RFC 3264 7). */
export function sendingCodec(answered: MediaDescription): RtpMap | undefined {
  return isRtp(answered) ? rtpMaps(answered).find((map) => !isEvents(map)) : undefined;
}

function session(
  { sessionId }: Author,
  local: Endpoint,
  sessionVersion: number,
  media: readonly MediaDescription[],
): SessionDescription {
  const { netType, addrType, address } = connection(local);
  const origin: Origin = { username: '-', sessionId, sessionVersion, netType, addrType, address };
  const timing = [{ start: 0, stop: 0 }];
  return { version: 0, origin, name: '-', timing, bandwidth: [], attributes: [], otherLines: [], media };
}

function audioLine(
  proto: string,
  local: Endpoint,
  codecs: readonly RtpMap[],
  attributes: readonly Attribute[],
): MediaDescription {
  const formats = codecs.map(({ payloadType }) => String(payloadType));
  const { port } = local;
  return {
    media: 'audio',
    port,
    proto,
    formats,
    connection: connection(local),
    bandwidth: [],
    otherLines: [],
    attributes,
  };
}

function codecLines(codecs: readonly RtpMap[]): Attribute[] {
  const lines = codecs.flatMap((map) => [
    makeAttribute('rtpmap', serializeRtpMap(map)),
    ...(map.fmtp === undefined ? [] : [makeAttribute('fmtp', `${map.payloadType} ${map.fmtp}`)]),
  ]);
  return [...lines, makeAttribute('ptime', '20')];
}

/** ICE, certificate and port sharing of a WebRTC line (RFC 8839 5, RFC 8122 5, RFC 5763 5, RFC 5761 5.1.3, RFC 3605). */
function secureLines(
  { fingerprint }: Author,
  { local, ice }: LocalEnd,
  role: SetupRole,
  mux: boolean,
): Attribute[] {
  return [
    ...(mux ? [makeAttribute('rtcp', rtcpValue(local))] : []),
    makeAttribute('candidate', hostCandidate(local)),
    makeAttribute('ice-ufrag', ice?.ufrag ?? ''),
    makeAttribute('ice-pwd', ice?.pwd ?? ''),
    makeAttribute('fingerprint', fingerprint),
    makeAttribute('setup', role),
    ...(mux ? [makeAttribute('rtcp-mux')] : []),
  ];
}

function hostCandidate({ ip, port }: Endpoint): string {
  return `1 1 UDP ${HOST_PRIORITY} ${ip} ${port} typ host`;
}

function rtcpValue({ ip, port }: Endpoint): string {
  return `${port} IN ${familyOf(ip)} ${ip}`;
}

/** The address family of an address as SDP names it. */
export function familyOf(ip: string): 'IP4' | 'IP6' {
  return ip.includes(':') ? 'IP6' : 'IP4';
}

function connection({ ip }: Endpoint): { netType: string; addrType: string; address: string } {
  return { netType: 'IN', addrType: familyOf(ip), address: ip };
}
