import { canTranscode } from '../../src/media/index.js';
import type { RtpMap } from '../../src/wire/sdp/index.js';
import { isSignal, isSpeech, sameFormat } from '../common/index.js';

/** What has to happen to the packets of one direction so that the far end can read them. */
export type Translation =
  /** Nothing: payload types mean the same on both sides. */
  | { readonly kind: 'none' }
  /** The same formats under other payload types: the new type by the old one. */
  | { readonly kind: 'relabel'; readonly types: ReadonlyMap<number, number> }
  /** Another codec (TS 23.334 5.13); speech of the types `asIs` can be read as it is. */
  | {
      readonly kind: 'transcode';
      readonly from: readonly RtpMap[];
      readonly to: readonly RtpMap[];
      readonly asIs: readonly number[];
    };

const NONE: Translation = { kind: 'none' };

/**
 * Compares what comes in on one side with what the other side's far end takes.
 *
 * @param from formats of the Local descriptor where packets come in
 * @param to formats of the Remote descriptor where they go out; none when it is not known yet
 */
export function translationOf(from: readonly RtpMap[], to: readonly RtpMap[]): Translation {
  const wanted = to.find(isSpeech);
  const foreign = from.find((map) => isSpeech(map) && !to.some((one) => sameFormat(map, one)));
  if (wanted !== undefined && foreign !== undefined && canTranscode(foreign, wanted)) {
    return {
      kind: 'transcode',
      from: [foreign, ...from.filter(isSignal)],
      to: [wanted, ...to.filter(isSignal)],
      asIs: from.filter((map) => isSpeech(map) && isAmong(map, to)).map(({ payloadType }) => payloadType),
    };
  }
  const types = new Map<number, number>();
  for (const map of from) {
    if (isAmong(map, to)) continue;
    const other = to.find((one) => sameFormat(map, one));
    if (other !== undefined) types.set(map.payloadType, other.payloadType);
  }
  return types.size === 0 ? NONE : { kind: 'relabel', types };
}

/** Whether a format is there under the same payload type. */
function isAmong(map: RtpMap, those: readonly RtpMap[]): boolean {
  return those.some((one) => one.payloadType === map.payloadType && sameFormat(map, one));
}

/** Whether two translations are the same, so that the state of one can be kept. */
export function sameTranslation(a: Translation, b: Translation): boolean {
  if (a.kind === 'none' || b.kind === 'none') return a.kind === b.kind;
  return JSON.stringify(plain(a)) === JSON.stringify(plain(b));
}

function plain(translation: Translation): unknown {
  return translation.kind === 'relabel' ? [...translation.types] : translation;
}
