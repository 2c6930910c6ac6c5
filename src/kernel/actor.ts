import {
  type ActorRefFrom,
  type AnyActorLogic,
  type AnyActorRef,
  type AnyMachineSnapshot,
  type AnyStateNode,
  createActor,
  type InputFrom,
  type InspectionEvent,
  StateMachine,
} from 'xstate';
import type { Timer } from './event-queue.js';
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

const ports = new WeakMap<AnyActorRef, object>();

/** The plain object beside the machine of `self`, as given to {@link spawn}. */
export function portOf<T extends object>(self: AnyActorRef): T {
  const port = ports.get(self);
  if (port === undefined) throw new Error(`actor ${self.id} has no port`);
  return port as T;
}

/**
 * Starts a machine on the kernel's clock. An error in any of its actions fails the run at once; with a trace on,
 * its transitions, the requirements in their `meta`, and events that no state handles are recorded.
 *
 * Actors are hosted side by side rather than as XState children, because an XState parent copies the table of its
 * children at every spawn, which is quadratic in the number of calls.
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
  }
  const actor = createActor(logic as AnyActorLogic, {
    clock: clockOf(kernel, entity),
    id: options.id,
    input: options.input,
    ...(kernel.trace === undefined ? {} : { inspect: inspector(kernel, entity) }),
  });
  if (options.port !== undefined) ports.set(actor, options.port);
  const { onDone } = options;
  actor.subscribe({
    error: (thrown) => kernel.fail(entity, describeError(thrown), { handling: options.id, thrown }),
    ...(onDone === undefined ? {} : { complete: () => guarded(kernel, entity, options.id, onDone) }),
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

interface KernelClock {
  setTimeout(run: () => void, delayMs: number): unknown;
  clearTimeout(timer: unknown): void;
}

const clocks = new WeakMap<Kernel, Map<string, KernelClock>>();

/** XState's clock interface on the kernel's virtual time, one object a host. */
function clockOf(kernel: Kernel, entity: string): KernelClock {
  let ofKernel = clocks.get(kernel);
  if (ofKernel === undefined) clocks.set(kernel, (ofKernel = new Map()));
  let clock = ofKernel.get(entity);
  if (clock === undefined) {
    clock = {
      setTimeout: (run, delayMs) => {
        const afterUs = Math.round(delayMs * 1000);
        const fire = (): void => kernel.recordAndRun(entity, { kind: 'timer', afterUs }, run);
        return kernel.schedule(afterUs, entity, kernel.trace === undefined ? run : fire);
      },
      clearTimeout: (timer) => {
        if (timer !== undefined) kernel.cancel(timer as Timer);
      },
    };
    ofKernel.set(entity, clock);
  }
  return clock;
}

interface Metadata {
  readonly requirements?: readonly string[];
}

/** Writes what an actor's steps show into the trace. */
function inspector(kernel: Kernel, entity: string): (event: InspectionEvent) => void {
  let state = '';
  let nodes: readonly AnyStateNode[] = [];
  return (inspection) => {
    const initial = inspection.type === '@xstate.snapshot' && inspection.event.type === INIT;
    if (!initial && inspection.type !== '@xstate.microstep') return;
    const snapshot = inspection.snapshot as AnyMachineSnapshot;
    if (snapshot._nodes === undefined) return;
    const { type } = inspection.event;
    const machine = snapshot.machine.id;
    const actor = (inspection.actorRef as AnyActorRef).id;
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
    state = next;
    nodes = snapshot._nodes;
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
