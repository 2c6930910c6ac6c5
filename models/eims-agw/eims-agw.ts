import type { ActorRefFrom } from 'xstate';
import type { Host } from '../../src/network/index.js';
import { firstError, MegacoEndpoint } from '../../src/stack/megaco/index.js';
import { hostCertificate } from '../../src/stack/webrtc/index.js';
import type { Endpoint } from '../../src/trace/index.js';
import {
  type Action,
  type Command,
  descriptor,
  type ErrorDescriptor,
  EVENT,
  makeAction,
  makeError,
  PACKAGES,
  type Property,
  quote,
  type ServiceChangeMethod,
  type ServicesDescriptor,
} from '../../src/wire/megaco/index.js';
import type { Entity } from '../common/index.js';
import { CommandError, failedCommand } from './command-error.js';
import { type ContextPort, contextMachine } from './context.js';
import type { AllDrops } from './drops.js';
import { type EimsAgwPort, eimsAgwMachine } from './machine.js';
import { type GatewayResources, MediaContext, type Report } from './media-context.js';
import type { EimsAgwPolicy } from './policy.js';
import { PortPool } from './port-pool.js';
import type { Termination } from './termination.js';

/** Lowest media ports by realm. */
const ACCESS_PORTS = 20_000;
const CORE_PORTS = 30_000;

/** Where a controller listens (H.248.1 D.1). */
const MEGACO_PORT = 2944;

/** The profile that a gateway names: the one of TS 29.334 5.2 was not at hand [inferred]. */
const PROFILE = 'threegimsiq/1';

const MS_PER_S = 1000;

interface Held {
  readonly media: MediaContext;
  readonly actor: ActorRefFrom<typeof contextMachine>;
}

/**
 * The access gateway: obeys its controller by H.248 over Iq and carries media between the WIC's side and the core's
 * (24371-5.6, TS 23.334).
 */
export class EimsAgw implements Entity, EimsAgwPort {
  readonly host: Host;
  readonly #policy: EimsAgwPolicy;
  readonly #megaco: MegacoEndpoint;
  readonly #resources: GatewayResources;
  readonly #contexts = new Map<number, Held>();
  readonly #actor: ActorRefFrom<typeof eimsAgwMachine>;
  /** Whoever gave the last command; before that, whom policy names. */
  #controller: Endpoint | undefined;
  #contextCount = 0;
  /** ServiceChange requests under way, which are no call's. */
  #serviceChanges = 0;
  #reason: '901 Cold Boot' | '902 Warm Boot' | '900 Service Restored' = '901 Cold Boot';

  constructor(host: Host, policy: EimsAgwPolicy) {
    this.host = host;
    this.#policy = policy;
    this.#resources = {
      host,
      policy,
      ports: { access: new PortPool(ACCESS_PORTS), core: new PortPool(CORE_PORTS) },
      certificate: hostCertificate(host),
    };
    this.#actor = host.spawn(eimsAgwMachine, { id: 'eims-agw', port: this });
    this.#megaco = new MegacoEndpoint(host, {
      realm: 'core',
      onRequest: (actions, reply, from) => reply(actions.flatMap((action) => this.#act(action, from))),
    });
    // whoever builds the network may add the controller after the gateway
    host.kernel.schedule(0, host.name, () => this.#start());
  }

  /** `registering`, `unregistered`, `inService`, `leaving`, `outOfService`. */
  get state(): string {
    return this.#actor.getSnapshot().value;
  }

  /** Numbers of the contexts there are. */
  get contexts(): readonly number[] {
    return [...this.#contexts.keys()];
  }

  /** Packets of a context that were not passed on, by reason; `undefined` when there is no such context. */
  drops(context: number): AllDrops | undefined {
    return this.#contexts.get(context)?.media.drops;
  }

  /** Pairs of media ports in use. */
  get portsTaken(): number {
    return Object.values(this.#resources.ports).reduce((sum, { taken }) => sum + taken, 0);
  }

  leftovers(): readonly string[] {
    const contexts = this.contexts.map((id) => `${this.host.name}: H.248 context ${id}`);
    const open = this.#megaco.openTransactions - this.#serviceChanges;
    return open > 0 ? [...contexts, `${this.host.name}: ${open} H.248 transactions`] : contexts;
  }

  close(): void {
    this.#dropContexts();
    this.#actor.send({ type: 'closed' });
    this.#megaco.close();
  }

  /** Fails and comes up again: all contexts are gone, and the controller is told that (H.248.1 11.3, 11.5). */
  restart(boot: 'cold' | 'warm' = 'warm'): void {
    this.#dropContexts();
    this.#reason = boot === 'cold' ? '901 Cold Boot' : '902 Warm Boot';
    this.#start();
  }

  /**
   * Goes out of service (H.248.1 7.2.8): gracefully, so that calls there are may end in their own time and no others begin, or by force, so
   * that they are gone at once.
   */
  leave(method: 'Graceful' | 'Forced'): void {
    if (method === 'Forced') this.#dropContexts();
    this.#actor.send({ type: method === 'Forced' ? 'left' : 'leaving' });
    this.#serviceChange(method, '905 Termination Taken Out of Service', () => {});
  }

  /** Comes back after {@link leave}. */
  comeBack(): void {
    this.#reason = '900 Service Restored';
    if (this.#controllerEndpoint() === undefined) this.#actor.send({ type: 'started alone' });
    else this.#actor.send({ type: 'started' });
  }

  register(): void {
    this.#serviceChange('Restart', this.#reason, (done) =>
      this.#actor.send({ type: done ? 'registered' : 'not registered' }),
    );
  }

  #start(): void {
    if (this.state === 'closed') return;
    this.#actor.send({ type: this.#controllerEndpoint() === undefined ? 'started alone' : 'started' });
  }

  #controllerEndpoint(): Endpoint | undefined {
    const { controller } = this.#policy;
    const ip = controller === '' ? undefined : this.host.network.resolve(controller, 'core');
    return this.#controller ?? (ip === undefined ? undefined : { ip, port: MEGACO_PORT });
  }

  #serviceChange(method: ServiceChangeMethod, reason: string, done: (answered: boolean) => void): void {
    const to = this.#controllerEndpoint();
    if (to === undefined) return;
    const services: ServicesDescriptor = {
      kind: 'Services',
      method,
      reason,
      ...(method === 'Restart' ? { version: 3, profile: PROFILE } : {}),
      extensions: [],
      raw: [],
    };
    const command: Command = { name: 'ServiceChange', terminationId: 'ROOT', descriptors: [services] };
    this.#serviceChanges++;
    this.#megaco.request(to, [makeAction('-', [command])], (result) => {
      this.#serviceChanges--;
      if (this.state === 'closed') return;
      done('actions' in result && firstError(result.actions) === undefined);
    });
  }

  #dropContexts(): void {
    for (const { actor } of this.#contexts.values()) actor.send({ type: 'subtracted' });
    this.#contexts.clear();
  }

  /** Carries out an action; one about all contexts is answered for each of them (H.248.1 6.1.3, 8). */
  #act(action: Action, from: Endpoint): Action[] {
    this.#controller = from;
    if (action.context === '-') return [this.#onNullContext(action)];
    if (action.context !== '*') return [this.#onContext(action)];
    if (this.#contexts.size === 0) return [{ ...makeAction('*', []), error: makeError(411) }];
    return [...this.#contexts.keys()].map((context) => this.#onContext({ ...action, context }));
  }

  #onContext(action: Action): Action {
    const held = action.context === '$' ? this.#allocate(action) : this.#find(action.context);
    if (!('media' in held)) return { ...makeAction(action.context, []), error: held };
    const replies = this.#obeyAll(action, (command) => this.#obey(held.media, command));
    this.#settle(held);
    return makeAction(held.media.id, replies);
  }

  /** Carries out the commands of one action in order, until one fails that is not optional (H.248.1 8). */
  #obeyAll({ commands }: Action, obey: (command: Command) => Command[]): Command[] {
    const replies: Command[] = [];
    for (const command of commands) {
      try {
        replies.push(...obey(command));
      } catch (error) {
        replies.push(failedCommand(command, error));
        if (command.optional !== true) break;
      }
    }
    return replies;
  }

  #obey(media: MediaContext, command: Command): Command[] {
    switch (command.name) {
      case 'Add':
        return [media.add(command)];
      case 'Modify':
        return [media.modify(command)];
      case 'Subtract':
        return media.subtract(command);
      case 'AuditValue':
        return media.audit(command);
      default:
        throw new CommandError(501, `${command.name} is not implemented`);
    }
  }

  /** What concerns no call: the gateway as a whole (H.248.1 6.2.3). */
  #onNullContext(action: Action): Action {
    const replies = this.#obeyAll(action, (command) => {
      if (command.terminationId !== 'ROOT') throw new CommandError(430, command.terminationId);
      if (command.name !== 'AuditValue' && command.name !== 'AuditCapability') {
        throw new CommandError(501, `${command.name} of ROOT is not implemented`);
      }
      const items = descriptor(command, 'Audit')?.items ?? [];
      const wanted = items.map((item) => item.toLowerCase());
      const told = wanted.some((item) => item === 'packages' || item === 'pg');
      return [
        {
          name: command.name,
          terminationId: 'ROOT',
          descriptors: told ? [{ kind: 'Packages', packages: PACKAGES }] : [],
        },
      ];
    });
    return makeAction('-', replies);
  }

  #find(id: Action['context']): Held | ErrorDescriptor {
    return (typeof id === 'number' ? this.#contexts.get(id) : undefined) ?? makeError(411);
  }

  #allocate({ commands }: Action): Held | ErrorDescriptor {
    if (commands[0]?.name !== 'Add') return makeError(421);
    if (!this.#actor.getSnapshot().hasTag('serving')) return makeError(503);
    if (this.#contexts.size >= this.#policy.contexts) return makeError(510);
    const report: Report = (termination, event, parameters, stream) =>
      this.#report(media, termination, event, parameters, stream);
    const media = new MediaContext(++this.#contextCount, this.#resources, report);
    let heardUntil = 0;
    const port: ContextPort = {
      heard: () => {
        const before = heardUntil;
        heardUntil = media.heard;
        return heardUntil > before;
      },
      reportSilence: () => this.#reportToAskers(media, EVENT.silence),
      reportHeartbeat: () => this.#reportToAskers(media, EVENT.heartbeat),
      release: () => media.close(),
    };
    const actor = this.host.spawn(contextMachine, {
      id: `context/${media.id}`,
      input: { silenceMs: 0, heartbeatMs: 0 },
      port,
    });
    const held = { media, actor };
    this.#contexts.set(media.id, held);
    this.#actor.send({ type: 'context.added' });
    return held;
  }

  /** Lets the machine know what the commands have made of the context. */
  #settle({ media, actor }: Held): void {
    if (media.isEmpty) {
      this.#contexts.delete(media.id);
      actor.send({ type: 'subtracted' });
      this.#actor.send({ type: 'context.removed' });
      return;
    }
    const silenceMs = media.patienceS(EVENT.silence, 'dt') * MS_PER_S;
    const heartbeatMs = media.patienceS(EVENT.heartbeat, 'timerx') * MS_PER_S;
    actor.send(media.isOpen ? { type: 'opened', silenceMs } : { type: 'gated' });
    if (heartbeatMs > 0) actor.send({ type: 'touched', heartbeatMs });
  }

  #reportToAskers(media: MediaContext, event: string): void {
    for (const termination of media.askers(event)) this.#report(media, termination, event, []);
  }

  /** Notifies the controller of what it has asked to be told (H.248.1 7.2.7). */
  #report(
    media: MediaContext,
    termination: Termination,
    name: string,
    told: readonly (readonly [name: string, value: string])[],
    stream?: number,
  ): void {
    const controller = this.#controller;
    if (controller === undefined || !termination.wants(name) || !this.#contexts.has(media.id)) return;
    const parameters: Property[] = told.map(([key, value]) => ({ name: key, value: quote(value) }));
    const event = { name, ...(stream === undefined ? {} : { stream }), parameters, raw: [] };
    const notify: Command = {
      name: 'Notify',
      terminationId: termination.id,
      descriptors: [{ kind: 'ObservedEvents', requestId: termination.requestId, events: [event] }],
    };
    this.#megaco.request(controller, [makeAction(media.id, [notify])], () => {});
  }
}
