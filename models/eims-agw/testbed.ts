import { Kernel } from '../../src/kernel/index.js';
import { type Host, Network } from '../../src/network/index.js';
import { udpBase } from '../../src/stack/ice/index.js';
import { MegacoEndpoint, type MegacoResult } from '../../src/stack/megaco/index.js';
import {
  hostCertificate,
  remoteTransport,
  SecureTransport,
  type SecureTransportOptions,
  transportAttributes,
} from '../../src/stack/webrtc/index.js';
import {
  type Action,
  type Command,
  type Descriptor,
  descriptor,
  EVENT,
  makeAction,
  makeError,
  type Property,
  type StreamMode,
  streamsOf,
} from '../../src/wire/megaco/index.js';
import { serializeRtcp } from '../../src/wire/rtcp/index.js';
import { serializeRtp } from '../../src/wire/rtp/index.js';
import {
  type MediaDescription,
  parseSdp,
  type SessionDescription,
  serializeSdp,
} from '../../src/wire/sdp/index.js';
import { policyWith } from '../common/index.js';
import { EimsAgw, type EimsAgwPolicy, eimsAgwPolicy } from './index.js';

export const CONTROLLER = 'ep1.visited1.net';
export const UE_IP = '2001:db8:c::30';
export const AGW_CORE = '2001:db8:a::10';
export const AGW_ACCESS = '192.0.2.10';

/** Lines of a Local descriptor for the WIC's side. */
export function accessLocal({
  formats = '0',
  role = 'passive',
  mux = true,
  lines = [],
}: {
  readonly formats?: string;
  readonly role?: 'active' | 'passive' | 'actpass';
  readonly mux?: boolean;
  readonly lines?: readonly string[];
} = {}): string {
  return [
    'v=0',
    'c=IN IP4 $',
    `m=audio $ UDP/TLS/RTP/SAVPF ${formats}`,
    ...lines,
    'a=ice-ufrag:$',
    'a=ice-pwd:$',
    'a=candidate:$',
    'a=fingerprint:sha-256 $',
    `a=setup:${role}`,
    ...(mux ? ['a=rtcp-mux'] : []),
    '',
  ].join('\r\n');
}

export function coreLocal(formats = '0', lines: readonly string[] = []): string {
  return ['v=0', 'c=IN IP6 $', `m=audio $ RTP/AVP ${formats}`, ...lines, ''].join('\r\n');
}

export function coreRemote(formats = '0', lines: readonly string[] = [], port = 41_000): string {
  return ['v=0', `c=IN IP6 ${UE_IP}`, `m=audio ${port} RTP/AVP ${formats}`, ...lines, ''].join('\r\n');
}

/** What a command says of stream 1. */
export interface StreamParts {
  readonly local?: string;
  readonly remote?: string;
  readonly mode?: StreamMode;
  readonly properties?: Readonly<Record<string, Property['value']>>;
  readonly events?: Descriptor;
  readonly signals?: Descriptor;
}

/** An Add or Modify of stream 1. */
export function command(name: 'Add' | 'Modify', terminationId: string, parts: StreamParts): Command {
  const { local, remote, mode, properties = {}, events, signals } = parts;
  const list = Object.entries(properties).map(([key, value]) => ({ name: key, value }));
  const stream = {
    id: 1,
    ...(mode === undefined && list.length === 0
      ? {}
      : { localControl: { ...(mode === undefined ? {} : { mode }), properties: list } }),
    ...(local === undefined ? {} : { local }),
    ...(remote === undefined ? {} : { remote }),
    raw: [],
  };
  return {
    name,
    terminationId,
    descriptors: [
      { kind: 'Media', streams: [stream], raw: [] },
      ...(events === undefined ? [] : [events]),
      ...(signals === undefined ? [] : [signals]),
    ],
  };
}

/** The wish to be told of events; parameters by their names. */
export function events(
  wanted: Readonly<Record<string, Readonly<Record<string, string>>>>,
  requestId = 5,
): Descriptor {
  return {
    kind: 'Events',
    requestId,
    events: Object.entries(wanted).map(([name, parameters]) => ({
      name,
      parameters: Object.entries(parameters).map(([key, value]) => ({ name: key, value })),
      raw: [],
    })),
  };
}

export function signals(given: Readonly<Record<string, Readonly<Record<string, string>>>>): Descriptor {
  return {
    kind: 'Signals',
    signals: Object.entries(given).map(([name, parameters]) => ({
      name,
      parameters: Object.entries(parameters).map(([key, value]) => ({ name: key, value })),
      raw: [],
    })),
    raw: [],
  };
}

/** The error of a reply, wherever it stands. */
export function codeOf(action: Action): number | undefined {
  const ofCommand = action.commands.map((one) => descriptor(one, 'Error')?.code);
  return action.error?.code ?? ofCommand.find((code) => code !== undefined);
}

/** A gateway driven by hand-written H.248, a host where the WIC would be and one in the core. */
export class GatewayBed {
  readonly kernel = new Kernel({ trace: true });
  readonly network = new Network(this.kernel);
  readonly controller: Host;
  readonly wic: Host;
  readonly ue: Host;
  readonly agw: EimsAgw;
  readonly megaco: MegacoEndpoint;
  /** What the gateway has asked of its controller. */
  readonly asked: Action[] = [];
  /** Whether the controller answers; if not, it refuses. */
  accepts = true;

  constructor(policy: Partial<EimsAgwPolicy> = {}) {
    const { network } = this;
    this.controller = network.addHost({
      name: 'ep-cscf',
      role: 'eP-CSCF',
      addresses: { core: '2001:db8:a::1' },
      domain: CONTROLLER,
    });
    const agwHost = network.addHost({
      name: 'eims-agw',
      role: 'eIMS-AGW',
      addresses: { access: AGW_ACCESS, core: AGW_CORE },
    });
    this.wic = network.addHost({ name: 'wic', role: 'WIC', addresses: { access: '198.51.100.5' } });
    this.ue = network.addHost({ name: 'ue', role: 'UE', addresses: { core: UE_IP } });
    this.agw = new EimsAgw(agwHost, policyWith(eimsAgwPolicy, policy));
    this.megaco = new MegacoEndpoint(this.controller, {
      realm: 'core',
      onRequest: (actions, reply) => {
        this.asked.push(...actions);
        const done = actions.map(({ context, commands }) =>
          makeAction(
            context,
            commands.map(({ name, terminationId }) => ({ name, terminationId, descriptors: [] })),
          ),
        );
        reply(this.accepts ? done : makeError(503));
      },
    });
    this.pause(50);
    this.asked.length = 0;
  }

  /** Lets time pass, in ms. */
  pause(ms: number): void {
    const outcome = this.kernel.run({ untilUs: this.kernel.now + ms * 1000 });
    if (outcome.failure !== undefined) throw new Error(outcome.failure.reason);
  }

  /** The replies to all actions of a request. */
  askAll(context: Action['context'], ...commands: Command[]): readonly Action[] {
    let outcome: MegacoResult | undefined;
    this.megaco.request({ ip: AGW_CORE, port: 2944 }, [makeAction(context, commands)], (result) => {
      outcome = result;
    });
    const ran = this.kernel.run({ untilUs: this.kernel.now + 60_000_000 }, () => outcome !== undefined);
    if (ran.failure !== undefined) throw new Error(ran.failure.reason);
    if (outcome === undefined || 'error' in outcome) throw new Error(JSON.stringify(outcome));
    return outcome.actions;
  }

  ask(context: Action['context'], ...commands: Command[]): Action {
    return this.askAll(context, ...commands)[0] as Action;
  }

  /** Names of the events that were notified. */
  get notified(): string[] {
    return this.asked.flatMap(({ commands }) =>
      commands.flatMap((one) => descriptor(one, 'ObservedEvents')?.events.map(({ name }) => name) ?? []),
    );
  }

  /** Requirements that were realised. */
  get realised(): Set<string> {
    return new Set(this.kernel.trace?.of('requirement').flatMap(({ body }) => body.ids));
  }
}

/** The local description in a reply. */
export function localOf(
  action: Action,
  index: number,
): { session: SessionDescription; media: MediaDescription } {
  const read = parseSdp(streamsOf(action.commands[index] as Command)[0]?.local ?? '');
  const media = read.ok ? read.value.media[0] : undefined;
  if (!read.ok || media === undefined) throw new Error(`no local description: ${JSON.stringify(action)}`);
  return { session: read.value, media };
}

/** A browser's end of a stream: what it hears, and how it describes itself. */
export class WebPeer {
  readonly transport: SecureTransport;
  readonly heard: Uint8Array[] = [];
  readonly heardRtcp: Uint8Array[] = [];
  readonly failures: string[] = [];
  ready = false;
  readonly #formats: string;
  readonly #lines: readonly string[];
  readonly #port: number;
  readonly #isOffer: boolean;

  constructor(
    host: Host,
    options: Partial<SecureTransportOptions> & {
      readonly formats?: string;
      readonly lines?: readonly string[];
      readonly port?: number;
    } = {},
  ) {
    const { formats = '0', lines = [], port = 50_000, ...rest } = options;
    this.#formats = formats;
    this.#lines = lines;
    this.#port = port;
    const mux = rest.rtcpMux ?? 'require';
    this.#isOffer = (rest.setup ?? 'actpass') === 'actpass';
    this.transport = new SecureTransport(host, {
      id: `peer/${port}`,
      bases: [
        udpBase(host, { realm: 'access', port }),
        ...(mux === 'none' ? [udpBase(host, { realm: 'access', port: port + 1, component: 2 })] : []),
      ],
      ice: { role: 'controlling', patienceMs: 0 },
      certificate: hostCertificate(host),
      setup: 'actpass',
      rtcpMux: mux,
      onReady: () => {
        this.ready = true;
      },
      onRtp: (packet) => this.heard.push(packet),
      onRtcp: (packet) => this.heardRtcp.push(packet),
      onFailed: (by, reason) => this.failures.push(`${by}: ${reason}`),
      ...rest,
    });
    this.transport.gather();
  }

  /** What goes into a Remote descriptor. */
  describe(): string {
    const media: MediaDescription = {
      media: 'audio',
      port: this.#port,
      proto: 'UDP/TLS/RTP/SAVPF',
      formats: this.#formats.split(' '),
      connection: { netType: 'IN', addrType: 'IP4', address: '198.51.100.5' },
      bandwidth: [],
      otherLines: [],
      attributes: transportAttributes(this.transport.local, this.#isOffer),
    };
    const session = { version: 0, bandwidth: [], attributes: [], otherLines: [], timing: [], media: [media] };
    return serializeSdp(session) + this.#lines.map((line) => `${line}\r\n`).join('');
  }

  /** Takes what the gateway says of itself. */
  meet({ session, media }: { session: SessionDescription; media: MediaDescription }): void {
    this.transport.setRemote(remoteTransport(session, media));
  }
}

/** An RTP packet with a payload that can be told from others. */
export function rtp(sequenceNumber: number, bytes = 160, payloadType = 0): Uint8Array {
  return serializeRtp({
    marker: sequenceNumber === 1,
    payloadType,
    sequenceNumber,
    timestamp: 160 * sequenceNumber,
    ssrc: 0x1234_5678,
    csrcs: [],
    payload: new Uint8Array(bytes).fill(sequenceNumber & 0xff),
    paddingBytes: 0,
  });
}

export const subtractAll: Command = { name: 'Subtract', terminationId: '*', descriptors: [] };

export const report = serializeRtcp([
  { type: 'RR', ssrc: 7, reports: [] },
  { type: 'SDES', chunks: [{ ssrc: 7, items: [{ type: 1, value: new TextEncoder().encode('a@b') }] }] },
]);

/** A plain call: the UE of the core on one side, and a plain peer at the access address on the other. */
export function plainCall(core: StreamParts = {}, bed = new GatewayBed()) {
  const heard: Uint8Array[] = [];
  const heardByUe: Uint8Array[] = [];
  const heardRtcp: Uint8Array[] = [];
  const left = bed.wic.udp('access', 42_000, (data) => heard.push(data));
  bed.wic.udp('access', 42_001, (data) => heardRtcp.push(data));
  const ue = bed.ue.udp('core', 41_000, (data) => heardByUe.push(data));
  const ueRtcp = bed.ue.udp('core', 41_001, () => {});
  const reply = bed.ask(
    '$',
    command('Add', 'ip/access/$', {
      local: 'v=0\r\nc=IN IP4 $\r\nm=audio $ RTP/AVP 0\r\n',
      remote: 'v=0\r\nc=IN IP4 198.51.100.5\r\nm=audio 42000 RTP/AVP 0\r\n',
      mode: 'SendReceive',
    }),
    command('Add', 'ip/core/$', { local: coreLocal(), remote: coreRemote(), mode: 'SendReceive', ...core }),
  );
  if (codeOf(reply) !== undefined) throw new Error(`refused: ${codeOf(reply)}`);
  const [access = '', coreId = ''] = reply.commands.map(({ terminationId }) => terminationId);
  const toAccess = { ip: AGW_ACCESS, port: localOf(reply, 0).media.port };
  const toCore = { ip: AGW_CORE, port: localOf(reply, 1).media.port };
  const statistics = (termination: string): Record<string, string> => {
    const audit: Command = {
      name: 'AuditValue',
      terminationId: termination,
      descriptors: [{ kind: 'Audit', items: ['Statistics'] }],
    };
    const [answer] = bed.ask(reply.context, audit).commands;
    const told = answer === undefined ? undefined : descriptor(answer, 'Statistics');
    return Object.fromEntries(told?.statistics.map(({ name, value }) => [name, value ?? '']) ?? []);
  };
  return {
    bed,
    left,
    ue,
    ueRtcp,
    heard,
    heardByUe,
    heardRtcp,
    reply,
    access,
    core: coreId,
    toAccess,
    toCore,
    statistics,
  };
}

/** A call with a browser on the access side. */
export function webCall(
  parts: {
    readonly access?: StreamParts;
    readonly bed?: GatewayBed;
    readonly peer?: (bed: GatewayBed) => WebPeer;
    readonly mux?: boolean;
    readonly describe?: (text: string) => string;
  } = {},
) {
  const bed = parts.bed ?? new GatewayBed();
  const peer = parts.peer?.(bed) ?? new WebPeer(bed.wic);
  const heardByUe: Uint8Array[] = [];
  const heardRtcp: Uint8Array[] = [];
  const ue = bed.ue.udp('core', 41_000, (data) => heardByUe.push(data));
  const ueRtcp = bed.ue.udp('core', 41_001, (data) => heardRtcp.push(data));
  const describe = parts.describe ?? ((text) => text);
  const reply = bed.ask(
    '$',
    command('Add', 'ip/access/$', {
      local: accessLocal({ mux: parts.mux ?? true }),
      remote: describe(peer.describe()),
      mode: 'SendReceive',
      events: events({ [EVENT.dtlsFailure]: {}, [EVENT.iceResult]: {}, [EVENT.consentLost]: {} }),
      ...parts.access,
    }),
    command('Add', 'ip/core/$', { local: coreLocal(), remote: coreRemote(), mode: 'SendReceive' }),
  );
  if (codeOf(reply) !== undefined) throw new Error(`refused: ${codeOf(reply)}`);
  peer.meet(localOf(reply, 0));
  const core = localOf(reply, 1).media;
  const toCore = { ip: AGW_CORE, port: core.port };
  return { bed, peer, ue, ueRtcp, heardByUe, heardRtcp, reply, toCore };
}
