import { amount, choice, flag } from '../common/index.js';

/** What the user of a phone, or its maker, decides about calls. An owner spreads these into its own policy. */
export const phonePolicy = {
  answer: choice(
    ['auto', 'manual'],
    'auto',
    'RFC 3261 13.3.1',
    'whether a call is answered after a while or by hand',
  ),
  alertMs: amount(
    'ms',
    [0, 170_000],
    1000,
    'RFC 3261 13.3.1.1',
    'how long the phone rings before it answers by itself',
  ),
  reliableProvisionals: flag(
    true,
    'RFC 3262 3; TS 24.229 5.1.4.1',
    'whether the answer goes into a reliable 183 where the caller supports that, else into the 200',
  ),
  secondCall: choice(
    ['busy', 'accept'],
    'busy',
    '24371-10.2.2.1-02; RFC 3261 21.4.21',
    'whether a call during another is refused 486',
  ),
  earlyMedia: flag(false, '24371-7.2.2-09', 'whether media are sent before the call is answered'),
} as const;
