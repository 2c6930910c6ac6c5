import type { NamedCurve } from '../../src/crypto/index.js';
import type { IceSpecification } from '../../src/stack/ice/index.js';
import type { SrtpProfile } from '../../src/stack/srtp/index.js';
import type { RtcpMuxPolicy } from '../../src/stack/webrtc/index.js';
import type { RtpMap } from '../../src/wire/sdp/index.js';

/** How a phone with WebRTC media finds its way and secures it. */
export interface W3Profile {
  readonly specification: IceSpecification;
  readonly nomination: 'regular' | 'aggressive';
  /** Candidates over TCP (RFC 6544): none, those of a browser, or active, passive and simultaneous-open ones. */
  readonly tcp: 'none' | 'active' | 'all';
  /** `name`, `name:port`, `address` or `address:port`. */
  readonly stunServer?: string;
  readonly turn?: {
    readonly server: string;
    readonly transport: 'udp' | 'tcp';
    readonly username: string;
    readonly password: string;
  };
  /** Role in answers to offers that leave the choice (RFC 5763 5). */
  readonly answeringSetup: 'active' | 'passive';
  readonly srtpProfiles: readonly SrtpProfile[];
  readonly curves: readonly NamedCurve[];
  /** First retransmission of a DTLS flight, in ms. */
  readonly dtlsTimeoutMs: number;
  /** Whether a call ends when there is no consent any more, or waits for an ICE restart. */
  readonly onConsentLost: 'release' | 'wait';
}

/** What a phone can do with media, and where. */
export interface MediaProfile {
  /** `webrtc` has ICE and the secure profile (24371-7.2.2-03), `plain` is RTP alone. */
  readonly kind: 'webrtc' | 'plain';
  /** Realm in which its sockets are. */
  readonly realm: string;
  /** Lowest port of its pool of {@link POOL_SIZE} pairs of ports, RTP on the even one (RFC 3550 11); even. */
  readonly firstPort: number;
  /** Codecs of its offers, in the order of preference. */
  readonly codecs: readonly RtpMap[];
  /** Encoding names that it takes from the offers of others, best first. */
  readonly preference: readonly string[];
  /** Whether it keeps to the order of an offer, as browsers do and RFC 3264 6.1 advises, or to its own. */
  readonly order: 'offer' | 'own';
  /** Whether RTP and RTCP may, must or do not share a port (24371-7.2.2-06, 24371-7.2.1-02). */
  readonly rtcpMux: RtcpMuxPolicy;
  /** Whether its offers put all media on one port (24371-7.2.2-05). */
  readonly bundle: boolean;
  /** An offer whose text is used in place of an own one; what it says of its transport is replaced. */
  readonly offerText?: string;
  /** For `webrtc`. */
  readonly w3: W3Profile;
}

/** Calls at a time that a pool has ports for. */
export const POOL_SIZE = 100;

/** Encoding name of tones and digits, which accompany a voice codec (RFC 4733). */
export const TELEPHONE_EVENT = 'telephone-event';

/** RTP payload types 96 to 127 are free to use (RFC 3551 6). */
const CODECS: readonly RtpMap[] = [
  { payloadType: 111, encoding: 'opus', clockRate: 48_000, channels: 2, fmtp: 'minptime=10;useinbandfec=1' },
  { payloadType: 97, encoding: 'AMR-WB', clockRate: 16_000, channels: 1 },
  { payloadType: 96, encoding: 'AMR', clockRate: 8000, channels: 1 },
  { payloadType: 98, encoding: 'EVS', clockRate: 16_000 },
  { payloadType: 0, encoding: 'PCMU', clockRate: 8000 },
  { payloadType: 8, encoding: 'PCMA', clockRate: 8000 },
];

/** Payload types of events by clock rate, which is that of the voice beside them (RFC 4733 2.1). */
const BROWSER_EVENTS: Readonly<Record<number, number>> = { 48000: 110, 16000: 113, 8000: 126 };
const PHONE_EVENTS: Readonly<Record<number, number>> = { 48000: 102, 16000: 100, 8000: 101 };

const W3_DEFAULTS: W3Profile = {
  specification: 'rfc8445',
  nomination: 'regular',
  tcp: 'none',
  answeringSetup: 'active',
  srtpProfiles: ['SRTP_AEAD_AES_128_GCM', 'SRTP_AES128_CM_HMAC_SHA1_80'],
  curves: ['x25519', 'secp256r1'],
  // RFC 6347 4.2.4.1
  dtlsTimeoutMs: 1000,
  onConsentLost: 'release',
};

/** What can be set of the media of a browser. */
export interface WebRtcOptions extends Partial<W3Profile> {
  /**
   * Encoding names of `opus`, `PCMU`, `PCMA`, `AMR`, `AMR-WB`, `EVS` and `telephone-event`, best first. Default
   * `opus PCMU PCMA telephone-event`.
   */
  readonly codecs?: readonly string[];
  /** Default `negotiate`. */
  readonly rtcpMux?: RtcpMuxPolicy;
  /** Default false. */
  readonly bundle?: boolean;
  /** An offer to use in place of an own one; none if empty. */
  readonly offerText?: string;
}

/** The media of a browser: Opus and G.711 unless set otherwise (24371-5C.2-02; RFC 7874 3). */
export function webRtcProfile(realm: string, options: WebRtcOptions = {}): MediaProfile {
  const { codecs = ['opus', 'PCMU', 'PCMA', TELEPHONE_EVENT], rtcpMux = 'negotiate' } = options;
  const { bundle = false, offerText, ...w3 } = options;
  return {
    kind: 'webrtc',
    realm,
    firstPort: 50_000,
    codecs: [...codecsOf(codecs), ...eventsOf(codecs, BROWSER_EVENTS)],
    preference: codecs,
    order: 'offer',
    rtcpMux,
    bundle,
    ...(offerText === undefined || offerText === '' ? {} : { offerText }),
    w3: { ...W3_DEFAULTS, ...w3 },
  };
}

/**
 * The media of an ordinary IMS UE.
 *
 * @param preference encoding names of `PCMU`, `PCMA`, `AMR`, `AMR-WB`, `EVS`, `opus` and `telephone-event`, best first
 */
export function plainProfile(
  realm: string,
  preference: readonly string[],
  rtcpMux: RtcpMuxPolicy = 'none',
): MediaProfile {
  const codecs = [...codecsOf(preference), ...eventsOf(preference, PHONE_EVENTS)];
  return {
    kind: 'plain',
    realm,
    firstPort: 41_000,
    codecs,
    preference,
    order: 'own',
    rtcpMux,
    bundle: false,
    w3: W3_DEFAULTS,
  };
}

function codecsOf(names: readonly string[]): RtpMap[] {
  return names.flatMap((name) =>
    CODECS.filter(({ encoding }) => encoding.toLowerCase() === name.toLowerCase()),
  );
}

/** An event format for each clock rate of the voice codecs; digits 0 to 9, star, hash, A to D are events 0 to 15. */
function eventsOf(names: readonly string[], payloadTypes: Readonly<Record<number, number>>): RtpMap[] {
  if (!names.some((name) => name.toLowerCase() === TELEPHONE_EVENT)) return [];
  const rates = [...new Set(codecsOf(names).map(({ clockRate }) => clockRate))];
  return rates.flatMap((clockRate) => {
    const payloadType = payloadTypes[clockRate];
    return payloadType === undefined
      ? []
      : [{ payloadType, encoding: TELEPHONE_EVENT, clockRate, fmtp: '0-15' }];
  });
}
