import { type JsonObject, p256KeyPair, signJwt } from '../../src/crypto/index.js';
import type { Settings } from '../../src/explore/index.js';
import { type ChoiceSource, Kernel } from '../../src/kernel/index.js';
import {
  connectTls,
  connectWebSocket,
  type Host,
  Network,
  type TcpConnection,
  type WebSocketConnection,
} from '../../src/network/index.js';
import { parseSip, type SipRequest, type SipResponse } from '../../src/wire/sip/index.js';
import { wallClockS } from '../common/index.js';
import { SIGNING_SEED, user, type WebAccess, webAccess } from '../topologies/index.js';

export const ALICE = user(1);
export const BOB = user(2);
export const ORIGIN = 'https://wwsf.example.com';

/** A whole system with alice at a WIC and bob at a phone, driven step by step: for the tests of this folder and of the scenarios. */
export class SystemBed {
  readonly kernel: Kernel;
  readonly network: Network;
  readonly world: WebAccess;
  #raw = 0;
  /** The link whose next TCP packet resets its connection. */
  #resets: string | undefined;

  constructor(settings: Settings = {}, size = { wics: 1, ues: 1 }) {
    const topology = webAccess(size);
    const choices: ChoiceSource = {
      choose: ({ name, options }) => {
        const option = name === this.#resets ? options.indexOf('reset') : -1;
        if (option >= 0) this.#resets = undefined;
        return Math.max(0, option);
      },
    };
    this.kernel = new Kernel({ trace: true, seed: 1, choices });
    this.network = new Network(this.kernel, topology.network);
    this.world = topology.build(this.kernel, this.network, settings);
  }

  get alice(): WebAccess['wics'][number] {
    return this.world.wics[0] as WebAccess['wics'][number];
  }

  get bob(): WebAccess['ues'][number] {
    return this.world.ues[0] as WebAccess['ues'][number];
  }

  /** Runs until a condition holds. */
  until(holds: () => boolean, withinS = 300): void {
    const outcome = this.kernel.run({ untilUs: this.kernel.now + withinS * 1_000_000 }, holds);
    if (outcome.failure !== undefined) throw new Error(outcome.failure.reason);
    if (!holds()) throw new Error(`not true at ${outcome.at} us: ${holds.toString()}`);
  }

  pause(s: number): void {
    const outcome = this.kernel.run({ untilUs: this.kernel.now + s * 1_000_000 });
    if (outcome.failure !== undefined) throw new Error(outcome.failure.reason);
  }

  /** Alice at her WIC and bob at his phone are registered, and their subscriptions are made. */
  registerBoth(): void {
    this.alice.open();
    this.bob.register();
    this.until(() => this.alice.wic.registered && this.bob.registered);
    this.pause(1);
  }

  /** A box in the network resets alice's WebSocket; she begins another at once. */
  resetWebSocket(): void {
    const { wic } = this.alice;
    const { flow, userAgent } = wic;
    if (flow === undefined || userAgent === undefined) throw new Error('alice has no WebSocket');
    this.#resets = 'wic>ep-cscf';
    userAgent.send(wic.buildInitialRequest('OPTIONS', BOB.impu), { flow });
    this.until(() => !wic.registered, 1);
    this.pause(0.001);
  }

  /** A client of another make, on a host of its own. */
  raw(): RawWic {
    const number = ++this.#raw;
    const ip = `198.51.100.${200 + number}`;
    return new RawWic(
      this,
      this.network.addHost({ name: `raw-${number}`, role: 'WIC', addresses: { access: ip } }),
    );
  }

  /** An access token of the WAF for alice, with some claims changed; `undefined` leaves one out. */
  token(claims: Readonly<Record<string, string | number | undefined>> = {}, seed = SIGNING_SEED): string {
    const now = wallClockS(this.kernel.now);
    const all: Record<string, string | number | undefined> = {
      iss: 'waf.example.com',
      aud: 'ep1.visited1.net',
      sub: 'alice',
      ...ALICE,
      wwsf: 'wwsf.example.com',
      scope: 'ims.register',
      iat: now,
      nbf: now,
      exp: now + 3600,
      jti: 'a-token',
      ...claims,
    };
    const kept = Object.fromEntries(Object.entries(all).filter(([, value]) => value !== undefined));
    return signJwt({ alg: 'ES256', secretKey: p256KeyPair(seed).secretKey }, kept as JsonObject);
  }

  /** Packets sent on a directed link so far. */
  packets(link: string): number {
    return (this.kernel.trace?.of('packet.sent') ?? []).filter(({ body }) => body.packet.link === link)
      .length;
  }

  /** SIP messages that an entity has sent or received, as text. */
  sip(entity: string, kind: 'message.sent' | 'message.received', start: string | RegExp): string[] {
    return (this.kernel.trace?.of(kind) ?? []).flatMap(({ entity: who, body: { message } }) => {
      const { protocol, text = '' } = message;
      const fits = typeof start === 'string' ? text.startsWith(start) : start.test(text);
      return who === entity && protocol === 'SIP' && fits ? [text] : [];
    });
  }

  /** What an entity has refused to read. */
  rejected(entity: string): string[] {
    const events = this.kernel.trace?.of('message.rejected') ?? [];
    return events.flatMap((event) =>
      event.entity === entity ? [`${event.body.protocol}: ${event.body.reason}`] : [],
    );
  }

  /** Faults of the models: events that a machine did not expect, and what should be gone. */
  remains(): string[] {
    const unexpected = this.kernel.trace?.of('unexpected') ?? [];
    return [
      ...(this.kernel.failure === undefined ? [] : [this.kernel.failure.reason]),
      ...unexpected.map(({ entity, body }) => `${entity} ${body.machine} ${body.state} ${body.event}`),
      ...this.world.leftovers(),
    ];
  }
}

/** What a raw client's REGISTER or other request has in it. */
export interface RawParts {
  readonly headers?: readonly (readonly [name: string, value: string])[];
  /** Names of header fields to leave out. */
  readonly without?: readonly string[];
  readonly body?: string;
  readonly to?: string;
  readonly toTag?: string;
  readonly callId?: string;
  readonly cseq?: number;
  readonly fromTag?: string;
}

/** A SIP client over a secure WebSocket that sends whatever a test wants. */
export class RawWic {
  readonly host: Host;
  readonly responses: SipResponse[] = [];
  readonly requests: SipRequest[] = [];
  /** Codes with which the WebSocket was closed, and the reasons. */
  readonly closes: { readonly code: number; readonly reason: string }[] = [];
  /** HTTP status of a refused upgrade. */
  refused: number | undefined;
  tcp!: TcpConnection;
  connection!: WebSocketConnection;
  readonly #bed: SystemBed;
  #count = 0;

  constructor(bed: SystemBed, host: Host) {
    this.#bed = bed;
    this.host = host;
  }

  /** Opens TLS and the WebSocket, and waits for what comes of it. */
  connect(options: { readonly origin?: string | null; readonly protocols?: readonly string[] } = {}): this {
    const { origin = ORIGIN, protocols = ['sip'] } = options;
    const host = this.host;
    this.tcp = host.connect('access', { ip: '192.0.2.1', port: 443 });
    const stream = connectTls(this.tcp, { serverName: 'ep1.visited1.net' });
    this.connection = connectWebSocket(
      host,
      { stream, hostHeader: 'ep1.visited1.net', protocols, ...(origin === null ? {} : { origin }) },
      {
        onMessage: (_data, _end, bytes) => this.#take(bytes),
        onRefused: ({ status }) => {
          this.refused = status;
        },
        onClose: (code, reason) => this.closes.push({ code, reason }),
      },
    );
    this.#bed.until(() => this.connection.state === 'open' || this.connection.state === 'closed', 10);
    return this;
  }

  /** A request as text; its Via, From, To, Call-ID, CSeq, Max-Forwards and Contact are good unless a test says otherwise. */
  text(method: string, uri: string, parts: RawParts = {}): string {
    const number = ++this.#count;
    const {
      headers = [],
      without = [],
      body = '',
      to = uri,
      callId = `raw-${number}@${this.host.name}`,
    } = parts;
    const usual: (readonly [string, string])[] = [
      ['Via', `SIP/2.0/WSS ${this.host.name}.invalid;branch=z9hG4bK${this.host.name}${number}`],
      ['Max-Forwards', '70'],
      ['From', `<${ALICE.impu}>;tag=${parts.fromTag ?? `from${number}`}`],
      ['To', `<${to}>${parts.toTag === undefined ? '' : `;tag=${parts.toTag}`}`],
      ['Call-ID', callId],
      ['CSeq', `${parts.cseq ?? number} ${method}`],
      ['Contact', this.contact],
      ['Content-Length', String(new TextEncoder().encode(body).length)],
    ];
    const given = new Set(headers.map(([name]) => name.toLowerCase()));
    const left = new Set(without.map((name) => name.toLowerCase()));
    const kept = usual.filter(([name]) => !given.has(name.toLowerCase()) && !left.has(name.toLowerCase()));
    const lines = [...kept, ...headers].map(([name, value]) => `${name}: ${value}\r\n`);
    return `${method} ${uri} SIP/2.0\r\n${lines.join('')}\r\n${body}`;
  }

  get contact(): string {
    return `<sip:alice@${this.host.name}.invalid;transport=ws>`;
  }

  /** Sends a request and waits for its final response. */
  ask(method: string, uri: string, parts: RawParts = {}): SipResponse {
    return this.say(this.text(method, uri, parts));
  }

  /** Sends text and waits for a final response. */
  say(text: string): SipResponse {
    const before = this.responses.length;
    const final = (): SipResponse | undefined =>
      this.responses.slice(before).find(({ status }) => status >= 200);
    this.connection.send(text);
    this.#bed.until(() => final() !== undefined);
    return final() as SipResponse;
  }

  /** Sends a REGISTER with a token, or with other credentials, or with none. */
  register(authorization: string | undefined, parts: RawParts = {}): SipResponse {
    const headers = [
      ...(authorization === undefined ? [] : [['Authorization', authorization] as const]),
      ...(parts.headers ?? []),
    ];
    return this.ask('REGISTER', 'sip:home1.net', { to: ALICE.impu, ...parts, headers });
  }

  /** Connects and registers as alice with a good token, and waits until the eP-CSCF has subscribed. */
  begin(): this {
    this.connect();
    const { status } = this.register(`Bearer access_token="${this.#bed.token()}"`);
    if (status !== 200) throw new Error(`REGISTER: ${status}`);
    this.#bed.pause(1);
    return this;
  }

  #take(bytes: Uint8Array): void {
    const read = parseSip(bytes, { framing: 'websocket' });
    if (!read.ok) throw new Error(`the eP-CSCF sent what is no SIP: ${read.error.what}`);
    if (read.value.kind === 'response') this.responses.push(read.value);
    else this.requests.push(read.value);
  }
}

/** An offer of a browser, short. */
export const WEBRTC_OFFER = [
  'v=0',
  'o=- 1 0 IN IP4 198.51.100.201',
  's=-',
  't=0 0',
  'm=audio 50000 UDP/TLS/RTP/SAVPF 0',
  'c=IN IP4 198.51.100.201',
  'a=mid:0',
  'a=candidate:1 1 UDP 2130706431 198.51.100.201 50000 typ host',
  'a=ice-ufrag:abcdefgh',
  'a=ice-pwd:abcdefghijklmnopqrstuvwx',
  `a=fingerprint:sha-256 ${Array.from({ length: 32 }, () => 'AB').join(':')}`,
  'a=setup:actpass',
  'a=rtcp-mux',
  'a=rtpmap:0 PCMU/8000',
  'a=sendrecv',
  '',
].join('\r\n');
