import { canTranscode } from '../../src/media/index.js';
import {
  type Attribute,
  type MediaDescription,
  makeAttribute,
  type RtpMap,
  rtpMaps,
  serializeRtpMap,
} from '../../src/wire/sdp/index.js';
import { isSignal, isSpeech, sameFormat } from '../common/index.js';

/**
 * Which codecs each side of a call gets to see, where the gateway can change one into another (24371-7.4.2-12, 24371-7.4.3-05,
 * TS 23.334 5.13).
 */

/** Codecs that may be added to offers, with parameters as TS 26.114 6.2.2 has them. G.711 has fixed payload types (RFC 3551 6). */
const ADDABLE: readonly RtpMap[] = [
  { payloadType: 97, encoding: 'AMR-WB', clockRate: 16_000, fmtp: 'mode-change-capability=2;max-red=220' },
  { payloadType: 98, encoding: 'AMR', clockRate: 8000, fmtp: 'mode-change-capability=2;max-red=220' },
  { payloadType: 99, encoding: 'EVS', clockRate: 16_000 },
  { payloadType: 111, encoding: 'opus', clockRate: 48_000, channels: 2, fmtp: 'minptime=10;useinbandfec=1' },
  { payloadType: 0, encoding: 'PCMU', clockRate: 8000 },
  { payloadType: 8, encoding: 'PCMA', clockRate: 8000 },
];

const TELEPHONE_EVENT = 'telephone-event';

/** Dynamic payload types (RFC 3551 6). */
const FIRST_DYNAMIC = 96;
const LAST_DYNAMIC = 127;

/**
 * The line with more codecs, behind those it has; none when the gateway could not reach them from one that is there.
 *
 * @param names encoding names in lower case
 */
export function withCodecs(line: MediaDescription, names: readonly string[]): MediaDescription {
  const present = rtpMaps(line);
  const source = present.find(isSpeech);
  if (line.media !== 'audio' || source === undefined) return line;
  const taken = new Set(line.formats);
  const added: RtpMap[] = [];
  for (const name of names) {
    const codec = ADDABLE.find(({ encoding }) => encoding.toLowerCase() === name);
    if (codec === undefined || !canTranscode(source, codec)) continue;
    if (present.some(({ encoding }) => encoding.toLowerCase() === name)) continue;
    const payloadType = freePayloadType(codec.payloadType, taken);
    if (payloadType === undefined) continue;
    taken.add(String(payloadType));
    added.push({ ...codec, payloadType });
  }
  if (added.length === 0) return line;
  added.push(...eventsFor(present, added, taken));
  const { order: _, ...rest } = line;
  return {
    ...rest,
    formats: [...line.formats, ...added.map(({ payloadType }) => String(payloadType))],
    attributes: [...line.attributes, ...added.flatMap(codecLines)],
  };
}

/** Telephone events in the clocks of the codecs that were added, where there are events at all (RFC 4733 2.1). */
function eventsFor(present: readonly RtpMap[], added: readonly RtpMap[], taken: Set<string>): RtpMap[] {
  const known = present.filter(({ encoding }) => encoding.toLowerCase() === TELEPHONE_EVENT);
  const clocks = new Set(known.map(({ clockRate }) => clockRate));
  const events: RtpMap[] = [];
  for (const { clockRate } of known.length === 0 ? [] : added) {
    const payloadType = clocks.has(clockRate) ? undefined : freePayloadType(FIRST_DYNAMIC, taken);
    if (payloadType === undefined) continue;
    clocks.add(clockRate);
    taken.add(String(payloadType));
    events.push({ payloadType, encoding: TELEPHONE_EVENT, clockRate, fmtp: '0-15' });
  }
  return events;
}

function freePayloadType(wanted: number, taken: ReadonlySet<string>): number | undefined {
  if (!taken.has(String(wanted))) return wanted;
  // a fixed type that means something else there cannot move
  if (wanted < FIRST_DYNAMIC) return undefined;
  for (let type = FIRST_DYNAMIC; type <= LAST_DYNAMIC; type++) if (!taken.has(String(type))) return type;
  return undefined;
}

/**
 * The answer to a line as whoever offered it can read it: its own payload types, and where it has none of the codecs that
 * were answered, the one of its own that the gateway changes into them.
 *
 * @param offered the line as that side offered it
 * @param answered the answer to the line that went to the other side
 */
export function answeredIn(offered: MediaDescription, answered: MediaDescription): MediaDescription {
  const own = rtpMaps(offered);
  const theirs = rtpMaps(answered);
  const chosen = theirs.find(isSpeech);
  const common = theirs.flatMap((map) => {
    const mine =
      own.find((one) => sameFormat(one, map) && one.payloadType === map.payloadType) ??
      own.find((one) => sameFormat(one, map));
    return mine === undefined ? [] : [{ map, mine }];
  });
  if (chosen === undefined || common.some(({ map }) => map === chosen))
    return relabelled(answered, theirs, common);
  const changed = own.find((map) => canTranscode(chosen, map));
  if (changed === undefined) return answered;
  const signals = theirs.some(isSignal) ? own.filter(isSignal) : [];
  const inItsClock = signals.filter(({ clockRate }) => clockRate === changed.clockRate);
  return withFormats(answered, [changed, ...(inItsClock.length > 0 ? inItsClock : signals)]);
}

/** The answer under the payload types of the offer; as it is where they are the same. */
function relabelled(
  answered: MediaDescription,
  theirs: readonly RtpMap[],
  common: readonly { readonly map: RtpMap; readonly mine: RtpMap }[],
): MediaDescription {
  const unchanged =
    common.length === theirs.length && common.every(({ map, mine }) => map.payloadType === mine.payloadType);
  // the parameters are those of the answer: they say what its author wants to receive (RFC 3264 6.1)
  return unchanged
    ? answered
    : withFormats(
        answered,
        common.map(({ map, mine }) => ({ ...map, payloadType: mine.payloadType })),
      );
}

function withFormats(line: MediaDescription, maps: readonly RtpMap[]): MediaDescription {
  const { order: _, ...rest } = line;
  return {
    ...rest,
    formats: maps.map(({ payloadType }) => String(payloadType)),
    attributes: [
      ...maps.flatMap(codecLines),
      ...line.attributes.filter(({ name }) => name !== 'rtpmap' && name !== 'fmtp'),
    ],
  };
}

function codecLines(map: RtpMap): Attribute[] {
  const lines = [makeAttribute('rtpmap', serializeRtpMap(map))];
  return map.fmtp === undefined ? lines : [...lines, makeAttribute('fmtp', `${map.payloadType} ${map.fmtp}`)];
}
