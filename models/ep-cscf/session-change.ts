import type { StreamMode } from '../../src/wire/megaco/index.js';
import {
  type Direction,
  direction,
  fingerprints,
  iceCredentials,
  type MediaDescription,
  rtpMaps,
  type SessionDescription,
  setAttribute,
  setDirection,
  setup,
  tlsId,
} from '../../src/wire/sdp/index.js';
import { sameFormat } from '../common/index.js';
import type { StreamWish } from './gateway-control.js';
import { accessReservation, gatewayRole, isCarried, remoteDescriptor } from './session-description.js';

/** A leg of a call: towards the WIC or towards the core. */
export type Leg = 'access' | 'core';

/** The descriptions in force on a leg. */
export interface LegView {
  /** What the eP-CSCF has said last. */
  readonly sent: SessionDescription;
  /** What the other end has said last. */
  readonly got: SessionDescription;
}

/** What a new offer on a leg asks for. */
export interface ChangeWish {
  readonly restartsIce: boolean;
  /** Whether directions change, which the other side has to agree to. */
  readonly redirects: boolean;
}

/**
 * What a new offer asks for, or `undefined` where it asks for what is not bridged: other lines or codecs, another certificate
 * or DTLS association (24371-9-03).
 */
export function changeOf({ sent, got }: LegView, offer: SessionDescription): ChangeWish | undefined {
  if (offer.media.length !== got.media.length) return undefined;
  let restartsIce = false;
  let redirects = false;
  for (const [index, line] of offer.media.entries()) {
    const before = got.media[index] as MediaDescription;
    const ours = sent.media[index];
    if (line.media !== before.media || (line.port === 0) !== (before.port === 0)) return undefined;
    if (ours === undefined || ours.port === 0) continue;
    if (!keepsFormats(line, ours) || !keepsAssociation(got, before, offer, line)) return undefined;
    const old = iceCredentials(got, before);
    const now = iceCredentials(offer, line);
    if ((old === undefined) !== (now === undefined)) return undefined;
    // both have to change (RFC 8839 4.4.1.1.1)
    if (old !== undefined && (old.ufrag !== now?.ufrag || old.pwd !== now.pwd)) restartsIce = true;
    if (direction(offer, line) !== direction(got, before)) redirects = true;
  }
  return { restartsIce, redirects };
}

/** Whether all formats of our description are in the offer, under their payload types. */
function keepsFormats(line: MediaDescription, ours: MediaDescription): boolean {
  const offered = rtpMaps(line);
  return rtpMaps(ours).every((map) =>
    offered.some((one) => one.payloadType === map.payloadType && sameFormat(one, map)),
  );
}

function keepsAssociation(
  old: SessionDescription,
  before: MediaDescription,
  now: SessionDescription,
  line: MediaDescription,
): boolean {
  const prints = (session: SessionDescription, media: MediaDescription): string =>
    fingerprints(session, media)
      .map(({ algorithm, value }) => `${algorithm} ${value}`)
      .sort()
      .join();
  return prints(old, before) === prints(now, line) && tlsId(old, before) === tlsId(now, line);
}

/** The description said last, once more: with these directions and the next version (RFC 3264 8). */
export function saidAgain(
  sent: SessionDescription,
  directionOf: (index: number) => Direction,
): SessionDescription {
  const media = sent.media.map((line, index) =>
    line.port === 0 ? line : setDirection(line, directionOf(index)),
  );
  if (sent.origin === undefined) return { ...sent, media };
  const { sessionVersion } = sent.origin;
  return { ...sent, origin: { ...sent.origin, sessionVersion: sessionVersion + 1 }, media };
}

/** The gate that fits what was said to a side: `sendonly` there is a stream that only goes there (H.248.1 7.1.7). */
export function modeOf(said: Direction): StreamMode {
  const modes = {
    sendrecv: 'SendReceive',
    sendonly: 'SendOnly',
    recvonly: 'ReceiveOnly',
    inactive: 'Inactive',
  } as const;
  return modes[said];
}

/** What the other side means by a direction. */
export function mirrored(said: Direction): Direction {
  if (said === 'sendonly') return 'recvonly';
  return said === 'recvonly' ? 'sendonly' : said;
}

/** Lines about ICE that a restart changes. */
const ICE_NAMES = ['ice-ufrag', 'ice-pwd', 'candidate', 'ice-options'] as const;

/** A line of ours with the ICE of what the gateway says of itself now. */
export function withIceOf(line: MediaDescription, local: MediaDescription): MediaDescription {
  const { order: _, ...rest } = line;
  const names: readonly string[] = ICE_NAMES;
  const ice = local.attributes.filter(({ name }) => names.includes(name));
  const others = line.attributes.filter(({ name }) => !names.includes(name));
  return { ...rest, attributes: [...ice, ...others] };
}

/** Our line as an answer: the role in DTLS is the one it has come to (RFC 5763 5). */
export function withRoleOf(
  line: MediaDescription,
  session: SessionDescription,
  theirs: MediaDescription,
): MediaDescription {
  if (setup(session, line) !== 'actpass') return line;
  return setAttribute(line, 'setup', gatewayRole(setup(session, theirs), 'passive'));
}

/** What the gateway has to be told of a new description of a leg. */
export function changeWishes(
  leg: Leg,
  view: LegView,
  offer: SessionDescription,
  { restartsIce }: ChangeWish,
  reply: SessionDescription,
): StreamWish[] {
  return offer.media.flatMap((line, index) => {
    const ours = view.sent.media[index];
    const said = reply.media[index];
    if (ours === undefined || said === undefined || ours.port === 0 || !isCarried(line)) return [];
    const wish: StreamWish = { stream: index + 1, mode: modeOf(direction(reply, said)) };
    if (leg === 'core') return [{ ...wish, remote: remoteDescriptor(offer, line) }];
    if (!restartsIce) return [wish];
    const role = setup(view.sent, ours) ?? 'passive';
    const mux = ours.attributes.some(({ name }) => name === 'rtcp-mux');
    return [
      {
        ...wish,
        local: accessReservation(ours, ours.proto, role, mux),
        remote: remoteDescriptor(offer, line),
      },
    ];
  });
}
