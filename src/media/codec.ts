import { formatParameters, type RtpMap } from '../wire/sdp/index.js';

/** Payload formats that this folder makes and reads, by their registered names. */
export type CodecName =
  | 'PCMU'
  | 'PCMA'
  | 'opus'
  | 'AMR'
  | 'AMR-WB'
  | 'EVS'
  | 'telephone-event'
  | 'CN'
  | 'H264'
  | 'VP8';

/** What is the same in all uses of a payload format. */
export interface CodecDescription {
  readonly name: CodecName;
  /** `speech` codecs can be transcoded into one another; `signal` formats go beside one. */
  readonly role: 'speech' | 'signal' | 'video';
  /** The only RTP clock rate, in Hz; absent where `a=rtpmap` chooses (RFC 4733 2.1, RFC 3389 4). */
  readonly clockRate?: number;
  /** Audio channels that `a=rtpmap` must name (RFC 7587 7). */
  readonly channels?: number;
}

const describe = (
  name: CodecName,
  role: CodecDescription['role'],
  clockRate?: number,
  channels?: number,
): CodecDescription => ({
  name,
  role,
  ...(clockRate === undefined ? {} : { clockRate }),
  ...(channels === undefined ? {} : { channels }),
});

/** Every payload format here (RFC 3551 4.5.14; RFC 7587; RFC 4867; 26.445 A; RFC 4733; RFC 3389; RFC 6184; RFC 7741). */
export const codecs: Readonly<Record<CodecName, CodecDescription>> = {
  PCMU: describe('PCMU', 'speech', 8000),
  PCMA: describe('PCMA', 'speech', 8000),
  opus: describe('opus', 'speech', 48_000, 2),
  AMR: describe('AMR', 'speech', 8000),
  'AMR-WB': describe('AMR-WB', 'speech', 16_000),
  EVS: describe('EVS', 'speech', 16_000),
  'telephone-event': describe('telephone-event', 'signal'),
  CN: describe('CN', 'signal'),
  H264: describe('H264', 'video', 90_000),
  VP8: describe('VP8', 'video', 90_000),
};

const byLowerName = new Map(Object.values(codecs).map((codec) => [codec.name.toLowerCase(), codec]));

/** The payload format of a payload type; `undefined` for formats and variants that are not here, and for a wrong clock rate. */
export function codecOf(map: RtpMap): CodecDescription | undefined {
  const { encoding, clockRate } = map;
  const codec = byLowerName.get(encoding.toLowerCase());
  if (codec === undefined || clockRate <= 0 || (codec.clockRate ?? clockRate) !== clockRate) return undefined;
  return isVariant(codec, map) ? undefined : codec;
}

/** Formats that agree in name alone: their payloads have other bits. */
function isVariant({ name }: CodecDescription, { channels = 1, fmtp }: RtpMap): boolean {
  if (name === 'AMR' || name === 'AMR-WB' || name === 'EVS') {
    if (channels !== 1) return true;
    // RFC 4867 8.1: each of these makes the payload another one
    const { crc, interleaving, 'robust-sorting': sorting } = fmtp === undefined ? {} : formatParameters(fmtp);
    return crc === '1' || sorting === '1' || interleaving !== undefined;
  }
  // RFC 6184 8.1: 2 is the interleaved mode
  return name === 'H264' && fmtp !== undefined && formatParameters(fmtp)['packetization-mode'] === '2';
}

/** Whether a {@link Transcoder} leads from one payload format to the other: both are speech codecs. */
export function canTranscode(from: RtpMap, to: RtpMap): boolean {
  return codecOf(from)?.role === 'speech' && codecOf(to)?.role === 'speech';
}
