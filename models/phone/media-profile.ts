import type { RtpMap } from '../../src/wire/sdp/index.js';

/** What a phone can do with media, and where. */
export interface MediaProfile {
  /** `webrtc` has ICE and the secure profile (24371-7.2.2-03), `plain` is RTP alone. */
  readonly kind: 'webrtc' | 'plain';
  /** Realm in which its sockets are. */
  readonly realm: string;
  /** Lowest port of its pool of {@link POOL_SIZE} even ports (RFC 3550 11); even. */
  readonly firstPort: number;
  /** Codecs of its offers, in the order of preference. */
  readonly codecs: readonly RtpMap[];
  /** Encoding names by which it chooses from the offers of others, best first; codecs not named here are not chosen. */
  readonly preference: readonly string[];
  /** Whether its offers share a port between RTP and RTCP (24371-7.2.2-06). */
  readonly rtcpMux: boolean;
  /** Whether its offers put all media on one port (24371-7.2.2-05). */
  readonly bundle: boolean;
  /** An offer whose text is used in place of an own one; addresses, ports and candidates in it are replaced. */
  readonly offerText?: string;
}

/** Calls at a time that a pool has ports for. */
export const POOL_SIZE = 100;

/** Encoding name of tones and digits, which accompany a voice codec (RFC 4733). */
export const TELEPHONE_EVENT = 'telephone-event';

/** RTP payload types 96 to 127 are free to use (RFC 3551 6); digits 0 to 9, star, hash, A to D are events 0 to 15. */
const CODECS: readonly RtpMap[] = [
  { payloadType: 111, encoding: 'opus', clockRate: 48_000, channels: 2, fmtp: 'minptime=10;useinbandfec=1' },
  { payloadType: 97, encoding: 'AMR-WB', clockRate: 16_000, channels: 1 },
  { payloadType: 0, encoding: 'PCMU', clockRate: 8000 },
  { payloadType: 8, encoding: 'PCMA', clockRate: 8000 },
];

/** What can be set of the media of a browser. */
export interface WebRtcOptions {
  /** Encoding names of `opus`, `PCMU`, `PCMA`, `AMR-WB` and `telephone-event`, best first. Default `opus PCMU telephone-event`. */
  readonly codecs?: readonly string[];
  /** Default true. */
  readonly rtcpMux?: boolean;
  /** Default false. */
  readonly bundle?: boolean;
  /** An offer to use in place of an own one; none if empty. */
  readonly offerText?: string;
}

/** The media of a browser: Opus and G.711 unless set otherwise (24371-5C.2-02; RFC 7874 3). */
export function webRtcProfile(realm: string, options: WebRtcOptions = {}): MediaProfile {
  const { codecs = ['opus', 'PCMU', TELEPHONE_EVENT], rtcpMux = true, bundle = false, offerText } = options;
  // nothing here encodes Opus, so speech that can be heard takes G.711 where there is a choice
  const isOpus = (name: string): number => (name.toLowerCase() === 'opus' ? 1 : 0);
  return {
    kind: 'webrtc',
    realm,
    firstPort: 50_000,
    codecs: [...codecsOf(codecs), ...eventsOf(codecs, 126)],
    preference: [...codecs].sort((a, b) => isOpus(a) - isOpus(b)),
    rtcpMux,
    bundle,
    ...(offerText === undefined || offerText === '' ? {} : { offerText }),
  };
}

/**
 * The media of an ordinary IMS UE.
 *
 * @param preference encoding names of `PCMU`, `PCMA`, `AMR-WB`, `opus` and `telephone-event`, best first
 */
export function plainProfile(realm: string, preference: readonly string[]): MediaProfile {
  const codecs = [...codecsOf(preference), ...eventsOf(preference, 101)];
  return { kind: 'plain', realm, firstPort: 41_000, codecs, preference, rtcpMux: false, bundle: false };
}

function codecsOf(names: readonly string[]): RtpMap[] {
  return names.flatMap((name) =>
    CODECS.filter(({ encoding }) => encoding.toLowerCase() === name.toLowerCase()),
  );
}

function eventsOf(names: readonly string[], payloadType: number): RtpMap[] {
  if (!names.some((name) => name.toLowerCase() === TELEPHONE_EVENT)) return [];
  return [{ payloadType, encoding: TELEPHONE_EVENT, clockRate: 8000, fmtp: '0-15' }];
}
