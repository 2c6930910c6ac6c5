import type { PacketRecord, Trace, TraceEventOf } from '../trace/index.js';
import { parseIp, tcpSegment, udpDatagram } from '../wire/ip/index.js';
import {
  LINKTYPE_RAW,
  type PcapngBlock,
  SECRETS_TLS_KEY_LOG,
  serializePcapng,
} from '../wire/pcapng/index.js';
import { renderKeyLog } from './key-log.js';
import { TlsCleartext } from './tls-cleartext.js';

/** What goes into a capture. */
export interface PcapngOptions {
  /**
   * `delivered`: every packet that arrived, at the time and as often as it did, as if each link were captured at its
   * receiver. So data stand before their acknowledgement, and what the network lost looks lost. `sent`: every packet
   * once, at the time it was sent, those lost on the way included. Default `delivered`.
   */
  readonly include?: 'delivered' | 'sent';
  /** Whether TCP connections that carry TLS show decrypted, and the keys of DTLS are in the file. Default true. */
  readonly decrypt?: boolean;
}

/** Most bytes of a payload that fit an IP packet beside the longest headers written here: IPv6 40, TCP 20. */
const MOST_PAYLOAD = 65_535 - 60;

/**
 * The packets of a trace as a pcapng capture: an interface a realm, names of hosts, IP, UDP and TCP headers with
 * checksums, and for each packet a comment with its hosts and the requirements that were exercised with it. A block of
 * secrets lets the reader decrypt DTLS.
 *
 * Connections inside TLS show as if there were none, and their comments say so: sequence numbers count application
 * data only, and the server's port is 80 for 443, 5060 for 5061, otherwise 10,000 higher, or lower above port 55535.
 * So a handshake record that never arrived leaves no gap before the data behind it, which stay unacknowledged.
 *
 * Not in a capture: the bytes of a packet corrupted on its way, since a trace holds what was sent, and packets that
 * cannot be, larger than 65,535 bytes or from one address family to the other. Wireshark reads messages in segments that
 * arrived out of order if its TCP preference "Reassemble out-of-order segments" is on.
 *
 * @returns the bytes of the file
 *
 * @example
 * ```ts
 * import { writeFileSync } from 'node:fs';
 * import { findScenario, renderPcapng, runScenario } from 'imslab';
 *
 * const { trace } = runScenario(findScenario('call/wic-to-ims-ue'));
 * if (trace !== undefined) writeFileSync('call.pcapng', renderPcapng(trace));
 * ```
 */
export function renderPcapng(trace: Trace, options: PcapngOptions = {}): Uint8Array {
  return new CaptureWriter(trace, options).write();
}

class CaptureWriter {
  readonly #trace: Trace;
  readonly #include: 'delivered' | 'sent';
  readonly #cleartext: TlsCleartext | undefined;
  readonly #interfaces = new Map<string, number>();
  /** IPv4 Identification by the id of a `packet.sent`. */
  readonly #identifications = new Map<number, number>();
  /** Requirements by cause and entity. */
  readonly #requirements = new Map<string, Set<string>>();
  readonly #packets: PcapngBlock[] = [];

  constructor(trace: Trace, options: PcapngOptions) {
    this.#trace = trace;
    this.#include = options.include ?? 'delivered';
    this.#cleartext = options.decrypt === false ? undefined : new TlsCleartext(trace);
    this.#prepare();
  }

  write(): Uint8Array {
    for (const event of this.#trace.events) {
      const { body } = event;
      if (body.kind === 'packet.sent' && this.#include === 'sent') {
        this.#packet(event as TraceEventOf<'packet.sent'>, event.at);
      } else if (body.kind === 'packet.delivered' && this.#include === 'delivered') {
        const sent = this.#trace.event(body.packet);
        if (sent?.body.kind === 'packet.sent') this.#packet(sent as TraceEventOf<'packet.sent'>, event.at);
      }
    }
    const interfaces = [...this.#interfaces.keys()].map(
      (realm): PcapngBlock => ({ type: 'interface', linkType: LINKTYPE_RAW, name: realm }),
    );
    const section: PcapngBlock = { type: 'section', userApplication: 'imslab' };
    // secrets count for the packets behind them (pcapng 4.7)
    return serializePcapng([section, ...interfaces, this.#names(), ...this.#secrets(), ...this.#packets]);
  }

  #secrets(): PcapngBlock[] {
    const keyLog = this.#cleartext === undefined ? '' : renderKeyLog(this.#trace);
    if (keyLog === '') return [];
    return [{ type: 'secrets', secretsType: SECRETS_TLS_KEY_LOG, data: new TextEncoder().encode(keyLog) }];
  }

  /** Numbers realms and packets, and gathers the requirements, which may follow the packets they belong to. */
  #prepare(): void {
    const sentBy = new Map<string, number>();
    for (const { addresses } of this.#trace.hosts) {
      for (const realm of Object.keys(addresses)) this.#interface(realm);
    }
    for (const { id, cause, entity, body } of this.#trace.events) {
      if (body.kind === 'packet.sent') {
        const { from, realm } = body.packet;
        const count = sentBy.get(from) ?? 0;
        sentBy.set(from, count + 1);
        this.#identifications.set(id, count & 0xffff);
        this.#interface(realm);
      } else if (body.kind === 'requirement' && cause !== 0) {
        const key = `${cause} ${entity}`;
        const ids = this.#requirements.get(key) ?? new Set();
        for (const one of body.ids) ids.add(one);
        this.#requirements.set(key, ids);
      }
    }
  }

  #interface(realm: string): number {
    const known = this.#interfaces.get(realm);
    if (known !== undefined) return known;
    const number = this.#interfaces.size;
    this.#interfaces.set(realm, number);
    return number;
  }

  /** Wireshark shows the last name of an address: the host's, as in the diagrams. */
  #names(): PcapngBlock {
    const records = this.#trace.hosts.flatMap(({ name, domain, addresses }) =>
      Object.values(addresses).map((ip) => ({ ip, names: domain === undefined ? [name] : [domain, name] })),
    );
    return { type: 'names', records };
  }

  #packet(event: TraceEventOf<'packet.sent'>, timestampUs: number): void {
    const { packet } = event.body;
    if (!isRepresentable(packet)) return;
    const identification = this.#identifications.get(event.id) ?? 0;
    const comments = [`${packet.from} > ${packet.to === '' ? packet.dst.ip : packet.to}`];
    const requirements = this.#requirementsOf(event);
    if (requirements.length > 0) comments.push(requirements.join(', '));
    const { src, dst, tcp } = packet;
    let data: Uint8Array;
    if (tcp === undefined) data = udpDatagram({ src, dst, payload: packet.data, identification });
    else {
      const shown = this.#cleartext === undefined ? 'as it is' : this.#cleartext.segment(event);
      if (shown === undefined) return;
      if (shown === 'as it is') data = tcpSegment({ src, dst, ...tcp, payload: packet.data, identification });
      else {
        comments.push(`TLS decrypted: port ${shown.port} shown as ${shown.shownAs}`);
        data = tcpSegment({
          src: shown.src,
          dst: shown.dst,
          ...shown.tcp,
          payload: shown.data,
          identification,
        });
      }
    }
    const interfaceId = this.#interface(packet.realm);
    this.#packets.push({ type: 'packet', interfaceId, timestampUs, data, comment: comments.join('; ') });
  }

  /** What the sender did in the same breath: requirements with the cause of the message, or else of the packet. */
  #requirementsOf(event: TraceEventOf<'packet.sent'>): string[] {
    const message = this.#trace.event(event.cause);
    const origin = message?.body.kind === 'message.sent' ? message : event;
    return [...(this.#requirements.get(`${origin.cause} ${origin.entity}`) ?? [])];
  }
}

function isRepresentable(packet: PacketRecord): boolean {
  const family = parseIp(packet.src.ip)?.family;
  return (
    packet.data.length <= MOST_PAYLOAD && family !== undefined && parseIp(packet.dst.ip)?.family === family
  );
}
