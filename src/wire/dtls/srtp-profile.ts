/** An SRTP protection profile by its name (RFC 5764 4.1.2, RFC 7714 14.2). */
export type SrtpProfile =
  | 'SRTP_AES128_CM_HMAC_SHA1_80'
  | 'SRTP_AES128_CM_HMAC_SHA1_32'
  | 'SRTP_AEAD_AES_128_GCM'
  | 'SRTP_AEAD_AES_256_GCM';

/** What a profile needs of the handshake. */
export interface SrtpProfileParameters {
  /** Number in `use_srtp`. */
  readonly code: number;
  /** Bytes of a master key. */
  readonly keyLength: number;
  /** Bytes of a master salt. */
  readonly saltLength: number;
}

/** Parameters of the SRTP protection profiles (RFC 5764 4.1.2, RFC 7714 14.2). */
export const SRTP_PROFILES: Readonly<Record<SrtpProfile, SrtpProfileParameters>> = {
  SRTP_AES128_CM_HMAC_SHA1_80: { code: 0x0001, keyLength: 16, saltLength: 14 },
  SRTP_AES128_CM_HMAC_SHA1_32: { code: 0x0002, keyLength: 16, saltLength: 14 },
  SRTP_AEAD_AES_128_GCM: { code: 0x0007, keyLength: 16, saltLength: 12 },
  SRTP_AEAD_AES_256_GCM: { code: 0x0008, keyLength: 32, saltLength: 12 },
};

const byCode = new Map(
  (Object.keys(SRTP_PROFILES) as SrtpProfile[]).map((name) => [SRTP_PROFILES[name].code, name]),
);

/** The profile of a number; `undefined` for one this does not know. */
export function srtpProfileOf(code: number): SrtpProfile | undefined {
  return byCode.get(code);
}
