import { amount, choice, flag, type PolicyOf, text } from '../common/index.js';
import { phonePolicy } from '../phone/index.js';

/** What an ordinary IMS UE and its user decide. */
export const uePolicy = {
  ...phonePolicy,
  codecs: text(
    'PCMU PCMA AMR-WB telephone-event',
    'TS 26.114 5.2.1; RFC 3264 6.1',
    'encoding names it offers and chooses by, best first, separated by spaces',
  ),
  rtcpMux: choice(['no', 'offer'], 'no', 'RFC 5761 5.1.1', 'whether RTP and RTCP may share a port'),
  registrationExpiryS: amount(
    's',
    [60, 4_294_967],
    600_000,
    'TS 24.229 5.1.1.2.1',
    'for how long it asks to be registered',
  ),
  regEvent: flag(true, 'TS 24.229 5.1.1.3', 'whether it subscribes to its own registration state'),
} as const;

/** Values of {@link uePolicy}. */
export type UePolicy = PolicyOf<typeof uePolicy>;
