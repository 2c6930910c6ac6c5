import { amount, choice, flag, type PolicyOf, text } from '../common/index.js';

/** What TS 24.371 leaves to the operator of an eP-CSCF, or leaves unsaid. */
export const epCscfPolicy = {
  allowedOrigins: text(
    'https://wwsf.example.com',
    '24371-5.5-04',
    'web origins from which a WIC may come, separated by spaces',
  ),
  bearerChallenge: choice(
    ['rfc8898', 'rfc6750'],
    'rfc8898',
    '24371-6.4.2-13',
    'whether a Bearer challenge names the authorisation server',
  ),
  tokenRefusal: choice(
    ['401', '403'],
    '401',
    '24371-6.4.2-12',
    'status code owed to a token that is not valid',
  ),
  authorizationEntity: choice(
    ['never', 'third-party', 'always'],
    'third-party',
    '24371-6.4.2-06',
    'when the WAF is named to the core',
  ),
  wafOperator: choice(['operator', 'third-party'], 'operator', '24371-5.4-03', 'in whose domain the WAF is'),
  bearerInAllRequests: flag(false, '24371-7.2.1-04', 'whether every request of a WIC has to carry the token'),
  rtcpMux: choice(
    ['accept', 'decline'],
    'accept',
    '24371-7.4.2-10',
    'what to do with an offer to share a port',
  ),
  coreProfile: choice(['RTP/AVP', 'RTP/AVPF'], 'RTP/AVP', '24371-7.4.2-05', 'RTP profile towards the core'),
  coreCodecs: text(
    'opus pcmu pcma g722 amr amr-wb evs telephone-event h264 vp8',
    '24371-7.4.2-12',
    'encoding names that the core may see, separated by spaces',
  ),
  transcoding: text(
    'amr-wb amr pcma',
    '24371-7.4.2-12',
    'encoding names that the gateway can change into, added to offers to the core, separated by spaces',
  ),
  transcodingToWic: text(
    'opus pcmu',
    '24371-7.4.3-05',
    'encoding names that the gateway can change into, added to offers to a WIC, separated by spaces',
  ),
  dtlsRole: choice(
    ['passive', 'active'],
    'passive',
    '24371-7.4.2-01',
    'DTLS role of the gateway where a WIC leaves the choice (actpass)',
  ),
  consentLoss: choice(
    ['wait', 'release'],
    'wait',
    'RFC 7675 5.1; TS 23.334 6.2.17.6',
    'whether a call whose WIC gives no consent any more is released, or may restart ICE',
  ),
  sourceFilter: flag(
    true,
    'TS 23.334 5.5',
    'whether the gateway takes media from the core only from where the description says',
  ),
  coreLatching: choice(
    ['OFF', 'LATCH', 'RELATCH'],
    'OFF',
    'H.248.37',
    'whether the gateway sends media to where those of the core come from',
  ),
  policing: flag(
    false,
    'TS 23.334 5.9.1',
    'whether the gateway drops media above the bandwidth of the descriptions',
  ),
  heartbeatMs: amount(
    'ms',
    [0, 86_400_000],
    600_000,
    'H.248.36; TS 23.334 8',
    'after how long without a command the gateway tells of a termination, 0 for never',
  ),
  probeMs: amount(
    'ms',
    [1000, 600_000],
    10_000,
    'H.248.1 11.6',
    'how long a gateway that does not answer is left alone before it is asked again',
  ),
  earlyMedia: choice(
    ['gated', 'open'],
    'gated',
    '24371-7.4.2-18',
    'whether media may flow before the call is answered without P-Early-Media',
  ),
  handshakeMs: amount(
    'ms',
    [1000, 600_000],
    30_000,
    'RFC 6455 4.2; RFC 8446 4',
    'how long TLS and the opening handshake of a WebSocket may take together',
  ),
  flowGraceMs: amount('ms', [0, 600_000], 20_000, '24371-6A.3-02', 'how long a lost WebSocket may stay away'),
  inactivityMs: amount(
    'ms',
    [0, 600_000],
    0,
    'TS 23.334 8.2',
    'silence after which the gateway reports a call, 0 for never',
  ),
} as const;

/** Values of {@link epCscfPolicy}. */
export type EpCscfPolicy = PolicyOf<typeof epCscfPolicy>;
