/** Why packets were not passed on, with how many. */
export interface Drops {
  /** From somewhere else than the stream's filter lets through. */
  source: number;
  /** Above the rate that was agreed. */
  rate: number;
  /** The stream's mode does not let them through, or there is no other side. */
  gate: number;
  /** Of a format that was not agreed, or damaged, so that it could not be translated. */
  format: number;
  /** The other side does not know where to send yet, or may not. */
  nowhere: number;
}

/** {@link Drops}, and what transports refused. */
export interface AllDrops extends Drops {
  /** Neither RTP nor RTCP, or RTCP where there is none. */
  foreign: number;
  /** Before there were keys, or before the peer's fingerprint was checked. */
  unsecured: number;
  /** A wrong authentication tag. */
  auth: number;
  replay: number;
  /** SRTP that could not be read. */
  malformed: number;
}

/** No drops yet. */
export function noDrops(): Drops {
  return { source: 0, rate: 0, gate: 0, format: 0, nowhere: 0 };
}

/** No drops of any kind yet. */
export function noDropsAtAll(): AllDrops {
  return { ...noDrops(), foreign: 0, unsecured: 0, auth: 0, replay: 0, malformed: 0 };
}
