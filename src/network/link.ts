import type { Kernel } from '../kernel/index.js';
import type { LinkProfile } from './link-profile.js';
import { ipHeaderBytes } from './link-profile.js';
import type { Packet } from './packet.js';

/** Takes a packet that has arrived. */
export type Deliver = (packet: Packet) => void;

/** One way from a host to another. The wrappers of this file and of `fault-link.ts` are put round one another. */
export interface Link {
  readonly name: string;
  /** Carries the packet; calls `deliver` when it arrives, which may be never, later, or more than once. */
  send(packet: Packet, deliver: Deliver): void;
}

/** What the wrappers of one link have in common. */
export interface LinkContext {
  readonly name: string;
  readonly kernel: Kernel;
  /** Name of the host on whose behalf arrivals run. */
  readonly receiver: string;
  /** As it is now; it may change during a run. */
  readonly profile: LinkProfile;
  /** Puts the loss of a packet into the trace, by default where it was sent. */
  drop(packet: Packet, reason: string, entity?: string): void;
}

/** The end of the line: whatever is sent has arrived. */
export class WireEnd implements Link {
  readonly name: string;

  constructor(name: string) {
    this.name = name;
  }

  send(packet: Packet, deliver: Deliver): void {
    deliver(packet);
  }
}

/** Drops everything while it is cut. */
export class PartitionLink implements Link {
  readonly name: string;
  cut = false;
  readonly #inner: Link;
  readonly #context: LinkContext;

  constructor(inner: Link, context: LinkContext) {
    this.name = inner.name;
    this.#inner = inner;
    this.#context = context;
  }

  send(packet: Packet, deliver: Deliver): void {
    if (this.cut) this.#context.drop(packet, 'partition');
    else this.#inner.send(packet, deliver);
  }
}

/** Drops datagrams that do not fit; IP fragmentation is not simulated. TCP cuts its segments to fit. */
export class MtuLink implements Link {
  readonly name: string;
  readonly #inner: Link;
  readonly #context: LinkContext;

  constructor(inner: Link, context: LinkContext) {
    this.name = inner.name;
    this.#inner = inner;
    this.#context = context;
  }

  send(packet: Packet, deliver: Deliver): void {
    if (packet.tcp === undefined && packetBytes(packet) > this.#context.profile.mtu) {
      this.#context.drop(packet, 'mtu');
    } else this.#inner.send(packet, deliver);
  }
}

/** Sends one packet after the other at the link's bandwidth; a full queue drops what comes last. */
export class BandwidthLink implements Link {
  readonly name: string;
  readonly #inner: Link;
  readonly #context: LinkContext;
  /** When the last packet in the queue will have been sent, in microseconds. */
  #freeAt = 0;

  constructor(inner: Link, context: LinkContext) {
    this.name = inner.name;
    this.#inner = inner;
    this.#context = context;
  }

  send(packet: Packet, deliver: Deliver): void {
    const { kernel, profile, receiver } = this.#context;
    if (profile.bandwidthBps === 0) {
      this.#inner.send(packet, deliver);
      return;
    }
    const bytes = packetBytes(packet);
    const backlogUs = Math.max(0, this.#freeAt - kernel.now);
    const backlogBytes = (backlogUs * profile.bandwidthBps) / 8e6;
    if (backlogBytes + bytes > profile.queueBytes) {
      this.#context.drop(packet, 'queue full');
      return;
    }
    const doneUs = backlogUs + Math.ceil((bytes * 8e6) / profile.bandwidthBps);
    this.#freeAt = kernel.now + doneUs;
    kernel.schedule(doneUs, receiver, () => this.#inner.send(packet, deliver));
  }
}

/** Delays packets by latency and jitter and keeps their order. */
export class LatencyLink implements Link {
  readonly name: string;
  readonly #inner: Link;
  readonly #context: LinkContext;
  #lastArrival = 0;

  constructor(inner: Link, context: LinkContext) {
    this.name = inner.name;
    this.#inner = inner;
    this.#context = context;
  }

  send(packet: Packet, deliver: Deliver): void {
    const { kernel, profile, receiver } = this.#context;
    let delayUs = profile.latencyUs;
    if (profile.jitterUs > 0) delayUs += kernel.random(`${this.name} jitter`).below(profile.jitterUs + 1);
    const arrival = Math.max(kernel.now + delayUs, this.#lastArrival);
    this.#lastArrival = arrival;
    kernel.schedule(arrival - kernel.now, receiver, () => this.#inner.send(packet, deliver));
  }
}

/** Keeps arriving packets back while it holds, and lets them go in order. */
export class HoldLink implements Link {
  readonly name: string;
  readonly #inner: Link;
  #held: { readonly packet: Packet; readonly deliver: Deliver }[] | undefined;

  constructor(inner: Link) {
    this.name = inner.name;
    this.#inner = inner;
  }

  get holds(): boolean {
    return this.#held !== undefined;
  }

  send(packet: Packet, deliver: Deliver): void {
    if (this.#held === undefined) this.#inner.send(packet, deliver);
    else this.#held.push({ packet, deliver });
  }

  hold(): void {
    this.#held ??= [];
  }

  release(): void {
    const held = this.#held ?? [];
    this.#held = undefined;
    for (const { packet, deliver } of held) this.#inner.send(packet, deliver);
  }
}

/** Length of the IP packet in bytes: header of UDP (RFC 768) or of TCP without options (RFC 9293 3.1). */
export function packetBytes(packet: Packet): number {
  return ipHeaderBytes(packet.dst.ip) + (packet.tcp === undefined ? 8 : 20) + packet.data.length;
}
