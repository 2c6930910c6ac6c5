import { amount, choice, flag, type PolicyOf, text } from '../common/index.js';

/** What TS 24.371 leaves to a WIC, or leaves unsaid. */
export const wicPolicy = {
  bearerProfile: choice(
    ['rfc6750', 'rfc8898'],
    'rfc6750',
    '24371-6.2.2-03',
    'whether the token is a parameter (Bearer access_token="...") or stands alone (Bearer ...)',
  ),
  bearerInAllRequests: flag(false, '24371-7.2.1-04', 'whether every request carries the token'),
  registrationExpiryS: amount(
    's',
    [60, 600_000],
    600_000,
    '24371-6.2.2-08',
    'how long a registration is asked for, if the token lives as long',
  ),
  retryBaseS: amount(
    's',
    [1, 1800],
    30,
    'RFC 5626 4.5',
    'base time of the wait after the connection could not be made',
  ),
  retryMaxS: amount('s', [1, 3600], 1800, 'RFC 5626 4.5', 'longest wait between two attempts'),
  offer: text('', '24371-7.2.2-02', 'session description offered in calls, empty for one of its own'),
  codecs: text(
    'opus PCMU PCMA telephone-event',
    '24371-5C.2-02',
    'encoding names offered for audio, separated by spaces',
  ),
  rtcpMux: choice(
    ['offer', 'require', 'no'],
    'offer',
    '24371-7.2.2-06; RFC 8858',
    'whether to offer RTP and RTCP on one port, with two to fall back to or without',
  ),
  bundle: flag(false, '24371-7.2.2-05', 'whether to offer all media on one port'),
  ice: choice(
    ['rfc8445', 'rfc5245'],
    'rfc8445',
    '24371-7.1-02',
    'which text on ICE it follows; Rel-14 cites the older one',
  ),
  iceNomination: choice(
    ['regular', 'aggressive'],
    'regular',
    '24371-7.1-02; RFC 5245 8.1.1.2',
    'how it nominates, aggressively only by RFC 5245',
  ),
  iceTcp: choice(
    ['none', 'active', 'all'],
    'none',
    '24371-7.1-02; RFC 6544 4.5',
    'candidates over TCP: none, active ones as browsers have, or those of all three kinds',
  ),
  stunServer: text('', '24371-7.1-02; RFC 8445 5.1.1.2', 'STUN server, name[:port], empty for none'),
  turnServer: text('', '24371-7.1-02; RFC 8445 5.1.1.2', 'TURN server, name[:port], empty for none'),
  turnTransport: choice(['udp', 'tcp'], 'udp', 'RFC 8656 3.1', 'how it talks to the TURN server'),
  turnUser: text('', 'RFC 8489 9.2; TS 33.203 X.5', 'user name at the TURN server'),
  turnPassword: text('', 'RFC 8489 9.2; TS 33.203 X.5', 'password at the TURN server'),
  srtpProfiles: text(
    'SRTP_AEAD_AES_128_GCM SRTP_AES128_CM_HMAC_SHA1_80',
    '24371-7.2.1-01; RFC 5764 4.1.2',
    'protection profiles of SRTP, best first, separated by spaces',
  ),
  dtlsCurves: text(
    'x25519 secp256r1',
    '24371-7.2.1-01; RFC 8422 5.1.1',
    'curves for the key agreement of DTLS, best first, separated by spaces',
  ),
  dtlsSetup: choice(
    ['active', 'passive'],
    'active',
    '24371-7.2.3-03; RFC 5763 5',
    'role in DTLS where an offer leaves the choice',
  ),
  dtlsTimeoutMs: amount(
    'ms',
    [50, 60_000],
    1000,
    'RFC 6347 4.2.4.1',
    'how long the first flight of DTLS waits for its answer; browsers take 50',
  ),
  consentLost: choice(
    ['release', 'wait'],
    'release',
    '24371-7.2.2-07; RFC 7675 5.1',
    'whether a call ends when consent to send is lost, or waits for an ICE restart',
  ),
} as const;

/** Values of {@link wicPolicy}. */
export type WicPolicy = PolicyOf<typeof wicPolicy>;
