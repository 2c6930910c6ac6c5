import type { Host } from '../../network/index.js';
import { parseNameAddr, parseUri, type SipRequest, type SipUri } from '../../wire/sip/index.js';
import type { NextHop } from '../sip/index.js';

type NetworkInterface = Host['interfaces'][number];

/** Port of SIP over UDP and TCP where a URI names none (RFC 3261 19.1.2). */
export const SIP_PORT = 5060;

/**
 * Where a request to a SIP URI goes: a literal address, or a name as the network knows it (RFC 3263 4, with one address
 * a name and no NAPTR or SRV records).
 *
 * @param uri `sip:` or `sips:`; its port and its transport parameter (`udp`, `tcp`) are heeded, `maddr` is not
 * @param realm the realm to look in first; then come the host's others, in order
 * @returns `undefined` for other schemes, for a transport that needs an existing flow (`ws`), and for unknown names
 */
export function resolveHop(host: Host, uri: string, realm?: string): NextHop | undefined {
  const target = parseUri(uri);
  if (!target.ok || target.value.kind !== 'sip') return undefined;
  const transport = transportOf(target.value);
  if (transport === 'flow') return undefined;
  const name = target.value.host.replace(/^\[|\]$/g, '');
  const port = target.value.port ?? SIP_PORT;
  for (const one of interfacesFrom(host, realm)) {
    const ip = host.network.resolve(name, one.realm) ?? literal(one, name);
    if (ip === undefined) continue;
    const hop = { realm: one.realm, to: { ip, port } };
    return transport === undefined ? hop : { ...hop, transport };
  }
  return undefined;
}

/**
 * Where a request goes by its own header fields: to the URI of its first Route, else to its Request-URI (RFC 3261 8.1.2,
 * 16.6 step 7).
 */
export function resolveByRoute(host: Host, request: SipRequest, realm?: string): NextHop | undefined {
  const route = request.headers.first('route');
  if (route === undefined) return resolveHop(host, request.uri, realm);
  const address = parseNameAddr(route);
  return address.ok ? resolveHop(host, address.value.uri, realm) : undefined;
}

function transportOf(uri: SipUri): 'UDP' | 'TCP' | 'flow' | undefined {
  const value = uri.params.get('transport')?.toUpperCase();
  if (value === undefined || value === 'UDP' || value === 'TCP') return value;
  return 'flow';
}

function interfacesFrom(host: Host, realm: string | undefined): readonly NetworkInterface[] {
  if (realm === undefined) return host.interfaces;
  const others = host.interfaces.filter((one) => one.realm !== realm);
  return [...host.interfaces.filter((one) => one.realm === realm), ...others];
}

function literal(from: NetworkInterface, name: string): string | undefined {
  return from.linkTo(name) === undefined ? undefined : name;
}
