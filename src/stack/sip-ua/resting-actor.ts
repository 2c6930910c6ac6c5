import type { AnyActorRef, AnyStateMachine, EventObject } from 'xstate';
import type { Host } from '../../network/index.js';

/** What the machine of a {@link RestingActor} starts from. */
export interface RestingInput {
  /** State to start in. */
  readonly from: string;
  readonly t1Ms: number;
}

/**
 * A machine that exists only while something happens. An XState actor takes about 5 kB, which is much for a subscription
 * that waits for days: between events its state is a word, and the next event starts the machine in that state again.
 *
 * The machine has no delays in the states that rest, and nothing in its context but its input.
 */
export class RestingActor<TEvent extends EventObject> {
  readonly #host: Host;
  readonly #machine: AnyStateMachine;
  readonly #number: number;
  readonly #port: { readonly t1Ms: number };
  readonly #rests: readonly string[];
  #state: string;
  #actor: AnyActorRef | undefined;
  #depth = 0;

  /**
   * @param port port of the machine
   * @param from state to start in; entered at once unless it is one of `rests`
   * @param rests states in which the machine may be put away
   */
  constructor(
    host: Host,
    machine: AnyStateMachine,
    port: { readonly t1Ms: number },
    from: string,
    rests: readonly string[],
  ) {
    this.#number = host.nextNumber(machine.id);
    this.#host = host;
    this.#machine = machine;
    this.#port = port;
    this.#rests = rests;
    this.#state = from;
    if (!rests.includes(from)) this.#wake();
  }

  /** Name in the trace, unique on its host; put together only when it is wanted. */
  get id(): string {
    return `${this.#machine.id}/${this.#number}`;
  }

  get state(): string {
    return this.#actor === undefined ? this.#state : String(this.#actor.getSnapshot().value);
  }

  get over(): boolean {
    return this.state === 'terminated';
  }

  send(event: TEvent): void {
    if (this.over) return;
    this.#depth++;
    this.#wake().send(event);
    this.#depth--;
    if (this.#depth === 0) this.#rest();
  }

  #wake(): AnyActorRef {
    if (this.#actor !== undefined) return this.#actor;
    const input: RestingInput = { from: this.#state, t1Ms: this.#port.t1Ms };
    const actor: AnyActorRef = this.#host.spawn(this.#machine, { id: this.id, input, port: this.#port });
    this.#actor = actor;
    return actor;
  }

  #rest(): void {
    const { state } = this;
    if (this.#actor === undefined || !(state === 'terminated' || this.#rests.includes(state))) return;
    this.#actor.stop?.();
    this.#actor = undefined;
    this.#state = state;
  }
}
