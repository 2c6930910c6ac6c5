import type { Kernel } from '../kernel/index.js';
import type { LinkProfile } from './link-profile.js';
import { ipHeaderBytes } from './link-profile.js';
import type { Packet } from './packet.js';

/** Takes a packet that has arrived. */
export type Deliver = (packet: Packet) => void;

/**
 * One way from a host to another. The wrappers of this file and of `fault-link.ts` are put round one another, and serve all
 * links at once: what they remember of the link of a packet stands in its {@link LinkState}, since a network of ten
 * thousand hosts has a hundred thousand links.
 */
export interface Link {
  /** Carries the packet; calls `deliver` when it arrives, which may be never, later, or more than once. */
  send(packet: Packet, deliver: Deliver): void;
}

/** What the wrappers know and remember of one link. */
export interface LinkState {
  readonly name: string;
  readonly kernel: Kernel;
  /** Name of the host on whose behalf arrivals run. */
  readonly receiver: string;
  /** As it is now; it may change during a run. */
  readonly profile: LinkProfile;
  /** Whether everything is dropped. */
  cut: boolean;
  /** When the last packet in the queue will have been sent, in microseconds. */
  freeAt: number;
  /** When the packet sent last arrives, in microseconds. */
  lastArrival: number;
  /** Packets that have arrived and are kept back; absent while none are to be. */
  held: HeldPacket[] | undefined;
  /** Puts the loss of a packet into the trace, by default where it was sent. */
  drop(packet: Packet, reason: string, entity?: string): void;
}

/** A packet that is kept back, and how it goes on. */
export interface HeldPacket {
  readonly packet: Packet;
  readonly deliver: Deliver;
}

/** The end of the line: whatever is sent has arrived, unless arriving packets are kept back. */
export const wireEnd: Link = {
  send(packet, deliver) {
    const { held } = packet.link;
    if (held === undefined) deliver(packet);
    else held.push({ packet, deliver });
  },
};

/** Drops everything while the link is cut. */
export class PartitionLink implements Link {
  readonly #inner: Link;

  constructor(inner: Link) {
    this.#inner = inner;
  }

  send(packet: Packet, deliver: Deliver): void {
    const { link } = packet;
    if (link.cut) link.drop(packet, 'partition');
    else this.#inner.send(packet, deliver);
  }
}

/** Drops datagrams that do not fit; IP fragmentation is not simulated. TCP cuts its segments to fit. */
export class MtuLink implements Link {
  readonly #inner: Link;

  constructor(inner: Link) {
    this.#inner = inner;
  }

  send(packet: Packet, deliver: Deliver): void {
    const { link } = packet;
    if (packet.tcp === undefined && packetBytes(packet) > link.profile.mtu) link.drop(packet, 'mtu');
    else this.#inner.send(packet, deliver);
  }
}

/** Sends one packet after the other at the link's bandwidth; a full queue drops what comes last. */
export class BandwidthLink implements Link {
  readonly #inner: Link;

  constructor(inner: Link) {
    this.#inner = inner;
  }

  send(packet: Packet, deliver: Deliver): void {
    const { link } = packet;
    const { kernel, profile, receiver } = link;
    if (profile.bandwidthBps === 0) {
      this.#inner.send(packet, deliver);
      return;
    }
    const bytes = packetBytes(packet);
    const backlogUs = Math.max(0, link.freeAt - kernel.now);
    const backlogBytes = (backlogUs * profile.bandwidthBps) / 8e6;
    if (backlogBytes + bytes > profile.queueBytes) {
      link.drop(packet, 'queue full');
      return;
    }
    const doneUs = backlogUs + Math.ceil((bytes * 8e6) / profile.bandwidthBps);
    link.freeAt = kernel.now + doneUs;
    kernel.schedule(doneUs, receiver, () => this.#inner.send(packet, deliver));
  }
}

/** Delays packets by latency and jitter and keeps their order. */
export class LatencyLink implements Link {
  readonly #inner: Link;

  constructor(inner: Link) {
    this.#inner = inner;
  }

  send(packet: Packet, deliver: Deliver): void {
    const { link } = packet;
    const { kernel, profile, receiver } = link;
    let delayUs = profile.latencyUs;
    if (profile.jitterUs > 0) delayUs += kernel.random(`${link.name} jitter`).below(profile.jitterUs + 1);
    const arrival = Math.max(kernel.now + delayUs, link.lastArrival);
    link.lastArrival = arrival;
    kernel.schedule(arrival - kernel.now, receiver, () => this.#inner.send(packet, deliver));
  }
}

/** Length of the IP packet in bytes: header of UDP (RFC 768) or of TCP without options (RFC 9293 3.1). */
export function packetBytes(packet: Packet): number {
  return ipHeaderBytes(packet.dst.ip) + (packet.tcp === undefined ? 8 : 20) + packet.data.length;
}
