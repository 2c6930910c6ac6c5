import type { Timer } from '../kernel/index.js';
import type { Deliver, Link, LinkContext } from './link.js';
import type { LinkProfile } from './link-profile.js';
import type { Packet } from './packet.js';
import { RST } from './tcp-flags.js';

/** What can happen to a datagram, in the order of the choice's options. */
export const UDP_FAULTS = ['deliver', 'drop', 'duplicate', 'delay', 'reorder', 'corrupt'] as const;

/** What can happen to a TCP segment, in the order of the choice's options. */
export const TCP_FAULTS = ['deliver', 'drop', 'duplicate', 'delay', 'reorder', 'reset'] as const;

/** How long the fault `delay` holds a packet up, in microseconds. */
export const FAULT_DELAY_US = 300_000;

/** How long the fault `reorder` waits for a packet that overtakes, in microseconds. */
export const REORDER_WAIT_US = 50_000;

interface Overtaken {
  readonly packet: Packet;
  readonly timer: Timer;
}

/** Asks the kernel once a packet what becomes of it, so that the choice's index is the packet's on this link. */
export class FaultLink implements Link {
  readonly name: string;
  readonly #inner: Link;
  readonly #context: LinkContext;
  readonly #reset: (packet: Packet) => void;
  #weightsOf: LinkProfile | undefined;
  #udpWeights: readonly number[] | undefined;
  #tcpWeights: readonly number[] | undefined;
  #deliver: Deliver | undefined;
  #arrived: Deliver = () => {};
  /** Packets that have arrived and wait to be overtaken. */
  #overtaken: Overtaken[] = [];

  /** @param reset tells both ends of a TCP connection that it is reset */
  constructor(inner: Link, context: LinkContext, reset: (packet: Packet) => void) {
    this.name = inner.name;
    this.#inner = inner;
    this.#context = context;
    this.#reset = reset;
  }

  send(packet: Packet, deliver: Deliver): void {
    const { kernel, profile } = this.#context;
    if (deliver !== this.#deliver) this.#deliverWith(deliver);
    if (profile !== this.#weightsOf) this.#weigh(profile);
    const options = packet.tcp === undefined ? UDP_FAULTS : TCP_FAULTS;
    const weights = packet.tcp === undefined ? this.#udpWeights : this.#tcpWeights;
    const choice = kernel.choose(this.name, options, weights);
    if (choice === 0) this.#inner.send(packet, this.#arrived);
    else this.#fault(options[choice] as (typeof options)[number], packet);
  }

  #fault(fault: (typeof UDP_FAULTS)[number] | (typeof TCP_FAULTS)[number], packet: Packet): void {
    const { kernel, receiver } = this.#context;
    switch (fault) {
      case 'drop':
        this.#context.drop(packet, 'fault');
        return;
      case 'duplicate':
        this.#pass(packet);
        this.#pass(packet);
        return;
      case 'delay':
        kernel.schedule(FAULT_DELAY_US, receiver, () => this.#pass(packet));
        return;
      case 'reorder':
        this.#inner.send(packet, (late) => this.#letOvertake(late));
        return;
      case 'corrupt':
        this.#pass(this.#corrupted(packet));
        return;
      case 'reset':
        if (((packet.tcp?.flags ?? 0) & RST) !== 0) {
          this.#pass(packet);
          return;
        }
        this.#context.drop(packet, 'reset');
        this.#reset(packet);
        return;
      default:
        this.#pass(packet);
    }
  }

  #pass(packet: Packet): void {
    this.#inner.send(packet, this.#arrived);
  }

  #deliverWith(deliver: Deliver): void {
    this.#deliver = deliver;
    this.#arrived = (packet) => {
      deliver(packet);
      for (let late = this.#overtaken.shift(); late !== undefined; late = this.#overtaken.shift()) {
        this.#context.kernel.cancel(late.timer);
        deliver(late.packet);
      }
    };
  }

  #letOvertake(packet: Packet): void {
    const { kernel, receiver } = this.#context;
    const timer = kernel.schedule(REORDER_WAIT_US, receiver, () => {
      this.#overtaken = this.#overtaken.filter((late) => late.packet !== packet);
      this.#deliver?.(packet);
    });
    this.#overtaken.push({ packet, timer });
  }

  #corrupted(packet: Packet): Packet {
    if (packet.data.length === 0) return packet;
    const random = this.#context.kernel.random(`${this.name} corruption`);
    const data = packet.data.slice();
    const at = random.below(data.length);
    data[at] = (data[at] as number) ^ (1 + random.below(255));
    return { ...packet, data };
  }

  #weigh(profile: LinkProfile): void {
    const { loss, duplication, reordering, corruption } = profile;
    const sum = loss + duplication + reordering + corruption;
    this.#weightsOf = profile;
    const none = sum === 0;
    const well = Math.max(0, 1 - sum);
    this.#udpWeights = none ? undefined : [well, loss, duplication, 0, reordering, corruption];
    // A corrupt segment fails its checksum and is lost (RFC 9293 3.1).
    this.#tcpWeights = none ? undefined : [well, loss + corruption, duplication, 0, reordering, 0];
  }
}
