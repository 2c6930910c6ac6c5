import { SRTP_PROFILES, type SrtpProfile } from '../../wire/dtls/srtp-profile.js';

export type { SrtpProfile };

/** What a protection profile does to packets; its key and salt are `SRTP_PROFILES` of `wire/dtls`. */
export interface SrtpTransform {
  readonly cipher: 'AES-CM' | 'AES-GCM';
  /** Bytes of the authentication tag of an RTP packet. */
  readonly tagBytes: number;
  /** Bytes of the authentication tag of an RTCP packet. */
  readonly rtcpTagBytes: number;
  /** Packets that may be protected with a key. */
  readonly mostPackets: number;
  readonly mostRtcpPackets: number;
}

/** The profiles of RFC 5764 4.1.2 and RFC 7714 12 that have a cipher. */
export const SRTP_TRANSFORMS: Readonly<Record<SrtpProfile, SrtpTransform>> = {
  SRTP_AES128_CM_HMAC_SHA1_80: {
    cipher: 'AES-CM',
    tagBytes: 10,
    rtcpTagBytes: 10,
    mostPackets: 2 ** 31,
    mostRtcpPackets: 2 ** 31,
  },
  SRTP_AES128_CM_HMAC_SHA1_32: {
    cipher: 'AES-CM',
    tagBytes: 4,
    rtcpTagBytes: 10,
    mostPackets: 2 ** 31,
    mostRtcpPackets: 2 ** 31,
  },
  SRTP_AEAD_AES_128_GCM: {
    cipher: 'AES-GCM',
    tagBytes: 16,
    rtcpTagBytes: 16,
    mostPackets: 2 ** 48,
    mostRtcpPackets: 2 ** 31,
  },
  SRTP_AEAD_AES_256_GCM: {
    cipher: 'AES-GCM',
    tagBytes: 16,
    rtcpTagBytes: 16,
    mostPackets: 2 ** 48,
    mostRtcpPackets: 2 ** 31,
  },
};

/** Master key and master salt of one direction (RFC 3711 3.2.1). */
export interface SrtpMasterKey {
  readonly key: Uint8Array;
  readonly salt: Uint8Array;
}

/** @throws RangeError when key or salt have not the lengths of the profile */
export function checkMasterKey(profile: SrtpProfile, { key, salt }: SrtpMasterKey): void {
  const { keyLength, saltLength } = SRTP_PROFILES[profile];
  if (key.length === keyLength && salt.length === saltLength) return;
  throw new RangeError(
    `${profile} has a key of ${keyLength} and a salt of ${saltLength} bytes, not ${key.length} and ${salt.length}`,
  );
}
