import type { Deliver, Link } from './link.js';
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

/** How likely each fault is, in the order of the options; absent where only tapes have faults. */
interface Weights {
  readonly udp: readonly number[] | undefined;
  readonly tcp: readonly number[] | undefined;
}

/** Asks the kernel once a packet what becomes of it, so that the choice's index is the packet's on its link. */
export class FaultLink implements Link {
  readonly #inner: Link;
  readonly #weights = new WeakMap<LinkProfile, Weights>();

  constructor(inner: Link) {
    this.#inner = inner;
  }

  send(packet: Packet, deliver: Deliver): void {
    const { link, tcp } = packet;
    const { udp: udpWeights, tcp: tcpWeights } = this.#weightsOf(link.profile);
    const options = tcp === undefined ? UDP_FAULTS : TCP_FAULTS;
    const choice = link.kernel.choose(link.name, options, tcp === undefined ? udpWeights : tcpWeights);
    if (choice === 0) this.#inner.send(packet, deliver);
    else this.#fault(options[choice] as (typeof options)[number], packet, deliver);
  }

  #fault(
    fault: (typeof UDP_FAULTS)[number] | (typeof TCP_FAULTS)[number],
    packet: Packet,
    deliver: Deliver,
  ): void {
    const { link } = packet;
    switch (fault) {
      case 'drop':
        link.drop(packet, 'fault');
        return;
      case 'duplicate':
        this.#inner.send(packet, deliver);
        this.#inner.send(packet, deliver);
        return;
      case 'delay':
        link.kernel.schedule(FAULT_DELAY_US, link.receiver, () => this.#inner.send(packet, deliver));
        return;
      case 'reorder':
        this.#inner.send(packet, (late) => link.letOvertake(late));
        return;
      case 'corrupt':
        this.#inner.send(corrupted(packet), deliver);
        return;
      case 'reset':
        if (((packet.tcp?.flags ?? 0) & RST) !== 0) {
          this.#inner.send(packet, deliver);
          return;
        }
        link.drop(packet, 'reset');
        link.reset(packet);
        return;
      default:
        this.#inner.send(packet, deliver);
    }
  }

  #weightsOf(profile: LinkProfile): Weights {
    let weights = this.#weights.get(profile);
    if (weights === undefined) this.#weights.set(profile, (weights = weightsOf(profile)));
    return weights;
  }
}

function weightsOf({ loss, duplication, reordering, corruption }: LinkProfile): Weights {
  const sum = loss + duplication + reordering + corruption;
  if (sum === 0) return { udp: undefined, tcp: undefined };
  const well = Math.max(0, 1 - sum);
  return {
    udp: [well, loss, duplication, 0, reordering, corruption],
    // A corrupt segment fails its checksum and is lost (RFC 9293 3.1).
    tcp: [well, loss + corruption, duplication, 0, reordering, 0],
  };
}

function corrupted(packet: Packet): Packet {
  if (packet.data.length === 0) return packet;
  const { kernel, name } = packet.link;
  const random = kernel.random(`${name} corruption`);
  const data = packet.data.slice();
  const at = random.below(data.length);
  data[at] = (data[at] as number) ^ (1 + random.below(255));
  return { ...packet, data };
}
