import type { Certificate } from '../../src/crypto/index.js';
import type { Host } from '../../src/network/index.js';
import { type Command, type Descriptor, descriptor, EVENT } from '../../src/wire/megaco/index.js';
import { CommandError } from './command-error.js';
import { type AllDrops, noDropsAtAll } from './drops.js';
import type { EimsAgwPolicy } from './policy.js';
import type { PortPool } from './port-pool.js';
import type { StreamEnd } from './stream-end.js';
import { Termination } from './termination.js';

/** What the gateway as a whole lends to its contexts. */
export interface GatewayResources {
  readonly host: Host;
  readonly policy: EimsAgwPolicy;
  /** Port pools by realm. */
  readonly ports: Readonly<Record<string, PortPool>>;
  readonly certificate: Certificate;
}

/** Tells the controller of an event, if it has asked for it. */
export type Report = (
  termination: Termination,
  event: string,
  parameters: readonly (readonly [name: string, value: string])[],
  stream?: number,
) => void;

/** The terminations of one context and the streams that join them. Obeys commands; the machine beside it keeps its life. */
export class MediaContext {
  readonly id: number;
  readonly #resources: GatewayResources;
  readonly #report: Report;
  readonly #terminations = new Map<string, Termination>();
  #terminationCount = 0;

  constructor(id: number, resources: GatewayResources, report: Report) {
    this.id = id;
    this.#resources = resources;
    this.#report = report;
  }

  get isEmpty(): boolean {
    return this.#terminations.size === 0;
  }

  /** Whether some stream lets media through in some direction. */
  get isOpen(): boolean {
    return this.#ends().some(
      (end) => end.peer !== undefined && end.mode !== 'Inactive' && end.peer.mode !== 'Inactive',
    );
  }

  /** Packets that were not passed on, by reason. */
  get drops(): AllDrops {
    const sum = noDropsAtAll();
    for (const end of this.#ends()) end.addDrops(sum);
    return sum;
  }

  /** RTP packets that came in and went out, for the terminations whose silence is to be told. */
  get heard(): number {
    let sum = 0;
    for (const termination of this.#terminations.values()) {
      const dir = termination.eventParameter(EVENT.silence, 'dir')?.toUpperCase();
      if (!termination.wants(EVENT.silence)) continue;
      for (const end of termination.streams.values()) {
        if (dir !== 'OUT') sum += end.reception.packets;
        if (dir !== 'IN') sum += end.sentPackets;
      }
    }
    return sum;
  }

  /** Shortest time after which something is to be told, in seconds: silence, or a heartbeat. 0 for never. */
  patienceS(event: string, parameter: string): number {
    let least = 0;
    for (const termination of this.#terminations.values()) {
      const seconds = Number(termination.eventParameter(event, parameter) ?? 0);
      if (seconds > 0 && (least === 0 || seconds < least)) least = seconds;
    }
    return least;
  }

  /** The terminations that want to be told of an event. */
  askers(event: string): Termination[] {
    return [...this.#terminations.values()].filter((termination) => termination.wants(event));
  }

  /**
   * Adds a termination: `ip/<realm>/$` (H.248.1 7.2.1).
   *
   * @throws CommandError when it cannot
   */
  add(command: Command): Command {
    const realm = /^ip\/([^/]+)\/\$$/.exec(command.terminationId)?.[1];
    const known = realm !== undefined && Object.hasOwn(this.#resources.ports, realm);
    if (!known) {
      if (this.#terminations.has(command.terminationId)) throw new CommandError(433, command.terminationId);
      throw new CommandError(430, `no interface for ${command.terminationId}`);
    }
    // a call has two sides (TS 23.334 8)
    if (this.#terminations.size >= 2) throw new CommandError(434, 'a context here has two terminations');
    const id = `ip/${realm}/${this.id}.${++this.#terminationCount}`;
    const termination = new Termination(id, realm, this.id, this.#resources, this.#report);
    this.#terminations.set(id, termination);
    try {
      return this.#apply(termination, command);
    } catch (error) {
      // what failed as a whole leaves nothing behind (H.248.1 7.2.1)
      this.#remove(termination);
      throw error;
    }
  }

  /** Changes a termination (H.248.1 7.2.2). */
  modify(command: Command): Command {
    return this.#apply(this.#termination(command.terminationId), command);
  }

  /** Takes a termination, or all of them, out; without an Audit descriptor statistics are told (H.248.1 7.2.3). */
  subtract(command: Command): Command[] {
    const audit = descriptor(command, 'Audit');
    const items = audit === undefined ? ['Statistics'] : audit.items;
    return this.#matching(command.terminationId).map((termination) => {
      const descriptors = termination.audit(items);
      this.#remove(termination);
      return { name: 'Subtract', terminationId: termination.id, descriptors };
    });
  }

  /** Tells of terminations what an audit asks for (H.248.1 7.2.5). */
  audit(command: Command): Command[] {
    const items = descriptor(command, 'Audit')?.items ?? [];
    return this.#matching(command.terminationId).map((termination) => ({
      name: command.name,
      terminationId: termination.id,
      descriptors: termination.audit(items),
    }));
  }

  /** Gives everything back. */
  close(): void {
    for (const termination of [...this.#terminations.values()]) this.#remove(termination);
  }

  #ends(): StreamEnd[] {
    return [...this.#terminations.values()].flatMap(({ streams }) => [...streams.values()]);
  }

  #matching(id: string): Termination[] {
    return id === '*' ? [...this.#terminations.values()] : [this.#termination(id)];
  }

  #termination(id: string): Termination {
    const termination = this.#terminations.get(id);
    if (termination === undefined) throw new CommandError(430, `unknown termination ${id}`);
    return termination;
  }

  #remove(termination: Termination): void {
    this.#terminations.delete(termination.id);
    termination.close();
  }

  #apply(termination: Termination, command: Command): Command {
    const streams = termination.apply(command);
    this.#join(termination);
    const told: Descriptor[] = streams.length === 0 ? [] : [{ kind: 'Media', streams, raw: [] }];
    return { name: command.name, terminationId: termination.id, descriptors: told };
  }

  /** Streams of equal number on the two terminations are connected (H.248.1 7.1.6); both ends are composed anew. */
  #join(termination: Termination): void {
    for (const [number, end] of termination.streams) {
      if (end.peer === undefined) {
        for (const other of this.#terminations.values()) {
          const peer = other === termination ? undefined : other.streams.get(number);
          if (peer === undefined) continue;
          end.peer = peer;
          peer.peer = end;
        }
      }
      end.install();
      end.peer?.install();
    }
  }
}
