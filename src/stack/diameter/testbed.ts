import { Kernel, seededChoices, type Tape, tapeChoices } from '../../kernel/index.js';
import { type ByteStream, type Host, Network } from '../../network/index.js';
import type { MessageRecord } from '../../trace/index.js';
import {
  type Avp,
  CX_APPLICATION,
  type DiameterMessage,
  DiameterStreamParser,
  makeAvp,
  makeRequest,
  ResultCode,
  serializeDiameter,
  VENDOR_3GPP,
} from '../../wire/diameter/index.js';
import { type Answer, type DiameterDestination, DiameterNode, type DiameterNodeOptions } from './index.js';

/** Addresses of the hosts of {@link Bench}; strangers get others. */
const ADDRESSES = { scscf: '10.0.0.1', hss: '10.0.0.2' };

/** What a Location-Info request needs besides the common AVPs. */
export const LIR = [makeAvp('Public-Identity', 'sip:alice@home1.net')];

/** What a Registration-Termination request needs besides the common AVPs. */
export const RTR = [
  makeAvp('User-Name', 'alice@home1.net'),
  makeAvp('Deregistration-Reason', [makeAvp('Reason-Code', 'PERMANENT_TERMINATION')]),
];

const SUCCESS = { resultCode: ResultCode.DIAMETER_SUCCESS };

/** How a bench is set up. */
export interface BenchOptions {
  readonly tape?: Tape;
  readonly trace?: boolean;
  readonly seed?: number;
  /** Overrides of the nodes' options. */
  readonly scscf?: Partial<DiameterNodeOptions>;
  readonly hss?: Partial<DiameterNodeOptions>;
}

/** An S-CSCF and an HSS in the realm core, 2 ms apart; both listen, and answer success unless told otherwise. */
export class Bench {
  readonly kernel: Kernel;
  readonly network: Network;
  readonly scscfHost: Host;
  readonly hssHost: Host;
  readonly scscf: DiameterNode;
  readonly hss: DiameterNode;
  /** How requests of {@link request} and {@link push} ended: `milliseconds what`. */
  readonly results: string[] = [];
  readonly answers: DiameterMessage[] = [];
  /** Requests that reached a user, with their time in milliseconds. */
  readonly executed: { readonly at: number; readonly request: DiameterMessage; readonly peer: string }[] = [];

  constructor(options: BenchOptions = {}) {
    const { tape = [], trace = true, seed = 1 } = options;
    this.kernel = new Kernel({ trace, seed, choices: tapeChoices(tape, seededChoices(seed)) });
    this.network = new Network(this.kernel);
    this.scscfHost = this.#host('scscf');
    this.hssHost = this.#host('hss');
    this.scscf = this.#node(this.scscfHost, options.scscf);
    this.hss = this.#node(this.hssHost, options.hss);
    this.scscf.listen();
    this.hss.listen();
  }

  get now(): number {
    return this.kernel.now / 1000;
  }

  /** From the S-CSCF to the HSS. */
  request(timeoutMs?: number, to: Partial<DiameterDestination> = {}): void {
    const where = { host: 'hss.home1.net', realm: 'home1.net', ...to };
    this.scscf.request(where, 'LIR', LIR, (result) => this.#note(result), timeoutMs);
  }

  /** From the HSS to the S-CSCF. */
  push(timeoutMs?: number): void {
    const where = { host: 'scscf.home1.net', realm: 'home1.net' };
    this.hss.request(where, 'RTR', RTR, (result) => this.#note(result), timeoutMs);
  }

  at(timeMs: number, run: () => void): void {
    this.kernel.schedule(timeMs * 1000 - this.kernel.now, 'test', run);
  }

  /** Runs to a time, in milliseconds of virtual time. */
  run(untilMs: number): void {
    const { failure } = this.kernel.run({ untilUs: untilMs * 1000 });
    if (failure !== undefined) throw new Error(failure.reason);
  }

  close(): void {
    this.scscf.close();
    this.hss.close();
  }

  /** What is left: entries in the queue, sockets, and what the nodes know of. */
  get left(): readonly (string | number)[] {
    const sockets = this.network.hosts.flatMap((host) => host.describeSockets());
    return [this.kernel.pending, ...sockets, ...this.scscf.leftovers, ...this.hss.leftovers];
  }

  /** Messages sent, as `milliseconds summary`. */
  sent(host: string): string[] {
    return (this.kernel.trace?.events ?? []).flatMap(({ at, entity, body }) =>
      body.kind === 'message.sent' && entity === host ? [`${at / 1000} ${body.message.summary}`] : [],
    );
  }

  records(kind: 'message.sent' | 'message.received', host: string): MessageRecord[] {
    return (this.kernel.trace?.events ?? []).flatMap(({ entity, body }) =>
      body.kind === kind && entity === host ? [body.message] : [],
    );
  }

  #note({ answer, error }: { answer?: DiameterMessage; error?: string }): void {
    this.results.push(`${this.now} ${error ?? 'answered'}`);
    if (answer !== undefined) this.answers.push(answer);
  }

  #host(name: keyof typeof ADDRESSES): Host {
    return this.network.addHost({
      name,
      role: name,
      addresses: { core: ADDRESSES[name] },
      domain: `${name}.home1.net`,
    });
  }

  #node(host: Host, changes: Partial<DiameterNodeOptions> = {}): DiameterNode {
    const { onRequest = (_request: DiameterMessage, answer: Answer) => answer(SUCCESS), ...others } = changes;
    return new DiameterNode(host, {
      realm: 'core',
      originHost: host.domain ?? '',
      originRealm: 'home1.net',
      ...others,
      onRequest: (request, answer, peer) => {
        this.executed.push({ at: this.now, request, peer });
        onRequest(request, answer, peer);
      },
    });
  }
}

/** A peer that sends what no node would, from a host of its own. */
export class Stranger {
  readonly host: Host;
  readonly heard: DiameterMessage[] = [];
  /** How connections ended: `milliseconds reason`. */
  readonly closed: string[] = [];
  stream: ByteStream | undefined;
  readonly #bench: Bench;
  #ids = 100;

  constructor(bench: Bench, ip = '10.0.0.9') {
    this.#bench = bench;
    this.host = bench.network.addHost({ name: `stranger-${ip}`, role: 'stranger', addresses: { core: ip } });
  }

  /** Connects to the HSS and, unless told otherwise, introduces itself. */
  connect(cer = true): this {
    this.#attach(this.host.connect('core', { ip: ADDRESSES.hss, port: 3868 }));
    if (cer) this.send(this.request('CER', this.capabilities()));
    this.#bench.run(this.#bench.now + 20);
    return this;
  }

  /** Serves one port in place of a node; `onMessage` gets what arrives. */
  listen(onMessage: (message: DiameterMessage) => void): void {
    this.host.listen('core', 3868, (connection) => this.#attach(connection, onMessage));
  }

  capabilities(name = 'stranger.home1.net', application = CX_APPLICATION): Avp[] {
    return [
      makeAvp('Origin-Host', name),
      makeAvp('Origin-Realm', 'home1.net'),
      makeAvp('Host-IP-Address', '10.0.0.9'),
      makeAvp('Vendor-Id', 0),
      makeAvp('Product-Name', 'stranger'),
      ...vendorSpecific(application),
    ];
  }

  /** The AVPs of a correct LIR. */
  lir(): Avp[] {
    return [
      makeAvp('Session-Id', 'stranger.home1.net;0;1'),
      ...vendorSpecific(CX_APPLICATION),
      makeAvp('Auth-Session-State', 'NO_STATE_MAINTAINED'),
      makeAvp('Origin-Host', 'stranger.home1.net'),
      makeAvp('Origin-Realm', 'home1.net'),
      makeAvp('Destination-Host', 'hss.home1.net'),
      makeAvp('Destination-Realm', 'home1.net'),
      ...LIR,
    ];
  }

  request(command: 'CER' | 'DWR' | 'DPR' | 'LIR', avps: readonly Avp[]): DiameterMessage {
    this.#ids++;
    return makeRequest(command, { hopByHop: this.#ids, endToEnd: this.#ids }, avps);
  }

  send(message: DiameterMessage | Uint8Array): void {
    this.stream?.write(message instanceof Uint8Array ? message : serializeDiameter(message));
  }

  #attach(stream: ByteStream, onMessage: (message: DiameterMessage) => void = () => {}): void {
    const parser = new DiameterStreamParser();
    this.stream = stream;
    stream.attach({
      onData: (data) => {
        for (const item of parser.push(data)) {
          if (item.kind !== 'message') throw new Error(item.error.what);
          this.heard.push(item.message);
          onMessage(item.message);
        }
      },
      onClose: (reason) => this.closed.push(`${this.#bench.now} ${reason}`),
    });
  }
}

function vendorSpecific(application: number): Avp[] {
  return [
    makeAvp('Vendor-Specific-Application-Id', [
      makeAvp('Vendor-Id', VENDOR_3GPP),
      makeAvp('Auth-Application-Id', application),
    ]),
  ];
}
