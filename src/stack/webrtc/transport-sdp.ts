import {
  type Attribute,
  attribute,
  candidates,
  fingerprints,
  iceCredentials,
  iceLite,
  iceOptions,
  type MediaDescription,
  makeAttribute,
  rtcpMux,
  type SessionDescription,
  serializeCandidate,
  setup,
} from '../../wire/sdp/index.js';
import { fromSdpCandidate, toSdpCandidate } from '../ice/index.js';
import type { LocalTransport, RemoteTransport } from './types.js';

/** Attributes of a media description that say how its transport is reached and secured. */
export const TRANSPORT_ATTRIBUTES: readonly string[] = [
  'rtcp',
  'candidate',
  'end-of-candidates',
  'remote-candidates',
  'ice-ufrag',
  'ice-pwd',
  'ice-options',
  'ice-pacing',
  'fingerprint',
  'setup',
  'tls-id',
  'rtcp-mux',
  'rtcp-mux-only',
];

/** The role in an answer; `active` is recommended where the offer leaves the choice (RFC 5763 5). */
export function answeringSetup(offered: RemoteTransport['setup']): 'active' | 'passive' {
  return offered === 'active' ? 'passive' : 'active';
}

/**
 * The attributes of a media description that describe a transport (RFC 8839 5, RFC 8122 5, RFC 5763 5, RFC 5761 5.1, RFC 8858 3,
 * RFC 3605). `a=ice-lite` is the session's.
 *
 * @param isOffer whether `a=rtcp-mux-only` may be said, and a fallback to two ports is described beside `a=rtcp-mux`
 */
export function transportAttributes(local: LocalTransport, isOffer: boolean): Attribute[] {
  const { defaults, ufrag, pwd, options, fingerprint, rtcpMux: mux } = local;
  const rtcp = defaults[1];
  const { algorithm, value } = fingerprint;
  return [
    ...(rtcp === undefined ? [] : [makeAttribute('rtcp', rtcpValue(rtcp.address))]),
    ...local.candidates.map((one) => makeAttribute('candidate', serializeCandidate(toSdpCandidate(one)))),
    makeAttribute('ice-ufrag', ufrag),
    makeAttribute('ice-pwd', pwd),
    ...(options.length === 0 ? [] : [makeAttribute('ice-options', options.join(' '))]),
    makeAttribute('fingerprint', `${algorithm} ${value}`),
    makeAttribute('setup', setupOf(local, isOffer)),
    ...(mux === 'none' ? [] : [makeAttribute('rtcp-mux')]),
    ...(mux === 'require' && isOffer ? [makeAttribute('rtcp-mux-only')] : []),
  ];
}

/** Who offers again leaves the choice, who answers again keeps its role (RFC 8842 5.2, 5.3). */
function setupOf({ setup: first, dtlsRole }: LocalTransport, isOffer: boolean): LocalTransport['setup'] {
  if (dtlsRole === undefined) return first;
  if (isOffer) return 'actpass';
  return dtlsRole === 'client' ? 'active' : 'passive';
}

/** What a description says of its author's transport; `ice` is absent without credentials. */
export function remoteTransport(session: SessionDescription, line: MediaDescription): RemoteTransport {
  const credentials = iceCredentials(session, line);
  const role = setup(session, line);
  const pacing = Number(attribute(session, 'ice-pacing') ?? Number.NaN);
  const found = candidates(line).map(fromSdpCandidate);
  return {
    ...(credentials === undefined
      ? {}
      : {
          ice: {
            ...credentials,
            candidates: found.filter((one) => one !== undefined),
            lite: iceLite(session),
            options: iceOptions(session, line),
            ...(Number.isInteger(pacing) && pacing > 0 ? { pacingMs: pacing } : {}),
          },
        }),
    fingerprints: fingerprints(session, line),
    ...(role === undefined ? {} : { setup: role }),
    rtcpMux: rtcpMux(line),
  };
}

function rtcpValue({ ip, port }: { readonly ip: string; readonly port: number }): string {
  return `${port} IN ${ip.includes(':') ? 'IP6' : 'IP4'} ${ip}`;
}
