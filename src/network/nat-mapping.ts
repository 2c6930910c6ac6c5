import type { Endpoint, TcpFields } from '../trace/index.js';
import type { NatBehaviour } from './nat-options.js';
import { TcpSession } from './tcp-session.js';

/** The transport protocols that are translated, each with ports of its own (RFC 7857 5). */
export type NatProtocol = 'udp' | 'tcp';

/** Sessions of a mapping above which those that have ended are looked for when one is added. */
const MANY_SESSIONS = 64;

/** What passes between the inside end of a mapping and one outside address and port. */
interface Session {
  readonly remote: Endpoint;
  /** Whether something has gone out. */
  outbound: boolean;
  lastUs: number;
  readonly tcp: TcpSession | undefined;
}

/** An inside address and port, and the outside ones that stand for it (RFC 4787 4). */
export class NatMapping {
  readonly protocol: NatProtocol;
  readonly inside: Endpoint;
  readonly outside: Endpoint;
  /** Under which the table finds it for packets that go out. */
  readonly key: string;
  readonly #behaviour: NatBehaviour;
  readonly #sessions = new Map<string, Session>();
  #lastUs = 0;

  constructor(
    protocol: NatProtocol,
    inside: Endpoint,
    outside: Endpoint,
    key: string,
    behaviour: NatBehaviour,
  ) {
    this.protocol = protocol;
    this.inside = inside;
    this.outside = outside;
    this.key = key;
    this.#behaviour = behaviour;
  }

  /** Whether it is in force. A UDP mapping is as long as packets go out often enough, a TCP one as long as a session. */
  isAlive(nowUs: number): boolean {
    if (this.protocol === 'udp') return nowUs - this.#lastUs < this.#behaviour.udpTimeoutMs * 1000;
    for (const session of this.#sessions.values()) if (this.#isOpen(session, nowUs)) return true;
    return false;
  }

  /** Takes note of a packet to an outside address, which opens the filter for answers. */
  passOut(remote: Endpoint, tcp: TcpFields | undefined, nowUs: number): void {
    this.#lastUs = nowUs;
    const session = this.#sessions.get(nameOf(remote));
    if (session === undefined || !this.#isOpen(session, nowUs)) {
      this.#add(remote, true, tcp, nowUs);
      return;
    }
    session.outbound = true;
    session.lastUs = nowUs;
    if (tcp !== undefined) session.tcp?.pass(tcp, true);
  }

  /** Whether there is a session with that outside address, so that a segment that opens none may pass. */
  knows(remote: Endpoint, nowUs: number): boolean {
    const session = this.#sessions.get(nameOf(remote));
    return session !== undefined && this.#isOpen(session, nowUs);
  }

  /** Whether the filter lets a packet from an outside address pass (RFC 4787 5, RFC 5382 4.3). */
  admits(remote: Endpoint, nowUs: number): boolean {
    const { filtering } = this.#behaviour;
    if (filtering === 'endpoint-independent' || this.knows(remote, nowUs)) return true;
    if (filtering === 'address-and-port-dependent') return false;
    for (const session of this.#sessions.values()) {
      if (session.outbound && session.remote.ip === remote.ip && this.#isOpen(session, nowUs)) return true;
    }
    return false;
  }

  /** Takes note of a packet that the filter has let in. */
  passIn(remote: Endpoint, tcp: TcpFields | undefined, nowUs: number): void {
    const session = this.#sessions.get(nameOf(remote));
    const open = session !== undefined && this.#isOpen(session, nowUs);
    if (tcp !== undefined) {
      if (open) {
        session.lastUs = nowUs;
        session.tcp?.pass(tcp, false);
      } else this.#add(remote, false, tcp, nowUs);
      return;
    }
    // what an open filter lets in without being asked for keeps nothing alive (RFC 7857 7)
    if (!this.#behaviour.inboundRefresh || !open) return;
    this.#lastUs = nowUs;
    session.lastUs = nowUs;
  }

  #add(remote: Endpoint, outbound: boolean, tcp: TcpFields | undefined, nowUs: number): void {
    if (this.#sessions.size >= MANY_SESSIONS) this.#prune(nowUs);
    const session: Session = {
      remote,
      outbound,
      lastUs: nowUs,
      tcp: tcp === undefined ? undefined : new TcpSession(),
    };
    if (tcp !== undefined) session.tcp?.pass(tcp, outbound);
    this.#sessions.set(nameOf(remote), session);
  }

  #isOpen({ lastUs, tcp }: Session, nowUs: number): boolean {
    const { udpTimeoutMs, tcpEstablishedMs, tcpTransitoryMs } = this.#behaviour;
    const timeoutMs = tcp === undefined ? udpTimeoutMs : tcp.established ? tcpEstablishedMs : tcpTransitoryMs;
    return nowUs - lastUs < timeoutMs * 1000;
  }

  #prune(nowUs: number): void {
    for (const [name, session] of this.#sessions) {
      if (!this.#isOpen(session, nowUs)) this.#sessions.delete(name);
    }
  }
}

function nameOf({ ip, port }: Endpoint): string {
  return `${ip} ${port}`;
}
