import type { Kernel, Timer } from '../kernel/index.js';
import type { Endpoint, TcpFields } from '../trace/index.js';
import { FaultLink, REORDER_WAIT_US } from './fault-link.js';
import {
  BandwidthLink,
  type HeldPacket,
  LatencyLink,
  type Link,
  type LinkState,
  MtuLink,
  PartitionLink,
  wireEnd,
} from './link.js';
import type { LinkProfile } from './link-profile.js';
import type { NetworkInterface } from './network-interface.js';
import type { Packet } from './packet.js';
import { RST_ACK } from './tcp-flags.js';

/** What a scenario can do to one direction between two hosts. */
export interface LinkControl {
  /** `sender>receiver`, with `/realm` behind it where the two hosts share more than one. */
  readonly name: string;
  readonly profile: LinkProfile;
  /** Changes some of the profile from the next packet on. */
  configure(changes: Partial<LinkProfile>): void;
  /** Drops every packet sent from now on until {@link heal}. */
  partition(): void;
  heal(): void;
  /** Keeps back every packet that would arrive from now on, those in flight included, until {@link release}. */
  hold(): void;
  /** Delivers what was held, in order, at once. */
  release(): void;
}

/** How a directed link is set up. */
export interface DirectedLinkOptions {
  readonly name: string;
  readonly profile: LinkProfile;
  /** Whether packets ask the kernel for their fate. */
  readonly faults: boolean;
}

/** A packet that has arrived and waits to be overtaken. */
interface Overtaken {
  readonly packet: Packet;
  readonly timer: Timer;
}

const withoutFaults: Link = new PartitionLink(new MtuLink(new BandwidthLink(new LatencyLink(wireEnd))));
const withFaults: Link = new FaultLink(withoutFaults);

/** Hands an arrived packet over, and behind it those that have waited for it to overtake them. */
function arrive(packet: Packet): void {
  const { link } = packet;
  link.to.receive(packet);
  link.releaseOvertaken();
}

/** One direction between two interfaces of a realm: writes the trace and runs packets through the wrappers. */
export class DirectedLink implements LinkControl, LinkState {
  readonly name: string;
  readonly from: NetworkInterface;
  readonly to: NetworkInterface;
  profile: LinkProfile;
  cut = false;
  freeAt = 0;
  lastArrival = 0;
  held: HeldPacket[] | undefined;
  readonly #faults: boolean;
  #overtaken: Overtaken[] | undefined;
  #sent = 0;

  constructor(from: NetworkInterface, to: NetworkInterface, options: DirectedLinkOptions) {
    this.name = options.name;
    this.from = from;
    this.to = to;
    this.profile = options.profile;
    this.#faults = options.faults;
  }

  get kernel(): Kernel {
    return this.from.host.kernel;
  }

  get receiver(): string {
    return this.to.host.name;
  }

  /** Most bytes of TCP payload in a packet of this link (RFC 9293 3.7.1). */
  get mss(): number {
    return Math.max(1, this.profile.mtu - this.to.ipHeaderBytes - 20);
  }

  /** Sends a packet. `data` must not change afterwards. */
  transmit(
    src: Endpoint,
    dst: Endpoint,
    tcp: TcpFields | undefined,
    data: Uint8Array,
    secure: boolean,
  ): void {
    const index = this.#sent++;
    const id = this.kernel.trace === undefined ? 0 : this.#record(index, src, dst, tcp, data, secure);
    (this.#faults ? withFaults : withoutFaults).send({ link: this, src, dst, tcp, data, secure, id }, arrive);
  }

  drop(packet: Packet, reason: string, entity = this.from.host.name): void {
    if (this.kernel.trace === undefined) return;
    const body = { kind: 'packet.dropped', packet: packet.id, reason } as const;
    this.kernel.causedBy(packet.id, () => this.kernel.record(entity, body));
  }

  configure(changes: Partial<LinkProfile>): void {
    this.profile = { ...this.profile, ...changes };
  }

  partition(): void {
    this.cut = true;
  }

  heal(): void {
    this.cut = false;
  }

  hold(): void {
    this.held ??= [];
  }

  release(): void {
    const held = this.held ?? [];
    this.held = undefined;
    for (const { packet, deliver } of held) deliver(packet);
  }

  /** An arrived packet waits for the next one to overtake it, for a while. */
  letOvertake(packet: Packet): void {
    const timer = this.kernel.schedule(REORDER_WAIT_US, this.receiver, () => {
      this.#overtaken = this.#overtaken?.filter((late) => late.packet !== packet);
      this.to.receive(packet);
    });
    this.#overtaken = [...(this.#overtaken ?? []), { packet, timer }];
  }

  /** Hands over what {@link letOvertake} has kept. */
  releaseOvertaken(): void {
    while (this.#overtaken !== undefined) {
      const [late, ...rest] = this.#overtaken;
      this.#overtaken = rest.length > 0 ? rest : undefined;
      if (late === undefined) return;
      this.kernel.cancel(late.timer);
      this.to.receive(late.packet);
    }
  }

  /** A reset by a box in the network: a segment with RST to each end in the name of the other. */
  reset({ src, dst, tcp, data, secure }: Packet): void {
    if (tcp === undefined) return;
    const nothing = new Uint8Array(0);
    const { seq, ack } = tcp;
    this.transmit(src, dst, { seq, ack, flags: RST_ACK, window: 0 }, nothing, secure);
    const back = { seq: ack, ack: (seq + Math.max(1, data.length)) >>> 0, flags: RST_ACK, window: 0 };
    this.to.linkTo(src.ip)?.transmit(dst, src, back, nothing, secure);
  }

  #record(
    index: number,
    src: Endpoint,
    dst: Endpoint,
    tcp: TcpFields | undefined,
    data: Uint8Array,
    secure: boolean,
  ): number {
    const packet = {
      link: this.name,
      index,
      realm: this.from.realm,
      from: this.from.host.name,
      to: this.to.host.name,
      src,
      dst,
      protocol: tcp === undefined ? ('udp' as const) : ('tcp' as const),
      data,
      ...(tcp === undefined ? {} : { tcp }),
      ...(secure ? { secure } : {}),
    };
    return this.kernel.record(this.from.host.name, { kind: 'packet.sent', packet });
  }
}
