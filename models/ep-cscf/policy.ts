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
