import type { Host } from '../../src/network/index.js';
import { type IceAgentOptions, type IceBase, tcpBase, udpBase } from '../../src/stack/ice/index.js';
import { TurnClient } from '../../src/stack/turn/index.js';
import {
  hostCertificate,
  type RtcpMuxPolicy,
  SecureTransport,
  type SecureTransportHandler,
} from '../../src/stack/webrtc/index.js';
import type { Endpoint } from '../../src/trace/index.js';
import { parseIp } from '../../src/wire/ip/index.js';
import type { MediaProfile } from './media-profile.js';

/** STUN and TURN (RFC 8489 18.6, RFC 8656 20). */
const STUN_PORT = 3478;

/**
 * How long servers of candidates may take to answer. ICE leaves it open and a silent server would take the 39.5 s of RFC 8489
 * 6.2.1; without trickle the call waits for it.
 */
const GATHERING_MS = 5000;

/** From the port of a passive TCP candidate to that of a simultaneous-open one, which cannot have the same. */
const SO_PORTS = 1000;

/** What differs from stream to stream. */
export interface W3TransportOptions extends SecureTransportHandler {
  /** Begins the names of its machines in the trace. */
  readonly id: string;
  /** Of RTP; RTCP has the next one. */
  readonly port: number;
  readonly setup: 'actpass' | 'active' | 'passive';
  readonly rtcpMux: RtcpMuxPolicy;
  /** Whether this side made the first offer (RFC 8445 6.1.1). */
  readonly initiates: boolean;
}

/** The transport of a stream of a phone with WebRTC media: a full ICE agent with all the candidates that its profile allows. */
export function openW3Transport(
  host: Host,
  profile: MediaProfile,
  options: W3TransportOptions,
): SecureTransport {
  const { realm, w3 } = profile;
  const { id, port, setup, rtcpMux, initiates, ...handler } = options;
  const components = rtcpMux === 'require' ? [1] : [1, 2];
  const { specification, nomination, stunServer } = w3;
  const stun = stunServer === undefined ? undefined : serverAt(host, realm, stunServer);
  return new SecureTransport(host, {
    ...handler,
    id,
    bases: components.flatMap((component) => basesOf(host, profile, port + component - 1, component)),
    ice: {
      role: initiates ? 'controlling' : 'controlled',
      specification,
      nomination,
      ...(stun === undefined ? {} : { stunServers: [stun] }),
      gatheringMs: GATHERING_MS,
      relays: components.flatMap((component) => relaysOf(host, profile, component)),
    },
    certificate: hostCertificate(host),
    setup,
    rtcpMux,
    srtpProfiles: w3.srtpProfiles,
    dtls: { curves: w3.curves, initialTimeoutMs: w3.dtlsTimeoutMs },
  });
}

function basesOf(host: Host, { realm, w3 }: MediaProfile, port: number, component: number): IceBase[] {
  const bases: IceBase[] = [udpBase(host, { realm, port, component })];
  if (w3.tcp === 'none') return bases;
  bases.push(tcpBase(host, { realm, tcpType: 'active', component }));
  if (w3.tcp === 'active') return bases;
  bases.push(tcpBase(host, { realm, tcpType: 'passive', port, component }));
  bases.push(tcpBase(host, { realm, tcpType: 'so', port: port + SO_PORTS, component }));
  return bases;
}

function relaysOf(
  host: Host,
  { realm, w3 }: MediaProfile,
  component: number,
): NonNullable<IceAgentOptions['relays']> {
  const { turn } = w3;
  const server = turn === undefined ? undefined : serverAt(host, realm, turn.server);
  if (turn === undefined || server === undefined) return [];
  const { transport, username, password } = turn;
  const credentials = { username, password };
  return [{ component, gatherer: new TurnClient(host, { realm, server, transport, credentials }) }];
}

/** Where a server is; `undefined` if nobody has the name. */
function serverAt(host: Host, realm: string, text: string): Endpoint | undefined {
  const [, name = text, port] = /^\[?([^\]]*?)\]?(?::(\d+))?$/.exec(text) ?? [];
  const ip = parseIp(name) === undefined ? host.network.resolve(name, realm) : name;
  return ip === undefined ? undefined : { ip, port: port === undefined ? STUN_PORT : Number(port) };
}
