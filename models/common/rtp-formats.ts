import { codecOf } from '../../src/media/index.js';
import { formatParameters, type RtpMap } from '../../src/wire/sdp/index.js';

/** Whether payloads of one format can be read as the other, whatever their payload types. */
export function sameFormat(a: RtpMap, b: RtpMap): boolean {
  return (
    a.encoding.toLowerCase() === b.encoding.toLowerCase() &&
    a.clockRate === b.clockRate &&
    (a.channels ?? 1) === (b.channels ?? 1) &&
    isOctetAligned(a) === isOctetAligned(b)
  );
}

/** RFC 4867 8.1: the parameter that makes the payload of AMR and AMR-WB another one. */
function isOctetAligned({ fmtp }: RtpMap): boolean {
  return fmtp !== undefined && formatParameters(fmtp)['octet-align'] === '1';
}

/** Whether it is a codec of speech that can be changed into another (TS 23.334 5.13). */
export function isSpeech(map: RtpMap): boolean {
  return codecOf(map)?.role === 'speech';
}

/** Whether it goes beside speech: telephone events, comfort noise. */
export function isSignal(map: RtpMap): boolean {
  return codecOf(map)?.role === 'signal';
}
