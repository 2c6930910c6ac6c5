/**
 * The WebRTC authorisation function (24371-5.4) as an OAuth 2.0 authorization server: `GET` and `POST /authorize` for
 * browsers, `POST /token` on W4 for a WWSF that shows its certificate (RFC 6749 4.1, RFC 7636 with S256 only, RFC 8705 2).
 * Its access tokens are JWTs signed with ES256, which the eP-CSCF checks with `wafPublicKey`.
 *
 * A wrong password shows the form again with status 200; after `loginAttempts` of them the client is told `access_denied`.
 *
 * Not supported: other grants, refresh tokens, revocation and introspection (a token is good until it expires, also when
 * its code is tried again), client secrets, single sign-on by cookies, consent that is remembered.
 */
export { authorizationMachine } from './authorization.js';
export type { OAuthClient } from './authorization-request.js';
export { wafMachine } from './machine.js';
export { type WafPolicy, wafPolicy } from './policy.js';
export { Waf, type WafConfig, type WebUser, wafPublicKey } from './waf.js';
