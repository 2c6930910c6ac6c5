/** An attribute: `a=name` or `a=name:value` (RFC 8866 5.13). An empty value differs from none. */
export interface Attribute {
  readonly name: string;
  readonly value?: string;
}

/** The `o=` line (RFC 8866 5.2). */
export interface Origin {
  readonly username: string;
  /** Digits, of any length. */
  readonly sessionId: string;
  readonly sessionVersion: number;
  /** `IN`. */
  readonly netType: string;
  /** `IP4` or `IP6`. */
  readonly addrType: string;
  readonly address: string;
}

/** A `c=` line (RFC 8866 5.7). The address keeps a multicast TTL and count (`224.2.1.1/127/3`). */
export interface Connection {
  readonly netType: string;
  readonly addrType: string;
  readonly address: string;
}

/** A `b=` line (RFC 8866 5.8): `AS` in kbit/s, `TIAS` in bit/s, `RR` and `RS` in bit/s (RFC 3556). */
export interface Bandwidth {
  readonly type: string;
  readonly value: number;
}

/** A `t=` line (RFC 8866 5.9), in seconds since 1900; 0 is unbounded. */
export interface Timing {
  readonly start: number;
  readonly stop: number;
}

/** A line that has no field of its own (`i u e p r z k`, unknown letters, or text its field cannot hold). */
export interface OtherLine {
  readonly type: string;
  readonly value: string;
}

/** What the session level and a media description have in common. */
export interface Section {
  readonly connection?: Connection;
  readonly bandwidth: readonly Bandwidth[];
  readonly attributes: readonly Attribute[];
  /** Lines without a field of their own, in their order. */
  readonly otherLines: readonly OtherLine[];
  /**
   * The types of the section's lines as they stood, `?` for one of {@link otherLines}; present only where they would not be
   * written so without it, namely in the order of RFC 8866 9 with other lines behind the fields of their rank. It holds until
   * lines are added or removed.
   */
  readonly order?: string;
}

/** A media description: an `m=` line and what follows it (RFC 8866 5.14). */
export interface MediaDescription extends Section {
  /** `audio`, `video`, `text`, `application`, `message`, `image`. */
  readonly media: string;
  /** Transport port, 0..65535; 0 rejects or disables. {@link choosePort} where H.248 has `$`, {@link noPort} where it has `-`. */
  readonly port: number;
  /** Number of ports where the line says `port/number`. */
  readonly portCount?: number;
  /** `RTP/AVP`, `UDP/TLS/RTP/SAVPF`, `UDP/DTLS/SCTP`, ... */
  readonly proto: string;
  /** Payload types for RTP; otherwise what the proto defines. */
  readonly formats: readonly string[];
}

/**
 * A session description (RFC 8866, RFC 4566). `version`, `origin`, `name` and `timing` are absent where the text has no such
 * line: H.248 local and remote descriptors may leave them out, everybody else is told by the validator.
 */
export interface SessionDescription extends Section {
  readonly version?: number;
  readonly origin?: Origin;
  /** `s=`; `-` where there is none to give (RFC 8866 5.3). */
  readonly name?: string;
  readonly timing: readonly Timing[];
  readonly media: readonly MediaDescription[];
}

/** A port the media gateway is to choose, `$` in the `m=` line of an H.248 descriptor (H.248.1 7.1.8). */
export const choosePort = -1;
/** A port that does not matter, `-` in the `m=` line of an H.248 descriptor. */
export const noPort = -2;
