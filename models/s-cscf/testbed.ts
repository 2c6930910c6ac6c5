import { describeOutcome, Kernel, type KernelOptions } from '../../src/kernel/index.js';
import { type Host, Network, type NetworkOptions } from '../../src/network/index.js';
import { type ClientTransaction, type ServerTransaction, SipEndpoint } from '../../src/stack/sip/index.js';
import { SipRequest, type SipResponse, serializeSip } from '../../src/wire/sip/index.js';
import { policyWith } from '../common/index.js';
import { Hss, type HssConfig, hssPolicy, type Subscription } from '../hss/index.js';
import { ICscf, type ICscfPolicy, iCscfPolicy } from '../i-cscf/index.js';
import { PCscf, type PCscfPolicy, pCscfPolicy } from '../p-cscf/index.js';
import { type SCscfPolicy, sCscfPolicy } from './policy.js';
import { SCscf } from './s-cscf.js';

const HOME = 'home1.net';

/** alice, who is authorised by a WAF, and bob, who has a password. */
export const ALICE: Subscription = {
  impi: 'user1_private@home1.net',
  impus: [{ uri: 'sip:user1_public1@home1.net' }, { uri: 'tel:+12125550101' }],
  allowedWafs: ['waf.example.com'],
  allowedWwsfs: ['wwsf.example.com'],
};
export const BOB: Subscription = {
  impi: 'user2_private@home1.net',
  impus: [{ uri: 'sip:user2_public1@home1.net' }],
  digest: { password: 'builder' },
};

/** What differs from the usual home network. */
export interface CoreOptions {
  readonly kernel?: KernelOptions;
  readonly network?: NetworkOptions;
  readonly hss?: Partial<HssConfig>;
  readonly iCscf?: Partial<ICscfPolicy>;
  readonly sCscf?: Partial<SCscfPolicy>;
  readonly pCscf?: Partial<PCscfPolicy>;
}

/** The home network of the tests, with a host in place of an eP-CSCF that sends and takes raw SIP. */
export function coreTestbed(options: CoreOptions = {}) {
  const kernel = new Kernel({ trace: true, ...options.kernel });
  const network = new Network(kernel, options.network);
  const host = (name: string, role: string, ip: string, domain?: string, aliases: readonly string[] = []) =>
    network.addHost({
      name,
      role,
      addresses: { core: ip },
      ...(domain === undefined ? {} : { domain }),
      aliases,
    });
  const node = new RawNode(
    host('ep-cscf', 'eP-CSCF', '2001:db8:a::1', 'ep1.visited1.net'),
    'ep1.visited1.net',
  );
  const iHost = host('i-cscf', 'I-CSCF', '2001:db8:b::1', 'icscf.home1.net', [HOME]);
  const sHost = host('s-cscf', 'S-CSCF', '2001:db8:b::2', 'scscf1.home1.net');
  const hssHost = host('hss', 'HSS', '2001:db8:b::3', 'hss.home1.net');
  const pHost = host('p-cscf', 'P-CSCF', '2001:db8:b::4', 'pcscf1.home1.net');
  const ueHost = host('ue', 'UE', '2001:db8:c::30');
  const hss = new Hss(
    hssHost,
    { homeDomain: HOME, subscriptions: [ALICE, BOB], ...options.hss },
    policyWith(hssPolicy),
  );
  const iCscf = new ICscf(
    iHost,
    { homeDomain: HOME, hss: 'hss.home1.net', servers: [{ name: 'sip:scscf1.home1.net:5060' }] },
    policyWith(iCscfPolicy, options.iCscf),
  );
  const sCscf = new SCscf(
    sHost,
    { homeDomain: HOME, hss: 'hss.home1.net' },
    policyWith(sCscfPolicy, options.sCscf),
  );
  const pCscf = new PCscf(pHost, { network: HOME }, policyWith(pCscfPolicy, options.pCscf));
  const entities = [hss, iCscf, sCscf, pCscf];
  return {
    kernel,
    network,
    node,
    hss,
    iCscf,
    sCscf,
    pCscf,
    ueHost,
    /** Sends a datagram from the UE's address, as another program on it would; answers come to the UE. */
    fromUe: (method: string, uri: string, headers: readonly (readonly [string, string])[]) => {
      const request = new SipRequest(method, uri);
      request.headers.append('Via', 'SIP/2.0/UDP [2001:db8:c::30]:5060;branch=z9hG4bKforged');
      request.headers.append('Max-Forwards', '70');
      for (const [name, value] of headers) request.headers.append(name, value);
      request.headers.append('Call-ID', 'forged');
      request.headers.append('CSeq', `1 ${method}`);
      const socket = ueHost.udp('core', undefined, () => {});
      socket.send(serializeSip(request), { ip: '2001:db8:b::4', port: 5060 });
    },
    /** Lets virtual time pass; a run that cannot go on is thrown. */
    run: (ms: number) => {
      const outcome = kernel.run({ untilUs: kernel.now + ms * 1000 });
      if (outcome.status !== 'idle' && outcome.status !== 'time-limit')
        throw new Error(describeOutcome(outcome));
    },
    /** What should be gone, after everything has had its time. */
    leftovers: () => entities.flatMap((entity) => entity.leftovers()),
    /** The SIP messages that a host has received and whose text holds all of `parts`. */
    received: (host: string, ...parts: readonly string[]) =>
      [...(kernel.trace?.events ?? [])].flatMap(({ entity, body }) => {
        if (entity !== host || body.kind !== 'message.received' || body.message.protocol !== 'SIP') return [];
        const { text = '' } = body.message;
        return parts.every((part) => text.includes(part)) ? [text] : [];
      }),
    /** Events that no state handled. */
    unexpected: () => [...(kernel.trace?.events ?? [])].filter(({ body }) => body.kind === 'unexpected'),
  };
}

export type CoreTestbed = ReturnType<typeof coreTestbed>;

/** A host that sends requests as it is told and keeps what it receives. */
export class RawNode {
  readonly endpoint: SipEndpoint;
  readonly responses: SipResponse[] = [];
  readonly requests: SipRequest[] = [];
  /** How requests are answered; default 200. */
  answer: (transaction: ServerTransaction) => void = (transaction) =>
    transaction.respond(this.endpoint.makeResponse(transaction.request, 200));
  #cseq = 0;

  constructor(host: Host, domain: string) {
    this.endpoint = new SipEndpoint(host, {
      sentBy: domain,
      user: {
        onRequest: (transaction) => {
          this.requests.push(transaction.request);
          this.answer(transaction);
        },
        onAck: (ack) => this.requests.push(ack),
      },
    });
    this.endpoint.listenUdp('core');
    this.endpoint.listenTcp('core');
  }

  /** The last final response. */
  get last(): SipResponse | undefined {
    return this.responses.at(-1);
  }

  send(
    method: string,
    uri: string,
    ip: string,
    headers: readonly (readonly [string, string])[],
    body = '',
  ): ClientTransaction {
    const request = new SipRequest(method, uri, undefined, new TextEncoder().encode(body));
    request.headers.append('Max-Forwards', '70');
    for (const [name, value] of headers) request.headers.append(name, value);
    if (!request.headers.has('call-id')) request.headers.append('Call-ID', `call-${method}`);
    request.headers.append('CSeq', `${++this.#cseq} ${method}`);
    return this.endpoint.sendRequest(
      request,
      { realm: 'core', to: { ip, port: 5060 } },
      {
        onResponse: (response) => {
          if (response.status >= 200) this.responses.push(response);
        },
        onTimeout: () => {},
        onTransportError: () => {},
      },
    );
  }

  /** An ACK for a 2xx to the last INVITE. */
  ack(uri: string, ip: string, headers: readonly (readonly [string, string])[]): void {
    const request = new SipRequest('ACK', uri);
    request.headers.append('Max-Forwards', '70');
    for (const [name, value] of headers) request.headers.append(name, value);
    request.headers.append('CSeq', `${this.#cseq} ACK`);
    this.endpoint.sendAck(request, { realm: 'core', to: { ip, port: 5060 } });
  }

  /** A REGISTER as an eP-CSCF sends it for a user whom a WAF has authorised (24371-6.4.2-04). */
  register(
    more: {
      readonly impi?: string;
      readonly impu?: string;
      readonly expires?: number;
      readonly authorization?: string;
      readonly visited?: string;
      readonly contact?: string;
      readonly path?: string;
      readonly others?: readonly (readonly [string, string])[];
    } = {},
  ): ClientTransaction {
    const {
      impi = ALICE.impi,
      impu = 'sip:user1_public1@home1.net',
      expires = 3600,
      visited = 'visited1.net',
    } = more;
    const digest = `Digest username="${impi}", realm="${HOME}", nonce="", uri="sip:${HOME}", response=""`;
    return this.send('REGISTER', `sip:${HOME}`, '2001:db8:b::1', [
      ['From', `<${impu}>;tag=f1`],
      ['To', `<${impu}>`],
      [
        'Contact',
        more.contact ?? '<sip:abc@df7jal23ls0d.invalid;transport=ws>;+sip.instance="<urn:uuid:1>";reg-id=1',
      ],
      ['Expires', String(expires)],
      ['Supported', 'path, gruu, outbound'],
      ['Require', 'path'],
      ['Path', more.path ?? '<sip:flow1@ep1.visited1.net;lr;ob>'],
      ['P-Visited-Network-ID', `"${visited}"`],
      ['P-Charging-Vector', 'icid-value="i1";orig-ioi="Type 1visited1.net"'],
      ['Authorization', more.authorization ?? `${digest}, integrity-protected="auth-done"`],
      ...(more.others ?? []),
    ]);
  }
}
