import type { Endpoint, TcpFields } from '../trace/index.js';
import type { DirectedLink } from './directed-link.js';

/** A packet on its way. Addresses stand beside the payload; `wire/ip` writes the headers for captures. */
export interface Packet {
  readonly link: DirectedLink;
  readonly src: Endpoint;
  readonly dst: Endpoint;
  /** Absent on UDP. */
  readonly tcp: TcpFields | undefined;
  readonly data: Uint8Array;
  /** The payload is TLS records. */
  readonly secure: boolean;
  /** Its trace event, 0 without a trace. */
  readonly id: number;
}
