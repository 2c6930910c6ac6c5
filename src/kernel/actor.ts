import {
  type ActorRefFrom,
  type AnyActorLogic,
  type AnyActorRef,
  type AnyMachineSnapshot,
  type AnyStateNode,
  createActor,
  type EventObject,
  fromTransition,
  type InputFrom,
  type InspectionEvent,
  StateMachine,
} from 'xstate';
import type { Timer } from './event-queue.js';
import { quicken } from './flat-machine.js';
import { describeError, type Kernel } from './kernel.js';

/** Eventless transitions a machine may take in a row before it counts as stuck. */
const MOST_MICROSTEPS = 1000;

/** How an actor is hosted. */
export interface SpawnOptions<TLogic extends AnyActorLogic> {
  /** Name of the actor in the trace, such as `call/3`; unique on its host. */
  readonly id: string;
  readonly input?: InputFrom<TLogic>;
  /**
   * The plain object beside the machine that holds what is not JSON: sockets, buffers, callbacks. Actions reach it
   * with {@link portOf}; it is not there yet while the initial context is computed.
   */
  readonly port?: object;
  /** Called once when the machine reaches a final state. */
  readonly onDone?: () => void;
}

const NO_TIMERS: readonly (readonly [id: string, timer: Timer])[] = [];

/** What the kernel keeps with an actor; it also observes its end. One object, since there are many actors. */
class Hosted {
  readonly kernel: Kernel;
  readonly entity: string;
  readonly id: string;
  readonly port: object | undefined;
  readonly #onDone: (() => void) | undefined;
  /** Timers that run, by the ids of their delays; most machines never have more than two. */
  timers = NO_TIMERS;

  constructor(kernel: Kernel, entity: string, { id, port, onDone }: SpawnOptions<AnyActorLogic>) {
    this.kernel = kernel;
    this.entity = entity;
    this.id = id;
    this.port = port;
    this.#onDone = onDone;
  }

  /** A function of its own, since XState takes it off the observer before it calls it. */
  readonly error = (thrown: unknown): void => {
    this.kernel.fail(this.entity, describeError(thrown), { handling: this.id, thrown });
  };

  complete(): void {
    try {
      this.#onDone?.();
    } catch (thrown) {
      // XState would hand it to a timer of the machine
      this.error(thrown);
    }
  }
}

/** Where an actor's {@link Hosted} is: a property costs less than an entry in a table of all actors. */
const HOSTED = Symbol('hosted');

/** An actor with what the kernel keeps on it, and with the parts of XState's that spare a closure or two an actor. */
type HostedRef = AnyActorRef & { [HOSTED]: Hosted; _parent?: unknown; readonly observers: Set<Hosted> };

/** The plain object beside the machine of `self`, as given to {@link spawn}. */
export function portOf<T extends object>(self: AnyActorRef): T {
  const port = (self as Partial<HostedRef>)[HOSTED]?.port;
  if (port === undefined) throw new Error(`actor ${self.id} has no port`);
  return port as T;
}

/**
 * Starts a machine on the kernel's clock. An error in any of its actions fails the run at once; with a trace on,
 * its transitions, the requirements in their `meta`, and events that no state handles are recorded.
 *
 * Actors are hosted side by side rather than as XState children, because an XState parent copies the table of its
 * children at every spawn, which is quadratic in the number of calls. They share the actor system of their host.
 *
 * @param entity the host it runs on
 */
export function spawn<TLogic extends AnyActorLogic>(
  kernel: Kernel,
  entity: string,
  logic: TLogic,
  options: SpawnOptions<TLogic>,
): ActorRefFrom<TLogic> {
  if (logic instanceof StateMachine && logic.options.maxIterations === Number.POSITIVE_INFINITY) {
    logic.options.maxIterations = MOST_MICROSTEPS;
    quicken(logic);
  }
  const actor = createActor(logic as AnyActorLogic, {
    id: options.id,
    input: options.input,
    parent: hostActor(kernel, entity),
  }) as AnyActorRef as HostedRef;
  // from here on it is its own root: nobody above it hears of its end, and it may be stopped
  actor._parent = undefined;
  const hosted = new Hosted(kernel, entity, options as SpawnOptions<AnyActorLogic>);
  actor[HOSTED] = hosted;
  actor.observers.add(hosted);
  actor.start();
  return actor as ActorRefFrom<TLogic>;
}

/** Where a kernel's host actors are: a weak table would keep them through the collections of young garbage. */
const HOST_ACTORS = Symbol('host actors');

type HostingKernel = Kernel & { [HOST_ACTORS]?: Map<string, AnyActorRef> };

/**
 * The actor whose system machines share: a system takes as long to make as an actor. One a host where the inspector has
 * to know whose step it sees, else one for all.
 */
function hostActor(kernel: Kernel, entity: string): AnyActorRef {
  const ofKernel = ((kernel as HostingKernel)[HOST_ACTORS] ??= new Map());
  const key = kernel.trace === undefined ? '' : entity;
  let actor = ofKernel.get(key);
  if (actor === undefined) {
    actor = createActor(
      fromTransition((state: null) => state, null),
      kernel.trace === undefined ? {} : { inspect: inspector(kernel, entity) },
    ) as AnyActorRef;
    actor.system.scheduler = scheduler;
    ofKernel.set(key, actor);
  }
  return actor;
}

/**
 * XState's scheduler on the kernel's virtual time. Its own keeps the timers of a system in one object, which takes a
 * look at each of them whenever an actor ends.
 */
const scheduler: AnyActorRef['system']['scheduler'] = {
  schedule(source: AnyActorRef, target: AnyActorRef, event: EventObject, delayMs: number, id = ''): void {
    const hosted = (source as HostedRef)[HOSTED];
    const { kernel, entity } = hosted;
    const afterUs = Math.round(delayMs * 1000);
    const run = (): void => {
      forget(hosted, id);
      target.send(event);
    };
    const timer = kernel.schedule(
      afterUs,
      entity,
      kernel.trace === undefined ? run : () => kernel.recordAndRun(entity, { kind: 'timer', afterUs }, run),
    );
    const entry = [id, timer] as const;
    hosted.timers = hosted.timers === NO_TIMERS ? [entry] : [...hosted.timers, entry];
  },

  cancel(source: AnyActorRef, id: string): void {
    const hosted = (source as HostedRef)[HOSTED];
    const found = hosted.timers.findLast(([name]) => name === id);
    if (found === undefined) return;
    hosted.kernel.cancel(found[1]);
    forget(hosted, id);
  },

  cancelAll(actor: AnyActorRef): void {
    const hosted = (actor as HostedRef)[HOSTED];
    for (const [, timer] of hosted.timers) hosted.kernel.cancel(timer);
    hosted.timers = NO_TIMERS;
  },
};

function forget(hosted: Hosted, id: string): void {
  const { timers } = hosted;
  hosted.timers =
    timers.length === 1 && timers[0]?.[0] === id ? NO_TIMERS : timers.filter(([name]) => name !== id);
}

interface Metadata {
  readonly requirements?: readonly string[];
}

/** Writes what an actor's steps show into the trace. */
function inspector(kernel: Kernel, entity: string): (event: InspectionEvent) => void {
  const seen = new WeakMap<object, { state: string; nodes: readonly AnyStateNode[] }>();
  return (inspection) => {
    const initial = inspection.type === '@xstate.snapshot' && inspection.event.type === INIT;
    if (!initial && inspection.type !== '@xstate.microstep') return;
    const snapshot = inspection.snapshot as AnyMachineSnapshot;
    if (snapshot._nodes === undefined) return;
    const { type } = inspection.event;
    const machine = snapshot.machine.id;
    const ref = inspection.actorRef as AnyActorRef;
    const actor = ref.id;
    let last = seen.get(ref);
    if (last === undefined) seen.set(ref, (last = { state: '', nodes: [] }));
    const { state, nodes } = last;
    const transitions = inspection.type === '@xstate.microstep' ? inspection._transitions : [];
    const next = stateName(snapshot.value);
    if (!initial && transitions.length === 0) {
      if (!type.startsWith('xstate.'))
        kernel.record(entity, { kind: 'unexpected', machine, actor, state: next, event: type });
      return;
    }
    if (next !== state)
      kernel.record(entity, { kind: 'state', machine, actor, from: state, to: next, event: type });
    const ids: string[] = [];
    for (const transition of transitions) collect(transition.meta as Metadata | undefined, ids);
    for (const node of snapshot._nodes)
      if (!nodes.includes(node)) collect(node.meta as Metadata | undefined, ids);
    if (ids.length > 0) kernel.record(entity, { kind: 'requirement', ids });
    last.state = next;
    last.nodes = snapshot._nodes;
  };
}

/** The event XState starts a machine with; its initial state shows in a snapshot, not in a microstep. */
const INIT = 'xstate.init';

function collect(meta: Metadata | undefined, ids: string[]): void {
  for (const id of meta?.requirements ?? []) if (!ids.includes(id)) ids.push(id);
}

/** A state value as text: `registered.idle`, parallel regions joined by `+`. */
export function stateName(value: unknown): string {
  if (typeof value === 'string') return value;
  return Object.entries(value as Record<string, unknown>)
    .map(([key, inner]) => {
      const rest = stateName(inner);
      return rest === '' ? key : `${key}.${rest}`;
    })
    .join('+');
}
