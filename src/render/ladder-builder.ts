import type { Endpoint, MessageRecord, PacketRecord, Trace, TraceEvent } from '../trace/index.js';
import { classifyDatagram, staticMediaType } from './classify-datagram.js';
import type { Arrow, Ladder, LadderOptions, LadderStep, Lifeline, Note, ProtocolCount } from './ladder.js';
import { MediaIndex } from './media-index.js';

type Mutable<T> = { -readonly [K in keyof T]: T[K] };

/** An arrow while the trace is still being read. */
interface Draft extends Mutable<Omit<Arrow, 'from' | 'to' | 'number'>> {
  from: string;
  to: string;
  /** Why one of its packets was dropped. */
  dropped?: string;
  /** One of its packets came through. */
  delivered?: boolean;
  flow?: Flow;
}

/** Many like packets between the same two endpoints. */
interface Flow {
  readonly src: Endpoint;
  readonly dst: Endpoint;
  /** Media type its first packet gives away. */
  readonly media: string;
  lastAt: number;
  lost: number;
}

/** Where steps go: a flow's opposite direction is put beside it, not where it began. */
type Slot = (Draft | Note)[];

/** A pause after which packets of one kind count as another flow, in microseconds. */
const MEDIA_PAUSE_US = 1_000_000;

/** Consent checks come every 5 s give or take a fifth (RFC 7675 5.1), and belong to the checks before them. */
const STUN_PAUSE_US = 10_000_000;

/** Protocols of which single messages say little. */
const FLOWING = new Set(['RTP', 'SRTP', 'RTCP', 'SRTCP', 'STUN']);

/** Reads a trace once and writes its ladder; {@link ladderOf} says by what rules. */
export function buildLadder(trace: Trace, options: LadderOptions): Ladder {
  const builder = new LadderBuilder(trace, options);
  for (const event of trace.events) builder.add(event);
  return builder.ladder();
}

class LadderBuilder {
  readonly #trace: Trace;
  readonly #options: LadderOptions;
  readonly #hostOf = new Map<string, string>();
  readonly #slots: Slot[] = [];
  /** Arrows by the id of their `message.sent`. */
  readonly #bySending = new Map<number, Draft>();
  readonly #byKey = new Map<string, Draft>();
  /** Arrows by the id of a `packet.sent` that carried them. */
  readonly #byPacket = new Map<number, Draft>();
  readonly #flows = new Map<string, { draft: Draft; slot: Slot }>();
  readonly #media = new MediaIndex();
  /** Paths on which a DTLS record was seen. */
  readonly #protected = new Set<string>();
  /** Messages that are left out because they only let everything settle. */
  readonly #unshown: TraceEvent[] = [];
  #settling = false;
  #title = '';

  constructor(trace: Trace, options: LadderOptions) {
    this.#trace = trace;
    this.#options = options;
    for (const host of trace.hosts) {
      for (const address of Object.values(host.addresses)) {
        if (!this.#hostOf.has(address)) this.#hostOf.set(address, host.name);
      }
    }
  }

  add(event: TraceEvent): void {
    const { body } = event;
    switch (body.kind) {
      case 'run':
        this.#title = `${body.scenario}, seed ${body.seed}`;
        break;
      case 'step':
      case 'note':
        this.#note(event, body.kind, body.text);
        break;
      case 'phase':
        this.#settling = body.phase === 'liveness' && this.#options.settling !== true;
        if (!this.#settling) this.#note(event, 'phase', `${body.phase} phase`);
        break;
      case 'failure':
        this.#note(event, 'failure', body.reason);
        break;
      case 'state': {
        const from = body.from === '' ? '' : `${body.from} `;
        this.#stateNote(event, `${body.actor}: ${from}-> ${body.to} on ${body.event}`);
        break;
      }
      case 'unexpected':
        this.#stateNote(event, `${body.actor}: ${body.event} unexpected in ${body.state}`);
        break;
      case 'message.sent':
        if (this.#settling) this.#unshown.push(event);
        else this.#messageSent(event, body.message);
        break;
      case 'message.received':
        this.#messageReceived(event, body.message);
        break;
      case 'message.rejected':
        this.#receive(this.#byDelivery(event.cause), event);
        this.#note(event, 'failure', `${body.protocol} message rejected: ${body.reason}`);
        break;
      case 'packet.sent':
        this.#packetSent(event, body.packet);
        break;
      case 'packet.delivered': {
        const draft = this.#byPacket.get(body.packet);
        if (draft !== undefined) draft.delivered = true;
        break;
      }
      case 'packet.dropped':
        this.#packetDropped(body.packet, body.reason);
        break;
      case 'choice':
      case 'timer':
      case 'keys':
      case 'requirement':
        return;
    }
  }

  ladder(): Ladder {
    const names = new Set<string>();
    const [first] = this.#unshown;
    if (first !== undefined) {
      const until = ((this.#unshown.at(-1) ?? first).at / 1_000_000).toFixed(1);
      this.#note(
        first,
        'phase',
        `then everything settles: ${this.#unshown.length} more messages until ${until} s`,
      );
    }
    for (const draft of this.#bySending.values()) finish(draft);
    for (const { draft } of this.#flows.values()) this.#finishFlow(draft);
    for (const slot of this.#slots) {
      for (const step of slot) {
        if (step.kind === 'arrow') names.add(step.from).add(step.to);
        else names.add(this.#trace.events[step.event - 1]?.entity ?? '');
      }
    }
    names.delete('');
    const wanted = this.#options.lifelines ?? this.#trace.hosts.map(({ name }) => name);
    const order = [...wanted.filter((name) => names.has(name)), ...names];
    const index = new Map<string, number>();
    for (const name of order) if (!index.has(name)) index.set(name, index.size);
    const roles = new Map(this.#trace.hosts.map((host) => [host.name, host.role]));
    const lifelines: Lifeline[] = [...index.keys()].map((name) => ({ name, role: roles.get(name) ?? '' }));
    const steps: LadderStep[] = [];
    const protocols = new Map<string, Mutable<ProtocolCount>>();
    let number = 0;
    for (const step of this.#slots.flat()) {
      if (step.kind === 'note') {
        const at = index.get(this.#trace.events[step.event - 1]?.entity ?? '');
        steps.push(at === undefined ? step : { ...step, lifeline: at });
        continue;
      }
      const { dropped: _dropped, delivered: _delivered, flow, ...arrow } = step;
      steps.push({
        ...arrow,
        from: index.get(step.from) ?? 0,
        to: index.get(step.to) ?? 0,
        number: ++number,
      });
      if (!step.duplicate) tally(protocols, arrow, flow?.lost ?? (arrow.lost === undefined ? 0 : 1));
    }
    const endAt = this.#trace.events.at(-1)?.at ?? 0;
    return { title: this.#title, lifelines, steps, protocols: [...protocols.values()], endAt };
  }

  #push(step: Draft | Note): void {
    this.#slots.push([step]);
  }

  #note(event: TraceEvent, style: Note['style'], text: string): void {
    this.#push({ kind: 'note', style, event: event.id, at: event.at, text });
  }

  #stateNote(event: TraceEvent, text: string): void {
    if (this.#options.states === true && !this.#settling) this.#note(event, 'state', text);
  }

  #nameOf(endpoint: Endpoint): string {
    return this.#hostOf.get(endpoint.ip) ?? `${endpoint.ip}:${endpoint.port}`;
  }

  #messageSent(event: TraceEvent, message: MessageRecord): void {
    if (message.text !== undefined) this.#media.learn(message.text);
    if (FLOWING.has(message.protocol)) {
      const summary = message.protocol === 'STUN' ? message.summary : '';
      const draft = this.#flow(
        event,
        message.protocol,
        summary,
        event.entity,
        '',
        message.local,
        message.remote,
      );
      this.#bySending.set(event.id, draft);
      return;
    }
    const draft: Draft = {
      ...draftOf(event, message),
      sentAt: event.at,
      from: event.entity,
      to: this.#nameOf(message.remote),
    };
    this.#push(draft);
    this.#bySending.set(event.id, draft);
    if (message.key !== undefined) this.#byKey.set(message.key, draft);
  }

  #messageReceived(event: TraceEvent, message: MessageRecord): void {
    const keyed = message.key === undefined ? undefined : this.#byKey.get(message.key);
    const draft = keyed ?? this.#byDelivery(event.cause);
    if (draft !== undefined) this.#receive(draft, event);
    else if (!FLOWING.has(message.protocol) && !this.#settling) {
      const from = this.#nameOf(message.remote);
      this.#push({ ...draftOf(event, message), receivedAt: event.at, from, to: event.entity });
    }
  }

  /** The arrow whose packet arrived with that `packet.delivered` event. */
  #byDelivery(id: number): Draft | undefined {
    const body = this.#trace.event(id)?.body;
    return body?.kind === 'packet.delivered' ? this.#byPacket.get(body.packet) : undefined;
  }

  #receive(draft: Draft | undefined, event: TraceEvent): void {
    if (draft === undefined) return;
    if (draft.flow !== undefined) {
      draft.to = event.entity;
    } else if (draft.receivedAt === undefined) {
      draft.receivedAt = event.at;
      draft.to = event.entity;
    } else {
      this.#push({ ...draft, event: event.id, at: event.at, receivedAt: event.at, duplicate: true });
    }
  }

  #packetSent(event: TraceEvent, packet: PacketRecord): void {
    const draft = this.#bySending.get(event.cause) ?? this.#forwarded(event.cause, packet);
    if (draft !== undefined) {
      if (packet.secure === true) draft.secure = true;
      this.#byPacket.set(event.id, draft);
    } else if (packet.protocol === 'udp' && !this.#settling) {
      const { protocol, summary } = classifyDatagram(packet.data);
      if (protocol === 'DTLS') this.#protected.add(pathOf(packet.src, packet.dst));
      const media = protocol === 'RTP' ? staticMediaType(packet.data) : '';
      const flow = this.#flow(
        event,
        protocol,
        summary,
        packet.from,
        packet.to,
        packet.src,
        packet.dst,
        media,
      );
      this.#byPacket.set(event.id, flow);
    }
  }

  /** The arrow of a datagram that a host on the way passes on as it came, as an address translator does. */
  #forwarded(cause: number, packet: PacketRecord): Draft | undefined {
    const draft = this.#byDelivery(cause);
    if (draft === undefined || draft.flow !== undefined || packet.protocol !== 'udp') return undefined;
    const delivery = this.#trace.event(cause)?.body;
    const sending =
      delivery?.kind === 'packet.delivered' ? this.#trace.event(delivery.packet)?.body : undefined;
    return sending?.kind === 'packet.sent' && sameBytes(sending.packet.data, packet.data) ? draft : undefined;
  }

  #packetDropped(packet: number, reason: string): void {
    const draft = this.#byPacket.get(packet);
    if (draft === undefined) return;
    draft.dropped = reason;
    if (draft.flow !== undefined) draft.flow.lost++;
  }

  /** Adds a packet to the flow it belongs to, or begins one; a flow back is put beside the flow there. */
  #flow(
    event: TraceEvent,
    protocol: string,
    summary: string,
    from: string,
    to: string,
    src: Endpoint,
    dst: Endpoint,
    media = '',
  ): Draft {
    const there = `${src.ip} ${src.port} ${dst.ip} ${dst.port} ${protocol}`;
    const key = `${there} ${summary} ${from}`;
    const open = this.#flows.get(key);
    const pause = protocol === 'STUN' ? STUN_PAUSE_US : MEDIA_PAUSE_US;
    if (open?.draft.flow !== undefined && event.at - open.draft.flow.lastAt <= pause) {
      open.draft.flow.lastAt = event.at;
      open.draft.count++;
      return open.draft;
    }
    if (open !== undefined) this.#finishFlow(open.draft);
    const draft: Draft = {
      kind: 'arrow',
      event: event.id,
      at: event.at,
      from,
      to: to === '' ? this.#nameOf(dst) : to,
      protocol,
      summary,
      transport: 'udp',
      secure: false,
      sentAt: event.at,
      duplicate: false,
      count: 1,
      flow: { src, dst, media, lastAt: event.at, lost: 0 },
    };
    const back = this.#flows.get(
      `${dst.ip} ${dst.port} ${src.ip} ${src.port} ${protocol} ${summary} ${draft.to}`,
    );
    const backAt = back?.draft.flow?.lastAt ?? Number.NEGATIVE_INFINITY;
    const paired = protocol !== 'STUN' && back?.slot.length === 1 && event.at - backAt <= pause;
    const slot = paired ? back.slot : [];
    if (!paired) this.#slots.push(slot);
    slot.push(draft);
    this.#flows.set(key, { draft, slot });
    return draft;
  }

  /** Writes what a flow came to: `audio x 100, 2.0 s, 3 lost`. */
  #finishFlow(draft: Draft): void {
    const { flow } = draft;
    if (flow === undefined) return;
    const { protocol } = draft;
    if (protocol.endsWith('RTP') || protocol.endsWith('RTCP')) {
      const use =
        this.#media.find(flow.dst.ip, flow.dst.port) ?? this.#media.find(flow.src.ip, flow.src.port);
      draft.summary = use?.media ?? flow.media;
      // a secure profile is a promise; only a DTLS handshake on the path makes it SRTP (RFC 5763 5)
      const handshake = [pathOf(flow.src, flow.dst), pathOf(flow.dst, flow.src)];
      const keyed = use?.secure === true && handshake.some((path) => this.#protected.has(path));
      draft.secure = keyed || protocol.startsWith('S');
      if (draft.secure && !protocol.startsWith('S')) draft.protocol = `S${protocol}`;
    }
    if (draft.count > 1) {
      const seconds = ((flow.lastAt - draft.at) / 1_000_000).toFixed(1);
      draft.summary = `${draft.summary} x ${draft.count}, ${seconds} s`.trimStart();
    }
    // Each copy of a duplicated packet can be dropped.
    flow.lost = Math.min(flow.lost, draft.count);
    if (flow.lost === draft.count) draft.lost = draft.dropped ?? 'dropped';
    else if (flow.lost > 0) draft.summary += `, ${flow.lost} lost`;
  }
}

function pathOf(src: Endpoint, dst: Endpoint): string {
  return `${src.ip} ${src.port} ${dst.ip} ${dst.port}`;
}

function draftOf(event: TraceEvent, message: MessageRecord): Omit<Draft, 'from' | 'to'> {
  const { protocol, summary, transport } = message;
  const secure = transport === 'tls' || transport === 'wss';
  const base = {
    kind: 'arrow',
    event: event.id,
    at: event.at,
    protocol,
    summary,
    transport,
    secure,
  } as const;
  const draft = { ...base, duplicate: false, count: 1 };
  return message.text === undefined ? draft : { ...draft, text: message.text };
}

/** Says why a message that nobody received did not arrive. */
function finish(draft: Draft): void {
  if (draft.flow !== undefined || draft.receivedAt !== undefined) return;
  const unread = draft.delivered === true ? 'delivered, not read' : 'under way at the end';
  draft.lost = draft.dropped ?? unread;
}

function tally(
  counts: Map<string, Mutable<ProtocolCount>>,
  arrow: Omit<Draft, 'from' | 'to'>,
  lost: number,
): void {
  let count = counts.get(arrow.protocol);
  if (count === undefined) {
    count = { protocol: arrow.protocol, arrows: 0, packets: 0, lost: 0 };
    counts.set(arrow.protocol, count);
  }
  count.arrows++;
  count.packets += arrow.count;
  count.lost += lost;
}

function sameBytes(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && a.every((byte, index) => byte === b[index]);
}
