import {
  type Connection,
  choosePort,
  connectionOf,
  direction,
  fingerprints,
  groups,
  hasAttribute,
  iceCredentials,
  iceLite,
  inheritedAttribute,
  isRtp,
  type MediaDescription,
  makeAttribute,
  mid,
  removeAttributes,
  rtcpMux,
  rtpMaps,
  type SessionDescription,
  type SetupRole,
  setDirection,
  setup,
} from '../../src/wire/sdp/index.js';
import { answeredIn, withCodecs } from './codec-plan.js';

/**
 * The SDP translation of the IMS-ALG in the eP-CSCF (TS 24.371 7.4.2 and 7.4.3, TS 24.229 6.7.2): WebRTC lines stop
 * at the access edge, addresses become those of the eIMS-AGW. Plain functions from descriptions to descriptions.
 */

/** What the translation needs to know of the operator's wishes. */
export interface TranslationPolicy {
  /** RTP profile towards the core: `RTP/AVP` or `RTP/AVPF`. */
  readonly coreProfile: string;
  /** Whether RTP and RTCP may share the port on the access side. */
  readonly rtcpMux: boolean;
  /** Encoding names that may be seen in the core, in lower case. */
  readonly coreCodecs: readonly string[];
  /** Encoding names that are added to offers to the core, and to the WIC, in lower case. */
  readonly addedToCore: readonly string[];
  readonly addedToWic: readonly string[];
}

/** What the gateway reserved on its access side. */
export interface AccessReservation {
  /** One media description a carried line, in order. */
  readonly lines: readonly MediaDescription[];
  /** Whether its ICE is lite. */
  readonly lite: boolean;
  /** Identity of the DTLS association, where the WIC gave one (RFC 8842 4; 24371-7.4.2-02). */
  readonly tlsId?: string;
}

/** Called with the id of a requirement at the point where it is realised. */
export type Realises = (
  id:
    | '24371-5D.4-03'
    | '24371-7.4.2-06'
    | '24371-7.4.2-07'
    | '24371-7.4.2-08'
    | '24371-7.4.2-09'
    | '24371-7.4.2-10'
    | '24371-7.4.2-11'
    | '24371-7.4.2-12'
    | '24371-7.4.2-13'
    | '24371-7.4.2-14'
    | '24371-7.4.2-15'
    | '24371-7.4.2-16'
    | '24371-7.4.2-17'
    | '24371-7.4.3-02'
    | '24371-7.4.3-03'
    | '24371-7.4.3-04'
    | '24371-7.4.3-05'
    | '24371-7.4.3-07',
) => void;

/** Session-level lines that end at the access edge (TS 23.228 U.1.1, RFC 8843, RFC 8839). */
const EDGE_SESSION_ATTRIBUTES = [
  'group',
  'msid-semantic',
  'extmap-allow-mixed',
  'extmap',
  'ice-lite',
  'ice-ufrag',
  'ice-pwd',
  'ice-options',
  'ice-pacing',
  'fingerprint',
  'setup',
  'tls-id',
  'identity',
] as const;

/** Media-level lines that end at the access edge. */
const EDGE_MEDIA_ATTRIBUTES = [
  ...EDGE_SESSION_ATTRIBUTES,
  'bundle-only',
  'mid',
  'msid',
  'ssrc',
  'ssrc-group',
  'rid',
  'simulcast',
  'candidate',
  'end-of-candidates',
  'remote-candidates',
  'rtcp',
  'rtcp-mux',
  'rtcp-mux-only',
  'rtcp-rsize',
  'rtcp-fb',
  '3ge2ae',
] as const;

const ICE_LINES = ['candidate', 'ice-ufrag', 'ice-pwd', 'ice-options', 'ice-lite', 'end-of-candidates'];

/** A media line that the gateway can carry: RTP, not disabled, and with a transport of its own. */
export function isCarried(media: MediaDescription): boolean {
  return isRtp(media) && media.port !== 0 && !hasAttribute(media, 'bundle-only');
}

/** Whether a line from a WIC has what DTLS-SRTP and ICE need (RFC 5763 5, RFC 8839 5.4). */
export function isWebRtc(session: SessionDescription, media: MediaDescription): boolean {
  return (
    /^(UDP\/TLS|TCP\/DTLS)\/RTP\/SAVPF?$/.test(media.proto) &&
    fingerprints(session, media).length > 0 &&
    iceCredentials(session, media) !== undefined
  );
}

/**
 * The DTLS role of the gateway from the role the WIC offers or has answered with (TS 23.334 6.2.10.5).
 *
 * @param preferred where the WIC leaves the choice
 */
export function gatewayRole(
  wicRole: SetupRole | undefined,
  preferred: 'active' | 'passive',
): 'active' | 'passive' {
  if (wicRole === 'passive') return 'active';
  return wicRole === 'actpass' ? preferred : 'passive';
}

/**
 * The offer towards the core.
 *
 * @param offer the WIC's offer
 * @param core what the gateway reserved on its core side, one media description a carried line, in order
 */
export function coreOffer(
  offer: SessionDescription,
  core: readonly MediaDescription[],
  policy: TranslationPolicy,
  realises: Realises,
): SessionDescription {
  if (groups(offer).some(({ semantics }) => semantics === 'BUNDLE')) {
    realises('24371-5D.4-03');
    realises('24371-7.4.2-09');
  }
  const reserved = core[Symbol.iterator]();
  const media = offer.media.map((line) => {
    if (!isCarried(line)) return disabled(withoutEdge(line));
    const local = reserved.next().value as MediaDescription;
    noteOfferRemovals(offer, line, realises);
    const seen = codecsForCore(line, policy);
    if (seen.formats.join() !== line.formats.join()) realises('24371-7.4.2-12');
    return setDirection(
      { ...withoutEdge(seen), ...addressOf(local), proto: policy.coreProfile },
      direction(offer, line),
    );
  });
  realises('24371-7.4.2-11');
  return anchored(offer, media);
}

/** A WIC's line with the codecs that the core gets to see (24371-7.4.2-12). */
export function codecsForCore(line: MediaDescription, policy: TranslationPolicy): MediaDescription {
  return withCodecs(toCodecs(line, policy.coreCodecs), policy.addedToCore);
}

/** A line of the core with the codecs that a WIC gets to see (24371-7.4.3-05). */
export function codecsForWic(line: MediaDescription, policy: TranslationPolicy): MediaDescription {
  return withCodecs(line, policy.addedToWic);
}

function noteOfferRemovals(offer: SessionDescription, line: MediaDescription, realises: Realises): void {
  if (setup(offer, line) !== undefined) realises('24371-7.4.2-06');
  if (fingerprints(offer, line).length > 0) realises('24371-7.4.2-07');
  if (iceCredentials(offer, line) !== undefined) realises('24371-7.4.2-08');
  if (rtcpMux(line)) realises('24371-7.4.2-10');
}

/**
 * The answer towards the WIC: as many lines as it offered, its profile, the gateway's address, certificate and
 * ICE, and no multiplexing of media.
 *
 * @param answer the core's answer
 * @param access what the gateway reserved on its access side
 */
export function accessAnswer(
  offer: SessionDescription,
  answer: SessionDescription,
  access: AccessReservation,
  realises: Realises,
): SessionDescription {
  const reserved = access.lines[Symbol.iterator]();
  const media = offer.media.map((offered, index) => {
    const answered = answer.media[index];
    const local = isCarried(offered) ? (reserved.next().value as MediaDescription) : undefined;
    if (local === undefined || answered === undefined || answered.port === 0) return refused(offered);
    realises('24371-7.4.2-13');
    const line = accessLine(
      answeredIn(offered, answered),
      local,
      offered.proto,
      mid(offered),
      direction(answer, answered),
    );
    realises('24371-7.4.2-14');
    realises('24371-7.4.2-16');
    realises('24371-7.4.2-17');
    if (access.tlsId === undefined) return line;
    realises('24371-7.4.2-15');
    return { ...line, attributes: [...line.attributes, makeAttribute('tls-id', access.tlsId)] };
  });
  return withIce(anchored(answer, media), access);
}

/**
 * The offer towards a WIC, made from a plain IMS offer: DTLS-SRTP, the gateway's ICE and certificate, a `mid` a
 * line and no group (RFC 8829 5.2.1 wants the `mid`).
 */
export function accessOffer(
  offer: SessionDescription,
  access: AccessReservation,
  policy: TranslationPolicy,
  realises: Realises,
): SessionDescription {
  const reserved = access.lines[Symbol.iterator]();
  const media = offer.media.map((line, index) => {
    if (!isCarried(line)) return disabled(withoutEdge(line));
    const local = reserved.next().value as MediaDescription;
    const seen = codecsForWic(line, policy);
    if (seen !== line) realises('24371-7.4.3-05');
    const made = accessLine(seen, local, 'UDP/TLS/RTP/SAVPF', String(index), direction(offer, line));
    if (rtcpMux(made)) realises('24371-7.4.3-04');
    return made;
  });
  realises('24371-7.4.3-02');
  realises('24371-7.4.3-03');
  return withIce(anchored(offer, media), access);
}

/** The answer towards the core, made from a WIC's answer. */
export function coreAnswer(
  offer: SessionDescription,
  answer: SessionDescription,
  core: readonly MediaDescription[],
  realises: Realises,
): SessionDescription {
  const reserved = core[Symbol.iterator]();
  const media = offer.media.map((offered, index) => {
    const answered = answer.media[index];
    const local = isCarried(offered) ? (reserved.next().value as MediaDescription) : undefined;
    if (local === undefined || answered === undefined || answered.port === 0) return refused(offered);
    return setDirection(
      { ...withoutEdge(answeredIn(offered, answered)), ...addressOf(local), proto: offered.proto },
      direction(answer, answered),
    );
  });
  realises('24371-7.4.3-07');
  return anchored(answer, media);
}

/**
 * What to ask of the gateway on its access side for one media line: address, certificate and ICE are for it to
 * choose (`$`, H.248.1 7.1.8).
 */
export function accessReservation(
  line: MediaDescription,
  proto: string,
  role: SetupRole,
  mux: boolean,
): SessionDescription {
  const attributes = [
    ...codecLines(line),
    makeAttribute('ice-ufrag', '$'),
    makeAttribute('ice-pwd', '$'),
    makeAttribute('candidate', '$'),
    makeAttribute('fingerprint', 'sha-256 $'),
    makeAttribute('setup', role),
    ...(mux ? [makeAttribute('rtcp-mux')] : []),
  ];
  return reservation({ ...line, proto, attributes }, 'IP4');
}

/** What to ask of the gateway on its core side for one media line. */
export function coreReservation(line: MediaDescription, proto: string): SessionDescription {
  return reservation({ ...line, proto, attributes: codecLines(line) }, 'IP6');
}

/** One line of a description with its session-level lines, as an H.248 Remote descriptor names the far end. */
export function remoteDescriptor(session: SessionDescription, line: MediaDescription): SessionDescription {
  const inherited = ['ice-ufrag', 'ice-pwd', 'fingerprint', 'setup', 'tls-id'].flatMap((name) => {
    const value = inheritedAttribute(session, line, name);
    return value === undefined || hasAttribute(line, name) ? [] : [makeAttribute(name, value)];
  });
  const wanted = new Set([
    ...ICE_LINES,
    'fingerprint',
    'setup',
    'tls-id',
    'rtcp-mux',
    'rtcp',
    'rtpmap',
    'fmtp',
    'ptime',
  ]);
  const own = line.attributes.filter(({ name }) => wanted.has(name));
  const connection = connectionOf(session, line);
  const media: MediaDescription = {
    ...withoutConnection(line),
    otherLines: [],
    attributes: [...inherited, ...own],
    ...(connection === undefined ? {} : { connection }),
  };
  // the role in ICE follows from it (RFC 8445 6.1.1)
  const attributes = iceLite(session) ? [makeAttribute('ice-lite')] : [];
  return { version: 0, bandwidth: [], attributes, otherLines: [], timing: [], media: [media] };
}

/**
 * What came to be agreed for a line, as an H.248 Local descriptor: the address that was reserved and the formats that come in. Of the
 * transport it says nothing, which stays as it is.
 *
 * @param reserved the gateway's own description of the line
 * @param line the line as the far end of that side has come to see it
 */
export function agreedDescriptor(reserved: MediaDescription, line: MediaDescription): SessionDescription {
  const { order: _, ...rest } = reserved;
  const media: MediaDescription = { ...rest, formats: line.formats, attributes: codecLines(line) };
  return { version: 0, bandwidth: [], attributes: [], otherLines: [], timing: [], media: [media] };
}

function reservation(line: MediaDescription, addressType: 'IP4' | 'IP6'): SessionDescription {
  const connection: Connection = { netType: 'IN', addrType: addressType, address: '$' };
  const media = { ...withoutConnection(line), port: choosePort, otherLines: [], connection };
  return { version: 0, bandwidth: [], attributes: [], otherLines: [], timing: [], media: [media] };
}

function codecLines(line: MediaDescription): MediaDescription['attributes'] {
  return line.attributes.filter(({ name }) => name === 'rtpmap' || name === 'fmtp');
}

/** The line a WIC sees: codecs of `line`, everything about the transport from the gateway. */
function accessLine(
  line: MediaDescription,
  local: MediaDescription,
  proto: string,
  identification: string | undefined,
  towards: ReturnType<typeof direction>,
): MediaDescription {
  const plain = withoutEdge(line);
  const transport = local.attributes.filter(({ name }) => name !== 'rtpmap' && name !== 'fmtp');
  const attributes = [
    ...(identification === undefined ? [] : [makeAttribute('mid', identification)]),
    ...transport,
    ...plain.attributes,
  ];
  return setDirection({ ...plain, ...addressOf(local), proto, attributes }, towards);
}

/** A line as the answer to one that cannot be served (RFC 3264 6): same media, proto and formats, port 0. */
function refused(offered: MediaDescription): MediaDescription {
  const identification = mid(offered);
  return {
    ...disabled(offered),
    bandwidth: [],
    otherLines: [],
    attributes: [
      ...(identification === undefined ? [] : [makeAttribute('mid', identification)]),
      makeAttribute('inactive'),
    ],
  };
}

function disabled(line: MediaDescription): MediaDescription {
  return { ...withoutConnection(line), port: 0 };
}

function withoutEdge(line: MediaDescription): MediaDescription {
  return removeAttributes(line, EDGE_MEDIA_ATTRIBUTES);
}

/** The line with the codecs that may be seen in the core only; all of them when none would be left. */
function toCodecs(line: MediaDescription, allowed: readonly string[]): MediaDescription {
  const kept = rtpMaps(line).filter(({ encoding }) => allowed.includes(encoding.toLowerCase()));
  if (kept.length === 0) return line;
  const formats = new Set(kept.map(({ payloadType }) => String(payloadType)));
  return {
    ...line,
    formats: line.formats.filter((format) => formats.has(format)),
    attributes: line.attributes.filter(
      ({ name, value }) =>
        !(name === 'rtpmap' || name === 'fmtp') || formats.has((value ?? '').split(' ')[0] ?? ''),
    ),
  };
}

function addressOf(local: MediaDescription): { port: number; connection: Connection } {
  return { port: local.port, connection: local.connection as Connection };
}

function withoutConnection(line: MediaDescription): Omit<MediaDescription, 'connection'> {
  const { connection: _, order: __, ...rest } = line;
  return rest;
}

/** The description as the eP-CSCF sends it on: its own address in `o=`, no session-level edge lines or `c=`. */
function anchored(session: SessionDescription, media: readonly MediaDescription[]): SessionDescription {
  const { connection: _, order: __, ...rest } = removeAttributes(session, EDGE_SESSION_ATTRIBUTES);
  const address = media.find((line) => line.connection !== undefined)?.connection;
  const { origin } = session;
  if (origin === undefined || address === undefined) return { ...rest, media };
  return {
    ...rest,
    origin: { ...origin, addrType: address.addrType, address: address.address },
    // every line has a connection, as no session-level one is left (RFC 8866 5.7)
    media: media.map((line) => (line.connection === undefined ? { ...line, connection: address } : line)),
  };
}

function withIce(session: SessionDescription, { lite }: AccessReservation): SessionDescription {
  if (!lite) return session;
  return { ...session, attributes: [...session.attributes, makeAttribute('ice-lite')] };
}
