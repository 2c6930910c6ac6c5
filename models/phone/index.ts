/**
 * What the WIC and the ordinary IMS UE have in common: calls as machines over the sessions of `stack/sip-ua`, and their
 * media. `Phone` makes and takes calls, `PhoneCall` is one; the owner registers, addresses and authorises.
 *
 * Media are those of one audio line: a tone in G.711 (440 Hz from the caller, 880 Hz from the called side), silence in
 * Opus and AMR-WB. With WebRTC media a connectivity check comes first.
 *
 * Not supported: DTLS-SRTP, so that media on W3 are not protected yet and the fingerprint is random bytes (24371-7.2.2-07);
 * consent freshness (RFC 7675); RTCP; candidates other than host ones, ICE over TCP and role conflicts; offers of this side
 * within a call (hold, ICE restart) and INVITE without an offer; taking more than one line of an offer; digits (RFC 4733);
 * session timers (RFC 4028); redirection (3xx ends a call).
 */
export { mediaMachine } from './media.js';
export { type MediaProfile, plainProfile, webRtcProfile } from './media-profile.js';
export { originatingCallMachine } from './originating-call.js';
export { Phone, type PhoneOptions } from './phone.js';
export {
  CALLEE_HZ,
  CALLER_HZ,
  type CallEnd,
  type PhoneCall,
  type PhonePolicy,
  type WicRequirement,
} from './phone-call.js';
export { phonePolicy } from './policy.js';
export type { Heard } from './rtp-listener.js';
export { terminatingCallMachine } from './terminating-call.js';
