import { Kernel, listChoices, parseTape, seededChoices, tapeChoices } from '../../src/kernel/index.js';
import { type Host, Network } from '../../src/network/index.js';
import { SipEndpoint } from '../../src/stack/sip/index.js';
import { SipUserAgent } from '../../src/stack/sip-ua/index.js';
import { policyWith } from '../common/index.js';
import { type MediaProfile, Phone, type PhoneCall, type PhonePolicy, phonePolicy } from './index.js';

/** A phone with what its owner would have. */
export interface Telephone {
  readonly host: Host;
  readonly endpoint: SipEndpoint;
  readonly ua: SipUserAgent;
  readonly phone: Phone;
  /** Every call it has had. */
  readonly calls: PhoneCall[];
  readonly uri: string;
}

/** A kernel and network for tests of phones, with realm `test` of 5 ms. */
export function laboratory(tape: string | readonly number[] = ''): { kernel: Kernel; network: Network } {
  const seeded = seededChoices(1);
  const entries = typeof tape === 'string' ? parseTape(tape) : [];
  if (typeof entries === 'string') throw new Error(entries);
  const choices = typeof tape === 'string' ? tapeChoices(entries, seeded) : listChoices(tape, seeded);
  const kernel = new Kernel({ choices, trace: true });
  return { kernel, network: new Network(kernel) };
}

/** A phone without registration on a host of its own, reached by its address. */
export function telephone(
  network: Network,
  name: string,
  ip: string,
  media: MediaProfile,
  policy: Partial<PhonePolicy> = {},
): Telephone {
  const { realm } = media;
  const sentBy = ip.includes(':') ? `[${ip}]` : ip;
  const uri = `sip:${name}@${sentBy}`;
  const host = network.addHost({ name, role: 'UE', addresses: { [realm]: ip } });
  const values = policyWith(phonePolicy, policy);
  const ua = new SipUserAgent(host, {
    endpoint: (user) => new SipEndpoint(host, { user, sentBy }),
    contact: `<${uri}>`,
    supported: values.reliableProvisionals ? ['100rel'] : [],
    on: { invite: (transaction) => phone.onInvite(transaction) },
  });
  const endpoint = ua.endpoint as SipEndpoint;
  endpoint.listenUdp(realm);
  endpoint.listenTcp(realm);
  const calls: PhoneCall[] = [];
  const phone = new Phone({
    host,
    ua: () => ua,
    media,
    policy: values,
    hop: (request) => ua.resolve(request),
    buildInvite: (to) => ua.createRequest('INVITE', to, { from: uri, to }),
    realises: (id) => host.realises(id),
    onCall: (call) => calls.push(call),
  });
  return { host, endpoint, ua, phone, calls, uri };
}

/** Everything that is not as it should be once nothing is under way: failures, timers, sockets, calls, transactions. */
export function remains(kernel: Kernel, ...telephones: readonly Telephone[]): string[] {
  const failure = kernel.failure === undefined ? [] : [kernel.failure.reason];
  const timers = kernel.pending === 0 ? [] : [`${kernel.pending} timers`];
  const unexpected = kernel.trace
    ?.of('unexpected')
    .map(({ body }) => `${body.actor} ${body.state}: ${body.event}`);
  const rest = telephones.flatMap(({ host, phone, endpoint, ua }) => [
    ...phone.leftovers(),
    ...ua.describeDialogs().map((id) => `${host.name}: dialog ${id}`),
    ...(endpoint.openTransactions === 0 ? [] : [`${host.name}: ${endpoint.openTransactions} transactions`]),
    ...host.describeSockets().filter((text) => !/5060/.test(text)),
  ]);
  return [...failure, ...timers, ...(unexpected ?? []), ...rest];
}
