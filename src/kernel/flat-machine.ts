import type { AnyEventObject, AnyMachineSnapshot, AnyStateMachine, AnyStateNode } from 'xstate';
import { evaluateGuard } from 'xstate/guards';

/**
 * Steps of machines whose states are all children of the root, none of them parallel, a history or with
 * invoked actors: what SCXML's sets of states to leave and to enter (SCXML 3.13, Appendix D) come to for those.
 * XState computes the sets at every step, which takes most of its time and makes most of its garbage. What happens is
 * the same to the last inspection event; a test compares the two. Events that stop an actor and all other machines are
 * left to XState. Machines here have no children: they are hosted side by side.
 */

type Snapshot = AnyMachineSnapshot;
type Action = string | { readonly type: string; readonly params?: unknown } | Resolved;

interface Definition {
  readonly target?: readonly AnyStateNode[];
  readonly source: AnyStateNode;
  readonly reenter: boolean;
  readonly actions: readonly Action[];
  readonly guard?: Parameters<typeof evaluateGuard>[0];
}

interface Resolved {
  (...args: unknown[]): unknown;
  readonly type?: string;
  readonly assignment?: unknown;
  readonly resolve?: (
    scope: Scope,
    snapshot: Snapshot,
    args: object,
    params: unknown,
    action: Resolved,
    extra: Extra,
  ) => [Snapshot, unknown, readonly Action[] | undefined];
  readonly execute?: (scope: Scope, params: unknown) => void;
  readonly retryResolve?: unknown;
}

interface Extra {
  readonly internalQueue: AnyEventObject[];
  readonly deferredActorIds: undefined;
}

interface Scope {
  readonly self: object;
  readonly system: { _sendInspectionEvent(event: object): void };
  readonly actionExecutor: (action: object) => void;
}

interface Logic {
  root: AnyStateNode;
  config: { context?: unknown };
  options: { maxIterations?: number };
  implementations: { actions: Record<string, Resolved> };
  transition(snapshot: Snapshot, event: AnyEventObject, scope: Scope): Snapshot;
  getInitialSnapshot(scope: Scope, input: unknown): Snapshot;
}

/** What {@link quicken} has seen, so that it looks at a machine once. */
const seen = new WeakSet<object>();

const INIT = 'xstate.init';

/** Makes a machine step by this module's means if they suffice for it. */
export function quicken(machine: AnyStateMachine): void {
  if (seen.has(machine)) return;
  seen.add(machine);
  const logic = machine as unknown as Logic;
  if (!isFlat(machine.root)) return;
  const { transition } = logic;
  logic.transition = (snapshot, event, scope) =>
    event.type === 'xstate.stop' || event.type.startsWith('xstate.error.')
      ? transition.call(logic, snapshot, event, scope)
      : macrostep(logic, snapshot, event, scope);
  logic.getInitialSnapshot = (scope, input) => initialSnapshot(logic, scope, input);
}

function isFlat(root: AnyStateNode): boolean {
  const nodes = [root, ...(Object.values(root.states) as AnyStateNode[])];
  return (
    root.type === 'compound' &&
    nodes.every(({ invoke, output }) => invoke.length === 0 && output === undefined) &&
    nodes.every((node) => node === root || node.type === 'atomic' || node.type === 'final') &&
    root.initial.target.length === 1 &&
    nodes.every(({ transitions, always = [] }) =>
      [...[...transitions.values()].flat(), ...always].every((one) => isFlatTransition(one as Definition)),
    )
  );
}

/** To one child of the root, or to nowhere; a root transition that leaves the root itself is not flat. */
function isFlatTransition({ target, source, reenter }: Definition): boolean {
  if (target === undefined) return true;
  const leavesRoot = reenter && source.parent === undefined;
  return target.length === 1 && target[0]?.parent !== undefined && !leavesRoot;
}

function macrostep(logic: Logic, from: Snapshot, event: AnyEventObject, scope: Scope): Snapshot {
  const queue: AnyEventObject[] = [];
  return drain(logic, step(from, event, triggered(from, event), scope, queue), event, queue, scope);
}

/** Takes the eventless transitions and handles what was raised, in order, until there is no more of either. */
function drain(
  logic: Logic,
  from: Snapshot,
  first: AnyEventObject,
  queue: AnyEventObject[],
  scope: Scope,
): Snapshot {
  const most = logic.options.maxIterations ?? Number.POSITIVE_INFINITY;
  let snapshot = from;
  let event = first;
  let changed = true;
  for (let count = 1; snapshot.status === 'active'; count++) {
    if (count > most) throw new Error(`Infinite loop detected: more than ${most} microsteps in a row`);
    const before = snapshot;
    let transitions: readonly Definition[] = changed ? eventless(snapshot, event) : NONE;
    const always: boolean = transitions.length > 0;
    if (!always) {
      const raised = queue.shift();
      if (raised === undefined) break;
      event = raised;
      transitions = triggered(snapshot, event);
    }
    snapshot = step(snapshot, event, transitions, scope, queue);
    // an eventless transition that changes nothing is not taken again before something else has happened
    changed = !always || snapshot !== before;
  }
  return snapshot;
}

const NONE: readonly Definition[] = [];

function triggered(snapshot: Snapshot, event: AnyEventObject): readonly Definition[] {
  return snapshot.machine.getTransitionData(snapshot, event) as unknown as readonly Definition[];
}

/** The first transition without an event whose guard holds, of the innermost state that has one (SCXML 3.13). */
function eventless(snapshot: Snapshot, event: AnyEventObject): readonly Definition[] {
  const leaf = leafOf(snapshot);
  if (leaf.always === undefined && leaf.parent?.always === undefined) return NONE;
  for (const node of [leaf, leaf.parent]) {
    if (node?.always === undefined) continue;
    for (const transition of node.always as unknown as readonly Definition[]) {
      const { guard } = transition;
      if (guard === undefined || evaluateGuard(guard, snapshot.context, event, snapshot)) return [transition];
    }
  }
  return NONE;
}

function step(
  from: Snapshot,
  event: AnyEventObject,
  transitions: readonly Definition[],
  scope: Scope,
  queue: AnyEventObject[],
): Snapshot {
  const [transition] = transitions;
  const snapshot = transition === undefined ? from : take(transition, from, event, scope, queue);
  scope.system._sendInspectionEvent({
    type: '@xstate.microstep',
    actorRef: scope.self,
    event,
    snapshot,
    _transitions: transitions,
  });
  return snapshot;
}

function take(
  { target, source, reenter, actions }: Definition,
  from: Snapshot,
  event: AnyEventObject,
  scope: Scope,
  queue: AnyEventObject[],
): Snapshot {
  const to = target?.[0];
  if (to === undefined || (to === source && !reenter)) return perform(from, actions, event, scope, queue);
  const left = leafOf(from);
  let snapshot = perform(from, left.exit as readonly Action[], event, scope, queue);
  snapshot = perform(snapshot, actions, event, scope, queue);
  snapshot = perform(snapshot, to.entry as readonly Action[], event, scope, queue);
  return arrive(snapshot, left, to, event, scope, queue);
}

/** The snapshot in state `to`; the end of the machine if that is final. */
function arrive(
  from: Snapshot,
  left: AnyStateNode | undefined,
  to: AnyStateNode,
  event: AnyEventObject,
  scope: Scope,
  queue: AnyEventObject[],
): Snapshot {
  let snapshot = from;
  const root = to.parent as AnyStateNode;
  if (to.type === 'final') {
    snapshot = { ...snapshot, status: 'done', output: undefined } as Snapshot;
    snapshot = perform(snapshot, to.exit as readonly Action[], event, scope, queue);
    snapshot = perform(snapshot, root.exit as readonly Action[], event, scope, queue);
  }
  if (to === left) return snapshot;
  const nodes = [root, to];
  return { ...snapshot, _nodes: nodes, value: to.key, tags: tagsOf(root, to) } as Snapshot;
}

function initialSnapshot(logic: Logic, scope: Scope, input: unknown): Snapshot {
  const { root } = logic;
  const event = { type: INIT, input };
  const queue: AnyEventObject[] = [];
  const { context } = logic.config;
  let snapshot = pristine(logic, typeof context === 'function' ? {} : (context ?? {}));
  try {
    if (typeof context === 'function') {
      const made: object = context({ spawn: refuseToSpawn, input, self: scope.self });
      snapshot = { ...snapshot, context: { ...made } };
    }
    const to = root.initial.target[0] as AnyStateNode;
    snapshot = perform(snapshot, root.entry as readonly Action[], event, scope, queue);
    snapshot = perform(snapshot, root.initial.actions as readonly Action[], event, scope, queue);
    snapshot = perform(snapshot, to.entry as readonly Action[], event, scope, queue);
    snapshot = arrive(snapshot, undefined, to, event, scope, queue);
    return drain(logic, snapshot, event, queue, scope);
  } catch (error) {
    return { ...snapshot, status: 'error', error } as Snapshot;
  }
}

const templates = new WeakMap<object, Snapshot>();

/** Before the first state is entered. Its methods are XState's, taken from a snapshot that XState has made. */
function pristine(logic: Logic, context: unknown): Snapshot {
  let template = templates.get(logic);
  if (template === undefined) {
    const machine = logic as unknown as AnyStateMachine;
    template = machine.resolveState({ value: machine.root.initial.target[0]?.key ?? '', context: {} });
    templates.set(logic, template);
  }
  return {
    ...template,
    status: 'active',
    _nodes: [logic.root],
    value: {},
    context,
    children: {},
  } as Snapshot;
}

function leafOf(snapshot: Snapshot): AnyStateNode {
  const [first, second] = snapshot._nodes as readonly AnyStateNode[];
  return (first?.parent === undefined ? second : first) as AnyStateNode;
}

const tags = new WeakMap<AnyStateNode, Set<string>>();

function tagsOf(root: AnyStateNode, leaf: AnyStateNode): Set<string> {
  let known = tags.get(leaf);
  if (known === undefined) tags.set(leaf, (known = new Set([...root.tags, ...leaf.tags])));
  return known;
}

function refuseToSpawn(): never {
  throw new Error('machines are hosted side by side: start them with the spawn of the kernel');
}

/** Resolves actions in order and has them executed, as XState does. */
function perform(
  from: Snapshot,
  actions: readonly Action[],
  event: AnyEventObject,
  scope: Scope,
  queue: AnyEventObject[],
): Snapshot {
  let snapshot = from;
  for (const action of actions) snapshot = performOne(snapshot, action, event, scope, queue);
  return snapshot;
}

function performOne(
  from: Snapshot,
  action: Action,
  event: AnyEventObject,
  scope: Scope,
  queue: AnyEventObject[],
): Snapshot {
  const { context } = from;
  const inline = typeof action === 'function';
  const type = typeof action === 'string' ? action : (action.type ?? '');
  const { actions } = (from.machine as unknown as Logic).implementations;
  const resolved: Resolved | undefined = inline ? action : actions[type];
  const args = { context, event, self: scope.self, system: scope.system };
  const given = typeof action === 'object' ? action.params : undefined;
  const params = typeof given === 'function' ? given({ context, event }) : given;
  if (resolved?.resolve === undefined) {
    const name = inline ? action.name || '(anonymous)' : type;
    scope.actionExecutor({ type: name, info: args, params, exec: resolved });
    return from;
  }
  if (resolved.assignment !== undefined) return assigned(from, resolved.assignment, args, params);
  const extra: Extra = { internalQueue: queue, deferredActorIds: undefined };
  const [next, outcome, more] = resolved.resolve(scope, from, args, params, resolved, extra);
  if (next.children !== from.children) refuseToSpawn();
  const { execute } = resolved;
  if (execute !== undefined) {
    scope.actionExecutor({
      type: resolved.type,
      info: args,
      params: outcome,
      exec: () => execute(scope, outcome),
    });
  }
  return more === undefined ? next : perform(next, more, event, scope, queue);
}

type Assigner = (args: object, params: unknown) => unknown;

function assigned(from: Snapshot, assignment: unknown, args: object, params: unknown): Snapshot {
  const given = { ...args, spawn: refuseToSpawn };
  const context = { ...from.context };
  if (typeof assignment === 'function') Object.assign(context, (assignment as Assigner)(given, params));
  else {
    for (const [key, value] of Object.entries(assignment as object))
      context[key] = typeof value === 'function' ? (value as Assigner)(given, params) : value;
  }
  return { ...from, context } as Snapshot;
}
