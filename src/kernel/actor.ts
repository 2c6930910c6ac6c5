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

/** What the kernel keeps with an actor. */
interface Hosted {
  readonly port: object | undefined;
  /** Timers that run, by the ids of their delays; most machines never have more than two. */
  timers: readonly (readonly [id: string, timer: Timer])[];
}

/** Where an actor's {@link Hosted} is: a property costs less than an entry in a table of all actors. */
const HOSTED = Symbol('hosted');

type HostedRef = AnyActorRef & { [HOSTED]?: Hosted };

function hostedOf(actor: HostedRef): Hosted {
  return (actor[HOSTED] ??= { port: undefined, timers: NO_TIMERS });
}

const NO_TIMERS: Hosted['timers'] = [];

/** The plain object beside the machine of `self`, as given to {@link spawn}. */
export function portOf<T extends object>(self: AnyActorRef): T {
  const port = (self as HostedRef)[HOSTED]?.port;
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
  const { id, port, onDone } = options;
  const actor: HostedRef & { _parent?: unknown } = createActor(logic as AnyActorLogic, {
    id,
    input: options.input,
    parent: hostActor(kernel, entity),
  });
  // from here on it is its own root: nobody above it hears of its end, and it may be stopped
  actor._parent = undefined;
  actor[HOSTED] = { port, timers: NO_TIMERS };
  actor.subscribe({
    error: (thrown) => kernel.fail(entity, describeError(thrown), { handling: id, thrown }),
    ...(onDone === undefined ? {} : { complete: () => guarded(kernel, entity, id, onDone) }),
  });
  actor.start();
  return actor as ActorRefFrom<TLogic>;
}

/** Runs a callback whose error XState would hand to a timer of the machine. */
function guarded(kernel: Kernel, entity: string, id: string, run: () => void): void {
  try {
    run();
  } catch (thrown) {
    kernel.fail(entity, describeError(thrown), { handling: id, thrown });
  }
}

/** Where a kernel's host actors are: a weak table would keep them through the collections of young garbage. */
const HOST_ACTORS = Symbol('host actors');

type HostingKernel = Kernel & { [HOST_ACTORS]?: Map<string, AnyActorRef> };

/** The actor whose system the machines of a host share: a system takes as long to make as an actor. */
function hostActor(kernel: Kernel, entity: string): AnyActorRef {
  const ofKernel = ((kernel as HostingKernel)[HOST_ACTORS] ??= new Map());
  let actor = ofKernel.get(entity);
  if (actor === undefined) {
    actor = createActor(
      fromTransition((state: null) => state, null),
      kernel.trace === undefined ? {} : { inspect: inspector(kernel, entity) },
    ) as AnyActorRef;
    actor.system.scheduler = new KernelScheduler(kernel, entity);
    ofKernel.set(entity, actor);
  }
  return actor;
}

type Scheduler = AnyActorRef['system']['scheduler'];

/**
 * XState's scheduler on the kernel's virtual time. Its own keeps the timers of a system in one object, which takes a
 * look at each of them whenever an actor ends.
 */
class KernelScheduler implements Scheduler {
  readonly #kernel: Kernel;
  readonly #entity: string;

  constructor(kernel: Kernel, entity: string) {
    this.#kernel = kernel;
    this.#entity = entity;
  }

  schedule(source: HostedRef, target: AnyActorRef, event: EventObject, delayMs: number, id = ''): void {
    const kernel = this.#kernel;
    const entity = this.#entity;
    const afterUs = Math.round(delayMs * 1000);
    const hosted = hostedOf(source);
    const run = (): void => {
      forget(hosted, id);
      target.send(event);
    };
    const timer = kernel.schedule(
      afterUs,
      entity,
      kernel.trace === undefined ? run : () => kernel.recordAndRun(entity, { kind: 'timer', afterUs }, run),
    );
    hosted.timers = [...hosted.timers, [id, timer]];
  }

  cancel(source: HostedRef, id: string): void {
    const hosted = hostedOf(source);
    const found = hosted.timers.findLast(([name]) => name === id);
    if (found === undefined) return;
    this.#kernel.cancel(found[1]);
    forget(hosted, id);
  }

  cancelAll(actor: HostedRef): void {
    const hosted = hostedOf(actor);
    for (const [, timer] of hosted.timers) this.#kernel.cancel(timer);
    hosted.timers = NO_TIMERS;
  }
}

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
