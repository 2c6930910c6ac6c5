import type { TraceBody, TraceEvent, TraceEventOf, TraceKind } from './event.js';

/** What a host is, for the lifelines of a diagram and the names in a capture. */
export interface HostRecord {
  readonly name: string;
  /** Functional entity, such as `WIC` or `eP-CSCF`. */
  readonly role: string;
  /** Address by realm. */
  readonly addresses: Readonly<Record<string, string>>;
  /** DNS name, where the host has one. */
  readonly domain?: string;
}

/** The event log of one run. Diagrams, captures, coverage and monitors read it and nothing else. */
export class Trace {
  readonly hosts: HostRecord[] = [];
  readonly events: TraceEvent[] = [];
  readonly #listeners: ((event: TraceEvent) => void)[] = [];

  /**
   * Appends an event.
   *
   * @returns the id of the new event
   */
  append(at: number, cause: number, entity: string, body: TraceBody): number {
    const event: TraceEvent = { id: this.events.length + 1, at, cause, entity, body };
    this.events.push(event);
    for (const listener of this.#listeners) listener(event);
    return event.id;
  }

  /** Calls `listener` for every event from now on, as it happens. */
  subscribe(listener: (event: TraceEvent) => void): void {
    this.#listeners.push(listener);
  }

  /** The event with that id, if there is one. */
  event(id: number): TraceEvent | undefined {
    return this.events[id - 1];
  }

  /** All events of one kind, in order. */
  of<K extends TraceKind>(kind: K): TraceEventOf<K>[] {
    return this.events.filter((event): event is TraceEventOf<K> => event.body.kind === kind);
  }
}
