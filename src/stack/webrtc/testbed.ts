import { Kernel, parseTape, seededChoices, tapeChoices } from '../../kernel/index.js';
import { type Host, Network } from '../../network/index.js';
import { serializeRtcp } from '../../wire/rtcp/index.js';
import { serializeRtp } from '../../wire/rtp/index.js';
import { udpBase } from '../ice/index.js';
import { hostCertificate } from './host-certificate.js';
import { SecureTransport } from './secure-transport.js';
import type { LocalTransport, RemoteTransport, SecureTransportOptions } from './types.js';

/** One end, with what happened to it. */
export interface End {
  readonly host: Host;
  readonly transport: SecureTransport;
  readonly rtp: Uint8Array[];
  readonly rtcp: Uint8Array[];
  readonly keyLog: string[];
  /** What was called, in order: `ready`, `failed dtls: ...`. */
  readonly events: string[];
}

/** Two hosts 10 ms apart. */
export function laboratory(
  tape = '',
  seed = 1,
): { kernel: Kernel; network: Network; hosts: readonly [Host, Host] } {
  const entries = parseTape(tape);
  if (typeof entries === 'string') throw new Error(entries);
  const kernel = new Kernel({ choices: tapeChoices(entries, seededChoices(seed)), trace: true });
  const network = new Network(kernel, { realms: { access: { latencyUs: 10_000 } } });
  const one = network.addHost({ name: 'one', role: 'WIC', addresses: { access: '198.51.100.5' } });
  const other = network.addHost({ name: 'other', role: 'eIMS-AGW', addresses: { access: '192.0.2.10' } });
  return { kernel, network, hosts: [one, other] };
}

/** A transport with a socket for each of so many components. */
export function makeEnd(
  host: Host,
  components: 1 | 2,
  options: Partial<SecureTransportOptions> & Pick<SecureTransportOptions, 'setup'>,
): End {
  const events: string[] = [];
  const rtp: Uint8Array[] = [];
  const rtcp: Uint8Array[] = [];
  const keyLog: string[] = [];
  const transport = new SecureTransport(host, {
    id: 'media/1',
    certificate: hostCertificate(host),
    bases: Array.from({ length: components }, (_, i) =>
      udpBase(host, { realm: 'access', port: 50_000 + i, component: i + 1 }),
    ),
    onReady: () => events.push('ready'),
    onRtp: (packet) => rtp.push(packet),
    onRtcp: (packet) => rtcp.push(packet),
    onFailed: (by, reason) => events.push(`failed ${by}: ${reason}`),
    onConsentLost: (component, why) => events.push(`consent ${component} ${why}`),
    onResumed: () => events.push('resumed'),
    onEnded: () => events.push('ended'),
    onKeyLog: (line) => keyLog.push(line),
    ...options,
  });
  transport.gather();
  return { host, transport, rtp, rtcp, keyLog, events };
}

/** What the other end is told of an end. */
export function told(local: LocalTransport, change: Partial<RemoteTransport> = {}): RemoteTransport {
  const { ufrag, pwd, candidates, lite, options, fingerprint, setup, rtcpMux } = local;
  return {
    ice: { ufrag, pwd, candidates, lite, options },
    fingerprints: [fingerprint],
    setup,
    rtcpMux: rtcpMux !== 'none',
    ...change,
  };
}

export function rtpPacket(sequenceNumber: number): Uint8Array {
  return serializeRtp({
    marker: false,
    payloadType: 0,
    sequenceNumber,
    timestamp: sequenceNumber * 160,
    ssrc: 7,
    csrcs: [],
    payload: new Uint8Array(160).fill(sequenceNumber),
    paddingBytes: 0,
  });
}

export function rtcpPacket(): Uint8Array {
  return serializeRtcp([{ type: 'RR', ssrc: 7, reports: [] }]);
}
