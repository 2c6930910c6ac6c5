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
    'opus pcmu telephone-event',
    '24371-5C.2-02',
    'encoding names offered for audio, separated by spaces',
  ),
  rtcpMux: choice(['offer', 'no'], 'offer', '24371-7.2.2-06', 'whether to offer RTP and RTCP on one port'),
  bundle: flag(false, '24371-7.2.2-05', 'whether to offer all media on one port'),
} as const;

/** Values of {@link wicPolicy}. */
export type WicPolicy = PolicyOf<typeof wicPolicy>;
