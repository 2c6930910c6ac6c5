/** Seconds from the beginning of NTP's era, 1900, to 1970, where virtual time begins: as captures have it. */
const NTP_OF_START = 2_208_988_800;
const FRACTIONS = 2 ** 32;
const SHORT_FRACTIONS = 2 ** 16;

/** An NTP timestamp (RFC 3550 4): seconds and fractions in units of 2^-32 s. */
export interface NtpTime {
  readonly seconds: number;
  readonly fraction: number;
}

/** The NTP timestamp of an instant in virtual time, in microseconds. */
export function ntpTime(us: number): NtpTime {
  const second = Math.floor(us / 1e6);
  const seconds = (NTP_OF_START + second) >>> 0;
  return { seconds, fraction: Math.floor(((us - second * 1e6) * FRACTIONS) / 1e6) };
}

/** The middle 32 bits, in which RTCP counts: units of 1/65536 s (RFC 3550 4). */
export function middleOf({ seconds, fraction }: NtpTime): number {
  return ((seconds << 16) | (fraction >>> 16)) >>> 0;
}

/** Microseconds in units of 1/65536 s. */
export function shortUnits(us: number): number {
  return Math.floor((us * SHORT_FRACTIONS) / 1e6) >>> 0;
}

/** Units of 1/65536 s in microseconds. */
export function shortToUs(units: number): number {
  return (units * 1e6) / SHORT_FRACTIONS;
}
