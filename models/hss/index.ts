/**
 * The home subscriber server (TS 29.228, TS 29.229): subscriptions, and the decisions about UAR, MAR, SAR and LIR. `Hss` is the
 * entity; the decision procedures are pure functions, and the registration state of a subscription is a machine that exists
 * only while an event is handled.
 *
 * Not supported: RTR and PPR (nothing is withdrawn or changed by the network), IMS AKA, NASS-bundled and GIBA, several private
 * identities with one public identity, several implicit registration sets in one subscription, public service identities and
 * wildcards, S-CSCF restoration, charging information, initial filter criteria, persistent data: what is provisioned does not
 * change during a run.
 */
export type { Decision, Party, Standing } from './decision.js';
export { Hss, type HssConfig } from './hss.js';
export { type LocationInfo, locateUser } from './location-info.js';
export { type SubscriptionContext, type SubscriptionEvent, subscriptionMachine } from './machine.js';
export { authenticateUser, type MultimediaAuthentication } from './multimedia-authentication.js';
export { type HssPolicy, hssPolicy } from './policy.js';
export { type AssignmentType, assignServer, type ServerAssignment } from './server-assignment.js';
export {
  canonicalIdentity,
  type PublicIdentity,
  type ServerCapabilities,
  type Subscription,
} from './subscription.js';
export type { SubscriptionFinder } from './subscription-register.js';
export { authorizeUser, type UserAuthorization } from './user-authorization.js';
export { userDataXml } from './user-data.js';
