import type { RtcpBandwidth } from '../../src/stack/rtp/index.js';
import {
  type LocalTransport,
  remoteTransport,
  TRANSPORT_ATTRIBUTES,
  transportAttributes,
} from '../../src/stack/webrtc/index.js';
import type { Endpoint } from '../../src/trace/index.js';
import {
  type Attribute,
  attribute,
  connectionOf,
  type Direction,
  direction,
  hasAttribute,
  isRtp,
  type MediaDescription,
  makeAttribute,
  mid,
  type Origin,
  type RtpMap,
  removeAttributes,
  rtcp,
  rtcpMux,
  rtpMaps,
  type SessionDescription,
  serializeRtpMap,
  setup,
} from '../../src/wire/sdp/index.js';
import { type MediaProfile, TELEPHONE_EVENT } from './media-profile.js';
import type { PlainDestination } from './plain-transport.js';

/** What a phone puts into a media line about its own end. */
export interface LocalEnd {
  readonly local: Endpoint;
  /** Present with WebRTC. */
  readonly transport?: LocalTransport;
}

/** Who describes: the parts of an own description that stay the same during a call. */
export interface Author {
  /** Session id of `o=`, digits. */
  readonly sessionId: string;
}

/** The profile of WebRTC media (RFC 8827 6.5, RFC 5764 8), and that of others that speak it. */
const SECURE_PROTO = /^UDP\/TLS\/RTP\/SAVPF?$/;
const PLAIN_PROTO = /^RTP\/AVPF?$/;

/** An offer of one audio line (24371-7.2.2-03, -04, -05; RFC 3264 5). */
export function makeOffer(profile: MediaProfile, author: Author, end: LocalEnd): SessionDescription {
  const { transport } = end;
  const attributes = [
    ...(transport === undefined
      ? plainMux(profile.rtcpMux !== 'none')
      : [makeAttribute('mid', '0'), ...transportAttributes(transport, true)]),
    ...codecLines(profile.codecs),
    makeAttribute('sendrecv'),
  ];
  const proto = transport === undefined ? 'RTP/AVP' : 'UDP/TLS/RTP/SAVPF';
  const made = session(author, end.local, 0, [audioLine(proto, end.local, profile.codecs, attributes)]);
  if (!profile.bundle) return made;
  return { ...made, attributes: [...made.attributes, makeAttribute('group', 'BUNDLE 0')] };
}

/** The place of a line in an offer, and the codecs in which it is taken. */
export interface Choice {
  readonly index: number;
  /** The voice codec, and telephone events beside it if offered, with the payload types of the offer. */
  readonly codecs: readonly RtpMap[];
  /** Whether RTP and RTCP share a port. */
  readonly mux: boolean;
}

/**
 * The first audio line of an offer that the profile can serve.
 *
 * @returns `undefined` when there is none: the offer is owed a 488 (RFC 3261 21.4.26)
 */
export function chooseLine(offer: SessionDescription, profile: MediaProfile): Choice | undefined {
  for (const [index, line] of offer.media.entries()) {
    if (line.media !== 'audio' || line.port === 0 || !suits(offer, line, profile)) continue;
    const codecs = chooseCodecs(rtpMaps(line), profile);
    const mux = rtcpMux(line) && profile.rtcpMux !== 'none';
    if (codecs !== undefined) return { index, codecs, mux };
  }
  return undefined;
}

function suits(
  offer: SessionDescription,
  line: MediaDescription,
  { kind, rtcpMux: policy }: MediaProfile,
): boolean {
  if (connectionOf(offer, line) === undefined) return false;
  // RFC 8858 4.3, and the other way round
  if (policy === 'none' && hasAttribute(line, 'rtcp-mux-only')) return false;
  if (policy === 'require' && !rtcpMux(line)) return false;
  if (kind === 'plain') return PLAIN_PROTO.test(line.proto);
  const { ice, fingerprints = [] } = remoteTransport(offer, line);
  const described = ice !== undefined && fingerprints.length > 0;
  return SECURE_PROTO.test(line.proto) && described && setup(offer, line) !== 'holdconn';
}

function chooseCodecs(offered: readonly RtpMap[], { preference, order }: MediaProfile): RtpMap[] | undefined {
  const wanted = preference.map((name) => name.toLowerCase());
  const rank = ({ encoding }: RtpMap): number => wanted.indexOf(encoding.toLowerCase());
  const voices = offered.filter((one) => !isEvents(one) && rank(one) >= 0);
  if (order === 'own') voices.sort((a, b) => rank(a) - rank(b));
  const [voice] = voices;
  if (voice === undefined) return undefined;
  const events = wanted.includes(TELEPHONE_EVENT)
    ? offered.filter((one) => isEvents(one) && one.clockRate === voice.clockRate).slice(0, 1)
    : [];
  return [voice, ...events];
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
  const { transport } = end;
  const media = offer.media.map((line, index) => {
    if (index !== choice.index) return refused(line, end.local);
    const id = mid(line);
    const attributes = [
      ...(id === undefined ? [] : [makeAttribute('mid', id)]),
      ...(transport === undefined ? plainMux(choice.mux) : transportAttributes(transport, false)),
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

function plainMux(mux: boolean): Attribute[] {
  return mux ? [makeAttribute('rtcp-mux')] : [];
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

/** What a given offer says of its transport that is replaced by what is so here. */
const REPLACED = TRANSPORT_ATTRIBUTES.filter(
  (name) => name !== 'ice-options' && !name.startsWith('rtcp-mux'),
);

/**
 * An offer whose text was given, with this host's transports in it: every line that is not disabled gets an end of its own,
 * with its addresses, credentials and certificate, and keeps its codecs and identification.
 *
 * @param ends one a line; `undefined` for lines that are disabled
 */
export function placeOffer(
  text: SessionDescription,
  ends: readonly (LocalEnd | undefined)[],
): SessionDescription {
  const media = text.media.map((line, index) => {
    const end = ends[index];
    if (end?.transport === undefined) return line;
    const own = transportAttributes(end.transport, true).filter(({ name }) => REPLACED.includes(name));
    const rest = withoutOrder(removeAttributes(line, REPLACED));
    const attributes = [...rest.attributes, ...own];
    return { ...rest, port: end.local.port, connection: connection(end.local), attributes };
  });
  const { order: _, ...session } = removeAttributes(text, REPLACED);
  return { ...session, media };
}

/** The order of lines as parsed does not hold once some are added or gone. */
function withoutOrder(line: MediaDescription): MediaDescription {
  const { order: _, ...rest } = line;
  return rest;
}

/** Where the media of a plain line go; `undefined` for nowhere. */
export function destinationOf(
  description: SessionDescription,
  line: MediaDescription,
): PlainDestination | undefined {
  const ip = connectionOf(description, line)?.address;
  // the unspecified address of an old hold, and the discard port, lead nowhere (RFC 3264 8.4)
  if (ip === undefined || ip === '0.0.0.0' || ip === '::' || line.port <= 0 || line.port === 9)
    return undefined;
  const { port } = line;
  const own = { ip, port };
  if (rtcpMux(line)) return { rtp: own, rtcp: own };
  const stated = rtcp(line);
  return { rtp: own, rtcp: { ip: stated.connection?.address ?? ip, port: stated.port } };
}

/** Whether this side may send by its own description (RFC 3264 5.1). */
export function maySend(description: SessionDescription, line: MediaDescription): boolean {
  const own = direction(description, line);
  return own === 'sendrecv' || own === 'sendonly';
}

/** The formats in which to send: those of the answer (RFC 3264 7). */
export function formatsOf(answered: MediaDescription): readonly RtpMap[] {
  return isRtp(answered) ? rtpMaps(answered) : [];
}

/** What a line says of the bandwidth for RTCP (RFC 3556 2); absent if it says nothing. */
export function rtcpBandwidthOf({ bandwidth }: MediaDescription): RtcpBandwidth | undefined {
  const of = (type: string): number | undefined => bandwidth.find((one) => one.type === type)?.value;
  const [sessionKbps, rsBps, rrBps] = [of('AS'), of('RS'), of('RR')];
  if (sessionKbps === undefined && rsBps === undefined && rrBps === undefined) return undefined;
  return {
    ...(sessionKbps === undefined ? {} : { sessionKbps }),
    ...(rsBps === undefined ? {} : { rsBps }),
    ...(rrBps === undefined ? {} : { rrBps }),
  };
}

/** `a=ptime` in milliseconds. */
export function ptimeOf(line: MediaDescription): number | undefined {
  const ptime = Number(attribute(line, 'ptime') ?? Number.NaN);
  return ptime > 0 ? ptime : undefined;
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

function connection({ ip }: Endpoint): { netType: string; addrType: string; address: string } {
  return { netType: 'IN', addrType: ip.includes(':') ? 'IP6' : 'IP4', address: ip };
}
