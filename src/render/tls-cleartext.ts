import type { Endpoint, PacketRecord, TcpFields, Trace, TraceEventOf } from '../trace/index.js';
import { TlsRecordParser } from '../wire/tls-record/index.js';

const FIN = 1;
const SYN = 2;
const RST = 4;
const ACK = 16;

/** Ports that cleartext variants of a service have; the rest is moved out of the way. */
const CLEARTEXT_PORTS = new Map([
  [443, 80],
  [5061, 5060],
]);

/** A port above this one cannot be moved up. */
const LAST_MOVABLE_PORT = 55_535;
const PORT_OFFSET = 10_000;

const NOTHING = new Uint8Array(0);

/** Where a protected service shows in a decrypted capture: 443 as 80, 5061 as 5060, others 10,000 away. */
export function cleartextPort(port: number): number {
  return CLEARTEXT_PORTS.get(port) ?? port + (port > LAST_MOVABLE_PORT ? -PORT_OFFSET : PORT_OFFSET);
}

/** A segment as it would have been without TLS. */
export interface ClearSegment {
  readonly src: Endpoint;
  readonly dst: Endpoint;
  readonly tcp: TcpFields;
  readonly data: Uint8Array;
  /** The server's real port and the one it shows as. */
  readonly port: number;
  readonly shownAs: number;
}

/** Application data of one record: `[start, end)` of the stream, of which `before` application bytes came before. */
interface Span {
  readonly start: number;
  readonly end: number;
  readonly before: number;
}

/** One direction of a connection: what was sent, and which of it is application data. */
class Direction {
  /** Sequence number of the first byte of the stream. */
  readonly first: number;
  /** Bytes of the stream seen so far, without gaps. */
  length = 0;
  readonly #parser = new TlsRecordParser();
  readonly #spans: Span[] = [];
  /** Whether everything so far was TLS as the parser knows it, without a gap. */
  #readable = true;
  /** End of the last record read. */
  #readTo = 0;
  #clear = 0;
  #lastAck: number | undefined;

  constructor(first: number) {
    this.first = first;
  }

  /** Stream position of a sequence number, also beyond either end. */
  position(sequence: number): number {
    return (sequence - this.first) | 0;
  }

  /** Takes what is new of a segment. Senders send each byte first in order, whatever is lost or repeated later. */
  add(tcp: TcpFields, data: Uint8Array): void {
    const start = this.position(tcp.seq);
    const known = this.length - start;
    if (known >= data.length) return;
    this.length = start + data.length;
    if (known < 0) this.#readable = false;
    if (!this.#readable) return;
    const { records, error } = this.#parser.push(known === 0 ? data : data.subarray(known));
    for (const { message, end } of records) {
      this.#readTo = end;
      if (message.type === 'applicationData') this.#addSpan(end - message.data.length, end);
    }
    if (error !== undefined) this.#readable = false;
  }

  /** Ends the stream: behind the last record of one that stopped making sense, bytes show as they are. */
  finish(): void {
    if (!this.#readable) this.#addSpan(this.#readTo, this.length);
  }

  #addSpan(start: number, end: number): void {
    this.#spans.push({ start, end, before: this.#clear });
    this.#clear += end - start;
  }

  /** The sequence or acknowledgement number in the cleartext stream; SYN and FIN count as they did. */
  translate(sequence: number): number {
    const position = this.position(sequence);
    if (position <= 0) return sequence;
    const beyond = Math.max(0, position - this.length);
    return (this.first + this.#clearBefore(position) + beyond) >>> 0;
  }

  /** The application bytes of a segment. */
  clear(tcp: TcpFields, data: Uint8Array): Uint8Array {
    const start = this.position(tcp.seq);
    const end = start + data.length;
    const size = this.#clearBefore(end) - this.#clearBefore(start);
    if (size === 0) return NOTHING;
    if (size === data.length) return data;
    const bytes = new Uint8Array(size);
    let at = 0;
    for (let i = this.#spanAt(start); i < this.#spans.length; i++) {
      const span = this.#spans[i] as Span;
      if (span.start >= end) break;
      const part = data.subarray(
        Math.max(0, span.start - start),
        Math.max(0, Math.min(span.end, end) - start),
      );
      bytes.set(part, at);
      at += part.length;
    }
    return bytes;
  }

  /** Whether an acknowledgement says more than those before it. */
  moves(ack: number): boolean {
    const moves = this.#lastAck === undefined || ((ack - this.#lastAck) | 0) > 0;
    if (moves) this.#lastAck = ack;
    return moves;
  }

  #clearBefore(position: number): number {
    const span = this.#spans[this.#spanAt(position)];
    if (span === undefined || position < span.start) return 0;
    return span.before + Math.min(position, span.end) - span.start;
  }

  /** Index of the last span that starts at or before a position, or 0. */
  #spanAt(position: number): number {
    let low = 0;
    let high = this.#spans.length - 1;
    while (low < high) {
      const middle = (low + high + 1) >> 1;
      if ((this.#spans[middle] as Span).start <= position) low = middle;
      else high = middle - 1;
    }
    return low;
  }
}

/** A TCP connection: its two directions by sender, and whether TLS runs inside. */
class Connection {
  readonly server: Endpoint;
  readonly #directions = new Map<string, Direction>();
  /** Sequence number of the SYN that opened it, by sender. */
  readonly #opened = new Map<string, number>();
  secure = false;

  constructor(server: Endpoint) {
    this.server = server;
  }

  /** Whether a SYN with that number opens another connection between the same ports. */
  isOver(sender: string, tcp: TcpFields): boolean {
    const opened = this.#opened.get(sender);
    return opened !== undefined && opened !== tcp.seq;
  }

  add(packet: PacketRecord, tcp: TcpFields): void {
    const sender = name(packet.src);
    const syn = (tcp.flags & SYN) !== 0;
    if (syn) this.#opened.set(sender, tcp.seq);
    let direction = this.#directions.get(sender);
    if (direction === undefined) {
      direction = new Direction((tcp.seq + (syn ? 1 : 0)) >>> 0);
      this.#directions.set(sender, direction);
    }
    if (packet.secure === true) this.secure = true;
    if (packet.data.length > 0) direction.add(tcp, packet.data);
  }

  finish(): void {
    for (const direction of this.#directions.values()) direction.finish();
  }

  segment(packet: PacketRecord, tcp: TcpFields): ClearSegment | undefined {
    const own = this.#directions.get(name(packet.src));
    if (own === undefined) return undefined;
    const data = packet.data.length === 0 ? packet.data : own.clear(tcp, packet.data);
    const acknowledges = (tcp.flags & ACK) !== 0;
    const ack = acknowledges
      ? (this.#directions.get(name(packet.dst))?.translate(tcp.ack) ?? tcp.ack)
      : tcp.ack;
    const moves = acknowledges && own.moves(ack);
    if (data.length === 0 && (tcp.flags & (SYN | FIN | RST)) === 0 && !moves) return undefined;
    const { port } = this.server;
    const shownAs = cleartextPort(port);
    const shown = (end: Endpoint): Endpoint =>
      name(end) === name(this.server) ? { ip: end.ip, port: shownAs } : end;
    const translated = { ...tcp, seq: own.translate(tcp.seq), ack };
    return { src: shown(packet.src), dst: shown(packet.dst), tcp: translated, data, port, shownAs };
  }
}

/**
 * The TCP connections of a trace that carry TLS, as they would look without it: application data alone counts in
 * sequence numbers, and the server's port is one on which a dissector expects cleartext. Handshake and alert
 * records leave no bytes, and segments that had nothing else are left out, unless they open, close or acknowledge.
 */
export class TlsCleartext {
  /** Connections by the id of the `packet.sent` that belongs to them. */
  readonly #byPacket = new Map<number, Connection>();

  constructor(trace: Trace) {
    const open = new Map<string, Connection>();
    const all: Connection[] = [];
    for (const event of trace.events) {
      if (event.body.kind !== 'packet.sent') continue;
      const { packet } = event.body;
      const { tcp } = packet;
      if (tcp === undefined) continue;
      const ends = [name(packet.src), name(packet.dst)];
      const key = `${packet.realm} ${ends.sort().join(' ')}`;
      let connection = open.get(key);
      const opens = (tcp.flags & (SYN | ACK)) === SYN;
      if (connection === undefined || (opens && connection.isOver(name(packet.src), tcp))) {
        connection = new Connection(opens ? packet.dst : lowerPort(packet));
        open.set(key, connection);
        all.push(connection);
      }
      connection.add(packet, tcp);
      this.#byPacket.set(event.id, connection);
    }
    for (const connection of all) connection.finish();
  }

  /**
   * A segment without TLS, to be asked for in the order of the capture.
   *
   * @returns `'as it is'` when its connection carries no TLS, `undefined` when nothing of it is left
   */
  segment(event: TraceEventOf<'packet.sent'>): ClearSegment | 'as it is' | undefined {
    const { packet } = event.body;
    const connection = this.#byPacket.get(event.id);
    if (packet.tcp === undefined || connection === undefined || !connection.secure) return 'as it is';
    return connection.segment(packet, packet.tcp);
  }
}

function name(endpoint: Endpoint): string {
  return `${endpoint.ip} ${endpoint.port}`;
}

/** The likely server of a connection whose opening is not in the trace. */
function lowerPort({ src, dst }: PacketRecord): Endpoint {
  return dst.port <= src.port ? dst : src;
}
