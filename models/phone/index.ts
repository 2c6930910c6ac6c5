/**
 * What the WIC and the ordinary IMS UE have in common: calls as machines over the sessions of `stack/sip-ua`, and their
 * media. `Phone` makes and takes calls, `PhoneCall` is one; the owner registers, addresses and authorises.
 *
 * Media are those of one audio line: voices that the far end can tell apart (of 440 Hz the caller's, of 880 Hz the called side's),
 * frame by frame, in any codec of `src/media`. With WebRTC media ICE and DTLS-SRTP come first, and RTCP goes over SRTCP.
 *
 * Not supported: offers of this side within a call (hold, ICE restart) and INVITE without an offer; another DTLS association
 * within a call; taking more than one line of an offer, and BUNDLE; trickle ICE; session timers (RFC 4028); redirection (3xx
 * ends a call).
 */
export { mediaMachine } from './media.js';
export {
  type MediaProfile,
  plainProfile,
  type W3Profile,
  type WebRtcOptions,
  webRtcProfile,
} from './media-profile.js';
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
export { terminatingCallMachine } from './terminating-call.js';
export type { VoiceIdentity } from './voice.js';
