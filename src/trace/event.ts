/** One end of a packet's path: a textual IPv4 or IPv6 address and a port. */
export interface Endpoint {
  readonly ip: string;
  readonly port: number;
}

/** The TCP header fields a capture needs (RFC 9293 3.1). */
export interface TcpFields {
  readonly seq: number;
  readonly ack: number;
  /** Bits of the flags octet: FIN 1, SYN 2, RST 4, PSH 8, ACK 16. */
  readonly flags: number;
  readonly window: number;
}

/** A packet as it was put on a link. */
export interface PacketRecord {
  /** Directed link, `sender>receiver`. */
  readonly link: string;
  /** Position among the packets of that link, from 0; faults address packets by it. */
  readonly index: number;
  readonly realm: string;
  readonly from: string;
  readonly to: string;
  readonly src: Endpoint;
  readonly dst: Endpoint;
  readonly protocol: 'udp' | 'tcp';
  /** What the UDP or TCP header carries. */
  readonly data: Uint8Array;
  readonly tcp?: TcpFields;
  /** The payload is a stretch of TLS records; renderers show what is inside them. */
  readonly secure?: boolean;
}

/** How an application message travelled. */
export type MessageTransport = 'udp' | 'tcp' | 'tls' | 'ws' | 'wss';

/** An application message, one arrow of a sequence diagram. */
export interface MessageRecord {
  /** Protocol name as people say it: `SIP`, `HTTP`, `Diameter`, `H.248`, `TLS`, `STUN`, `RTP`. */
  readonly protocol: string;
  /** One line: the start line, command or type, without secrets. */
  readonly summary: string;
  readonly transport: MessageTransport;
  readonly local: Endpoint;
  readonly remote: Endpoint;
  /**
   * Pairs a message on a stream with its receipt: both ends write the same key. Absent for datagrams, whose
   * packet pairs them.
   */
  readonly key?: string;
  /** The message itself, where a reader of the trace wants it (SIP, HTTP, H.248 text). */
  readonly text?: string;
}

/** What a trace event says. Every kind is plain data. */
export type TraceBody =
  | { readonly kind: 'run'; readonly scenario: string; readonly seed: number }
  | { readonly kind: 'phase'; readonly phase: 'safety' | 'liveness' }
  | { readonly kind: 'step'; readonly text: string }
  | { readonly kind: 'note'; readonly text: string }
  | { readonly kind: 'choice'; readonly point: string; readonly index: number; readonly choice: string }
  | { readonly kind: 'timer'; readonly afterUs: number }
  | { readonly kind: 'packet.sent'; readonly packet: PacketRecord }
  | { readonly kind: 'packet.delivered'; readonly packet: number }
  | { readonly kind: 'packet.dropped'; readonly packet: number; readonly reason: string }
  | { readonly kind: 'message.sent'; readonly message: MessageRecord }
  | { readonly kind: 'message.received'; readonly message: MessageRecord }
  | {
      readonly kind: 'message.rejected';
      readonly protocol: string;
      readonly reason: string;
      readonly offset?: number;
    }
  | {
      readonly kind: 'state';
      readonly machine: string;
      readonly actor: string;
      readonly from: string;
      readonly to: string;
      readonly event: string;
    }
  | {
      readonly kind: 'unexpected';
      readonly machine: string;
      readonly actor: string;
      readonly state: string;
      readonly event: string;
    }
  /** Secrets by which a reader of the capture decrypts: a line of an NSS key log. */
  | { readonly kind: 'keys'; readonly protocol: string; readonly line: string }
  | { readonly kind: 'requirement'; readonly ids: readonly string[] }
  | { readonly kind: 'failure'; readonly reason: string };

/** The discriminator of {@link TraceBody}. */
export type TraceKind = TraceBody['kind'];

/** One entry of a run's log. */
export interface TraceEvent<B extends TraceBody = TraceBody> {
  /** Position in the log, from 1. */
  readonly id: number;
  /** Virtual time in microseconds since the start of the run. */
  readonly at: number;
  /** The event that led to this one; 0 for none. */
  readonly cause: number;
  /** The host on which it happened; empty for the run itself. */
  readonly entity: string;
  readonly body: B;
}

/** The trace event type of one kind of body. */
export type TraceEventOf<K extends TraceKind> = TraceEvent<Extract<TraceBody, { kind: K }>>;
