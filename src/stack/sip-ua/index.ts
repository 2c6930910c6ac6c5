/**
 * What sits on the SIP transaction layer: the user agent core with INVITE sessions and event subscriptions, and the
 * stateful proxy core (RFC 3261 8, 12 to 16; RFC 3262, 3311, 3680, 4320, 5393, 5407, 5628, 6026, 6665).
 *
 * `SipUserAgent` takes requests and keeps dialogs. `startInvite` and `answerInvite` make the two sides of a call,
 * `subscribe` and `acceptSubscription` those of a subscription; each is an XState machine with a thin object in front of
 * it. `SipProxy` forwards, `resolveHop` finds addresses. A host may have several of them: one owns the endpoint, and hands
 * over what belongs to another (`SipProxy` option `local`, `SipUserAgent.owns`).
 *
 * Not supported: answering challenges (401, 407) and redirections, session timers (RFC 4028), forking by the proxy, more
 * than one usage in a dialog (RFC 5057), reliable provisional responses to re-INVITEs of the other side, bodies in several
 * parts, `maddr`, retrying after 491 and 500 (the caller decides), subscriptions in another dialog, and RFC 5839.
 */
export { Dialog, type DialogData, dialogId } from './dialog.js';
export { dialogMachine } from './dialog-machine.js';
export {
  type EventValue,
  formatSubscriptionState,
  parseEventValue,
  parseSubscriptionState,
  type SubscriptionState,
  sameEvent,
} from './event-header.js';
export { inviteClientMachine } from './invite-client-machine.js';
export {
  type InviteClientCallbacks,
  type InviteClientSession,
  type InviteOptions,
  type ResponseInfo,
  startInvite,
} from './invite-client-session.js';
export { inviteServerMachine } from './invite-server-machine.js';
export {
  type AnswerOptions,
  answerInvite,
  type InviteServerCallbacks,
  type InviteServerSession,
  type ProgressParts,
} from './invite-server-session.js';
export { sdpOf } from './message-parts.js';
export {
  type AcceptSubscriptionOptions,
  acceptSubscription,
  type ContentMaker,
  type Notifier,
  type NotifierCallbacks,
} from './notifier.js';
export { notifierMachine } from './notifier-machine.js';
export { ownText } from './own-text.js';
export { RELIABLE_TAG } from './prack.js';
export { type ForwardOptions, type ProxyOptions, type RouteInfo, SipProxy } from './proxy.js';
export { proxyInviteMachine, TIMER_C_MS } from './proxy-invite-machine.js';
export {
  applyRegInfo,
  type ContactEvent,
  parseRegInfo,
  REG_INFO_TYPE,
  type RegContact,
  type RegInfo,
  type Registration,
  serializeRegInfo,
} from './reg-info.js';
export { resolveByRoute, resolveHop } from './resolve-hop.js';
export { retransmissionMachine } from './retransmission.js';
export {
  REG_EVENT_EXPIRES_S,
  type SubscribeOptions,
  type Subscriber,
  type SubscriberCallbacks,
  type SubscriptionEnd,
  subscribe,
} from './subscriber.js';
export { subscriberMachine } from './subscriber-machine.js';
export type {
  Content,
  EndReason,
  HopFinder,
  IncomingRequest,
  MessageParts,
  RequestCallbacks,
  TransactionLayer,
} from './types.js';
export {
  type RequestAddresses,
  SipUserAgent,
  type UserAgentCallbacks,
  type UserAgentOptions,
} from './user-agent.js';
export { escapeXml, parseXml, writeXml, type XmlElement } from './xml.js';
