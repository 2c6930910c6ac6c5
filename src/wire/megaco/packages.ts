/**
 * Items of packages that Iq uses, by what they stand for (TS 29.334 5; ITU-T H.248.1 Annex E, H.248.36, .37, .40, ETSI TS 102 333).
 * The packages for ICE and DTLS (H.248.50, H.248.93) were not at hand: names with `icec`, `dtls` and `consent` are
 * this project's, and stand here alone.
 */

/** Properties of a stream, in LocalControl. */
export const PROPERTY = {
  /** Text: the network in which a termination has its address. */
  realm: 'ipdc/realm',
  /** ON: packets from other addresses than the far end's are dropped. */
  sourceAddressFilter: 'gm/saf',
  /** Text `address/bits`: the addresses that may send, in place of the far end's. */
  sourceAddressMask: 'gm/sam',
  /** ON: the same for ports. */
  sourcePortFilter: 'gm/spf',
  /** Range of ports that may send, in place of the far end's. */
  sourcePortRange: 'gm/spr',
  /** OFF: there is no RTCP in this stream; ON by default. */
  rtcp: 'gm/rsb',
  /** ON: what exceeds the rate is dropped. */
  policing: 'tman/pol',
  /** Bytes a second that may come in on average, IP headers counted. */
  sustainableRate: 'tman/sdr',
  /** Bytes a second that may come in at most, IP headers counted. */
  peakRate: 'tman/pdr',
  /** Bytes that may come in at once. */
  burstSize: 'tman/mbs',
} as const;

/** Events a gateway can report. */
export const EVENT = {
  /** `dt` seconds passed without media; `dir` IN, OUT or BOTH. */
  silence: 'adid/ipstop',
  /** `timerx` seconds passed without a message about the termination. */
  heartbeat: 'hangterm/thb',
  /** The bearer is gone: `generalcause`, `failurecause`. */
  cause: 'g/cause',
  /** A DTLS association could not be made: `reason`. */
  dtlsFailure: 'dtls/err',
  /** Connectivity checks are over: `state` completed or failed, `pair`. */
  iceResult: 'icec/result',
  /** Consent to send is gone: `why` expired or revoked (RFC 7675 5.1, 5.2). */
  consentLost: 'consent/fail',
} as const;

/** Signals a gateway can be given. */
export const SIGNAL = {
  /** Where media go to is learned from where they come: `napt` OFF, LATCH or RELATCH. */
  latch: 'ipnapt/latch',
  /** Establish a DTLS association as its client. */
  establishDtls: 'dtls/establish',
  /** Send connectivity checks, where ICE is full. */
  checkConnectivity: 'icec/check',
} as const;

/** Statistics of a termination. */
export const STATISTIC = {
  /** Milliseconds in its context. */
  duration: 'nt/dur',
  octetsSent: 'nt/os',
  octetsReceived: 'nt/or',
  packetsSent: 'rtp/ps',
  packetsReceived: 'rtp/pr',
  /** Percentage of packets lost on the way to the gateway. */
  packetLoss: 'rtp/pl',
  /** Interarrival jitter, in units of the RTP timestamp. */
  jitter: 'rtp/jit',
} as const;

/** Packages that have to be named where a gateway says what it can do, with their versions (H.248.1 7.1.16). */
export const PACKAGES = [
  ...['g-1', 'root-2', 'nt-1', 'rtp-1', 'ipdc-1', 'gm-1', 'tman-1', 'ipnapt-1', 'adid-1', 'hangterm-1'],
  ...['icec-1', 'dtls-1', 'consent-1'],
] as const;
