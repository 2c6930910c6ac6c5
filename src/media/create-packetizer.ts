import { formatParameters, type RtpMap } from '../wire/sdp/index.js';
import { AMR, AMR_WB, AmrCoding } from './amr-coding.js';
import { AudioDepacketizer, AudioPacketizer } from './audio-packetizer.js';
import { codecOf } from './codec.js';
import { ComfortNoiseCoding } from './comfort-noise.js';
import { EvsCoding } from './evs-coding.js';
import { FRAME_MS } from './frame.js';
import { H264Depacketizer, H264Packetizer } from './h264-packetizer.js';
import { OpusCoding } from './opus-coding.js';
import type { Depacketizer, Packetizer } from './packetizer.js';
import { PcmCoding } from './pcm-coding.js';
import type { SpeechCoding } from './speech-coding.js';
import { EventDepacketizer, EventPacketizer } from './telephone-event.js';
import { Vp8Depacketizer, Vp8Packetizer } from './vp8.js';

/** What packets are to be like. */
export interface PacketizerOptions {
  /** `a=ptime` of the far end: sound in a packet, 20 to 120 ms. Default 20. Parts of 20 ms are left out. */
  readonly ptimeMs?: number;
  /** Size of a payload of video. Default 1200, which fits every path with what lower layers add. */
  readonly maxPayloadBytes?: number;
}

const DEFAULT_MAX_PAYLOAD_BYTES = 1200;

/** The longest Opus packet (RFC 6716 3.2.5), taken for all. */
const MAX_PTIME_MS = 120;

/**
 * The packetizer of a payload type.
 *
 * @throws RangeError where {@link codecOf} knows no such format
 */
export function createPacketizer(map: RtpMap, options: PacketizerOptions = {}): Packetizer {
  const { maxPayloadBytes = DEFAULT_MAX_PAYLOAD_BYTES } = options;
  const codec = formatOf(map);
  if (codec === 'telephone-event') return new EventPacketizer(map.clockRate);
  if (codec === 'H264') return new H264Packetizer(parametersOf(map), maxPayloadBytes);
  if (codec === 'VP8') return new Vp8Packetizer(maxPayloadBytes);
  const ptimeMs = codec === 'CN' ? FRAME_MS : packetMs(map, options.ptimeMs);
  return new AudioPacketizer(codingOf(codec, map), ptimeMs);
}

/**
 * The depacketizer of a payload type.
 *
 * @throws RangeError where {@link codecOf} knows no such format
 */
export function createDepacketizer(map: RtpMap): Depacketizer {
  const codec = formatOf(map);
  if (codec === 'telephone-event') return new EventDepacketizer(map.clockRate);
  if (codec === 'H264') return new H264Depacketizer();
  if (codec === 'VP8') return new Vp8Depacketizer();
  return new AudioDepacketizer(codingOf(codec, map));
}

/** The duration of the packets of speech: whole frames within what `minptime` and `maxptime` allow (RFC 7587 6.1, RFC 4867 8.1). */
export function packetMs(map: RtpMap, ptimeMs: number = FRAME_MS): number {
  const { minptime, maxptime } = parametersOf(map);
  const most = Math.min(Number(maxptime) || MAX_PTIME_MS, MAX_PTIME_MS);
  const wanted = Math.min(Math.max(ptimeMs, Number(minptime) || 0), most);
  return Math.max(Math.floor(wanted / FRAME_MS), 1) * FRAME_MS;
}

const parametersOf = ({ fmtp }: RtpMap): Readonly<Record<string, string>> =>
  fmtp === undefined ? {} : formatParameters(fmtp);

function formatOf(map: RtpMap): string {
  const codec = codecOf(map);
  if (codec === undefined) {
    throw new RangeError(
      `no payload format for ${map.encoding}/${map.clockRate} ${map.fmtp ?? ''}`.trimEnd(),
    );
  }
  return codec.name;
}

function codingOf(codec: string, map: RtpMap): SpeechCoding {
  const parameters = parametersOf(map);
  switch (codec) {
    case 'PCMU':
    case 'PCMA':
      return new PcmCoding(codec);
    case 'opus':
      return new OpusCoding(parameters);
    case 'AMR':
      return new AmrCoding(AMR, parameters);
    case 'AMR-WB':
      return new AmrCoding(AMR_WB, parameters);
    case 'EVS':
      return new EvsCoding(parameters);
    default:
      return new ComfortNoiseCoding();
  }
}
