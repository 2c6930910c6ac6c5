import type { Timer } from '../kernel/index.js';
import type { Endpoint, TcpFields } from '../trace/index.js';
import { type CloseReason, StreamBase } from './byte-stream.js';
import type { DirectedLink } from './directed-link.js';
import type { Host } from './host.js';
import type { NetworkInterface, TcpListener } from './network-interface.js';
import { ACK, FIN, PSH, RST, RST_ACK, SYN, SYN_ACK } from './tcp-flags.js';

/** Initial retransmission timeout (RFC 6298 2.1); no round trips are measured, so it is also the smallest. */
const INITIAL_RTO_US = 1_000_000;

/** Upper bound of the doubled timeout (RFC 6298 2.5 allows one of at least 60 s). */
const LARGEST_RTO_US = 60_000_000;

/** Retransmissions of a segment before the connection is given up (R2 of RFC 9293 3.8.3); 183 s in all. */
const MOST_RETRANSMISSIONS = 8;

/** How long this end, with nothing more to send, waits for the silent peer's FIN; Linux takes the same time. */
const FIN_WAIT_2_US = 60_000_000;

/** Segments kept for reassembly; more are dropped and come again. */
const MOST_OUT_OF_ORDER = 1024;

/** The window that is announced; it is never full, since what arrives is handed on at once. */
const WINDOW = 0xffff;

const NOTHING = new Uint8Array(0);

/** A segment that has not been acknowledged. Positions count octets of sequence space from the initial number. */
interface Segment {
  readonly start: number;
  readonly end: number;
  readonly flags: number;
  readonly data: Uint8Array;
  readonly cause: number;
}

/** Something written before the connection was open. */
interface Waiting {
  readonly data: Uint8Array;
  readonly cause: number;
}

/** Data that arrived before what stands in front of it. */
interface Ahead {
  readonly start: number;
  readonly data: Uint8Array;
  readonly fin: boolean;
}

/**
 * One end of a TCP connection (RFC 9293), made by a host's `connect` and `listen`.
 *
 * Every write becomes segments of its own at once, so that each can name its cause in the trace: no Nagle
 * algorithm, no congestion control, no flow control.
 */
export class TcpConnection extends StreamBase {
  readonly local: Endpoint;
  readonly remote: Endpoint;
  readonly link: DirectedLink | undefined;
  /** Set by TLS: packets of this connection carry its records. */
  carriesTls = false;
  readonly #interface: NetworkInterface;
  /** Whoever takes the connection once it is open, at the accepting end. */
  #listener: TcpListener | undefined;
  readonly #accepting: boolean;
  /** Whether this end, having sent a SYN, got one that acknowledges nothing (RFC 9293 3.5, figure 7). */
  #simultaneous = false;
  readonly #iss: number;
  /** Initial sequence number of the peer, which is known from its SYN on. */
  #irs = 0;
  #sendUnacked = 0;
  #sendNext = 0;
  /** Position expected next; 0 until the peer's SYN is here. */
  #receiveNext = 0;
  #unacked: Segment[] | undefined;
  #waiting: Waiting[] | undefined;
  #ahead: Ahead[] | undefined;
  #timer: Timer | undefined;
  #retransmissions = 0;
  /** Everything before this position is sent again without a timeout between (as in RFC 6582 3.2 step 3). */
  #recover = 0;
  #finSent = false;
  #finReceived = false;
  #owesAck = false;
  #names: readonly [local: string, remote: string] | undefined;

  /** Only an interface makes connections. */
  constructor(
    networkInterface: NetworkInterface,
    link: DirectedLink | undefined,
    local: Endpoint,
    remote: Endpoint,
    listener: TcpListener | undefined,
  ) {
    super();
    this.#interface = networkInterface;
    this.link = link;
    this.local = local;
    this.remote = remote;
    this.#listener = listener;
    this.#accepting = listener !== undefined;
    this.#iss = this.host.random('TCP initial sequence number').uint32();
  }

  get host(): Host {
    return this.#interface.host;
  }

  get id(): string {
    const [local, remote] = this.#endNames();
    return this.initiator ? `${local}>${remote}` : `${remote}>${local}`;
  }

  get secure(): boolean {
    return false;
  }

  /** With a simultaneous open the end whose name sorts first, so that both ends agree. */
  get initiator(): boolean {
    if (!this.#simultaneous) return !this.#accepting;
    const [local, remote] = this.#endNames();
    return local < remote;
  }

  /** Sends the first SYN; called by the interface once it knows the connection. */
  start(): void {
    if (this.link !== undefined) {
      this.#queue(SYN, NOTHING);
      return;
    }
    this.#interface.unroutable(this.local, this.remote, this.#fields(SYN, 0), NOTHING);
    this.#timer = this.host.kernel.schedule(0, this.host.name, () => this.#finish('unreachable', false));
  }

  write(data: Uint8Array): void {
    if (this.state === 'closing' || this.state === 'closed' || data.length === 0) return;
    this.written += data.length;
    if (this.state === 'open') this.#send(data);
    else {
      this.#waiting ??= [];
      this.#waiting.push({ data, cause: this.host.kernel.cause });
    }
  }

  close(): void {
    if (this.state === 'closing' || this.state === 'closed') return;
    const { state } = this;
    this.state = 'closing';
    if (state === 'open') this.#queue(FIN | ACK, NOTHING);
    // RFC 9293 3.10.4: a connection in SYN-SENT is deleted, unless data waits to be sent first.
    else if (this.#waiting === undefined) this.#finish('closed', false);
  }

  abort(): void {
    if (this.state === 'closed') return;
    if (this.#receiveNext > 0) this.#transmit(RST_ACK, this.#sendNext, NOTHING);
    this.#finish('aborted', false);
  }

  /** Takes a segment from the interface. */
  receive(tcp: TcpFields, data: Uint8Array): void {
    if ((tcp.flags & RST) !== 0) this.#takeReset(tcp);
    else if (this.#receiveNext === 0) this.#takeSyn(tcp);
    else if ((tcp.flags & SYN) !== 0) this.#takeRepeatedSyn(tcp);
    else this.#takeSegment(tcp, data);
  }

  /** Nobody forges segments here, so a RST counts wherever it stands (RFC 9293 3.10.7.3 and .4 want it in the window). */
  #takeReset(tcp: TcpFields): void {
    const opening = !this.#accepting && this.#receiveNext === 0;
    if (opening && ((tcp.flags & ACK) === 0 || tcp.ack !== this.#number(1))) return;
    this.#finish(opening ? 'refused' : 'reset', false);
  }

  #takeSyn(tcp: TcpFields): void {
    if ((tcp.flags & SYN) === 0) return;
    if (this.#accepting) {
      this.#irs = tcp.seq;
      this.#receiveNext = 1;
      this.#queue(SYN_ACK, NOTHING);
      return;
    }
    if ((tcp.flags & ACK) === 0) {
      this.#openSimultaneously(tcp);
      return;
    }
    if (tcp.ack !== this.#number(1)) return;
    this.#irs = tcp.seq;
    this.#receiveNext = 1;
    this.#owesAck = true;
    this.#takeAck(tcp);
    this.#open();
    this.#settle();
  }

  /** RFC 9293 3.10.7.3, the fourth step: to SYN-RECEIVED; the SYN that is repeated carries an acknowledgement from now on. */
  #openSimultaneously(tcp: TcpFields): void {
    const first = this.#unacked?.[0];
    if (first === undefined) return;
    this.#simultaneous = true;
    this.#irs = tcp.seq;
    this.#receiveNext = 1;
    this.#unacked = [{ ...first, flags: SYN_ACK }];
    this.#transmit(SYN_ACK, 0, NOTHING);
  }

  #takeRepeatedSyn(tcp: TcpFields): void {
    if (this.#simultaneous && this.#sendUnacked === 0 && (tcp.flags & ACK) !== 0) {
      this.#takeSegment(tcp, NOTHING);
      return;
    }
    const first = this.#unacked?.[0];
    if (first !== undefined && first.flags === SYN_ACK) this.#transmit(SYN_ACK, 0, NOTHING);
    else this.#transmit(ACK, this.#sendNext, NOTHING);
  }

  #takeSegment(tcp: TcpFields, data: Uint8Array): void {
    const received = this.#simultaneous && this.#sendUnacked === 0;
    if ((tcp.flags & ACK) !== 0) this.#takeAck(tcp);
    if (received) {
      if (this.#sendUnacked === 0) return;
      this.#open();
    }
    if (this.#listener !== undefined) {
      if (this.#sendUnacked === 0) return;
      const listener = this.#listener;
      this.#listener = undefined;
      this.state = 'open';
      if (this.#interface.listens(listener)) listener.accept(this);
      else this.abort();
    }
    const fin = (tcp.flags & FIN) !== 0;
    if ((data.length > 0 || fin) && !this.#isClosed()) this.#takeData(tcp, data, fin);
    this.#settle();
  }

  #takeAck(tcp: TcpFields): void {
    const position = this.#sendUnacked + ((tcp.ack - this.#number(this.#sendUnacked)) | 0);
    if (position <= this.#sendUnacked || position > this.#sendNext) return;
    this.#sendUnacked = position;
    const unacked = this.#unacked ?? [];
    while (unacked.length > 0 && (unacked[0] as Segment).end <= position) unacked.shift();
    this.#retransmissions = 0;
    this.#stopTimer();
    const first = unacked[0];
    if (first === undefined) {
      this.#unacked = undefined;
      return;
    }
    if (first.start < this.#recover) this.#sendAgain(first);
    this.#startTimer();
  }

  #takeData(tcp: TcpFields, data: Uint8Array, fin: boolean): void {
    const start = this.#receiveNext + ((tcp.seq - this.#wireExpected()) | 0);
    this.#owesAck = true;
    if (start > this.#receiveNext) {
      this.#keep({ start, data, fin });
      return;
    }
    this.#accept(start, data, fin);
    const ahead = this.#ahead;
    while (ahead !== undefined && ahead.length > 0 && !this.#isClosed()) {
      const { start: next, data: more, fin: last } = ahead[0] as Ahead;
      if (next > this.#receiveNext) return;
      ahead.shift();
      this.#accept(next, more, last);
    }
    this.#ahead = undefined;
  }

  /** Takes what is new of a segment that starts no later than expected. */
  #accept(start: number, data: Uint8Array, fin: boolean): void {
    const known = this.#receiveNext - start;
    if (this.#finReceived || known > data.length || (known === data.length && !fin)) return;
    this.#receiveNext = start + data.length + (fin ? 1 : 0);
    this.#finReceived = fin;
    if (known < data.length) this.announceData(known === 0 ? data : data.subarray(known));
    if (fin && !this.#isClosed()) this.announceEnd();
  }

  #keep(segment: Ahead): void {
    this.#ahead ??= [];
    const ahead = this.#ahead;
    if (ahead.length >= MOST_OUT_OF_ORDER) return;
    let at = ahead.length;
    while (at > 0 && (ahead[at - 1] as Ahead).start > segment.start) at--;
    ahead.splice(at, 0, segment);
  }

  /** After a segment: acknowledges it unless that has happened along with data, and ends when both ends have. */
  #settle(): void {
    if (this.#isClosed()) return;
    if (this.#owesAck) this.#transmit(ACK, this.#sendNext, NOTHING);
    if (!this.#finSent || this.#unacked !== undefined) return;
    if (this.#finReceived) {
      this.#finish('closed', true);
      return;
    }
    this.#stopTimer();
    this.#timer = this.host.kernel.schedule(FIN_WAIT_2_US, this.host.name, () =>
      this.#finish('timeout', false),
    );
  }

  #open(): void {
    const closing = this.state === 'closing';
    if (closing) this.state = 'open';
    else this.announceOpen();
    const waiting = this.#waiting ?? [];
    this.#waiting = undefined;
    for (const { data, cause } of waiting) {
      if (this.#isClosed()) return;
      this.host.kernel.causedBy(cause, () => this.#send(data));
    }
    if (closing) this.close();
  }

  #send(data: Uint8Array): void {
    const mss = this.link?.mss ?? 536;
    for (let from = 0; from < data.length; from += mss) {
      const to = Math.min(from + mss, data.length);
      const part = to - from === data.length ? data : data.subarray(from, to);
      this.#queue(to === data.length ? ACK | PSH : ACK, part);
    }
  }

  /** Sends a segment that has to be acknowledged. */
  #queue(flags: number, data: Uint8Array): void {
    const start = this.#sendNext;
    const end = start + data.length + ((flags & SYN) >> 1) + (flags & FIN);
    this.#unacked ??= [];
    this.#unacked.push({ start, end, flags, data, cause: this.host.kernel.cause });
    this.#sendNext = end;
    if ((flags & FIN) !== 0) this.#finSent = true;
    this.#transmit(flags, start, data);
    if (this.#timer === undefined) this.#startTimer();
  }

  #transmit(flags: number, position: number, data: Uint8Array): void {
    if ((flags & ACK) !== 0) this.#owesAck = false;
    this.link?.transmit(this.local, this.remote, this.#fields(flags, position), data, this.carriesTls);
  }

  #fields(flags: number, position: number): TcpFields {
    const ack = (flags & ACK) === 0 ? 0 : this.#wireExpected();
    return { seq: this.#number(position), ack, flags, window: WINDOW };
  }

  #startTimer(): void {
    const afterUs = Math.min(INITIAL_RTO_US * 2 ** this.#retransmissions, LARGEST_RTO_US);
    const { kernel, name, tracing } = this.host;
    this.#timer = kernel.schedule(afterUs, name, () => {
      if (!tracing) this.#onTimeout();
      else {
        const cause = this.#unacked?.[0]?.cause ?? 0;
        const body = { kind: 'timer', afterUs } as const;
        kernel.causedBy(cause, () => kernel.recordAndRun(name, body, () => this.#onTimeout()));
      }
    });
  }

  #stopTimer(): void {
    if (this.#timer !== undefined) this.host.kernel.cancel(this.#timer);
    this.#timer = undefined;
  }

  #onTimeout(): void {
    const first = this.#unacked?.[0];
    this.#timer = undefined;
    if (first === undefined) return;
    if (this.#retransmissions === MOST_RETRANSMISSIONS) {
      this.#finish('timeout', false);
      return;
    }
    this.#retransmissions++;
    this.#recover = this.#sendNext;
    this.#sendAgain(first);
    this.#startTimer();
  }

  #sendAgain({ flags, start, data }: Segment): void {
    this.#transmit(flags, start, data);
  }

  #finish(reason: CloseReason, inOrder: boolean): void {
    if (this.#isClosed()) return;
    this.#stopTimer();
    this.#unacked = undefined;
    this.#waiting = undefined;
    this.#ahead = undefined;
    this.#interface.releaseTcp(this, inOrder);
    this.announceClose(reason);
  }

  #isClosed(): boolean {
    return this.state === 'closed';
  }

  /** Both ends, the same text at either of them. */
  #endNames(): readonly [local: string, remote: string] {
    if (this.#names !== undefined) return this.#names;
    const { host, realm } = this.#interface;
    const { network } = host;
    const names = [network.endName(realm, this.local), network.endName(realm, this.remote)] as const;
    // a translator forgets what stood behind an address, and does not know it before the connection is open
    if (network.translates && this.state !== 'connecting') this.#names = names;
    return names;
  }

  /** The sequence number of a position of ours. */
  #number(position: number): number {
    return (this.#iss + position) >>> 0;
  }

  /** The sequence number expected next from the peer. */
  #wireExpected(): number {
    return (this.#irs + this.#receiveNext) >>> 0;
  }
}
