import type { ActorRefFrom } from 'xstate';
import type { Host } from '../../src/network/index.js';
import type { MegacoEndpoint } from '../../src/stack/megaco/index.js';
import type { Endpoint } from '../../src/trace/index.js';
import {
  type Action,
  type Command,
  descriptor,
  EVENT,
  makeAction,
  makeError,
  propertyText,
} from '../../src/wire/megaco/index.js';
import { type GatewayLinkPort, gatewayLinkMachine } from './gateway-link-machine.js';

/** Why the gateway could not: an H.248 error code, 0 for no answer. */
export interface GatewayError {
  readonly code: number;
  readonly text: string;
}

/** What a gateway tells of a call's context. */
export interface GatewayReport {
  readonly context: number;
  readonly event: string;
  /** A parameter of the event. */
  parameter(name: string): string | undefined;
}

/** What of the eP-CSCF the association needs. */
export interface GatewayLinkOptions {
  readonly gateway: Endpoint;
  /** How long a gateway that does not answer is left alone, in ms. */
  readonly probeMs: number;
  /** Contexts that belong to calls. */
  knows(context: number): boolean;
  onReport(report: GatewayReport): void;
  /** The contexts of all calls are gone. */
  onContextsLost(): void;
}

const WHOLE_GATEWAY = 'ROOT';

/** The eP-CSCF's association with its gateway over Iq. */
export class GatewayLink implements GatewayLinkPort {
  readonly #host: Host;
  readonly #megaco: MegacoEndpoint;
  readonly #options: GatewayLinkOptions;
  readonly #actor: ActorRefFrom<typeof gatewayLinkMachine>;
  /** Requests under way that are no call's. */
  #own = 0;
  /** Requests under way that will bring a context into being. */
  #reserving = 0;
  #closed = false;

  constructor(host: Host, megaco: MegacoEndpoint, options: GatewayLinkOptions) {
    this.#host = host;
    this.#megaco = megaco;
    this.#options = options;
    this.#actor = host.spawn(gatewayLinkMachine, { id: 'iq association', port: this });
  }

  /** H.248 transactions of the association itself, which belong to no call. */
  get ownTransactions(): number {
    return this.#own;
  }

  get state(): string {
    return this.#actor.getSnapshot().value;
  }

  get probeMs(): number {
    return this.#options.probeMs;
  }

  /** Sends commands of a call; at once an error when the gateway is known not to answer, or takes no calls. */
  request(
    action: Action,
    done: (result: { readonly actions: readonly Action[] } | { readonly error: GatewayError }) => void,
  ): void {
    const refusal = this.#refusal(action);
    if (refusal !== undefined) {
      // never before this returns
      this.#host.schedule(0, () => done({ error: refusal }));
      return;
    }
    const reserves = action.context === '$';
    if (reserves) this.#reserving++;
    this.#send(action, (result) => {
      if (reserves) this.#reserving--;
      done(result);
    });
  }

  /** Obeys what the gateway asks (Notify, ServiceChange); the actions to reply with. */
  receive(actions: readonly Action[]): Action[] {
    return actions.map((action) => this.#receiveOne(action));
  }

  probe(): void {
    this.#ask(makeAction('-', [audit(WHOLE_GATEWAY)]), () => this.#actor.send({ type: 'answered' }));
  }

  audit(): void {
    this.#ask(makeAction('*', [audit('*')]), (actions) => {
      if (this.#reserving > 0) {
        this.#actor.send({ type: 'busy' });
        return;
      }
      for (const { context } of actions) if (typeof context === 'number') this.#subtractOrphan(context);
      this.#actor.send({ type: 'audited' });
    });
  }

  loseContexts(): void {
    this.#options.onContextsLost();
  }

  close(): void {
    this.#closed = true;
    this.#actor.stop();
  }

  #refusal({ context }: Action): GatewayError | undefined {
    const snapshot = this.#actor.getSnapshot();
    if (snapshot.hasTag('available')) return undefined;
    if (snapshot.value === 'lost' || snapshot.value === 'probing')
      return { code: 0, text: 'no answer so far' };
    // calls that are there may go on while it leaves
    return context === '$' ? { code: 503, text: 'the gateway is out of service' } : undefined;
  }

  #send(
    action: Action,
    done: (result: { readonly actions: readonly Action[] } | { readonly error: GatewayError }) => void,
  ): void {
    this.#megaco.request(this.#options.gateway, [action], (result) => {
      if (!this.#closed && 'error' in result && result.error.code === 0)
        this.#actor.send({ type: 'no answer' });
      done(result);
    });
  }

  /** A request of the association itself; errors other than no answer are answers too. */
  #ask(action: Action, answered: (actions: readonly Action[]) => void): void {
    this.#own++;
    this.#send(action, (result) => {
      this.#own--;
      if (this.#closed) return;
      if ('actions' in result) answered(result.actions);
      else if (result.error.code !== 0) answered([]);
    });
  }

  #subtractOrphan(context: number): void {
    if (this.#options.knows(context)) return;
    const subtract: Command = {
      name: 'Subtract',
      terminationId: '*',
      descriptors: [{ kind: 'Audit', items: [] }],
    };
    this.#ask(makeAction(context, [subtract]), () => {});
  }

  #receiveOne(action: Action): Action {
    const { context, commands } = action;
    const replies: Command[] = [];
    for (const command of commands) {
      const { name, terminationId } = command;
      if (name === 'ServiceChange') this.#serviceChange(command, context);
      else if (name !== 'Notify') {
        replies.push({ name, terminationId, descriptors: [makeError(501)] });
        break;
      } else if (!this.#notify(command, context)) {
        replies.push({ name, terminationId, descriptors: [makeError(411)] });
        break;
      }
      replies.push({ name, terminationId, descriptors: [] });
    }
    return makeAction(context, replies);
  }

  /** @returns whether the context belongs to a call */
  #notify(command: Command, context: Action['context']): boolean {
    if (typeof context !== 'number' || !this.#options.knows(context)) {
      // an Add whose reply is still under way would look the same
      if (this.#reserving === 0) this.#actor.send({ type: 'orphan' });
      return false;
    }
    for (const { name, parameters } of descriptor(command, 'ObservedEvents')?.events ?? []) {
      if (name.toLowerCase() === EVENT.heartbeat) continue;
      this.#options.onReport({
        context,
        event: name.toLowerCase(),
        parameter: (key) => propertyText(parameters, key),
      });
    }
    return true;
  }

  #serviceChange(command: Command, context: Action['context']): void {
    const method = descriptor(command, 'Services')?.method?.toLowerCase();
    if (command.terminationId !== WHOLE_GATEWAY) {
      // a termination that fails takes its call with it (H.248.1 7.2.8)
      if (typeof context === 'number' && method === 'forced' && this.#options.knows(context)) {
        this.#options.onReport({ context, event: EVENT.cause, parameter: () => undefined });
      }
      return;
    }
    if (method === 'graceful') this.#actor.send({ type: 'leaving' });
    else if (method === 'forced') this.#actor.send({ type: 'left' });
    else if (method === 'restart') this.#actor.send({ type: 'restarted' });
  }
}

function audit(terminationId: string): Command {
  return { name: 'AuditValue', terminationId, descriptors: [{ kind: 'Audit', items: [] }] };
}
