import { tcpBase } from '../../src/stack/ice/index.js';
import {
  type Command,
  type Descriptor,
  descriptor,
  EVENT,
  type EventItem,
  type EventsDescriptor,
  hasChoose,
  PACKAGES,
  PROPERTY,
  propertyText,
  SIGNAL,
  STATISTIC,
  type Statistic,
  type StreamDescriptor,
  streamsOf,
} from '../../src/wire/megaco/index.js';
import {
  hasAttribute,
  type MediaDescription,
  parseSdp,
  rtcpMux,
  type SessionDescription,
  serializeSdp,
} from '../../src/wire/sdp/index.js';
import { CommandError } from './command-error.js';
import type { GatewayResources, Report } from './media-context.js';
import { PlainTransport } from './plain-transport.js';
import { SecureEnd } from './secure-end.js';
import { StreamEnd } from './stream-end.js';
import { initialSettings, type StreamSettings, withProperties } from './stream-settings.js';

/** A description with one media line. */
interface Description {
  readonly session: SessionDescription;
  readonly media: MediaDescription;
}

const EVENTS: ReadonlySet<string> = new Set(Object.values(EVENT));

/** One side of a call (H.248.1 6.2): its streams, and what is to be told of them. */
export class Termination {
  readonly id: string;
  readonly realm: string;
  readonly streams = new Map<number, StreamEnd>();
  readonly #context: number;
  readonly #resources: GatewayResources;
  readonly #report: Report;
  readonly #createdUs: number;
  #events: EventsDescriptor | undefined;

  constructor(id: string, realm: string, context: number, resources: GatewayResources, report: Report) {
    this.id = id;
    this.realm = realm;
    this.#context = context;
    this.#resources = resources;
    this.#report = report;
    this.#createdUs = resources.host.kernel.now;
  }

  /** The id under which events are to be told. */
  get requestId(): number {
    const id = this.#events?.requestId;
    return typeof id === 'number' ? id : 0;
  }

  /** Whether an event is to be told. */
  wants(event: string): boolean {
    return this.#event(event) !== undefined;
  }

  /** A parameter that came with the wish to be told of an event. */
  eventParameter(event: string, parameter: string): string | undefined {
    const item = this.#event(event);
    return item === undefined ? undefined : propertyText(item.parameters, parameter);
  }

  /**
   * Obeys an Add or a Modify.
   *
   * @returns what the controller has to be told: local descriptions that left something to choose (TS 29.334 5.8)
   * @throws CommandError
   */
  apply(command: Command): StreamDescriptor[] {
    const events = descriptor(command, 'Events');
    if (events !== undefined) this.#setEvents(events);
    const told: StreamDescriptor[] = [];
    for (const stream of streamsOf(command)) {
      const local = this.#applyStream(stream);
      if (local !== undefined) told.push({ id: stream.id ?? 1, local, raw: [] });
    }
    for (const signal of descriptor(command, 'Signals')?.signals ?? []) this.#obeySignal(signal);
    return told;
  }

  /** What an audit's items ask for; names of descriptors (H.248.1 7.1.12). */
  audit(items: readonly string[]): Descriptor[] {
    return items.flatMap((item) => this.#auditOne(item.toLowerCase()));
  }

  close(): void {
    for (const end of this.streams.values()) this.#closeEnd(end);
    this.streams.clear();
  }

  #closeEnd(end: StreamEnd): void {
    const { port } = end.transport;
    end.close();
    this.#resources.ports[this.realm]?.giveBack(port);
  }

  #event(name: string): EventItem | undefined {
    return this.#events?.events.find((one) => one.name.toLowerCase() === name);
  }

  #setEvents(events: EventsDescriptor): void {
    for (const { name } of events.events) {
      if (!EVENTS.has(name.toLowerCase())) throw new CommandError(512, name);
    }
    this.#events = events.events.length === 0 ? undefined : events;
  }

  #applyStream(stream: StreamDescriptor): string | undefined {
    const number = stream.id ?? 1;
    const control = stream.localControl;
    const known = this.streams.get(number);
    const settings = this.#settings(known?.settings ?? initialSettings, stream);
    const local = stream.local === undefined ? undefined : readDescription(stream.local);
    const remote = stream.remote === undefined ? undefined : readDescription(stream.remote);
    let end = known;
    let told: string | undefined;
    if (end === undefined) {
      if (local === undefined) throw new CommandError(441, `stream ${number} has no local description`);
      end = this.#open(number, local, remote, settings);
      this.streams.set(number, end);
      told = stream.local;
    } else if (local !== undefined && stream.local !== undefined) {
      end.setLocal(local.media);
      if (this.#restarts(end, stream.local, local.media)) told = stream.local;
    }
    end.settings = settings;
    if (remote !== undefined) end.setRemote(remote.session, remote.media);
    if (control?.mode === 'LoopBack') throw new CommandError(517, 'LoopBack');
    if (told === undefined || local === undefined) return undefined;
    return serializeSdp(end.transport.describe(local.session, local.media));
  }

  /** Whether Local asks for new ICE credentials with `$`; then there are (24371-9-02). */
  #restarts(end: StreamEnd, text: string, media: MediaDescription): boolean {
    if (!hasChoose(text)) return false;
    if (hasAttribute(media, 'ice-ufrag') && end.transport instanceof SecureEnd) {
      end.transport.restart();
      this.#resources.host.realises('24371-9-02');
    }
    return true;
  }

  #settings(before: StreamSettings, { localControl }: StreamDescriptor): StreamSettings {
    if (localControl === undefined) return before;
    const { mode, properties } = localControl;
    const realm = propertyText(properties, PROPERTY.realm);
    if (realm !== undefined && realm !== this.realm) throw new CommandError(449, `realm ${realm}`);
    const settings = withProperties(before, properties);
    return mode === undefined ? settings : { ...settings, mode };
  }

  #open(
    number: number,
    local: Description,
    remote: Description | undefined,
    settings: StreamSettings,
  ): StreamEnd {
    const { host, ports } = this.#resources;
    const port = ports[this.realm]?.take();
    if (port === undefined) throw new CommandError(510, 'no port is free');
    const { media } = local;
    try {
      const transport = hasAttribute(media, 'ice-ufrag')
        ? this.#secureEnd(number, port, media, remote)
        : new PlainTransport(host, { realm: this.realm, port, rtcp: settings.rtcp });
      return new StreamEnd(host, transport, media, host.address(this.realm));
    } catch (error) {
      ports[this.realm]?.giveBack(port);
      throw error;
    }
  }

  #secureEnd(
    number: number,
    port: number,
    media: MediaDescription,
    remote: Description | undefined,
  ): SecureEnd {
    const { host, policy, certificate } = this.#resources;
    const tell = (event: string, parameters: readonly (readonly [string, string])[]): void =>
      this.#report(this, event, parameters, number);
    const tcp = policy.iceTcp ? [tcpBase(host, { realm: this.realm, tcpType: 'passive', port })] : [];
    return new SecureEnd(host, media, {
      id: `context/${this.#context} ${this.id.split('.').at(-1)}/${number}`,
      realm: this.realm,
      port,
      certificate,
      full: policy.ice === 'full',
      consent: this.wants(EVENT.consentLost),
      muxKnown: remote !== undefined && rtcpMux(remote.media),
      bases: tcp,
      on: {
        onFailed: (by, reason) => {
          if (by === 'ice')
            tell(EVENT.iceResult, [
              ['state', 'failed'],
              ['reason', reason],
            ]);
          else tell(EVENT.dtlsFailure, [['reason', reason]]);
        },
        onPair: (pair) =>
          tell(EVENT.iceResult, [
            ['state', 'completed'],
            ['pair', pair],
          ]),
        onConsentLost: (why) => tell(EVENT.consentLost, [['why', why]]),
      },
    });
  }

  #obeySignal(signal: EventItem): void {
    const ends = signal.stream === undefined ? [...this.streams.values()] : this.#stream(signal.stream);
    switch (signal.name.toLowerCase()) {
      case SIGNAL.latch:
        for (const end of ends) this.#latch(end, signal);
        break;
      case SIGNAL.establishDtls:
        for (const { transport } of ends) if (transport instanceof SecureEnd) transport.establish();
        break;
      case SIGNAL.checkConnectivity:
        for (const { transport } of ends) if (transport instanceof SecureEnd) transport.check();
        break;
      default:
        throw new CommandError(513, signal.name);
    }
  }

  #stream(number: number): StreamEnd[] {
    const end = this.streams.get(number);
    if (end === undefined) throw new CommandError(449, `stream ${number}`);
    return [end];
  }

  #latch(end: StreamEnd, { parameters }: EventItem): void {
    const napt = propertyText(parameters, 'napt')?.toUpperCase();
    if (napt !== 'OFF' && napt !== 'LATCH' && napt !== 'RELATCH') throw new CommandError(449, `napt ${napt}`);
    if (!end.latch(napt)) throw new CommandError(513, 'latching is for streams without ICE');
  }

  #auditOne(item: string): Descriptor[] {
    switch (item) {
      case 'statistics':
      case 'sa':
        return [{ kind: 'Statistics', statistics: this.#statistics() }];
      case 'packages':
      case 'pg':
        return [{ kind: 'Packages', packages: PACKAGES }];
      case 'events':
      case 'e':
        return this.#events === undefined ? [] : [this.#events];
      case 'media':
      case 'm': {
        const streams = [...this.streams].map(([id, { mode }]) => ({
          id,
          localControl: { mode, properties: [] },
          raw: [],
        }));
        return [{ kind: 'Media', streams, raw: [] }];
      }
      default:
        throw new CommandError(532, item);
    }
  }

  #statistics(): Statistic[] {
    let sentPackets = 0;
    let sentOctets = 0;
    let packets = 0;
    let octets = 0;
    let loss = 0;
    let jitter = 0;
    for (const end of this.streams.values()) {
      sentPackets += end.sentPackets;
      sentOctets += end.sentOctets;
      packets += end.reception.packets;
      octets += end.reception.octets;
      loss = Math.max(loss, end.reception.lossPercent);
      jitter = Math.max(jitter, end.reception.jitter);
    }
    const lasted = (this.#resources.host.kernel.now - this.#createdUs) / 1000;
    return [
      { name: STATISTIC.duration, value: String(Math.round(lasted)) },
      { name: STATISTIC.octetsSent, value: String(sentOctets) },
      { name: STATISTIC.octetsReceived, value: String(octets) },
      { name: STATISTIC.packetsSent, value: String(sentPackets) },
      { name: STATISTIC.packetsReceived, value: String(packets) },
      { name: STATISTIC.packetLoss, value: loss.toFixed(2) },
      { name: STATISTIC.jitter, value: String(Math.round(jitter)) },
    ];
  }
}

function readDescription(text: string): Description {
  const read = parseSdp(text);
  const media = read.ok ? read.value.media[0] : undefined;
  if (!read.ok || media === undefined)
    throw new CommandError(449, 'session description without a media line');
  return { session: read.value, media };
}
