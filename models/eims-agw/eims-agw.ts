import type { ActorRefFrom } from 'xstate';
import type { Host } from '../../src/network/index.js';
import { MegacoEndpoint } from '../../src/stack/megaco/index.js';
import type { Endpoint } from '../../src/trace/index.js';
import {
  type Action,
  type Command,
  type ErrorDescriptor,
  makeAction,
  makeError,
  propertyText,
} from '../../src/wire/megaco/index.js';
import type { Entity } from '../common/index.js';
import { type ContextPort, contextMachine } from './context.js';
import { eimsAgwMachine } from './machine.js';
import { CommandError, failedCommand, type GatewayResources, MediaContext } from './media-context.js';
import type { EimsAgwPolicy } from './policy.js';
import { PortPool } from './port-pool.js';

/** Lowest media ports by realm. */
const ACCESS_PORTS = 20_000;
const CORE_PORTS = 30_000;

/** The event by which the gateway reports that a bearer has fallen silent (H.248.40 adid/ipstop). */
const SILENCE = 'adid/ipstop';

interface Held {
  readonly media: MediaContext;
  readonly actor: ActorRefFrom<typeof contextMachine>;
}

/**
 * The access gateway: obeys its controller by H.248 over Iq and carries media between the WIC's side and the core's
 * (24371-5.6, TS 23.334).
 */
export class EimsAgw implements Entity {
  readonly host: Host;
  readonly #policy: EimsAgwPolicy;
  readonly #megaco: MegacoEndpoint;
  readonly #resources: GatewayResources;
  readonly #contexts = new Map<number, Held>();
  readonly #actor: ActorRefFrom<typeof eimsAgwMachine>;
  #contextCount = 0;
  #requestCount = 0;

  constructor(host: Host, policy: EimsAgwPolicy) {
    this.host = host;
    this.#policy = policy;
    this.#resources = {
      host,
      ports: { access: new PortPool(ACCESS_PORTS), core: new PortPool(CORE_PORTS) },
      fingerprint: `sha-256 ${fingerprintText(host.random('certificate').bytes(32))}`,
    };
    this.#actor = host.spawn(eimsAgwMachine, { id: 'eims-agw', input: { limit: policy.contexts } });
    this.#megaco = new MegacoEndpoint(host, {
      realm: 'core',
      onRequest: (actions, reply, from) => reply(actions.map((action) => this.#act(action, from))),
    });
  }

  leftovers(): readonly string[] {
    const contexts = [...this.#contexts.keys()].map((id) => `${this.host.name}: H.248 context ${id}`);
    const { openTransactions } = this.#megaco;
    return openTransactions > 0
      ? [...contexts, `${this.host.name}: ${openTransactions} H.248 transactions`]
      : contexts;
  }

  close(): void {
    for (const { actor } of this.#contexts.values()) actor.send({ type: 'subtracted' });
    this.#megaco.close();
    this.#actor.send({ type: 'taken out of service' });
  }

  /** Carries out the commands of one action in order, until one fails (H.248.1 8). */
  #act(action: Action, from: Endpoint): Action {
    const held = action.context === '$' ? this.#allocate() : this.#find(action.context);
    if (!('media' in held)) return { ...makeAction(action.context, []), error: held };
    const replies: Command[] = [];
    for (const command of action.commands) {
      try {
        replies.push(...this.#obey(held.media, command));
      } catch (error) {
        replies.push(failedCommand(command, error));
        break;
      }
    }
    this.#settle(held, from);
    return makeAction(held.media.id, replies);
  }

  #obey(media: MediaContext, command: Command): Command[] {
    switch (command.name) {
      case 'Add':
        return [media.add(command)];
      case 'Modify':
        return [media.modify(command)];
      case 'Subtract':
        return media.subtract(command);
      default:
        throw new CommandError(501, `${command.name} is not implemented`);
    }
  }

  #find(id: Action['context']): Held | ErrorDescriptor {
    return (typeof id === 'number' ? this.#contexts.get(id) : undefined) ?? makeError(411);
  }

  #allocate(): Held | ErrorDescriptor {
    if (this.#contexts.size >= this.#policy.contexts) return makeError(510);
    const media = new MediaContext(++this.#contextCount, this.#resources);
    let heardUntil = 0;
    const port: ContextPort = {
      heard: () => {
        const before = heardUntil;
        heardUntil = media.received;
        return heardUntil > before;
      },
      reportSilence: () => this.#reportSilence(media),
      release: () => media.close(),
    };
    const actor = this.host.spawn(contextMachine, {
      id: `context/${media.id}`,
      input: { silenceMs: 0 },
      port,
    });
    const held = { media, actor };
    this.#contexts.set(media.id, held);
    this.#actor.send({ type: 'context.added' });
    return held;
  }

  /** Lets the machine know what the commands have made of the context. */
  #settle({ media, actor }: Held, from: Endpoint): void {
    this.#controller = from;
    if (media.isEmpty) {
      this.#contexts.delete(media.id);
      actor.send({ type: 'subtracted' });
      this.#actor.send({ type: 'context.removed' });
      return;
    }
    const event = media.events?.events.find(({ name }) => name === SILENCE);
    const silenceMs = event === undefined ? 0 : Number(propertyText(event.parameters, 'dt') ?? 0) * 1000;
    actor.send(media.isOpen ? { type: 'opened', silenceMs } : { type: 'gated' });
  }

  #controller: Endpoint | undefined;

  #reportSilence(media: MediaContext): void {
    if (this.#controller === undefined) return;
    const requestId = media.events?.requestId ?? ++this.#requestCount;
    const notify: Command = {
      name: 'Notify',
      terminationId: media.firstTermination,
      descriptors: [
        { kind: 'ObservedEvents', requestId, events: [{ name: SILENCE, parameters: [], raw: [] }] },
      ],
    };
    this.#megaco.request(this.#controller, [makeAction(media.id, [notify])], () => {});
  }
}

/** 32 bytes as the colon-separated hexadecimal of `a=fingerprint` (RFC 8122 5). */
function fingerprintText(bytes: Uint8Array): string {
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0').toUpperCase()).join(':');
}
