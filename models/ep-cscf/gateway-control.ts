import type { Host } from '../../src/network/index.js';
import type { MegacoEndpoint } from '../../src/stack/megaco/index.js';
import type { Endpoint } from '../../src/trace/index.js';
import {
  type Action,
  type Command,
  type Descriptor,
  descriptor,
  makeAction,
  quote,
  type StreamDescriptor,
  type StreamMode,
  streamsOf,
} from '../../src/wire/megaco/index.js';
import {
  type MediaDescription,
  parseSdp,
  type SessionDescription,
  serializeSdp,
} from '../../src/wire/sdp/index.js';

/** One side of one stream, as it is to be reserved or changed. */
export interface StreamWish {
  /** Stream number: the same on both terminations. */
  readonly stream: number;
  readonly local?: SessionDescription;
  readonly remote?: SessionDescription;
  readonly mode?: StreamMode;
}

/** What the gateway reserved: a local media description a stream, in the order of the wishes. */
export interface Reservation {
  readonly access: readonly MediaDescription[];
  readonly core: readonly MediaDescription[];
}

/** Why the gateway could not: an H.248 error code, 0 for no answer. */
export interface GatewayError {
  readonly code: number;
  readonly text: string;
}

/**
 * The SIP status owed when the gateway fails (RFC 3261 21.5): no resources and no answer are a matter of load or
 * reachability, anything else is a fault of ours.
 */
export function statusOfGatewayError({ code }: GatewayError): number {
  const unavailable = [0, 412, 432, 434, 502, 503, 510, 526, 529, 530, 531];
  return unavailable.includes(code) ? 503 : 500;
}

/** How long the access side may be silent before the gateway tells (adid/ipstop `dt` is in seconds). */
const MS_PER_S = 1000;

/** The eP-CSCF's hold on one H.248 context: an access and a core termination (TS 23.334 8, H.248.1 6.1). */
export class GatewayControl {
  readonly #megaco: MegacoEndpoint;
  readonly #host: Host;
  readonly #gateway: Endpoint;
  #context: number | undefined;
  #access = '';
  #core = '';

  constructor(host: Host, megaco: MegacoEndpoint, gateway: Endpoint) {
    this.#host = host;
    this.#megaco = megaco;
    this.#gateway = gateway;
  }

  /** Number of the context, once there is one. */
  get context(): number | undefined {
    return this.#context;
  }

  /** Adds both terminations to a new context (Reserve and Configure AGW Connection Point, TS 23.334 8.2). */
  reserve(
    access: readonly StreamWish[],
    core: readonly StreamWish[],
    inactivityMs: number,
    done: (result: Reservation | GatewayError) => void,
  ): void {
    const events: Descriptor[] = inactivityMs === 0 ? [] : [silenceEvent(inactivityMs)];
    const commands: Command[] = [
      { name: 'Add', terminationId: 'ip/access/$', descriptors: [media(access, 'access'), ...events] },
      { name: 'Add', terminationId: 'ip/core/$', descriptors: [media(core, 'core')] },
    ];
    this.#megaco.request(this.#gateway, [makeAction('$', commands)], (result) => {
      if ('error' in result) return done(result.error);
      const [action] = result.actions;
      if (action !== undefined && typeof action.context === 'number') this.#context = action.context;
      const error = firstError(result.actions);
      if (error !== undefined) return done(error);
      const [first, second] = action?.commands ?? [];
      if (first === undefined || second === undefined) return done({ code: 0, text: 'incomplete reply' });
      this.#access = first.terminationId;
      this.#core = second.terminationId;
      done({ access: locals(first), core: locals(second) });
    });
  }

  /** Changes streams of the two terminations; a side without wishes is left alone (TS 23.334 8.4). */
  configure(
    access: readonly StreamWish[],
    core: readonly StreamWish[],
    done: (error: GatewayError | undefined) => void,
  ): void {
    const commands: Command[] = [];
    if (access.length > 0) commands.push(modify(this.#access, access));
    if (core.length > 0) commands.push(modify(this.#core, core));
    this.#send(commands, done);
  }

  /** Subtracts everything (Release AGW Termination, TS 23.334 8.5). */
  release(done: () => void): void {
    if (this.#context === undefined) {
      this.#host.schedule(0, done);
      return;
    }
    this.#send([{ name: 'Subtract', terminationId: '*', descriptors: [{ kind: 'Audit', items: [] }] }], done);
  }

  #send(commands: readonly Command[], done: (error: GatewayError | undefined) => void): void {
    this.#megaco.request(this.#gateway, [makeAction(this.#context ?? '-', commands)], (result) => {
      done('error' in result ? result.error : firstError(result.actions));
    });
  }
}

function modify(terminationId: string, wishes: readonly StreamWish[]): Command {
  return { name: 'Modify', terminationId, descriptors: [media(wishes, undefined)] };
}

function media(wishes: readonly StreamWish[], realm: string | undefined): Descriptor {
  return { kind: 'Media', streams: wishes.map((wish) => streamDescriptor(wish, realm)), raw: [] };
}

function streamDescriptor(wish: StreamWish, realm: string | undefined): StreamDescriptor {
  const properties = realm === undefined ? [] : [{ name: 'ipdc/realm', value: quote(realm) }];
  const control = { ...(wish.mode === undefined ? {} : { mode: wish.mode }), properties };
  const controlled = wish.mode !== undefined || properties.length > 0;
  return {
    id: wish.stream,
    ...(controlled ? { localControl: control } : {}),
    ...(wish.local === undefined ? {} : { local: serializeSdp(wish.local) }),
    ...(wish.remote === undefined ? {} : { remote: serializeSdp(wish.remote) }),
    raw: [],
  };
}

function silenceEvent(inactivityMs: number): Descriptor {
  const seconds = String(Math.ceil(inactivityMs / MS_PER_S));
  const parameters = [{ name: 'dt', value: seconds }];
  return { kind: 'Events', requestId: 1, events: [{ name: 'adid/ipstop', parameters, raw: [] }] };
}

function locals(reply: Command): MediaDescription[] {
  return streamsOf(reply).flatMap(({ local }) => {
    const read = local === undefined ? undefined : parseSdp(local);
    return read?.ok === true ? read.value.media.slice(0, 1) : [];
  });
}

/** The first error anywhere in a reply. */
function firstError(actions: readonly Action[]): GatewayError | undefined {
  for (const action of actions) {
    if (action.error !== undefined) return { code: action.error.code, text: action.error.text ?? '' };
    for (const command of action.commands) {
      const error = descriptor(command, 'Error');
      if (error !== undefined) return { code: error.code, text: error.text ?? '' };
    }
  }
  return undefined;
}
