import type { Host } from '../../src/network/index.js';
import { firstError } from '../../src/stack/megaco/index.js';
import {
  type Command,
  type Descriptor,
  EVENT,
  type EventItem,
  makeAction,
  PROPERTY,
  type Property,
  quote,
  type StreamDescriptor,
  type StreamMode,
  streamsOf,
} from '../../src/wire/megaco/index.js';
import {
  hasAttribute,
  type MediaDescription,
  parseSdp,
  type SessionDescription,
  serializeSdp,
} from '../../src/wire/sdp/index.js';
import type { GatewayError, GatewayLink } from './gateway-link.js';

/** One side of one stream, as it is to be reserved or changed. */
export interface StreamWish {
  /** Stream number: the same on both terminations. */
  readonly stream: number;
  readonly local?: SessionDescription;
  readonly remote?: SessionDescription;
  readonly mode?: StreamMode;
  /** Filters, rates and the like. */
  readonly properties?: readonly Property[];
  /** Signals to give, names of packages and items with their parameters. */
  readonly signals?: readonly EventItem[];
}

/** What the gateway reserved: a local media description a stream, in the order of the wishes. */
export interface Reservation {
  readonly access: readonly MediaDescription[];
  readonly core: readonly MediaDescription[];
  /** Whether its ICE is lite. */
  readonly lite: boolean;
}

/** What the gateway is to tell of, in ms; 0 for never. */
export interface ReportWishes {
  /** How long there may be no media. */
  readonly silenceMs: number;
  /** How long there may be no command. */
  readonly heartbeatMs: number;
}

/**
 * The SIP status owed when the gateway fails (RFC 3261 21.5): no resources and no answer are a matter of load or
 * reachability, anything else is a fault of ours.
 */
export function statusOfGatewayError({ code }: GatewayError): number {
  const unavailable = [0, 412, 432, 434, 502, 503, 510, 526, 529, 530, 531];
  return unavailable.includes(code) ? 503 : 500;
}

/** Times in events are in seconds. */
const MS_PER_S = 1000;

/** The eP-CSCF's hold on one H.248 context: an access and a core termination (TS 23.334 8, H.248.1 6.1). */
export class GatewayControl {
  readonly #host: Host;
  readonly #link: GatewayLink;
  #context: number | undefined;
  #access = '';
  #core = '';

  constructor(host: Host, link: GatewayLink) {
    this.#host = host;
    this.#link = link;
  }

  /** Number of the context, once there is one. */
  get context(): number | undefined {
    return this.#context;
  }

  /** Adds both terminations to a new context (Reserve and Configure AGW Connection Point, TS 23.334 8.2). */
  reserve(
    access: readonly StreamWish[],
    core: readonly StreamWish[],
    reports: ReportWishes,
    done: (result: Reservation | GatewayError) => void,
  ): void {
    const commands: Command[] = [
      {
        name: 'Add',
        terminationId: 'ip/access/$',
        descriptors: [media(access, 'access'), events(reports), ...signals(access)],
      },
      { name: 'Add', terminationId: 'ip/core/$', descriptors: [media(core, 'core'), ...signals(core)] },
    ];
    this.#link.request(makeAction('$', commands), (result) => {
      if ('error' in result) return done(result.error);
      const [action] = result.actions;
      if (typeof action?.context === 'number' && action.commands.some(isObeyed))
        this.#context = action.context;
      const error = firstError(result.actions);
      if (error !== undefined) {
        // the first Add may have been obeyed (H.248.1 8): what there is goes back
        return this.release(() => done({ code: error.code, text: error.text ?? '' }));
      }
      const [first, second] = action?.commands ?? [];
      if (first === undefined || second === undefined) return done({ code: 0, text: 'incomplete reply' });
      this.#access = first.terminationId;
      this.#core = second.terminationId;
      const there = locals(first);
      done({
        access: there.flatMap(({ media: lines }) => lines.slice(0, 1)),
        core: locals(second).flatMap(({ media: lines }) => lines.slice(0, 1)),
        lite: there.some((session) => hasAttribute(session, 'ice-lite')),
      });
    });
  }

  /**
   * Changes streams of the two terminations; a side without wishes is left alone (TS 23.334 8.4).
   *
   * @param done gets what of the access side was left to choose once more, a media description a stream
   */
  configure(
    access: readonly StreamWish[],
    core: readonly StreamWish[],
    done: (error: GatewayError | undefined, access: readonly MediaDescription[]) => void,
  ): void {
    const commands: Command[] = [];
    if (access.length > 0) commands.push(modify(this.#access, access));
    if (core.length > 0) commands.push(modify(this.#core, core));
    if (commands.length === 0) {
      this.#host.schedule(0, () => done(undefined, []));
      return;
    }
    this.#link.request(makeAction(this.#context ?? '-', commands), (result) => {
      if ('error' in result) return done(result.error, []);
      const error = firstError(result.actions);
      const reply = result.actions[0]?.commands[0];
      const told = reply === undefined || access.length === 0 ? [] : locals(reply);
      done(
        error === undefined ? undefined : { code: error.code, text: error.text ?? '' },
        told.flatMap(({ media: lines }) => lines.slice(0, 1)),
      );
    });
  }

  /** Subtracts everything (Release AGW Termination, TS 23.334 8.5). */
  release(done: () => void): void {
    if (this.#context === undefined) {
      this.#host.schedule(0, done);
      return;
    }
    const command: Command = {
      name: 'Subtract',
      terminationId: '*',
      descriptors: [{ kind: 'Audit', items: [] }],
    };
    this.#link.request(makeAction(this.#context, [command]), done);
  }

  /** The gateway has lost the context: there is nothing to subtract. */
  forget(): void {
    this.#context = undefined;
  }
}

function modify(terminationId: string, wishes: readonly StreamWish[]): Command {
  return { name: 'Modify', terminationId, descriptors: [media(wishes, undefined), ...signals(wishes)] };
}

function media(wishes: readonly StreamWish[], realm: string | undefined): Descriptor {
  return { kind: 'Media', streams: wishes.map((wish) => streamDescriptor(wish, realm)), raw: [] };
}

function streamDescriptor(wish: StreamWish, realm: string | undefined): StreamDescriptor {
  const properties = [
    ...(realm === undefined ? [] : [{ name: PROPERTY.realm, value: quote(realm) }]),
    ...(wish.properties ?? []),
  ];
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

function isObeyed({ descriptors }: Command): boolean {
  return descriptors.every(({ kind }) => kind !== 'Error');
}

/** Signals are those of a termination, each with its stream (H.248.1 7.1.11). */
function signals(wishes: readonly StreamWish[]): Descriptor[] {
  const given = wishes.flatMap((wish) =>
    (wish.signals ?? []).map((one) => ({ ...one, stream: wish.stream })),
  );
  return given.length === 0 ? [] : [{ kind: 'Signals', signals: given, raw: [] }];
}

/** What the gateway is to tell of the WIC's side (TS 23.334 6.2.10.5, 6.2.17.3, 6.2.17.6). */
function events({ silenceMs, heartbeatMs }: ReportWishes): Descriptor {
  const items = [
    event(EVENT.dtlsFailure),
    event(EVENT.iceResult),
    event(EVENT.consentLost),
    event(EVENT.cause),
  ];
  if (silenceMs > 0)
    items.push(event(EVENT.silence, [seconds('dt', silenceMs), { name: 'dir', value: 'BOTH' }]));
  if (heartbeatMs > 0) items.push(event(EVENT.heartbeat, [seconds('timerx', heartbeatMs)]));
  return { kind: 'Events', requestId: 1, events: items };
}

function event(name: string, parameters: readonly Property[] = []): EventItem {
  return { name, parameters, raw: [] };
}

function seconds(name: string, ms: number): Property {
  return { name, value: String(Math.ceil(ms / MS_PER_S)) };
}

function locals(reply: Command): SessionDescription[] {
  return streamsOf(reply).flatMap(({ local }) => {
    const read = local === undefined ? undefined : parseSdp(local);
    return read?.ok === true ? [read.value] : [];
  });
}
