import { parseParams } from 'sdp-transform';
import type { MediaDescription } from './description.js';
import { readAttribute } from './grammar.js';

/** What a payload type of an RTP media description stands for. */
export interface RtpMap {
  readonly payloadType: number;
  /** The encoding name as written; compare without regard to case (RFC 4855 3). */
  readonly encoding: string;
  /** RTP clock rate in Hz. */
  readonly clockRate: number;
  /** Audio channels, where stated. */
  readonly channels?: number;
  /** The parameters of `a=fmtp`, where there is such a line. */
  readonly fmtp?: string;
}

// RFC 3551 6, tables 4 and 5
const staticPayloadTypes: Readonly<Record<string, readonly [string, number, number?]>> = {
  0: ['PCMU', 8000],
  3: ['GSM', 8000],
  4: ['G723', 8000],
  5: ['DVI4', 8000],
  6: ['DVI4', 16000],
  7: ['LPC', 8000],
  8: ['PCMA', 8000],
  9: ['G722', 8000],
  10: ['L16', 44100, 2],
  11: ['L16', 44100],
  12: ['QCELP', 8000],
  13: ['CN', 8000],
  14: ['MPA', 90000],
  15: ['G728', 8000],
  16: ['DVI4', 11025],
  17: ['DVI4', 22050],
  18: ['G729', 8000],
  25: ['CelB', 90000],
  26: ['JPEG', 90000],
  28: ['nv', 90000],
  31: ['H261', 90000],
  32: ['MPV', 90000],
  33: ['MP2T', 90000],
  34: ['H263', 90000],
};

/** Whether the proto of an `m=` line is an RTP profile, over whatever transport. */
export function isRtp(media: MediaDescription): boolean {
  return /(^|\/)RTP\/S?AVPF?$/.test(media.proto);
}

/**
 * The codecs of an RTP media description, in the order of its formats (the order of preference, RFC 3264 5.1). Payload types
 * without `a=rtpmap` are those of RFC 3551; a format that is neither is left out.
 */
export function rtpMaps(media: MediaDescription): RtpMap[] {
  const maps = new Map<string, Omit<RtpMap, 'payloadType' | 'fmtp'>>();
  const parameters = new Map<string, string>();
  for (const { name, value } of media.attributes) {
    if (value === undefined) continue;
    if (name === 'rtpmap') {
      const [, payloadType, encoding, clockRate, channels] = readAttribute('rtp', `rtpmap:${value}`) ?? [];
      if (!payloadType || !encoding || !clockRate) continue;
      const map = { encoding, clockRate: Number(clockRate) };
      maps.set(payloadType, /^\d+$/.test(channels ?? '') ? { ...map, channels: Number(channels) } : map);
    } else if (name === 'fmtp') {
      const [, payloadType, config] = readAttribute('fmtp', `fmtp:${value}`) ?? [];
      if (payloadType) parameters.set(payloadType, config ?? '');
    }
  }
  const result: RtpMap[] = [];
  for (const format of media.formats) {
    const map = maps.get(format) ?? staticMap(format);
    if (map === undefined || !/^\d+$/.test(format)) continue;
    const fmtp = parameters.get(format);
    result.push({ payloadType: Number(format), ...map, ...(fmtp === undefined ? {} : { fmtp }) });
  }
  return result;
}

function staticMap(format: string): Omit<RtpMap, 'payloadType' | 'fmtp'> | undefined {
  const known = Object.hasOwn(staticPayloadTypes, format) ? staticPayloadTypes[format] : undefined;
  if (known === undefined) return undefined;
  const [encoding, clockRate, channels] = known;
  return channels === undefined ? { encoding, clockRate } : { encoding, clockRate, channels };
}

/** The parameters of an `a=fmtp` of the usual form `name=value;name=value`; a parameter without a value has `''`. */
export function formatParameters(fmtp: string): Record<string, string> {
  const result: Record<string, string> = {};
  for (const [name, value] of Object.entries(parseParams(fmtp))) {
    result[name.trim()] = value === undefined ? '' : String(value).trim();
  }
  return result;
}

/** The `a=rtpmap` value of a codec: `111 opus/48000/2`. */
export function serializeRtpMap(map: RtpMap): string {
  const channels = map.channels === undefined ? '' : `/${map.channels}`;
  return `${map.payloadType} ${map.encoding}/${map.clockRate}${channels}`;
}
